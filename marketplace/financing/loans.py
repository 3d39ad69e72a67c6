"""Loans and their instalments: what was lent, what is due when, what is still owed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    CHAR,
    CheckConstraint,
    ColumnElement,
    Date,
    Enum,
    ForeignKey,
    Index,
    UniqueConstraint,
    or_,
    select,
    text,
)  # fmt: skip
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, money_columns, same_currency, session
from marketplace.core.errors import NotFound, require
from marketplace.core.events import Fact
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.financing import policy
from marketplace.financing.allocation import Owed, Part
from marketplace.financing.classification import LoanClass
from marketplace.financing.clauses import Clauses, clause_columns, clause_rule
from marketplace.financing.lenders import shares_of_bank
from marketplace.financing.loan_terms import LoanTerms, RepaymentMethod


class LoanStatus(StrEnum):
    """How far a loan has come."""

    APPROVED = "approved"
    PERFORMING = "performing"
    OVERDUE = "overdue"
    DEFAULTED = "defaulted"
    WRITTEN_OFF = "written_off"
    PAID_OFF = "paid_off"
    CANCELLED = "cancelled"


L = LoanStatus
LOAN_LIFECYCLE = Lifecycle(
    "loan",
    {
        L.APPROVED: {L.PERFORMING, L.CANCELLED},
        L.PERFORMING: {L.OVERDUE, L.DEFAULTED, L.PAID_OFF},
        L.OVERDUE: {L.PERFORMING, L.DEFAULTED, L.PAID_OFF},
        L.DEFAULTED: {L.PERFORMING, L.WRITTEN_OFF, L.PAID_OFF},
        L.WRITTEN_OFF: {L.PAID_OFF},
        L.PAID_OFF: set(),
        L.CANCELLED: set(),
    },
)
RUNNING = (L.PERFORMING, L.OVERDUE, L.DEFAULTED)
OWING = (*RUNNING, L.WRITTEN_OFF)


JUDGED = Enum(
    LoanClass,
    native_enum=False,
    create_constraint=True,
    length=40,
    name="judgedclass",
    values_callable=lambda kind: [member.value for member in kind],
)


class Loan(Model):
    """One loan to one borrower, secured by pledged rights: of one bank, or of several with this bank as their agent."""

    __tablename__ = "loans"
    __table_args__ = (
        CheckConstraint(
            "outstanding_minor >= 0 AND undrawn_minor >= 0 AND outstanding_minor + undrawn_minor <= principal_minor",
            "outstanding",
        ),
        CheckConstraint("status <> 'paid_off' OR outstanding_minor = 0", "paid_off_owes_nothing"),
        CheckConstraint("(disbursed_on IS NULL) = (status IN ('approved', 'cancelled'))", "disbursed"),
        CheckConstraint("days_past_due >= 0", "days_past_due"),
        clause_rule(),
        same_currency("principal", "undrawn", "outstanding", "upfront_fee", "ip_secured"),
        Index("ix_loans_aged_on", "aged_on", postgresql_where=text("status IN ('performing', 'overdue', 'defaulted')")),
    )

    application_id: Mapped[UUID] = mapped_column(ForeignKey("financing_applications.id"), unique=True)
    term_sheet_id: Mapped[UUID] = mapped_column(ForeignKey("term_sheets.id"), unique=True)
    borrower_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    bank_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    is_club: Mapped[bool] = mapped_column(default=False)
    status: Mapped[LoanStatus] = mapped_column(default=LoanStatus.APPROVED)
    principal: Mapped[Money] = money_columns("principal")
    undrawn: Mapped[Money] = money_columns("undrawn")
    outstanding: Mapped[Money] = money_columns("outstanding")
    upfront_fee: Mapped[Money] = money_columns("upfront_fee")
    ip_secured: Mapped[Money] = money_columns("ip_secured")
    rate_bps: Mapped[int]
    penalty_rate_bps: Mapped[int]
    term_months: Mapped[int]
    method: Mapped[RepaymentMethod]
    every_months: Mapped[int]
    pool_cover_bps: Mapped[int]
    clauses: Mapped[Clauses] = clause_columns()
    reset_on: Mapped[date | None] = mapped_column(Date)
    loan_class: Mapped[LoanClass] = mapped_column(default=LoanClass.NORMAL)
    judged_class: Mapped[LoanClass | None] = mapped_column(JUDGED)
    days_past_due: Mapped[int] = mapped_column(default=0)
    agreed_on: Mapped[date] = mapped_column(Date)
    disbursed_on: Mapped[date | None] = mapped_column(Date)
    matures_on: Mapped[date | None] = mapped_column(Date)
    aged_on: Mapped[date | None] = mapped_column(Date)
    called_on: Mapped[date | None] = mapped_column(Date)
    prepared_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    envelope_id: Mapped[UUID | None] = mapped_column(ForeignKey("envelopes.id"), index=True)

    @property
    def currency(self) -> str:
        """The currency of the loan."""
        return self.principal.currency

    @property
    def terms(self) -> LoanTerms:
        """What the schedule follows from."""
        return LoanTerms(
            amount=self.principal,
            rate_bps=self.rate_bps,
            term_months=self.term_months,
            method=self.method,
            every_months=self.every_months,
            upfront_fee=self.upfront_fee,
            grace_periods=self.clauses.grace_periods,
        )

    @property
    def quality(self) -> str:
        """Which of a lender's accounts the principal stands in: performing, overdue or npl."""
        if self.loan_class.is_non_performing:
            return "npl"
        return "overdue" if self.days_past_due else "performing"

    @property
    def is_written_off(self) -> bool:
        """Whether the bank gave the principal up in its books; the borrower owes it all the same."""
        return self.status is LoanStatus.WRITTEN_OFF

    @property
    def failed(self) -> bool:
        """Whether the lender may enforce what secures the loan."""
        return self.status in (LoanStatus.DEFAULTED, LoanStatus.WRITTEN_OFF)

    def become(self, status: LoanStatus) -> None:
        """Move to the next status of the table."""
        self.status = LOAN_LIFECYCLE.check(self.status, status)


class Instalment(Model):
    """What is due on one day and what of it has been paid, in minor units of the loan's currency."""

    __tablename__ = "instalments"
    __table_args__ = (
        UniqueConstraint("loan_id", "nr"),
        CheckConstraint(
            "paid_principal_minor BETWEEN 0 AND principal_minor AND paid_interest_minor BETWEEN 0 AND interest_minor "
            "AND paid_fees_minor BETWEEN 0 AND fees_minor AND paid_penalty_minor BETWEEN 0 AND penalty_minor",
            "paid_within_due",
        ),
        CheckConstraint("due_on > begins_on", "period"),
        CheckConstraint("counts_from >= begins_on AND carried_minor >= 0", "carried"),
        Index("ix_instalments_open", "loan_id", "due_on", postgresql_where=text("settled_on IS NULL")),
    )

    loan_id: Mapped[UUID] = mapped_column(ForeignKey("loans.id"))
    nr: Mapped[int]
    begins_on: Mapped[date] = mapped_column(Date)
    counts_from: Mapped[date] = mapped_column(Date)
    carried_minor: Mapped[int] = mapped_column(default=0)
    due_on: Mapped[date] = mapped_column(Date)
    currency: Mapped[str] = mapped_column(CHAR(3))
    principal_minor: Mapped[int]
    interest_minor: Mapped[int]
    fees_minor: Mapped[int] = mapped_column(default=0)
    penalty_minor: Mapped[int] = mapped_column(default=0)
    paid_principal_minor: Mapped[int] = mapped_column(default=0)
    paid_interest_minor: Mapped[int] = mapped_column(default=0)
    paid_fees_minor: Mapped[int] = mapped_column(default=0)
    paid_penalty_minor: Mapped[int] = mapped_column(default=0)
    settled_on: Mapped[date | None] = mapped_column(Date)

    @property
    def owed(self) -> Owed:
        """What is still open, part by part."""
        return Owed(
            self.nr,
            {
                Part.PENALTY: self.penalty_minor - self.paid_penalty_minor,
                Part.FEES: self.fees_minor - self.paid_fees_minor,
                Part.INTEREST: self.interest_minor - self.paid_interest_minor,
                Part.PRINCIPAL: self.principal_minor - self.paid_principal_minor,
            },
        )

    @property
    def open_minor(self) -> int:
        """Everything still open."""
        return sum(self.owed.open.values())

    @property
    def total(self) -> Money:
        """Everything due on the day, penalty included."""
        return Money(self.principal_minor + self.interest_minor + self.fees_minor + self.penalty_minor, self.currency)

    def money(self, minor: int) -> Money:
        """An amount of this instalment as money."""
        return Money(minor, self.currency)

    def standing(self, on: date) -> str:
        """Paid, late, due or to come."""
        if self.settled_on is not None:
            return "paid"
        return "late" if on > self.due_on else "due" if on == self.due_on else "to_come"

    def take(self, parts: dict[Part, int], on: date) -> None:
        """Book what a repayment put here."""
        self.paid_penalty_minor += parts.get(Part.PENALTY, 0)
        self.paid_fees_minor += parts.get(Part.FEES, 0)
        self.paid_interest_minor += parts.get(Part.INTEREST, 0)
        self.paid_principal_minor += parts.get(Part.PRINCIPAL, 0)
        if self.open_minor == 0:
            self.settled_on = on


@dataclass(frozen=True)
class LoanDisbursed(Fact):
    """The bank paid the loan out."""

    loan_id: UUID


@dataclass(frozen=True)
class InstalmentMissed(Fact):
    """A due date passed without full payment."""

    loan_id: UUID
    nr: int


@dataclass(frozen=True)
class LoanClassified(Fact):
    """The class of a loan changed."""

    loan_id: UUID
    loan_class: str


@dataclass(frozen=True)
class LoanDefaulted(Fact):
    """The loan is more than ninety days past due."""

    loan_id: UUID


@dataclass(frozen=True)
class LoanPaidOff(Fact):
    """Nothing is owed any longer."""

    loan_id: UUID


@dataclass(frozen=True)
class LoanWrittenOff(Fact):
    """The bank gave the loan up in its books; the debt remains."""

    loan_id: UUID


def find_loan(loan_id: UUID, lock: bool = False) -> Loan:
    """The loan, or 404; for rules and higher rooms, pages ask for_party."""
    return find(Loan, loan_id, lock=lock)


def loan_for_party(actor: Actor, loan_id: UUID, lock: bool = False) -> Loan:
    """The loan for its borrower and those who lend it; for everybody else it does not exist."""
    loan = find(Loan, loan_id, lock=lock)
    require(policy.may_see_loan(actor, loan), NotFound())
    return loan


def loan_for_lender(actor: Actor, loan_id: UUID) -> Loan:
    """The locked loan for an act of its bank; the borrower is told that the act is not theirs."""
    loan = loan_for_party(actor, loan_id, lock=True)
    require(policy.is_lender(actor, loan.bank_id), policy.WrongActor())
    return loan


def outstanding_principal(loan_id: UUID) -> Money:
    """What is still owed of the principal; before disbursement nothing is."""
    return find_loan(loan_id).outstanding


def instalments_of(loan_id: UUID) -> list[Instalment]:
    """The schedule with what has been paid."""
    query = select(Instalment).where(Instalment.loan_id == loan_id).order_by(Instalment.nr)
    return list(session.execute(query.execution_options(populate_existing=True)).scalars())


def loans_of_bank(bank_id: UUID, statuses: Sequence[LoanStatus] = ()) -> list[Loan]:
    """The bank's book, newest first, with the loans it lends a part of."""
    query = select(Loan).where(lent_by(bank_id))
    if statuses:
        query = query.where(Loan.status.in_(statuses))
    return list(session.execute(query.order_by(Loan.id.desc()).limit(500)).scalars())


def lent_by(bank_id: UUID) -> ColumnElement[bool]:
    """The condition that a bank lends a loan, alone, as agent or a part of it."""
    parts = list(shares_of_bank(bank_id))
    return or_(Loan.bank_id == bank_id, Loan.id.in_(parts)) if parts else Loan.bank_id == bank_id


def loans_of_borrower(borrower_id: UUID) -> list[Loan]:
    """The holder's loans, newest first."""
    query = select(Loan).where(Loan.borrower_id == borrower_id).order_by(Loan.id.desc()).limit(200)
    return list(session.execute(query).scalars())
