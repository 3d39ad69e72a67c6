"""Offers as the market answered them: when each was published and how it ended, the only teacher of how likely one sells."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, and_, case, func, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, session
from marketplace.core.events import Fact, announce
from marketplace.registry.assets import Asset
from marketplace.valuation.sale_chance import MONTH, horizon_months
from marketplace.valuation.sales import ClosedSale, Purpose

MARKETS = {
    Purpose.TRANSFER: (Purpose.TRANSFER, Purpose.COURT_SALE, Purpose.PLEDGE),
    Purpose.LICENCE: (Purpose.LICENCE,),
}
"""What is offered, and the purposes of a value that such an offer answers."""


class OfferOutcome(StrEnum):
    """How an offer ended: a deal was completed, none came, or its end says nothing about the market."""

    SOLD = "sold"
    UNSOLD = "unsold"
    SET_ASIDE = "set_aside"


class PublishedOffer(Model):
    """One offer that everybody could answer from an instant on."""

    __tablename__ = "published_offers"
    __table_args__ = (
        CheckConstraint("purpose IN ('transfer', 'licence')", name="offered"),
        Index("ix_published_offers_learning", "purpose", "published_at"),
    )

    asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"), index=True)
    purpose: Mapped[Purpose]
    published_at: Mapped[datetime]
    reference: Mapped[str] = mapped_column(String(120), unique=True)


class OfferEnd(Model):
    """How one published offer ended; an offer without it is still on the market."""

    __tablename__ = "offer_ends"

    offer_id: Mapped[UUID] = mapped_column(ForeignKey("published_offers.id"), unique=True)
    outcome: Mapped[OfferOutcome]
    ended_at: Mapped[datetime]


@dataclass(frozen=True)
class OfferEnded(Fact):
    """The end of an offer was added to what the chance of a sale learns from."""

    end_id: UUID


def note_offer(asset_id: UUID, purpose: Purpose, reference: str, now: datetime) -> PublishedOffer:
    """An offer is published; one that was paused and comes back is the same offer."""
    known = _offer(reference)
    if known is not None:
        return known
    offer = PublishedOffer(asset_id=asset_id, purpose=purpose, published_at=now, reference=reference)
    session.add(offer)
    session.flush()
    return offer


def end_offer(actor: Actor, reference: str, outcome: OfferOutcome, now: datetime) -> OfferEnd | None:
    """Keep how an offer ended, once; a right sold or licensed otherwise meanwhile was not refused by the market."""
    offer = _offer(reference)
    if offer is None or session.execute(select(OfferEnd.id).where(OfferEnd.offer_id == offer.id)).first():
        return None
    if outcome is OfferOutcome.UNSOLD and _sold_otherwise(offer):
        outcome = OfferOutcome.SET_ASIDE
    end = OfferEnd(offer_id=offer.id, outcome=outcome, ended_at=now)
    session.add(end)
    session.flush()
    announce(actor, now, OfferEnded(end.id), after={"outcome": outcome.value, "purpose": offer.purpose.value})
    return end


def _offer(reference: str) -> PublishedOffer | None:
    found: PublishedOffer | None = session.execute(
        select(PublishedOffer).where(PublishedOffer.reference == reference)
    ).scalar_one_or_none()
    return found


def _sold_otherwise(offer: PublishedOffer) -> bool:
    sold = select(ClosedSale.id).where(
        ClosedSale.asset_id == offer.asset_id,
        ClosedSale.purpose.in_(MARKETS[offer.purpose]),
        ClosedSale.recorded_at >= offer.published_at,
    )
    return session.execute(sold).first() is not None


def market_of(purpose: Purpose) -> Purpose:
    """What has to be offered for a value of this purpose to be paid."""
    return next(offered for offered, purposes in MARKETS.items() if purpose in purposes)


def outcomes_known_at(office: str, kind: str, purpose: Purpose, as_of: datetime) -> dict[str, Any]:
    """How offers that answer this purpose had fared by an instant, month by month: of like rights, and all others."""
    months, market = horizon_months(), market_of(purpose)
    groups = {name: _nothing(months) for name in ("alike", "others")}
    for alike, ended, watched, sold_in, count in session.execute(_fared(office, kind, market, as_of)).all():
        _count(groups["alike" if alike else "others"], ended, min(int(watched), months), sold_in, int(count))
    return {"market": market.value, "horizon_months": months} | groups


def _fared(office: str, kind: str, market: Purpose, as_of: datetime) -> Any:
    """Offers published by an instant, counted by end, full months watched since publication, and month of sale."""
    known = and_(OfferEnd.offer_id == PublishedOffer.id, OfferEnd.ended_at <= as_of)
    until = case((OfferEnd.outcome == OfferOutcome.SET_ASIDE, OfferEnd.ended_at), else_=as_of)
    alike = and_(Asset.office == office, Asset.kind == kind).label("alike")
    sold_in = case((OfferEnd.outcome == OfferOutcome.SOLD, _months(OfferEnd.ended_at)))
    groups = (alike, OfferEnd.outcome, _months(until).label("watched"), sold_in.label("sold_in"))
    return (
        select(*groups, func.count())
        .select_from(PublishedOffer)
        .join(Asset, Asset.id == PublishedOffer.asset_id)
        .outerjoin(OfferEnd, known)
        .where(PublishedOffer.purpose == market, PublishedOffer.published_at <= as_of)
        .group_by("alike", OfferEnd.outcome, "watched", "sold_in")
    )


def _months(until: Any) -> Any:
    """Full months, each a twelfth of 365 days, from publication."""
    return func.floor(func.extract("epoch", until - PublishedOffer.published_at) / MONTH.total_seconds())


def _nothing(months: int) -> dict[str, Any]:
    return {"sold": 0, "unsold": 0, "open": 0, "set_aside": 0, "watched_by_month": [0] * months, "sold_by_month": [0] * months}  # fmt: skip


def _count(group: dict[str, Any], ended: str | None, watched: int, sold_in: float | None, count: int) -> None:
    """Add offers that fared alike; a sale counts in the first month that was watched to its end.

    An offer that ended without a sale stays among the watched: until the horizon it is one that did not sell.
    """
    within = sold_in is not None and sold_in < watched
    for month in range(int(sold_in) + 1 if within and sold_in is not None else watched):
        group["watched_by_month"][month] += count
    if within and sold_in is not None:
        group["sold_by_month"][int(sold_in)] += count
    whole = watched == len(group["sold_by_month"])
    fared = "sold" if within else "set_aside" if ended == OfferOutcome.SET_ASIDE and not whole else None
    unsold = whole or ended == OfferOutcome.UNSOLD
    group[fared or ("unsold" if unsold else "open")] += count


def horizon() -> timedelta:
    """How long an offer has to find a buyer."""
    return MONTH * horizon_months()
