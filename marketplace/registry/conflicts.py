"""Which grants cannot stand beside one another: a pure algebra of territory, field, period and exclusivity."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from marketplace.registry.fields_of_use import covers, overlap
from marketplace.registry.rules import LegalRule, rule_on

EXCLUSIVE, SOLE, NON_EXCLUSIVE, OPEN = "exclusive", "sole", "non_exclusive", "open"
EXCLUDING = frozenset({EXCLUSIVE, SOLE})
_FOREVER = date.max


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


@dataclass(frozen=True)
class Conflict:
    """Why an act is not allowed: the instrument in the way and the rule that puts it there."""

    with_reference: str
    rule: LegalRule
    detail: str = ""


@dataclass(frozen=True)
class Alternative:
    """A lawful act close to the one refused."""

    change: str
    value: str = ""


def meet(one: Grant, other: Grant) -> bool:
    """Whether any country, field and day lies in both grants."""
    return (
        one.begins_on <= other.last_day
        and other.begins_on <= one.last_day
        and not one.territory.isdisjoint(other.territory)
        and any(overlap(left, right) for left in one.fields for right in other.fields)
    )


def excludes(proposed: Grant, standing: Grant, chinese: bool) -> str | None:
    """The rule by which a standing licence forbids a proposed one that meets it, if any does."""
    if standing.exclusivity == OPEN:
        if proposed.exclusivity in EXCLUDING:
            return "CN-OPN-03" if chinese else "ANY-LIC-02"
        return "ANY-LIC-02" if proposed.exclusivity == OPEN else None
    if standing.exclusivity in EXCLUDING:
        if proposed.exclusivity == OPEN:
            return "CN-OPN-02" if chinese else "ANY-LIC-02"
        return "CN-LIC-03" if chinese else "ANY-LIC-02"
    if proposed.exclusivity in EXCLUDING and not proposed.subject_to_earlier:
        return "CN-LIC-03" if chinese else "ANY-LIC-02"
    return None


def licence_conflicts(proposed: Grant, standing: Iterable[Grant], chinese: bool, on: date) -> list[Conflict]:
    """Every standing licence that the proposed one cannot be granted beside."""
    found = []
    for grant in standing:
        rule_id = excludes(proposed, grant, chinese)
        if rule_id and meet(proposed, grant):
            found.append(Conflict(grant.reference, rule_on(rule_id, on), grant.exclusivity))
    return found


def narrower_grants(
    proposed: Grant, standing: list[Grant], chinese: bool, on: date
) -> Iterator[tuple[Alternative, Grant]]:
    """Lawful grants close to the proposed one, the least given up first; each is checked again."""
    blocking = [grant for grant in standing if excludes(proposed, grant, chinese) and meet(proposed, grant)]
    for alternative, narrower in _narrowed(proposed, blocking):
        # A narrower grant can only meet what the wider one met.
        if not licence_conflicts(narrower, blocking, chinese, on):
            yield alternative, narrower


def _narrowed(proposed: Grant, blocking: list[Grant]) -> Iterator[tuple[Alternative, Grant]]:
    if proposed.exclusivity in EXCLUDING:
        if all(grant.exclusivity == NON_EXCLUSIVE for grant in blocking):
            yield Alternative("subject_to_earlier"), replace(proposed, subject_to_earlier=True)
        yield Alternative("non_exclusive"), replace(proposed, exclusivity=NON_EXCLUSIVE)
    free = proposed.territory.difference(*(grant.territory for grant in blocking))
    if free:
        yield Alternative("territory", " ".join(sorted(free))), replace(proposed, territory=free)
    taken = {field for grant in blocking for field in grant.fields}
    open_fields = frozenset(field for field in proposed.fields if not any(overlap(field, other) for other in taken))
    if open_fields:
        yield Alternative("fields", " ".join(sorted(open_fields))), replace(proposed, fields=open_fields)
    yield from _other_periods(proposed, blocking)


def _other_periods(proposed: Grant, blocking: list[Grant]) -> Iterator[tuple[Alternative, Grant]]:
    first = min((grant.begins_on for grant in blocking), default=_FOREVER)
    if first > proposed.begins_on:
        ends = first - timedelta(days=1)
        yield Alternative("ends_on", ends.isoformat()), replace(proposed, ends_on=ends)
    last = max((grant.last_day for grant in blocking), default=_FOREVER)
    if last < proposed.last_day:
        begins = last + timedelta(days=1)
        yield Alternative("begins_on", begins.isoformat()), replace(proposed, begins_on=begins)


def lies_within(inner: Grant, outer: Grant) -> bool:
    """Whether everything granted by the first lies in the second: a sub-licence and its licence."""
    return (
        inner.territory <= outer.territory
        and all(any(covers(wide, field) for wide in outer.fields) for field in inner.fields)
        and outer.begins_on <= inner.begins_on
        and inner.last_day <= outer.last_day
    )
