"""What to try where nothing was found: each suggestion is a search that does find something."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Any

from tantivy import Query

from marketplace.core.actor import Actor
from marketplace.core.errors import Malformed
from marketplace.listings.cards import cards
from marketplace.listings.matching import LONGEST_UNSPLIT, Wanted
from marketplace.listings.query import Condition, Every, Near, Some, Words, read_query
from marketplace.listings.reading import searcher
from marketplace.listings.search import hidden_from, search_assets
from marketplace.listings.search_index import SCHEMA, asset_ids
from marketplace.listings.text import fold, is_han, pieces, singular
from marketplace.listings.written import written

MOST = 5
"""So many suggestions are shown."""
MOST_TRIED = 12
SHORTEST_MISSPELT = 4


class Change(StrEnum):
    """What a suggestion changes in the search."""

    SPELLING = "spelling"
    ANYWHERE = "anywhere"
    LOOSER = "looser"
    WITHOUT_WORD = "without_word"
    ANY_WORD = "any_word"
    WITHOUT_FILTER = "without_filter"


@dataclass(frozen=True)
class Suggestion:
    """A changed search and how many assets it finds; the subject is the word or filter that was changed."""

    change: Change
    subject: str
    query: str
    filters: dict[str, list[str]]
    total: int


def suggestions(query: str, filters: Mapping[str, Sequence[str]], actor: Actor | None) -> list[Suggestion]:
    """Searches near this one that find something this visitor may see, the smallest change first."""
    found: list[Suggestion] = []
    kept = {name: list(values) for name, values in filters.items()}
    for tried, (change, subject, text, chosen) in enumerate(_ideas(query, kept, actor)):
        if len(found) == MOST or tried == MOST_TRIED:
            break
        total = _total(text, chosen, actor)
        if total and all(text != known.query or chosen != known.filters for known in found):
            found.append(Suggestion(change, subject, text, chosen, total))
    return found


_Idea = tuple[Change, str, str, dict[str, list[str]]]


def _ideas(query: str, filters: dict[str, list[str]], actor: Actor | None) -> Iterator[_Idea]:
    condition = read_query(query)
    view = searcher()
    respelt = _changed(condition, partial(_respelt, view, actor))
    if respelt != condition:
        yield Change.SPELLING, written(respelt), written(respelt), filters
    for name in filters:
        yield Change.WITHOUT_FILTER, name, query, {key: values for key, values in filters.items() if key != name}
    anywhere = _changed(condition, _anywhere)
    if anywhere != condition:
        yield Change.ANYWHERE, "", written(anywhere), filters
    looser = _changed(condition, _looser)
    if looser != condition:
        yield Change.LOOSER, "", written(looser), filters
    if isinstance(condition, Every):
        for part in condition.parts:
            rest = tuple(other for other in condition.parts if other is not part)
            yield Change.WITHOUT_WORD, written(part), written(rest[0] if len(rest) == 1 else Every(rest)), filters
    words = _separate_words(condition)
    if len(words) > 1:
        yield Change.ANY_WORD, "", " OR ".join(words), filters


def _total(query: str, filters: dict[str, list[str]], actor: Actor | None) -> int:
    try:
        return search_assets(query, filters, actor, limit=1, with_facets=False).total
    except Malformed:
        return 0


def _changed(condition: Condition, change: Any) -> Condition:
    """The condition with a change made to each of its parts that are no combinations."""
    if isinstance(condition, Every | Some):
        return type(condition)(tuple(_changed(part, change) for part in condition.parts))
    changed: Condition = change(condition)
    return changed


def _anywhere(condition: Condition) -> Condition:
    return replace(condition, field=None) if isinstance(condition, Words) and condition.field else condition


def _looser(condition: Condition) -> Condition:
    if isinstance(condition, Near):
        return Every((replace(condition.left, phrase=False), replace(condition.right, phrase=False)))
    if isinstance(condition, Words) and condition.phrase and len(pieces(condition.text)) > 1:
        return Every(tuple(replace(condition, text=piece, phrase=False) for piece in pieces(condition.text)))
    return condition


def _separate_words(condition: Condition) -> list[str]:
    """The plain words of a query, long Chinese runs taken apart."""
    import rjieba  # its dictionary takes thirty megabytes: loaded where words are cut

    parts = condition.parts if isinstance(condition, Every) else (condition,)
    found: list[str] = []
    for part in parts:
        if isinstance(part, Words) and part.field is None and not part.prefix:
            for piece in pieces(part.text):
                long = is_han(fold(piece)) and len(piece) > LONGEST_UNSPLIT
                found += [word for word in rjieba.cut(piece) if len(word) > 1] if long else [piece]
    return list(dict.fromkeys(found))


def _respelt(view: Any, actor: Actor | None, condition: Condition) -> Condition:
    """A Latin word nobody uses becomes the nearest one that somebody does."""
    if not isinstance(condition, Words) or condition.prefix or condition.phrase or condition.field is not None:
        return condition
    found = pieces(fold(condition.text))
    if len(found) != 1 or is_han(found[0]) or not found[0].isalpha() or len(found[0]) < SHORTEST_MISSPELT:
        return condition
    word = singular(found[0])
    if view.search(Query.term_query(SCHEMA, "everything", word, "basic"), 1, count=False).hits:
        return condition
    nearest = _nearest(view, actor, word)
    return replace(condition, text=nearest) if nearest else condition


def _nearest(view: Any, actor: Actor | None, word: str) -> str | None:
    from rapidfuzz.distance import DamerauLevenshtein

    for distance in (1, 2) if len(word) > 7 else (1,):
        near = Wanted((Query.fuzzy_term_query(SCHEMA, "title", word, distance),), (hidden_from(actor),)).query()
        hits = view.search(near, 10, count=False).hits
        titles = [
            text for card in cards(asset_ids(view, [at for _, at in hits])) for text in card.asset.titles.values()
        ]
        words = {singular(piece) for title in titles for piece in pieces(fold(title)) if not is_han(piece)}
        closest = sorted((DamerauLevenshtein.distance(word, other), other) for other in words)
        if closest and closest[0][0] <= distance:
            return closest[0][1]
    return None
