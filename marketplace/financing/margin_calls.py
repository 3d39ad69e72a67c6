"""Calls for more security: when the value no longer covers the debt, the borrower cures by a deadline or the debt is called.

A call is cured by what really changes the coverage: a further right whose pledge is registered, another right in place
of one, or repayment. Nothing else cures it; only a second person of the bank calls the debt.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import Model, find, money_columns, session
from marketplace.core.errors import NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.financing.classification import LoanClass
from marketplace.financing.due_dates import business_date
from marketplace.financing.loan_quality import restate
from marketplace.financing.loans import RUNNING, Loan, find_loan, lent_by, loan_for_lender, loan_for_party
from marketplace.financing.monitoring import LEAST_COVERAGE_BPS, coverage_of, securities_of, value_together
from marketplace.identity.four_eyes import require_another_person
from marketplace.identity.sign_in import require_fresh


class NoShortfall(Refused):
    """Only a shortfall is called."""

    message = _l("The rights cover the debt, or their value is not known: there is nothing to call for.")


class CallOpenAlready(Refused):
    """One call at a time."""

    message = _l("A call for more security is open already.")


class LoanNotRunning(Refused):
    """Only a running loan is secured."""

    message = _l("This loan is not running.")


class CallStatus(StrEnum):
    """How far a call for more security has come."""

    ISSUED = "issued"
    ANSWERED = "answered"
    OVERDUE = "overdue"
    CURED = "cured"
    WITHDRAWN = "withdrawn"
    DEFAULTED = "defaulted"


S = CallStatus
CALL_LIFECYCLE = Lifecycle(
    "margin call",
    {
        S.ISSUED: {S.ANSWERED, S.OVERDUE, S.CURED, S.WITHDRAWN},
        S.ANSWERED: {S.ISSUED, S.OVERDUE, S.CURED, S.WITHDRAWN},
        S.OVERDUE: {S.CURED, S.WITHDRAWN, S.DEFAULTED},
        S.CURED: set(),
        S.WITHDRAWN: set(),
        S.DEFAULTED: set(),
    },
)
OPEN_CALL = (S.ISSUED, S.ANSWERED, S.OVERDUE)


class MarginCall(Model):
    """One demand of the lender to restore the coverage of a loan."""

    __tablename__ = "margin_calls"
    __table_args__ = (
        CheckConstraint("coverage_bps < required_bps", "called_for_a_shortfall"),
        CheckConstraint("shortfall_minor > 0", "shortfall_positive"),
        CheckConstraint("(ended_at IS NULL) = (status IN ('issued', 'answered', 'overdue'))", "ended_has_time"),
        CheckConstraint("status <> 'defaulted' OR ended_by <> issued_by", "default_by_second_person"),
        Index(
            "uq_margin_calls_one_open", "loan_id", unique=True,
            postgresql_where=text("status IN ('issued', 'answered', 'overdue')"),
        ),
    )  # fmt: skip

    loan_id: Mapped[UUID] = mapped_column(ForeignKey("loans.id"), index=True)
    status: Mapped[CallStatus] = mapped_column(default=CallStatus.ISSUED)
    coverage_bps: Mapped[int]
    required_bps: Mapped[int]
    shortfall: Mapped[Money] = money_columns("shortfall")
    reason: Mapped[str] = mapped_column(String(500), default="")
    issued_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    issued_at: Mapped[datetime]
    due_on: Mapped[date] = mapped_column(Date)
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    ended_because: Mapped[str] = mapped_column(String(500), default="")

    def become(self, status: CallStatus) -> None:
        """Move to the next status of the table."""
        self.status = CALL_LIFECYCLE.check(self.status, status)

    @property
    def is_open(self) -> bool:
        """Whether the borrower can still cure it."""
        return self.status in OPEN_CALL


@dataclass(frozen=True)
class MarginCallMoved(Fact):
    """A call for more security was issued, answered, missed, cured, taken back, or ended in default."""

    call_id: UUID
    loan_id: UUID
    status: str


def shortfall_of(value: Money, debt: Money, required_bps: int) -> Money:
    """How much more the rights must be worth so that they cover the debt; rounded up to the minor unit."""
    wanted = -(-debt.amount_minor * required_bps // 10_000)
    return Money(max(0, wanted - value.amount_minor), debt.currency)


def call_for_security(actor: Actor, loan_id: UUID, days: int, reason: str, now: datetime) -> MarginCall:
    """The lender demands that the coverage be restored within so many days."""
    loan = loan_for_lender(actor, loan_id)
    require(actor.may("loan.underwrite") or actor.may("loan.approve"))
    require(loan.status in RUNNING, LoanNotRunning())
    require(open_call(loan.id) is None, CallOpenAlready())
    value = value_now(loan, business_date(now))
    coverage = coverage_of(value, loan.outstanding)
    if value is None or coverage is None or coverage >= LEAST_COVERAGE_BPS:
        raise NoShortfall()
    call = MarginCall(
        loan_id=loan.id,
        coverage_bps=coverage,
        required_bps=LEAST_COVERAGE_BPS,
        shortfall=shortfall_of(value, loan.outstanding, LEAST_COVERAGE_BPS),
        reason=reason,
        issued_by=actor.person_id,
        issued_at=now,
        due_on=business_date(now) + timedelta(days=days),
    )
    session.add(call)
    session.flush()
    announce(actor, now, MarginCallMoved(call.id, loan.id, call.status.value))
    return call


def withdraw_call(actor: Actor, call_id: UUID, reason: str, now: datetime) -> MarginCall:
    """The lender takes the call back, with its reason."""
    call = call_for_lender(actor, call_id)
    end_call(actor, call, CallStatus.WITHDRAWN, reason, now)
    return call


def call_the_debt(actor: Actor, call_id: UUID, now: datetime) -> MarginCall:
    """The deadline has passed: a second person of the bank calls the whole debt, which is default."""
    call = call_for_lender(actor, call_id)
    require(actor.may("loan.approve"))
    require_fresh(actor, now)
    require_another_person(actor, call.issued_by)
    end_call(actor, call, CallStatus.DEFAULTED, "", now)
    loan = find_loan(call.loan_id, lock=True)
    loan.called_on = business_date(now)
    if loan.judged_class is None or not loan.judged_class.is_non_performing:
        loan.judged_class = LoanClass.SUBSTANDARD
    restate(actor, loan, loan.aged_on or loan.called_on, f"called:{call.id}", now)
    return call


def miss_deadlines(on: date, now: datetime) -> int:
    """Calls whose last day has passed without cure; answers how many."""
    query = select(MarginCall).where(MarginCall.status.in_((S.ISSUED, S.ANSWERED)), MarginCall.due_on < on)
    missed = list(session.execute(query.with_for_update(skip_locked=True)).scalars())
    for call in missed:
        move_call(SYSTEM, call, CallStatus.OVERDUE, now)
    return len(missed)


def cure_if_covered(actor: Actor, loan_id: UUID, leaving: frozenset[UUID], now: datetime) -> None:
    """End an open call when the registered rights, without those that will leave, cover what is owed."""
    loan = find_loan(loan_id, lock=True)
    call = open_call(loan.id, lock=True)
    if call is None:
        return
    coverage = coverage_of(value_now(loan, business_date(now), leaving), loan.outstanding)
    if not loan.outstanding or (coverage is not None and coverage >= call.required_bps):
        end_call(actor, call, CallStatus.CURED, "", now)


def value_now(loan: Loan, on: date, leaving: frozenset[UUID] = frozenset()) -> Money | None:
    """What the rights registered for a loan are worth together today, without the pledges that will leave."""
    return value_together(one for one in securities_of([loan.id], on).get(loan.id, []) if one.pledge.id not in leaving)


def open_call(loan_id: UUID, lock: bool = False) -> MarginCall | None:
    """The call that the borrower can still cure."""
    query = select(MarginCall).where(MarginCall.loan_id == loan_id, MarginCall.status.in_(OPEN_CALL))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found: MarginCall | None = session.execute(query).scalar_one_or_none()
    return found


def calls_of_loan(loan_id: UUID) -> list[MarginCall]:
    """Every call of a loan, newest first."""
    query = select(MarginCall).where(MarginCall.loan_id == loan_id).order_by(MarginCall.id.desc())
    return list(session.execute(query).scalars())


def open_calls_of(organisation_id: UUID) -> list[tuple[MarginCall, Loan]]:
    """The open calls in which an organisation is lender or borrower."""
    query = (
        select(MarginCall, Loan)
        .join(Loan, Loan.id == MarginCall.loan_id)
        .where(MarginCall.status.in_(OPEN_CALL))
        .where(lent_by(organisation_id) | (Loan.borrower_id == organisation_id))
        .order_by(MarginCall.due_on)
        .limit(100)
    )
    return [(call, loan) for call, loan in session.execute(query)]


def call_for_party(actor: Actor, call_id: UUID) -> MarginCall:
    """The call for the two parties of its loan; the loan is locked first, as everywhere."""
    found = session.get(MarginCall, call_id)
    if found is None:
        raise NotFound()
    loan_for_party(actor, found.loan_id, lock=True)
    return find(MarginCall, call_id, lock=True)


def call_for_lender(actor: Actor, call_id: UUID) -> MarginCall:
    """The locked call for an act of the lender; the borrower is told that the act is not theirs."""
    call = call_for_party(actor, call_id)
    loan_for_lender(actor, call.loan_id)
    require(actor.may("loan.underwrite") or actor.may("loan.approve"))
    return call


def end_call(actor: Actor, call: MarginCall, status: CallStatus, because: str, now: datetime) -> None:
    """The call is over: cured, taken back, or in default."""
    CALL_LIFECYCLE.check(call.status, status)
    call.ended_at, call.ended_by, call.ended_because = now, actor.person_id, because
    move_call(actor, call, status, now)


def move_call(actor: Actor, call: MarginCall, status: CallStatus, now: datetime) -> None:
    """Take one step and say so."""
    call.become(status)
    session.flush()
    announce(actor, now, MarginCallMoved(call.id, call.loan_id, status.value))
