"""The rules of an open ascending auction: pure decisions on amounts and instants, without database or clock.

The same rules decide a live bid (mirrored in the database function ``place_bid``) and the replay of a published log.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from marketplace.core.money import Money, percentage
from marketplace.deals.portfolio_rules import Part, part_faults

FIVE_MINUTES = timedelta(minutes=5)


class AuctionFormat(StrEnum):
    """How a price is found."""

    ENGLISH = "english"
    SEALED_FIRST_PRICE = "sealed_first_price"
    VICKREY = "vickrey"
    DUTCH = "dutch"
    HYBRID_DUTCH = "hybrid_dutch"
    PORTFOLIO = "portfolio"

    @property
    def is_sealed(self) -> bool:
        """Whether bids are envelopes from the beginning."""
        return self in (AuctionFormat.SEALED_FIRST_PRICE, AuctionFormat.VICKREY)

    @property
    def is_falling(self) -> bool:
        """Whether the price begins high and falls."""
        return self in (AuctionFormat.DUTCH, AuctionFormat.HYBRID_DUTCH)


class ExtendFrom(StrEnum):
    """Whether a late bid extends from its own time or from the announced end."""

    BID = "bid"
    CLOSE = "close"


class Verdict(StrEnum):
    """What the rules say about one bid."""

    ACCEPTED = "accepted"
    LOT_NOT_OPEN = "lot_not_open"
    LOT_CLOSED = "lot_closed"
    BID_TOO_LOW = "bid_too_low"
    WRONG_CURRENCY = "wrong_currency"
    BUY_NOW_OVER = "buy_now_over"


@dataclass(frozen=True)
class IncrementStep:
    """Below this price the next bid must be higher by at least this step; the last row has no upper end."""

    below: Money | None
    step: Money


@dataclass(frozen=True)
class FallingPlan:
    """How the price of a Dutch lot falls, and how long the later stages of the hybrid last."""

    step_bps: int = 100
    step_time: timedelta = timedelta(seconds=305)
    floor: Money | None = None
    pause: timedelta = timedelta(seconds=20)
    sealed_time: timedelta = timedelta(minutes=10)
    best_bid_time: timedelta = timedelta(minutes=5)

    def faults(self, start: Money) -> list[str]:
        """Why the price cannot fall like this."""
        found = []
        if not 1 <= self.step_bps <= 5_000 or self.step_time < timedelta(seconds=1):
            found.append("step_out_of_range")
        if self.floor is None or not Money.zero(start.currency) < self.floor < start:
            found.append("floor_not_below_start")
        if min(self.sealed_time, self.best_bid_time) < timedelta(seconds=1) or self.pause < timedelta(0):
            found.append("stages_need_time")
        return found


@dataclass(frozen=True)
class LotTerms:
    """The announced rules of one lot; a change makes standing bids wait for their bidders' confirmation."""

    start: Money
    increments: tuple[IncrementStep, ...]
    opens_at: datetime
    closes_at: datetime
    soft_close_window: timedelta = FIVE_MINUTES
    soft_close_extension: timedelta = FIVE_MINUTES
    extend_from: ExtendFrom = ExtendFrom.BID
    max_extension: timedelta | None = None
    reserve: Money | None = None
    buy_now: Money | None = None
    priority_holders: Mapping[str, int] | None = None
    format: AuctionFormat = AuctionFormat.ENGLISH
    proxy: bool = False
    reserve_public: bool = False
    falling: FallingPlan | None = None
    parts: tuple[Part, ...] = ()

    @property
    def is_plain_english(self) -> bool:
        """Whether bids are open and ascending."""
        return self.format is AuctionFormat.ENGLISH

    @property
    def sealed_span(self) -> tuple[datetime, datetime] | None:
        """From when to when envelopes are taken; a Dutch lot takes none."""
        if self.format.is_sealed:
            return self.opens_at, self.closes_at
        if self.format is AuctionFormat.HYBRID_DUTCH and self.falling is not None:
            begins = self.closes_at + self.falling.pause
            return begins, begins + self.falling.sealed_time
        return None

    @property
    def last_close(self) -> datetime:
        """When the lot is over if nothing extends it."""
        return self.sealed_span[1] if self.sealed_span else self.closes_at

    def faults(self) -> list[str]:
        """Why these terms cannot be announced; empty when they can."""
        found = []
        amounts = [self.start, *(row.step for row in self.increments)]
        if any(amount.amount_minor <= 0 for amount in amounts):
            found.append("amounts_must_be_positive")
        if len({amount.currency for amount in [*amounts, *filter(None, (self.reserve, self.buy_now))]}) > 1:
            found.append("one_currency")
        bounds = [row.below for row in self.increments]
        limits = [bound.amount_minor for bound in bounds[:-1] if bound is not None]
        if not bounds or bounds[-1] is not None or len(limits) != len(bounds) - 1 or limits != sorted(set(limits)):
            found.append("increments_must_ascend_and_end_open")
        if self.closes_at <= self.opens_at:
            found.append("must_close_after_opening")
        if "one_currency" not in found:
            found += self._price_faults() + self._format_faults()
        return found

    def _format_faults(self) -> list[str]:
        found = []
        extras = self.proxy or self.priority_holders or self.buy_now
        if not self.is_plain_english and extras:
            found.append("only_open_bids_have_proxy_priority_or_buy_now")
        if self.format is AuctionFormat.PORTFOLIO:
            found += part_faults(self.parts, self.start) + (["a_portfolio_has_no_reserve"] if self.reserve else [])
        elif self.parts:
            found.append("only_a_portfolio_has_parts")
        if self.proxy and self.priority_holders:
            found.append("priority_or_proxy")
        if self.format.is_falling != (self.falling is not None):
            found.append("falling_price_needs_its_plan")
        if self.falling is not None:
            found += self.falling.faults(self.start) + (["a_falling_price_has_a_floor"] if self.reserve else [])
        return found

    def _price_faults(self) -> list[str]:
        found = []
        if self.reserve is not None and self.reserve < self.start:
            found.append("reserve_below_start")
        if self.buy_now is not None and self.buy_now < max(self.start, self.reserve or self.start):
            found.append("buy_now_below_reserve")
        return found

    def step_above(self, price: Money) -> Money:
        """The smallest raise over this price."""
        for row in self.increments:
            if row.below is None or price < row.below:
                return row.step
        raise ValueError("the last increment must be open-ended")


@dataclass(frozen=True)
class LotState:
    """Where an open lot stands after the bids so far."""

    closes_at: datetime
    high: Money | None = None
    leader: str | None = None
    bids: int = 0
    ended: bool = False


def opening_state(terms: LotTerms) -> LotState:
    """A lot before its first bid."""
    return LotState(closes_at=terms.closes_at)


def minimum_acceptable(terms: LotTerms, high: Money | None) -> Money:
    """The smallest amount the next bidder may name."""
    return terms.start if high is None else high + terms.step_above(high)


def judge_bid(terms: LotTerms, state: LotState, bidder: str, amount: Money, at: datetime) -> Verdict:
    """Decide one bid on the amount the bidder named and the time the server accepted it."""
    if state.ended or at >= state.closes_at:
        return Verdict.LOT_CLOSED
    if at < terms.opens_at:
        return Verdict.LOT_NOT_OPEN
    if amount.currency != terms.start.currency:
        return Verdict.WRONG_CURRENCY
    if amount >= minimum_acceptable(terms, state.high) or _matches_by_priority(terms, state, bidder, amount):
        return Verdict.ACCEPTED
    return Verdict.BID_TOO_LOW


def _matches_by_priority(terms: LotTerms, state: LotState, bidder: str, amount: Money) -> bool:
    """A holder of a priority right may equal the highest bid of anyone ranked behind (法释〔2016〕18号 art. 21)."""
    ranks = terms.priority_holders or {}
    if bidder not in ranks or state.leader is None or amount != state.high:
        return False
    return ranks[bidder] < ranks.get(state.leader, len(ranks) + max(ranks.values()) + 1)


def take_bid(terms: LotTerms, state: LotState, bidder: str, amount: Money, at: datetime) -> LotState:
    """The lot after an accepted bid; a bid in the last minutes moves the end later, never earlier."""
    return replace(
        state,
        high=amount,
        leader=bidder,
        bids=state.bids + 1,
        closes_at=extended_close(terms, state.closes_at, at),
    )


def judge_buy_now(terms: LotTerms, state: LotState, amount: Money, at: datetime) -> Verdict:
    """Buying outright is possible at exactly the announced price until the first bid stands."""
    if state.ended or at >= state.closes_at:
        return Verdict.LOT_CLOSED
    if at < terms.opens_at:
        return Verdict.LOT_NOT_OPEN
    return Verdict.ACCEPTED if state.bids == 0 and amount == terms.buy_now else Verdict.BUY_NOW_OVER


def take_buy_now(state: LotState, bidder: str, amount: Money, at: datetime) -> LotState:
    """The lot after an outright purchase: it is over."""
    return replace(state, high=amount, leader=bidder, bids=1, closes_at=max(at, state.closes_at), ended=True)


def extended_close(terms: LotTerms, closes_at: datetime, at: datetime) -> datetime:
    """The end after a bid at this time (soft close): unchanged or later, by at most ``max_extension`` in all."""
    if at < closes_at - terms.soft_close_window:
        return closes_at
    origin = at if terms.extend_from is ExtendFrom.BID else closes_at
    moved = origin + terms.soft_close_extension
    if terms.max_extension is not None:
        moved = min(moved, terms.closes_at + terms.max_extension)
    return max(closes_at, moved)


def reserve_is_met(terms: LotTerms, state: LotState) -> bool:
    """Whether the highest bid reaches the reserve; without a reserve any bid does."""
    return state.high is not None and (terms.reserve is None or state.high >= terms.reserve)


def winner_of(terms: LotTerms, state: LotState) -> tuple[str, Money] | None:
    """Who bought at which price, or None when the lot stays unsold (流拍)."""
    if state.leader is None or state.high is None or not reserve_is_met(terms, state):
        return None
    return state.leader, state.high


def deposit_required(start: Money, deposit_bps: int) -> Money:
    """The bid deposit: 5 to 20 % of the start price (``deposit_bps`` 500 to 2000, 法释〔2016〕18号 art. 17)."""
    if not 500 <= deposit_bps <= 2000:
        raise ValueError("a bid deposit is 5 to 20 per cent of the start price")
    return percentage(start, deposit_bps)


def default_increments(currency: str) -> tuple[IncrementStep, ...]:
    """The usual table: < 10k: 100; < 100k: 1k; < 1m: 10k; < 10m: 50k; else 100k (major units)."""
    rows = [("10000", "100"), ("100000", "1000"), ("1000000", "10000"), ("10000000", "50000"), (None, "100000")]
    return tuple(
        IncrementStep(None if below is None else Money.parse(below, currency), Money.parse(step, currency))
        for below, step in rows
    )


def with_public_reserve(terms: LotTerms) -> LotTerms:
    """The same terms with the reserve shown to everybody."""
    return replace(terms, reserve_public=terms.reserve is not None)
