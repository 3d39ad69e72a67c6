"""Real processes on a real, committed database: exactly one of many wins."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from bench.races import RaceLost, Site, check, run_races
from marketplace.core.clock import now
from marketplace.deals import auction_events, auctions, bidding
from tests.conftest import LiveServer
from tests.makers.auctions import make_auction, make_bidder, yuan

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
