"""In what assets that stand side by side differ, and what they share."""

from collections.abc import Callable, Sequence
from typing import Any

from marketplace.listings.cards import Card
from marketplace.listings.text import class_branches

FACTS: dict[str, Callable[[Card], Any]] = {
    "kind": lambda card: card.asset.kind,
    "office": lambda card: card.asset.office,
    "status": lambda card: card.status,
    "owners": lambda card: sorted(card.owners),
    "inventors": lambda card: sorted(card.asset.inventors or ()),
    "filed": lambda card: card.asset.application_date,
    "granted": lambda card: card.asset.grant_date,
    "ends": lambda card: card.asset.expires_on,
    "years_left": lambda card: card.years_left,
    "ipc": lambda card: sorted(card.asset.ipc or ()),
    "claims": lambda card: card.asset.claims_count,
    "family": lambda card: card.asset.family_size,
    "cited": lambda card: card.asset.cited_by_count,
    "pledged": lambda card: card.pledged,
    "offers": lambda card: sorted((offer.mode.value, str(offer.price)) for offer in card.listings),
    "abstract": lambda card: sorted((card.asset.abstracts or {}).items()),
}
"""Every fact of the comparison, as it is compared."""


def differing(cards: Sequence[Card]) -> set[str]:
    """The facts that are not the same for all."""
    return {name for name, fact in FACTS.items() if any(fact(card) != fact(cards[0]) for card in cards[1:])}


def shared_classes(cards: Sequence[Card]) -> list[str]:
    """The narrowest classes in which all of them stand, from subclasses down."""
    branches = [{branch for symbol in card.asset.ipc or () for branch in class_branches(symbol)} for card in cards]
    common = {branch for branch in set.intersection(*branches) if len(branch) > 3} if branches else set()
    return sorted(
        branch.upper() for branch in common if not any(other != branch and other.startswith(branch) for other in common)
    )
