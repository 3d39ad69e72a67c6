"""The end of a lot: closed once, sold or unsold, and what follows when the buyer does not pay."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.clock import database_now
from marketplace.core.db import session
from marketplace.core.errors import NotFound, Problem, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.deals.auctions import (
    AUCTION_LIFECYCLE,
    Auction,
    AuctionEvent,
    AuctionStatus,
    append_event,
    find_auction,
)
from marketplace.deals.bidders import forfeit_deposit, settle_deposits

CHANCE = timedelta(hours=48)


class NoChanceOffered(Refused):
    """Nothing was offered to this bidder, or the time to answer is over."""

    message = _l("There is no second-chance offer for you on this lot.")


class LotHasBids(Refused):
    """Bids bind the seller as they bind the bidder: the lot runs to its end."""

    message = _l("This lot has bids or is open: its listing cannot be paused or withdrawn.")


class NothingHeldUp(Refused):
    """The lot has its deal, or no buyer."""

    message = _l("No deal of this lot is waiting to be opened.")


@dataclass(frozen=True)
class AuctionDealHeldUp(Fact):
    """A lot was sold but its deal cannot be opened yet: the operator's alarm."""

    auction_id: UUID
    reason: str


@dataclass(frozen=True)
class AuctionWon(Fact):
    """A lot has its buyer; the deal is opened in answer to this."""

    auction_id: UUID
    listing_id: UUID
    asset_id: UUID
    seller_id: UUID
    buyer_id: UUID
    price: Money


@dataclass(frozen=True)
class AuctionUnsold(Fact):
    """A lot ended without a buyer (流拍)."""

    auction_id: UUID
    listing_id: UUID


@dataclass(frozen=True)
class AuctionSold(Fact):
    """The deal of a sold lot is open."""

    auction_id: UUID
    deal_id: UUID


@dataclass(frozen=True)
class BuyerDefaulted(Fact):
    """The buyer did not pay: the deposit is forfeited."""

    auction_id: UUID
    buyer_id: UUID


@dataclass(frozen=True)
class SecondChanceOffered(Fact):
    """The lot is offered to the next bidder at that bidder's own highest bid."""

    auction_id: UUID
    bidder_id: UUID


def close_auction(auction_id: UUID) -> Auction:
    """Close a lot whose time is over by the database's clock; a second call, or a call too early, changes nothing."""
    auction = find_auction(auction_id, lock=True)
    instant = database_now()
    if auction.status is AuctionStatus.OPEN and instant >= auction.closes_at:
        settle_lot(auction, instant)
    return auction


def settle_lot(auction: Auction, now: datetime) -> None:
    """Decide a locked lot by its rules: the winner and the price follow from the log alone."""
    sold = auction.reserve_met and auction.leader_id is not None
    winner = (auction.leader_id, auction.leader_code or "") if sold and auction.leader_id else None
    append_event(auction, "closed", now, winner, auction.high if winner else None)
    if winner is None:
        auction.become(AuctionStatus.UNSOLD)
        settle_deposits(auction, None, now)
        announce(SYSTEM, now, AuctionUnsold(auction.id, auction.listing_id))
        return
    settle_deposits(auction, winner[0], now)
    _award(auction, winner, auction.high, now)


def _award(auction: Auction, winner: tuple[UUID, str], price: Money | None, now: datetime) -> None:
    assert price is not None
    auction.winner_id, auction.winner_code, auction.price_minor = winner[0], winner[1], price.amount_minor
    auction.become(AuctionStatus.SOLD)
    session.flush()
    _ask_for_deal(auction, now)


def _ask_for_deal(auction: Auction, now: datetime) -> None:
    """Open the deal; what the law refuses at this moment keeps the sale on record and waits for the operator."""
    assert auction.winner_id is not None
    assert auction.price is not None
    won = AuctionWon(
        auction.id, auction.listing_id, auction.asset_id, auction.seller_id, auction.winner_id, auction.price
    )
    try:
        with session.begin_nested():
            announce(SYSTEM, now, won)
    except Problem as refusal:
        announce(SYSTEM, now, AuctionDealHeldUp(auction.id, refusal.code))


def open_held_up_deal(actor: Actor, auction_id: UUID, now: datetime) -> Auction:
    """Try again to open the deal of a sold lot, once its obstacle is gone."""
    require(actor.may("platform.operate"))
    auction = find_auction(auction_id, lock=True)
    require(auction.status is AuctionStatus.SOLD and auction.deal_id is None, NothingHeldUp())
    _ask_for_deal(auction, now)
    return auction


def withdraw_lot(auction: Auction, now: datetime) -> None:
    """The seller takes back a locked lot on which nobody has bid."""
    require(auction.bid_count == 0, LotHasBids())
    append_event(auction, "closed", now, detail="withdrawn")
    auction.become(AuctionStatus.UNSOLD)
    settle_deposits(auction, None, now)


def record_deal(actor: Actor, auction_id: UUID, deal_id: UUID, now: datetime) -> None:
    """The sale became a deal."""
    auction = find_auction(auction_id, lock=True)
    auction.deal_id = deal_id
    announce(actor, now, AuctionSold(auction.id, deal_id))


def due_auctions(now: datetime) -> list[UUID]:
    """Lots whose time is over."""
    query = select(Auction.id).where(Auction.status == AuctionStatus.OPEN, Auction.closes_at <= now)
    return list(session.execute(query.order_by(Auction.closes_at).limit(100)).scalars())


def complete_auction(actor: Actor, auction_id: UUID, now: datetime) -> Auction:
    """The buyer has paid; nothing more can happen to the lot."""
    auction = find_auction(auction_id, lock=True)
    auction.become(AuctionStatus.COMPLETED)
    return auction


def declare_default(actor: Actor, auction_id: UUID, now: datetime) -> Auction:
    """The buyer did not pay in time: the deposit goes to the seller, and the next bidder gets a chance."""
    require(actor.may("platform.operate") or actor.may("system"))
    auction = find_auction(auction_id, lock=True)
    buyer = (auction.winner_id, auction.winner_code or "")
    AUCTION_LIFECYCLE.check(auction.status, AuctionStatus.DEFAULTED)
    assert buyer[0] is not None
    forfeit_deposit(actor, auction, now)
    auction.become(AuctionStatus.DEFAULTED)
    auction.winner_id = auction.winner_code = auction.price_minor = auction.deal_id = None
    append_event(auction, "defaulted", database_now(), (buyer[0], buyer[1]))
    announce(actor, now, BuyerDefaulted(auction.id, buyer[0]))
    _offer_next(actor, auction, now)
    return auction


def _offer_next(actor: Actor, auction: Auction, now: datetime) -> None:
    """Offer the lot to the highest bidder who has not failed; with nobody left it stays unsold."""
    following = _next_bid(auction)
    if following is None or following.bidder_id is None:
        auction.chance_id, auction.chance_until = None, None
        auction.become(AuctionStatus.UNSOLD)
        announce(actor, now, AuctionUnsold(auction.id, auction.listing_id))
        return
    auction.chance_id, auction.chance_until = following.bidder_id, now + CHANCE
    bidder = (following.bidder_id, following.bidder_code or "")
    append_event(auction, "second_chance", database_now(), bidder, following.amount)
    announce(actor, now, SecondChanceOffered(auction.id, following.bidder_id))


def _next_bid(auction: Auction) -> AuctionEvent | None:
    passed = select(AuctionEvent.bidder_id).where(
        AuctionEvent.auction_id == auction.id, AuctionEvent.kind.in_(["defaulted", "second_chance"])
    )
    query = (
        select(AuctionEvent)
        .where(
            AuctionEvent.auction_id == auction.id,
            AuctionEvent.kind.in_(["bid", "buy_now"]),
            AuctionEvent.bidder_id.not_in(passed),
            AuctionEvent.amount_minor >= (auction.reserve_minor or 0),
        )
        .order_by(AuctionEvent.amount_minor.desc())
        .limit(1)
    )
    found: AuctionEvent | None = session.execute(query).scalar_one_or_none()
    return found


def accept_second_chance(actor: Actor, auction_id: UUID, now: datetime) -> Auction:
    """The next bidder buys at its own highest bid."""
    require(actor.may("deal.trade"))
    auction = find_auction(auction_id, lock=True)
    require(auction.chance_id is not None and auction.chance_id == actor.organisation_id, NoChanceOffered())
    require(auction.chance_until is not None and now < auction.chance_until, NoChanceOffered())
    offered: AuctionEvent | None = session.execute(
        select(AuctionEvent)
        .where(AuctionEvent.auction_id == auction_id, AuctionEvent.kind == "second_chance")
        .order_by(AuctionEvent.sequence.desc())
        .limit(1)
    ).scalar_one_or_none()
    require(offered is not None, NotFound())
    assert offered is not None
    assert offered.bidder_id is not None
    auction.chance_id, auction.chance_until = None, None
    _award(auction, (offered.bidder_id, offered.bidder_code or ""), offered.amount, now)
    return auction


def lapse_second_chances(now: datetime) -> int:
    """Offers not answered in time pass to the next bidder."""
    query = select(Auction.id).where(Auction.status == AuctionStatus.DEFAULTED, Auction.chance_until <= now)
    lapsed = list(session.execute(query.limit(100)).scalars())
    for auction_id in lapsed:
        auction = find_auction(auction_id, lock=True)
        if auction.status is AuctionStatus.DEFAULTED and auction.chance_until and auction.chance_until <= now:
            _offer_next(SYSTEM, auction, now)
    return len(lapsed)


def chances_of(actor: Actor) -> list[Auction]:
    """Lots offered to the actor's organisation after a default."""
    if actor.organisation_id is None:
        return []
    return list(session.execute(select(Auction).where(Auction.chance_id == actor.organisation_id)).scalars())
