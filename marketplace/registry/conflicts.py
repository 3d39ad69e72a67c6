"""Which grants cannot stand beside one another: a pure algebra of territory, field, period and exclusivity."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from heapq import heappop, heappush
from typing import Any

from marketplace.registry.fields_of_use import common, covers, exceptions_of, fields_meet, remaining
from marketplace.registry.rules import LegalRule, LegalScope, rule_on

EXCLUSIVE, SOLE, NON_EXCLUSIVE, OPEN = "exclusive", "sole", "non_exclusive", "open"
EXCLUDING = frozenset({EXCLUSIVE, SOLE})
_FOREVER = date.max
_MOST_LOOKS = 500


@dataclass(frozen=True)
class Grant:
    """One licence, proposed or in force, as a region of countries × fields × days."""

    reference: str
    exclusivity: str
    territory: frozenset[str]
    fields: frozenset[str]
    begins_on: date
    ends_on: date | None = None
    subject_to_earlier: bool = False

    @property
    def last_day(self) -> date:
        """The last day of the grant; an open end is the end of time."""
        return self.ends_on or _FOREVER

    def within(self, outer: "Grant") -> "Grant | None":
        """What of this grant lies in another; nothing when they do not meet."""
        territory, fields = self.territory & outer.territory, common(self.fields, outer.fields)
        begins, ends = max(self.begins_on, outer.begins_on), min(self.last_day, outer.last_day)
        if not territory or not fields or ends < begins:
            return None
        return replace(self, territory=territory, fields=fields, begins_on=begins, ends_on=_open_end(ends))


@dataclass(frozen=True)
class Conflict:
    """Why an act is not allowed: the instrument in the way and the rule that puts it there."""

    with_reference: str
    rule: LegalRule
    detail: str = ""


@dataclass(frozen=True)
class Alternative:
    """A lawful act close to the one refused: what to change, and what else must be changed or agreed with it."""

    change: str
    value: str = ""
    needs: tuple["Alternative", ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The change in the form outside callers read; what it needs only when it needs anything."""
        needs = {"needs": [need.as_json() for need in self.needs]} if self.needs else {}
        return {"change": self.change, "value": self.value, **needs}


def meet(one: Grant, other: Grant) -> bool:
    """Whether any country, field and day lies in both grants."""
    return (
        one.begins_on <= (other.ends_on or _FOREVER)
        and other.begins_on <= (one.ends_on or _FOREVER)
        and not one.territory.isdisjoint(other.territory)
        and fields_meet(one.fields, other.fields)
    )


def excludes(proposed: Grant, standing: Grant) -> str | None:
    """The rule by which a standing licence forbids a proposed one that meets it, if any does."""
    if standing.exclusivity == OPEN:
        if proposed.exclusivity in EXCLUDING:
            return "CN-OPN-03"
        return "ANY-LIC-02" if proposed.exclusivity == OPEN else None
    if standing.exclusivity in EXCLUDING:
        return "CN-OPN-02" if proposed.exclusivity == OPEN else "CN-LIC-03"
    return "CN-LIC-03" if proposed.exclusivity in EXCLUDING and not proposed.subject_to_earlier else None


def blocking_grants(proposed: Grant, standing: Iterable[Grant]) -> list[tuple[Grant, str]]:
    """Every standing licence that the proposed one cannot be granted beside, with the rule's id."""
    return [(grant, rule) for grant in standing if (rule := excludes(proposed, grant)) and meet(proposed, grant)]


def licence_conflicts(proposed: Grant, standing: Iterable[Grant], scope: LegalScope, on: date) -> list[Conflict]:
    """The same, with the law that says so."""
    return [
        Conflict(grant.reference, rule_on(rule, on, scope), grant.exclusivity)
        for grant, rule in blocking_grants(proposed, standing)
    ]


def narrower_grants(proposed: Grant, standing: Iterable[Grant]) -> Iterator[tuple[Alternative, Grant]]:
    """Lawful grants close to the proposed one: first a weaker one in the same region, then the same in a smaller region.

    Each region is as large as its kind of change allows. Some grant is found whenever a lawful one exists, unless so
    many licences stand that the search is given up.
    """
    blocking = [grant for grant, _rule in blocking_grants(proposed, standing)]
    smaller = list(_smaller(proposed, blocking)) if blocking else []
    for change, weaker in _weaker(proposed):
        left = [grant for grant, _rule in blocking_grants(weaker, blocking)]
        if blocking and not left:
            yield change, weaker
        elif not smaller:
            smaller = [(_with(change, region), grant) for region, grant in _smaller(weaker, left)]
    yield from smaller


def _with(change: Alternative, region: Alternative) -> Alternative:
    return replace(change, needs=(replace(region, needs=()), *region.needs))


def _weaker(proposed: Grant) -> Iterator[tuple[Alternative, Grant]]:
    """The same region with less power over others."""
    if proposed.exclusivity in EXCLUDING and not proposed.subject_to_earlier:
        yield Alternative("subject_to_earlier"), replace(proposed, subject_to_earlier=True)
    if proposed.exclusivity != NON_EXCLUSIVE:
        yield Alternative("non_exclusive"), replace(proposed, exclusivity=NON_EXCLUSIVE, subject_to_earlier=False)


def _smaller(proposed: Grant, blocking: Sequence[Grant]) -> Iterator[tuple[Alternative, Grant]]:
    """Fewer countries, or fewer fields, or another period; several of them at once where no single one helps."""
    found = False
    for grant in _smaller_in_one_way(proposed, blocking):
        found = True
        yield _changed(proposed, grant), grant
    if not found and (grant_left := _largest_free(proposed, blocking)) is not None:
        yield _changed(proposed, grant_left), grant_left


def _smaller_in_one_way(proposed: Grant, blocking: Sequence[Grant]) -> Iterator[Grant]:
    if free := proposed.territory.difference(*(grant.territory for grant in blocking)):
        yield replace(proposed, territory=free)
    if left := remaining(proposed.fields, (field for grant in blocking for field in grant.fields)):
        yield replace(proposed, fields=left)
    for begins, ends in _gaps(proposed, blocking):
        yield replace(proposed, begins_on=begins, ends_on=_open_end(ends))


def _largest_free(proposed: Grant, blocking: Sequence[Grant]) -> Grant | None:
    """The largest part of the grant that meets none of the others, by taking them out one after the other."""
    queue: list[tuple[float, int, Grant, Sequence[Grant]]] = [(-1.0, 0, proposed, blocking)]
    seen, looks = {proposed}, 0
    while queue and looks < _MOST_LOOKS:
        _size, _order, grant, others = heappop(queue)
        looks += len(others)
        left = [other for other in others if meet(grant, other)]
        if not left:
            return grant
        for part in _smaller_in_one_way(grant, left[:1]):
            if part not in seen:
                seen.add(part)
                heappush(queue, (-_size_of(part, proposed), len(seen), part, left[1:]))
    return None


def _size_of(part: Grant, whole: Grant) -> float:
    """How much of the whole grant a part keeps; a field with exceptions counts for less than the whole field."""
    fields = sum(1 / (1 + exceptions_of(field)) for field in part.fields) / len(whole.fields)
    days = ((part.last_day - part.begins_on).days + 1) / ((whole.last_day - whole.begins_on).days + 1)
    return len(part.territory) / len(whole.territory) * fields * days


def _changed(proposed: Grant, grant: Grant) -> Alternative:
    """What changes from one grant to a smaller one."""
    changes = [in_territory(grant.territory)] if grant.territory != proposed.territory else []
    changes += [in_fields(grant.fields)] if grant.fields != proposed.fields else []
    if (grant.begins_on, grant.last_day) != (proposed.begins_on, proposed.last_day):
        changes.append(in_period(proposed, grant.begins_on, grant.last_day))
    first, *rest = changes
    return replace(first, needs=tuple(rest))


def _gaps(proposed: Grant, blocking: Sequence[Grant]) -> Iterator[tuple[date, date]]:
    """The days of the proposed grant that no blocking one takes, as whole periods."""
    begins = proposed.begins_on
    for grant in sorted(blocking, key=lambda one: one.begins_on):
        if begins < grant.begins_on:
            yield begins, min(grant.begins_on - timedelta(days=1), proposed.last_day)
        if grant.last_day >= proposed.last_day:
            return
        begins = max(begins, grant.last_day + timedelta(days=1))
    yield begins, proposed.last_day


def _open_end(ends: date) -> date | None:
    return None if ends == _FOREVER else ends


def in_territory(free: frozenset[str]) -> Alternative:
    """Limited to these countries."""
    return Alternative("territory", " ".join(sorted(free)))


def in_fields(left: frozenset[str]) -> Alternative:
    """Limited to these fields of use."""
    return Alternative(
        "fields", " | ".join(sorted(left)) if any(" " in one for one in left) else " ".join(sorted(left))
    )


def in_period(proposed: Grant, begins: date, ends: date) -> Alternative:
    """Limited to these days, said by the end that moves."""
    if begins == proposed.begins_on:
        return Alternative("ends_on", ends.isoformat())
    if ends == proposed.last_day:
        return Alternative("begins_on", begins.isoformat())
    return Alternative("period", f"{begins.isoformat()}/{ends.isoformat()}")


def lies_within(inner: Grant, outer: Grant) -> bool:
    """Whether everything granted by the first lies in the second: a sub-licence and its licence."""
    return (
        inner.territory <= outer.territory
        and all(any(covers(wide, field) for wide in outer.fields) for field in inner.fields)
        and outer.begins_on <= inner.begins_on
        and inner.last_day <= outer.last_day
    )
