"""Every format on paper, a thousand random histories each, against the independent replay.

English: I1 amounts increase, I2 one winner, I4 the winner pays what it named, I5 the close never moves earlier, I6 nothing
after the close, I7 the replay agrees. Proxy: I2, I4 never above the own maximum, I7. Sealed and Vickrey: I2, I4, I6, I7,
I8 no amount before the opening. Dutch and Dutch with a sealed round and last word: I1, I2, I4, I6, I7, I8. I3 (deposits
held) and the same of the real tables: test_auction_machine; I9: test_every_state_of_a_lot_ends; I10: pledges in
test_offers and test_lots_and_listings; the negotiated tender: RequestMachine in test_quotations.
"""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from marketplace.core.money import Money
from marketplace.deals import auction_formats as formats
from marketplace.deals import auction_rules as rules
from marketplace.deals.auction_replay import replay
from marketplace.deals.falling_rules import asking_at
from marketplace.deals.sealing import SealedAmount
from tests.deals.paper_lots import CLOSES, OPENS, PaperLot, paper_terms, yuan

BIDDERS = st.sampled_from(["B1", "B2", "P1", "P2"])
THOUSAND = settings(max_examples=1000, stateful_step_count=6, deadline=None, database=None)


class EnglishMachine(RuleBasedStateMachine):
    """Open bids with priority rights, a hidden reserve, buying outright and the soft close."""

    @initialize(reserve=st.sampled_from([None, 150, 400]), priority=st.booleans(), limit=st.sampled_from([None, 7]))
    def announce(self, reserve: int | None, priority: bool, limit: int | None) -> None:
        self.terms = paper_terms(
            reserve=None if reserve is None else yuan(reserve),
            buy_now=yuan(1_000),
            priority_holders={"P1": 1, "P2": 2} if priority else None,
            max_extension=None if limit is None else timedelta(minutes=limit),
        )
        self.lot, self.state, self.at = PaperLot(self.terms), rules.opening_state(self.terms), OPENS
        self.offered: dict[str, Money] = {}

    @rule(minutes=st.integers(0, 40))
    def time_passes(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)

    @rule(bidder=BIDDERS, raise_by=st.integers(-20, 60))
    def bid(self, bidder: str, raise_by: int) -> None:
        high = self.state.high
        amount = yuan(max(1, 100 + raise_by)) if high is None else high + yuan(raise_by)
        verdict = rules.judge_bid(self.terms, self.state, bidder, amount, self.at)
        before = self.state
        if verdict is rules.Verdict.ACCEPTED:
            self.state = rules.take_bid(self.terms, self.state, bidder, amount, self.at)
            assert before.high is None or amount > before.high or bidder in (self.terms.priority_holders or {})  # I1
            self.take("bid", bidder, amount)
        else:
            late, low = self.at >= before.closes_at or before.ended, amount < rules.minimum_acceptable(self.terms, high)
            assert verdict.value in (("lot_closed",) if late else ("bid_too_low",) if low else ())

    @precondition(lambda self: self.state.bids == 0)
    @rule(bidder=BIDDERS)
    def buy(self, bidder: str) -> None:
        if rules.judge_buy_now(self.terms, self.state, yuan(1_000), self.at) is rules.Verdict.ACCEPTED:
            self.state = rules.take_buy_now(self.state, bidder, yuan(1_000), self.at)
            self.take("buy_now", bidder, yuan(1_000))

    def take(self, kind: str, bidder: str, amount: Money) -> None:
        assert self.state.closes_at >= self.lot.closes_at  # I5
        self.lot.closes_at = self.state.closes_at
        self.lot.append(kind, self.at, bidder, amount)
        self.offered[bidder] = amount

    def teardown(self) -> None:
        if not hasattr(self, "lot"):
            return
        winner = rules.winner_of(self.terms, self.state)
        self.lot.append("closed", max(self.at, self.state.closes_at), *(winner or (None, None)))
        answer = self.lot.replayed()
        assert answer["winner"] == (winner and winner[0])  # I2, I7
        if winner:
            assert answer["price"]["amount"] == winner[1].format()
            assert winner[1] == self.offered[winner[0]]  # I4
        late, over = self.lot.events[-1].occurred_at, yuan(5_000)
        assert rules.judge_bid(self.terms, self.state, "B1", over, late) is rules.Verdict.LOT_CLOSED  # I6
        self.lot.require_closed("bid", "B1", over)


class ProxyMachine(RuleBasedStateMachine):
    """Secret maxima one after the other against the formula min(highest, second + step)."""

    def __init__(self) -> None:
        super().__init__()
        self.bids: list[dict[str, Any]] = []
        self.maxima: dict[str, tuple[int, int]] = {}
        self.leader, self.price = "", 0

    @rule(bidder=BIDDERS, maximum=st.integers(80, 600))
    def leave(self, bidder: str, maximum: int) -> None:
        at = OPENS + timedelta(seconds=len(self.bids))
        self.bids.append({"bidder": bidder, "maximum": str(maximum), "at": at.isoformat()})
        step = 10 if self.price < 200 else 30
        own = bidder == self.leader
        least = self.maxima[bidder][0] + 1 if own else self.price + step if self.leader else 100
        if maximum < least:
            return
        self.maxima[bidder] = (maximum, len(self.bids))
        if own:
            return
        others = [most for who, (most, _order) in self.maxima.items() if who == self.leader]
        if not others:
            self.leader, self.price = bidder, 100
        elif maximum > others[0]:
            floor = self.price + step
            over = others[0] + (10 if others[0] < 200 else 30)
            self.leader, self.price = bidder, min(maximum, max(floor, over))
        else:
            self.price = min(others[0], maximum + (10 if maximum < 200 else 30))

    def teardown(self) -> None:
        document = {**PaperLot(paper_terms()).document, "format": "proxy"}
        answer = replay({"terms": document, "bids": self.bids})
        assert answer["winner"] == (self.leader or None)
        if self.leader:
            assert answer["price"]["amount"] == f"{self.price}.00"
            assert self.price <= self.maxima[self.leader][0]  # I4


class SealedMachine(RuleBasedStateMachine):
    """Envelopes lodged, replaced, withdrawn, late; first or second price; the log shows no amount before the opening."""

    @initialize(second=st.booleans(), reserve=st.sampled_from([None, 300]))
    def announce(self, second: bool, reserve: int | None) -> None:
        kind = rules.AuctionFormat.VICKREY if second else rules.AuctionFormat.SEALED_FIRST_PRICE
        self.terms = paper_terms(format=kind, reserve=None if reserve is None else yuan(reserve))
        self.lot, self.second, self.at = PaperLot(self.terms), second, OPENS
        self.standing: dict[str, tuple[SealedAmount, datetime]] = {}

    @rule(minutes=st.integers(0, 20))
    def time_passes(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)

    @rule(bidder=BIDDERS, amount=st.integers(100, 600))
    def lodge(self, bidder: str, amount: int) -> None:
        if self.at < CLOSES:
            sealed = SealedAmount(yuan(amount), f"{len(self.lot.events):064x}")
            self.standing[bidder] = (sealed, self.at)
            self.lot.append("sealed", self.at, bidder, detail=sealed.commitment(bidder))
            self.at += timedelta(microseconds=1)

    @rule(bidder=BIDDERS)
    def withdraw(self, bidder: str) -> None:
        if bidder in self.standing and self.at < CLOSES:
            del self.standing[bidder]
            self.lot.append("withdrawn", self.at, bidder)

    @invariant()
    def nothing_shows_before_the_opening(self) -> None:
        if hasattr(self, "lot"):
            assert all(one.amount is None for one in self.lot.events)  # I8

    def teardown(self) -> None:
        if not hasattr(self, "lot"):
            return
        opened = max(self.at, CLOSES)
        assert self.lot.replayed()["winner"] is None
        for bidder, (sealed, _at) in self.standing.items():
            self.lot.append("revealed", opened, bidder, sealed.amount, f"{sealed.commitment(bidder)}:{sealed.salt}")
        bids = [formats.SealedBid(bidder, sealed.amount, at) for bidder, (sealed, at) in self.standing.items()]
        floor = max(self.terms.start, self.terms.reserve or self.terms.start)
        outcome = formats.open_envelopes(bids, CLOSES, floor, self.second)
        self.lot.append("closed", opened, outcome.winner, outcome.price)
        answer = self.lot.replayed()
        assert answer["winner"] == outcome.winner  # I2, I7
        if outcome.winner and outcome.price:
            assert answer["price"]["amount"] == outcome.price.format()
            assert floor <= outcome.price <= self.standing[outcome.winner][0].amount  # I4
        self.lot.require_closed("sealed", "B1", None, "0" * 64)


class FallingMachine(RuleBasedStateMachine):
    """A falling price, alone or with its sealed round and last word."""

    @initialize(hybrid=st.booleans(), bps=st.sampled_from([100, 333, 1_500]))
    def announce(self, hybrid: bool, bps: int) -> None:
        plan = rules.FallingPlan(step_bps=bps, step_time=timedelta(minutes=4), floor=yuan(60))
        kind = rules.AuctionFormat.HYBRID_DUTCH if hybrid else rules.AuctionFormat.DUTCH
        self.terms = paper_terms(format=kind, falling=plan)
        self.lot, self.hybrid, self.at = PaperLot(self.terms), hybrid, OPENS
        self.first: tuple[str, Money] | None = None
        self.sealed: dict[str, tuple[SealedAmount, datetime]] = {}

    @rule(minutes=st.integers(0, 25))
    def time_passes(self, minutes: int) -> None:
        before = asking_at(self.terms, self.at)
        self.at += timedelta(minutes=minutes)
        after = asking_at(self.terms, self.at)
        assert before is None or after is None or yuan(60) <= after.price <= before.price

    @rule(bidder=BIDDERS, lag=st.integers(0, 1))
    def accept(self, bidder: str, lag: int) -> None:
        asking = asking_at(self.terms, self.at)
        if asking and formats.accepts_dutch(asking.stage - lag, asking.stage, self.first is not None):
            assert lag == 0
            self.first = (bidder, asking.price)
            self.lot.append("accepted", self.at, bidder, asking.price, str(asking.stage))

    @rule(bidder=BIDDERS, over=st.integers(-5, 60))
    def seal(self, bidder: str, over: int) -> None:
        span = self.terms.sealed_span
        if self.first is None or span is None or not span[0] <= self.at < span[1] or bidder == self.first[0]:
            return
        amount = self.first[1] + yuan(over)
        if formats.sealed_bid_counts(amount, self.first[1]):
            sealed = SealedAmount(amount, f"{len(self.lot.events):064x}")
            self.sealed[bidder] = (sealed, self.at)
            self.lot.append("sealed", self.at, bidder, detail=sealed.commitment(bidder))
            self.at += timedelta(microseconds=1)

    @rule()
    def wait_for_the_sealed_round(self) -> None:
        if self.terms.sealed_span and self.at < self.terms.sealed_span[0]:
            self.at = self.terms.sealed_span[0]

    def teardown(self) -> None:
        if not hasattr(self, "lot"):
            return
        end = max(self.at, self.terms.last_close)
        winner = self.first
        if self.first and self.hybrid:
            for bidder, (sealed, _at) in self.sealed.items():
                self.lot.append("revealed", end, bidder, sealed.amount, f"{sealed.commitment(bidder)}:{sealed.salt}")
            bids = [formats.SealedBid(bidder, sealed.amount, at) for bidder, (sealed, at) in self.sealed.items()]
            best = max((one.amount for one in bids if one.amount), default=None)
            answered = best + yuan(1) if best and best.amount_minor % 200 else None
            if answered:
                self.lot.append("best", end, self.first[0], answered)
            outcome = formats.hybrid_outcome(*self.first, bids, answered, self.terms.last_close)
            assert outcome.winner is not None
            assert outcome.price is not None
            winner = (outcome.winner, outcome.price)
            assert outcome.price >= self.first[1]
        self.lot.append("closed", end, *(winner or (None, None)))
        answer = self.lot.replayed()
        assert answer["winner"] == (winner and winner[0])  # I2, I7
        assert winner is None or answer["price"]["amount"] == winner[1].format()
        self.lot.require_closed("accepted", "B1", yuan(90), "0")


def test_english_lots_on_paper() -> None:
    run_state_machine_as_test(EnglishMachine, settings=THOUSAND)


def test_proxy_lots_on_paper() -> None:
    run_state_machine_as_test(ProxyMachine, settings=THOUSAND)


def test_sealed_lots_on_paper() -> None:
    run_state_machine_as_test(SealedMachine, settings=THOUSAND)


def test_falling_lots_on_paper() -> None:
    run_state_machine_as_test(FallingMachine, settings=THOUSAND)
