"""After the sale: the buyer does not pay, loses the deposit, and the next bidder gets a chance."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.clock import database_now
from marketplace.core.db import find, session
from marketplace.core.errors import NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.deals.auction_closing import AuctionUnsold, ask_for_deals, award
from marketplace.deals.auction_events import AuctionEvent, append_event
from marketplace.deals.auction_rules import AuctionFormat
from marketplace.deals.auctions import AUCTION_LIFECYCLE, Auction, AuctionStatus, find_auction
from marketplace.deals.bidders import Bidder, forfeit_deposit
from marketplace.deals.deals import OVER, Deal
from marketplace.deals.portfolio_assets import LotAssetStatus, assets_of_lot, package_bids
from marketplace.deals.portfolio_awards import default_asset, free_parts, give_up_parts, resell_parts
from marketplace.deals.portfolio_rules import package_text, read_package
from marketplace.deals.shortfalls import record_default

CHANCE = timedelta(hours=48)


class NoChanceOffered(Refused):
    """Nothing was offered to this bidder, or the time to answer is over."""

    message = _l("There is no second-chance offer for you on this lot.")


class DefaultsByDeal(Refused):
    """A portfolio lot has several sales; each defaults by itself, unpaid in time or ended by the operator before."""

    message = _l("Each sale of a portfolio lot defaults with its deal: end the deal that is not kept first.")


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


def declare_default(actor: Actor, auction_id: UUID, now: datetime) -> Auction:
    """The buyer did not pay in time: the deposit goes to the seller, and the next bidder gets a chance."""
    require(actor.may("platform.operate") or actor.may("system"))
    auction = find_auction(auction_id, lock=True)
    if auction.format is AuctionFormat.PORTFOLIO:
        return _default_ended_sales(auction, now)
    buyer = (auction.winner_id, auction.winner_code or "")
    AUCTION_LIFECYCLE.check(auction.status, AuctionStatus.DEFAULTED)
    assert buyer[0] is not None
    price = auction.price
    assert price is not None
    forfeited = forfeit_deposit(actor, auction, now)
    auction.become(AuctionStatus.DEFAULTED)
    auction.winner_id = auction.winner_code = auction.price_minor = auction.deal_id = None
    append_event(auction, "defaulted", database_now(), (buyer[0], buyer[1]))
    record_default(auction, buyer[0], price, forfeited)
    announce(actor, now, BuyerDefaulted(auction.id, buyer[0]))
    _offer_next(actor, auction, now)
    return auction


def _default_ended_sales(auction: Auction, now: datetime) -> Auction:
    """The sales of a portfolio lot whose deals ended without payment count as the buyers' default."""
    sold = [row for row in assets_of_lot(auction.id) if row.status is LotAssetStatus.SOLD and row.deal_id]
    ended = sorted({row.part for row in sold if row.deal_id and find(Deal, row.deal_id).status in OVER})
    require(bool(ended), DefaultsByDeal())
    for part in ended:
        default_part(auction, part, now)
    return auction


def default_part(auction: Auction, part: int, now: datetime) -> None:
    """Who fails for one asset of a part fails for all of it; the parts are offered to the next bidder for them."""
    for row in assets_of_lot(auction.id):
        if row.part == part and row.status is LotAssetStatus.SOLD:
            default_asset(auction, row, now)
    _offer_next_parts(auction, now)


def _offer_next_parts(auction: Auction, now: datetime) -> None:
    """Offer the defaulted parts to the highest bid for none but them, one bidder at a time; else they stay unsold."""
    if auction.chance_id is not None:
        return
    passed = session.execute(
        select(AuctionEvent.bidder_code).where(
            AuctionEvent.auction_id == auction.id, AuctionEvent.kind.in_(["defaulted", "second_chance"])
        )
    ).scalars()
    failed, free = set(passed), free_parts(auction)
    bids = [bid for bid in package_bids(auction) if bid.parts <= free and bid.bidder not in failed]
    if not bids:
        for row in give_up_parts(auction):
            announce(SYSTEM, now, AuctionUnsold(auction.id, row.listing_id))
        return
    best = max(bids, key=lambda bid: (bid.amount.amount_minor, -bid.place))
    query = select(Bidder.organisation_id).where(Bidder.auction_id == auction.id, Bidder.code == best.bidder)
    bidder_id: UUID = session.execute(query).scalar_one()
    auction.chance_id, auction.chance_until = bidder_id, now + CHANCE
    who = (bidder_id, best.bidder)
    append_event(auction, "second_chance", database_now(), who, best.amount, package_text(best.parts))
    announce(SYSTEM, now, SecondChanceOffered(auction.id, bidder_id))


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
    changed = select(func.coalesce(func.max(AuctionEvent.sequence), 0)).where(
        AuctionEvent.auction_id == auction.id, AuctionEvent.kind == "terms_changed"
    )
    passed = select(AuctionEvent.bidder_id).where(
        AuctionEvent.auction_id == auction.id, AuctionEvent.kind.in_(["defaulted", "second_chance"])
    )
    query = (
        select(AuctionEvent)
        .where(
            AuctionEvent.auction_id == auction.id,
            AuctionEvent.kind.in_(["bid", "automatic", "confirmed", "buy_now", "revealed", "accepted", "best"]),
            AuctionEvent.bidder_id.not_in(passed),
            AuctionEvent.sequence > changed.scalar_subquery(),
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
    assert offered.amount is not None
    auction.chance_id, auction.chance_until = None, None
    buyer = (offered.bidder_id, offered.bidder_code or "")
    if auction.format is AuctionFormat.PORTFOLIO:
        resell_parts(auction, buyer, read_package(offered.detail), offered.amount)
        ask_for_deals(auction, now)
        _offer_next_parts(auction, now)
    else:
        award(auction, buyer, offered.amount, now)
    return auction


def lapse_second_chances(now: datetime) -> int:
    """Offers not answered in time pass to the next bidder."""
    query = select(Auction.id).where(Auction.chance_id.is_not(None), Auction.chance_until <= now)
    lapsed = list(session.execute(query.limit(100)).scalars())
    for auction_id in lapsed:
        auction = find_auction(auction_id, lock=True)
        if auction.chance_until is None or auction.chance_until > now:
            continue
        if auction.format is AuctionFormat.PORTFOLIO:
            auction.chance_id, auction.chance_until = None, None
            _offer_next_parts(auction, now)
        elif auction.status is AuctionStatus.DEFAULTED:
            _offer_next(SYSTEM, auction, now)
    return len(lapsed)


def chances_of(actor: Actor) -> list[Auction]:
    """Lots offered to the actor's organisation after a default."""
    if actor.organisation_id is None:
        return []
    return list(session.execute(select(Auction).where(Auction.chance_id == actor.organisation_id)).scalars())
