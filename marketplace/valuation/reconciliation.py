"""Bringing approaches together: weights and why, a range that keeps their disagreement, and exact money at the end.

Values inside are natural logarithms of major units; money is made once, here, rounded half up to the minor unit.
"""

import math
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from marketplace.core.money import EXPONENTS, Money
from marketplace.valuation.benchmarks import NORMAL_P90

Floats = NDArray[np.float64]

REVIEW_SPREAD = 3.0
"""Approaches that differ by more than this factor ask for a human reviewer."""


@dataclass(frozen=True)
class Approach:
    """One approach's result: middle and spread of the log value, and how far unknown facts may move it."""

    name: str
    log_mean: float
    log_sd: float
    unknown_low: float = 0.0
    unknown_high: float = 0.0

    @property
    def ends(self) -> tuple[float, float, float]:
        """P10, P50 and P90 of the log value, unknown facts included."""
        reach = NORMAL_P90 * self.log_sd
        return self.log_mean - reach - self.unknown_low, self.log_mean, self.log_mean + reach + self.unknown_high


@dataclass(frozen=True)
class Reconciled:
    """The joint result of several approaches."""

    weights: dict[str, float]
    log_ends: tuple[float, float, float]
    spread: float
    needs_review: bool


def reconcile(approaches: list[Approach]) -> Reconciled:
    """Weigh by precision; keep each one's own doubt, their disagreement, and every unknown.

    Weights use the spread without unknown facts: a fact that is missing can widen the result and never narrow it.
    """
    precisions = {approach.name: 1 / approach.log_sd**2 for approach in approaches}
    total = math.fsum(precisions.values())
    weights = {name: precision / total for name, precision in precisions.items()}
    middle = math.fsum(weights[approach.name] * approach.log_mean for approach in approaches)
    variance = math.fsum(
        weights[approach.name] * (approach.log_sd**2 + (approach.log_mean - middle) ** 2) for approach in approaches
    )
    reach = NORMAL_P90 * math.sqrt(variance)
    low = math.fsum(weights[approach.name] * approach.unknown_low for approach in approaches)
    high = math.fsum(weights[approach.name] * approach.unknown_high for approach in approaches)
    means = [approach.log_mean for approach in approaches]
    spread = math.exp(max(means) - min(means))
    return Reconciled(weights, (middle - reach - low, middle, middle + reach + high), spread, spread > REVIEW_SPREAD)


def reconcile_many(means: Floats, sds: Floats, unknown_low: Floats, unknown_high: Floats) -> Floats:
    """``log_ends`` of ``reconcile`` for many rights at once: approach x right in, P10, P50 and P90 x right out."""
    weights = 1 / sds**2
    weights /= weights.sum(axis=0)
    middle = (weights * means).sum(axis=0)
    reach = NORMAL_P90 * np.sqrt((weights * (sds**2 + (means - middle) ** 2)).sum(axis=0))
    low, high = (weights * unknown_low).sum(axis=0), (weights * unknown_high).sum(axis=0)
    return np.stack([middle - reach - low, middle, middle + reach + high])


def minor_of_logs(log_values: Floats, currency: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Minor units of many log values, and where a value lies too near half a unit for this to be sure.

    Sums in another order may differ in their last digits (1e-12 is far more than they do), and ``money_of_log`` first
    rounds to six digits; wherever either could change the rounding, the value is marked and has to go through it.
    """
    units = 10 ** EXPONENTS[currency]
    scaled = np.exp(log_values) * units
    whole = np.floor(scaled + 0.5)
    unsure = np.abs(scaled - np.floor(scaled) - 0.5) <= np.maximum(1e-6 * units, scaled * 1e-12)
    return np.where(unsure, 0, whole).astype(np.int64), unsure


def money_of_log(log_value: float, currency: str) -> Money:
    """Money of a log value: the one door from floating point to exact amounts."""
    return Money.rounded(Decimal(repr(round(math.exp(log_value), 6))), currency)
