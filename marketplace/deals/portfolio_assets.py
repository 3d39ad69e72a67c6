"""The assets of a portfolio lot: in which part each is sold, who bought it, and how its sale ended."""

from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Model, money_columns, session
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.deals.auction_events import AuctionEvent
from marketplace.deals.auctions import Auction
from marketplace.deals.portfolio_rules import PackageBid, read_package


class LotAssetStatus(StrEnum):
    """How one asset of a portfolio lot stands."""

    OFFERED = "offered"
    SOLD = "sold"
    UNSOLD = "unsold"
    COMPLETED = "completed"
    DEFAULTED = "defaulted"


S = LotAssetStatus
LOT_ASSET_LIFECYCLE = Lifecycle(
    "lot_asset",
    {
        S.OFFERED: {S.SOLD, S.UNSOLD},
        S.SOLD: {S.COMPLETED, S.DEFAULTED},
        S.UNSOLD: set(),
        S.COMPLETED: set(),
        S.DEFAULTED: {S.SOLD, S.UNSOLD},
    },
)


class LotAsset(Model):
    """One asset of a portfolio lot; assets with the same part number are sold together or not at all."""

    __tablename__ = "auction_lot_assets"
    __table_args__ = (
        UniqueConstraint("auction_id", "asset_id"),
        CheckConstraint("part BETWEEN 1 AND 10", name="part_in_reason"),
        CheckConstraint("start_minor > 0", name="start_above_zero"),
        CheckConstraint(
            "(status IN ('offered', 'unsold', 'defaulted')) = (winner_id IS NULL) AND (winner_id IS NULL) = (price_minor IS NULL) "
            "AND (winner_id IS NULL) = (deposit_minor IS NULL)",
            name="sold_whole",
        ),
        CheckConstraint("price_minor >= start_minor", name="price_not_below_start"),
        CheckConstraint("deposit_minor BETWEEN 0 AND price_minor", name="deposit_within_price"),
        ExcludeConstraint(
            ("auction_id", "="), ("part", "="), ("winner_id", "<>"), name="ex_auction_lot_assets_part_stays_whole"
        ),
    )

    auction_id: Mapped[UUID] = mapped_column(ForeignKey("auctions.id"), index=True)
    part: Mapped[int]
    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listings.id"), unique=True)
    asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"))
    status: Mapped[LotAssetStatus] = mapped_column(default=LotAssetStatus.OFFERED)
    start: Mapped[Money] = money_columns("start")
    winner_id: Mapped[UUID | None]
    winner_code: Mapped[str | None] = mapped_column(String(12))
    price_minor: Mapped[int | None]
    deposit_minor: Mapped[int | None]
    deal_id: Mapped[UUID | None]

    @property
    def price(self) -> Money | None:
        """What its buyer pays: its share of the winning bid."""
        return None if self.price_minor is None else Money(self.price_minor, self.start.currency)

    @property
    def deposit(self) -> Money:
        """The share of the buyer's deposit that counts towards this price."""
        return Money(self.deposit_minor or 0, self.start.currency)

    def become(self, status: LotAssetStatus) -> None:
        """Move along the lifecycle, or refuse."""
        self.status = LOT_ASSET_LIFECYCLE.check(self.status, status)


def assets_of_lot(auction_id: UUID) -> Sequence[LotAsset]:
    """The assets of a portfolio lot, part by part; none for any other lot."""
    query = select(LotAsset).where(LotAsset.auction_id == auction_id).order_by(LotAsset.part, LotAsset.id)
    found: Sequence[LotAsset] = session.execute(query).scalars().all()
    return found


def asset_of_listing(listing_id: UUID) -> LotAsset | None:
    """The place of a listing in a portfolio lot, if it is sold in one."""
    found: LotAsset | None = session.execute(
        select(LotAsset).where(LotAsset.listing_id == listing_id)
    ).scalar_one_or_none()
    return found


def lot_of_listing(listing_id: UUID) -> Auction | None:
    """The lot in which a listing is sold, alone or as a part of a portfolio."""
    held = select(LotAsset.auction_id).where(LotAsset.listing_id == listing_id)
    query = select(Auction).where((Auction.listing_id == listing_id) | Auction.id.in_(held))
    found: Auction | None = session.execute(query).scalar_one_or_none()
    return found


def asset_ids_of(auction: Auction) -> list[UUID]:
    """Every asset that is sold in a lot."""
    return [row.asset_id for row in assets_of_lot(auction.id)] or [auction.asset_id]


def package_bids(auction: Auction) -> list[PackageBid]:
    """Every accepted bid of a portfolio lot as its rules read it, in the order they came."""
    query = select(AuctionEvent).where(AuctionEvent.auction_id == auction.id, AuctionEvent.kind == "package")
    events = session.execute(query.order_by(AuctionEvent.sequence)).scalars()
    return [
        PackageBid(event.bidder_code or "", read_package(event.detail), event.amount, event.sequence)
        for event in events
        if event.amount is not None
    ]
