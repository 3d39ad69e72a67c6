"""Real processes on a real, committed database: exactly one of many wins."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import func, select

from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.core.errors import Problem
from marketplace.deals import auction_closing, auction_events, auctions, bidders, bidding
from marketplace.deals.auction_events import AuctionEvent
from marketplace.deals.auction_replay import replay
from marketplace.deals.auctions import AuctionStatus
from marketplace.identity.api_keys import issue_key
from marketplace.ledger.proofs import prove_books
from tests.conftest import LiveServer
from tests.makers.auctions import fund_deposits, make_auction, make_bidder, yuan
from tests.makers.identity import make_actor

pytestmark = pytest.mark.race


def in_own_transaction(server: LiveServer, act: Any) -> Any:
    """Run in this thread's own connection and commit, or answer the refusal's code."""
    with server.application.app_context():
        try:
            answer = act()
            session.commit()
            return answer
        except Problem as refusal:
            session.rollback()
            return refusal.code
        finally:
            session.remove()


def bidder_key(auction: auctions.Auction) -> str:
    actor = make_bidder(auction)
    return issue_key(actor, "race", ["read", "deal.trade"], 1, "t" * 48, now())[1]


def test_of_forty_equal_bids_exactly_one_is_accepted(live_server: LiveServer) -> None:
    def fill() -> tuple[str, list[str]]:
        auction = make_auction()
        return str(auction.id), [bidder_key(auction) for _ in range(10)]

    auction_id, keys = live_server.seed(fill)
    address = f"{live_server.url}/api/v1/auctions/{auction_id}/bids"
    body = {"amount": {"amount": "100000.00", "currency": "CNY"}}

    def place(number: int) -> httpx.Response:
        headers = {"Authorization": f"Bearer {keys[number % 10]}", "Idempotency-Key": uuid4().hex}
        return httpx.post(address, json=body, headers=headers, timeout=30)

    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(place, range(40)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 39}
    refused = [answer.json() for answer in answers if answer.status_code == 409]
    assert {one["code"] for one in refused} == {"bid_too_low"}
    assert {one["minimum_acceptable"]["amount"] for one in refused} == {"110000.00"}

    same = {"Authorization": f"Bearer {keys[0]}", "Idempotency-Key": "once"}
    higher = {"amount": {"amount": "200000.00", "currency": "CNY"}}
    with ThreadPoolExecutor(20) as pool:
        repeats = list(pool.map(lambda _n: httpx.post(address, json=higher, headers=same, timeout=30), range(20)))
    assert {answer.status_code for answer in repeats} == {201}
    assert len({answer.text for answer in repeats}) == 1
    log = httpx.get(f"{live_server.url}/api/v1/auctions/{auction_id}/log").json()
    assert [event["kind"] for event in log["events"]] == ["opened", "bid", "bid"]
    assert replay(log)["leader"] == log["events"][-1]["bidder"]


def test_closing_from_many_sides_with_racing_bids_gives_one_result(committed: LiveServer) -> None:
    def fill() -> Any:
        auction = make_auction(closes_at=now() + timedelta(seconds=10), soft_close_window=timedelta(0))
        return auction.id, [make_bidder(auction) for _ in range(4)], auction.closes_at

    auction_id, actors, closes_at = committed.seed(fill)

    def bid(number: int) -> Any:
        amount = yuan(100_000 + 10_000 * (number // 2))
        return in_own_transaction(
            committed, lambda: bidding.place_bid(actors[number % 4], auction_id, amount, now()).amount
        )

    def close(_number: int) -> Any:
        return in_own_transaction(committed, lambda: auction_closing.close_auction(auction_id).status)

    with ThreadPoolExecutor(12) as pool:
        bids = [pool.submit(bid, number) for number in range(30)]
        time.sleep(max(0.0, (closes_at - now()).total_seconds() - 0.3))
        bids += [pool.submit(bid, number) for number in range(30, 90)]
        closes = [pool.submit(close, number) for number in range(20)]
        time.sleep(max(0.0, (closes_at - now()).total_seconds()) + 0.2)
        closes += [pool.submit(close, number) for number in range(20)]
        outcomes = [one.result() for one in bids]
    assert closes[-1].result() is AuctionStatus.SOLD
    accepted = [one for one in outcomes if not isinstance(one, str)]

    def check() -> None:
        auction = auctions.find_auction(auction_id)
        closed = select(func.count()).where(AuctionEvent.auction_id == auction_id, AuctionEvent.kind == "closed")
        assert session.execute(closed).scalar() == 1
        assert auction.price == max(accepted)
        assert len(set(accepted)) == len(accepted) == auction.bid_count
        answer = replay(auction_events.published_log(auction_id))
        assert (answer["winner"], answer["status"]) == (auction.winner_code, "sold")
        assert prove_books()["faults"] == []

    committed.seed(check)


def test_one_deposit_is_held_for_one_of_many_lots(committed: LiveServer) -> None:
    def fill() -> Any:
        actor = make_actor()
        lots = [make_auction() for _ in range(6)]
        fund_deposits(actor.organisation_id, lots[0].deposit)
        return actor, [lot.id for lot in lots]

    actor, lots = committed.seed(fill)

    def register(auction_id: Any) -> Any:
        return in_own_transaction(
            committed, lambda: bidders.register_bidder(actor, auction_id, "bank_transfer", now()).status
        )

    with ThreadPoolExecutor(6) as pool:
        statuses = Counter(pool.map(register, lots))
    assert statuses == {bidders.BidderStatus.ADMITTED: 1, bidders.BidderStatus.AWAITING_DEPOSIT: 5}
    committed.seed(lambda: prove_books()["balanced"])


def test_parallel_late_bids_extend_from_the_last_accepted_one_only(committed: LiveServer) -> None:
    def fill() -> Any:
        auction = make_auction(closes_at=now() + timedelta(minutes=3))
        return auction.id, [make_bidder(auction) for _ in range(8)]

    auction_id, actors = committed.seed(fill)

    def bid(number: int) -> Any:
        amount = yuan(100_000 + 10_000 * number)
        return in_own_transaction(committed, lambda: bidding.place_bid(actors[number % 8], auction_id, amount, now()))

    with ThreadPoolExecutor(8) as pool:
        placed = [one for one in pool.map(bid, range(24)) if isinstance(one, bidding.Bid)]

    def check() -> None:
        auction = auctions.find_auction(auction_id)
        last = max(placed, key=lambda one: one.sequence)
        assert auction.closes_at == last.placed_at + timedelta(minutes=5)
        closes = [event.closes_at for event in auction_events.events_of_auction(auction_id)]
        assert closes == sorted(closes)

    committed.seed(check)
