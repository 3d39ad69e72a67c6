"""The cost approach: what it would cost to make the right again, less what it has lost since. Major units, fractions."""

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l

COST_LOG_SD = 0.7
"""Doubt of cost as a measure of value: cost says what was spent, not what anybody would pay (assumption, grade E)."""


def replacement_cost(
    development: float, protection: float, years_used: float, years_left: float, profit: float = 0.0
) -> float:
    """(development + protection) x (1 + entrepreneur's profit) x share of life left (重置成本 x (1 - 贬值率))."""
    if min(development, protection, years_used, years_left, profit) < 0 or years_used + years_left <= 0:
        raise Malformed("cost", _l("Costs and years cannot be negative, and the right must have had some life."))
    return (development + protection) * (1 + profit) * years_left / (years_used + years_left)
