"""What changes a running loan: draws, early repayment, a new rate, more time, restructuring. Pure rules on loan and rows.

Sources: early repayment and its fee follow the contract (Civil Code art. 677); a restructured asset stays at least
special mention, and no better than before when it was non-performing, for a year of observation (CBIRC and PBOC Order 1
of 2023, arts. 17 to 19).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from marketplace.core.errors import Refused, require
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import WrongStatus
from marketplace.core.money import Money
from marketplace.financing.allocation import Allocation, Part
from marketplace.financing.calendars import Convention, find_calendar
from marketplace.financing.classification import ORDER, LoanClass
from marketplace.financing.day_counts import add_months
from marketplace.financing.due_dates import Frequency, Rhythm
from marketplace.financing.loan_terms import LoanTerms, RepaymentMethod
from marketplace.financing.loans import RUNNING, Instalment, Loan, LoanStatus
from marketplace.financing.replanning import (
    NewRow,
    Rest,
    in_arrears,
    instalment_now,
    replan,
    running,
    unpaid_principal,
)

LONGEST_LOAN_MONTHS = 120


class ArrearsFirst(Refused):
    """Terms are not changed over the head of what is due."""

    message = _l("Something is due and unpaid; it is paid first, or the loan is restructured.")


class NothingToPlan(Refused):
    """No instalment is still to come."""

    message = _l("No instalment of this loan is still to come.")


class NotAPartOnly(Refused):
    """An early repayment in part leaves something owed."""

    message = _l(
        "An early repayment in part must be smaller than the %(owed)s still to come; the payoff repays everything."
    )


class MoreThanUndrawn(Refused):
    """More is drawn than was agreed."""

    message = _l("At most %(undrawn)s is still to be drawn.")


class TooLong(Refused):
    """A loan runs ten years at most."""

    message = _l("A loan secured by rights runs ten years at most.")


@dataclass(frozen=True, kw_only=True)
class Restructuring:
    """New terms for a loan that cannot be served by its old ones."""

    more_months: int
    rate_bps: int
    method: RepaymentMethod
    grace_periods: int = 0
    capitalises: bool = False


def draw(loan: Loan, rows: list[Instalment], amount: Money, on: date, new_row: NewRow) -> None:
    """Pay a further part of an agreed loan out; the instalments to come grow by it."""
    require(loan.status is LoanStatus.PERFORMING, WrongStatus(current=loan.status.value, wanted="draw"))
    require(amount <= loan.undrawn, MoreThanUndrawn(undrawn=loan.undrawn))
    future = _future(rows, on)
    loan.undrawn -= amount
    loan.outstanding += amount
    _replan(loan, rows, on, unpaid_principal(future) + amount.amount_minor, _days(future), new_row)


def prepay(loan: Loan, rows: list[Instalment], amount: Money, on: date, shorten: bool, new_row: NewRow) -> Allocation:
    """Repay a part before it is due: the instalments shrink, or stay and end sooner; answers what the receipt paid."""
    require(loan.status is LoanStatus.PERFORMING, WrongStatus(current=loan.status.value, wanted="prepayment"))
    require(not in_arrears(rows, on), ArrearsFirst())
    future = _future(rows, on)
    principal = amount.amount_minor * 10_000 // (10_000 + loan.clauses.prepayment_fee_bps)
    owed = unpaid_principal(future)
    require(0 < principal < owed, NotAPartOnly(owed=Money(owed, loan.currency)))
    kept = instalment_now(rows, loan.rate_bps, loan.method, on) if shorten else None
    _replan(loan, rows, on, owed - principal, _days(future), new_row, kept)
    first = future[0]
    first.principal_minor += principal
    fee = amount.amount_minor - principal
    first.fees_minor += fee
    first.settled_on = None
    return Allocation({first.nr: {Part.PRINCIPAL: principal, **({Part.FEES: fee} if fee else {})}})


def reset_rate(loan: Loan, rows: list[Instalment], rate_bps: int, on: date, new_row: NewRow) -> None:
    """Let the loan bear another rate from this day; what has run up stays at the old one."""
    loan.rate_bps = rate_bps
    future = running(rows, on)
    if future:
        _replan(loan, rows, on, unpaid_principal(future), _days(future), new_row)


def extend(loan: Loan, rows: list[Instalment], months: int, rate_bps: int, on: date, new_row: NewRow) -> None:
    """More time without repaying first (无还本续贷): a served loan runs so many months longer at the agreed rate."""
    require(loan.status is LoanStatus.PERFORMING, WrongStatus(current=loan.status.value, wanted="extension"))
    require(not in_arrears(rows, on), ArrearsFirst())
    future = _future(rows, on)
    _lengthen(loan, months)
    loan.rate_bps = rate_bps
    days = _later_days(loan, _days(future), months)
    _replan(loan, rows, on, unpaid_principal(future), days, new_row)


def restructure(
    loan: Loan, rows: list[Instalment], wanted: Restructuring, on: date, new_row: NewRow
) -> dict[Part, int]:
    """Lay an overdue or endangered loan out anew; arrears of interest and charges become principal or wait.

    Answers what was capitalised, part by part, in minor units.
    """
    require(loan.status in RUNNING, WrongStatus(current=loan.status.value, wanted="restructuring"))
    late, future = in_arrears(rows, on), running(rows, on)
    moved = unpaid_principal(late)
    arrears = {
        part: sum(one.owed.open[part] for one in late) for part in (Part.PENALTY, Part.FEES, Part.INTEREST)
    }  # fmt: skip
    _lengthen(loan, wanted.more_months)
    loan.rate_bps, loan.method = wanted.rate_bps, wanted.method
    days = _later_days(loan, _days(future) or [loan.matures_on or on], wanted.more_months, after=on)
    require(bool(days), NothingToPlan())
    capitalised = sum(arrears.values()) if wanted.capitalises else 0
    owed = unpaid_principal(future) + moved
    _close_late(late, on, paid=wanted.capitalises)
    _replan(loan, rows, on, owed + capitalised, days, new_row, grace=wanted.grace_periods)
    if wanted.capitalises:
        loan.principal += Money(capitalised, loan.currency)
        loan.outstanding += Money(capitalised, loan.currency)
    else:
        _wait(running(rows, on)[0], arrears)
    worst = loan.loan_class if loan.loan_class.is_non_performing else LoanClass.SPECIAL_MENTION
    loan.judged_class = max(worst, loan.judged_class or LoanClass.NORMAL, key=ORDER.index)
    return arrears if wanted.capitalises else {}


def _future(rows: Sequence[Instalment], on: date) -> list[Instalment]:
    future = running(rows, on)
    require(bool(future), NothingToPlan())
    return future


def _days(rows: Iterable[Instalment]) -> list[date]:
    return [one.due_on for one in rows]


def _lengthen(loan: Loan, months: int) -> None:
    require(loan.term_months + months <= LONGEST_LOAN_MONTHS, TooLong())
    loan.term_months += months


def _later_days(loan: Loan, days: list[date], months: int, after: date | None = None) -> list[date]:
    """The due days still to come and those of the added months; a loan repaid at maturity has one day only."""
    last = days[-1]
    calendar, following = find_calendar(LoanTerms.calendar), Convention.FOLLOWING
    assert calendar is not None
    if loan.method is RepaymentMethod.AT_MATURITY:
        return [calendar.adjust(add_months(max(last, after or last), months), following)] if months else days
    seed = max(last, after) if after else last
    every = min(loan.every_months, months) or loan.every_months
    rhythm = Rhythm(seed, every, Frequency.MONTHS, months // every, calendar=calendar, convention=following)
    kept = [day for day in days if after is None or day > after]
    return kept + [day for day in rhythm.due_dates() if day > last]


def _replan(
    loan: Loan,
    rows: list[Instalment],
    on: date,
    principal: int,
    days: Sequence[date],
    new_row: NewRow,
    kept: int | None = None,
    grace: int = 0,
) -> None:
    rest = Rest(
        on=on,
        principal=principal,
        rate_bps=loan.rate_bps,
        method=loan.method,
        due_dates=days,
        kept_instalment=kept,
        grace_periods=grace,
    )
    replan(rows, rest, new_row)
    loan.matures_on = max(one.due_on for one in rows if one.settled_on is None)


def _close_late(late: Iterable[Instalment], on: date, paid: bool) -> None:
    """The old instalments end: their principal moves on; their arrears count as paid by new principal, or move on too."""
    for one in late:
        one.principal_minor = one.paid_principal_minor
        if paid:
            one.paid_interest_minor, one.paid_fees_minor = one.interest_minor, one.fees_minor
            one.paid_penalty_minor = one.penalty_minor
        else:
            one.interest_minor, one.fees_minor = one.paid_interest_minor, one.paid_fees_minor
            one.penalty_minor = one.paid_penalty_minor
        one.settled_on = on


def _wait(first: Instalment, arrears: dict[Part, int]) -> None:
    first.interest_minor += arrears[Part.INTEREST]
    first.carried_minor += arrears[Part.INTEREST]
    first.fees_minor += arrears[Part.FEES]
    first.penalty_minor += arrears[Part.PENALTY]
