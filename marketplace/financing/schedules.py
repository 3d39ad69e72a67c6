"""Repayment schedules: what is due when, in exact minor units.

Equal instalments (等额本息): P·∏(1+fᵢ) ÷ Σ…; equal principal (等额本金): P/n; bullet: interest, then all principal at
the end; flat: interest always on the original principal; a balloon stays for the last instalment; custom: the principal
of each instalment as agreed. The last instalment takes what rounding left.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction
from math import prod

from marketplace.financing.due_dates import Rhythm
from marketplace.financing.period_rates import RateConvention
from marketplace.financing.rounding import Rounding, round_fraction


class Repayment(StrEnum):
    """How the principal comes back."""

    EQUAL_INSTALLMENTS = "EQUAL_INSTALLMENTS"
    EQUAL_PRINCIPAL_PAYMENTS = "EQUAL_PRINCIPAL_PAYMENTS"
    BULLET = "BULLET"
    BULLET_WITH_INTEREST = "BULLET_WITH_INTEREST"
    CUSTOM = "CUSTOM"


class InterestMethod(StrEnum):
    """On what interest is counted: on what is still owed, or always on the whole loan."""

    DECLINING_BALANCE = "DECLINING_BALANCE"
    FLAT = "FLAT"


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
    balloon: int = 0
    principals: tuple[int, ...] = ()
    instalment_fee: int = 0
    compounds: bool = False

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
    fees: int = 0

    @property
    def total(self) -> int:
        """What is to be paid on that day."""
        return self.principal + self.interest + self.fees


def _whole_factor(plan: Plan) -> Fraction:
    """The factor of the whole term: the sum of its periods, or with interest on interest their product."""
    factors = plan.rates.factors([plan.rhythm.start, *plan.rhythm.due_dates()], plan.rhythm.irregular())
    return (
        prod((1 + factor for factor in factors), start=Fraction(1)) - 1 if plan.compounds else sum(factors, Fraction(0))
    )


Amounts = tuple[int, int]
"""Principal and interest of one period."""


def plan_schedule(plan: Plan) -> list[Row]:
    """The schedule of a loan: principal sums to the loan and the balance ends at zero."""
    dates = [plan.rhythm.start, *plan.rhythm.due_dates()]
    if plan.repayment is Repayment.BULLET_WITH_INTEREST:
        dates = [dates[0], dates[-1]]
        plan = replace(plan, principal_grace=0, interest_payment_grace=0, interest_free=0)
        factors = [_whole_factor(plan)]
        plan = replace(plan, rhythm=replace(plan.rhythm, count=1))
    else:
        factors = plan.rates.factors(dates, plan.rhythm.irregular())
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
        rows.append(Row(len(rows) + 1, ends, (ends - begins).days, principal, interest, balance, plan.instalment_fee))
    return rows


def instalment_of(balance: int, factors: Sequence[Fraction], balloon: int = 0) -> Fraction:
    """The exact equal instalment that leaves the balloon: (P·∏(1+fᵢ) − B) ÷ (1 + Σ of the trailing products)."""
    product, denominator = Fraction(1), Fraction(0)
    for factor in reversed(factors):
        denominator += product
        product *= 1 + factor
    return (balance * product - balloon) / denominator


def _equal_instalments(plan: Plan, factors: Sequence[Fraction]) -> list[Amounts]:
    grace = plan.principal_grace
    instalment = plan.rounding.instalment(instalment_of(plan.financed, factors[grace:], plan.balloon))
    amounts = _pay_instalments(plan, factors, instalment)
    return _respread(plan, factors, instalment, amounts) if plan.respread else amounts


def _respread(plan: Plan, factors: Sequence[Fraction], instalment: int, amounts: list[Amounts]) -> list[Amounts]:
    """Move the instalment a little while that brings the last one closer to the others, three times at most."""
    periods = plan.paying
    for _attempt in range(3):
        difference = sum(amounts[-1]) - plan.balloon - instalment
        if periods < 2 or abs(difference) <= periods // 2:
            break
        moved = plan.rounding.instalment(
            Fraction(instalment + round_fraction(Fraction(difference, periods), plan.rounding.mode))
        )
        if moved == instalment:
            break
        candidate = _pay_instalments(plan, factors, moved)
        if abs(sum(candidate[-1]) - plan.balloon - moved) >= abs(difference):
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
        principal = 0 if in_grace else min(instalment - paid_interest, balance - plan.balloon)
        balance -= principal
        amounts.append((principal, paid_interest))
    return amounts


def _planned_principal(plan: Plan, factors: Sequence[Fraction]) -> list[Amounts]:
    """The principal of each period as planned, with interest on what is still owed."""
    amounts, balance = [], plan.financed
    for principal, factor in zip(_principals(plan), factors, strict=True):
        amounts.append((principal, plan.rounding.amount(balance * factor)))
        balance -= principal
    return amounts


def _principals(plan: Plan) -> list[int]:
    """Equal principal, all of it at the end, or as agreed; the last period takes the balloon and what rounding left."""
    count = plan.rhythm.count
    if plan.repayment is Repayment.BULLET_WITH_INTEREST:
        count = 1
    if plan.repayment is Repayment.CUSTOM:
        wanted = [*plan.principals, *[0] * count][:count]
    elif plan.repayment is Repayment.EQUAL_PRINCIPAL_PAYMENTS:
        share = plan.rounding.amount(Fraction(plan.financed - plan.balloon, plan.paying))
        wanted = [0] * plan.principal_grace + [share] * plan.paying
    else:
        wanted = [0] * count
    principals, balance = [], plan.financed
    for index, principal in enumerate(wanted):
        paid = balance if index == count - 1 else min(principal, balance - plan.balloon)
        principals.append(paid)
        balance -= paid
    return principals


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
        paid = plan.financed - plan.balloon + sum(interests[grace:])
        instalment = plan.rounding.instalment(Fraction(paid, plan.paying))
        principals = [0] * grace + [max(instalment - interest, 0) for interest in interests[grace:]]
    else:
        principals = _principals(plan)
    return _close(plan, principals, interests)


def _close(plan: Plan, principals: list[int], interests: list[int]) -> list[Amounts]:
    amounts, balance = [], plan.financed
    for index, (principal, interest) in enumerate(zip(principals, interests, strict=True)):
        principal = balance if index == len(principals) - 1 else min(principal, balance - plan.balloon)
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
