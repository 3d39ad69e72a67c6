"""The log of a lot: every act a line, numbered, chained and kept by the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CHAR, ForeignKey, Index, String, Text, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Model, session
from marketplace.core.events import Fact
from marketplace.core.money import Money
from marketplace.deals import auction_log as log
from marketplace.deals.auctions import RUNNING, Auction, find_auction


class AuctionEvent(Model):
    """One line of the log; PostgreSQL gives it number, predecessor and hash, and refuses any later change."""

    __tablename__ = "auction_events"
    __table_args__ = (
        UniqueConstraint("auction_id", "sequence"),
        Index("uq_auction_events_one_close", "auction_id", unique=True, postgresql_where=text("kind = 'closed'")),
    )

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
    **proof: UUID | None,
) -> AuctionEvent:
    """Add a line to the log of a locked lot; ``proof`` is what ties it to its person and its audit event."""
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
        **proof,
    )
    session.add(event)
    session.flush()
    session.refresh(event)
    auction.last_sequence = event.sequence
    return event


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
    if auction.status not in RUNNING and auction.reserve is not None and auction.reserve_salt is not None:
        revealed = {
            "amount": auction.reserve.format(), "currency": auction.reserve.currency, "salt": auction.reserve_salt,
        }  # fmt: skip
    return {
        "auction_id": str(auction.id),
        "status": auction.status.value,
        "terms": auction.terms,
        "earlier_terms": auction.earlier_terms,
        "reserve": revealed,
        "events": [log.event_document(event.as_line()) for event in events],
        "head": events[-1].hash if events else None,
    }
