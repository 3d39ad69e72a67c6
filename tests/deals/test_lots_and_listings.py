"""A lot and its listing, its deal and its notices."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from marketplace.core.actor import SYSTEM
from marketplace.core.clock import now
from marketplace.deals import (
    auction_closing,
    auction_events,
    auction_news,
    auctions,
    bid_refusals,
    bidding,
    second_chances,
)
from marketplace.deals.auction_replay import replay
from marketplace.deals.auctions import AUCTION_LIFECYCLE, AuctionStatus
from marketplace.deals.bidders import LotClosed
from marketplace.listings.course import pause_listing, suspend_listing, withdraw_listing
from marketplace.listings.listings import find_listing
from marketplace.notices.inbox import unread_count
from marketplace.registry.consents import record_consent
from marketplace.registry.encumbrances import EncumbranceKind, encumber
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


def test_a_lot_pledged_after_it_was_announced_is_sold_but_reaches_no_closing_without_the_pledgee(db: Any) -> None:
    auction = make_auction()
    bank, operator = make_actor(kind="bank"), make_actor(kind="platform_operator")
    bidding.place_bid(make_bidder(auction), auction.id, yuan(100_000), now())
    day = now().date()
    pledge = encumber(SYSTEM, auction.asset_id, EncumbranceKind.PLEDGE, bank.organisation_id, day, None, "P1", now())
    auction_closing.settle_lot(auctions.find_auction(auction.id, lock=True), now())
    assert (auction.status, auction.deal_id) == (AuctionStatus.SOLD, None)
    with pytest.raises(auction_closing.NothingHeldUp):
        auction_closing.open_held_up_deal(operator, make_auction().id, now())
    auction_closing.open_held_up_deal(operator, auction.id, now())
    assert auction.deal_id is None
    record_consent(bank, pledge.id, "transfer", None, now())
    db.execute(text("UPDATE listings SET status = 'published' WHERE id = :id"), {"id": auction.listing_id})
    db.refresh(find_listing(auction.listing_id))
    auction_closing.open_held_up_deal(operator, auction.id, now())
    assert auction.deal_id is not None


ENDS = {
    AuctionStatus.OPEN: "closes_at",
    AuctionStatus.OPENING: "opening_until",
    AuctionStatus.LAST_WORD: "closes_at",
    AuctionStatus.SOLD: "declare_default",
    AuctionStatus.DEFAULTED: "chance_until",
}


def test_every_state_of_a_lot_ends_by_time_or_by_the_operator(db: Any) -> None:
    unfinished = {status for status, following in AUCTION_LIFECYCLE.moves.items() if following}
    assert set(ENDS) == unfinished
    for status in (AuctionStatus.OPEN, AuctionStatus.LAST_WORD, AuctionStatus.OPENING):
        auction = make_auction()
        auction.status, auction.opening_until = status, auction.closes_at
        db.flush()
        assert auction.id not in auction_closing.due_auctions(auction.closes_at - timedelta(seconds=1))
        assert auction.id in auction_closing.due_auctions(auction.closes_at)
    sold = make_auction()
    for amount in (100_000, 110_000):
        bidding.place_bid(make_bidder(sold), sold.id, yuan(amount), now())
    auction_closing.settle_lot(auctions.find_auction(sold.id, lock=True), now())
    second_chances.declare_default(make_actor(kind="platform_operator"), sold.id, now())
    assert sold.status is AuctionStatus.DEFAULTED
    assert sold.chance_until is not None
    second_chances.lapse_second_chances(sold.chance_until)
    assert sold.status is AuctionStatus.UNSOLD
