"""Auctions: one lot a listing, its announced rules, where it stands, and its hash-chained log."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.clock import now
from marketplace.core.db import Model, find, money_columns, session
from marketplace.core.fields import cursor_page
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.deals import auction_rules as rules
from marketplace.deals.auction_terms import read_terms
from marketplace.deals.falling_rules import Asking, asking_at


class AuctionStatus(StrEnum):
    """From the announcement to the settled sale; every state ends by time or by an act of the operator.

    Opening: the envelopes wait for two officers. Last word: the one who took the falling price may answer them.
    """

    OPEN = "open"
    OPENING = "opening"
    LAST_WORD = "last_word"
    SOLD = "sold"
    UNSOLD = "unsold"
    COMPLETED = "completed"
    DEFAULTED = "defaulted"


S = AuctionStatus
AUCTION_LIFECYCLE = Lifecycle(
    "auction",
    {
        S.OPEN: {S.SOLD, S.UNSOLD, S.OPENING},
        S.OPENING: {S.SOLD, S.UNSOLD, S.LAST_WORD},
        S.LAST_WORD: {S.SOLD, S.UNSOLD},
        S.SOLD: {S.COMPLETED, S.DEFAULTED},
        S.DEFAULTED: {S.SOLD, S.UNSOLD},
        S.UNSOLD: set(),
        S.COMPLETED: set(),
    },
)

TAKING_BIDS = (S.OPEN, S.LAST_WORD)
RUNNING = (S.OPEN, S.OPENING, S.LAST_WORD)
"""Statuses in which the outcome is still open."""


class Auction(Model):
    """One lot: its terms stand from the announcement; price and close only ever move up."""

    __tablename__ = "auctions"
    __table_args__ = (
        Index("ix_auctions_status_closes_at", "status", "closes_at"),
        CheckConstraint("start_minor > 0 AND deposit_minor > 0", name="amounts_positive"),
        CheckConstraint("leader_id <> seller_id AND winner_id <> seller_id", name="seller_never_bids"),
    )

    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listings.id"), unique=True)
    asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"))
    seller_id: Mapped[UUID] = mapped_column(index=True)
    status: Mapped[AuctionStatus] = mapped_column(default=AuctionStatus.OPEN)
    format: Mapped[rules.AuctionFormat] = mapped_column(default=rules.AuctionFormat.ENGLISH)
    proxy: Mapped[bool] = mapped_column(default=False)
    terms: Mapped[dict[str, Any]]
    terms_version: Mapped[int] = mapped_column(default=1)
    earlier_terms: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    start: Mapped[Money] = money_columns("start")
    increment_bounds: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    increment_steps: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    opens_at: Mapped[datetime]
    first_closes_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    window_seconds: Mapped[int]
    extension_seconds: Mapped[int]
    extend_from: Mapped[str] = mapped_column(String(5))
    max_extension_seconds: Mapped[int | None]
    deposit: Mapped[Money] = money_columns("deposit")
    buy_now_minor: Mapped[int | None]
    reserve_minor: Mapped[int | None]
    reserve_salt: Mapped[str | None] = mapped_column(String(64))
    high_minor: Mapped[int | None]
    leader_id: Mapped[UUID | None]
    leader_code: Mapped[str | None] = mapped_column(String(12))
    bid_count: Mapped[int] = mapped_column(default=0)
    last_sequence: Mapped[int] = mapped_column(default=1)
    told_sequence: Mapped[int] = mapped_column(default=1)
    winner_id: Mapped[UUID | None]
    winner_code: Mapped[str | None] = mapped_column(String(12))
    price_minor: Mapped[int | None]
    deal_id: Mapped[UUID | None]
    chance_id: Mapped[UUID | None]
    chance_until: Mapped[datetime | None]
    opening_key: Mapped[str | None] = mapped_column(String(64))
    opening_until: Mapped[datetime | None]

    def _money(self, minor: int | None) -> Money | None:
        return None if minor is None else Money(minor, self.start.currency)

    @property
    def high(self) -> Money | None:
        """The highest bid; in a portfolio lot the greatest total of bids that can win together."""
        return self._money(self.high_minor)

    @property
    def price(self) -> Money | None:
        """What the winner pays."""
        return self._money(self.price_minor)

    @property
    def buy_now(self) -> Money | None:
        """The price for buying outright, while nobody has bid."""
        return self._money(self.buy_now_minor) if self.bid_count == 0 else None

    @property
    def reserve(self) -> Money | None:
        """The reserve; unless it is public, it is shown to nobody before the close."""
        return self._money(self.reserve_minor)

    @property
    def has_reserve(self) -> bool:
        """Whether there is a reserve at all."""
        return self.reserve_minor is not None

    @property
    def reserve_met(self) -> bool:
        """Whether the highest bid reaches the reserve (without a reserve any bid does)."""
        return self.high_minor is not None and self.high_minor >= (self.reserve_minor or 0)

    @property
    def minimum_acceptable(self) -> Money:
        """The smallest amount the next bidder may name; in a portfolio lot each set of parts has its own, not lower."""
        portfolio = self.format is rules.AuctionFormat.PORTFOLIO
        return (
            min(part.start for part in self.rules.parts)
            if portfolio
            else rules.minimum_acceptable(self.rules, self.high)
        )

    @property
    def rules(self) -> rules.LotTerms:
        """The announced terms with the hidden reserve."""
        return read_terms(self.terms, self.reserve)

    @property
    def public_reserve(self) -> Money | None:
        """The reserve, if it was announced to everybody."""
        return self.reserve if self.terms.get("reserve") else None

    @property
    def asking(self) -> Asking | None:
        """The running stage of a falling price, while nobody has accepted it."""
        taken = self.status is not AuctionStatus.OPEN or self.leader_id is not None
        return None if taken else asking_at(self.rules, now())

    def is_open(self, now: datetime) -> bool:
        """Whether bids are taken at this instant."""
        return self.status in TAKING_BIDS and self.opens_at <= now < self.closes_at

    def become(self, status: AuctionStatus) -> None:
        """Move along the lifecycle, or refuse."""
        self.status = AUCTION_LIFECYCLE.check(self.status, status)


def find_auction(auction_id: UUID, lock: bool = False) -> Auction:
    """The lot as the database has it now (bids change it behind the session's back); announced lots are public."""
    auction = find(Auction, auction_id, lock=lock)
    if not lock:
        session.refresh(auction)
    return auction


def auction_of_listing(listing_id: UUID) -> Auction | None:
    """The lot of a listing, if it is auctioned."""
    found: Auction | None = session.execute(
        select(Auction).where(Auction.listing_id == listing_id)
    ).scalar_one_or_none()
    return found


def open_auctions(after: str | None, limit: int) -> dict[str, Any]:
    """A page of the lots that take bids or soon will."""
    return cursor_page(select(Auction).where(Auction.status.in_(RUNNING)), Auction, after, limit)
