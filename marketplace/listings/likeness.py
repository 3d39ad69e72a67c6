"""Which assets are about the same thing: their texts as directions learned from the register, and why two are alike."""

import json
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy
from flask import current_app
from numpy.typing import NDArray

from marketplace.core.actor import Actor
from marketplace.listings.cards import Card, cards
from marketplace.listings.index_entry import asset_key, joined_id
from marketplace.listings.matching import Wanted, any_of
from marketplace.listings.reading import searcher
from marketplace.listings.search import hidden_from
from marketplace.listings.search_index import asset_ids
from marketplace.listings.text import class_branches, fold, is_han, pieces, singular
from marketplace.registry.assets import Asset, find_asset
from marketplace.settings import Settings

CANDIDATES = 60
MOST_WORDS = 5
LEAST_LIKENESS = 0.2
"""Below this the texts only share common words."""

Numbers = NDArray[numpy.float32]


@dataclass(frozen=True)
class Likeness:
    """What was learned: the weight and direction of each word, the direction of each asset."""

    trained_at: str
    places: dict[str, int]
    weights: Numbers
    directions: Numbers
    assets: NDArray[numpy.int64]
    vectors: Numbers

    def vector_of(self, text: str) -> Numbers | None:
        """The direction of a text; none when no word of it was learned."""
        weighted = self.weighted(text)
        if not weighted:
            return None
        rows, values = numpy.array(list(weighted)), numpy.array(list(weighted.values()), dtype=numpy.float32)
        vector: Numbers = values @ self.directions[rows]
        length = float(numpy.linalg.norm(vector))
        return vector / length if length else None

    def weighted(self, text: str) -> dict[int, float]:
        """The learned words of a text with their weights, by place."""
        counts = Counter(self.places[word] for word in words_of(text) if word in self.places)
        return {place: (1 + float(numpy.log(count))) * float(self.weights[place]) for place, count in counts.items()}

    def nearest(self, vector: Numbers, most: int) -> list[tuple[UUID, float]]:
        """The assets in the most similar direction, best first."""
        likeness = self.vectors @ vector
        best = numpy.argsort(-likeness)[:most] if len(likeness) <= most else _largest(likeness, most)
        return [(joined_id(*map(int, self.assets[at])), float(likeness[at])) for at in best]

    def shared_words(self, one: str, other: str) -> list[str]:
        """The words that weigh most in both texts."""
        first, second = self.weighted(one), self.weighted(other)
        common = sorted(first.keys() & second.keys(), key=lambda place: (-first[place] * second[place], place))
        wanted = set(common[:MOST_WORDS])
        names = {place: word for word, place in self.places.items() if place in wanted}
        return [names[place] for place in common[:MOST_WORDS]]


def _largest(numbers: Numbers, most: int) -> NDArray[numpy.int64]:
    some = numpy.argpartition(-numbers, most)[:most]
    return some[numpy.argsort(-numbers[some])]


def words_of(text: str) -> list[str]:
    """The words of a text: Chinese cut into words of two and more characters, Latin words of three and more letters."""
    import rjieba  # its dictionary takes thirty megabytes: loaded where words are cut

    found: list[str] = []
    for piece in pieces(fold(text)):
        if is_han(piece):
            found.extend(word for word in rjieba.cut(piece) if len(word) > 1)
        elif len(piece) > 2 and not piece.isdigit():
            found.append(singular(piece))
    return found


def text_of(titles: dict[str, str] | None, abstracts: dict[str, str] | None) -> str:
    """What an asset is about; its title counts twice."""
    title = "\n".join((titles or {}).values())
    return "\n".join([title, title, *(abstracts or {}).values()])


def folder() -> Path:
    """Where what was learned lies on this machine."""
    settings: Settings = current_app.extensions["settings"]
    return settings.home / "likeness"


_reading = threading.Lock()


def learned() -> Likeness | None:
    """What was learned last, read once a process; nothing when nobody has trained yet."""
    try:
        note = json.loads((folder() / "current.json").read_text())
    except (OSError, ValueError):
        return None
    with _reading:
        return _read(folder() / note["generation"], note["trained_at"])


@lru_cache(maxsize=2)
def _read(place: Path, trained_at: str) -> Likeness:
    def array(name: str) -> Any:
        return numpy.load(place / f"{name}.npy", mmap_mode="r", allow_pickle=False)

    words: list[str] = json.loads((place / "words.json").read_text())
    places = {word: at for at, word in enumerate(words)}
    return Likeness(trained_at, places, array("weights"), array("directions"), array("assets"), array("vectors"))


@dataclass(frozen=True)
class SimilarAsset:
    """An asset about the same thing, how alike it is between 0 and 1, and why: shared words and shared classes."""

    card: Card
    likeness: float
    words: list[str]
    classes: list[str]


def similar_assets(actor: Actor | None, asset_id: UUID, limit: int = 6) -> list[SimilarAsset]:
    """The assets most alike that this visitor may see; the asset's own family is left out."""
    asset, likeness = find_asset(asset_id), learned()
    if likeness is None:
        return []
    text = text_of(asset.titles, asset.abstracts)
    vector = likeness.vector_of(text)
    if vector is None:
        return []
    near = {found: score for found, score in likeness.nearest(vector, CANDIDATES) if score >= LEAST_LIKENESS}
    seen = _visible(actor, [found for found in near if found != asset.id])
    others = [card for card in cards(seen) if not asset.family_id or card.asset.family_id != asset.family_id]
    return [_explained(likeness, asset, text, card, near[card.asset.id]) for card in others[:limit]]


def _explained(likeness: Likeness, asset: Asset, text: str, card: Card, score: float) -> SimilarAsset:
    words = likeness.shared_words(text, text_of(card.asset.titles, card.asset.abstracts))
    return SimilarAsset(card, round(min(score, 1.0), 3), words, _shared_classes(asset, card.asset))


def _shared_classes(one: Asset, other: Asset) -> list[str]:
    """The narrowest class symbols both carry: groups if there are any, else subclasses."""
    first, second = (
        {branch for symbol in (*each.ipc, *each.cpc) for branch in class_branches(symbol)} for each in (one, other)
    )
    common = {branch for branch in first & second if len(branch) >= 4}
    narrowest = [
        branch for branch in common if not any(longer != branch and longer.startswith(branch) for longer in common)
    ]
    return sorted(branch.upper() for branch in narrowest)[:MOST_WORDS]


def _visible(actor: Actor | None, found: Sequence[UUID]) -> list[UUID]:
    """Those of the assets that this visitor may find, in their order."""
    if not found:
        return []
    view = searcher()
    wanted = Wanted((any_of("key", [asset_key(each) for each in found]),), (hidden_from(actor),))
    addresses = [address for _, address in view.search(wanted.query(), len(found), count=False).hits]
    visible = set(asset_ids(view, addresses))
    return [each for each in found if each in visible]


def similar_answer(actor: Actor | None, asset_id: UUID) -> dict[str, Any]:
    """The similar assets as the API gives them."""
    found, likeness = similar_assets(actor, asset_id), learned()
    items = [
        {
            "asset_id": each.card.asset.id,
            "label": each.card.asset.label,
            "title": each.card.asset.titles,
            "likeness": each.likeness,
            "words": each.words,
            "classes": each.classes,
        }
        for each in found
    ]
    return {"items": items, "trained_at": likeness.trained_at if likeness else None}
