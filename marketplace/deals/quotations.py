"""Requests for quotation, and the negotiated tender: one side asks many, each quotes alone, the asker picks with a reason.

A buyer asks the holders of several listings; or a holder invites several buyers to quote for one listing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, or_, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, money_columns, session
from marketplace.core.errors import NotFound, Refused, require
from marketplace.core.events import Fact
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.deals import policy

DECIDE_WITHIN = timedelta(days=14)
LONGEST_ROUND = timedelta(days=60)
MOST_SEATS = 30


class RoundOver(Refused):
    """No quote is taken now."""

    message = _l("No quote is taken now: the round is over.")


class NoLiveQuote(Refused):
    """There is nothing to pick from this holder."""

    message = _l("There is no quote of theirs that still stands.")


class RequestStatus(StrEnum):
    """Quotes come in, perhaps a best-and-final round, then the buyer decides; time ends every state."""

    OPEN = "open"
    BEST_AND_FINAL = "best_and_final"
    DECIDING = "deciding"
    AWARDED = "awarded"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class SeatStatus(StrEnum):
    """How one of those asked answers."""

    INVITED = "invited"
    QUOTED = "quoted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    CHOSEN = "chosen"
    NOT_CHOSEN = "not_chosen"


R = RequestStatus
Q = SeatStatus
REQUEST_LIFECYCLE = Lifecycle(
    "quotation request",
    {
        R.OPEN: {R.BEST_AND_FINAL, R.DECIDING, R.AWARDED, R.CANCELLED, R.EXPIRED},
        R.BEST_AND_FINAL: {R.DECIDING, R.AWARDED, R.CANCELLED, R.EXPIRED},
        R.DECIDING: {R.BEST_AND_FINAL, R.AWARDED, R.CANCELLED, R.EXPIRED},
        R.AWARDED: set(),
        R.CANCELLED: set(),
        R.EXPIRED: set(),
    },
)
SEAT_LIFECYCLE = Lifecycle(
    "quotation seat",
    {
        Q.INVITED: {Q.QUOTED, Q.DECLINED, Q.NOT_CHOSEN},
        Q.QUOTED: {Q.QUOTED, Q.WITHDRAWN, Q.CHOSEN, Q.NOT_CHOSEN},
        Q.DECLINED: {Q.QUOTED, Q.NOT_CHOSEN},
        Q.WITHDRAWN: {Q.QUOTED, Q.NOT_CHOSEN},
        Q.CHOSEN: set(),
        Q.NOT_CHOSEN: set(),
    },
)
TAKING_QUOTES = (R.OPEN, R.BEST_AND_FINAL)
UNDECIDED = (R.OPEN, R.BEST_AND_FINAL, R.DECIDING)


class Quote(Model):
    """One version of a price; never changed, only followed by the next."""

    __tablename__ = "quotes"
    __table_args__ = (
        UniqueConstraint("seat_id", "version"),
        CheckConstraint("price_minor > 0", name="price_above_zero"),
        CheckConstraint("valid_until > made_at", name="stands_for_a_while"),
    )

    seat_id: Mapped[UUID] = mapped_column(ForeignKey("quotation_seats.id"))
    version: Mapped[int]
    price: Mapped[Money] = money_columns("price")
    special_terms: Mapped[str] = mapped_column(Text, default="")
    final: Mapped[bool]
    made_at: Mapped[datetime]
    valid_until: Mapped[datetime]


class QuotationSeat(Model):
    """One listing, its two sides, and how the one asked answered; the others asked never see it."""

    __tablename__ = "quotation_seats"
    __table_args__ = (
        UniqueConstraint("request_id", "listing_id", "buyer_id"),
        CheckConstraint("seller_id <> buyer_id", name="two_sides"),
        Index("uq_quotation_seats_one_chosen", "request_id", unique=True, postgresql_where=text("status = 'chosen'")),
    )

    request_id: Mapped[UUID] = mapped_column(ForeignKey("quotation_requests.id"))
    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listings.id"))
    asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"))
    seller_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    status: Mapped[SeatStatus] = mapped_column(default=SeatStatus.INVITED)
    reason: Mapped[str] = mapped_column(String(1000), default="")
    quotes: Mapped[list[Quote]] = relationship(order_by=Quote.version, lazy="selectin")

    @property
    def live_quote(self) -> Quote | None:
        """The last word, unless it was taken back."""
        return self.quotes[-1] if self.quotes and self.status in (Q.QUOTED, Q.CHOSEN) else None

    def become(self, status: SeatStatus, reason: str = "") -> None:
        """Move along the lifecycle, or refuse."""
        self.status = SEAT_LIFECYCLE.check(self.status, status)
        self.reason = reason


class QuotationRequest(Model):
    """What one side asks of several others."""

    __tablename__ = "quotation_requests"
    __table_args__ = (
        CheckConstraint("ends_at > asked_at", name="rounds_take_time"),
        Index("ix_quotation_requests_status_ends_at", "status", "ends_at"),
    )

    asker_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    question: Mapped[str] = mapped_column(Text)
    status: Mapped[RequestStatus] = mapped_column(default=RequestStatus.OPEN)
    asked_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    end_reason: Mapped[str] = mapped_column(String(1000), default="")
    deal_id: Mapped[UUID | None]
    seats: Mapped[list[QuotationSeat]] = relationship(order_by=QuotationSeat.id, lazy="selectin")

    def become(self, status: RequestStatus, reason: str = "") -> None:
        """Move along the lifecycle, or refuse; an ended request ends every seat that was not chosen."""
        self.status = REQUEST_LIFECYCLE.check(self.status, status)
        self.end_reason = reason
        if status not in UNDECIDED:
            for seat in self.seats:
                if seat.status is not Q.CHOSEN:
                    seat.become(Q.NOT_CHOSEN, seat.reason)

    @property
    def is_tender(self) -> bool:
        """Whether the holder asks buyers, and not a buyer holders."""
        return any(seat.seller_id == self.asker_id for seat in self.seats)

    def asked_in(self, seat: QuotationSeat) -> UUID:
        """The organisation that answers in this seat."""
        return seat.buyer_id if seat.seller_id == self.asker_id else seat.seller_id

    def takes_quotes(self, now: datetime) -> bool:
        """Whether holders may quote at this instant."""
        return self.status in TAKING_QUOTES and now < self.ends_at

    def begin_final_round(self, ends_at: datetime, now: datetime) -> None:
        """Everybody with a live quote may improve it once more."""
        require(any(seat.live_quote for seat in self.seats), NoLiveQuote())
        self.become(R.BEST_AND_FINAL)
        self.ends_at = min(max(ends_at, now + timedelta(hours=1)), now + LONGEST_ROUND)

    def pass_deadline(self, now: datetime) -> None:
        """The time of this state is over: decide, or give up."""
        if self.status in TAKING_QUOTES and any(seat.live_quote for seat in self.seats):
            self.become(R.DECIDING)
            self.ends_at = now + DECIDE_WITHIN
        else:
            self.become(R.EXPIRED)

    def seat_for(self, listing_id: UUID, buyer_id: UUID | None) -> QuotationSeat:
        """The seat of one listing and one buyer; a buyer who asks is the buyer of every seat."""
        buyer_id = (buyer_id if self.is_tender else None) or self.asker_id
        found = next((one for one in self.seats if (one.listing_id, one.buyer_id) == (listing_id, buyer_id)), None)
        if found is None:
            raise NotFound()
        return found


@dataclass(frozen=True)
class QuotationAsked(Fact):
    """One side asked several others for a quote."""

    request_id: UUID
    asked_ids: tuple[UUID, ...]
    tender: bool


@dataclass(frozen=True)
class QuoteMade(Fact):
    """Somebody asked quoted, or improved its quote."""

    request_id: UUID
    quote_id: UUID
    asker_id: UUID


@dataclass(frozen=True)
class QuoteTakenBack(Fact):
    """Somebody asked declined, or withdrew its quote, and said why."""

    request_id: UUID
    listing_id: UUID
    asker_id: UUID
    reason: str


@dataclass(frozen=True)
class FinalRoundCalled(Fact):
    """The asker wants best and final quotes."""

    request_id: UUID
    asked_ids: tuple[UUID, ...]


@dataclass(frozen=True)
class QuotationEnded(Fact):
    """The request was decided, given up or ran out."""

    request_id: UUID
    status: str
    asked_ids: tuple[UUID, ...]


def find_request(actor: Actor, request_id: UUID, lock: bool = False) -> QuotationRequest:
    """The request, for its asker, those asked and the operator; for others it does not exist."""
    request = find(QuotationRequest, request_id, lock=lock)
    sides = {one for seat in request.seats for one in (seat.seller_id, seat.buyer_id)}
    require(actor.organisation_id in sides or policy.is_platform(actor), NotFound())
    return request


def seats_seen_by(actor: Actor, request: QuotationRequest) -> list[QuotationSeat]:
    """The asker sees every answer; who was asked only its own."""
    if actor.organisation_id == request.asker_id:
        return list(request.seats)
    return [seat for seat in request.seats if request.asked_in(seat) == actor.organisation_id]


def requests_of(organisation_id: UUID | None) -> list[QuotationRequest]:
    """What the organisation asked and was asked, newest first."""
    seats = select(QuotationSeat.request_id).where(
        or_(QuotationSeat.seller_id == organisation_id, QuotationSeat.buyer_id == organisation_id)
    )
    query = select(QuotationRequest).where(QuotationRequest.id.in_(seats))
    return list(session.execute(query.order_by(QuotationRequest.id.desc()).limit(200)).scalars())
