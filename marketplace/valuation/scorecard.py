"""The public scorecard: what our past ranges were worth, from closed deals only, the bad ones included."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from marketplace.core.db import session
from marketplace.identity.organisations import Organisation
from marketplace.valuation.reports import Indication
from marketplace.valuation.sales import ClosedSale, Purpose

AIM = 0.8
ENOUGH = 50
DRIFT_WINDOW = 100
DRIFT_ALARM = 3.5
"""A mean signed error this many standard errors from zero over the window says that prices have moved away from us."""


@dataclass(frozen=True)
class Case:
    """One closed price beside the last range indicated before it."""

    purpose: str
    closed_on: date
    log_low: float
    log_middle: float
    log_high: float
    log_price: float
    asker: str = ""
    region: str = ""


@dataclass(frozen=True)
class Score:
    """How a group of past ranges did; ``count`` says how much that is worth."""

    segment: str
    count: int
    coverage: float
    coverage_low: float
    coverage_high: float
    bias: float
    median_error: float
    width_ratio: float
    pinball: float
    rank_correlation: float | None


def closed_cases(
    purpose: Purpose | None = None, after: datetime | None = None, newest: int | None = None
) -> list[Case]:
    """Closed prices between unrelated parties that an indication for the same purpose preceded, oldest first."""
    earlier = (
        select(Indication.id)
        .where(
            Indication.asset_id == ClosedSale.asset_id,
            Indication.purpose == ClosedSale.purpose,
            Indication.created_at < ClosedSale.recorded_at,
            Indication.__table__.c.middle_currency == ClosedSale.__table__.c.price_currency,
        )
        .order_by(Indication.created_at.desc())
        .limit(1)
        .correlate(ClosedSale)
        .scalar_subquery()
    )
    query = (
        select(ClosedSale, Indication, Organisation.region)
        .join(Indication, Indication.id == earlier)
        .outerjoin(Organisation, Organisation.id == Indication.organisation_id)
        .where(ClosedSale.related_parties.is_(False))
        .order_by(ClosedSale.closed_on.desc(), ClosedSale.id.desc())
        .limit(newest)
    )
    if purpose is not None:
        query = query.where(ClosedSale.purpose == purpose)
    if after is not None:
        query = query.where(ClosedSale.recorded_at > after)
    return [_case(sale, indication, region or "") for sale, indication, region in session.execute(query).all()][::-1]


def _case(sale: ClosedSale, indication: Indication, region: str) -> Case:
    def log(minor: int) -> float:
        return math.log(max(minor, 1))

    return Case(
        sale.purpose.value,
        sale.closed_on,
        log(indication.low.amount_minor),
        log(indication.middle.amount_minor),
        log(indication.high.amount_minor),
        log(sale.price.amount_minor),
        str(indication.organisation_id or ""),
        region,
    )


def scorecard(cases: Sequence[Case]) -> list[Score]:
    """Scores over everything, by purpose and by quarter; groups without cases are absent."""
    groups: dict[str, list[Case]] = {}
    for case in cases:
        quarter = f"{case.closed_on.year} Q{(case.closed_on.month - 1) // 3 + 1}"
        for segment in ("all", case.purpose, quarter):
            groups.setdefault(segment, []).append(case)
    return [_score(segment, members) for segment, members in groups.items()]


def drift(cases: Sequence[Case]) -> float | None:
    """How many standard errors the mean signed log error of the newest deals is from zero; None while too few."""
    errors = [case.log_middle - case.log_price for case in cases[-DRIFT_WINDOW:]]
    if len(errors) < ENOUGH:
        return None
    mean = math.fsum(errors) / len(errors)
    variance = math.fsum((error - mean) ** 2 for error in errors) / (len(errors) - 1)
    return mean / math.sqrt(max(variance, 1e-12) / len(errors))


def _score(segment: str, cases: list[Case]) -> Score:
    count = len(cases)
    inside = sum(case.log_low <= case.log_price <= case.log_high for case in cases)
    low, high = share_interval(inside, count)
    errors = [case.log_middle - case.log_price for case in cases]
    return Score(
        segment=segment,
        count=count,
        coverage=inside / count,
        coverage_low=low,
        coverage_high=high,
        bias=_median(errors),
        median_error=_median([abs(error) for error in errors]),
        width_ratio=math.exp(_median([case.log_high - case.log_low for case in cases])),
        pinball=math.fsum(_pinball(case) for case in cases) / count,
        rank_correlation=_spearman([case.log_middle for case in cases], [case.log_price for case in cases]),
    )


def _median(values: list[float]) -> float:
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _pinball(case: Case) -> float:
    """Mean pinball loss of the three quantiles, in log price."""
    losses = []
    for level, quantile in ((0.1, case.log_low), (0.5, case.log_middle), (0.9, case.log_high)):
        gap = case.log_price - quantile
        losses.append(max(level * gap, (level - 1) * gap))
    return math.fsum(losses) / 3


def share_interval(hits: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """A 95 % interval of a share that behaves for small counts (Wilson 1927)."""
    share, base = hits / count, 1 + z**2 / count
    centre = (share + z**2 / (2 * count)) / base
    reach = z * math.sqrt(share * (1 - share) / count + z**2 / (4 * count**2)) / base
    return max(centre - reach, 0.0), min(centre + reach, 1.0)


def _spearman(first: list[float], second: list[float]) -> float | None:
    if len(first) < 3 or len(set(first)) < 2 or len(set(second)) < 2:
        return None
    ranks = [_ranks(first), _ranks(second)]
    mean = (len(first) + 1) / 2
    top = math.fsum((a - mean) * (b - mean) for a, b in zip(*ranks, strict=True))
    return top / math.sqrt(math.prod(math.fsum((rank - mean) ** 2 for rank in side) for side in ranks))


def _ranks(values: list[float]) -> list[float]:
    return [sum(other < value for other in values) + (values.count(value) + 1) / 2 for value in values]
