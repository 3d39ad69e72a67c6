"""The sides from which results are narrowed, with counts: chosen values include, a leading minus excludes."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from tantivy import Occur, Query

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l
from marketplace.listings.index_entry import BETWEEN_FACETS, BETWEEN_VALUES, LIFE_STEPS, PRICE_STEPS, PROFILES
from marketplace.listings.index_entry import stepped_bounds as bounds_of
from marketplace.listings.matching import any_of, between, silently, some
from marketplace.listings.search_index import FACETS
from marketplace.listings.text import class_symbol, fold
from marketplace.listings.vocabulary import Shape, field_named

FACET_NAMES = ("kind", "status", "office", "section", "mode", "licence", "price", "life", "pledged", "financing")
"""Facets in the order in which they are shown."""

MOST_VALUES = 20
MOST_PROFILES = 60_000


class UnknownFilter(Malformed):
    """A filter or one of its values is not known."""

    status = 400


_STEPPED = {"price": "price", "life": "expires"}
_STEP_ORDER = {"price": list(PRICE_STEPS), "life": list(LIFE_STEPS)}


def filter_query(name: str, values: Sequence[str], today: date) -> Query:
    """Any of the included values and none of the excluded ones."""
    if len(values) > MOST_VALUES:
        raise UnknownFilter(name, _l("Too many values for one filter."))
    included = [_one(name, value, today) for value in values if not value.startswith("-")]
    excluded = [_one(name, value[1:], today) for value in values if value.startswith("-")]
    if not excluded:
        return some(*included)
    parts = [(Occur.Must, some(*included) if included else Query.all_query())]
    return silently(Query.boolean_query(parts + [(Occur.MustNot, query) for query in excluded]))


def _one(name: str, value: str, today: date) -> Query:
    if name in _STEPPED:
        steps = bounds_of(name, today)
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


def aggregations(names: Iterable[str]) -> dict[str, Any]:
    """What the index has to count, so that these facets can be told: whole profiles."""
    wanted = set(names)
    return {
        profile: {"terms": {"field": profile, "size": MOST_PROFILES}}
        for profile, facets in PROFILES.items()
        if wanted & set(facets)
    }


def counted(result: dict[str, Any], names: Iterable[str]) -> dict[str, dict[str, int]]:
    """The counts by value, most frequent first; steps in their own order."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for profile, facets in PROFILES.items():
        for bucket in result.get(profile, {}).get("buckets", ()):
            number = bucket["doc_count"]
            for name, values in zip(facets, bucket["key"].split(BETWEEN_FACETS), strict=True):
                for value in values.split(BETWEEN_VALUES):
                    counts[name][value] += number
    return {name: _in_order(name, counts[name]) for name in names}


def _in_order(name: str, counts: Counter[str]) -> dict[str, int]:
    if name in _STEP_ORDER:
        return {step: counts[step] for step in _STEP_ORDER[name] if counts[step]}
    return {value: number for value, number in sorted(counts.items(), key=lambda each: (-each[1], each[0])) if value}
