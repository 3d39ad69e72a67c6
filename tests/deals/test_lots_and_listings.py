"""A lot and its listing, its deal and its notices."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from marketplace.core.clock import now
from marketplace.deals import auction_closing, auction_events, auction_news, auctions, bid_refusals, bidding
from marketplace.deals.auction_replay import replay
from marketplace.deals.auctions import AuctionStatus
from marketplace.deals.bidders import LotClosed
from marketplace.listings.course import pause_listing, suspend_listing, withdraw_listing
from marketplace.listings.listings import find_listing
from marketplace.notices.inbox import unread_count
from tests.makers.auctions import make_auction, make_bidder, yuan
from tests.makers.identity import make_actor
from tests.makers.listings import make_listing


def test_publishing_a_listing_announces_its_lot_with_the_listings_terms(db: Any) -> None:
    instant = now()
    listing = make_listing(mode="auction", opens_at=instant + timedelta(hours=1), closes_at=instant + timedelta(days=2))
    auction = auctions.auction_of_listing(listing.id)
    assert auction is not None
    assert (auction.start, auction.reserve, auction.deposit) == (listing.price, listing.reserve, listing.deposit)
    assert (auction.opens_at, auction.closes_at) == (listing.opens_at, listing.closes_at)


def test_a_lot_without_bids_ends_with_its_withdrawn_listing(db: Any) -> None:
    seller = make_actor()
    auction = make_auction(seller)
    bidder = make_bidder(auction)
    withdraw_listing(seller, auction.listing_id, now())
    db.refresh(auction)
    assert auction.status is AuctionStatus.UNSOLD
    with pytest.raises(LotClosed):
        bidding.place_bid(bidder, auction.id, yuan(100_000), now())
    assert replay(auction_events.published_log(auction.id))["status"] == "unsold"


def test_a_lot_with_bids_keeps_its_listing(db: Any) -> None:
    seller = make_actor()
    auction = make_auction(seller)
    bidding.place_bid(make_bidder(auction), auction.id, yuan(100_000), now())
    for act in (withdraw_listing, pause_listing):
        with pytest.raises(auction_closing.LotHasBids), db.begin_nested():
            act(seller, auction.listing_id, now())


def test_no_bid_is_taken_while_the_register_forbids_the_listing(db: Any) -> None:
    auction = make_auction()
    bidder = make_bidder(auction)
    suspend_listing(make_actor(kind="platform_operator"), auction.listing_id, "the register changed", now())
    db.flush()
    with pytest.raises(bid_refusals.LotSuspended):
        bidding.place_bid(bidder, auction.id, yuan(100_000), now())


def test_a_sold_lot_opens_its_deal_and_tells_both_sides(db: Any) -> None:
    seller = make_actor()
    auction = make_auction(seller)
    winner, loser = make_bidder(auction), make_bidder(auction)
    bidding.place_bid(loser, auction.id, yuan(100_000), now())
    bidding.place_bid(winner, auction.id, yuan(110_000), now())
    before = {actor.person_id: unread_count(actor) for actor in (seller, winner, loser)}
    auction_closing.settle_lot(auctions.find_auction(auction.id, lock=True), now())
    assert auction.status is AuctionStatus.SOLD
    assert auction.deal_id is not None
    for actor in (seller, winner, loser):
        assert unread_count(actor) > before[actor.person_id]
    with pytest.raises(auction_closing.NothingHeldUp):
        auction_closing.open_held_up_deal(make_actor(kind="platform_operator"), auction.id, now())


def test_a_sale_the_law_holds_up_stays_on_record_until_the_operator_tries_again(db: Any) -> None:
    auction = make_auction()
    winner = make_bidder(auction)
    bidding.place_bid(winner, auction.id, yuan(100_000), now())
    operator = make_actor(kind="platform_operator")
    suspend_listing(operator, auction.listing_id, "the register changed", now())
    auction_closing.settle_lot(auctions.find_auction(auction.id, lock=True), now())
    assert (auction.status, auction.deal_id) == (AuctionStatus.SOLD, None)
    db.execute(text("UPDATE listings SET status = 'published' WHERE id = :id"), {"id": auction.listing_id})
    db.refresh(find_listing(auction.listing_id))
    auction_closing.open_held_up_deal(operator, auction.id, now())
    assert auction.deal_id is not None


def test_the_overtaken_are_told_once(db: Any) -> None:
    auction = make_auction()
    first, second = make_bidder(auction), make_bidder(auction)
    bidding.place_bid(first, auction.id, yuan(100_000), now())
    assert auction_news.tell_outbid(now()) == 0
    bidding.place_bid(second, auction.id, yuan(110_000), now())
    assert auction_news.tell_outbid(now()) == 1
    assert auction_news.tell_outbid(now()) == 0
