"""Telling payer, receiver, borrower and pool of premiums and of aid."""

from datetime import datetime
from uuid import UUID

from marketplace.core.actor import Actor
from marketplace.core.db import find
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.identity.organisations import find_organisation
from marketplace.notices.inbox import tell
from marketplace.notices.wording import say
from marketplace.risk_pool.enrolments import Enrolment, scheme_of
from marketplace.risk_pool.pools import find_pool
from marketplace.risk_pool.premiums import PremiumDue, PremiumMoved
from marketplace.risk_pool.subsidies import SubsidyMoved, SubsidyRequest, SubsidyStatus, rule_of

say(
    "pool_premium_due",
    subject=_l("%(amount)s is due to %(receiver)s for its part in %(pool)s"),
    text=_l("%(payer)s pays it to the party directly; the party records when it has arrived."),
)
say(
    "pool_premium_paid",
    subject=_l("%(receiver)s has received %(amount)s for its part in %(pool)s"),
    text=_l("Paid by %(payer)s."),
)
say(
    "pool_premium_cancelled",
    subject=_l("%(amount)s to %(receiver)s is owed no longer"),
    text=_l("The enrolment in %(pool)s ended before the loan ran."),
)
say(
    "pool_aid_asked",
    subject=_l("%(borrower)s asks %(pool)s for aid: %(name)s"),
    text=_l("One person reviews the proofs, another grants."),
)
say(
    "pool_aid_reviewed",
    subject=_l("The aid asked for by %(borrower)s waits for a second person: %(name)s"),
    text=_l("Its reviewer says: %(reason)s"),
)
say(
    "pool_aid_granted",
    subject=_l("%(pool)s grants %(amount)s: %(name)s"),
    text=_l("The page of the enrolment explains the amount. It is payable to you now."),
)
say(
    "pool_aid_refused",
    subject=_l("%(pool)s does not grant the aid: %(name)s"),
    text=_l("The reason: %(reason)s"),
)
AID_TOLD = {
    SubsidyStatus.ASKED: "pool", SubsidyStatus.REVIEWED: "pool", SubsidyStatus.GRANTED: "borrower",
    SubsidyStatus.REFUSED: "borrower",
}  # fmt: skip


def tell_premium(_actor: Actor, fact: PremiumMoved, now: datetime) -> None:
    """Payer and receiver learn that a premium is due, was received, or lapsed."""
    due = find(PremiumDue, fact.premium_id)
    enrolment = find(Enrolment, fact.enrolment_id)
    pool = find_pool(enrolment.pool_id)
    params = {
        "amount": due.amount, "receiver": _named(due.receiver_id), "payer": _named(due.payer_id),
        "pool": {"zh": pool.name_zh, "en": pool.name_en},
    }  # fmt: skip
    for side in dict.fromkeys((due.payer_id, due.receiver_id)):
        tell(side, f"pool_premium_{fact.status}", params, f"/risk-pool/enrolments/{enrolment.id}", now)


def tell_subsidy(_actor: Actor, fact: SubsidyMoved, now: datetime) -> None:
    """The pool learns of a request, the borrower of the decision."""
    status = SubsidyStatus(fact.status)
    if status not in AID_TOLD:
        return
    asked, enrolment = find(SubsidyRequest, fact.subsidy_id), find(Enrolment, fact.enrolment_id)
    pool = find_pool(enrolment.pool_id)
    reason = fact.reason or "—"
    params = {
        "amount": asked.amount or Money.zero(pool.currency), "borrower": _named(enrolment.borrower_id),
        "name": rule_of(scheme_of(enrolment), asked.name).label, "reason": {"zh": reason, "en": reason},
        "pool": {"zh": pool.name_zh, "en": pool.name_en},
    }  # fmt: skip
    side = pool.administrator_id if AID_TOLD[status] == "pool" else enrolment.borrower_id
    tell(side, f"pool_aid_{status.value}", params, f"/risk-pool/enrolments/{enrolment.id}", now)


def _named(organisation_id: UUID) -> dict[str, str | None]:
    organisation = find_organisation(organisation_id)
    return {"zh": organisation.name_zh, "en": organisation.name_en}
