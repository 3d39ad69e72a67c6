"""Early warning: every sign that a loan or its security weakens, its weight, and the score they add up to; pure rules.

Weights are the marketplace's own judgement, published with every score; a score orders a bank's attention and decides
nothing by itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from marketplace.core.i18n import _l

FALLING_TO_BPS = 8000
"""Coverage below this part of its highest in the last ninety days is falling."""
FALLING_WITHIN_DAYS = 90
FEE_SOON_DAYS = 60
LONG_OVERDUE_DAYS = 30
HIGHEST = 100
WATCH_FROM = 20
ALARM_FROM = 50


class WarningLevel(StrEnum):
    """How closely a loan should be looked at."""

    CALM = "calm"
    WATCH = "watch"
    ALARM = "alarm"


@dataclass(frozen=True)
class Sign:
    """One sign with its weight and its words."""

    points: int
    words: object


SIGNS = {
    "right_ended": Sign(50, _l("The right is no longer in force")),
    "long_overdue": Sign(50, _l("An instalment is more than 30 days late")),
    "preservation": Sign(30, _l("A court has preserved the right")),
    "coverage_low": Sign(30, _l("The value no longer covers the debt")),
    "overdue": Sign(25, _l("An instalment is late")),
    "ownership_dispute": Sign(25, _l("The ownership is disputed")),
    "invalidation_proceedings": Sign(20, _l("Invalidation proceedings were started")),
    "ends_before_debt": Sign(20, _l("The right ends before the debt")),
    "covenant_broken": Sign(20, _l("A covenant of the loan is broken")),
    "fee_late": Sign(15, _l("A fee of the right is late")),
    "coverage_falling": Sign(15, _l("The value over the debt fell by more than a fifth within 90 days")),
    "report_late": Sign(10, _l("A report on a covenant is late")),
    "value_unknown": Sign(10, _l("The value of a right is not known")),
    "fee_due_soon": Sign(5, _l("A fee of the right falls due within 60 days")),
}


def score_of(signs: Iterable[str]) -> int:
    """The weights of the signs together, a hundred at most."""
    return min(HIGHEST, sum(SIGNS[sign].points for sign in set(signs)))


def level_of(score: int) -> WarningLevel:
    """Calm, to be watched, or alarming."""
    if score >= ALARM_FROM:
        return WarningLevel.ALARM
    return WarningLevel.WATCH if score >= WATCH_FROM else WarningLevel.CALM


def ordered(signs: Iterable[str]) -> list[str]:
    """Each sign once, the heaviest first."""
    return sorted(set(signs), key=lambda sign: (-SIGNS[sign].points, sign))


def signs_of_days(days_past_due: int) -> list[str]:
    """What the days past due say."""
    if days_past_due > LONG_OVERDUE_DAYS:
        return ["long_overdue"]
    return ["overdue"] if days_past_due else []


def signs_of_coverage(coverage_bps: int | None, required_bps: int, highest_bps: int | None) -> list[str]:
    """What the value over the debt says; an unknown coverage says nothing here."""
    if coverage_bps is None:
        return []
    found = ["coverage_low"] if coverage_bps < required_bps else []
    if highest_bps is not None and coverage_bps * 10_000 < highest_bps * FALLING_TO_BPS:
        found.append("coverage_falling")
    return found
