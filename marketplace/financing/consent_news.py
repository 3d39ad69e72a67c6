"""Telling bank and holder where a request for consent stands."""

from datetime import datetime

from marketplace.core.actor import Actor
from marketplace.core.db import find
from marketplace.core.i18n import _l
from marketplace.financing.pledges import Pledge
from marketplace.financing.sale_consents import ConsentMoved, ConsentStatus, SaleConsent
from marketplace.notices.inbox import tell
from marketplace.notices.wording import say
from marketplace.registry.assets import find_asset

say(
    "consent_asked",
    subject=_l("A borrower asks you to agree to a sale or licence of %(asset)s"),
    text=_l(
        "The reason given: %(reason)s Agree with a least price and a last day, or decline, on the page of the loan."
    ),
)
say(
    "consent_prepared",
    subject=_l("A consent to a sale or licence of %(asset)s waits for a second person"),
    text=_l("Somebody who did not prepare it must agree before it counts."),
)
say(
    "consent_given",
    subject=_l("The bank agrees to a sale or licence of %(asset)s until %(day)s"),
    text=_l("You may list the right. The proceeds pay the loan first; the least price and conditions are on its page."),
)
say(
    "consent_declined",
    subject=_l("The bank does not agree to a sale or licence of %(asset)s"),
    text=_l("Its reason: %(answer)s"),
)
say(
    "consent_withdrawn",
    subject=_l("The bank took its consent for %(asset)s back"),
    text=_l("Listings that rest on it are suspended."),
)

TOLD = {
    ConsentStatus.ASKED: "consent_asked",
    ConsentStatus.PREPARED: "consent_prepared",
    ConsentStatus.GIVEN: "consent_given",
    ConsentStatus.DECLINED: "consent_declined",
    ConsentStatus.WITHDRAWN: "consent_withdrawn",
}
FOR_LENDER = ("asked", "prepared")


def tell_consent(_actor: Actor, fact: ConsentMoved, now: datetime) -> None:
    """The side that must act, or that waited, learns of the step."""
    consent = find(SaleConsent, fact.consent_id)
    pledge = find(Pledge, consent.pledge_id)
    label = find_asset(pledge.asset_id).label
    params = {
        "asset": {"zh": label, "en": label},
        "reason": {"zh": consent.reason or "—", "en": consent.reason or "—"},
        "answer": {"zh": consent.answer or "—", "en": consent.answer or "—"},
        "day": consent.expires_on,
    }
    receiver = pledge.lender_id if fact.status in FOR_LENDER else pledge.pledgor_id
    tell(receiver, TOLD[ConsentStatus(fact.status)], params, f"/financing/loans/{pledge.loan_id}", now)
