"""Falling prices: the first acceptance of the running stage buys; the hybrid's sealed round and last word."""

import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from marketplace.core.clock import now
from marketplace.deals import auction_closing, auction_events, auctions, envelopes, falling_prices, opening_ceremony
from marketplace.deals.auction_replay import replay
from marketplace.deals.auction_rules import AuctionFormat, FallingPlan
from marketplace.deals.auctions import AuctionStatus
from marketplace.deals.bid_refusals import BidTooLow, DepositMissing
from marketplace.deals.bidders import LotClosed
from marketplace.deals.falling_prices import LastWordNotYours, NotFalling, StageOver
from tests.makers.auctions import make_auction, make_bidder, yuan
from tests.makers.identity import make_actor
from tests.makers.openings import make_officers

pytestmark = pytest.mark.usefixtures("db")
HOUR = timedelta(hours=1)


def falling_lot(kind: AuctionFormat = AuctionFormat.DUTCH, **plan: Any) -> auctions.Auction:
    """Opened 65 minutes ago at ¥100,000, falling 10 % of it every half hour: now in stage 2 at ¥80,000."""
    usual = {"step_bps": 1_000, "step_time": HOUR / 2, "floor": yuan(50_000)}
    falling = FallingPlan(**(usual | plan))  # type: ignore[arg-type]  # the makers' keywords
    ends = plan.get("ends", now() + HOUR)
    return make_auction(format=kind, falling=falling, opens_at=now() - 2.17 * HOUR / 2, closes_at=ends)


def test_the_first_acceptance_of_the_running_stage_buys_at_its_price() -> None:
    auction = falling_lot()
    first, second = make_bidder(auction), make_bidder(auction)
    with pytest.raises(StageOver) as over:
        falling_prices.accept_price(first, auction.id, 1, now())
    assert over.value.params == {"stage": 2, "price": yuan(80_000)}
    with pytest.raises(DepositMissing):
        falling_prices.accept_price(make_actor(), auction.id, 2, now())
    event = falling_prices.accept_price(first, auction.id, 2, now())
    assert event.amount == yuan(80_000)
    with pytest.raises(LotClosed):
        falling_prices.accept_price(second, auction.id, 2, now())
    assert (auction.status, auction.winner_code, auction.price) == (AuctionStatus.SOLD, "B1", yuan(80_000))
    answer = replay(auction_events.published_log(auction.id))
    assert (answer["winner"], answer["price"]["amount"], answer["chain"]) == ("B1", "80000.00", "valid")


def test_the_price_stops_at_its_floor_and_a_lot_nobody_takes_is_unsold() -> None:
    auction = falling_lot(step_time=timedelta(minutes=1))
    assert auction.asking is not None
    assert auction.asking.price == yuan(50_000)
    auction_closing.settle_lot(auctions.find_auction(auction.id, lock=True), auction.closes_at)
    assert auction.status is AuctionStatus.UNSOLD
    assert replay(auction_events.published_log(auction.id))["winner"] is None


def test_an_ascending_lot_has_no_price_to_accept() -> None:
    auction = make_auction()
    with pytest.raises(NotFalling):
        falling_prices.accept_price(make_bidder(auction), auction.id, 0, now())


def hybrid(last_word: float = 2) -> auctions.Auction:
    """A hybrid whose falling stage ends in a moment and whose sealed round then lasts three seconds."""
    falling = FallingPlan(
        step_bps=1_000, step_time=HOUR / 2, floor=yuan(50_000), pause=timedelta(0), sealed_time=timedelta(seconds=2.5),
        best_bid_time=timedelta(seconds=last_word),
    )  # fmt: skip
    return make_auction(
        format=AuctionFormat.HYBRID_DUTCH, falling=falling, opens_at=now() - 2.17 * HOUR / 2,
        closes_at=now() + timedelta(seconds=1.5),
    )  # fmt: skip


def wait(until: Any) -> None:
    time.sleep(max(0.0, (until - now()).total_seconds() + 0.05))


def opened_hybrid(last_word: float = 2) -> tuple[auctions.Auction, Any, Any]:
    officers = make_officers(2)
    auction = hybrid(last_word)
    first, second = make_bidder(auction), make_bidder(auction)
    falling_prices.accept_price(first, auction.id, 2, now())
    span = auction.rules.sealed_span
    assert span is not None
    wait(span[0])
    with pytest.raises(BidTooLow):
        envelopes.lodge_envelope(second, auction.id, yuan(80_000), now())
    with pytest.raises(envelopes.FirstBidderWaits):
        envelopes.lodge_envelope(first, auction.id, yuan(90_000), now())
    envelopes.lodge_envelope(second, auction.id, yuan(90_000), now())
    wait(auction.closes_at)
    assert auction_closing.close_auction(auction.id).status is AuctionStatus.OPENING
    for officer, key in officers:
        opening_ceremony.open_envelopes(officer, auction.id, key, now())
    assert auction.status is AuctionStatus.LAST_WORD
    return auction, first, second


def test_the_last_word_exceeds_the_best_envelope(client: FlaskClient, sign_in: Any, db: Any) -> None:
    auction, first, second = opened_hybrid(last_word=120)
    with pytest.raises(LastWordNotYours):
        falling_prices.answer_envelopes(second, auction.id, yuan(95_000), now())
    with pytest.raises(BidTooLow):
        falling_prices.answer_envelopes(first, auction.id, yuan(90_000), now())
    db.commit()

    def answer(actor: Any, amount: str) -> tuple[int, str | None]:
        sign_in(client, actor)
        body, key = {"amount": {"amount": amount, "currency": "CNY"}}, {"Idempotency-Key": uuid4().hex}
        sent = client.post(f"/api/v1/auctions/{auction.id}/last-word", json=body, headers=key)
        return sent.status_code, sent.json.get("code")

    assert answer(None, "95000.00")[0] == 401
    assert answer(make_actor(), "95000.00") == (409, "last_word_not_yours")
    assert answer(first, "much")[0] == 422
    assert answer(first, "90000.00") == (409, "bid_too_low")
    assert "Your last word" in client.get(f"/auctions/{auction.id}?lang=en").text
    assert client.post(f"/auctions/{auction.id}/last-word", data={"amount": "90,001"}).status_code == 303
    db.refresh(auction)
    assert (auction.status, auction.winner_code, auction.price) == (AuctionStatus.SOLD, "B1", yuan(90_001))
    answer = replay(auction_events.published_log(auction.id))
    assert (answer["winner"], answer["chain"]) == ("B1", "valid")


def test_without_a_last_word_the_best_envelope_buys() -> None:
    auction, _first, second = opened_hybrid()
    wait(auction.closes_at)
    auction_closing.close_auction(auction.id)
    assert (auction.status, auction.winner_id) == (AuctionStatus.SOLD, second.organisation_id)
    assert auction.price == yuan(90_000)
    assert replay(auction_events.published_log(auction.id))["winner"] == "B2"


def test_without_envelopes_the_acceptor_buys_at_its_price() -> None:
    make_officers(2)
    auction = hybrid()
    falling_prices.accept_price(make_bidder(auction), auction.id, 2, now())
    wait(auction.closes_at)
    auction_closing.close_auction(auction.id)
    assert (auction.status, auction.price) == (AuctionStatus.SOLD, yuan(80_000))
    assert replay(auction_events.published_log(auction.id))["winner"] == "B1"


def test_the_acceptance_works_by_page_and_api(client: FlaskClient, sign_in: Any, db: Any) -> None:
    auction, other = falling_lot(), falling_lot()
    bidder = make_bidder(auction)
    make_bidder(other, bidder)
    db.commit()
    address = f"/api/v1/auctions/{auction.id}/acceptance"
    assert client.post(address, json={"stage": 2}, headers={"Idempotency-Key": "k" * 20}).status_code == 401
    sign_in(client, bidder)
    assert client.post(address, json={"stage": -1}, headers={"Idempotency-Key": "k" * 20}).status_code == 422
    late = client.post(address, json={"stage": 1}, headers={"Idempotency-Key": "k" * 20})
    assert (late.status_code, late.json["code"], late.json["stage"]) == (409, "stage_over", 2)
    taken = client.post(address, json={"stage": 2}, headers={"Idempotency-Key": "k" * 20})
    assert (taken.status_code, taken.json["amount"]["amount"]) == (201, "80000.00")
    page = client.get(f"/auctions/{other.id}").text
    assert "Accept CNY 80,000" in page.replace("¥", "CNY ")
    assert client.post(f"/auctions/{other.id}/acceptance", data={"stage": "2"}).status_code == 303
    assert auctions.find_auction(other.id).status is AuctionStatus.SOLD
