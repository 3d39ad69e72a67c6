"""The published prices our indications start from, each with its source, date and grade, and what they imply."""

import functools
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_DATA = Path(__file__).parent / "data"
COUNTRY_WITH_OWN_PRICES = ("CN", "US")
NORMAL_P90 = 1.2815515655446004


@functools.cache
def benchmark_data() -> dict[str, Any]:
    """The benchmark file as entered."""
    return _read("price_benchmarks.json")


@functools.cache
def factor_data() -> dict[str, Any]:
    """The factor file as entered."""
    return _read("price_factors.json")


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((_DATA / name).read_text(encoding="utf-8"))
    return content


@dataclass(frozen=True)
class PriceLevel:
    """Where prices of such rights lie before anything is known of this one: a normal law of log prices."""

    currency: str
    log_mean: float
    log_sd: float
    sources: tuple[dict[str, str], ...]


def price_level(office: str, kind: str, purpose: str) -> PriceLevel:
    """The level for an office, kind and purpose, from the nearest published prices; every step adds its doubt."""
    facts = benchmark_data()
    market = office if office in COUNTRY_WITH_OWN_PRICES else facts["other_offices"]["of"]
    steps: list[dict[str, Any]] = [] if office in COUNTRY_WITH_OWN_PRICES else [facts["other_offices"]]
    observed = _observations(market, purpose)
    if not observed:
        step = facts["purposes"][purpose]
        steps.append(step)
        observed = _observations(market, step["of"])
    if kind in facts["kinds"]:
        steps.append(facts["kinds"][kind])
    logs = [_log_price(observation) for observation in observed]
    mean = math.fsum(logs) / len(logs)
    between = math.fsum((value - mean) ** 2 for value in logs) / (len(logs) - 1) if len(logs) > 1 else 1.0
    variance = between * (1 + 1 / len(logs)) + facts["within_log_sd"] ** 2
    return PriceLevel(
        currency=observed[0]["currency"],
        log_mean=mean + math.fsum(step["log_shift"] for step in steps),
        log_sd=math.sqrt(variance + math.fsum(step["log_sd"] ** 2 for step in steps)),
        sources=tuple(_citation(item) for item in [*observed, *steps]),
    )


@dataclass(frozen=True)
class Lesson:
    """From which purpose's closed deals a purpose learns, how far their log prices shift, and the doubt this adds."""

    purpose: str
    log_shift: float = 0.0
    log_sd: float = 0.0


def borrowed_lesson(office: str, purpose: str) -> Lesson | None:
    """The purpose whose deals stand in where the level rests on that purpose's published prices anyway."""
    market = office if office in COUNTRY_WITH_OWN_PRICES else benchmark_data()["other_offices"]["of"]
    if _observations(market, purpose):
        return None
    step = benchmark_data()["purposes"][purpose]
    return Lesson(str(step["of"]), float(step["log_shift"]), float(step["log_sd"]))


def within_class() -> float:
    """The log spread of single prices inside one published class."""
    return float(benchmark_data()["within_log_sd"])


def _observations(office: str, purpose: str) -> list[dict[str, Any]]:
    return [
        observation
        for observation in benchmark_data()["observations"]
        if observation["office"] == office and observation["purpose"] == purpose
    ]


def _log_price(observation: dict[str, Any]) -> float:
    if "mean" in observation:  # the median of a skewed law lies below its mean
        return math.log(observation["mean"]) - float(observation["mean_log_sd"]) ** 2 / 2
    return (math.log(observation["low"]) + math.log(observation["high"])) / 2


def _citation(item: dict[str, Any]) -> dict[str, str]:
    return {"source": str(item["source"]), "grade": str(item["grade"]), "date": str(item.get("period", ""))}
