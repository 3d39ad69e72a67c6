"""What closed deals between unrelated parties teach: the level, how far each fact moves a price, and the doubt.

A normal law over the level and over one multiplier for each factor. Before any deal it stands where the published
benchmarks and the factor file stand; every deal moves it by its weight. With fewer than 50 deals the doubt of single
prices is what all segments' indications missed together (the benchmarks' while those too are few); from 50 on it is how far these deals missed, conformal, each judged without itself.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from marketplace.valuation.benchmarks import NORMAL_P90, PriceLevel, within_class
from marketplace.valuation.price_factors import Factor
from marketplace.valuation.price_intervals import POOL_BELOW

MULTIPLIER_SD = 0.5
"""Doubt of each factor's published or judged weight, as a share of it, before any deal."""
MULTIPLIER_MOST = 3.0
COVERAGE = 0.8


@dataclass(frozen=True)
class Learned:
    """The level and the factors' multipliers after the deals."""

    level: PriceLevel
    multipliers: dict[str, float]
    borrowed_doubt: float = 0.0
    """Doubt added because the deals were closed for another purpose."""

    def scaled(self, factors: Sequence[Factor]) -> tuple[Factor, ...]:
        """The factors as the deals teach them; never turned around, so more life never costs."""
        if not self.multipliers:
            return tuple(factors)
        return tuple(
            replace(one, value=one.value * share, low=one.low * share, high=one.high * share)
            for one in factors
            for share in (self.multipliers.get(one.name, 1.0),)
        )


def learn_from_sales(level: PriceLevel, sales: Sequence[dict[str, Any]], pooled: float | None = None) -> Learned:
    """The level and multipliers after closed deals, each given as log price and its own factors' values.

    ``pooled`` is the doubt of one price learned from all segments; one with fewer than 50 deals of its own borrows it.
    """
    if not sales:
        return Learned(_borrowing(level, pooled), {})
    names = sorted({name for sale in sales for name in sale["factors"]})
    inputs = np.array([[1.0, *(sale["factors"].get(name, 0.0) for name in names)] for sale in sales])
    prices = np.array([sale["log_price"] for sale in sales])
    borrowed = max(sale.get("doubt", 0.0) for sale in sales)
    within = math.hypot(within_class(), borrowed)
    prior = np.array([level.log_mean, *([1.0] * len(names))])
    doubt = np.array([max(level.log_sd**2 - within**2, 0.01), *([MULTIPLIER_SD**2] * len(names))])
    spread = np.linalg.inv(np.diag(1 / doubt) + inputs.T @ inputs / within**2)
    found = prior + spread @ inputs.T @ (prices - inputs @ prior) / within**2
    few = within if pooled is None else math.hypot(pooled, borrowed)
    single = _single_price_sd(inputs, prices - inputs @ found, spread / within**2, few, borrowed)
    sources = (*level.sources, {"deals": str(len(sales)), "source": "", "grade": "A", "date": ""})
    learned = PriceLevel(
        level.currency,
        round(float(found[0]), 12),
        round(math.sqrt(single**2 + float(spread[0, 0])), 12),
        sources,
    )
    shares = {
        name: round(min(max(float(share), 0.0), MULTIPLIER_MOST), 9)
        for name, share in zip(names, found[1:], strict=True)
    }
    return Learned(learned, shares, borrowed)


def _borrowing(level: PriceLevel, pooled: float | None) -> PriceLevel:
    """The level before any own deal, with the doubt of one price as all segments showed it."""
    if pooled is None:
        return level
    between = max(level.log_sd**2 - within_class() ** 2, 0.01)
    return replace(level, log_sd=round(math.sqrt(between + pooled**2), 12))


def _single_price_sd(inputs: Any, missed: Any, leverage: Any, few: float, borrowed: float) -> float:
    """The doubt of one price: the borrowed one while deals are few, then what held 80 % of the deals themselves."""
    if len(missed) < POOL_BELOW:
        return few
    alone = np.abs(missed / np.maximum(1 - np.einsum("ij,jk,ik->i", inputs, leverage, inputs), 0.05))
    return math.hypot(conformal_sd(alone), borrowed)


def conformal_sd(missed: Any) -> float:
    """The log spread whose P10 to P90 holds 80 % of these absolute misses, with the conformal correction for few."""
    position = min(math.ceil((len(missed) + 1) * COVERAGE), len(missed)) - 1
    return max(float(np.sort(missed)[position]) / NORMAL_P90, 0.1)
