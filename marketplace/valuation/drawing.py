"""Where the parts of the report's pictures stand: logarithmic scales, because ranges are ratios."""

import math
from dataclasses import dataclass
from typing import Any

from marketplace.core.money import Money
from marketplace.valuation.reconciliation import money_of_log

WIDTH = 640.0
MARGIN = 40.0
FAN_HEIGHT, FAN_TOP, FAN_LEFT = 240.0, 16.0, 96.0
ENDS = ("low_minor", "middle_minor", "high_minor")


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
    dots: tuple[float, ...] = ()


@dataclass(frozen=True)
class Scale:
    """A logarithmic scale from the least to the most amount, in picture units."""

    least: float
    most: float
    start: float
    end: float

    def place(self, minor: float) -> float:
        """Where an amount stands."""
        share = (math.log(max(minor, 1)) - self.least) / (self.most - self.least)
        return round(self.start + (self.end - self.start) * min(max(share, 0.0), 1.0), 1)


def _scale(amounts: list[int], start: float, end: float) -> Scale:
    known = [max(amount, 1) for amount in amounts]
    least, most = math.log(min(known)), math.log(max(known))
    return Scale(least, max(most, least + 0.01), start, end)


def interval_bars(answer: dict[str, Any]) -> list[Bar]:
    """The joint range and each approach's range on one scale, comparable sales as dots on the market's."""
    rows = [{"name": "joint", "detail": {}, **{key: answer[key] for key in ENDS}}, *answer["approaches"]]
    sold = [_price(one, answer["currency"]) for row in rows for one in row["detail"].get("comparables", ())]
    scale = _scale([row[key] for row in rows for key in ENDS] + sold, MARGIN, WIDTH - MARGIN)
    return [_bar(row, answer["currency"], scale) for row in rows]


def _price(comparable: dict[str, Any], currency: str) -> int:
    return money_of_log(comparable["adjusted"], currency).amount_minor


def _bar(row: dict[str, Any], currency: str, scale: Scale) -> Bar:
    dots = tuple(scale.place(_price(one, currency)) for one in row["detail"].get("comparables", ()))
    low, centre, high = (Money(int(row[key]), currency) for key in ENDS)
    left, middle, right = (scale.place(one.amount_minor) for one in (low, centre, high))
    return Bar(str(row["name"]), left, middle, right, low, centre, high, dots)


def tornado_bars(answer: dict[str, Any]) -> list[Bar]:
    """How far each fact or assumption alone could move the middle, widest first."""
    rows = [row | {"middle_minor": answer["middle_minor"], "detail": {}} for row in answer.get("tornado", ())]
    if not rows:
        return []
    scale = _scale([row[key] for row in rows for key in ENDS], MARGIN, WIDTH - MARGIN)
    return [_bar(row, answer["currency"], scale) for row in rows]


@dataclass(frozen=True)
class FanYear:
    """One anniversary of the valuation date: where it stands and what the range would be."""

    year: int
    across: float
    low: Money
    middle: Money
    high: Money


@dataclass(frozen=True)
class Fan:
    """The range as years go by: corner points of the area, the middle's line, and the years."""

    area: str
    line: str
    years: tuple[FanYear, ...]
    marks: tuple[tuple[float, Money], ...]


def fan_of(answer: dict[str, Any]) -> Fan | None:
    """The picture of the range as years go by; nothing where the end of the right is unknown."""
    rows, currency = answer.get("fan", ()), answer["currency"]
    alive = [row for row in rows if row["middle_minor"]]
    if len(alive) < 2:
        return None
    scale = _scale([row[key] for row in alive for key in ENDS], FAN_TOP + FAN_HEIGHT, FAN_TOP)
    step = (WIDTH - FAN_LEFT - MARGIN) / rows[-1]["year"]

    def points(key: str) -> list[str]:
        return [f"{round(FAN_LEFT + step * row['year'], 1)},{scale.place(row[key])}" for row in alive]

    years = tuple(
        FanYear(row["year"], round(FAN_LEFT + step * row["year"], 1), *(Money(row[key], currency) for key in ENDS))
        for row in rows
    )
    ends = sorted({math.exp(scale.least), math.exp((scale.least + scale.most) / 2), math.exp(scale.most)})
    marks = tuple((scale.place(end), Money(round(end), currency)) for end in ends)
    return Fan(
        " ".join(points("high_minor") + points("low_minor")[::-1]), " ".join(points("middle_minor")), years, marks
    )
