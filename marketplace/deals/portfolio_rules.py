"""The rules of a portfolio lot: bids for the whole or for parts, and the combination that wins (pure decisions).

Every standing bid counts by itself: a bidder may win several. Of all ways to give each part to one bid at most, the
one with the greatest total wins. At equal totals the bid for the whole goes first; otherwise the combination that was
complete earlier, then the one whose next-to-last bid came earlier, and so on.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from marketplace.core.money import Money, split_by_shares

if TYPE_CHECKING:
    from marketplace.deals.auction_rules import LotTerms

MOST_PARTS = 10
"""So many parts can be weighed in every combination at once."""


@dataclass(frozen=True)
class Part:
    """What is never split: one asset, or assets that must move together, with what it starts at."""

    start: Money
    assets: tuple[str, ...]


@dataclass(frozen=True)
class PackageBid:
    """One accepted bid for a set of parts; ``place`` is its number in the lot's log."""

    bidder: str
    parts: frozenset[int]
    amount: Money
    place: int

    @property
    def numbers(self) -> list[int]:
        """The parts in their order."""
        return sorted(self.parts)


def part_faults(parts: Sequence[Part], start: Money) -> list[str]:
    """Why a lot cannot be sold in these parts."""
    found = []
    if not 2 <= len(parts) <= MOST_PARTS or not all(part.assets for part in parts):
        found.append("two_to_ten_parts")
    if any(part.start.currency != start.currency for part in parts):
        return [*found, "one_currency"]
    if any(part.start.amount_minor <= 0 for part in parts):
        found.append("amounts_must_be_positive")
    if sum(part.start.amount_minor for part in parts) != start.amount_minor:
        found.append("parts_add_up_to_the_start")
    return found


def grouped(assets: Sequence[str], ties: Iterable[tuple[str, str]]) -> list[tuple[str, ...]]:
    """The parts of a lot: assets that must move together, directly or through one another, in one part."""
    group = {asset: index for index, asset in enumerate(assets)}
    for one, other in ties:
        kept, gone = sorted((group[one], group[other]))
        group = {asset: kept if number == gone else number for asset, number in group.items()}
    return [tuple(asset for asset in assets if group[asset] == number) for number in sorted(set(group.values()))]


def standing_bids(bids: Iterable[PackageBid]) -> dict[frozenset[int], PackageBid]:
    """The highest bid for each set of parts, the earlier of two equal ones: no other of that set can win."""
    standing: dict[frozenset[int], PackageBid] = {}
    for bid in bids:
        before = standing.get(bid.parts)
        if before is None or (bid.amount.amount_minor, -bid.place) > (before.amount.amount_minor, -before.place):
            standing[bid.parts] = bid
    return standing


def best_combination(bids: Iterable[PackageBid], parts: int) -> tuple[PackageBid, ...]:
    """The bids that win together, in the order of their parts; empty when nobody has bid."""
    standing = standing_bids(bids)
    every = frozenset(range(1, parts + 1))
    whole = standing.pop(every, None)
    chosen = _totals(standing.values(), parts)[-1][2]
    if whole is not None and whole.amount.amount_minor >= sum(bid.amount.amount_minor for bid in chosen):
        chosen = (whole,)
    return tuple(sorted(chosen, key=lambda bid: min(bid.parts)))


Total = tuple[int, int, tuple[PackageBid, ...]]


def _totals(bids: Iterable[PackageBid], parts: int) -> list[Total]:
    """For every set of parts (as bits) the greatest total, the age of its combination (later bids weigh more than all
    earlier ones together, so that adding up compares the latest first), and the bids.
    """
    starting_at: dict[int, list[tuple[int, int, PackageBid]]] = {}
    for rank, bid in enumerate(sorted(bids, key=lambda one: one.place)):
        mask = _mask(bid.parts)
        starting_at.setdefault(mask & -mask, []).append((mask, 1 << rank, bid))
    best: list[Total] = [(0, 0, ())]
    for available in range(1, 1 << parts):
        lowest = available & -available
        found = best[available ^ lowest]
        for mask, age, bid in starting_at.get(lowest, ()):
            if mask & available == mask:
                total, others, chosen = best[available ^ mask]
                candidate = (total + bid.amount.amount_minor, others - age, (*chosen, bid))
                found = max(found, candidate, key=lambda one: one[:2])
        best.append(found)
    return best


def total_of(bids: Sequence[PackageBid], currency: str) -> Money:
    """What a combination brings."""
    return Money(sum(bid.amount.amount_minor for bid in bids), currency)


def minimum_for(terms: "LotTerms", bids: Iterable[PackageBid], wanted: frozenset[int]) -> Money:
    """The smallest bid for this set: what its parts start at, or a step above the standing bid for the same set."""
    standing = standing_bids(bids).get(wanted)
    if standing is not None:
        return standing.amount + terms.step_above(standing.amount)
    return Money(sum(terms.parts[number - 1].start.amount_minor for number in wanted), terms.start.currency)


def amounts_to_lead(
    terms: "LotTerms", bids: Sequence[PackageBid], wished: Iterable[frozenset[int]]
) -> dict[frozenset[int], Money]:
    """For each set the smallest bid that would win if bidding ended with it; never below the set's minimum."""
    parts, currency = len(terms.parts), terms.start.currency
    every = frozenset(range(1, parts + 1))
    standing = standing_bids(bids)
    whole = standing.pop(every, None)
    table = _totals(standing.values(), parts)
    now = max(table[-1][0], whole.amount.amount_minor if whole else 0)
    found = {}
    for wanted in wished:
        beside = table[len(table) - 1 - _mask(wanted)][0]
        tie = 0 if wanted == every else 1
        found[wanted] = max(minimum_for(terms, bids, wanted), Money(now - beside + tie, currency))
    return found


def _mask(parts: Iterable[int]) -> int:
    return sum(1 << (part - 1) for part in parts)


def shares_of(amount: Money, starts: Mapping[str, Money]) -> dict[str, Money]:
    """An amount for several assets divided in proportion to what they start at; the first bears the residue."""
    weights = {asset: start.amount_minor for asset, start in starts.items()}
    return split_by_shares(amount, weights, residue_to=next(iter(weights)))


def package_text(parts: Iterable[int]) -> str:
    """A set of parts as the log writes it."""
    return ",".join(str(part) for part in sorted(parts))


def read_package(text: str) -> frozenset[int]:
    """A set of parts out of the log."""
    return frozenset(int(number) for number in text.split(","))
