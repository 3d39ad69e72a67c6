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
    candidates = [_comparable(subject, one) for one in sold]
    candidates.sort(key=lambda comparable: (-comparable.similarity, comparable.reference))
    used = tuple(candidates[:NEAREST])
    if not used:
        return None
    weights = [comparable.similarity for comparable in used]
    total = math.fsum(weights)
    mean = math.fsum(weight * one.adjusted for weight, one in zip(weights, used, strict=True)) / total
    variance = math.fsum(weight * (one.adjusted - mean) ** 2 for weight, one in zip(weights, used, strict=True)) / total
    spread = math.sqrt(max(variance * (1 + 1 / len(used)), SMALLEST_SPREAD**2))
    return MarketValue(mean, spread * math.sqrt(1 + 1 / len(used)), used)


def compare_many(subjects: Sequence[Subject], sold: Sequence[Sold]) -> tuple[Floats, Floats]:
    """``log_mean`` and ``log_sd`` of ``compare`` for many rights of one day beside the same sold rights."""
    ordered = sorted(sold, key=lambda one: one.reference)
    likeness = _likeness(subjects, ordered)
    nearest = np.argsort(-likeness, axis=1, kind="stable")[:, :NEAREST]
    weights = np.take_along_axis(likeness, nearest, axis=1)
    years, sold_years = (np.array([one.years_left for one in each], dtype=float) for each in (subjects, ordered))
    apart = np.clip(years[:, None] - sold_years[nearest], -AGE_LIMIT, AGE_LIMIT)
    sizes, sold_sizes = (np.log([max(one.count, 1) for one in each]) for each in (subjects, ordered))
    prices = np.array([one.log_price for one in ordered])[nearest] + np.nan_to_num(AGE_SLOPE * apart)
    prices -= SIZE_ELASTICITY * (sizes[:, None] - sold_sizes[nearest])
    total = weights.sum(axis=1)
    mean = (weights * prices).sum(axis=1) / total
    variance = (weights * (prices - mean[:, None]) ** 2).sum(axis=1) / total
    more = 1 + 1 / nearest.shape[1]
    return mean, np.sqrt(np.maximum(variance * more, SMALLEST_SPREAD**2)) * math.sqrt(more)


def _likeness(subjects: Sequence[Subject], sold: Sequence[Sold]) -> Floats:
    """``similarity`` of every right to every sold one, by the same arithmetic."""
    words, sold_words = ([_pieces(one.words) for one in each] for each in (subjects, sold))
    shared = _shared(words, sold_words)
    union = np.array([len(one) for one in words])[:, None] + np.array([len(one) for one in sold_words]) - shared
    overlap = np.divide(shared, union, out=np.zeros(shared.shape), where=union > 0)
    near = np.array([math.exp(-abs(subjects[0].day - one.day) / 365.25 / 3) for one in sold])
    return np.asarray(0.1 + 0.4 * overlap + 0.35 * _field_overlaps(subjects, sold) + 0.15 * near)


def _field_overlaps(subjects: Sequence[Subject], sold: Sequence[Sold]) -> Floats:
    """``_field_overlap`` of every right and every sold one, from what each leading part of a code is worth."""
    parts: dict[tuple[int, str], Floats] = {}
    for at, one in enumerate(sold):
        for length, worth in FIELD_WORTH:
            for part in {code[:length] for code in one.fields}:
                parts.setdefault((length, part), np.zeros(len(sold)))[at] = worth
    none, found = np.zeros(len(sold)), {}
    for fields in {one.fields for one in subjects}:
        keys = {(length, code[:length]) for length, _worth in FIELD_WORTH for code in fields}
        found[fields] = np.maximum.reduce([none, *(parts[key] for key in keys if key in parts)])
    return np.array([found[one.fields] for one in subjects])


def _shared(first: Sequence[frozenset[str]], second: Sequence[frozenset[str]]) -> NDArray[np.int64]:
    """How many members each of the first shares with each of the second."""
    from scipy.sparse import csr_array  # loads only where prices have closed

    column = {member: at for at, member in enumerate(sorted(frozenset().union(*second)))}
    parts = []
    for sets in (first, second):
        found = [[at for at in map(column.get, one) if at is not None] for one in sets]
        starts = np.cumsum([0, *map(len, found)])
        flat = np.fromiter((at for one in found for at in one), dtype=np.int64, count=int(starts[-1]))
        parts.append(csr_array((np.ones(len(flat), dtype=np.int64), flat, starts), shape=(len(sets), len(column) or 1)))
    return np.asarray((parts[0] @ parts[1].T).toarray())


def _comparable(subject: Subject, one: Sold) -> Comparable:
    size = -SIZE_ELASTICITY * (math.log(max(subject.count, 1)) - math.log(max(one.count, 1)))
    time = YEARLY_DRIFT * (subject.day - one.day) / 365.25
    age = 0.0
    if subject.years_left is not None and one.years_left is not None:
        apart = max(-AGE_LIMIT, min(AGE_LIMIT, subject.years_left - one.years_left))
        age = AGE_SLOPE * apart
    return Comparable(
        one.reference, one.log_price, similarity(subject, one), (("size", size), ("time", time), ("age", age))
    )


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
    union = len(first | second)
    return len(first & second) / union if union else 0.0


def _field_overlap(first: tuple[str, ...], second: tuple[str, ...]) -> float:
    """1 for a shared subclass, 0.5 for a shared class, 0.2 for a shared section."""
    for length, worth in FIELD_WORTH:
        if {code[:length] for code in first} & {code[:length] for code in second}:
            return worth
    return 0.0
