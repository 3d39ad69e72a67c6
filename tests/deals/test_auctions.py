"""A lot from announcement to settlement, on PostgreSQL."""

import time
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from marketplace.audit.trail import events_of
from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.core.errors import Malformed, NotAllowed
from marketplace.core.money import Money
from marketplace.deals import (
    auction_announcing,
    auction_closing,
    auction_events,
    auctions,
    bid_refusals,
    bidders,
    bidding,
    second_chances,
)
from marketplace.deals.auction_replay import replay
from marketplace.deals.auctions import AuctionStatus
from marketplace.deals.bidders import BidderStatus, ConflictOfInterest, LotClosed
from marketplace.identity.verification import KycRequired
from marketplace.ledger import accounts
from marketplace.ledger.proofs import prove_books
from marketplace.payments.collections import confirm_transfer
from marketplace.valuation.published_offers import OfferEnd, OfferOutcome, PublishedOffer
from marketplace.valuation.sales import Purpose
from tests.makers.auctions import fund_deposits, make_auction, make_bidder, yuan
from tests.makers.identity import make_actor, make_organisation


def bid(actor: Actor, auction: auctions.Auction, amount: int) -> bidding.Bid:
    return bidding.place_bid(actor, auction.id, yuan(amount), now())


def close(auction: auctions.Auction, early: bool = False) -> auctions.Auction:
    """Decide the lot as its job does at the closing time, or (where more is to follow) right away."""
    lot = auctions.find_auction(auction.id, lock=True)
    if lot.status is AuctionStatus.OPEN:
        auction_closing.settle_lot(lot, now() if early else lot.closes_at)
    return lot


def test_a_bid_leads_and_the_next_must_exceed_it_by_a_step(db: Any) -> None:
    auction = make_auction()
    first, second = make_bidder(auction), make_bidder(auction)
    placed = bid(first, auction, 100_000)
    with pytest.raises(bid_refusals.BidTooLow) as low:
        bid(second, auction, 109_999)
    assert low.value.params["minimum_acceptable"] == yuan(110_000)
    bid(second, auction, 110_000)
    db.refresh(auction)
    assert (auction.high, auction.leader_code, auction.bid_count) == (yuan(110_000), "B2", 2)
    assert placed.bidder_code == "B1"
    assert bidding.standing_of(first, auction.id, now()).kind == "outbid"
    assert bidding.standing_of(second, auction.id, now()).kind == "leading"


def test_every_bid_is_an_audit_event_that_verifies(db: Any) -> None:
    from marketplace.audit.verification import verify_trail

    auction = make_auction()
    placed = bid(make_bidder(auction), auction, 100_000)
    kinds = {event.id: event.kind for event in events_of(auction.id)}
    assert kinds[placed.receipt_id] == "BidPlaced"
    assert list(verify_trail()) == []


def test_the_seller_and_its_relations_never_bid(db: Any) -> None:
    seller = make_actor()
    auction = make_auction(seller)
    sister = make_actor(make_organisation(parent_id=seller.organisation_id))
    for actor in (seller, sister):
        with pytest.raises(ConflictOfInterest):
            bid(actor, auction, 100_000)
        with pytest.raises(ConflictOfInterest):
            bidders.register_bidder(actor, auction.id, "bank_transfer", now())


def test_whoever_is_unverified_or_without_deposit_is_refused_by_name(db: Any) -> None:
    auction = make_auction()
    with pytest.raises(bid_refusals.DepositMissing):
        bid(make_actor(), auction, 100_000)
    from marketplace.identity.organisations import OrganisationStatus

    unverified = make_actor(make_organisation(status=OrganisationStatus.SUBMITTED))
    with pytest.raises(KycRequired):
        bid(unverified, auction, 100_000)
    with pytest.raises(NotAllowed):
        bid(make_actor(kind="auditor"), auction, 100_000)


def test_another_currency_is_refused(db: Any) -> None:
    auction = make_auction()
    with pytest.raises(bid_refusals.WrongCurrency):
        bidding.place_bid(make_bidder(auction), auction.id, Money(20_000_000, "USD"), now())


def test_the_servers_clock_decides_before_opening_and_after_close(db: Any) -> None:
    early = make_auction(opens_at=now() + timedelta(minutes=1))
    with pytest.raises(bid_refusals.LotNotOpen):
        bid(make_bidder(early), early, 100_000)
    soon = make_auction(closes_at=now() + timedelta(seconds=4), soft_close_window=timedelta(0))
    bidder = make_bidder(soon)
    auction_closing.close_auction(soon.id)
    assert soon.status is AuctionStatus.OPEN
    time.sleep(max(0.0, (soon.closes_at - now()).total_seconds()) + 0.05)
    with pytest.raises(LotClosed):
        bidding.place_bid(bidder, soon.id, yuan(100_000), now() - timedelta(hours=1))
    assert auction_closing.close_auction(soon.id).status is AuctionStatus.UNSOLD


def test_a_bid_in_the_last_five_minutes_extends_by_five_minutes_from_the_bid(db: Any) -> None:
    auction = make_auction(closes_at=now() + timedelta(minutes=4))
    bidder = make_bidder(auction)
    placed = bid(bidder, auction, 100_000)
    assert placed.closes_at == placed.placed_at + timedelta(minutes=5)
    quiet = make_auction(closes_at=now() + timedelta(minutes=6))
    assert bid(make_bidder(quiet), quiet, 100_000).closes_at == quiet.closes_at


def test_a_lot_closes_once_with_the_winner_its_log_replays_to(db: Any) -> None:
    auction = make_auction(reserve=yuan(110_000))
    first, second = make_bidder(auction), make_bidder(auction)
    bid(first, auction, 100_000)
    bid(second, auction, 120_000)
    hidden = auction_events.published_log(auction.id)
    assert hidden["reserve"] is None
    assert "110000" not in str(hidden)
    auction_closing.close_auction(auction.id)
    assert auction.status is AuctionStatus.OPEN
    close(auction)
    assert (auction.status, auction.winner_id, auction.price) == (
        AuctionStatus.SOLD, second.organisation_id, yuan(120_000),
    )  # fmt: skip
    answer = replay(auction_events.published_log(auction.id))
    assert (answer["winner"], answer["price"]["amount"], answer["chain"]) == ("B2", "120000.00", "valid")
    before = auction_events.published_log(auction.id)
    close(auction)
    assert auction_events.published_log(auction.id) == before
    with pytest.raises(LotClosed):
        bid(first, auction, 200_000)


def test_losers_get_their_deposit_back_and_the_winners_counts(db: Any) -> None:
    auction = make_auction()
    winner, loser = make_bidder(auction), make_bidder(auction)
    bid(winner, auction, 100_000)
    close(auction)
    deposits = {actor: accounts.balance(f"organisation:{actor.organisation_id}:deposits", "CNY") for actor in
                (winner, loser)}  # fmt: skip
    assert deposits[loser].available == yuan(10_000)
    assert deposits[winner].posted == yuan(0)
    assert accounts.balance(f"held:deposit:{auction.id}", "CNY").available == yuan(10_000)
    assert prove_books()["faults"] == []


def test_a_lot_under_its_reserve_is_unsold_and_reveals_the_reserve_then(db: Any) -> None:
    auction = make_auction(reserve=yuan(500_000))
    bid(make_bidder(auction), auction, 100_000)
    close(auction)
    assert (auction.status, auction.winner_id) == (AuctionStatus.UNSOLD, None)
    assert replay(auction_events.published_log(auction.id))["status"] == "unsold"
    taught = session.query(PublishedOffer).filter_by(reference=f"listing:{auction.listing_id}").one()
    assert (taught.asset_id, taught.purpose) == (auction.asset_id, Purpose.TRANSFER)
    assert session.query(OfferEnd).filter_by(offer_id=taught.id).one().outcome is OfferOutcome.UNSOLD


def test_buying_outright_ends_the_lot(db: Any) -> None:
    auction = make_auction(buy_now=yuan(300_000))
    buyer, other = make_bidder(auction), make_bidder(auction)
    with pytest.raises(bid_refusals.BuyNowOver):
        bidding.buy_now(buyer, auction.id, yuan(299_999), now())
    bidding.buy_now(buyer, auction.id, yuan(300_000), now())
    db.refresh(auction)
    assert (auction.status, auction.price) == (AuctionStatus.SOLD, yuan(300_000))
    with pytest.raises(LotClosed):
        bid(other, auction, 400_000)
    assert replay(auction_events.published_log(auction.id))["winner"] == "B1"


def test_a_deposit_asked_for_admits_when_it_arrives_and_returns_the_way_it_came(db: Any) -> None:
    auction = make_auction()
    actor, operator = make_actor(), make_actor(kind="platform_operator")
    bidder = bidders.register_bidder(actor, auction.id, "bank_transfer", now())
    assert bidders.register_bidder(actor, auction.id, "bank_transfer", now()).id == bidder.id
    with pytest.raises(bid_refusals.DepositMissing):
        bid(actor, auction, 100_000)
    assert bidder.collection_id is not None
    confirm_transfer(operator, bidder.collection_id, f"B-{bidder.id}", auction.deposit, now())
    assert bidder.status is BidderStatus.ADMITTED
    close(auction)
    assert bidder.status is BidderStatus.RETURNED
    assert accounts.balance(f"organisation:{actor.organisation_id}:deposits", "CNY").posted == yuan(0)
    assert accounts.balance("clearing:bank", "CNY").posted == yuan(0)


def test_one_deposit_serves_one_lot(db: Any) -> None:
    one, other, actor = make_auction(), make_auction(), make_actor()
    fund_deposits(actor.organisation_id, one.deposit)
    assert bidders.register_bidder(actor, one.id, "bank_transfer", now()).status is BidderStatus.ADMITTED
    second = bidders.register_bidder(actor, other.id, "bank_transfer", now())
    assert second.status is BidderStatus.AWAITING_DEPOSIT


def test_a_defaulting_buyer_forfeits_and_the_next_bidder_gets_a_chance(db: Any) -> None:
    auction = make_auction()
    first, second = make_bidder(auction), make_bidder(auction)
    bid(first, auction, 100_000)
    bid(second, auction, 110_000)
    close(auction, early=True)
    with pytest.raises(NotAllowed):
        second_chances.declare_default(first, auction.id, now())
    second_chances.declare_default(make_actor(kind="platform_operator"), auction.id, now())
    assert accounts.balance(f"organisation:{auction.seller_id}:payable", "CNY").posted == yuan(10_000)
    assert (auction.status, auction.chance_id) == (AuctionStatus.DEFAULTED, first.organisation_id)
    with pytest.raises(second_chances.NoChanceOffered):
        second_chances.accept_second_chance(second, auction.id, now())
    second_chances.accept_second_chance(first, auction.id, now())
    assert (auction.status, auction.price) == (AuctionStatus.SOLD, yuan(100_000))
    assert prove_books()["faults"] == []


def test_an_unanswered_second_chance_passes_on_until_nobody_is_left(db: Any) -> None:
    auction = make_auction()
    first, second = make_bidder(auction), make_bidder(auction)
    bid(first, auction, 100_000)
    bid(second, auction, 110_000)
    close(auction, early=True)
    second_chances.declare_default(SYSTEM, auction.id, now())
    assert second_chances.lapse_second_chances(now()) == 0
    assert second_chances.lapse_second_chances(now() + timedelta(hours=49)) == 1
    assert auction.status is AuctionStatus.UNSOLD


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE auctions SET closes_at = closes_at - interval '1 second'", "never goes back"),
        ("UPDATE auctions SET high_minor = 1", "never goes back"),
        ("UPDATE auctions SET reserve_minor = 1", "terms of a lot stand|reserve_not_below"),
        ("UPDATE auction_events SET amount_minor = 1", "append only"),
        ("DELETE FROM auction_events", "append only"),
        ("TRUNCATE auction_events", "append only"),
        ("UPDATE auctions SET winner_id = seller_id", "ck_auctions"),
        (
            "INSERT INTO auction_events (id, auction_id, sequence, kind, occurred_at, bidder_id, bidder_code, "
            "amount_minor, amount_currency, closes_at, detail, previous_hash, hash) SELECT gen_random_uuid(), id, 0, "
            "'bid', clock_timestamp(), leader_id, 'B1', high_minor, 'CNY', closes_at, '', '', '' FROM auctions",
            "strictly increase",
        ),
    ],
)
def test_the_database_refuses_what_would_falsify_a_lot(db: Any, statement: str, message: str) -> None:
    auction = make_auction()
    bid(make_bidder(auction), auction, 100_000)
    with pytest.raises(DBAPIError, match=message), db.begin_nested():
        db.execute(text(statement))


def test_a_listing_is_auctioned_once_by_its_seller_with_possible_terms(db: Any) -> None:
    seller = make_actor()
    auction = make_auction(seller)
    again = (auction.listing_id, auction.asset_id, auction.seller_id)
    with pytest.raises(auction_announcing.AuctionExists):
        auction_announcing.announce_auction(seller, again, auction.rules, 1000, now())
    with pytest.raises(NotAllowed):
        auction_announcing.announce_auction(make_actor(), again, auction.rules, 1000, now())
    with pytest.raises(Malformed):
        make_auction(reserve=yuan(1))
