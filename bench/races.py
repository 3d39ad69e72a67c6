"""python -m bench.races [REPETITIONS]: many at once for one thing, on a committed database, over real connections.

Each race runs twenty times; each time exactly one of the attempts may take effect, or the run ends with status 1.
"""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
from flask import Flask, current_app
from sqlalchemy import func, select

from bench.lots import SECRET
from bench.server import own_database, running
from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.core.errors import Problem
from marketplace.deals import auction_closing, auction_events, auctions, bidders, bidding
from marketplace.deals.auction_events import AuctionEvent
from marketplace.deals.auction_replay import replay
from marketplace.deals.auction_rules import AuctionFormat, FallingPlan
from marketplace.deals.deals import Deal
from marketplace.deals.offers import accept_offer
from marketplace.documents.signatures import Envelope
from marketplace.identity.api_keys import issue_key
from marketplace.ledger.proofs import prove_books
from tests.makers.auctions import fund_deposits, make_auction, make_bidder, yuan
from tests.makers.deals import Parties
from tests.makers.identity import make_actor

REPETITIONS = 20


@dataclass(frozen=True)
class Site:
    """A running marketplace on its own committed database."""

    url: str
    application: Flask
    secret: str

    def seed(self, fill: Callable[[], Any]) -> Any:
        """Run a function in the application and commit what it made."""
        with self.application.app_context():
            result = fill()
            session.commit()
            session.remove()
        return result

    def act(self, act: Callable[[], Any]) -> Any:
        """Run in this thread's own connection and commit, or answer the refusal's code."""
        with self.application.app_context():
            try:
                answer = act()
                session.commit()
                return answer
            except Problem as refusal:
                session.rollback()
                return refusal.code
            finally:
                session.remove()

    def together(self, acts: list[Callable[[], Any]]) -> list[Any]:
        """Run all acts at the same moment, each in its own transaction."""
        gate = threading.Barrier(len(acts))

        def run(act: Callable[[], Any]) -> Any:
            gate.wait()
            return self.act(act)

        with ThreadPoolExecutor(len(acts)) as pool:
            return list(pool.map(run, acts))

    def posts(self, path: str, body: Any, keys: list[tuple[str, str]]) -> list[httpx.Response]:
        """Send the same POST for each pair of API key and Idempotency-Key, over as many connections."""
        gate = threading.Barrier(len(keys))
        limits = httpx.Limits(max_connections=len(keys))

        with httpx.Client(base_url=self.url, timeout=60, limits=limits) as client:

            def post(pair: tuple[str, str]) -> httpx.Response:
                gate.wait()
                headers = {"Authorization": f"Bearer {pair[0]}", "Idempotency-Key": pair[1]}
                return client.post(path, json=body, headers=headers)

            with ThreadPoolExecutor(len(keys)) as pool:
                return list(pool.map(post, keys))

    def key_of(self, actor: Any) -> str:
        """An API key of a bidder."""
        return issue_key(actor, "race", ["read", "deal.trade"], 1, self.secret, now())[1]


class RaceLost(Exception):
    """Not exactly one of the attempts took effect."""


def check(true: bool, what: Any) -> None:
    """Stop the run if a promise does not hold."""
    if not true:
        raise RaceLost(str(what))


HUNDRED_THOUSAND = {"amount": {"amount": "100000.00", "currency": "CNY"}}


def equal_bids(site: Site) -> int:
    """Forty equal bids of ten bidders, over HTTP: one is accepted, thirty-nine are told the new minimum."""

    def fill() -> tuple[Any, list[str]]:
        auction = make_auction()
        return auction.id, [site.key_of(make_bidder(auction)) for _number in range(10)]

    auction_id, keys = site.seed(fill)
    pairs = [(keys[number % 10], uuid4().hex) for number in range(40)]
    answers = site.posts(f"/api/v1/auctions/{auction_id}/bids", HUNDRED_THOUSAND, pairs)
    accepted = [one for one in answers if one.status_code == 201]
    refused = [one.json() for one in answers if one.status_code == 409]
    check(len(accepted) == 1 and len(refused) == 39, [one.status_code for one in answers])
    check({one["code"] for one in refused} == {"bid_too_low"}, refused)
    check({one["minimum_acceptable"]["amount"] for one in refused} == {"110000.00"}, refused)
    _one_line(site, auction_id, "bid")
    return 40


def same_key(site: Site) -> int:
    """One bid sent twenty times with the same Idempotency-Key: one line in the log, twenty equal answers."""

    def fill() -> tuple[Any, str]:
        auction = make_auction()
        return auction.id, site.key_of(make_bidder(auction))

    auction_id, key = site.seed(fill)
    answers = site.posts(f"/api/v1/auctions/{auction_id}/bids", HUNDRED_THOUSAND, [(key, "once")] * 20)
    check({one.status_code for one in answers} == {201}, [one.text for one in answers])
    check(len({one.text for one in answers}) == 1, answers)
    check(sum("Idempotent-Replayed" in one.headers for one in answers) == 19, answers)
    _one_line(site, auction_id, "bid")
    return 20


def dutch_acceptances(site: Site) -> int:
    """Two bidders accept the same falling price at the same moment, over HTTP: one buys."""

    def fill() -> tuple[Any, list[str]]:
        plan = FallingPlan(step_bps=1_000, step_time=timedelta(hours=1), floor=yuan(50_000))
        instant = now()
        auction = make_auction(format=AuctionFormat.DUTCH, falling=plan, opens_at=instant - timedelta(minutes=5))
        return auction.id, [site.key_of(make_bidder(auction)) for _number in range(2)]

    auction_id, keys = site.seed(fill)
    pairs = [(key, uuid4().hex) for key in keys]
    answers = site.posts(f"/api/v1/auctions/{auction_id}/acceptance", {"stage": 0}, pairs)
    check(sorted(one.status_code for one in answers) == [201, 409], [one.text for one in answers])
    check({one.json()["code"] for one in answers if one.status_code == 409} == {"lot_closed"}, answers)
    _one_line(site, auction_id, "accepted")
    return 2


def one_deposit(site: Site) -> int:
    """Money for one deposit, six lots: it is held for exactly one of them."""

    def fill() -> tuple[Any, list[Any]]:
        actor, lots = make_actor(), [make_auction() for _number in range(6)]
        fund_deposits(actor.organisation_id, lots[0].deposit)
        return actor, [lot.id for lot in lots]

    actor, lots = site.seed(fill)
    register = [lambda lot=lot: bidders.register_bidder(actor, lot, "bank_transfer", now()).status for lot in lots]
    statuses = site.together(register)
    admitted = statuses.count(bidders.BidderStatus.ADMITTED)
    check(admitted == 1 and statuses.count(bidders.BidderStatus.AWAITING_DEPOSIT) == 5, statuses)
    check(site.seed(prove_books)["faults"] == [], "books")
    return 6


def offer_accepted(site: Site) -> int:
    """One offer accepted twenty times at once: one deal, one contract."""

    def fill() -> tuple[Parties, Any]:
        parties = Parties()
        return parties, parties.offer().id

    parties, talk = site.seed(fill)
    outcomes = site.together([lambda: str(accept_offer(parties.seller, talk, 1, parties.now).id)] * 20)
    check(outcomes.count("negotiation_over") == 19, outcomes)

    def made() -> tuple[Any, Any]:
        deals = session.scalar(select(func.count(Deal.id)).where(Deal.seller_id == parties.seller.organisation_id))
        [deal_id] = set(outcomes) - {"negotiation_over"}
        contract = select(Deal.envelope_id).where(Deal.id == deal_id)
        return deals, session.scalar(select(func.count(Envelope.id)).where(Envelope.id.in_(contract)))

    check(site.seed(made) == (1, 1), outcomes)
    return 20


def close_and_bid(site: Site) -> int:
    """The closing job runs twice on many connections while bids race it: one close, and the last accepted bid wins."""

    def fill() -> tuple[Any, list[Any], Any]:
        auction = make_auction(closes_at=now() + timedelta(seconds=1.5), soft_close_window=timedelta(0))
        return auction.id, [make_bidder(auction) for _number in range(4)], auction.closes_at

    auction_id, actors, closes_at = site.seed(fill)

    def bids(number: int) -> Any:
        time.sleep(max(0.0, (closes_at - now()).total_seconds() - 0.12))
        accepted = []
        for step in range(8):
            amount = yuan(100_000 + 10_000 * (number + 4 * step))
            actor = actors[number]
            accepted.append(site.act(lambda a=actor, m=amount: bidding.place_bid(a, auction_id, m, now()).amount))
        return accepted

    def close(_number: int) -> Any:
        time.sleep(max(0.0, (closes_at - now()).total_seconds()))
        return [site.act(lambda: auction_closing.close_auction(auction_id).status) for _again in range(3)]

    with ThreadPoolExecutor(8) as pool:
        racing = [pool.submit(bids, number) for number in range(4)]
        closing = [pool.submit(close, number) for number in range(4)]
        accepted = [one for ran in racing for one in ran.result() if not isinstance(one, str)]
        closes = [one for ran in closing for one in ran.result()]
    site.seed(lambda: _settled(auction_id, accepted))
    return len(closes) + 32


def _settled(auction_id: Any, accepted: list[Any]) -> None:
    auction_closing.close_auction(auction_id)
    session.flush()
    auction = auctions.find_auction(auction_id)
    closed = select(func.count()).where(AuctionEvent.auction_id == auction_id, AuctionEvent.kind == "closed")
    check(session.execute(closed).scalar() == 1, "one close")
    check(auction.price == max(accepted, default=None), (auction.price, accepted))
    check(len(set(accepted)) == len(accepted) == auction.bid_count, accepted)
    answer = replay(auction_events.published_log(auction_id))
    check((answer["winner"], answer["chain"]) == (auction.winner_code, "valid"), answer)
    check(prove_books()["faults"] == [], "books")


def _one_line(site: Site, auction_id: Any, kind: str) -> None:
    """The published log has exactly one such line, and anybody's replay agrees with it."""
    log = httpx.get(f"{site.url}/api/v1/auctions/{auction_id}/log", timeout=30).json()
    lines = [event for event in log["events"] if event["kind"] == kind]
    check(len(lines) == 1, log["events"])
    answer = replay(log)
    check(lines[0]["bidder"] in (answer.get("leader"), answer["winner"]) and answer["chain"] == "valid", answer)


RACES = (equal_bids, same_key, dutch_acceptances, one_deposit, offer_accepted, close_and_bid)


def run_races(site: Site, repetitions: int) -> dict[str, Any]:
    """Run every race this often; the attempts and how many repetitions had exactly one effect."""
    figures: dict[str, Any] = {}
    for race in RACES:
        attempts = sum(race(site) for _repetition in range(repetitions))
        figures[f"race_{race.__name__}"] = {"repetitions": repetitions, "attempts": attempts, "one_effect": repetitions}
    return figures


@contextmanager
def _own_site() -> Iterator[Site]:
    with own_database(SECRET) as url, running(url, SECRET, threads=20) as address:
        yield Site(address, current_app._get_current_object(), SECRET)  # type: ignore[attr-defined]  # the proxy's own accessor


def measure(repetitions: int = REPETITIONS) -> dict[str, Any]:
    """Every race, twenty times."""
    with _own_site() as site:
        return run_races(site, repetitions)


if __name__ == "__main__":
    try:
        print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else REPETITIONS), indent=2))
    except RaceLost as lost:
        print(json.dumps({"error": str(lost)}))
        sys.exit(1)
