"""Prices that were really paid: closed deals on this platform, the only prices that teach the price level."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, money_columns, session
from marketplace.core.events import Fact, announce
from marketplace.core.money import Money
from marketplace.registry.assets import Asset, find_asset


class Purpose(StrEnum):
    """What a value is wanted for; the same right has different prices for different purposes."""

    TRANSFER = "transfer"
    LICENCE = "licence"
    PLEDGE = "pledge"
    COURT_SALE = "court_sale"


class ClosedSale(Model):
    """One price paid for one asset; related parties are kept apart and never teach."""

    __tablename__ = "closed_sales"
    __table_args__ = (
        CheckConstraint("price_minor > 0", name="price_positive"),
        Index("ix_closed_sales_learning", "purpose", "closed_on", postgresql_where=text("NOT related_parties")),
    )

    asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"), index=True)
    purpose: Mapped[Purpose]
    price: Mapped[Money] = money_columns("price")
    closed_on: Mapped[date] = mapped_column(Date)
    recorded_at: Mapped[datetime]
    related_parties: Mapped[bool] = mapped_column(default=False)
    reference: Mapped[str] = mapped_column(String(120), unique=True)


@dataclass(frozen=True)
class SaleRecorded(Fact):
    """A closed price was added to what the price level learns from."""

    sale_id: UUID


def record_sale(
    actor: Actor, asset_id: UUID, purpose: str, price: Money, reference: str, now: datetime, related: bool = False
) -> ClosedSale:
    """Keep the price of a closed deal; the same reference twice is kept once."""
    known = session.execute(select(ClosedSale).where(ClosedSale.reference == reference)).scalar_one_or_none()
    if known is not None:
        return known
    sale = ClosedSale(
        asset_id=find_asset(asset_id).id,
        purpose=Purpose(purpose),
        price=price,
        closed_on=now.date(),
        recorded_at=now,
        related_parties=related,
        reference=reference,
    )
    session.add(sale)
    session.flush()
    announce(actor, now, SaleRecorded(sale.id), after={"purpose": sale.purpose.value, "price": str(price)})
    return sale


def sales_known_at(
    purpose: str, office: str, kind: str, as_of: datetime, limit: int = 500
) -> list[tuple[ClosedSale, Asset]]:
    """Prices of like assets closed and recorded by an instant, newest first, between unrelated parties."""
    query = (
        select(ClosedSale, Asset)
        .join(Asset, Asset.id == ClosedSale.asset_id)
        .where(
            ClosedSale.purpose == Purpose(purpose),
            ClosedSale.closed_on <= as_of.date(),
            ClosedSale.recorded_at <= as_of,
            ClosedSale.related_parties.is_(False),
            Asset.office == office,
            Asset.kind == kind,
        )
        .order_by(ClosedSale.closed_on.desc(), ClosedSale.id.desc())
        .limit(limit)
    )
    return [(sale, asset) for sale, asset in session.execute(query).all()]


def any_sale_known_at(as_of: datetime) -> bool:
    """Whether any price had closed and been recorded by an instant."""
    return bool(session.execute(select(select(ClosedSale.id).where(ClosedSale.recorded_at <= as_of).exists())).scalar())


def every_sale_known_at(purpose: str, as_of: datetime) -> list[tuple[ClosedSale, Asset]]:
    """Every price of a purpose closed and recorded by an instant, oldest first, between unrelated parties."""
    query = (
        select(ClosedSale, Asset)
        .join(Asset, Asset.id == ClosedSale.asset_id)
        .where(
            ClosedSale.purpose == Purpose(purpose),
            ClosedSale.recorded_at <= as_of,
            ClosedSale.related_parties.is_(False),
        )
        .order_by(ClosedSale.closed_on, ClosedSale.id)
    )
    return [(sale, asset) for sale, asset in session.execute(query).all()]
