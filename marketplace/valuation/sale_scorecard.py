"""The public scorecard of the chance of a sale: what we said before an offer was published, and whether it sold in time.

A case is an offer whose whole horizon has passed, beside the last chance indicated before its publication. Offers judged
before their horizon is over would favour quick sales, so younger ones wait, sold or not, and their number is told; so is
the number of those that left the market without an answer of it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Float, String, and_, case, func, or_, select
from sqlalchemy import cast as as_type

from marketplace.core.db import session
from marketplace.valuation.published_offers import MARKETS, OfferEnd, OfferOutcome, PublishedOffer, horizon
from marketplace.valuation.reports import Indication
from marketplace.valuation.sale_chance import horizon_months
from marketplace.valuation.scorecard import ENOUGH, share_interval

BANDS = 5
"""Fifths of the scale from 0 to 1."""
ENOUGH_IN_BAND = 20
MOST_GAP = 0.05
"""A mean gap between said and seen above this, over enough cases, is marked."""


@dataclass(frozen=True)
class SaleCase:
    """What was said of one offer before it was published, and whether it sold within the horizon."""

    chance: float
    sold: bool


@dataclass(frozen=True)
class Band:
    """Offers of which nearly the same chance was said: the mean said, the share that sold, and its 95 % interval."""

    least: float
    most: float
    count: int
    said: float | None
    sold: float | None
    low: float | None
    high: float | None
    enough: bool


def sale_scores(cases: Sequence[SaleCase]) -> dict[str, Any]:
    """Brier score, that of always saying the overall share, the mean gap over the bands, and the bands themselves."""
    bands = [_band(at, [one for one in cases if _place(one.chance) == at]) for at in range(BANDS)]
    count = len(cases)
    brier = gap = constant = None
    if count:
        share = sum(one.sold for one in cases) / count
        brier = math.fsum((one.chance - one.sold) ** 2 for one in cases) / count
        constant = share * (1 - share)
        gap = math.fsum(abs(one.said - one.sold) * one.count for one in bands if one.said is not None and one.sold is not None) / count  # fmt: skip
    enough = count >= ENOUGH
    return {
        "cases": count,
        "enough": enough,
        "brier": brier,
        "brier_of_overall_share": constant,
        "mean_gap": gap,
        "alarm": bool(enough and gap is not None and gap > MOST_GAP),
        "bands": bands,
    }


def _place(chance: float) -> int:
    return min(int(chance * BANDS), BANDS - 1)


def _band(at: int, cases: Sequence[SaleCase]) -> Band:
    ends, count = (at / BANDS, (at + 1) / BANDS), len(cases)
    if not count:
        return Band(*ends, 0, None, None, None, None, False)
    sold = sum(one.sold for one in cases)
    said = math.fsum(one.chance for one in cases) / count
    return Band(*ends, count, said, sold / count, *share_interval(sold, count), count >= ENOUGH_IN_BAND)


def sale_scorecard(now: datetime) -> dict[str, Any]:
    """How well past chances of a sale fit what came of the offers, and how many offers cannot tell yet."""
    over = PublishedOffer.published_at <= now - horizon()
    in_time = OfferEnd.ended_at < PublishedOffer.published_at + horizon()
    aside = and_(OfferEnd.outcome == OfferOutcome.SET_ASIDE, in_time)
    sold = and_(OfferEnd.outcome == OfferOutcome.SOLD, in_time)
    fared = case((aside, "left_out"), (~over, "waiting"), (sold, "sold"), else_="unsold")
    said = _said()
    rows = session.execute(
        select(fared.label("fared"), said.label("said"), func.count())
        .select_from(PublishedOffer)
        .outerjoin(OfferEnd, OfferEnd.offer_id == PublishedOffer.id)
        .where(said.is_not(None), PublishedOffer.published_at <= now)
        .group_by("fared", "said")
        .order_by("said")
    ).all()
    cases = [SaleCase(chance, way == "sold") for way, chance, count in rows if way in ("sold", "unsold") for _ in range(count)]  # fmt: skip
    told = {way: sum(count for other, _chance, count in rows if other == way) for way in ("waiting", "left_out")}
    return {"horizon_months": horizon_months()} | sale_scores(cases) | told


def _said() -> Any:
    """The last chance indicated for an offer's right and market before it was published, for the horizon now in force."""
    answers = or_(
        *(
            and_(PublishedOffer.purpose == market, Indication.purpose.in_(purposes))
            for market, purposes in MARKETS.items()
        )
    )
    sale = Indication.answer["sale"]
    return (
        select(as_type(sale["chance"].astext, Float))
        .where(
            Indication.asset_id == PublishedOffer.asset_id,
            Indication.created_at <= PublishedOffer.published_at,
            sale["horizon_months"].astext == as_type(horizon_months(), String),
            answers,
        )
        .order_by(Indication.created_at.desc(), Indication.id.desc())
        .limit(1)
        .correlate(PublishedOffer)
        .scalar_subquery()
    )
