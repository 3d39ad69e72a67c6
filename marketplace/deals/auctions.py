"""Auctions: one lot a listing, its announced rules, where it stands, and its hash-chained log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CHAR,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Model, find, money_columns, session
from marketplace.core.events import Fact
from marketplace.core.fields import cursor_page
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.deals import auction_log as log
from marketplace.deals import auction_rules as rules


class AuctionStatus(StrEnum):
    """From the announcement to the settled sale; an open lot ends by time, every other state by an act or a job."""

    OPEN = "open"
    SOLD = "sold"
    UNSOLD = "unsold"
    COMPLETED = "completed"
    DEFAULTED = "defaulted"


S = AuctionStatus
AUCTION_LIFECYCLE = Lifecycle(
    "auction",
    {
        S.OPEN: {S.SOLD, S.UNSOLD},
        S.SOLD: {S.COMPLETED, S.DEFAULTED},
        S.DEFAULTED: {S.SOLD, S.UNSOLD},
        S.UNSOLD: set(),
        S.COMPLETED: set(),
    },
)


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
    terms: Mapped[dict[str, Any]]
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

    def _money(self, minor: int | None) -> Money | None:
        return None if minor is None else Money(minor, self.start.currency)

    @property
    def high(self) -> Money | None:
        """The highest bid."""
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
        """The hidden reserve; it is shown to nobody before the close."""
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
        """The smallest amount the next bidder may name."""
        return rules.minimum_acceptable(self.rules, self.high)

    @property
    def rules(self) -> rules.EnglishTerms:
        """The announced terms with the hidden reserve."""
        return log.read_terms(self.terms, self.reserve)

    def is_open(self, now: datetime) -> bool:
        """Whether bids are taken at this instant."""
        return self.status is AuctionStatus.OPEN and self.opens_at <= now < self.closes_at

    def become(self, status: AuctionStatus) -> None:
        """Move along the lifecycle, or refuse."""
        self.status = AUCTION_LIFECYCLE.check(self.status, status)


class AuctionEvent(Model):
    """One line of the log; PostgreSQL gives it number, predecessor and hash, and refuses any later change."""

    __tablename__ = "auction_events"
    __table_args__ = (UniqueConstraint("auction_id", "sequence"),)

    auction_id: Mapped[UUID] = mapped_column(ForeignKey("auctions.id"))
    sequence: Mapped[int] = mapped_column(default=0)
    kind: Mapped[str] = mapped_column(String(20))
    occurred_at: Mapped[datetime]
    bidder_id: Mapped[UUID | None] = mapped_column(index=True)
    bidder_code: Mapped[str | None] = mapped_column(String(12))
    person_id: Mapped[UUID | None]
    amount_minor: Mapped[int | None]
    amount_currency: Mapped[str | None] = mapped_column(CHAR(3))
    closes_at: Mapped[datetime]
    detail: Mapped[str] = mapped_column(Text, default="")
    high_minor: Mapped[int | None]
    previous_hash: Mapped[str] = mapped_column(String(64), default="")
    hash: Mapped[str] = mapped_column(String(64), default="")
    audit_event_id: Mapped[UUID | None]

    @property
    def amount(self) -> Money | None:
        """The amount the bidder named."""
        both = self.amount_minor is not None and self.amount_currency is not None
        return Money(self.amount_minor or 0, self.amount_currency or "") if both else None

    def as_line(self) -> log.LogEvent:
        """The event as published: with the bidder's code, never the bidder."""
        return log.LogEvent(
            self.sequence, self.kind, self.occurred_at, self.closes_at, self.bidder_code, self.amount, self.detail,
            self.previous_hash, self.hash,
        )  # fmt: skip


@dataclass(frozen=True)
class BidPlaced(Fact):
    """A bid was accepted; the database function writes this fact itself, in the bid's own round trip."""

    auction_id: UUID
    bid_id: UUID


def append_event(
    auction: Auction,
    kind: str,
    now: datetime,
    bidder: tuple[UUID, str] | None = None,
    amount: Money | None = None,
    detail: str = "",
) -> AuctionEvent:
    """Add a line to the log of a locked lot."""
    event = AuctionEvent(
        auction_id=auction.id,
        kind=kind,
        occurred_at=now,
        closes_at=auction.closes_at,
        detail=detail,
        bidder_id=bidder and bidder[0],
        bidder_code=bidder and bidder[1],
        amount_minor=amount and amount.amount_minor,
        amount_currency=amount and amount.currency,
    )
    session.add(event)
    session.flush()
    session.refresh(event)
    auction.last_sequence = event.sequence
    return event


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


def events_of_auction(auction_id: UUID) -> Sequence[AuctionEvent]:
    """The whole log, oldest first."""
    query = select(AuctionEvent).where(AuctionEvent.auction_id == auction_id).order_by(AuctionEvent.sequence)
    found: Sequence[AuctionEvent] = session.execute(query).scalars().all()
    return found


def published_log(auction_id: UUID) -> dict[str, Any]:
    """The log as anybody may read and replay it; the reserve and its salt only after the close."""
    auction = find_auction(auction_id)
    events = events_of_auction(auction_id)
    revealed = None
    if auction.status is not AuctionStatus.OPEN and auction.reserve is not None:
        revealed = {
            "amount": auction.reserve.format(), "currency": auction.reserve.currency, "salt": auction.reserve_salt,
        }  # fmt: skip
    return {
        "auction_id": str(auction.id),
        "status": auction.status.value,
        "terms": auction.terms,
        "reserve": revealed,
        "events": [log.event_document(event.as_line()) for event in events],
        "head": events[-1].hash if events else None,
    }


def open_auctions(after: str | None, limit: int) -> dict[str, Any]:
    """A page of the lots that take bids or soon will."""
    return cursor_page(select(Auction).where(Auction.status == AuctionStatus.OPEN), Auction, after, limit)
