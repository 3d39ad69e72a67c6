"""Repayments: the bank confirms what arrived; it is applied in the agreed order, to the cent, and booked."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, money_columns, session
from marketplace.core.errors import Malformed, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import WrongStatus
from marketplace.core.money import Money
from marketplace.financing.allocation import Allocation, Part, allocate
from marketplace.financing.bank_books import book_repayment
from marketplace.financing.due_dates import business_date
from marketplace.financing.loan_quality import restate
from marketplace.financing.loans import (
    OWING,
    Instalment,
    Loan,
    LoanPaidOff,
    LoanStatus,
    instalments_of,
    loan_for_lender,
)


class MoreThanDue(Refused):
    """More arrived than can be applied; an early repayment pays everything at once."""

    message = _l("At most %(due)s is due by then. To repay everything on that day takes exactly %(payoff)s.")


class ReceiptRecorded(Refused):
    """The same receipt of the bank statement was entered before."""

    message = _l("The receipt %(bank_reference)s is booked already.")


class Repayment(Model):
    """One receipt as the bank confirmed it, and where it went."""

    __tablename__ = "repayments"
    __table_args__ = (
        UniqueConstraint("loan_id", "bank_reference"),
        CheckConstraint("amount_minor > 0", "amount_positive"),
    )

    loan_id: Mapped[UUID] = mapped_column(ForeignKey("loans.id"))
    amount: Mapped[Money] = money_columns("amount")
    received_on: Mapped[date] = mapped_column(Date)
    bank_reference: Mapped[str] = mapped_column(String(80))
    applied: Mapped[dict[str, Any]]
    early: Mapped[bool] = mapped_column(default=False)
    costs: Mapped[Money | None] = money_columns("costs", optional=True)
    recorded_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    recorded_at: Mapped[datetime]


@dataclass(frozen=True)
class RepaymentReceived(Fact):
    """The bank confirmed a repayment."""

    loan_id: UUID
    repayment_id: UUID


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """One line of the bank's statement."""

    amount: Money
    received_on: date
    bank_reference: str


def record_repayment(actor: Actor, loan_id: UUID, receipt: Receipt, now: datetime) -> Repayment:
    """Book what arrived: penalty, fees, interest, principal, the oldest instalment first; exactly the payoff ends the loan."""
    loan = loan_for_lender(actor, loan_id)
    require(actor.may("loan.underwrite"))
    require(loan.status in OWING, WrongStatus(current=loan.status.value, wanted="repayment"))
    require_sound(loan, receipt, now)
    instalments = instalments_of(loan.id)
    on = receipt.received_on
    if loan.status is LoanStatus.WRITTEN_OFF:
        fall_due_at_once(instalments, on)
    payoff = payoff_of(loan, instalments, on)
    due = _due_by(loan, instalments, on)
    early = receipt.amount == payoff and receipt.amount > due
    if early:
        _close_future(instalments, on)
    allocation = allocate(
        receipt.amount.amount_minor,
        [one.owed for one in _payable(instalments, on)],
        loan.clauses.repayment_order.parts,
    )
    require(not allocation.rest, MoreThanDue(due=due, payoff=payoff))
    return book_receipt(actor, loan, Booking(receipt, allocation, early=early), now)


@dataclass(frozen=True)
class Booking:
    """A receipt with the parts of the debt it pays, and what was spent to get it."""

    receipt: Receipt
    allocation: Allocation
    early: bool
    costs: Money | None = None


def book_receipt(actor: Actor, loan: Loan, booking: Booking, now: datetime) -> Repayment:
    """Write a receipt into the locked loan, its instalments and the bank's books; the last cent ends the loan."""
    repayment = _keep(actor, loan, booking, now)
    for one in instalments_of(loan.id):
        if one.nr in booking.allocation.parts:
            one.take(booking.allocation.parts[one.nr], booking.receipt.received_on)
    session.flush()
    book_repayment(actor, loan, repayment.id, booking.allocation, now)
    loan.outstanding -= Money(booking.allocation.total(Part.PRINCIPAL), loan.currency)
    announce(actor, now, RepaymentReceived(loan.id, repayment.id))
    _conclude(actor, loan, repayment, now)
    return repayment


def payoff_of(loan: Loan, instalments: list[Instalment], on: date) -> Money:
    """What ends the loan on this day: everything due, the interest run up since, and the rest of the principal."""
    total = 0
    for one in instalments:
        open_parts = one.owed.open
        total += sum(open_parts.values())
        if one.settled_on is None and one.due_on > on:
            total -= max(one.interest_minor - max(run_up(one, on), one.paid_interest_minor), 0)
    return Money(total, loan.currency)


def run_up(instalment: Instalment, on: date) -> int:
    """The interest of a period that has run up by the day, in minor units, rounded down until the last day."""
    carried, counts_from = instalment.carried_minor, instalment.counts_from
    if on <= instalment.begins_on or on < counts_from:
        return 0 if on <= instalment.begins_on else carried
    days = (min(on, instalment.due_on) - counts_from).days
    rest = instalment.interest_minor - carried
    return carried + rest * days // max((instalment.due_on - counts_from).days, 1)


def repayments_of(loan_id: UUID) -> list[Repayment]:
    """What arrived, in order."""
    query = select(Repayment).where(Repayment.loan_id == loan_id).order_by(Repayment.received_on, Repayment.id)
    return list(session.execute(query).scalars())


def require_sound(loan: Loan, receipt: Receipt, now: datetime) -> None:
    """Refuse a receipt in another currency, of an impossible day, or booked before."""
    if receipt.amount.currency != loan.currency:
        raise Malformed("amount", _l("The repayment must be in the currency of the loan."))
    if loan.disbursed_on is None or not loan.disbursed_on <= receipt.received_on <= business_date(now):
        raise Malformed("received_on", _l("The day of receipt lies between the disbursement and today."))
    query = select(Repayment.id).where(Repayment.loan_id == loan.id, Repayment.bank_reference == receipt.bank_reference)
    known = session.execute(query).first()
    require(known is None, ReceiptRecorded(bank_reference=receipt.bank_reference))


def _payable(instalments: list[Instalment], on: date) -> list[Instalment]:
    """What is due by the day and the next instalment, which may be paid ahead."""
    unsettled = [one for one in instalments if one.settled_on is None]
    due = [one for one in unsettled if one.due_on <= on]
    return due + [one for one in unsettled if one.due_on > on][:1]


def _due_by(loan: Loan, instalments: list[Instalment], on: date) -> Money:
    return Money(sum(one.open_minor for one in _payable(instalments, on)), loan.currency)


def _close_future(instalments: list[Instalment], on: date) -> None:
    """All principal falls due with the running instalment; interest that has not run up is not charged."""
    future = [one for one in instalments if one.settled_on is None and one.due_on > on]
    if not future:
        return
    running, later = future[0], future[1:]
    running.interest_minor = max(run_up(running, on), running.paid_interest_minor)
    for one in later:
        running.principal_minor += one.principal_minor - one.paid_principal_minor
        one.principal_minor, one.interest_minor = one.paid_principal_minor, one.paid_interest_minor
        one.settled_on = on


def fall_due_at_once(instalments: list[Instalment], on: date) -> None:
    """After default the whole debt stands in the oldest unpaid instalment; interest that has not run up is not charged."""
    unsettled = [one for one in instalments if one.settled_on is None]
    for one in [later for later in unsettled[1:] if later.due_on > on]:
        oldest = unsettled[0]
        oldest.principal_minor += one.principal_minor - one.paid_principal_minor
        oldest.interest_minor += max(run_up(one, on) - one.paid_interest_minor, 0)
        one.principal_minor, one.interest_minor = one.paid_principal_minor, one.paid_interest_minor
        one.settled_on = on


def _keep(actor: Actor, loan: Loan, booking: Booking, now: datetime) -> Repayment:
    receipt, parts = booking.receipt, booking.allocation.parts
    repayment = Repayment(
        loan_id=loan.id,
        amount=receipt.amount,
        received_on=receipt.received_on,
        bank_reference=receipt.bank_reference,
        applied={str(nr): {part.value: taken for part, taken in one.items()} for nr, one in parts.items()},
        early=booking.early,
        costs=booking.costs,
        recorded_by=actor.person_id,
        recorded_at=now,
    )
    session.add(repayment)
    session.flush()
    return repayment


def _conclude(actor: Actor, loan: Loan, repayment: Repayment, now: datetime) -> None:
    restate(
        actor, loan, max(loan.aged_on or repayment.received_on, repayment.received_on), f"repaid:{repayment.id}", now
    )
    if not loan.outstanding and all(one.settled_on for one in instalments_of(loan.id)):
        loan.become(LoanStatus.PAID_OFF)
        session.flush()
        announce(actor, now, LoanPaidOff(loan.id))
