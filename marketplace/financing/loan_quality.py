"""How well a loan is served: days past due decide its class, its status and the account it stands in."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select

from marketplace.core.actor import Actor
from marketplace.core.db import session
from marketplace.core.errors import require
from marketplace.core.events import Fact, announce
from marketplace.financing.bank_books import book_write_off, move_quality
from marketplace.financing.classification import LoanClass, classify, days_past_due
from marketplace.financing.club_votes import require_club_agrees
from marketplace.financing.loans import (
    Instalment,
    Loan,
    LoanClassified,
    LoanDefaulted,
    LoanStatus,
    LoanWrittenOff,
    loan_for_lender,
)
from marketplace.identity.four_eyes import require_second_person
from marketplace.identity.sign_in import require_fresh

DEFAULT_AFTER_DAYS = 90
"""More days past due than this is default."""


@dataclass(frozen=True)
class LoanJudged(Fact):
    """The bank judged a loan worse than its days."""

    loan_id: UUID
    loan_class: str


def oldest_unpaid(loan_id: UUID) -> date | None:
    """The earliest due date that is not fully paid."""
    query = select(func.min(Instalment.due_on)).where(Instalment.loan_id == loan_id, Instalment.settled_on.is_(None))
    found: date | None = session.execute(query).scalar_one()
    return found


def restate(actor: Actor, loan: Loan, on: date, reference: str, now: datetime) -> None:
    """Bring days past due, class, status and account of a locked loan up to the day; announce what changed."""
    from_quality, from_class, from_status = loan.quality, loan.loan_class, loan.status
    loan.days_past_due = days_past_due(oldest_unpaid(loan.id), on)
    loan.loan_class = classify(loan.days_past_due, loan.judged_class)
    if not loan.is_written_off:
        move_quality(actor, loan, from_quality, reference, now)
    wanted = _status_for(loan)
    if wanted is not loan.status:
        loan.become(wanted)
    session.flush()
    if loan.loan_class is not from_class:
        announce(actor, now, LoanClassified(loan.id, loan.loan_class.value), before={"class": from_class.value})
    if loan.status is LoanStatus.DEFAULTED and from_status is not LoanStatus.DEFAULTED:
        announce(actor, now, LoanDefaulted(loan.id))


def judge_loan(actor: Actor, loan_id: UUID, judged: LoanClass, now: datetime) -> Loan:
    """The bank's own judgement: it may be worse than the days past due say, never better."""
    loan = loan_for_lender(actor, loan_id)
    require(actor.may("loan.underwrite"))
    loan.judged_class = None if judged is LoanClass.NORMAL else judged
    restate(actor, loan, loan.aged_on or loan.agreed_on, f"judged:{now.isoformat()}", now)
    announce(actor, now, LoanJudged(loan.id, judged.value))
    return loan


def write_off_loan(actor: Actor, loan_id: UUID, now: datetime) -> Loan:
    """The bank gives a defaulted loan up in its books, by a second person; the borrower still owes it."""
    loan = loan_for_lender(actor, loan_id)
    require(actor.may("loan.approve"))
    require_fresh(actor, now)
    require_second_person(actor, loan.prepared_by, loan.outstanding)
    require_club_agrees(loan, loan.id)
    loan.become(LoanStatus.WRITTEN_OFF)
    book_write_off(actor, loan, now)
    session.flush()
    announce(actor, now, LoanWrittenOff(loan.id))
    return loan


def _status_for(loan: Loan) -> LoanStatus:
    if loan.status not in (LoanStatus.PERFORMING, LoanStatus.OVERDUE, LoanStatus.DEFAULTED):
        return loan.status
    if loan.called_on is not None or loan.days_past_due > DEFAULT_AFTER_DAYS:
        return LoanStatus.DEFAULTED
    if loan.days_past_due:
        return LoanStatus.DEFAULTED if loan.status is LoanStatus.DEFAULTED else LoanStatus.OVERDUE
    return LoanStatus.PERFORMING
