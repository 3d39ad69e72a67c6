"""The end of a lot: closed once by the server's clock, sold or unsold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.clock import database_now
from marketplace.core.db import session
from marketplace.core.errors import Problem, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.deals.auction_events import append_event
from marketplace.deals.auction_outcome import outcome_of
from marketplace.deals.auction_rules import AuctionFormat
from marketplace.deals.auctions import TAKING_BIDS, Auction, AuctionStatus, find_auction
from marketplace.deals.bidders import settle_deposits
from marketplace.deals.envelopes import standing_envelopes
from marketplace.deals.portfolio_assets import LotAsset, LotAssetStatus, assets_of_lot
from marketplace.deals.portfolio_awards import award_parts, leave_rest_unsold

OPENING_TIME = timedelta(days=7)
"""Officers who have not opened the envelopes by then let the lot lapse."""


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
class OpeningDue(Fact):
    """A lot is closed and its envelopes wait for two officers."""

    auction_id: UUID


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


def close_auction(auction_id: UUID) -> Auction:
    """Move on a lot whose time is over by the database's clock; a second call, or one too early, changes nothing."""
    auction = find_auction(auction_id, lock=True)
    instant = database_now()
    if auction.status is AuctionStatus.OPENING:
        if auction.opening_until is not None and instant >= auction.opening_until:
            _let_lapse(auction, instant)
    elif auction.status in TAKING_BIDS and instant >= auction.closes_at:
        if auction.status is AuctionStatus.OPEN and standing_envelopes(auction.id):
            auction.become(AuctionStatus.OPENING)
            auction.opening_until = instant + OPENING_TIME
            announce(SYSTEM, instant, OpeningDue(auction.id))
        else:
            settle_lot(auction, instant)
    return auction


def _let_lapse(auction: Auction, now: datetime) -> None:
    """The envelopes were not opened in time: nobody is bound, every deposit goes back."""
    append_event(auction, "closed", now, detail="void")
    _leave_unsold(auction, now)


def _leave_unsold(auction: Auction, now: datetime) -> None:
    auction.become(AuctionStatus.UNSOLD)
    settle_deposits(auction, {}, now)
    announce(SYSTEM, now, AuctionUnsold(auction.id, auction.listing_id))


def settle_lot(auction: Auction, now: datetime) -> None:
    """Decide a locked lot by its rules: the winner and the price follow from the log alone."""
    if auction.format is AuctionFormat.PORTFOLIO:
        _settle_portfolio(auction, now)
        return
    decided = outcome_of(auction)
    if decided is None:
        append_event(auction, "closed", now)
        _leave_unsold(auction, now)
        return
    winner, price = decided
    append_event(auction, "closed", now, winner, price)
    settle_deposits(auction, {winner[0]: auction.deposit}, now)
    award(auction, winner, price, now)


def award(auction: Auction, winner: tuple[UUID, str], price: Money, now: datetime) -> None:
    """The lot has its buyer."""
    auction.winner_id, auction.winner_code, auction.price_minor = winner[0], winner[1], price.amount_minor
    auction.become(AuctionStatus.SOLD)
    session.flush()
    ask_for_deals(auction, now)


def _settle_portfolio(auction: Auction, now: datetime) -> None:
    """Every asset of the lot has its buyer or stays unsold; each sale becomes a deal of its own."""
    rows = award_parts(auction, now)
    auction.price_minor = sum(row.price_minor or 0 for row in rows) or None
    auction.become(AuctionStatus.SOLD if auction.price_minor else AuctionStatus.UNSOLD)
    session.flush()
    for row in rows:
        if row.winner_id is None:
            announce(SYSTEM, now, AuctionUnsold(auction.id, row.listing_id))
    ask_for_deals(auction, now)


def ask_for_deals(auction: Auction, now: datetime) -> None:
    """Ask for a deal for everything sold that has none yet.

    What is sold together is bound together or not at all: what the law refuses at this moment keeps the sale on record
    and waits for the operator.
    """
    for together in _without_deal(auction):
        try:
            with session.begin_nested():
                for sold in together:
                    assert sold.winner_id is not None
                    assert sold.price is not None
                    found = (sold.listing_id, sold.asset_id, auction.seller_id, sold.winner_id, sold.price)
                    announce(SYSTEM, now, AuctionWon(auction.id, *found))
        except Problem as refusal:
            announce(SYSTEM, now, AuctionDealHeldUp(auction.id, refusal.code))


def _without_deal(auction: Auction) -> Sequence[Sequence[Auction | LotAsset]]:
    """What was sold and waits for its deal: the lot, or the parts of a portfolio with their assets."""
    if auction.format is AuctionFormat.PORTFOLIO:
        sold = [row for row in assets_of_lot(auction.id) if row.status is LotAssetStatus.SOLD and not row.deal_id]
        return [[row for row in sold if row.part == part] for part in sorted({row.part for row in sold})]
    return [[auction]] if auction.status is AuctionStatus.SOLD and not auction.deal_id else []


def open_held_up_deal(actor: Actor, auction_id: UUID, now: datetime) -> Auction:
    """Try again to open the deal of a sold lot, once its obstacle is gone."""
    require(actor.may("platform.operate"))
    auction = find_auction(auction_id, lock=True)
    require(bool(_without_deal(auction)), NothingHeldUp())
    ask_for_deals(auction, now)
    return auction


def withdraw_lot(auction: Auction, now: datetime) -> None:
    """The seller takes back a locked lot on which nobody has bid."""
    require(auction.bid_count == 0 and not standing_envelopes(auction.id), LotHasBids())
    append_event(auction, "closed", now, detail="withdrawn")
    auction.become(AuctionStatus.UNSOLD)
    leave_rest_unsold(assets_of_lot(auction.id))
    settle_deposits(auction, {}, now)


def record_deal(actor: Actor, sold: Auction | LotAsset, deal_id: UUID, now: datetime) -> None:
    """The sale of a lot, or of one asset of a portfolio lot, became a deal."""
    auction = find_auction(sold.auction_id if isinstance(sold, LotAsset) else sold.id, lock=True)
    sold.deal_id = deal_id
    announce(actor, now, AuctionSold(auction.id, deal_id))


def due_auctions(now: datetime) -> list[UUID]:
    """Lots whose time is over, and openings that were missed."""
    over = Auction.status.in_(TAKING_BIDS) & (Auction.closes_at <= now)
    missed = (Auction.status == AuctionStatus.OPENING) & (Auction.opening_until <= now)
    return list(
        session.execute(select(Auction.id).where(over | missed).order_by(Auction.closes_at).limit(100)).scalars()
    )


def complete_auction(actor: Actor, auction_id: UUID, now: datetime) -> Auction:
    """The buyer has paid; nothing more can happen to the lot."""
    auction = find_auction(auction_id, lock=True)
    auction.become(AuctionStatus.COMPLETED)
    return auction
