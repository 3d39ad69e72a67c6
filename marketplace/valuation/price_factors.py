"""What is known of one right and how far that moves its price; what is unknown stays unknown and widens."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from operator import attrgetter
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.valuation.benchmarks import factor_data

DAYS_OF_YEAR = 365.25


@dataclass(frozen=True)
class KnownFacts:
    """The facts of a right on one day; ``None`` is unknown."""

    status: str | None
    expires_on: date | None
    renewal_percentile: float | None
    claims: int | None
    family_size: int | None
    citations: int | None
    traded_before: int | None


@dataclass(frozen=True)
class Factor:
    """One movement of the log price, with the range it may have had if the fact is unknown."""

    name: str
    value: float
    low: float
    high: float
    known: bool
    fact: str
    grade: str
    source: str


def price_factors(facts: KnownFacts, on: date) -> tuple[Factor, ...]:
    """The movements for a right on a day; an unknown fact counts with the middle of its range."""
    return tuple(judge(getattr(facts, fact), on) for fact, judge in _JUDGES)


def factor_ranges(facts: Sequence[KnownFacts], on: date) -> NDArray[np.float64]:
    """Value, low and high of every movement for many rights: right x movement x 3; like facts are judged once."""
    answer = np.empty((len(facts), len(_JUDGES), 3))
    for column, (fact, _judge) in enumerate(_JUDGES):
        given = list(map(attrgetter(fact), facts))
        judged = {value: at for at, value in enumerate(dict.fromkeys(given))}
        ranges = np.array([_range(column, value, on) for value in judged])
        answer[:, column] = ranges[list(map(judged.__getitem__, given))] if len(judged) > 1 else ranges[0]
    return answer


@lru_cache(maxsize=50_000)
def _range(column: int, value: Any, on: date) -> tuple[float, float, float]:
    """One movement; the rights of a batch share their facts, and their day."""
    one = _JUDGES[column][1](value, on)
    return one.value, one.low, one.high


def _renewal_factor(percentile: float | None, _on: date) -> Factor:
    return _factor("renewal", _renewal(percentile), _share(percentile))


def _life_factor(expires_on: date | None, on: date) -> Factor:
    return _factor("remaining_life", _life(expires_on, on), _years_text(expires_on, on))


def _count_factor(name: str, start: int) -> Callable[[int | None, date], Factor]:
    return lambda count, _on: _factor(name, _logged(name, count, start), _text(count))


def _status_factor(status: str | None, _on: date) -> Factor:
    return _factor("status", _status(status), status or "")


_JUDGES: tuple[tuple[str, Callable[[Any, date], Factor]], ...] = (
    ("renewal_percentile", _renewal_factor),
    ("expires_on", _life_factor),
    ("family_size", _count_factor("family", 1)),
    ("citations", _count_factor("citations", 0)),
    ("status", _status_factor),
    ("traded_before", _count_factor("traded_before", 0)),
)
"""Which fact moves the price, and how far; movements stand in this order everywhere."""


def _rule(name: str) -> dict[str, Any]:
    rule: dict[str, Any] = factor_data()["factors"][name]
    return rule


def _factor(name: str, value: float | None, fact: str) -> Factor:
    rule = _rule(name)
    low, high = float(rule["low"]), float(rule["high"])
    if value is None:
        return Factor(name, (low + high) / 2, low, high, False, "", "", str(rule["source"]))
    inside = min(max(value, low), high)
    return Factor(name, inside, inside, inside, True, fact, str(rule["grade"]), str(rule["source"]))


def factor_ends(name: str) -> tuple[float, float]:
    """The least and the most a fact can move the log price."""
    rule = _rule(name)
    return float(rule["low"]), float(rule["high"])


def life_effect(expires_on: date | None, on: date) -> float | None:
    """How far the remaining life moves the log price on a day, inside its usual ends; None when it is unknown."""
    value = _life(expires_on, on)
    low, high = factor_ends("remaining_life")
    return None if value is None else min(max(value, low), high)


def _renewal(percentile: float | None) -> float | None:
    if percentile is None:
        return None
    return float(_rule("renewal")["weight"]) * NormalDist().inv_cdf(min(max(percentile, 0.01), 0.99))


def remaining_years(expires_on: date | None, on: date) -> float | None:
    """Years of legal life left, in years of 365.25 days."""
    return None if expires_on is None else max((expires_on - on).days / DAYS_OF_YEAR, 0.0)


def _life(expires_on: date | None, on: date) -> float | None:
    years = remaining_years(expires_on, on)
    if years is None:
        return None
    rule = _rule("remaining_life")
    rate, reference = float(rule["yearly_discount"]), float(rule["reference_years"])
    growth = -math.log1p(rate)
    worth = -math.expm1(growth * max(years, 0.25)) / -math.expm1(growth * reference)
    return math.log(worth)


def _logged(name: str, count: int | None, start: int) -> float | None:
    if count is None:
        return None
    return float(_rule(name)["weight"]) * math.log2(max(count - start, 0) + 1)


def _status(status: str | None) -> float | None:
    value = _rule("status").get(status or "")
    return float(value) if value is not None else None


def _text(count: int | None) -> str:
    return "" if count is None else str(count)


def _share(percentile: float | None) -> str:
    return "" if percentile is None else f"{percentile:.0%}"


def _years_text(expires_on: date | None, on: date) -> str:
    years = remaining_years(expires_on, on)
    return "" if years is None else f"{years:.1f}"
