"""How a falling price runs: pure rules on stages and instants (dgfInsider, ProZorro.Sale)."""

from dataclasses import dataclass
from datetime import datetime

from marketplace.core.money import Money, percentage
from marketplace.deals.auction_rules import LotTerms


def dutch_price(initial: Money, step_bps: int, stage: int, floor: Money | None = None) -> Money:
    """The asking price at a stage: each stage takes off the same share of the INITIAL price, not below the floor."""
    price = max(initial - percentage(initial, step_bps).times(stage), Money.zero(initial.currency))
    return price if floor is None else max(price, floor)


def next_dutch_price(initial: Money, current: Money, step_bps: int = 100) -> Money:
    """The next lower asking price, half a cent rounded up, never below zero."""
    return max(current - percentage(initial, step_bps), Money.zero(initial.currency))


@dataclass(frozen=True)
class Asking:
    """What a falling lot costs at an instant, and when the next stage begins."""

    stage: int
    price: Money
    falls_at: datetime


def asking_at(terms: LotTerms, at: datetime) -> Asking | None:
    """The running stage, while the price falls; None before, after, and for lots whose price does not fall."""
    plan = terms.falling
    if plan is None or not terms.opens_at <= at < terms.closes_at:
        return None
    stage = (at - terms.opens_at) // plan.step_time
    price = dutch_price(terms.start, plan.step_bps, stage, plan.floor)
    return Asking(stage, price, min(terms.opens_at + (stage + 1) * plan.step_time, terms.closes_at))
