"""The rights algebra against a brute-force oracle that enumerates days, countries and fields."""

import random
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from marketplace.registry.assets import AssetKind, LegalStatus
from marketplace.registry.burdens import Burden
from marketplace.registry.conflicts import Alternative
from marketplace.registry.encumbrances import EncumbranceKind
from marketplace.registry.instrument_cases import judge_cases
from marketplace.registry.verdicts import weigh
from marketplace.registry.weighing import Instrument, Standing, grant_of

START = date(2026, 1, 1)
DAYS = 12
WORLD = ["DE", "FR", "IT", "CN", "US", "SG"]
GROUPS = {"EU": {"DE", "FR", "IT"}, "ASEAN": {"SG"}, "WW": set(WORLD)}
USES = {
    "A01B1/00": ["A"], "A61P35/00": ["A", "A61"], "A61K9/00": ["A", "A61", "A61K"],
    "A61K31/00": ["A", "A61", "A61K", "A61K31"], "H04W4/00": ["H04"], "H04L12/00": ["H04", "H04L"],
    "H04L9/06": ["H04", "H04L", "H04L9"], "H04L9/32": ["H04", "H04L", "H04L9", "H04L9/32"],
    "G06F17/00": [], "name:toys": [], "name:drones": [], "name:ships": [],
}  # fmt: skip
"""Uses, each with the fields it lies in besides itself and everything; every field has a use no smaller one holds."""
FIELDS = ["*", "A", "A61", "A61K", "A61K31", "H04L", "H04L9", "H04L9/32", "H04", "name:toys", "name:drones"]
KINDS = {
    "exclusive": EncumbranceKind.EXCLUSIVE_LICENCE, "sole": EncumbranceKind.SOLE_LICENCE,
    "non_exclusive": EncumbranceKind.NON_EXCLUSIVE_LICENCE, "open": EncumbranceKind.OPEN_LICENCE,
}  # fmt: skip
NIL = "00000000-0000-0000-0000-000000000000"
Point = tuple[int, str, str]


def random_field(dice: random.Random) -> str:
    """A field, one time in three with smaller ones taken out."""
    field = dice.choice(FIELDS)
    smaller = [one for one in FIELDS if one != field and uses_of(one) < uses_of(field)]
    if not smaller or dice.random() < 0.67:
        return field
    return f"{field} except {'; '.join(dice.sample(smaller, min(len(smaller), dice.randint(1, 2))))}"


def random_grant(dice: random.Random) -> dict[str, Any]:
    begins = dice.randrange(DAYS)
    return {
        "exclusivity": dice.choice(list(KINDS)),
        "territory": dice.sample([*WORLD, *GROUPS], dice.randint(1, 3)),
        "fields": [random_field(dice) for _n in range(dice.randint(1, 3))],
        "begins": begins,
        "ends": None if dice.random() < 0.2 else dice.randrange(begins, DAYS),
        "earlier": dice.random() < 0.15,
    }


def points(grant: dict[str, Any]) -> set[Point]:
    """Every (day, country, use) that the grant covers, found by looking at each one; the last day stands for all later."""
    countries = {code for name in grant["territory"] for code in GROUPS.get(name, {name})}
    last = DAYS if grant["ends"] is None else grant["ends"]
    uses = {use for field in grant["fields"] for use in uses_of(field)}
    return {(day, country, use) for day in range(grant["begins"], last + 1) for country in countries for use in uses}


def uses_of(field: str) -> set[str]:
    wide, _, smaller = field.partition(" except ")
    inside = {use for use, fields in USES.items() if wide in ("*", use, *fields)}
    return inside - {use for one in smaller.split("; ") if one for use in uses_of(one)}


def forbidden(standing: str, proposed: str) -> bool:
    """The matrix of domain rules CN-LIC-03 and the open-licence rules, written down cell by cell."""
    return {
        ("exclusive", "exclusive"): True, ("exclusive", "sole"): True, ("exclusive", "non_exclusive"): True,
        ("exclusive", "open"): True, ("sole", "exclusive"): True, ("sole", "sole"): True,
        ("sole", "non_exclusive"): True, ("sole", "open"): True, ("non_exclusive", "exclusive"): True,
        ("non_exclusive", "sole"): True, ("non_exclusive", "non_exclusive"): False, ("non_exclusive", "open"): False,
        ("open", "exclusive"): True, ("open", "sole"): True, ("open", "non_exclusive"): False, ("open", "open"): True,
    }[(standing, proposed)]  # fmt: skip


def stopped(standing: dict[str, Any], proposed: dict[str, Any]) -> set[Point]:
    """The points of a proposed grant that a standing one forbids."""
    yields = proposed["earlier"] and standing["exclusivity"] == "non_exclusive"
    if yields or not forbidden(standing["exclusivity"], proposed["exclusivity"]):
        return set()
    return points(standing) & points(proposed)


def burden_of(grant: dict[str, Any]) -> Burden:
    return Burden(
        reference="standing",
        kind=KINDS[grant["exclusivity"]],
        begins_on=START + timedelta(days=grant["begins"]),
        ends_on=None if grant["ends"] is None else START + timedelta(days=grant["ends"]),
        territory=tuple(grant["territory"]),
        fields=tuple(grant["fields"]),
    )


def standing_of(*grants: dict[str, Any]) -> Standing:
    return Standing("WO", AssetKind.INVENTION, LegalStatus.IN_FORCE, None, burdens=tuple(map(burden_of, grants)))


def instrument_of(grant: dict[str, Any]) -> Instrument:
    return Instrument(
        kind="open_licence" if grant["exclusivity"] == "open" else "licence",
        asset_id=UUID(NIL),
        territory=tuple(grant["territory"]),
        fields=tuple(grant["fields"]),
        begins_on=START + timedelta(days=grant["begins"]),
        ends_on=None if grant["ends"] is None else START + timedelta(days=grant["ends"]),
        exclusivity=None if grant["exclusivity"] == "open" else grant["exclusivity"],
        subject_to_earlier=grant["earlier"],
    )


def test_one_thousand_pairs_agree_with_brute_force() -> None:
    dice = random.Random(20261122)
    wrong, refusals = [], 0
    for _pair in range(1000):
        standing, proposed = random_grant(dice), random_grant(dice)
        expected = not stopped(standing, proposed)
        verdict = weigh(instrument_of(proposed), standing_of(standing), START)
        refusals += not expected
        if verdict.allowed != expected:
            wrong.append((standing, proposed, expected))
    assert wrong == []
    assert 200 < refusals < 900


def changed(proposed: dict[str, Any], alternative: Alternative) -> dict[str, Any]:
    """The proposed grant with an alternative and all it needs carried out."""
    narrower = dict(proposed)
    for one in (alternative, *alternative.needs):
        if one.change == "territory":
            everywhere = {code for name in proposed["territory"] for code in GROUPS.get(name, {name})}
            narrower["territory"] = sorted(everywhere & set(one.value.split()))
        elif one.change == "fields":
            narrower["fields"] = one.value.split(" | " if " " in one.value and "except" in one.value else " ")
        elif one.change == "non_exclusive":
            narrower |= {"exclusivity": "non_exclusive", "earlier": False}
        elif one.change == "subject_to_earlier":
            narrower["earlier"] = True
        else:
            first, _, last = one.value.partition("/") if one.change == "period" else (one.value, "", one.value)
            days = [(date.fromisoformat(day) - START).days for day in (first, last)]
            if one.change in ("begins_on", "period"):
                narrower["begins"] = days[0]
            if one.change in ("ends_on", "period"):
                narrower["ends"] = days[1]
    return narrower


def test_alternatives_are_lawful_smaller_and_as_large_as_they_can_be_and_none_is_missed() -> None:
    dice = random.Random(20261123)
    several = 0
    for _case in range(500):
        grants = [random_grant(dice) for _n in range(dice.randint(1, 7))]
        proposed = random_grant(dice) | {"territory": dice.sample(WORLD, dice.randint(1, 3))}
        if not any(stopped(grant, proposed) for grant in grants):
            continue
        verdict = weigh(instrument_of(proposed), standing_of(*grants), START)
        assert not verdict.allowed
        for alternative in verdict.alternatives:
            narrower = changed(proposed, alternative)
            several += bool(alternative.needs)
            assert points(narrower) and points(narrower) <= points(proposed), (proposed, alternative)
            assert not any(stopped(grant, narrower) for grant in grants), (grants, proposed, alternative)
            if not alternative.needs:
                assert nothing_more_is_free(alternative.change, proposed, narrower, grants), (grants, alternative)
        assert bool(verdict.alternatives) == some_part_is_free(proposed, grants), (grants, proposed)
    assert several > 20


def nothing_more_is_free(
    change: str, proposed: dict[str, Any], narrower: dict[str, Any], grants: list[dict[str, Any]]
) -> bool:
    """No country, use or adjoining day that was given up could have been kept."""
    axis = {"territory": 1, "fields": 2, "ends_on": 0, "begins_on": 0, "period": 0}.get(change)
    if axis is None:
        return True
    taken = {point[axis] for grant in grants for point in stopped(grant, proposed)}
    kept = {point[axis] for point in points(narrower)}
    given_up = {point[axis] for point in points(proposed)} - kept
    if axis:
        return given_up == taken
    return all(day in taken for day in given_up if day + 1 in kept or day - 1 in kept)


def some_part_is_free(proposed: dict[str, Any], grants: list[dict[str, Any]]) -> bool:
    """Whether one point could be granted, if need be as a weaker licence."""
    weaker = [proposed]
    if proposed["exclusivity"] in ("exclusive", "sole"):
        weaker.append(proposed | {"earlier": True})
    weaker.append(proposed | {"exclusivity": "non_exclusive", "earlier": False})
    return any(points(one) - {point for grant in grants for point in stopped(grant, one)} for one in weaker)


def test_what_is_not_said_means_a_plain_licence_everywhere_for_every_use() -> None:
    grant = grant_of(Instrument("licence", UUID(NIL)), "CN", AssetKind.INVENTION, START)
    assert (grant.exclusivity, grant.territory, grant.fields) == ("non_exclusive", {"CN"}, {"*"})


def test_cases_are_judged_from_plain_json_one_answer_each() -> None:
    cases: list[Any] = [
        {
            "existing": [{"id": "L1", "exclusivity": "exclusive", "territory": ["DE"], "begins_on": "2026-01-01"}],
            "proposed": {
                "kind": "licence",
                "exclusivity": "sole",
                "territory": ["DE", "FR"],
                "begins_on": "2026-02-01",
            },
        },
        {"existing": [], "proposed": {"kind": "licence", "territory": ["XX"]}},
        "nonsense",
    ]
    first, second, third = judge_cases(cases, START, lambda problem: {"error": {"code": problem.code}})
    assert (first["allowed"], first["conflicts"][0]["with"]) == (False, "L1")
    assert {"change": "territory", "value": "FR"} in first["alternatives"]
    assert second == third == {"error": {"code": "malformed"}}


def test_two_hundred_instruments_are_weighed_in_a_few_milliseconds() -> None:
    import time

    dice = random.Random(7)
    grants = [random_grant(dice) for _n in range(200)]
    times = []
    for _round in range(30):
        standing, proposed = standing_of(*grants), instrument_of(random_grant(dice))
        began = time.perf_counter()
        weigh(proposed, standing, START)
        times.append(time.perf_counter() - began)
    assert sorted(times)[15] < 0.05, sorted(times)[15]
