"""Other ways to find a price: sealed envelopes, the falling price, the three-stage hybrid.

Pure rules. Sources: dgfInsider hybrid auction (ProZorro.Sale), Vickrey 1961, 法释〔2016〕18号.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from marketplace.core.money import Money


@dataclass(frozen=True)
class SealedBid:
    """One envelope as opened; an amount of None withdraws the bidder's earlier ones."""

    bidder: str
    amount: Money | None
    at: datetime


@dataclass(frozen=True)
class SealedOutcome:
    """The opening of the envelopes: who won at which price, and the ranking from lowest to highest."""

    winner: str | None
    price: Money | None
    ascending: tuple[tuple[str, Money], ...]


def live_envelopes(bids: Sequence[SealedBid], closes_at: datetime) -> list[SealedBid]:
    """The last envelope of each bidder that came in time and was not withdrawn."""
    last: dict[str, SealedBid] = {}
    for bid in sorted(bids, key=lambda one: one.at):
        if bid.at < closes_at:
            last[bid.bidder] = bid
    return [bid for bid in last.values() if bid.amount is not None]


def open_envelopes(
    bids: Sequence[SealedBid], closes_at: datetime, floor: Money, second_price: bool = False
) -> SealedOutcome:
    """Highest live envelope wins, the earlier of two equal ones; it pays its own price or (Vickrey) the second."""
    live = [(bid, bid.amount) for bid in live_envelopes(bids, closes_at) if bid.amount is not None]
    ranked = sorted(live, key=lambda pair: (-pair[1].amount_minor, pair[0].at))
    ascending = tuple((bid.bidder, amount) for bid, amount in reversed(ranked))
    valid = [(bid, amount) for bid, amount in ranked if amount >= floor]
    if not valid:
        return SealedOutcome(None, None, ascending)
    price = valid[0][1]
    if second_price:
        price = max(floor, valid[1][1]) if len(valid) > 1 else floor
    return SealedOutcome(valid[0][0].bidder, price, ascending)


def accepts_dutch(bid_stage: int, current_stage: int, taken: bool) -> bool:
    """An acceptance counts only for the stage that is running under the lock, and only the first one."""
    return bid_stage == current_stage and not taken


class HybridPhase(StrEnum):
    """The stages of the hybrid: falling price, sealed round of the others, last word of the first."""

    WAITING = "waiting"
    DUTCH = "dutch"
    SEALED = "sealed"
    BEST_BID = "best_bid"
    ENDED = "ended"


@dataclass(frozen=True)
class HybridTimes:
    """How long each stage and the pauses before them last."""

    pause: timedelta = timedelta(seconds=30)
    dutch: timedelta = timedelta(minutes=405)
    short_pause: timedelta = timedelta(seconds=20)
    sealed: timedelta = timedelta(minutes=10)
    best_bid: timedelta = timedelta(minutes=5)

    def timeline(self, start: datetime) -> dict[HybridPhase, tuple[datetime, datetime]]:
        """From when to when each stage runs."""
        dutch_start = start + self.pause
        sealed_start = dutch_start + self.dutch + self.short_pause
        best_start = sealed_start + self.sealed + self.short_pause
        return {
            HybridPhase.DUTCH: (dutch_start, dutch_start + self.dutch),
            HybridPhase.SEALED: (sealed_start, sealed_start + self.sealed),
            HybridPhase.BEST_BID: (best_start, best_start + self.best_bid),
        }

    def phase_at(self, start: datetime, at: datetime) -> HybridPhase:
        """The stage that runs at this instant; pauses are waiting."""
        spans = self.timeline(start)
        for phase, (begins, ends) in spans.items():
            if begins <= at < ends:
                return phase
        return HybridPhase.ENDED if at >= spans[HybridPhase.BEST_BID][1] else HybridPhase.WAITING


def sealed_bid_counts(amount: Money | None, dutch_amount: Money) -> bool:
    """In the sealed round a bid must exceed the accepted Dutch price; a withdrawal (None) is always taken."""
    return amount is None or amount > dutch_amount


def best_bid_counts(bidder: str, dutch_winner: str, amount: Money, best_sealed: Money) -> bool:
    """Only the one who accepted the falling price may answer, and must exceed the best envelope."""
    return bidder == dutch_winner and amount > best_sealed


def hybrid_outcome(
    dutch_winner: str, dutch_amount: Money, sealed: Sequence[SealedBid], best: Money | None, closes_at: datetime
) -> SealedOutcome:
    """Close the hybrid: the highest latest amount wins; ``best`` is the Dutch winner's answer, if any.

    ``closes_at`` ends the sealed round; envelopes not above the Dutch price are left out.
    """
    amounts = {dutch_winner: dutch_amount}
    for bid in sorted(live_envelopes(sealed, closes_at), key=lambda one: one.at):
        if bid.amount is not None and bid.bidder != dutch_winner and bid.amount > dutch_amount:
            amounts[bid.bidder] = bid.amount
    top = max(amounts.values(), key=lambda amount: amount.amount_minor)
    if best is not None and best_bid_counts(dutch_winner, dutch_winner, best, top):
        amounts[dutch_winner] = best
    order = list(amounts)
    ascending = sorted(amounts.items(), key=lambda pair: (pair[1].amount_minor, -order.index(pair[0])))
    winner, price = ascending[-1]
    return SealedOutcome(winner, price, tuple(ascending))


@dataclass(frozen=True)
class AwardTimes:
    """How many business days a winner has to confirm and to sign before the next one is called."""

    confirm_business_days: int = 4
    sign_business_days: int = 20


def next_award(ranking: Sequence[str], failed: Sequence[str]) -> str | None:
    """Who is called when earlier winners failed to confirm or pay; None when nobody is left."""
    return next((bidder for bidder in ranking if bidder not in failed), None)
