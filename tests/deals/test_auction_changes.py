"""Changed terms wait for confirmation; defaulting buyers owe the gap and are barred."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.clock import now
from marketplace.core.errors import Malformed
from marketplace.deals import (
    auction_changes,
    auction_closing,
    auction_events,
    auctions,
    bidders,
    bidding,
    second_chances,
    shortfalls,
)
from marketplace.deals.auction_replay import replay
from marketplace.deals.bid_refusals import BidTooLow
from marketplace.listings.listings import change_listing
from marketplace.notices.inbox import unread_count
from tests.makers.auctions import make_bidder, yuan
from tests.makers.identity import make_actor
from tests.makers.listings import make_listing, make_owned_asset

pytestmark = pytest.mark.usefixtures("db")


def listed_lot(seller: Actor, **terms: Any) -> auctions.Auction:
    """A lot as it comes out of a published listing, open now."""
    times = {"opens_at": now() - timedelta(hours=1), "closes_at": now() + timedelta(hours=2)}
    usual = {"price": yuan(100_000), "reserve": None, "deposit": yuan(10_000), "lot_rules": {"increments": STEPS}}
    listing = make_listing(seller, "auction", **(usual | times | terms))
    found = auctions.auction_of_listing(listing.id)
    assert found is not None
    return found


STEPS = [{"below": None, "step": "10000.00"}]


def test_the_rules_of_a_lot_come_out_of_its_listing() -> None:
    named = [{"organisation_id": str(make_actor().organisation_id), "rank": 1}]
    rules = {"increments": STEPS, "buy_now": "900000.00", "reserve_public": True, "priority_holders": named}
    auction = listed_lot(make_actor(), reserve=yuan(150_000), lot_rules=rules)
    assert (auction.buy_now, auction.public_reserve) == (yuan(900_000), yuan(150_000))
    assert auction.terms["priority_holders"] == {"P1": 1}
    with pytest.raises(Malformed):
        listed_lot(make_actor(), lot_rules={"format": "dutch", "proxy": True})


def test_changed_terms_make_bids_wait_for_their_bidders() -> None:
    seller = make_actor()
    auction = listed_lot(seller)
    first, second = make_bidder(auction), make_bidder(auction)
    bidding.place_bid(first, auction.id, yuan(100_000), now())
    bidding.place_bid(second, auction.id, yuan(120_000), now())
    change_listing(seller, auction.listing_id, {"summary": "Two licences are in force."}, now())
    assert unread_count(second) > 0
    lot = auctions.find_auction(auction.id)
    assert (lot.high, lot.leader_id, lot.terms_version) == (None, None, 2)
    auction_changes.confirm_bid(second, auction.id, now())
    auction_changes.confirm_bid(first, auction.id, now())
    lot = auctions.find_auction(auction.id)
    assert (lot.high, lot.leader_id, lot.bid_count) == (yuan(120_000), second.organisation_id, 2)
    with pytest.raises(auction_changes.NothingToConfirm):
        auction_changes.confirm_bid(second, auction.id, now())
    with pytest.raises(BidTooLow):
        bidding.place_bid(first, auction.id, yuan(120_000), now())
    bidding.place_bid(first, auction.id, yuan(130_000), now())
    locked = auctions.find_auction(auction.id, lock=True)
    auction_closing.settle_lot(locked, locked.closes_at)
    answer = replay(auction_events.published_log(auction.id))
    assert (answer["winner"], answer["price"]["amount"], answer["chain"]) == ("B1", "130000.00", "valid")


def test_an_unconfirmed_bid_neither_wins_nor_gets_a_second_chance() -> None:
    seller = make_actor()
    auction = listed_lot(seller)
    first, second = make_bidder(auction), make_bidder(auction)
    bidding.place_bid(first, auction.id, yuan(100_000), now())
    bidding.place_bid(second, auction.id, yuan(120_000), now())
    change_listing(seller, auction.listing_id, {"summary": "New."}, now())
    auction_changes.confirm_bid(first, auction.id, now())
    locked = auctions.find_auction(auction.id, lock=True)
    auction_closing.settle_lot(locked, now())
    assert locked.winner_id == first.organisation_id
    second_chances.declare_default(SYSTEM, auction.id, now())
    assert (locked.chance_id, locked.status) == (None, auctions.AuctionStatus.UNSOLD)


@pytest.mark.parametrize(
    "changes",
    [
        {"closes_at": now() + timedelta(hours=1)},
        {"price": yuan(10_000_000)},
        {"lot_rules": {"format": "vickrey"}},
        {"deposit": yuan(12_000)},
    ],
)
def test_some_terms_of_a_running_lot_stand(changes: dict[str, Any]) -> None:
    seller = make_actor()
    auction = listed_lot(seller)
    with pytest.raises(auction_changes.TermsStand):
        change_listing(seller, auction.listing_id, changes, now())


def test_the_page_asks_for_confirmation(client: FlaskClient, sign_in: Any, db: Any) -> None:
    seller = make_actor()
    auction = listed_lot(seller)
    bidder = make_bidder(auction)
    bidding.place_bid(bidder, auction.id, yuan(100_000), now())
    change_listing(seller, auction.listing_id, {"summary": "New."}, now())
    db.commit()
    sign_in(client, bidder)
    assert "Confirm your bid" in client.get(f"/auctions/{auction.id}").text
    assert client.post(f"/auctions/{auction.id}/confirmation").status_code == 303
    sent = client.post(f"/api/v1/auctions/{auction.id}/confirmation", json={}, headers={"Idempotency-Key": "c" * 20})
    assert (sent.status_code, sent.json["code"]) == (409, "nothing_to_confirm")


def test_who_may_confirm_a_bid_and_until_when(client: FlaskClient, sign_in: Any, db: Any) -> None:
    seller = make_actor()
    auction = listed_lot(seller)
    bidder, silent, stranger = make_bidder(auction), make_bidder(auction), make_actor()
    bidding.place_bid(bidder, auction.id, yuan(100_000), now())
    change_listing(seller, auction.listing_id, {"price": yuan(90_000)}, now())
    db.commit()
    address = f"/api/v1/auctions/{auction.id}/confirmation"

    def confirm(actor: Any, body: Any, key: str) -> tuple[int, str]:
        sign_in(client, actor)
        sent = client.post(address, json=body, headers={"Idempotency-Key": key * 20})
        return sent.status_code, sent.json.get("code", sent.json.get("kind"))

    assert confirm(None, {}, "a")[0] == 401
    assert confirm(stranger, {}, "b") == (409, "deposit_missing")
    assert confirm(seller, {}, "c") == (403, "conflict_of_interest")
    assert confirm(silent, {}, "d") == (409, "nothing_to_confirm")
    assert confirm(bidder, {"amount": "1"}, "e")[0] == 422
    assert "Confirm your bid under the changed terms" in client.get("/dashboard?lang=en").text
    changed = f"/listings/{auction.listing_id}/versions"
    assert changed in client.get(f"/auctions/{auction.id}").text
    assert "90,000" in client.get(changed).text
    assert confirm(bidder, {}, "f") == (201, "confirmed")
    assert "Confirm your bid under the changed terms" not in client.get("/dashboard?lang=en").text


def test_who_holds_a_priority_right_is_told_to_nobody(client: FlaskClient, db: Any) -> None:
    seller, holder = make_actor(), make_actor()
    named = [{"organisation_id": str(holder.organisation_id), "rank": 1}]
    auction = listed_lot(seller, lot_rules={"increments": STEPS, "priority_holders": named})
    changed = {"increments": [{"below": None, "step": "5000.00"}], "priority_holders": named}
    change_listing(seller, auction.listing_id, {"lot_rules": changed}, now())
    db.commit()
    listing = f"/listings/{auction.listing_id}"
    paths = (listing, f"{listing}/versions", f"/api/v1{listing}", f"/api/v1{listing}/versions")
    versions = client.get(f"{listing}/versions?lang=en").text
    assert "Steps between bids" in versions and "5000.00" in versions and "Ranks of priority" not in versions
    other = [{"organisation_id": str(make_actor().organisation_id), "rank": 1}]
    with pytest.raises(auction_changes.TermsStand), db.begin_nested():
        change_listing(seller, auction.listing_id, {"lot_rules": changed | {"priority_holders": other}}, now())
    pages = [client.get(path) for path in (*paths, f"/auctions/{auction.id}", f"/api/v1/auctions/{auction.id}/log")]
    assert all(page.status_code == 200 and str(holder.organisation_id) not in page.text for page in pages)


def test_a_bid_below_a_raised_start_price_cannot_be_confirmed() -> None:
    seller = make_actor()
    auction = listed_lot(seller, deposit=yuan(12_000))
    bidder = make_bidder(auction)
    bidding.place_bid(bidder, auction.id, yuan(100_000), now())
    change_listing(seller, auction.listing_id, {"price": yuan(110_000)}, now())
    with pytest.raises(BidTooLow):
        auction_changes.confirm_bid(bidder, auction.id, now())
    assert auctions.find_auction(auction.id).high is None


def test_a_defaulter_owes_the_gap_of_the_resale_and_may_not_bid_again() -> None:
    seller, defaulter = make_actor(), make_actor()
    asset = make_owned_asset(seller)
    auction = listed_lot(seller, asset=asset)
    make_bidder(auction, defaulter)
    bidding.place_bid(defaulter, auction.id, yuan(200_000), now())
    locked = auctions.find_auction(auction.id, lock=True)
    auction_closing.settle_lot(locked, now())
    second_chances.declare_default(SYSTEM, auction.id, now())
    again = listed_lot(seller, asset=asset)
    with pytest.raises(bidders.BarredAfterDefault):
        bidders.register_bidder(defaulter, again.id, "bank_transfer", now())
    [default] = shortfalls.settle_gaps(again.asset_id, again.seller_id, yuan(150_000), now())
    assert (default.gap_minor, default.forfeited) == (yuan(40_000).amount_minor, yuan(10_000))
    assert default.collection_id is not None
    assert shortfalls.settle_gaps(again.asset_id, again.seller_id, yuan(150_000), now()) == []


def test_a_dearer_resale_leaves_no_gap() -> None:
    default = shortfalls.BuyerDefault(price=yuan(200), forfeited=yuan(20))
    assert default.gap_after(yuan(180)) == yuan(0)
    assert default.gap_after(yuan(179)) == yuan(1)
