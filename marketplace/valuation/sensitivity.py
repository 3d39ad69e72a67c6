"""What would change the answer: each fact or assumption swung to its ends, and the range as years go by.

Only the middle moves in a swing; everything else stays as it was. Weights do not depend on facts, so a swing is exact.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from marketplace.valuation.benchmarks import NORMAL_P90
from marketplace.valuation.income import RoyaltyCase, relief_from_royalty
from marketplace.valuation.price_factors import DAYS_OF_YEAR, Factor, KnownFacts, factor_ends, life_effect
from marketplace.valuation.reconciliation import Reconciled, money_of_log

YEARLY_MARKET_LOG_SD = 0.2
"""How far the level of prices may wander in one year: judgement (grade E), shown with the picture."""
MOST_YEARS = 10
REVENUE_SWING, DISCOUNT_SWING = 0.5, 0.05
"""Stated revenue is swung by half, the discount rate by five points either way."""


@dataclass(frozen=True)
class Swing:
    """The middle value with one thing at its worst and at its best."""

    name: str
    log_low: float
    log_high: float


def factor_swings(factors: Sequence[Factor], multipliers: dict[str, float], weight: float) -> list[Swing]:
    """How far each fact of the right could move the middle, from the worst it may be to the best."""
    swings = []
    for factor in factors:
        share = multipliers.get(factor.name, 1.0)
        low, high = (end * share for end in factor_ends(factor.name))
        swings.append(Swing(factor.name, weight * (low - factor.value), weight * (high - factor.value)))
    return swings


def income_swings(case: RoyaltyCase, band: tuple[float, float], weight: float) -> list[Swing]:
    """How far revenue, royalty and discount rate could move the middle through the income approach."""

    def moved(**changes: float) -> float:
        middle = RoyaltyCase(**{**vars(case), "royalty": sum(band) / 2})
        return weight * math.log(
            relief_from_royalty(RoyaltyCase(**{**vars(middle), **changes})) / relief_from_royalty(middle)
        )

    higher, lower = case.discount + DISCOUNT_SWING, max(case.discount - DISCOUNT_SWING, 0.01)
    return [
        Swing("royalty", moved(royalty=band[0]), moved(royalty=band[1])),
        Swing(
            "revenue",
            moved(revenue=case.revenue * (1 - REVENUE_SWING)),
            moved(revenue=case.revenue * (1 + REVENUE_SWING)),
        ),
        Swing("discount", moved(discount=higher), moved(discount=lower)),
    ]


def tornado(swings: Sequence[Swing], log_middle: float, currency: str) -> list[dict[str, Any]]:
    """The swings as amounts, widest first; what cannot move anything is left out."""
    kept = [swing for swing in swings if swing.log_high - swing.log_low > 1e-6]
    kept.sort(key=lambda swing: (swing.log_low - swing.log_high, swing.name))
    return [
        {
            "name": swing.name,
            "low_minor": money_of_log(log_middle + swing.log_low, currency).amount_minor,
            "high_minor": money_of_log(log_middle + swing.log_high, currency).amount_minor,
        }
        for swing in kept
    ]


def fan(joint: Reconciled, facts: KnownFacts, on: date, multiplier: float, currency: str) -> list[dict[str, Any]]:
    """P10, P50 and P90 on each coming anniversary if only time passes: life is used up and the market may wander."""
    if facts.expires_on is None:
        return []
    low, middle, high = joint.log_ends
    today = life_effect(facts.expires_on, on) or 0.0
    rows = []
    for year in range(MOST_YEARS + 1):
        then = on + timedelta(days=round(year * DAYS_OF_YEAR))
        if then >= facts.expires_on:
            rows.append({"year": year, "low_minor": 0, "middle_minor": 0, "high_minor": 0})
            break
        moved = ((life_effect(facts.expires_on, then) or 0.0) - today) * multiplier
        wander = NORMAL_P90 * YEARLY_MARKET_LOG_SD * math.sqrt(year)
        ends = (-math.hypot(middle - low, wander), 0.0, math.hypot(high - middle, wander))
        amounts = [money_of_log(middle + moved + end, currency).amount_minor for end in ends]
        rows.append({"year": year} | dict(zip(("low_minor", "middle_minor", "high_minor"), amounts, strict=True)))
    return rows
