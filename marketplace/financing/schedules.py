"""Repayment schedules: what is due when, in exact minor units.

Equal instalments (等额本息): P·∏(1+fᵢ) ÷ Σ…; equal principal (等额本金): P/n; bullet: interest, then all principal at
the end; flat: interest always on the original principal. The last instalment takes what rounding left.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP
from enum import StrEnum
from fractions import Fraction

from marketplace.financing.due_dates import Rhythm
from marketplace.financing.period_rates import RateConvention


class Repayment(StrEnum):
    """How the principal comes back."""

    EQUAL_INSTALLMENTS = "EQUAL_INSTALLMENTS"
    EQUAL_PRINCIPAL_PAYMENTS = "EQUAL_PRINCIPAL_PAYMENTS"
    BULLET = "BULLET"
    BULLET_WITH_INTEREST = "BULLET_WITH_INTEREST"


class InterestMethod(StrEnum):
    """On what interest is counted: on what is still owed, or always on the whole loan."""

    DECLINING_BALANCE = "DECLINING_BALANCE"
    FLAT = "FLAT"


@dataclass(frozen=True)
class Rounding:
    """To which grain amounts are rounded, and how; the grain is in minor units."""

    mode: str = ROUND_HALF_EVEN
    grain: int = 1
    instalment_multiple: Fraction | None = None
    multiples_round_up: bool = False

    def amount(self, exact: Fraction) -> int:
        """The amount to the grain of the currency."""
        return int(round_fraction(exact / self.grain, self.mode) * self.grain)

    def instalment(self, exact: Fraction) -> int:
        """The instalment, to its agreed multiple where there is one."""
        multiple = self.instalment_multiple
        if multiple is None:
            return self.amount(exact)
        if self.multiples_round_up:
            return self.amount(round_fraction(exact / multiple, ROUND_CEILING) * multiple)
        return self.amount(round_fraction(exact / multiple, self.mode) * multiple)


def round_fraction(exact: Fraction, mode: str) -> int:
    """The whole number next to an exact fraction by a decimal rounding mode."""
    low, rest = divmod(exact.numerator, exact.denominator)
    if rest == 0:
        return low
    twice = 2 * rest - exact.denominator
    if mode == ROUND_HALF_EVEN:
        return low + (twice > 0 or (twice == 0 and low % 2 == 1))
    if mode == ROUND_HALF_UP:
        return low + (twice >= 0)
    return low + (mode == ROUND_CEILING) if exact >= 0 or mode != ROUND_DOWN else low + 1


@dataclass(frozen=True)
class Plan:
    """Everything a schedule follows from; amounts in minor units."""

    principal: int
    rhythm: Rhythm
    rates: RateConvention
    repayment: Repayment = Repayment.EQUAL_INSTALLMENTS
    interest_method: InterestMethod = InterestMethod.DECLINING_BALANCE
    rounding: Rounding = Rounding()
    down_payment: int = 0
    principal_grace: int = 0
    interest_payment_grace: int = 0
    interest_free: int = 0
    respread: bool = False

    @property
    def financed(self) -> int:
        """What is owed after the down payment."""
        return self.principal - self.down_payment

    @property
    def paying(self) -> int:
        """In how many periods principal is paid back."""
        return self.rhythm.count - self.principal_grace


@dataclass(frozen=True)
class Row:
    """One instalment, in minor units; balance is what is owed after it."""

    nr: int
    due_date: date
    days: int
    principal: int
    interest: int
    balance: int

    @property
    def total(self) -> int:
        """What is to be paid on that day."""
        return self.principal + self.interest


Amounts = tuple[int, int]
"""Principal and interest of one period."""


def plan_schedule(plan: Plan) -> list[Row]:
    """The schedule of a loan: principal sums to the loan and the balance ends at zero."""
    dates = [plan.rhythm.start, *plan.rhythm.due_dates()]
    if plan.repayment is Repayment.BULLET_WITH_INTEREST:
        dates = [dates[0], dates[-1]]
        plan = replace(plan, principal_grace=0, interest_payment_grace=0, interest_free=0)
        factors = [sum(plan.rates.factors([plan.rhythm.start, *plan.rhythm.due_dates()]), Fraction(0))]
        plan = replace(plan, rhythm=replace(plan.rhythm, count=1))
    else:
        factors = plan.rates.factors(dates)
    for index in range(plan.interest_free):
        factors[index] = Fraction(0)
    return _rows(plan, dates, _amounts(plan, factors))


def _amounts(plan: Plan, factors: Sequence[Fraction]) -> list[Amounts]:
    if plan.interest_method is InterestMethod.FLAT:
        amounts = _flat(plan, factors)
    elif plan.repayment is Repayment.EQUAL_INSTALLMENTS:
        amounts = _equal_instalments(plan, factors)
    else:
        amounts = _planned_principal(plan, factors)
    return _defer_interest(amounts, plan.interest_payment_grace)


def _rows(plan: Plan, dates: Sequence[date], amounts: Sequence[Amounts]) -> list[Row]:
    rows, balance = [], plan.principal
    if plan.down_payment:
        balance -= plan.down_payment
        rows.append(Row(1, plan.rhythm.start, 0, plan.down_payment, 0, balance))
    for begins, ends, (principal, interest) in zip(dates, dates[1:], amounts, strict=False):
        balance -= principal
        rows.append(Row(len(rows) + 1, ends, (ends - begins).days, principal, interest, balance))
    return rows


def instalment_of(balance: int, factors: Sequence[Fraction]) -> Fraction:
    """The exact equal instalment that pays a balance back: P·∏(1+fᵢ) ÷ (1 + Σ of the trailing products)."""
    product, denominator = Fraction(1), Fraction(0)
    for factor in reversed(factors):
        denominator += product
        product *= 1 + factor
    return balance * product / denominator


def _equal_instalments(plan: Plan, factors: Sequence[Fraction]) -> list[Amounts]:
    grace = plan.principal_grace
    instalment = plan.rounding.instalment(instalment_of(plan.financed, factors[grace:]))
    amounts = _pay_instalments(plan, factors, instalment)
    return _respread(plan, factors, instalment, amounts) if plan.respread else amounts


def _respread(plan: Plan, factors: Sequence[Fraction], instalment: int, amounts: list[Amounts]) -> list[Amounts]:
    """Move the instalment a little while that brings the last one closer to the others, three times at most."""
    periods = plan.paying
    for _attempt in range(3):
        difference = sum(amounts[-1]) - instalment
        if periods < 2 or abs(difference) <= periods // 2:
            break
        moved = plan.rounding.instalment(
            Fraction(instalment + round_fraction(Fraction(difference, periods), plan.rounding.mode))
        )
        if moved == instalment:
            break
        candidate = _pay_instalments(plan, factors, moved)
        if abs(sum(candidate[-1]) - moved) >= abs(difference):
            break
        instalment, amounts = moved, candidate
    return amounts


def _pay_instalments(plan: Plan, factors: Sequence[Fraction], instalment: int) -> list[Amounts]:
    amounts: list[Amounts] = []
    balance, unpaid = plan.financed, 0
    for index, factor in enumerate(factors):
        interest = plan.rounding.amount(balance * factor) + unpaid
        if index == len(factors) - 1:
            amounts.append((balance, interest))
            break
        in_grace = index < plan.principal_grace
        paid_interest = interest if in_grace else min(interest, instalment)
        unpaid = interest - paid_interest
        principal = 0 if in_grace else min(instalment - paid_interest, balance)
        balance -= principal
        amounts.append((principal, paid_interest))
    return amounts


def _planned_principal(plan: Plan, factors: Sequence[Fraction]) -> list[Amounts]:
    """Equal principal, or all of it at the end, with interest on what is still owed."""
    grace = plan.rhythm.count - 1 if plan.repayment is not Repayment.EQUAL_PRINCIPAL_PAYMENTS else plan.principal_grace
    share = plan.rounding.amount(Fraction(plan.financed, plan.rhythm.count - grace))
    amounts, balance = [], plan.financed
    for index, factor in enumerate(factors):
        principal = 0 if index < grace else min(share, balance)
        principal = balance if index == len(factors) - 1 else principal
        amounts.append((principal, plan.rounding.amount(balance * factor)))
        balance -= principal
    return amounts


def _flat(plan: Plan, factors: Sequence[Fraction]) -> list[Amounts]:
    """Interest on the whole loan in every period; without re-spreading its total is rounded once."""
    interests = [plan.rounding.amount(plan.financed * factor) for factor in factors]
    if not plan.respread:
        rest = plan.rounding.amount(plan.financed * sum(factors, Fraction(0)))
        for index, interest in enumerate(interests):
            interests[index] = rest if index == len(interests) - 1 else min(interest, rest)
            rest -= interests[index]
    if plan.repayment is Repayment.EQUAL_INSTALLMENTS:
        grace = plan.principal_grace
        paid = plan.financed + sum(interests[grace:])
        instalment = plan.rounding.instalment(Fraction(paid, plan.paying))
        principals = [0] * grace + [max(instalment - interest, 0) for interest in interests[grace:]]
    else:
        bare = replace(plan, rates=replace(plan.rates, annual_rate=Fraction(0)))
        principals = [principal for principal, _ in _planned_principal(bare, [Fraction(0)] * len(factors))]
    return _close(plan.financed, principals, interests)


def _close(financed: int, principals: list[int], interests: list[int]) -> list[Amounts]:
    amounts, balance = [], financed
    for index, (principal, interest) in enumerate(zip(principals, interests, strict=True)):
        principal = balance if index == len(principals) - 1 else min(principal, balance)
        amounts.append((principal, interest))
        balance -= principal
    return amounts


def _defer_interest(amounts: list[Amounts], grace: int) -> list[Amounts]:
    """Interest of the first periods is paid with the first instalment after them."""
    if not grace:
        return amounts
    deferred = sum(interest for _principal, interest in amounts[:grace])
    principal, interest = amounts[grace]
    return [(p, 0) for p, _ in amounts[:grace]] + [(principal, interest + deferred)] + amounts[grace + 1 :]
