"""The underwriting file of one application as a bank opens it, and as it is kept with the bank's decision."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from marketplace.core.actor import Actor
from marketplace.core.clock import market_day
from marketplace.core.db import find, session
from marketplace.financing.applications import Application, find_invitation
from marketplace.financing.borrower_statements import BorrowerStatement, statements_of
from marketplace.financing.club_places import ClubPlace, ClubPlaceStatus
from marketplace.financing.clubs import ClubPlaceMoved
from marketplace.financing.term_sheets import TermSheet, TermSheetPrepared
from marketplace.financing.underwriting import Check, checks_of, seen
from marketplace.identity.credit_flags import CreditFlag, flags_counting


@dataclass(frozen=True)
class UnderwritingFile:
    """What the record says of a borrower and its rights on a day."""

    on: date
    checks: list[Check]
    accounts: list[BorrowerStatement]
    flags: list[CreditFlag]


def file_of(application: Application, on: date) -> UnderwritingFile:
    """Every check with the accounts and the flags it rests on."""
    accounts = statements_of(application.borrower_id)
    flags = flags_counting(application.borrower_id, on)
    return UnderwritingFile(on, checks_of(application, accounts, on), accounts, flags)


def file_for_bank(actor: Actor, invitation_id: UUID, now: datetime) -> UnderwritingFile:
    """The file for the invited bank; for every other bank it does not exist."""
    invitation = find_invitation(actor, invitation_id)
    return file_of(find(Application, invitation.application_id), market_day(now))


def keep_with_offer(_actor: Actor, fact: TermSheetPrepared, now: datetime) -> None:
    """What the bank saw when it prepared an offer stays with the offer."""
    sheet = find(TermSheet, fact.term_sheet_id)
    opened = file_of(find(Application, sheet.application_id), market_day(now))
    sheet.file_seen = seen(opened.checks, opened.flags, opened.accounts, opened.on)
    session.flush()


def keep_with_place(_actor: Actor, fact: ClubPlaceMoved, now: datetime) -> None:
    """What a bank saw when it recommended or took a part stays with its place."""
    if fact.status in (ClubPlaceStatus.RECOMMENDED, ClubPlaceStatus.JOINED):
        place, sheet = find(ClubPlace, fact.place_id), find(TermSheet, fact.term_sheet_id)
        opened = file_of(find(Application, sheet.application_id), market_day(now))
        place.file_seen = seen(opened.checks, opened.flags, opened.accounts, opened.on)
        session.flush()
