"""Which assets answer which needs, in both directions: candidates from the search index, then weighed one by one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import numpy

from marketplace.core.actor import Actor
from marketplace.listings.cards import Card, cards
from marketplace.listings.index_entry import asset_key
from marketplace.listings.likeness import Likeness, learned, text_of, words_of
from marketplace.listings.listings import Listing
from marketplace.listings.matching import Wanted, any_of, matching
from marketplace.listings.need_scores import Candidate, Match, WantedRight, weigh
from marketplace.listings.needs import Need, open_needs
from marketplace.listings.query import Some, Words
from marketplace.listings.reading import searcher
from marketplace.listings.search import hidden_from
from marketplace.listings.search_index import asset_ids
from marketplace.listings.vocabulary import FIELDS
from marketplace.registry.assets import LegalStatus
from marketplace.registry.ownership import assets_of

MOST_CANDIDATES = 120
MOST_SHOWN = 30
MOST_WORDS = 24
MOST_OWN = 20_000
ALIVE = (LegalStatus.IN_FORCE, LegalStatus.PENDING)


@dataclass(frozen=True)
class Found:
    """An asset weighed for a need."""

    need: Need
    card: Card
    match: Match


def assets_for(actor: Actor, need: Need, now: datetime) -> tuple[list[Found], list[Found]]:
    """For the buyer: the assets that answer its need, and those that nearly do; best first."""
    found = _weighed(need, _candidates(need, actor), now.date(), budget_of=actor)
    others = [each for each in found if not _holds(need.organisation_id, each.card)]
    matched = [each for each in others if each.match.is_match]
    return matched[:MOST_SHOWN], [each for each in others if each.match.is_near][:MOST_SHOWN]


def needs_for(actor: Actor, now: datetime) -> tuple[list[Found], list[Found]]:
    """For a holder: the open needs its own assets answer, and nearly answer; a hidden budget counts for nothing."""
    own = [asset.id for asset in assets_of(actor.organisation_id)] if actor.organisation_id else []
    found: list[Found] = []
    for need in open_needs(now) if own else []:
        if not need.is_of(actor):
            found += _weighed(need, _candidates(need, actor, own), now.date(), budget_of=actor)
    found.sort(key=lambda each: -each.match.score)
    matched = [each for each in found if each.match.is_match]
    return matched[:MOST_SHOWN], [each for each in found if each.match.is_near][:MOST_SHOWN]


def matched_among(need: Need, asset_ids_: Sequence[UUID], now: datetime) -> list[Found]:
    """Which of these assets answer the need, as a holder may know it."""
    found = _weighed(need, _candidates(need, None, asset_ids_), now.date(), budget_of=None)
    return [each for each in found if each.match.is_match]


def _holds(organisation_id: UUID, card: Card) -> bool:
    return organisation_id in card.owner_ids


def _candidates(need: Need, actor: Actor | None, among: Sequence[UUID] | None = None) -> list[UUID]:
    """The assets that share most words and classes with the need, and those alike in text, that the actor may find."""
    sought = [Words(word, 0) for word in _wanted_words(need, learned())[:MOST_WORDS]]
    sought += [Words(symbol, 0, field=FIELDS[name]) for symbol in need.classes for name in ("ipc", "cpc")]
    if not sought:
        return []
    wanted = Wanted((matching(Some(tuple(sought))),), (hidden_from(actor),))
    if among is not None:
        wanted = wanted.narrowed(any_of("key", [asset_key(each) for each in list(among)[:MOST_OWN]]))
    view = searcher()
    addresses = [address for _, address in view.search(wanted.query(), MOST_CANDIDATES, count=False).hits]
    return asset_ids(view, addresses)


def _text(need: Need) -> str:
    return text_of({"": need.title}, {"": need.text})


def _wanted_words(need: Need, likeness: Likeness | None) -> list[str]:
    """The words of the need, those that tell most first."""
    weights = word_weights(need, likeness)
    return sorted(weights, key=lambda word: (-weights[word], word))


def word_weights(need: Need, likeness: Likeness | None) -> dict[str, int]:
    """How much each word of the need tells: as learned from the register, or each the same before it was learned."""
    words = dict.fromkeys(words_of(_text(need)))
    if likeness is None:
        return dict.fromkeys(words, 100)
    usual = max(1, round(100 * float(numpy.median(likeness.weights))))
    places = likeness.places
    return {
        word: max(1, round(100 * float(likeness.weights[places[word]]))) if word in places else usual for word in words
    }


def _weighed(need: Need, found: Iterable[UUID], today: date, budget_of: Actor | None) -> list[Found]:
    likeness = learned()
    wish = need.wish(word_weights(need, likeness))
    if not any(need.budget_for(budget_of)):
        wish = wish.without_budget()
    direction = likeness.vector_of(_text(need)) if likeness else None
    weighed = []
    for card in cards(list(found)):
        text = text_of(card.asset.titles, card.asset.abstracts)
        other = likeness.vector_of(text) if likeness and direction is not None else None
        alike = None if direction is None or other is None else max(0, round(100 * float(direction @ other)))
        weighed.append(Found(need, card, weigh(wish, _candidate(card, text, alike), today)))
    return sorted(weighed, key=lambda each: -each.match.score)


def _candidate(card: Card, text: str, alike: int | None) -> Candidate:
    asset = card.asset
    return Candidate(
        words=frozenset(words_of(text)),
        classes=(*asset.ipc, *asset.cpc),
        office=asset.office,
        kind=asset.kind.value,
        alive=card.status in ALIVE,
        expires_on=asset.expires_on,
        offers=tuple((_right_of(listing), listing.price) for listing in card.listings),
        likeness_percent=alike,
    )


def _right_of(listing: Listing) -> WantedRight:
    if listing.is_sale or listing.exclusivity is None:
        return WantedRight.TRANSFER
    return WantedRight(listing.exclusivity.value)
