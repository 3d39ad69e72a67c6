"""Forming a loan of several banks: the lead names others with their parts, the borrower allows it, each bank joins."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from marketplace.core.actor import Actor
from marketplace.core.db import find, session
from marketplace.core.errors import Malformed, NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.financing import policy
from marketplace.financing.applications import Application, banks_to_choose
from marketplace.financing.club_places import (
    BINDING,
    MOST_PLACES,
    ClubPlace,
    ClubPlaceStatus,
    filled_places,
    places_of,
)
from marketplace.financing.term_sheets import TermSheet, TermSheetStatus, find_term_sheet
from marketplace.identity.four_eyes import require_second_person
from marketplace.identity.sign_in import require_fresh
from marketplace.identity.verification import require_approved


class ClubClosed(Refused):
    """The banks of an offer are settled when it goes out."""

    message = _l("The offer has gone out or has ended; its banks no longer change.")


class NotMeantTogether(Refused):
    """Places are opened in an offer that was entered to be made together."""

    message = _l("This offer was not entered to be made together with other banks.")


class NothingLeftToPlace(Refused):
    """The lead keeps a part."""

    message = _l("Your bank must keep a part: less than %(own)s can be placed.")


class BankAskedAlready(Refused):
    """A bank holds one place."""

    message = _l("This bank has a place in the offer already.")


@dataclass(frozen=True)
class ClubPlaceMoved(Fact):
    """A bank's place in an offer was proposed, allowed, taken or given up."""

    place_id: UUID
    term_sheet_id: UUID
    status: str


def propose_place(actor: Actor, term_sheet_id: UUID, bank_id: UUID, part: Money, now: datetime) -> ClubPlace:
    """The lead bank proposes that another verified bank lends a part; the borrower is asked to allow it."""
    sheet = _of_lead(actor, term_sheet_id)
    require(sheet.together, NotMeantTogether())
    places = filled_places(sheet.id)
    if bank_id == sheet.bank_id or bank_id not in {bank.id for bank in banks_to_choose()}:
        raise Malformed("bank_id", _l("Choose another verified bank."))
    if part.currency != sheet.amount.currency or len(places) == MOST_PLACES:
        raise Malformed("part", _l("The part is in the loan's currency, and at most nine other banks take part."))
    require(all(place.bank_id != bank_id for place in places), BankAskedAlready())
    require(part < sheet.own_part, NothingLeftToPlace(own=sheet.own_part))
    sheet.own_part -= part
    place = ClubPlace(term_sheet_id=sheet.id, bank_id=bank_id, part=part, proposed_by=actor.person_id)
    session.add(place)
    session.flush()
    announce(actor, now, ClubPlaceMoved(place.id, sheet.id, place.status.value))
    return place


def drop_place(actor: Actor, place_id: UUID, now: datetime) -> ClubPlace:
    """The lead bank takes a place back and keeps its part."""
    place = find(ClubPlace, place_id)
    _of_lead(actor, place.term_sheet_id)
    return _give_up(actor, place_id, ClubPlaceStatus.DROPPED, None, now)


def allow_place(actor: Actor, place_id: UUID, now: datetime) -> ClubPlace:
    """The borrower allows that the bank reads its application and is asked to lend a part."""
    place = _of_borrower(actor, place_id)
    return _move(actor, place, ClubPlaceStatus.ASKED, now)


def forbid_place(actor: Actor, place_id: UUID, reason: str, now: datetime) -> ClubPlace:
    """The borrower does not want this bank to read its application."""
    _of_borrower(actor, place_id)
    return _give_up(actor, place_id, ClubPlaceStatus.NOT_ALLOWED, reason, now)


def recommend_place(actor: Actor, place_id: UUID, note: str, now: datetime) -> ClubPlace:
    """The asked bank's officer recommends to join, with a note that only this bank reads."""
    place = _of_asked(actor, place_id)
    require(actor.may("loan.underwrite"))
    place.recommended_by, place.note = actor.person_id, note
    return _move(actor, place, ClubPlaceStatus.RECOMMENDED, now)


def join_club(actor: Actor, place_id: UUID, now: datetime) -> ClubPlace:
    """The asked bank joins with its part, by a second person above its limit."""
    place = _of_asked(actor, place_id)
    require(actor.may("loan.approve"))
    require_fresh(actor, now)
    require_second_person(actor, place.recommended_by or actor.person_id, place.part)
    place.joined_by, place.joined_at = actor.person_id, now
    return _move(actor, place, ClubPlaceStatus.JOINED, now)


def decline_place(actor: Actor, place_id: UUID, reason: str, now: datetime) -> ClubPlace:
    """The asked bank does not lend; the lead keeps its part or places it elsewhere."""
    _of_asked(actor, place_id)
    require(actor.may("loan.underwrite"))
    return _give_up(actor, place_id, ClubPlaceStatus.DECLINED, reason, now)


def find_place(actor: Actor, place_id: UUID) -> ClubPlace:
    """The place for the bank asked, once the borrower allowed it; for every other bank it does not exist."""
    place = find(ClubPlace, place_id)
    require(policy.is_lender(actor, place.bank_id) and place.was_asked, NotFound())
    return place


def places_for(bank_id: UUID) -> list[tuple[ClubPlace, TermSheet, Application]]:
    """What a bank was asked to lend together with others, newest first."""
    rows = session.execute(
        select(ClubPlace, TermSheet, Application)
        .join(TermSheet, TermSheet.id == ClubPlace.term_sheet_id)
        .join(Application, Application.id == TermSheet.application_id)
        .where(ClubPlace.bank_id == bank_id, ClubPlace.was_asked.is_(True))
        .order_by(ClubPlace.id.desc())
        .limit(200)
    )
    return [(place, sheet, application) for place, sheet, application in rows]


def places_to_allow(actor: Actor, application_id: UUID) -> list[tuple[ClubPlace, UUID]]:
    """The places the borrower has still to allow, with the lead bank; nothing of the terms."""
    application = find(Application, application_id)
    require(policy.is_borrower(actor, application) or policy.oversees(actor), NotFound())
    rows = session.execute(
        select(ClubPlace, TermSheet.bank_id)
        .join(TermSheet, TermSheet.id == ClubPlace.term_sheet_id)
        .where(
            TermSheet.application_id == application.id,
            TermSheet.status == TermSheetStatus.PREPARED,
            ClubPlace.status == ClubPlaceStatus.PROPOSED,
        )
        .order_by(ClubPlace.id)
    )
    return [(place, lead) for place, lead in rows]


def places_in(actor: Actor, term_sheet_id: UUID) -> list[ClubPlace]:
    """The banks of an offer, for its lead and, once it is out, for the borrower."""
    sheet = find_term_sheet(actor, term_sheet_id)
    if policy.is_lender(actor, sheet.bank_id):
        return places_of(sheet.id)
    return filled_places(sheet.id)


def engaged_places(bank_id: UUID) -> list[tuple[ClubPlace, TermSheet, UUID]]:
    """Parts a bank has recommended or joined in offers that are still alive, with the borrower."""
    rows = session.execute(
        select(ClubPlace, TermSheet, Application.borrower_id)
        .join(TermSheet, TermSheet.id == ClubPlace.term_sheet_id)
        .join(Application, Application.id == TermSheet.application_id)
        .where(
            ClubPlace.bank_id == bank_id,
            ClubPlace.status.in_(BINDING),
            TermSheet.status.in_((TermSheetStatus.PREPARED, TermSheetStatus.OFFERED)),
        )
    )
    return [(place, sheet, borrower_id) for place, sheet, borrower_id in rows]


def _of_lead(actor: Actor, term_sheet_id: UUID) -> TermSheet:
    """The locked offer of the acting lead bank, while its banks may still change."""
    sheet = find_term_sheet(actor, term_sheet_id, lock=True)
    require(policy.is_lender(actor, sheet.bank_id), policy.WrongActor())
    require(actor.may("loan.underwrite"))
    require(sheet.status is TermSheetStatus.PREPARED, ClubClosed())
    return sheet


def _of_borrower(actor: Actor, place_id: UUID) -> ClubPlace:
    place, sheet = _locked(place_id)
    require(policy.is_borrower(actor, find(Application, sheet.application_id)), NotFound())
    require(actor.may("loan.apply"))
    require(sheet.status is TermSheetStatus.PREPARED, ClubClosed())
    return place


def _of_asked(actor: Actor, place_id: UUID) -> ClubPlace:
    find_place(actor, place_id)
    require_approved(actor)
    place, sheet = _locked(place_id)
    require(sheet.status is TermSheetStatus.PREPARED, ClubClosed())
    return place


def _locked(place_id: UUID) -> tuple[ClubPlace, TermSheet]:
    """Always the offer before its places, so that two acts cannot wait for one another."""
    sheet = find(TermSheet, find(ClubPlace, place_id).term_sheet_id, lock=True)
    return find(ClubPlace, place_id, lock=True), sheet


def _give_up(actor: Actor, place_id: UUID, ending: ClubPlaceStatus, reason: str | None, now: datetime) -> ClubPlace:
    """The part of the place goes back to the lead."""
    place, sheet = _locked(place_id)
    sheet.own_part += place.part
    place.reason = reason
    return _move(actor, place, ending, now)


def _move(actor: Actor, place: ClubPlace, status: ClubPlaceStatus, now: datetime) -> ClubPlace:
    place.become(status)
    session.flush()
    announce(actor, now, ClubPlaceMoved(place.id, place.term_sheet_id, status.value))
    return place
