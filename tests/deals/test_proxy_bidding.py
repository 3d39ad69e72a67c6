"""Secret maxima and priority rights on live lots."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from marketplace.core.clock import now
from marketplace.deals import auction_closing, auction_events, auctions, bidding
from marketplace.deals.auction_replay import replay
from marketplace.deals.bid_refusals import BidTooLow, NoProxyHere
from tests.makers.auctions import fund_deposits, make_auction, make_bidder, yuan
from tests.makers.identity import make_actor

pytestmark = pytest.mark.usefixtures("db")


def finish(auction: auctions.Auction) -> dict[str, Any]:
    lot = auctions.find_auction(auction.id, lock=True)
    auction_closing.settle_lot(lot, lot.closes_at)
    return replay(auction_events.published_log(auction.id))


def kinds(auction: auctions.Auction) -> list[tuple[str, str | None, int | None]]:
    events = auction_events.events_of_auction(auction.id)[1:]
    return [(one.kind, one.bidder_code, one.amount_minor and one.amount_minor // 100) for one in events]


def test_a_maximum_answers_a_lower_bid_one_step_above_it() -> None:
    auction = make_auction(proxy=True)
    first, second = make_bidder(auction), make_bidder(auction)
    assert bidding.set_maximum(first, auction.id, yuan(300_000), now()).amount == yuan(100_000)
    answered = bidding.place_bid(second, auction.id, yuan(150_000), now())
    assert (answered.leads, auctions.find_auction(auction.id).high) == (False, yuan(160_000))
    assert kinds(auction) == [("bid", "B1", 100_000), ("bid", "B2", 150_000), ("automatic", "B1", 160_000)]
    assert (answer := finish(auction))["winner"] == "B1"
    assert answer["price"]["amount"] == "160000.00"


def test_a_higher_maximum_takes_over_one_step_above_the_exhausted_one() -> None:
    auction = make_auction(proxy=True)
    first, second = make_bidder(auction), make_bidder(auction)
    bidding.set_maximum(first, auction.id, yuan(300_000), now())
    taken = bidding.set_maximum(second, auction.id, yuan(305_000), now())
    assert (taken.leads, taken.amount) == (True, yuan(305_000))
    assert kinds(auction)[1:] == [("automatic", "B1", 300_000), ("bid", "B2", 305_000)]
    assert finish(auction)["winner"] == "B2"


def test_of_equal_maxima_the_earlier_wins_and_may_be_raised_in_silence() -> None:
    auction = make_auction(proxy=True)
    first, second = make_bidder(auction), make_bidder(auction)
    bidding.set_maximum(first, auction.id, yuan(300_000), now())
    with pytest.raises(BidTooLow):
        bidding.set_maximum(first, auction.id, yuan(300_000), now())
    lines = kinds(auction)
    assert bidding.set_maximum(first, auction.id, yuan(400_000), now()).leads
    assert kinds(auction) == lines
    assert not bidding.set_maximum(second, auction.id, yuan(400_000), now()).leads
    assert kinds(auction)[-1] == ("automatic", "B1", 400_000)
    assert finish(auction)["price"]["amount"] == "400000.00"


def test_a_maximum_is_shown_to_nobody_but_its_bidder(client: FlaskClient, sign_in: Any, db: Any) -> None:
    seller = make_actor()
    auction = make_auction(seller, proxy=True)
    bidder, rival, operator = make_bidder(auction), make_bidder(auction), make_actor(kind="platform_operator")
    db.commit()
    sign_in(client, bidder)
    sent = client.post(
        f"/api/v1/auctions/{auction.id}/maximum",
        json={"amount": {"amount": "777777.00", "currency": "CNY"}},
        headers={"Idempotency-Key": "m" * 20},
    )
    assert (sent.status_code, "777777" in sent.text) == (201, False)
    places = [f"/auctions/{auction.id}", f"/api/v1/auctions/{auction.id}", f"/api/v1/auctions/{auction.id}/log"]
    assert "777,777" in client.get(places[0]).text
    for other in (seller, rival, operator, None):
        sign_in(client, other)
        seen = "".join(client.get(place).text for place in places)
        assert "777777" not in seen.replace(",", "")


def test_a_lot_without_proxy_takes_no_maximum() -> None:
    auction = make_auction()
    with pytest.raises(NoProxyHere):
        bidding.set_maximum(make_bidder(auction), auction.id, yuan(300_000), now())


def test_a_priority_holder_equals_the_highest_bid_and_wins() -> None:
    holders = [make_actor(), make_actor()]
    named = [{"organisation_id": str(one.organisation_id), "rank": rank} for rank, one in enumerate(holders, start=1)]
    auction = make_auction(priority=named, priority_holders={"P1": 1, "P2": 2})
    stranger = make_bidder(auction)
    for holder in holders:
        fund_deposits(holder.organisation_id, auction.deposit)
        make_bidder(auction, holder)
    bidding.place_bid(stranger, auction.id, yuan(100_000), now())
    bidding.place_bid(holders[1], auction.id, yuan(100_000), now())
    assert bidding.place_bid(holders[0], auction.id, yuan(100_000), now()).leads
    for late in (holders[1], stranger):
        with pytest.raises(BidTooLow):
            bidding.place_bid(late, auction.id, yuan(100_000), now())
    answer = finish(auction)
    assert (answer["winner"], answer["price"]["amount"]) == ("P1", "100000.00")
    assert auctions.find_auction(auction.id).winner_id == holders[0].organisation_id


def test_a_public_reserve_is_shown_and_a_hidden_one_only_committed_to() -> None:
    shown = make_auction(reserve=yuan(200_000), reserve_public=True)
    assert (shown.public_reserve, shown.terms["reserve"], shown.terms["reserve_commitment"]) == (
        yuan(200_000), "200000.00", None,
    )  # fmt: skip
    hidden = make_auction(reserve=yuan(200_000))
    assert (hidden.public_reserve, hidden.terms["reserve"]) == (None, None)
    bidding.place_bid(make_bidder(shown), shown.id, yuan(150_000), now())
    assert finish(shown)["status"] == "unsold"


def test_a_late_maximum_extends_the_close() -> None:
    auction = make_auction(proxy=True, closes_at=now() + timedelta(minutes=2))
    placed = bidding.set_maximum(make_bidder(auction), auction.id, yuan(300_000), now())
    assert placed.closes_at == placed.placed_at + timedelta(minutes=5)
