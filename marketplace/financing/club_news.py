"""Telling lead bank, borrower and asked bank where a place in a loan of several banks stands."""

from datetime import datetime
from uuid import UUID

from marketplace.core.actor import Actor
from marketplace.core.db import find
from marketplace.core.i18n import _l
from marketplace.financing.applications import Application
from marketplace.financing.club_places import ClubPlace, ClubPlaceStatus
from marketplace.financing.club_votes import ClubVoted
from marketplace.financing.clubs import ClubPlaceMoved
from marketplace.financing.loans import find_loan
from marketplace.financing.term_sheets import TermSheet
from marketplace.identity.organisations import find_organisation
from marketplace.notices.inbox import tell
from marketplace.notices.wording import say

say(
    "club_proposed",
    subject=_l("%(lead)s would like to lend together with %(bank)s"),
    text=_l("That bank would read your application. Allow it, or say that you do not want it."),
)
say(
    "club_asked",
    subject=_l("%(lead)s asks your bank to lend a part of %(amount)s"),
    text=_l("The borrower allows it. You find the file and the terms on the page of the place."),
)
say(
    "club_recommended",
    subject=_l("A part of %(amount)s in a loan of several banks waits for a second person"),
    text=_l("Your officer recommends to join %(lead)s."),
)
say(
    "club_joined",
    subject=_l("%(bank)s lends %(amount)s together with you"),
    text=_l("The offer can go out when every bank has joined."),
)
say(
    "club_not_taken",
    subject=_l("%(bank)s does not lend the part of %(amount)s"),
    text=_l("The reason: %(reason)s Your bank keeps the part or asks another bank."),
)
say(
    "club_dropped",
    subject=_l("%(lead)s no longer asks your bank for a part of %(amount)s"),
    text=_l("There is nothing more to do."),
)
say(
    "club_answered",
    subject=_l("%(bank)s has answered what you are about to do with the loan of %(amount)s"),
    text=_l("The page of the loan shows what part of the loan agrees."),
)
Side = str
TOLD: dict[ClubPlaceStatus, tuple[str, Side]] = {
    ClubPlaceStatus.PROPOSED: ("club_proposed", "borrower"),
    ClubPlaceStatus.ASKED: ("club_asked", "asked"),
    ClubPlaceStatus.RECOMMENDED: ("club_recommended", "asked"),
    ClubPlaceStatus.JOINED: ("club_joined", "lead"),
    ClubPlaceStatus.NOT_ALLOWED: ("club_not_taken", "lead"),
    ClubPlaceStatus.DECLINED: ("club_not_taken", "lead"),
    ClubPlaceStatus.DROPPED: ("club_dropped", "asked"),
}
"""Which notice each step gives, and to which side."""


def tell_place(_actor: Actor, fact: ClubPlaceMoved, now: datetime) -> None:
    """The side that must act next, or that waited, learns of the step; a bank never asked learns nothing."""
    place, sheet = find(ClubPlace, fact.place_id), find(TermSheet, fact.term_sheet_id)
    kind, side = TOLD[ClubPlaceStatus(fact.status)]
    if side == "asked" and not place.was_asked:
        return
    receiver, link = {
        "borrower": (_borrower_of(sheet), f"/financing/applications/{sheet.application_id}"),
        "asked": (place.bank_id, f"/financing/club-places/{place.id}"),
        "lead": (sheet.bank_id, f"/financing/invitations/{sheet.invitation_id}"),
    }[side]
    because = place.reason or "—"
    params = {
        "lead": _names(sheet.bank_id), "bank": _names(place.bank_id),
        "amount": place.part, "reason": {"zh": because, "en": because},
    }  # fmt: skip
    tell(receiver, kind, params, link, now)


def tell_answer(actor: Actor, fact: ClubVoted, now: datetime) -> None:
    """The agent learns of another bank's answer."""
    loan = find_loan(fact.loan_id)
    if actor.organisation_id is not None:
        params = {"bank": _names(actor.organisation_id), "amount": loan.principal}
        tell(loan.bank_id, "club_answered", params, f"/financing/loans/{loan.id}", now)


def _borrower_of(sheet: TermSheet) -> UUID:
    return find(Application, sheet.application_id).borrower_id


def _names(organisation_id: UUID) -> dict[str, str | None]:
    organisation = find_organisation(organisation_id)
    return {"zh": organisation.name_zh, "en": organisation.name_en}
