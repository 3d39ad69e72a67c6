"""More of the public scorecard: calibration at nine levels, fairness between groups, and what came of indications."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import NormalDist
from typing import Any

from sqlalchemy import func, select

from marketplace.core.db import session
from marketplace.valuation.benchmarks import NORMAL_P90
from marketplace.valuation.freezes import frozen_purposes
from marketplace.valuation.reports import Indication
from marketplace.valuation.sale_scorecard import sale_scorecard
from marketplace.valuation.sales import ClosedSale
from marketplace.valuation.scorecard import (
    AIM,
    DRIFT_ALARM,
    ENOUGH,
    Case,
    closed_cases,
    drift,
    scorecard,
    share_interval,
)

LEVELS = tuple(level / 10 for level in range(1, 10))
OPEN_FOR = timedelta(days=365)
"""An indication without a sale for a year has expired: the right found no buyer, or nobody offered it."""
UNFAIR_BELOW = 0.7
"""A group with enough deals whose coverage is below this is marked (aim 0.8)."""


@dataclass(frozen=True)
class Level:
    """How many prices should have been below a stated quantile, and how many were."""

    stated: float
    observed: float
    low: float
    high: float


@dataclass(frozen=True)
class GroupCoverage:
    """Coverage and bias of our ranges for one group of askers."""

    panel: str
    group: str
    count: int
    coverage: float
    coverage_low: float
    coverage_high: float
    bias: float
    alarm: bool


def quantile(case: Case, level: float) -> float:
    """The log price that the range put at a level: a normal law on either side of the middle."""
    z = NormalDist().inv_cdf(level) / NORMAL_P90
    side = case.log_high - case.log_middle if level > 0.5 else case.log_middle - case.log_low
    return case.log_middle + z * side


def calibration(cases: Sequence[Case]) -> list[Level]:
    """The calibration curve; honest ranges lie on the diagonal."""
    if not cases:
        return []
    rows = []
    for level in LEVELS:
        below = sum(case.log_price <= quantile(case, level) for case in cases)
        rows.append(Level(level, below / len(cases), *share_interval(below, len(cases))))
    return rows


def fairness(cases: Sequence[Case]) -> list[GroupCoverage]:
    """Coverage by region of the asker and by whether the asker had a closed deal before."""
    groups: dict[tuple[str, str], list[Case]] = {}
    seen: set[str] = set()
    for case in cases:
        groups.setdefault(("region", case.region or "unknown"), []).append(case)
        groups.setdefault(("experience", "returning" if case.asker in seen else "first"), []).append(case)
        seen.add(case.asker)
    return [_group(panel, group, members) for (panel, group), members in sorted(groups.items())]


def _group(panel: str, group: str, cases: list[Case]) -> GroupCoverage:
    count = len(cases)
    inside = sum(case.log_low <= case.log_price <= case.log_high for case in cases)
    bias = math.fsum(case.log_middle - case.log_price for case in cases) / count
    alarm = count >= ENOUGH and inside / count < UNFAIR_BELOW
    return GroupCoverage(panel, group, count, inside / count, *share_interval(inside, count), bias, alarm)


def outcomes(now: datetime) -> dict[str, Any]:
    """What came of all indications: followed by a sale, expired without one, or still open."""
    sold = (
        select(ClosedSale.id)
        .where(
            ClosedSale.asset_id == Indication.asset_id,
            ClosedSale.purpose == Indication.purpose,
            ClosedSale.recorded_at > Indication.created_at,
        )
        .exists()
    )
    old = Indication.created_at < now - OPEN_FOR
    row = session.execute(
        select(
            func.count(),
            func.count().filter(sold),
            func.count().filter(~sold, old),
        ).select_from(Indication)
    ).one()
    given, followed, expired = (int(number) for number in row)
    return {"given": given, "sold": followed, "expired": expired, "open": given - followed - expired}


def public_scorecard(now: datetime) -> dict[str, Any]:
    """Everything the public may see of how good we were."""
    cases = closed_cases()
    moved = drift(cases)
    return {
        "aim": AIM,
        "enough": ENOUGH,
        "scores": scorecard(cases),
        "calibration": calibration(cases),
        "fairness": fairness(cases),
        "outcomes": outcomes(now),
        "sale": sale_scorecard(now),
        "frozen": [stop.purpose.value for stop in frozen_purposes()],
        "drift": moved,
        "drift_alarm": moved is not None and abs(moved) > DRIFT_ALARM,
    }
