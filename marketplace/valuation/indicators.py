"""The indicator table: 3 first-level, 14 second-level, 27 third-level indicators, scored 0 to 100 where known.

It has the shape of GB/T 42748-2023 and is illustrative: names, scales and weights are data of our own until the
standard's table is entered. An indicator nobody knows is unknown, never zero: the score is a range over it.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

SCENARIO_OF_PURPOSE = {
    "transfer": "transfer_licence",
    "licence": "transfer_licence",
    "pledge": "finance",
    "court_sale": "remedies",
}
SCENARIOS = ("transfer_licence", "finance", "reporting", "remedies", "management", "other")
Fact = float | str | None


@cache
def indicator_table() -> dict[str, Any]:
    """The illustrative table shipped with the package."""
    path = Path(__file__).parent / "data" / "indicators.json"
    table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return table


@dataclass(frozen=True)
class Scored:
    """One third-level indicator: its score, or unknown, and its share of the whole."""

    group: str
    part: str
    key: str
    score: float | None
    weight: float


@dataclass(frozen=True)
class IndicatorResult:
    """The table's outcome: the range the score may have, the score of what is known, and how much is unknown."""

    rows: tuple[Scored, ...]
    low: float
    known: float | None
    high: float
    unknown_share: float
    version: str
    limits: tuple[float, ...]

    @property
    def grade(self) -> int | None:
        """Grade 1 (best) to 5, only when the whole range falls into one grade."""
        grades = {_grade(score, self.limits) for score in (self.low, self.high)}
        return grades.pop() if len(grades) == 1 else None


def _grade(score: float, limits: tuple[float, ...]) -> int:
    return 1 + sum(score < limit for limit in limits)


def score_indicators(facts: dict[str, Fact], purpose: str, entered: dict[str, Any] | None = None) -> IndicatorResult:
    """Score a table for a purpose from known facts; each level's weights are shared out below it."""
    table = entered or indicator_table()
    scenario = table["weights"][SCENARIO_OF_PURPOSE[purpose]]
    whole = sum(scenario.values())
    rows: list[Scored] = []
    for group in table["groups"]:
        parts = group["parts"]
        for part in parts:
            inside = scenario[group["key"]] / whole * part["weight"] / sum(other["weight"] for other in parts)
            total = sum(indicator["weight"] for indicator in part["indicators"])
            rows += [
                Scored(
                    group["key"],
                    part["key"],
                    indicator["key"],
                    _score(table["rules"], indicator["rule"], facts),
                    inside * indicator["weight"] / total,
                )
                for indicator in part["indicators"]
            ]
    known = [(row.weight, row.score) for row in rows if row.score is not None]
    unknown = sum(row.weight for row in rows if row.score is None)
    low = sum(weight * score for weight, score in known)
    weight_known = sum(weight for weight, _score_ in known)
    middle = round(low / weight_known, 1) if weight_known else None
    return IndicatorResult(
        tuple(rows),
        round(low, 1),
        middle,
        round(low + unknown * 100, 1),
        round(unknown, 4),
        table["version"],
        tuple(table["grades"]),
    )


def _score(rules: dict[str, Any], rule: str | None, facts: dict[str, Fact]) -> float | None:
    fact = facts.get(rule) if rule else None
    if rule is None or fact is None:
        return None
    scale = rules[rule]
    if "values" in scale:
        value = scale["values"].get(fact)
        return None if value is None else float(value)
    return _on_line(float(fact), scale["points"])


def _on_line(value: float, points: list[list[float]]) -> float:
    if value <= points[0][0]:
        return float(points[0][1])
    for (left, low), (right, high) in zip(points, points[1:], strict=False):
        if value <= right:
            return round(low + (high - low) * (value - left) / (right - left), 1)
    return float(points[-1][1])
