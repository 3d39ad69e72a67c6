"""Envelopes: sealed bids nobody can read before the opening, not even with the whole database and its settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.clock import database_now
from marketplace.core.db import Model, session
from marketplace.core.errors import NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.deals import auction_formats as formats
from marketplace.deals import sealing
from marketplace.deals.auction_events import AuctionEvent, append_event
from marketplace.deals.auction_rules import AuctionFormat
from marketplace.deals.auctions import Auction, AuctionStatus, find_auction
from marketplace.deals.bid_refusals import BidTooLow, DepositMissing, LotNotOpen, WrongCurrency
from marketplace.deals.bidders import Bidder, BidderStatus, LotClosed, bidder_of, require_no_conflict
from marketplace.deals.sealing import CannotOpen, SealedAmount
from marketplace.identity.verification import require_approved


class NoEnvelopesHere(Refused):
    """This lot is not sold by sealed bids, or not now."""

    message = _l("This lot takes no sealed bids now.")


class FirstBidderWaits(Refused):
    """Whoever accepted the falling price has the last word instead of an envelope."""

    message = _l("You accepted the falling price: you answer the envelopes after they are opened.")


class Envelope(Model):
    """One sealed bid; its amount is filled in at the opening, and only the bidder's last one stands."""

    __tablename__ = "auction_envelopes"
    __table_args__ = (
        CheckConstraint("(amount_minor IS NULL) = (opened_at IS NULL)", name="read_when_opened"),
        Index(
            "uq_auction_envelopes_one_standing", "auction_id", "bidder_id", unique=True,
            postgresql_where=text("standing"),
        ),
    )  # fmt: skip

    auction_id: Mapped[UUID] = mapped_column(ForeignKey("auctions.id"))
    bidder_id: Mapped[UUID] = mapped_column(ForeignKey("auction_bidders.id"))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    commitment: Mapped[str] = mapped_column(String(64))
    lodged_at: Mapped[datetime]
    standing: Mapped[bool] = mapped_column(default=True)
    amount_minor: Mapped[int | None]
    opened_at: Mapped[datetime | None]


@dataclass(frozen=True)
class EnvelopeLodged(Fact):
    """A sealed bid came in; only its commitment is known."""

    auction_id: UUID
    commitment: str


@dataclass(frozen=True)
class EnvelopeWithdrawn(Fact):
    """A bidder took the sealed bid back before the close."""

    auction_id: UUID
    bidder_code: str


@dataclass(frozen=True)
class LodgedEnvelope:
    """What the bidder gets: the commitment, which must appear in the published log."""

    id: UUID
    auction_id: UUID
    sequence: int
    commitment: str
    bidder_code: str
    lodged_at: datetime
    hash: str
    receipt_id: UUID | None


def lodge_envelope(actor: Actor, auction_id: UUID, amount: Money, now: datetime) -> LodgedEnvelope:
    """Seal a bid: the amount is encrypted before anything is written, and replaces the bidder's earlier envelope."""
    require_approved(actor)
    auction, bidder, instant = _open_for(actor, auction_id)
    terms = auction.rules
    require(amount.currency == auction.start.currency, WrongCurrency(currency=auction.start.currency))
    if auction.format is AuctionFormat.HYBRID_DUTCH:
        assert auction.high is not None
        require(formats.sealed_bid_counts(amount, auction.high), BidTooLow(minimum_acceptable=auction.high))
    require(amount >= terms.start or auction.format.is_falling, BidTooLow(minimum_acceptable=terms.start))
    sealed = sealing.with_salt(amount)
    _set_aside(auction, bidder)
    content = sealing.seal(sealed.to_bytes(), auction.opening_key or "", _purpose(auction, bidder))
    envelope = Envelope(
        auction_id=auction.id, bidder_id=bidder.id, content=content, commitment=sealed.commitment(bidder.code),
        lodged_at=instant,
    )  # fmt: skip
    session.add(envelope)
    line = append_event(auction, "sealed", instant, (bidder.organisation_id, bidder.code), detail=envelope.commitment)
    recorded = announce(actor, instant, EnvelopeLodged(auction.id, envelope.commitment))
    return LodgedEnvelope(
        envelope.id, auction.id, line.sequence, envelope.commitment, bidder.code, instant, line.hash,
        getattr(recorded, "id", None),
    )  # fmt: skip


def lodge_typed_envelope(actor: Actor, auction_id: UUID, typed: str, now: datetime) -> LodgedEnvelope:
    """A sealed bid from a form: the amount as typed is read in the lot's currency."""
    return lodge_envelope(actor, auction_id, Money.typed(typed, find_auction(auction_id).start.currency), now)


def withdraw_envelope(actor: Actor, auction_id: UUID, now: datetime) -> AuctionEvent:
    """Take the sealed bid back while envelopes are still taken."""
    auction, bidder, instant = _open_for(actor, auction_id)
    require(_set_aside(auction, bidder), NotFound())
    announce(actor, instant, EnvelopeWithdrawn(auction.id, bidder.code))
    return append_event(auction, "withdrawn", instant, (bidder.organisation_id, bidder.code))


def _open_for(actor: Actor, auction_id: UUID) -> tuple[Auction, Bidder, datetime]:
    """The locked lot, the admitted bidder and the server's time, if envelopes are taken from this bidder now."""
    require(actor.may("deal.trade"))
    auction = find_auction(auction_id, lock=True)
    instant = database_now()
    span = auction.rules.sealed_span
    if span is None or auction.opening_key is None:
        raise NoEnvelopesHere()
    require_no_conflict(actor, auction)
    require(auction.status is AuctionStatus.OPEN and instant < span[1], LotClosed())
    require(instant >= span[0], LotNotOpen())
    require(auction.format.is_sealed or auction.leader_id is not None, LotClosed())
    require(auction.leader_id != actor.organisation_id, FirstBidderWaits())
    bidder = bidder_of(auction_id, actor.organisation_id)
    if bidder is None or bidder.status is not BidderStatus.ADMITTED:
        raise DepositMissing()
    return auction, bidder, instant


def _purpose(auction: Auction, bidder: Bidder) -> str:
    return f"bid:{auction.id}:{bidder.code}"


def _set_aside(auction: Auction, bidder: Bidder) -> bool:
    """The bidder's standing envelope, if any, does not count any more."""
    query = select(Envelope).where(
        Envelope.auction_id == auction.id, Envelope.bidder_id == bidder.id, Envelope.standing
    )
    earlier: Envelope | None = session.execute(query).scalar_one_or_none()
    if earlier is not None:
        earlier.standing = False
        session.flush()
    return earlier is not None


def standing_envelopes(auction_id: UUID) -> Sequence[tuple[Envelope, Bidder]]:
    """The envelopes that count, with their bidders, in the order they came."""
    query = (
        select(Envelope, Bidder)
        .join(Bidder, Bidder.id == Envelope.bidder_id)
        .where(Envelope.auction_id == auction_id, Envelope.standing)
        .order_by(Envelope.lodged_at)
    )
    return [(row[0], row[1]) for row in session.execute(query)]


def read_envelopes(auction: Auction, seed: bytes, now: datetime) -> None:
    """Open every standing envelope and publish what was in it; one that cannot be read is declared void."""
    for envelope, bidder in standing_envelopes(auction.id):
        who = (bidder.organisation_id, bidder.code)
        try:
            found = SealedAmount.from_bytes(sealing.unseal_with_seed(envelope.content, seed, _purpose(auction, bidder)))
        except CannotOpen:
            found = None
        if found is None or found.commitment(bidder.code) != envelope.commitment:
            envelope.standing = False
            append_event(auction, "void", now, who, detail=envelope.commitment)
            continue
        envelope.amount_minor, envelope.opened_at = found.amount.amount_minor, now
        append_event(auction, "revealed", now, who, found.amount, detail=f"{envelope.commitment}:{found.salt}")


def opened_bids(auction: Auction) -> list[formats.SealedBid]:
    """The opened envelopes as the rules read them."""
    currency = auction.start.currency
    return [
        formats.SealedBid(bidder.code, Money(envelope.amount_minor, currency), envelope.lodged_at)
        for envelope, bidder in standing_envelopes(auction.id)
        if envelope.amount_minor is not None
    ]
