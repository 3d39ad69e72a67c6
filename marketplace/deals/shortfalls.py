"""What a defaulting buyer still owes: the gap between the price promised and the price the lot brought at last.

法释〔2016〕18号 art. 24: the forfeited deposit pays the costs and the gap first; the rest of the gap stays owed, and the
defaulter may not bid on the same asset again.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import SYSTEM
from marketplace.core.db import Model, money_columns, session
from marketplace.core.money import Money
from marketplace.deals.auctions import Auction
from marketplace.ledger import accounts
from marketplace.payments.collections import request_collection

PURPOSE = "price_gap"


class BuyerDefault(Model):
    """One buyer who did not pay one lot."""

    __tablename__ = "auction_defaults"
    __table_args__ = (
        UniqueConstraint("auction_id", "asset_id", "buyer_id"),
        CheckConstraint("price_minor > 0 AND forfeited_minor >= 0", name="amounts"),
        CheckConstraint("(gap_minor IS NULL) = (resold_at IS NULL)", name="gap_known_when_resold"),
    )

    auction_id: Mapped[UUID] = mapped_column(ForeignKey("auctions.id"))
    asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"), index=True)
    seller_id: Mapped[UUID]
    buyer_id: Mapped[UUID] = mapped_column(index=True)
    price: Mapped[Money] = money_columns("price")
    forfeited: Mapped[Money] = money_columns("forfeited")
    resold_at: Mapped[datetime | None]
    gap_minor: Mapped[int | None]
    collection_id: Mapped[UUID | None]

    def gap_after(self, resale: Money) -> Money:
        """What is still owed when the lot brought this price at last; never below zero."""
        owed = self.price - resale - self.forfeited
        return owed if owed.amount_minor > 0 else Money.zero(owed.currency)


def record_default(auction: Auction, buyer_id: UUID, price: Money, forfeited: Money) -> BuyerDefault:
    """Remember who did not pay what."""
    default = BuyerDefault(
        auction_id=auction.id, asset_id=auction.asset_id, seller_id=auction.seller_id, buyer_id=buyer_id, price=price,
        forfeited=forfeited,
    )  # fmt: skip
    session.add(default)
    session.flush()
    return default


def defaulted_before(asset_ids: Sequence[UUID], organisation_id: UUID | None) -> bool:
    """Whether the organisation once bought one of these assets at auction and did not pay."""
    query = select(BuyerDefault.id).where(
        BuyerDefault.asset_id.in_(asset_ids), BuyerDefault.buyer_id == organisation_id
    )
    return session.execute(query.limit(1)).first() is not None


def settle_gaps(asset_id: UUID, seller_id: UUID, resale: Money, now: datetime) -> list[BuyerDefault]:
    """The asset was auctioned again and paid: ask each earlier defaulter for the rest of the gap."""
    query = select(BuyerDefault).where(
        BuyerDefault.asset_id == asset_id, BuyerDefault.seller_id == seller_id,
        BuyerDefault.resold_at.is_(None),
    )  # fmt: skip
    found = session.execute(query.order_by(BuyerDefault.id).with_for_update()).scalars()
    settled = [default for default in found if default.price.currency == resale.currency]
    payable = f"organisation:{seller_id}:payable"
    for default in settled:
        gap = default.gap_after(resale)
        default.resold_at, default.gap_minor = now, gap.amount_minor
        if gap:
            accounts.open_account(payable, gap.currency, "credit", owner_id=seller_id)
            default.collection_id = request_collection(
                SYSTEM, default.buyer_id, gap, PURPOSE, default.id, "bank_transfer", payable, now
            ).id
    session.flush()
    return settled
