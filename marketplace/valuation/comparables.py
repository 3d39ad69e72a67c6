"""The market approach: prices of the nearest sold rights, each brought to the valued one by shown adjustments."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NEAREST = 8
SIZE_ELASTICITY = 0.15
"""Price per right falls as packages grow: log price per right per log count (judgement; grade E)."""
YEARLY_DRIFT = 0.0
"""No drift of prices over time is assumed: published series move both ways."""
AGE_SLOPE = 0.05
"""Log price per year of remaining life of difference (judgement; grade E)."""
AGE_LIMIT = 10.0
SMALLEST_SPREAD = 0.6
"""Comparables never make a value surer than this log spread: one right is never another."""
FIELD_WORTH = ((4, 1.0), (3, 0.5), (1, 0.2))
"""What a shared subclass, class or section of the classification is worth; the longest that is shared counts."""


@dataclass(frozen=True)
class Sold:
    """A right or package whose price is known: words that describe it, its size, remaining life and day."""

    reference: str
    words: str
    fields: tuple[str, ...]
    count: int
    log_price: float  # per right
    years_left: float | None
    day: int  # ordinal


@dataclass(frozen=True)
class Subject:
    """The right to be valued, described as sold rights are."""

    words: str
    fields: tuple[str, ...]
    count: int
    years_left: float | None
    day: int


@dataclass(frozen=True)
class Comparable:
    """One sold right with every adjustment that brings it to the valued one."""

    reference: str
    log_price: float
    similarity: float
    adjustments: tuple[tuple[str, float], ...]

    @property
    def adjusted(self) -> float:
        """Log price after adjustments."""
        return self.log_price + math.fsum(value for _name, value in self.adjustments)


@dataclass(frozen=True)
class MarketValue:
    """The weighted middle of the nearest sold rights and their spread, in logs."""

    log_mean: float
    log_sd: float
    used: tuple[Comparable, ...]


def compare(subject: Subject, sold: Sequence[Sold]) -> MarketValue | None:
    """Value by the nearest sold rights; nothing sold gives no value."""
    ranked = sorted(((-similarity(subject, one), one.reference, at) for at, one in enumerate(sold)))[:NEAREST]
    if not ranked:
        return None
    used = tuple(_comparable(subject, sold[at], -likeness) for likeness, _reference, at in ranked)
    weights = [comparable.similarity for comparable in used]
    total = math.fsum(weights)
    mean = math.fsum(weight * one.adjusted for weight, one in zip(weights, used, strict=True)) / total
    variance = math.fsum(weight * (one.adjusted - mean) ** 2 for weight, one in zip(weights, used, strict=True)) / total
    spread = math.sqrt(max(variance * (1 + 1 / len(used)), SMALLEST_SPREAD**2))
    return MarketValue(mean, spread * math.sqrt(1 + 1 / len(used)), used)


def _comparable(subject: Subject, one: Sold, likeness: float) -> Comparable:
    size = -SIZE_ELASTICITY * (math.log(max(subject.count, 1)) - math.log(max(one.count, 1)))
    time = YEARLY_DRIFT * (subject.day - one.day) / 365.25
    age = 0.0
    if subject.years_left is not None and one.years_left is not None:
        apart = max(-AGE_LIMIT, min(AGE_LIMIT, subject.years_left - one.years_left))
        age = AGE_SLOPE * apart
    return Comparable(one.reference, one.log_price, likeness, (("size", size), ("time", time), ("age", age)))


def similarity(subject: Subject, one: Sold) -> float:
    """How alike two rights are, from 0.1 (nothing shared) to 1: words, field, and nearness in time."""
    words = _overlap(_pieces(subject.words), _pieces(one.words))
    fields = _field_overlap(subject.fields, one.fields)
    years = abs(subject.day - one.day) / 365.25
    return 0.1 + 0.4 * words + 0.35 * fields + 0.15 * math.exp(-years / 3)


@lru_cache(maxsize=5_000)
def _pieces(text: str) -> frozenset[str]:
    plain = "".join(re.findall(r"[a-z0-9\u4e00-\u9fff]+", text.lower()))
    return frozenset(plain[start : start + 3] for start in range(max(len(plain) - 2, 0)))


def _overlap(first: frozenset[str], second: frozenset[str]) -> float:
    shared = len(first & second)
    union = len(first) + len(second) - shared
    return shared / union if union else 0.0


def _field_overlap(first: tuple[str, ...], second: tuple[str, ...]) -> float:
    """1 for a shared subclass, 0.5 for a shared class, 0.2 for a shared section."""
    for length, worth in FIELD_WORTH:
        if {code[:length] for code in first} & {code[:length] for code in second}:
            return worth
    return 0.0
