"""The value over the debt drawn over time: points of a line for the page, from what each night saw; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT = 600, 200
LEFT, RIGHT, TOP, BOTTOM = 56, 584, 12, 172
LEAST_SPAN_DAYS = 7


@dataclass(frozen=True)
class Reading:
    """The coverage of one day in basis points; none where it was not known."""

    day: date
    coverage_bps: int | None
    required_bps: int


@dataclass(frozen=True)
class Chart:
    """Where everything is drawn, in units of the drawing."""

    lines: list[str]
    dots: list[tuple[float, float]]
    required: str
    levels: list[tuple[float, int]]
    first: date
    last: date


def draw_coverage(readings: Sequence[Reading]) -> Chart | None:
    """The line of coverage (broken where it was unknown) and the line of what is required; none without a known day."""
    days = sorted(readings, key=lambda one: one.day)
    known = [one.coverage_bps for one in days if one.coverage_bps is not None]
    if not known:
        return None
    first, last = days[0].day, days[-1].day
    span = max((last - first).days, LEAST_SPAN_DAYS)
    top = max([*known, *(one.required_bps for one in days)]) * 11 // 10 or 1

    def place(day: date, bps: int) -> tuple[float, float]:
        across = LEFT + (RIGHT - LEFT) * (day - first).days / span
        return round(across, 1), round(BOTTOM - (BOTTOM - TOP) * bps / top, 1)

    required = " ".join(_point(place(one.day, one.required_bps)) for one in (days[0], days[-1]))
    runs: list[list[tuple[float, float]]] = [[]]
    for one in days:
        if one.coverage_bps is None:
            runs.append([])
        else:
            runs[-1].append(place(one.day, one.coverage_bps))
    dots = [point for run in runs for point in run]
    levels = [(place(first, top * part // 4)[1], top * part // 4) for part in range(5)]
    lines = [" ".join(_point(point) for point in run) for run in runs if len(run) > 1]
    return Chart(lines, dots if len(dots) < 40 else [], required, levels, first, last)


def _point(place: tuple[float, float]) -> str:
    return f"{place[0]},{place[1]}"
