"""Random lots: whatever bidders try in whatever order, the invariants of product rules A5.4 hold."""

from datetime import timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.deals import auction_closing, auction_events, auctions, bid_refusals, bidders, bidding
from marketplace.deals import auction_rules as rules
from marketplace.deals.auction_replay import replay
from marketplace.deals.auctions import AuctionStatus
from marketplace.deals.bidders import LotClosed
from marketplace.ledger import accounts
from marketplace.ledger.proofs import prove_books
from tests.makers.auctions import make_auction, make_bidder, yuan
from tests.makers.identity import make_actor

MINUTES = st.sampled_from([2, 4, 6, 60])


class LotMachine(RuleBasedStateMachine):
    """One lot, up to four bidders, a model of the highest bid."""

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = session.begin_nested()
        self.bidders: list[Actor] = []
        self.accepted: list[int] = []
        self.closed = False

    @initialize(minutes=MINUTES, reserve=st.sampled_from([None, 100_000, 180_000, 900_000]))
    def announce(self, minutes: int, reserve: int | None) -> None:
        self.seller = make_actor()
        self.lot = make_auction(
            self.seller,
            closes_at=now() + timedelta(minutes=minutes),
            reserve=None if reserve is None else yuan(reserve),
            increments=(rules.IncrementStep(yuan(150_000), yuan(5_000)), rules.IncrementStep(None, yuan(20_000))),
        )
        self.closes_at = self.lot.closes_at
        self.stranger = make_actor()

    @rule()
    def register(self) -> None:
        if len(self.bidders) < 4 and not self.closed:
            self.bidders.append(make_bidder(self.lot))

    @precondition(lambda self: self.bidders)
    @rule(who=st.integers(0, 3), raise_by=st.integers(-30_000, 60_000))
    def bid(self, who: int, raise_by: int) -> None:
        actor = self.bidders[who % len(self.bidders)]
        amount = max(1, (self.accepted[-1] if self.accepted else 100_000) + raise_by)
        step = 5_000 if self.accepted and self.accepted[-1] < 150_000 else 20_000
        minimum = self.accepted[-1] + step if self.accepted else 100_000
        if self.closed:
            with pytest.raises(LotClosed):
                bidding.place_bid(actor, self.lot.id, yuan(amount), now())
        elif amount < minimum:
            with pytest.raises(bid_refusals.BidTooLow) as low:
                bidding.place_bid(actor, self.lot.id, yuan(amount), now())
            assert low.value.params["minimum_acceptable"] == yuan(minimum)
        else:
            bidding.place_bid(actor, self.lot.id, yuan(amount), now())
            self.accepted.append(amount)

    @rule(amount=st.integers(100_000, 500_000))
    def seller_or_stranger_bids(self, amount: int) -> None:
        expected = {
            self.seller: bidders.ConflictOfInterest,
            self.stranger: LotClosed if self.closed else bid_refusals.DepositMissing,
        }
        for actor, refusal in expected.items():
            with pytest.raises(refusal):
                bidding.place_bid(actor, self.lot.id, yuan(amount), now())

    @rule()
    def close_too_early(self) -> None:
        auction_closing.close_auction(self.lot.id)
        assert (self.lot.status is AuctionStatus.OPEN) == (not self.closed)

    @precondition(lambda self: not self.closed and len(self.accepted) >= 2)
    @rule()
    def close(self) -> None:
        lot = auctions.find_auction(self.lot.id, lock=True)
        auction_closing.settle_lot(lot, lot.closes_at)
        self.closed = True

    @invariant()
    def the_log_and_the_lot_agree(self) -> None:
        lot = auctions.find_auction(self.lot.id)
        amounts = [event.amount_minor for event in auction_events.events_of_auction(lot.id) if event.kind == "bid"]
        assert amounts == [amount * 100 for amount in self.accepted]  # I1: exactly the accepted, strictly increasing
        assert amounts == sorted(set(amounts))
        assert lot.closes_at >= self.closes_at  # I5
        self.closes_at = lot.closes_at
        held = sum(accounts.balance(f"organisation:{one.organisation_id}:deposits", "CNY").pending.amount_minor
                   for one in self.bidders)  # fmt: skip
        assert held == (0 if self.closed else len(self.bidders) * lot.deposit.amount_minor)  # I3
        answer = replay(auction_events.published_log(lot.id))
        assert answer["chain"] == "valid"
        if self.closed:
            assert answer["winner"] == lot.winner_code  # I2, I7
            assert (answer["price"] is None) == (lot.price is None)
            assert lot.price is None or lot.price == yuan(self.accepted[-1])  # I4: never more than the winner named

    def teardown(self) -> None:
        assert prove_books()["faults"] == []
        session.expunge_all()
        self.savepoint.rollback()


def test_lots_keep_their_invariants(app: APIFlask, db: Any) -> None:
    chosen = settings(max_examples=15, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(LotMachine, settings=chosen)
