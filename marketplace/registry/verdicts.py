"""The whole answer to a proposed instrument: what forbids it, the nearest lawful acts, and what to mind."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from marketplace.registry.assets import AssetKind
from marketplace.registry.conflicts import (
    EXCLUDING,
    NON_EXCLUSIVE,
    Alternative,
    Conflict,
    Grant,
    blocking_grants,
    in_fields,
    in_period,
    in_territory,
    narrower_grants,
)
from marketplace.registry.encumbrances import EncumbranceKind
from marketplace.registry.fees import FeeState
from marketplace.registry.rules import LegalRule, rules_about
from marketplace.registry.weighing import GRANTS, Instrument, Standing, conflicts_of, grant_of, obstacles_of, parent_of


@dataclass(frozen=True)
class Verdict:
    """Whether an instrument is lawful, what stands in its way, the nearest lawful acts, what to mind and take along."""

    allowed: bool
    conflicts: list[Conflict] = field(default_factory=list)
    alternatives: list[Alternative] = field(default_factory=list)
    warnings: list[LegalRule] = field(default_factory=list)
    together_with: tuple[str, ...] = ()


def weigh(instrument: Instrument, standing: Standing, on: date) -> Verdict:
    """The verdict on an instrument by the law in force that day."""
    conflicts = conflicts_of(instrument, standing, on)
    ways = list(_ways_out(instrument, standing, on, conflicts)) if conflicts else []
    return Verdict(not conflicts, conflicts, ways, what_to_mind(instrument, standing, on), standing.companions)


def _ways_out(instrument: Instrument, standing: Standing, on: date, conflicts: list[Conflict]) -> Iterator[Alternative]:
    """Lawful acts close to the one refused; each says everything that must change or be agreed for it."""
    if instrument.kind == "sub_licence":
        yield from _within_parent(instrument, standing, on)
        return
    needs = _needs(conflicts)
    if needs is None:
        return
    ends = next((need.value for need in needs if need.change == "ends_on"), None)
    fitting = replace(instrument, ends_on=date.fromisoformat(ends)) if ends else instrument
    proposed = _grant(fitting, standing, on)
    if instrument.kind in GRANTS and (blocking := blocking_grants(proposed, standing.grants)):
        for change, grant in narrower_grants(proposed, [grant for grant, _rule in blocking]):
            agreed = _needs(obstacles_of(_as_instrument(fitting, grant), standing, on))
            if agreed is not None:
                yield _together(change, [need for need in needs if need.change == "ends_on"] + agreed)
        return
    yield _together(needs[0], needs[1:])
    if instrument.kind == "licence" and any(need.change == "consent_of_co_owners" for need in needs):
        alone = _needs(obstacles_of(replace(fitting, exclusivity=NON_EXCLUSIVE), standing, on))
        if alone is not None and all(need.change != "consent_of_co_owners" for need in alone):
            yield _together(
                Alternative("non_exclusive"), [*(need for need in needs if need.change == "ends_on"), *alone]
            )


def _needs(conflicts: list[Conflict]) -> list[Alternative] | None:
    """What would cure these conflicts, apart from other licences; nothing when one cannot be cured."""
    found = []
    for conflict in conflicts:
        if conflict.detail == "pledge":
            found.append(Alternative("consent_of_pledgee", conflict.with_reference))
        elif conflict.with_reference == "co_owners":
            found.append(Alternative("consent_of_co_owners"))
        elif conflict.with_reference == "term" and conflict.detail:
            found.append(Alternative("ends_on", conflict.detail))
        elif conflict.with_reference == "fees":
            found.append(Alternative("pay_fees"))
        elif conflict.rule.severity != "waivable" and conflict.detail not in (*EXCLUDING, NON_EXCLUSIVE, "open"):
            return None
    return found


def _together(change: Alternative, needs: list[Alternative]) -> Alternative:
    """A change with everything it needs; a new period makes an earlier end needless."""
    changed = {change.change, *(need.change for need in change.needs)}
    rest = [need for need in needs if need.change != "ends_on" or not changed & {"ends_on", "period"}]
    return replace(change, needs=(*change.needs, *rest))


def _grant(instrument: Instrument, standing: Standing, on: date) -> Grant:
    return grant_of(instrument, standing.office, standing.kind, on)


def _as_instrument(instrument: Instrument, grant: Grant) -> Instrument:
    """The instrument that proposes exactly this grant."""
    opened = instrument.kind == "open_licence" and grant.exclusivity == NON_EXCLUSIVE
    return replace(
        instrument, kind="licence" if opened else instrument.kind, territory=tuple(grant.territory),
        fields=tuple(grant.fields), begins_on=grant.begins_on, ends_on=grant.ends_on,
        exclusivity=None if instrument.kind == "open_licence" and not opened else grant.exclusivity,
        subject_to_earlier=grant.subject_to_earlier,
    )  # fmt: skip


def _within_parent(instrument: Instrument, standing: Standing, on: date) -> Iterator[Alternative]:
    """A sub-licence as wide as its licence allows, with the licensor's agreement where it is missing."""
    parent = parent_of(instrument, standing)
    conflicts = conflicts_of(instrument, standing, on)
    curable = ("not_agreed", "too_wide", "not_plain")
    if parent is None or any(one.rule.id != "ANY-SUB-01" or one.detail not in curable for one in conflicts):
        return
    outer, inner = standing.grant_in(parent), _grant(instrument, standing, on)
    if instrument.ends_on is None:
        inner = replace(inner, ends_on=parent.ends_on)
    changes = [] if inner.exclusivity == NON_EXCLUSIVE else [Alternative("non_exclusive")]
    smaller = inner.within(outer)
    if smaller is None:
        return
    changes += [in_territory(smaller.territory)] * (smaller.territory != inner.territory)
    changes += [in_fields(smaller.fields)] * (smaller.fields != inner.fields)
    if (smaller.begins_on, smaller.last_day) != (inner.begins_on, inner.last_day):
        changes.append(in_period(inner, smaller.begins_on, smaller.last_day))
    if any(one.detail == "not_agreed" for one in conflicts):
        changes.append(Alternative("consent_of_licensor", conflicts[0].with_reference))
    if changes:
        yield _together(changes[0], changes[1:])


_WHEN: dict[str, Callable[[Instrument, Standing], bool]] = {
    "pledged": lambda _instrument, standing: bool(standing.of_kind(EncumbranceKind.PLEDGE)),
    "licensed": lambda _instrument, standing: bool(standing.grants),
    "attacked": lambda _instrument, standing: bool(standing.of_kind(EncumbranceKind.INVALIDATION_PROCEEDINGS)),
    "may_leave": lambda _instrument, standing: (
        standing.grantee_abroad is not False and standing.kind is not AssetKind.DESIGN
    ),
    "unnamed": lambda instrument, _standing: instrument.exclusivity is None,
    "fee_late": lambda _instrument, standing: standing.fees is FeeState.LATE,
    "not_examined": lambda _instrument, standing: standing.kind in (AssetKind.UTILITY_MODEL, AssetKind.DESIGN),
}
"""When a rule that informs is worth saying, by the name it carries in the data."""


def what_to_mind(instrument: Instrument, standing: Standing, on: date) -> list[LegalRule]:
    """What the law in force that day tells the parties although it does not forbid the act."""
    kind = "licence" if instrument.kind == "cross_licence" else instrument.kind
    rules = rules_about(kind, on, standing.scope)
    return [rule for rule in rules if rule.when is None or _WHEN[rule.when](instrument, standing)]
