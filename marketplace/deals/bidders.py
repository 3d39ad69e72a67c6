"""Bidders: who is admitted to a lot, with a deposit held until the outcome is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import Model, find, session
from marketplace.core.errors import NotAllowed, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.deals.auctions import Auction, AuctionStatus, find_auction
from marketplace.deals.portfolio_assets import asset_ids_of
from marketplace.deals.shortfalls import defaulted_before
from marketplace.identity.organisations import are_related
from marketplace.identity.verification import require_approved
from marketplace.ledger import accounts, entries
from marketplace.ledger.entries import InsufficientFunds, Posting
from marketplace.payments import refunds
from marketplace.payments.collections import PaymentCollected, request_collection
from marketplace.payments.held_funds import held_account

PURPOSE = "bid_deposit"


class ConflictOfInterest(NotAllowed):
    """The seller, its members and its related organisations never bid (拍卖法 arts. 22, 30)."""

    message = _l("You are, or are related to, the seller of this lot: you cannot bid on it.")


class LotClosed(Refused):
    """The lot takes no more bids; the server's clock decides."""

    message = _l("This lot is closed.")


class BarredAfterDefault(NotAllowed):
    """Who bought an asset at auction and did not pay may not bid on it again (法释〔2016〕18号 art. 24)."""

    message = _l("You bought this asset at auction before and did not pay: you cannot bid on it again.")


class BidderStatus(StrEnum):
    """How a bidder's deposit stands; a holder of a priority right is expected before it registers."""

    EXPECTED = "expected"
    AWAITING_DEPOSIT = "awaiting_deposit"
    ADMITTED = "admitted"
    RETURNED = "returned"
    APPLIED = "applied"
    FORFEITED = "forfeited"


B = BidderStatus
BIDDER_LIFECYCLE = Lifecycle(
    "bidder",
    {
        B.EXPECTED: {B.AWAITING_DEPOSIT, B.RETURNED},
        B.AWAITING_DEPOSIT: {B.ADMITTED, B.RETURNED},
        B.ADMITTED: {B.RETURNED, B.APPLIED},
        B.APPLIED: {B.FORFEITED},
        B.RETURNED: set(),
        B.FORFEITED: set(),
    },
)


class Bidder(Model):
    """One organisation on one lot, known to the others only by its code."""

    __tablename__ = "auction_bidders"
    __table_args__ = (UniqueConstraint("auction_id", "organisation_id"), UniqueConstraint("auction_id", "code"))

    auction_id: Mapped[UUID] = mapped_column(ForeignKey("auctions.id"))
    organisation_id: Mapped[UUID] = mapped_column(index=True)
    code: Mapped[str] = mapped_column(String(12))
    rank: Mapped[int | None]
    status: Mapped[BidderStatus] = mapped_column(default=BidderStatus.AWAITING_DEPOSIT)
    collection_id: Mapped[UUID | None]

    @property
    def hold_reference(self) -> str:
        """The name of the deposit's hold in the books."""
        return f"bid-deposit:{self.id}"

    def become(self, status: BidderStatus) -> None:
        """Move along the lifecycle, or refuse."""
        self.status = BIDDER_LIFECYCLE.check(self.status, status)


@dataclass(frozen=True)
class BidderRegistered(Fact):
    """An organisation asked to bid on a lot."""

    auction_id: UUID
    bidder_id: UUID


@dataclass(frozen=True)
class BidderAdmitted(Fact):
    """Its deposit is held: it may bid."""

    auction_id: UUID
    bidder_id: UUID


@dataclass(frozen=True)
class DepositReturned(Fact):
    """A deposit was released to the bidder who did not win."""

    auction_id: UUID
    bidder_id: UUID


def deposits_account(organisation_id: UUID, currency: str) -> str:
    """An organisation's own money for deposits; what a lot holds of it is available for no other lot."""
    code = f"organisation:{organisation_id}:deposits"
    accounts.open_account(code, currency, "credit", owner_id=organisation_id)
    return code


def require_no_conflict(actor: Actor, auction: Auction) -> None:
    """The seller and whoever is one interest with it may not bid."""
    organisation_id = actor.organisation_id
    require(
        organisation_id is not None
        and organisation_id != auction.seller_id
        and not are_related(organisation_id, auction.seller_id),
        ConflictOfInterest(),
    )


def register_bidder(actor: Actor, auction_id: UUID, method: str, now: datetime) -> Bidder:
    """Ask to bid: the deposit is held from what the organisation has available, or asked of it."""
    require_approved(actor)
    require(actor.may("deal.trade"))
    auction = find_auction(auction_id, lock=True)
    require_no_conflict(actor, auction)
    assert actor.organisation_id is not None
    known = bidder_of(auction_id, actor.organisation_id)
    if known is not None and known.status is not BidderStatus.EXPECTED:
        return known
    require(auction.status is AuctionStatus.OPEN and now < auction.closes_at, LotClosed())
    require(not defaulted_before(asset_ids_of(auction), actor.organisation_id), BarredAfterDefault())
    bidder = known or _enter(auction_id, actor.organisation_id)
    if known is not None:
        bidder.become(BidderStatus.AWAITING_DEPOSIT)
    announce(actor, now, BidderRegistered(auction_id, bidder.id))
    try:
        _hold_deposit(actor, auction, bidder, now)
    except InsufficientFunds:
        account = deposits_account(actor.organisation_id, auction.deposit.currency)
        bidder.collection_id = request_collection(
            actor, actor.organisation_id, auction.deposit, PURPOSE, bidder.id, method, account, now
        ).id
    return bidder


def _enter(auction_id: UUID, organisation_id: UUID) -> Bidder:
    entered = select(func.count()).where(Bidder.auction_id == auction_id, Bidder.rank.is_(None))
    bidder = Bidder(
        auction_id=auction_id, organisation_id=organisation_id, status=BidderStatus.AWAITING_DEPOSIT,
        code=f"B{session.execute(entered).scalar_one() + 1}",
    )  # fmt: skip
    session.add(bidder)
    session.flush()
    return bidder


def _hold_deposit(actor: Actor, auction: Auction, bidder: Bidder, now: datetime) -> None:
    """Hold the deposit; a hold that the balance does not cover is refused by the books."""
    own = deposits_account(bidder.organisation_id, auction.deposit.currency)
    lot = held_account("deposit", auction.id, auction.deposit.currency)
    entries.hold(actor, bidder.hold_reference, "bid_deposit", [Posting(own, lot, auction.deposit)], now)
    bidder.become(BidderStatus.ADMITTED)
    announce(actor, now, BidderAdmitted(auction.id, bidder.id))


def admit_when_paid(_actor: Actor, fact: PaymentCollected, now: datetime) -> None:
    """A deposit arrived: hold it for its lot, or leave it available if the lot is over."""
    if fact.purpose != PURPOSE:
        return
    bidder = find(Bidder, fact.paid_for_id, lock=True)
    auction = find_auction(bidder.auction_id)
    if bidder.status is not BidderStatus.AWAITING_DEPOSIT:
        return
    if auction.status is AuctionStatus.OPEN:
        _hold_deposit(SYSTEM, auction, bidder, now)
    else:
        _return(auction, bidder, now)


def bidder_of(auction_id: UUID, organisation_id: UUID | None) -> Bidder | None:
    """The organisation's registration on a lot."""
    query = select(Bidder).where(Bidder.auction_id == auction_id, Bidder.organisation_id == organisation_id)
    found: Bidder | None = session.execute(query).scalar_one_or_none()
    return found


def priority_ranks(auction_id: UUID) -> dict[UUID, int | None]:
    """Who holds a priority right in a lot, with the rank announced."""
    query = select(Bidder.organisation_id, Bidder.rank).where(Bidder.auction_id == auction_id, Bidder.rank.is_not(None))
    return {row.organisation_id: row.rank for row in session.execute(query)}


def settle_deposits(auction: Auction, kept: Mapping[UUID, Money], now: datetime) -> None:
    """Return every loser's deposit the moment the lot is decided; what is kept of a winner's counts towards prices."""
    waiting = (B.ADMITTED, B.AWAITING_DEPOSIT, B.EXPECTED)
    query = select(Bidder).where(Bidder.auction_id == auction.id, Bidder.status.in_(waiting))
    for bidder in session.execute(query.order_by(Bidder.id).with_for_update()).scalars().all():
        if bidder.organisation_id in kept:
            share = kept[bidder.organisation_id]
            entries.capture(SYSTEM, bidder.hold_reference, f"{bidder.hold_reference}:applied", now, share)
            bidder.become(BidderStatus.APPLIED)
            _send_back(auction, bidder, auction.deposit - share, now)
        elif bidder.status is BidderStatus.ADMITTED:
            entries.void(SYSTEM, bidder.hold_reference, f"{bidder.hold_reference}:returned", now)
            _return(auction, bidder, now)
        elif bidder.status is BidderStatus.EXPECTED:
            bidder.become(BidderStatus.RETURNED)


def _return(auction: Auction, bidder: Bidder, now: datetime) -> None:
    """Give the released deposit back the way it came; one held from earlier money stays available."""
    bidder.become(BidderStatus.RETURNED)
    _send_back(auction, bidder, auction.deposit, now)
    announce(SYSTEM, now, DepositReturned(auction.id, bidder.id))


def _send_back(auction: Auction, bidder: Bidder, amount: Money, now: datetime) -> None:
    if bidder.collection_id is not None and amount:
        account = deposits_account(bidder.organisation_id, auction.deposit.currency)
        refunds.request_refund(SYSTEM, bidder.collection_id, amount, account, f"{bidder.hold_reference}:refund", now)


def forfeit_deposit(actor: Actor, auction: Auction, now: datetime) -> Money:
    """The defaulting buyer loses the deposit to the seller, who bears costs and price gap (法释〔2016〕18号 art. 24)."""
    bidder = bidder_of(auction.id, auction.winner_id)
    if bidder is None or bidder.status is not BidderStatus.APPLIED:
        return Money.zero(auction.deposit.currency)
    reference = f"{bidder.hold_reference}:forfeited"
    return forfeit_share(actor, auction, bidder.organisation_id, auction.deposit, reference, now)


def forfeit_share(
    actor: Actor, auction: Auction, buyer_id: UUID, amount: Money, reference: str, now: datetime
) -> Money:
    """The part of a winner's deposit that belongs to an unpaid sale goes to the seller."""
    lot = held_account("deposit", auction.id, auction.deposit.currency)
    payable = f"organisation:{auction.seller_id}:payable"
    accounts.open_account(payable, auction.deposit.currency, "credit", owner_id=auction.seller_id)
    entries.post(actor, reference, "forfeited_deposit", [Posting(lot, payable, amount)], now)
    bidder = bidder_of(auction.id, buyer_id)
    if bidder is not None and bidder.status is BidderStatus.APPLIED:
        bidder.become(BidderStatus.FORFEITED)
    return amount
