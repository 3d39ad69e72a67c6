"""Finding assets: a query, filters and an order in; ranked assets, counts and a cursor out."""

import base64
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from tantivy import Occur, Order, Query

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l
from marketplace.listings.facets import FACET_NAMES, aggregations, counted, filter_query
from marketplace.listings.index_entry import KNOWN_FROM, asset_key
from marketplace.listings.matching import Wanted, any_of, between, some, wanted_by
from marketplace.listings.numbers import asset_ids_by_number
from marketplace.listings.query import Anything, Condition, Words, read_query
from marketplace.listings.reading import searcher
from marketplace.listings.search_index import SCHEMA, aggregate, asset_ids, integers
from marketplace.listings.vocabulary import Shape

MOST_GROUPED = 8_000
"""Up to so many hits are taken apart into families one by one; beyond, the number of families is an estimate."""
DEEPEST = 400
"""So many results can be paged through by rank; further on an order by date or price goes to the very end."""
SCORE_OF_NUMBER = 1_000.0
"""An asset whose number was typed stands above what only shares words with it."""


class Sort(StrEnum):
    """In which order results are shown."""

    RELEVANCE = "relevance"
    NEWEST_LISTED = "newest_listed"
    NEWEST_FILED = "newest_filed"
    EXPIRING = "expiring"
    CHEAPEST = "cheapest"
    DEAREST = "dearest"


_ORDERS: dict[Sort, tuple[str, bool]] = {
    Sort.NEWEST_LISTED: ("listed_order", False),
    Sort.NEWEST_FILED: ("filed_order", False),
    Sort.EXPIRING: ("expires_order", True),
    Sort.CHEAPEST: ("price_order", True),
    Sort.DEAREST: ("price_order", False),
}


_counters = ThreadPoolExecutor(4, "facets")
"""Facets are counted beside the ranking: the engine lets other threads run while it works."""


@dataclass(frozen=True)
class Hit:
    """One asset found, with its rank score (0 when another order was asked for)."""

    asset_id: UUID
    score: float


@dataclass(frozen=True)
class SearchPage:
    """One page of results with everything needed to refine the search."""

    items: list[Hit]
    total: int
    facets: dict[str, dict[str, int]]
    next: str | None
    milliseconds: float
    sort: Sort
    grouped: bool = False
    truncated: bool = False
    estimated: bool = False


@dataclass(frozen=True)
class _Cursor:
    """What was already shown (ranked) or where the order goes on."""

    seen: tuple[int, ...] = ()
    beyond: int | None = None

    def written(self) -> str:
        """The cursor as the caller keeps it."""
        if self.beyond is not None:
            return f"o{self.beyond}"
        packed = b"".join(key.to_bytes(7) for key in self.seen)
        return "s" + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _cursor(after: str | None) -> _Cursor:
    if not after:
        return _Cursor()
    try:
        if after[0] == "o":
            return _Cursor(beyond=int(after[1:20]))
        keys = base64.b64decode(after[1:] + "=" * (-len(after[1:]) % 4), b"-_", validate=True)
        if after[0] != "s" or len(keys) > DEEPEST * 7 or len(keys) % 7:
            raise ValueError(after)
        return _Cursor(seen=tuple(int.from_bytes(keys[at : at + 7]) for at in range(0, len(keys), 7)))
    except ValueError as error:
        raise Malformed("after", _l("This is not a cursor.")) from error


@dataclass(frozen=True)
class _Plan:
    """A search as the index runs it."""

    base: Wanted
    filters: dict[str, Query] = field(default_factory=dict)
    sort: Sort = Sort.RELEVANCE
    grouped: bool = False

    def wanted(self, without: str | None = None) -> Wanted:
        """The base with every filter, or with every filter but one."""
        return self.base.narrowed(*(query for name, query in self.filters.items() if name != without))


def search_assets(
    query: str,
    filters: Mapping[str, Sequence[str]],
    actor: Actor | None,
    limit: int = 20,
    after: str | None = None,
    sort: Sort | None = None,
    grouped: bool = False,
    with_facets: bool = True,
) -> SearchPage:
    """The assets this visitor may see that match, best first; a cursor leads on without repeating or skipping."""
    started = time.perf_counter()
    cursor = _cursor(after)
    plan = _plan(query, filters, actor, sort, grouped)
    view = searcher()
    counting = _counters.submit(_facets, view, plan) if with_facets else None
    shown = _shown(view, plan, cursor, limit)
    total, estimated = _total(view, plan, shown.counted)
    following = _following(plan, cursor, shown, limit, total)
    truncated = following is None and plan.sort is Sort.RELEVANCE and len(cursor.seen) + len(shown.keys) < total
    facets = counting.result() if counting else {}
    spent = round((time.perf_counter() - started) * 1000, 2)
    return SearchPage(shown.items, total, facets, following, spent, plan.sort, grouped, truncated, estimated)


def _plan(
    query: str, filters: Mapping[str, Sequence[str]], actor: Actor | None, sort: Sort | None, grouped: bool
) -> _Plan:
    condition = read_query(query)
    base = _or_numbered(condition, query).narrowed(nots=(hidden_from(actor),))
    today = now().date()
    chosen = {name: filter_query(name, values, today) for name, values in filters.items() if values}
    default = Sort.NEWEST_LISTED if isinstance(condition, Anything) else Sort.RELEVANCE
    sort = sort or default
    field_name, ascending = _ORDERS.get(sort, (None, False))
    if field_name and ascending:
        base = base.narrowed(between(field_name, KNOWN_FROM, None))
    return _Plan(base, chosen, sort, grouped)


def _or_numbered(condition: Condition, typed: str) -> Wanted:
    """What is wanted, and above all else the assets whose number was typed, in whichever office's way of writing."""
    wanted = wanted_by(condition)
    if isinstance(condition, Words) and condition.field and condition.field.shape is Shape.NUMBER:
        typed = condition.text
    numbered = asset_ids_by_number(typed)
    if not numbered:
        return wanted
    keys = any_of("key", [asset_key(asset_id) for asset_id in numbered])
    return Wanted((some(Query.const_score_query(keys, SCORE_OF_NUMBER), wanted.query()),))


def hidden_from(actor: Actor | None) -> Query:
    """What has an audience of its own to which this visitor's organisation does not belong."""
    restricted = Query.term_query(SCHEMA, "restricted", "yes", "basic")
    if actor is None or actor.organisation_id is None:
        return restricted
    mine = Query.term_query(SCHEMA, "audience", str(actor.organisation_id), "basic")
    return Query.boolean_query([(Occur.Must, restricted), (Occur.MustNot, mine)])


def _options(sort: Sort) -> dict[str, Any]:
    name, ascending = _ORDERS.get(sort, (None, False))
    return {"order_by_field": name, "order": Order.Asc if ascending else Order.Desc} if name else {}


@dataclass(frozen=True)
class _Shown:
    """The hits of one page with their keys, the number of all hits if it was counted, and where the order stands."""

    keys: list[int]
    items: list[Hit]
    counted: int | None
    order_end: int | None


def _shown(view: Any, plan: _Plan, cursor: _Cursor, limit: int) -> _Shown:
    """The best hits that were not shown before."""
    field_name = _ORDERS.get(plan.sort, (None, False))[0]
    wanted = _not_yet_shown(plan, cursor)
    found, keys, chosen = _enough(view, plan, wanted.query(), limit)
    addresses = [found.hits[at][1] for at in chosen]
    scores = [0.0 if field_name else float(found.hits[at][0]) for at in chosen]
    hits = [Hit(asset_id, round(score, 4)) for asset_id, score in zip(asset_ids(view, addresses), scores, strict=True)]
    end = integers(view, field_name, addresses[-1:])[0] if field_name and addresses else None
    return _Shown([keys[at] for at in chosen], hits, None if cursor != _Cursor() else found.count, end)


def _not_yet_shown(plan: _Plan, cursor: _Cursor) -> Wanted:
    name, ascending = _ORDERS.get(plan.sort, (None, False))
    if cursor.seen:
        return plan.wanted().narrowed(nots=(any_of("family" if plan.grouped else "key", list(cursor.seen)),))
    if cursor.beyond is not None and name:
        bounds = (cursor.beyond + 1, None) if ascending else (None, cursor.beyond - 1)
        return plan.wanted().narrowed(between(name, *bounds))
    return plan.wanted()


def _enough(view: Any, plan: _Plan, query: Query, limit: int) -> tuple[Any, list[int], list[int]]:
    """The hits, their keys and which of them are shown: when grouped, the first of each family until a page is full."""
    most = limit * 4 if plan.grouped else limit
    while True:
        found = view.search(query, most, count=True, **_options(plan.sort))
        keys = integers(view, "family" if plan.grouped else "key", [address for _, address in found.hits])
        if not plan.grouped:
            return found, keys, list(range(len(keys)))
        chosen = _firsts(keys, limit)
        if len(chosen) == limit or len(keys) < most or most >= MOST_GROUPED:
            return found, keys, chosen
        most *= 8


def _firsts(keys: list[int], limit: int) -> list[int]:
    """The places where a family appears first, at most so many."""
    first: dict[int, int] = {}
    for at, key in enumerate(keys):
        first.setdefault(key, at)
    return list(first.values())[:limit]


def _total(view: Any, plan: _Plan, hits: int | None) -> tuple[int, bool]:
    """How many assets or families there are, and whether that is an estimate: very many families are estimated."""
    query = plan.wanted().query()
    if hits is None or plan.grouped:
        hits = int(view.search(query, 1, count=True).count)
    if not plan.grouped:
        return hits, False
    if hits > MOST_GROUPED:
        return round(view.cardinality(query, "family")), True
    addresses = [address for _, address in view.search(query, max(hits, 1), count=False).hits]
    return len(set(integers(view, "family", addresses))), False


def _following(plan: _Plan, cursor: _Cursor, shown: _Shown, limit: int, total: int) -> str | None:
    if not shown.keys or len(shown.keys) < limit:
        return None
    if plan.sort is not Sort.RELEVANCE and not plan.grouped:
        return _Cursor(beyond=shown.order_end).written()
    seen = (*cursor.seen, *shown.keys)
    more = len(seen) < total or plan.grouped
    return _Cursor(seen=seen).written() if more and len(seen) + limit <= DEEPEST else None


def _facets(view: Any, plan: _Plan) -> dict[str, dict[str, int]]:
    """Counts per facet value; a facet already chosen is counted as if it were not, so that one can widen again."""
    open_ones = [name for name in FACET_NAMES if name not in plan.filters]
    found = counted(aggregate(view, plan.wanted().query(), aggregations(open_ones)), open_ones)
    for name in FACET_NAMES:
        if name in plan.filters:
            query = plan.wanted(without=name).query()
            found |= counted(aggregate(view, query, aggregations([name])), [name])
    return {name: found[name] for name in FACET_NAMES}


def matching_asset_ids(
    query: str, filters: Mapping[str, Sequence[str]], actor: Actor | None, most: int, sort: Sort | None = None
) -> list[UUID]:
    """Up to so many matching assets at once, for exports and alerts."""
    plan = _plan(query, filters, actor, sort, False)
    view = searcher()
    found = view.search(plan.wanted().query(), most, count=False, **_options(plan.sort))
    return asset_ids(view, [address for _, address in found.hits])
