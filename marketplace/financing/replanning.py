"""Laying the rest of a running loan out anew: after a prepayment, a draw, an extension, a new rate, a restructuring.

Pure: it changes the instalments it is given and touches nothing else. Interest that has run up by the day stays due with
the running instalment; from that day interest counts on the new balance. Principal is conserved: what the rows hold
after is what they held before, less what moved out, plus what came in.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP
from fractions import Fraction

from marketplace.financing.loan_terms import RepaymentMethod
from marketplace.financing.loans import Instalment
from marketplace.financing.repayments import run_up
from marketplace.financing.rounding import round_fraction
from marketplace.financing.schedules import instalment_of

NewRow = Callable[[int, date, date], Instalment]
"""Makes an empty instalment from its number, first day and due day."""
DAYS_A_MONTH = Fraction(36525, 1200)


@dataclass(frozen=True, kw_only=True)
class Rest:
    """How the rest of a loan is paid: principal in minor units, rate in basis points, the due days still to come."""

    on: date
    principal: int
    rate_bps: int
    method: RepaymentMethod
    due_dates: Sequence[date]
    kept_instalment: int | None = None
    grace_periods: int = 0


def running(rows: Sequence[Instalment], on: date) -> list[Instalment]:
    """The unpaid instalments that fall due after the day."""
    return [one for one in rows if one.settled_on is None and one.due_on > on]


def in_arrears(rows: Sequence[Instalment], on: date) -> list[Instalment]:
    """The unpaid instalments that are due by the day."""
    return [one for one in rows if one.settled_on is None and one.due_on <= on]


def unpaid_principal(rows: Sequence[Instalment]) -> int:
    """The principal these instalments still hold."""
    return sum(one.principal_minor - one.paid_principal_minor for one in rows)


def instalment_now(rows: Sequence[Instalment], rate_bps: int, method: RepaymentMethod, on: date) -> int | None:
    """What the borrower pays each period as things stand; none where principal is paid only at the end."""
    future = running(rows, on)
    principal = unpaid_principal(future)
    if method is RepaymentMethod.EQUAL_INSTALMENTS:
        factors = [_factor(one.begins_on, one.due_on, rate_bps) for one in future]
        return round_fraction(instalment_of(principal, factors), ROUND_HALF_UP)
    return -(-principal // len(future)) if method is RepaymentMethod.EQUAL_PRINCIPAL else None


def replan(rows: list[Instalment], rest: Rest, new_row: NewRow) -> None:
    """Lay the rest out over its due days; rows no longer needed are closed, missing ones are added."""
    future = running(rows, rest.on)
    begins = future[0].begins_on if future else rest.on
    carried = run_up(future[0], rest.on) if future else 0
    amounts = _amounts(rest, _factors(rest, begins))
    number = max((one.nr for one in rows), default=0)
    for index, (due, (principal, interest)) in enumerate(zip(rest.due_dates, amounts, strict=True)):
        if index >= len(future):
            number += 1
            future.append(new_row(number, begins, due))
            rows.append(future[-1])
        _set(future[index], begins, due, principal, interest)
        if index == 0:
            _carry(future[0], carried, max(rest.on, begins))
        future[index].interest_minor = max(future[index].interest_minor, future[index].paid_interest_minor)
        if future[index].open_minor == 0:
            future[index].settled_on = rest.on
        begins = due
    for one in future[len(rest.due_dates) :]:
        one.principal_minor, one.interest_minor = one.paid_principal_minor, one.paid_interest_minor
        one.settled_on = rest.on if one.open_minor == 0 else None


def _set(row: Instalment, begins: date, due: date, principal: int, interest: int) -> None:
    row.begins_on, row.due_on, row.counts_from, row.carried_minor = begins, due, begins, 0
    row.principal_minor = row.paid_principal_minor + principal
    row.interest_minor = interest


def _carry(row: Instalment, carried: int, on: date) -> None:
    """What has run up stays owed; the rest of the period counts from the day of the change."""
    row.interest_minor += carried
    row.carried_minor, row.counts_from = carried, on


def _factors(rest: Rest, begins: date) -> list[Fraction]:
    """The factor of each period; of the running one only the days that remain."""
    factors, low = [], begins
    for due in rest.due_dates:
        factors.append(_factor(low, due, rest.rate_bps))
        low = due
    first = rest.due_dates[0]
    if begins < rest.on:
        factors[0] *= Fraction((first - rest.on).days, (first - begins).days)
    return factors


def _factor(begins: date, due: date, rate_bps: int) -> Fraction:
    """The rate of a period by its whole months, each a twelfth of a year."""
    months = max(round_fraction((due - begins).days / DAYS_A_MONTH, ROUND_HALF_UP), 1)
    return Fraction(rate_bps * months, 120_000)


def _amounts(rest: Rest, factors: Sequence[Fraction]) -> list[tuple[int, int]]:
    grace = min(rest.grace_periods, len(factors) - 1)
    wanted = rest.kept_instalment
    if wanted is None and rest.method is RepaymentMethod.EQUAL_INSTALMENTS:
        wanted = round_fraction(instalment_of(rest.principal, factors[grace:]), ROUND_HALF_UP)
    if wanted is None and rest.method is RepaymentMethod.EQUAL_PRINCIPAL:
        wanted = round_fraction(Fraction(rest.principal, len(factors) - grace), ROUND_HALF_UP)
    amounts, balance = [], rest.principal
    for index, factor in enumerate(factors):
        interest = round_fraction(balance * factor, ROUND_HALF_UP)
        principal = 0 if wanted is None or index < grace else wanted
        if rest.method is RepaymentMethod.EQUAL_INSTALMENTS and principal:
            principal -= interest
        principal = balance if index == len(factors) - 1 else min(max(principal, 0), balance)
        amounts.append((principal, interest))
        balance -= principal
    return amounts
