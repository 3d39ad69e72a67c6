"""Offers that ended without a sale: beside closed deals the only thing that teaches how likely an offer sells."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, and_, func, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, session
from marketplace.core.events import Fact, announce
from marketplace.registry.assets import Asset
from marketplace.valuation.sales import ClosedSale, Purpose

MARKETS = {
    Purpose.TRANSFER: (Purpose.TRANSFER, Purpose.COURT_SALE, Purpose.PLEDGE),
    Purpose.LICENCE: (Purpose.LICENCE,),
}
"""What is offered, and the purposes of a value that such an offer answers."""


class UnsoldOffer(Model):
    """One offer that the market had time to take and did not."""

    __tablename__ = "unsold_offers"
    __table_args__ = (
        CheckConstraint("purpose IN ('transfer', 'licence')", name="offered"),
        Index("ix_unsold_offers_learning", "purpose", "recorded_at"),
    )

    asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"), index=True)
    purpose: Mapped[Purpose]
    ended_on: Mapped[date] = mapped_column(Date)
    recorded_at: Mapped[datetime]
    reference: Mapped[str] = mapped_column(String(120), unique=True)


@dataclass(frozen=True)
class OfferEndedUnsold(Fact):
    """An offer without a sale was added to what the chance of a sale learns from."""

    unsold_id: UUID


def record_unsold(
    actor: Actor, asset_id: UUID, purpose: Purpose, reference: str, since: datetime, now: datetime
) -> UnsoldOffer | None:
    """Keep an offer that stood since then and ended unsold, once; none if the right was sold or licensed meanwhile."""
    known = select(UnsoldOffer.id).where(UnsoldOffer.reference == reference)
    sold = select(ClosedSale.id).where(
        ClosedSale.asset_id == asset_id, ClosedSale.purpose.in_(MARKETS[purpose]), ClosedSale.recorded_at >= since
    )
    if session.execute(select(known.exists() | sold.exists())).scalar_one():
        return None
    ended = UnsoldOffer(asset_id=asset_id, purpose=purpose, ended_on=now.date(), recorded_at=now, reference=reference)
    session.add(ended)
    session.flush()
    announce(actor, now, OfferEndedUnsold(ended.id), after={"purpose": purpose.value})
    return ended


def outcomes_known_at(office: str, kind: str, purpose: Purpose, as_of: datetime) -> dict[str, Any]:
    """How offers that answer this purpose had ended by an instant: those of like rights, and all others here."""
    market = next(offered for offered, purposes in MARKETS.items() if purpose in purposes)
    sold = _counts(
        ClosedSale,
        office,
        kind,
        ClosedSale.purpose.in_(MARKETS[market]),
        ClosedSale.related_parties.is_(False),
        ClosedSale.closed_on <= as_of.date(),
        ClosedSale.recorded_at <= as_of,
    )
    unsold = _counts(UnsoldOffer, office, kind, UnsoldOffer.purpose == market, UnsoldOffer.recorded_at <= as_of)
    return {
        "market": market.value,
        "alike": {"sold": sold[0], "unsold": unsold[0]},
        "others": {"sold": sold[1], "unsold": unsold[1]},
    }


def _counts(ended: Any, office: str, kind: str, *conditions: Any) -> tuple[int, int]:
    """How many ended offers are of like rights, and how many of others."""
    alike = and_(Asset.office == office, Asset.kind == kind)
    row = session.execute(
        select(func.count().filter(alike), func.count().filter(~alike))
        .select_from(ended)
        .join(Asset, Asset.id == ended.asset_id)
        .where(*conditions)
    ).one()
    return int(row[0]), int(row[1])
