"""The sides from which results are narrowed, with counts: chosen values include, a leading minus excludes."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from tantivy import Occur, Query

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l
from marketplace.listings.matching import any_of, between, silently, some
from marketplace.listings.search_index import FACETS
from marketplace.listings.text import class_symbol, fold
from marketplace.listings.vocabulary import Shape, day_number, field_named

FACET_NAMES = ("kind", "status", "office", "section", "mode", "licence", "price", "life", "pledged", "financing")
"""Facets in the order in which they are shown."""

PRICE_STEPS = {"0..100000": (0, 100_000), "100000..1000000": (100_000, 1_000_000),
               "1000000..10000000": (1_000_000, 10_000_000), "10000000..": (10_000_000, None)}  # fmt: skip
"""Asking price in yuan; the upper bound is not included."""

LIFE_STEPS: dict[str, tuple[int, int | None]] = {"0..3": (0, 3), "3..8": (3, 8), "8..15": (8, 15), "15..": (15, None)}
"""Years until the right ends; the upper bound is not included."""

MOST_VALUES = 20


class UnknownFilter(Malformed):
    """A filter or one of its values is not known."""

    status = 400


def _years_on(today: date, years: int) -> int:
    return day_number(date(today.year + years, today.month, min(today.day, 28)))


def _steps(name: str, today: date) -> dict[str, tuple[int, int | None]]:
    """The stored bounds of each step: low included, high excluded."""
    if name == "price":
        return {step: (low * 100, None if high is None else high * 100) for step, (low, high) in PRICE_STEPS.items()}
    return {
        step: (_years_on(today, low), None if high is None else _years_on(today, high))
        for step, (low, high) in LIFE_STEPS.items()
    }


_STEPPED = {"price": "price", "life": "expires"}


def filter_query(name: str, values: Sequence[str], today: date) -> Query:
    """Any of the included values and none of the excluded ones."""
    if len(values) > MOST_VALUES:
        raise UnknownFilter(name, _l("Too many values for one filter."))
    included = [_one(name, value, today) for value in values if not value.startswith("-")]
    excluded = [_one(name, value[1:], today) for value in values if value.startswith("-")]
    parts = [(Occur.Must, some(*included) if included else Query.all_query())]
    return silently(Query.boolean_query(parts + [(Occur.MustNot, query) for query in excluded]))


def _one(name: str, value: str, today: date) -> Query:
    if name in _STEPPED:
        steps = _steps(name, today)
        if value in steps:
            low, high = steps[value]
            return between(_STEPPED[name], low, None if high is None else high - 1)
    if name in FACETS:
        return any_of(name, [fold(value)])
    field = field_named(name)
    try:
        if field is not None and field.shape in (Shape.DATE, Shape.INTEGER):
            return between(field.name, *field.bounds(value))
    except ValueError:
        raise UnknownFilter(name, _l("This value does not fit the filter.")) from None
    if field is not None and field.shape is Shape.CLASS:
        return any_of(field.name, [class_symbol(value)])
    raise UnknownFilter(name, _l("There is no such filter."))


def aggregations(names: Sequence[str], today: date) -> dict[str, Any]:
    """What the index has to count."""
    wanted: dict[str, Any] = {}
    for name in names:
        if name in _STEPPED:
            bounds = _steps(name, today).values()
            ranges = [{"from": low} if high is None else {"from": low, "to": high} for low, high in bounds]
            wanted[name] = {"range": {"field": _STEPPED[name], "ranges": ranges}}
        else:
            wanted[name] = {"terms": {"field": name, "size": 60}}
    return wanted


def counted(result: dict[str, Any], names: Sequence[str], today: date) -> dict[str, dict[str, int]]:
    """The counts by value, most frequent first; steps in their own order."""
    found: dict[str, dict[str, int]] = {}
    for name in names:
        buckets = result[name]["buckets"]
        if name in _STEPPED:
            by_low = {int(bucket["from"]): bucket["doc_count"] for bucket in buckets if "from" in bucket}
            steps = _steps(name, today).items()
            found[name] = {step: by_low[low] for step, (low, _) in steps if by_low.get(low)}
        else:
            ordered = sorted(buckets, key=lambda bucket: (-bucket["doc_count"], bucket["key"]))
            found[name] = {str(bucket["key"]): bucket["doc_count"] for bucket in ordered if bucket["key"]}
    return found
