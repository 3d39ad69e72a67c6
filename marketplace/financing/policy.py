"""Who may see and do what with applications, offers, pledges and loans."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from marketplace.core.actor import Actor
from marketplace.core.errors import NotAllowed
from marketplace.core.i18n import _l
from marketplace.financing.lenders import lends_part

if TYPE_CHECKING:
    from marketplace.financing.applications import Application
    from marketplace.financing.loans import Loan
    from marketplace.financing.term_sheets import TermSheet


class WrongActor(NotAllowed):
    """The act belongs to the other side of the loan."""

    message = _l("This is for the other party of the loan to do.")


def is_borrower(actor: Actor, application: Application) -> bool:
    """Whether the actor's organisation asked for this loan."""
    return actor.organisation_id is not None and actor.organisation_id == application.borrower_id


def oversees(actor: Actor) -> bool:
    """Whether the actor is the marketplace itself."""
    return actor.may("system")


def is_lender(actor: Actor, bank_id: UUID) -> bool:
    """Whether the actor's organisation is this bank."""
    return actor.organisation_id is not None and actor.organisation_id == bank_id


def may_see_term_sheet(actor: Actor, sheet: TermSheet, borrower_id: UUID) -> bool:
    """A bank sees its own; the borrower sees what was offered to it; nobody else sees anything."""
    if is_lender(actor, sheet.bank_id) or oversees(actor):
        return True
    return sheet.was_offered and actor.organisation_id == borrower_id


def may_see_loan(actor: Actor, loan: Loan) -> bool:
    """The borrower, the bank or banks of the loan, and the marketplace itself."""
    parties = (loan.borrower_id, loan.bank_id)
    return actor.organisation_id in parties or oversees(actor) or lends_part(actor.organisation_id, loan)
