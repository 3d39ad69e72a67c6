"""Finding assets: a query, filters and an order in; ranked assets, counts and a cursor out."""

import base64
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from tantivy import Order, Query

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l
from marketplace.listings.facets import FACET_NAMES, aggregations, counted, filter_query
from marketplace.listings.matching import any_of, between, every, excluding, matching
from marketplace.listings.query import Anything, read_query
from marketplace.listings.reading import searcher
from marketplace.listings.search_index import EVERYONE, KNOWN_FROM, aggregate, asset_ids, integers

DEEPEST = 400
"""So many results can be paged through by rank; further on an order by date or price goes to the very end."""


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
        return "s" + base64.urlsafe_b64encode(zlib.compress(packed)).decode().rstrip("=")


def _cursor(after: str | None) -> _Cursor:
    if not after:
        return _Cursor()
    try:
        if after[0] == "o":
            return _Cursor(beyond=int(after[1:20]))
        packed = base64.urlsafe_b64decode(after[1:] + "=" * (-len(after[1:]) % 4))
        reader = zlib.decompressobj()
        keys = reader.decompress(packed, DEEPEST * 7 + 1)
        if after[0] != "s" or len(keys) > DEEPEST * 7 or len(keys) % 7 or not reader.eof:
            raise ValueError(after)
        return _Cursor(seen=tuple(int.from_bytes(keys[at : at + 7]) for at in range(0, len(keys), 7)))
    except (ValueError, zlib.error) as error:
        raise Malformed("after", _l("This is not a cursor.")) from error


@dataclass(frozen=True)
class _Plan:
    """A search as the index runs it."""

    base: Query
    filters: dict[str, Query] = field(default_factory=dict)
    sort: Sort = Sort.RELEVANCE
    grouped: bool = False

    def wanted(self, without: str | None = None) -> Query:
        """The base with every filter, or with every filter but one."""
        return every(self.base, *(query for name, query in self.filters.items() if name != without))


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
    keys, items, total, order_end = _page(view, plan, cursor, limit)
    facets = _facets(view, plan) if with_facets else {}
    following = _following(plan, cursor, keys, order_end, limit, total)
    truncated = following is None and plan.sort is Sort.RELEVANCE and len(cursor.seen) + len(keys) < total
    spent = (time.perf_counter() - started) * 1000
    return SearchPage(items, total, facets, following, round(spent, 2), plan.sort, grouped, truncated)


def _plan(
    query: str, filters: Mapping[str, Sequence[str]], actor: Actor | None, sort: Sort | None, grouped: bool
) -> _Plan:
    condition = read_query(query)
    audience = [EVERYONE] + ([str(actor.organisation_id)] if actor and actor.organisation_id else [])
    base = every(matching(condition), any_of("audience", audience))
    today = now().date()
    chosen = {name: filter_query(name, values, today) for name, values in filters.items() if values}
    default = Sort.NEWEST_LISTED if isinstance(condition, Anything) else Sort.RELEVANCE
    sort = sort or default
    field_name, ascending = _ORDERS.get(sort, (None, False))
    if field_name and ascending:
        base = every(base, between(field_name, KNOWN_FROM, None))
    return _Plan(base, chosen, sort, grouped)


def _page(view: Any, plan: _Plan, cursor: _Cursor, limit: int) -> tuple[list[int], list[Hit], int, int | None]:
    """The keys shown, the hits, how many there are in all, and where the order stands."""
    wanted = plan.wanted()
    field_name, ascending = _ORDERS.get(plan.sort, (None, False))
    key_name = "family" if plan.grouped else "key"
    narrowed = wanted
    if cursor.seen:
        narrowed = excluding(wanted, any_of(key_name, list(cursor.seen)))
    elif cursor.beyond is not None and field_name:
        narrowed = every(wanted, _beyond(field_name, cursor.beyond, ascending))
    options: dict[str, Any] = {}
    if field_name:
        options = {"order_by_field": field_name, "order": Order.Asc if ascending else Order.Desc}
    first = cursor == _Cursor()
    found = view.search(narrowed, limit * 5 if plan.grouped else limit, count=True, **options)
    total = _total(view, plan, wanted, found.count if first else None)
    addresses = [address for _, address in found.hits]
    keys = integers(view, key_name, addresses)
    chosen = _firsts(keys, limit) if plan.grouped else list(range(len(keys)))
    shown = [addresses[at] for at in chosen]
    scores = [0.0 if field_name else float(found.hits[at][0]) for at in chosen]
    hits = [Hit(asset_id, round(score, 4)) for asset_id, score in zip(asset_ids(view, shown), scores, strict=True)]
    end = integers(view, field_name, shown[-1:])[0] if field_name and shown else None
    return [keys[at] for at in chosen], hits, total, end


def _beyond(name: str, last: int, ascending: bool) -> Query:
    return between(name, last + 1, None) if ascending else between(name, None, last - 1)


def _firsts(keys: list[int], limit: int) -> list[int]:
    """The places where a family appears first, at most so many."""
    first: dict[int, int] = {}
    for at, key in enumerate(keys):
        first.setdefault(key, at)
    return list(first.values())[:limit]


def _total(view: Any, plan: _Plan, wanted: Query, counted_already: int | None) -> int:
    if plan.grouped:
        return int(round(view.cardinality(wanted, "family")))
    return counted_already if counted_already is not None else int(view.search(wanted, 1, count=True).count)


def _following(plan: _Plan, cursor: _Cursor, keys: list[int], end: int | None, limit: int, total: int) -> str | None:
    if not keys or len(keys) < limit:
        return None
    if plan.sort is not Sort.RELEVANCE and not plan.grouped:
        return _Cursor(beyond=end).written()
    seen = (*cursor.seen, *keys)
    more = len(seen) < total or plan.grouped
    return _Cursor(seen=seen).written() if more and len(seen) + limit <= DEEPEST else None


def _facets(view: Any, plan: _Plan) -> dict[str, dict[str, int]]:
    """Counts per facet value; a facet already chosen is counted as if it were not, so that one can widen again."""
    today = now().date()
    open_ones = [name for name in FACET_NAMES if name not in plan.filters]
    found = counted(aggregate(view, plan.wanted(), aggregations(open_ones, today)), open_ones, today)
    for name in FACET_NAMES:
        if name in plan.filters:
            found |= counted(aggregate(view, plan.wanted(without=name), aggregations([name], today)), [name], today)
    return {name: found[name] for name in FACET_NAMES}


def matching_asset_ids(
    query: str, filters: Mapping[str, Sequence[str]], actor: Actor | None, most: int, sort: Sort | None = None
) -> list[UUID]:
    """Up to so many matching assets at once, for exports and alerts."""
    plan = _plan(query, filters, actor, sort, False)
    view = searcher()
    field_name, ascending = _ORDERS.get(plan.sort, (None, False))
    options: dict[str, Any] = {}
    if field_name:
        options = {"order_by_field": field_name, "order": Order.Asc if ascending else Order.Desc}
    found = view.search(plan.wanted(), most, count=False, **options)
    return asset_ids(view, [address for _, address in found.hits])
