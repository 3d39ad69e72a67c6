"""What a loan really costs a year: the rate at which everything paid out equals everything paid back.

Rate r solves Σ amountᵢ ÷ (1+r)^(daysᵢ/365) = 0 over the dated cash flows, as in XIRR and the annual percentage rate of
EU Directive 2008/48; found by bracketing in decimal arithmetic to 10⁻¹⁰.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext

from marketplace.core.errors import Refused
from marketplace.core.i18n import _l
from marketplace.core.money import Money

TOLERANCE = Decimal("1e-11")
LOWEST, HIGHEST = Decimal("-0.9999"), Decimal(1_000_000)


class NoEffectiveRate(Refused):
    """The cash flows have no rate: they never change sign."""

    message = _l("These payments have no yearly rate: nothing is lent or nothing is paid back.")


@dataclass(frozen=True)
class CashFlow:
    """One payment; money the borrower receives is positive, money the borrower pays is negative."""

    on: date
    amount: Money


def effective_annual_rate(flows: Sequence[CashFlow]) -> Decimal:
    """The effective annual rate as a fraction (0.0512 is 5.12 %); refuses flows that never change sign."""
    if not any(flow.amount.amount_minor > 0 for flow in flows) or not any(f.amount.amount_minor < 0 for f in flows):
        raise NoEffectiveRate()
    first = min(flow.on for flow in flows)
    terms = [(Decimal((flow.on - first).days) / 365, Decimal(flow.amount.amount_minor)) for flow in flows]
    with localcontext() as context:
        context.prec = 34
        return _solve(terms).quantize(Decimal("1e-10"))


def effective_rate_bps(flows: Sequence[CashFlow]) -> int:
    """The effective annual rate in whole basis points."""
    return int((effective_annual_rate(flows) * 10_000).quantize(Decimal(1)))


def _present_value(terms: Sequence[tuple[Decimal, Decimal]], rate: Decimal) -> Decimal:
    log = (1 + rate).ln()
    return sum((amount * (-years * log).exp() for years, amount in terms), Decimal(0))


def _solve(terms: Sequence[tuple[Decimal, Decimal]]) -> Decimal:
    """Illinois false position inside a bracket that always holds the root."""
    low, high = _bracket(terms)
    at_low, at_high = _present_value(terms, low), _present_value(terms, high)
    side = 0
    for _step in range(300):
        middle = (low * at_high - high * at_low) / (at_high - at_low) if at_high != at_low else (low + high) / 2
        at_middle = _present_value(terms, middle)
        if at_middle == 0 or abs(high - low) < TOLERANCE:
            return middle
        if (at_middle > 0) == (at_high > 0):
            if abs(high - middle) < TOLERANCE / 10 and side == -1:
                return middle
            high, at_high = middle, at_middle
            at_low = at_low / 2 if side == -1 else at_low
            side = -1
        else:
            if abs(middle - low) < TOLERANCE / 10 and side == 1:
                return middle
            low, at_low = middle, at_middle
            at_high = at_high / 2 if side == 1 else at_high
            side = 1
    return (low + high) / 2


def _bracket(terms: Sequence[tuple[Decimal, Decimal]]) -> tuple[Decimal, Decimal]:
    """Two rates around the root nearest to zero."""
    at_zero = _present_value(terms, Decimal(0))
    if at_zero == 0:
        return Decimal("-0.0001"), Decimal("0.0001")
    step, edge_up, edge_down = Decimal("0.05"), Decimal(0), Decimal(0)
    while edge_up < HIGHEST or edge_down > LOWEST:
        up = min(edge_up + step, HIGHEST)
        if (_present_value(terms, up) > 0) != (at_zero > 0):
            return edge_up, up
        down = max(-1 + (1 + edge_down) * Decimal("0.9"), LOWEST)
        if (_present_value(terms, down) > 0) != (at_zero > 0):
            return down, edge_down
        edge_up, edge_down, step = up, down, step * 2
    raise NoEffectiveRate()
