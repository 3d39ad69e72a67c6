"""Where the parts of the interval picture stand: a logarithmic scale, because ranges are ratios."""

import math
from dataclasses import dataclass
from typing import Any

from marketplace.core.money import Money

WIDTH = 640.0
MARGIN = 40.0


@dataclass(frozen=True)
class Bar:
    """One horizontal range on the common scale, in picture units."""

    name: str
    left: float
    middle: float
    right: float
    low: Money
    centre: Money
    high: Money


def interval_bars(answer: dict[str, Any]) -> list[Bar]:
    """The joint range and each approach's range on one scale."""
    rows = [{"name": "joint", **{key: answer[key] for key in ("low_minor", "middle_minor", "high_minor")}}]
    rows += answer["approaches"]
    least = min(max(row["low_minor"], 1) for row in rows)
    most = max(row["high_minor"] for row in rows)
    return [_bar(row, answer["currency"], math.log(least), math.log(max(most, least + 1))) for row in rows]


def _bar(row: dict[str, Any], currency: str, least: float, most: float) -> Bar:
    def place(minor: int) -> float:
        return round(MARGIN + (WIDTH - 2 * MARGIN) * (math.log(max(minor, 1)) - least) / (most - least), 1)

    amounts = [Money(int(row[key]), currency) for key in ("low_minor", "middle_minor", "high_minor")]
    left, middle, right = (place(amount.amount_minor) for amount in amounts)
    return Bar(str(row["name"]), left, middle, right, amounts[0], amounts[1], amounts[2])
