"""Real processes on a real, committed database: exactly one of many wins."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from bench.races import RaceLost, Site, check, run_races
from marketplace.core.clock import now
from marketplace.deals import auction_events, auctions, bidding
from marketplace.deals.auction_replay import replay
from marketplace.deals.portfolio_bids import PlacedPackage, place_package_bid
from tests.conftest import LiveServer
from tests.deals.test_portfolio_lots import make_portfolio
from tests.makers.auctions import make_auction, make_bidder, yuan
from tests.makers.identity import make_actor

pytestmark = pytest.mark.race


def test_however_many_try_at_once_exactly_one_takes_effect(live_server: LiveServer) -> None:
    site = Site(live_server.url, live_server.application, "t" * 48)
    figures = run_races(site, repetitions=2)
    assert len(figures) == 6
    assert {one["one_effect"] for one in figures.values()} == {2}


def test_a_race_that_two_win_is_noticed() -> None:
    with pytest.raises(RaceLost):
        check([201, 201].count(201) == 1, "two effects")


def test_parallel_late_bids_extend_from_the_last_accepted_one_only(committed: LiveServer) -> None:
    def fill() -> Any:
        auction = make_auction(closes_at=now() + timedelta(minutes=3))
        return auction.id, [make_bidder(auction) for _ in range(8)]

    auction_id, actors = committed.seed(fill)
    site = Site("", committed.application, "")

    def bid(number: int) -> Any:
        amount = yuan(100_000 + 10_000 * number)
        return site.act(lambda: bidding.place_bid(actors[number % 8], auction_id, amount, now()))

    with ThreadPoolExecutor(8) as pool:
        placed = [one for one in pool.map(bid, range(24)) if isinstance(one, bidding.Bid)]

    def look() -> None:
        auction = auctions.find_auction(auction_id)
        last = max(placed, key=lambda one: one.sequence)
        assert auction.closes_at == last.placed_at + timedelta(minutes=5)
        closes = [event.closes_at for event in auction_events.events_of_auction(auction_id)]
        assert closes == sorted(closes)

    committed.seed(look)


def test_of_equal_bids_for_the_same_parts_one_is_taken_and_the_best_total_follows(committed: LiveServer) -> None:
    def fill() -> Any:
        auction = make_portfolio(make_actor(), 100_000, 200_000)
        return auction.id, [make_bidder(auction) for _ in range(4)]

    auction_id, actors = committed.seed(fill)
    site = Site("", committed.application, "")
    wishes = [([1], 100_000), ([2], 200_000), ([1, 2], 310_000)]

    def bid(number: int) -> Any:
        parts, amount = wishes[number % 3]
        return site.act(lambda: place_package_bid(actors[number % 4], auction_id, parts, yuan(amount), now()))

    with ThreadPoolExecutor(6) as pool:
        placed = [one for one in pool.map(bid, range(12)) if isinstance(one, PlacedPackage)]
    assert sorted(one.parts for one in placed) == [[1], [1, 2], [2]]

    def look() -> None:
        auction = auctions.find_auction(auction_id)
        assert (auction.bid_count, auction.high) == (3, yuan(310_000))
        answer = replay(auction_events.published_log(auction_id))
        assert (answer["status"], answer["winners"][0]["parts"]) == ("open", [1, 2])

    committed.seed(look)
