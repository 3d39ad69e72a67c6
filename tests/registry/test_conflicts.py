"""The rights algebra against a brute-force oracle that enumerates days, countries and fields."""

import random
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from marketplace.registry.assets import AssetKind, LegalStatus
from marketplace.registry.encumbrances import Encumbrance, EncumbranceKind
from marketplace.registry.instrument_cases import judge_cases
from marketplace.registry.weighing import Instrument, Standing, grant_of, weigh

START = date(2026, 1, 1)
DAYS = 12
WORLD = ["DE", "FR", "IT", "CN", "US", "SG"]
GROUPS = {"EU": {"DE", "FR", "IT"}, "ASEAN": {"SG"}, "WW": set(WORLD)}
USES = ["A61K31/00", "A61K9/00", "A61P35/00", "H04L9/32", "H04L12/00", "H04W4/00", "name:toys", "name:drones"]
PREFIXES = ["", "A", "A61", "A61K", "A61K31", "H04L", "H04L9", "H04L9/32", "H04", "name:toys", "name:drones"]
KINDS = {
    "exclusive": EncumbranceKind.EXCLUSIVE_LICENCE, "sole": EncumbranceKind.SOLE_LICENCE,
    "non_exclusive": EncumbranceKind.NON_EXCLUSIVE_LICENCE, "open": EncumbranceKind.OPEN_LICENCE,
}  # fmt: skip
NIL = "00000000-0000-0000-0000-000000000000"


def random_grant(dice: random.Random) -> dict[str, Any]:
    begins = dice.randrange(DAYS)
    return {
        "exclusivity": dice.choice(list(KINDS)),
        "territory": dice.sample([*WORLD, *GROUPS], dice.randint(1, 3)),
        "fields": [field for field in dice.sample(PREFIXES, dice.randint(1, 3)) if field] or ["*"],
        "begins": begins,
        "ends": None if dice.random() < 0.2 else dice.randrange(begins, DAYS),
    }


def points(grant: dict[str, Any]) -> set[tuple[int, str, str]]:
    """Every (day, country, use) that the grant covers, found by looking at each one."""
    countries = {code for name in grant["territory"] for code in GROUPS.get(name, {name})}
    last = DAYS - 1 if grant["ends"] is None else grant["ends"]
    return {
        (day, country, use)
        for day in range(grant["begins"], last + 1)
        for country in countries
        for use in USES
        if any(within(use, field) for field in grant["fields"])
    }


def within(use: str, field: str) -> bool:
    if field == "*":
        return True
    if use.startswith("name:") or field.startswith("name:"):
        return use == field
    head, _slash, _rest = use.partition("/")
    return use == field or head == field or (not any(c.isdigit() for c in field[3:]) and use.startswith(field))


def forbidden(standing: str, proposed: str) -> bool:
    """The matrix of domain rules CN-LIC-03 and the open-licence rules, written down cell by cell."""
    return {
        ("exclusive", "exclusive"): True, ("exclusive", "sole"): True, ("exclusive", "non_exclusive"): True,
        ("exclusive", "open"): True, ("sole", "exclusive"): True, ("sole", "sole"): True,
        ("sole", "non_exclusive"): True, ("sole", "open"): True, ("non_exclusive", "exclusive"): True,
        ("non_exclusive", "sole"): True, ("non_exclusive", "non_exclusive"): False, ("non_exclusive", "open"): False,
        ("open", "exclusive"): True, ("open", "sole"): True, ("open", "non_exclusive"): False, ("open", "open"): True,
    }[(standing, proposed)]  # fmt: skip


def standing_of(grant: dict[str, Any]) -> Standing:
    burden = Encumbrance(
        reference="standing",
        kind=KINDS[grant["exclusivity"]],
        begins_on=START + timedelta(days=grant["begins"]),
        ends_on=None if grant["ends"] is None else START + timedelta(days=grant["ends"]),
        territory=grant["territory"],
        fields=grant["fields"],
    )
    return Standing("WO", AssetKind.INVENTION, LegalStatus.IN_FORCE, None, burdens=(burden,))


def instrument_of(grant: dict[str, Any]) -> Instrument:
    return Instrument(
        kind="open_licence" if grant["exclusivity"] == "open" else "licence",
        asset_id=UUID(NIL),
        territory=tuple(grant["territory"]),
        fields=tuple(grant["fields"]),
        begins_on=START + timedelta(days=grant["begins"]),
        ends_on=None if grant["ends"] is None else START + timedelta(days=grant["ends"]),
        exclusivity=None if grant["exclusivity"] == "open" else grant["exclusivity"],
    )


def test_one_thousand_pairs_agree_with_brute_force_and_every_alternative_is_lawful() -> None:
    dice = random.Random(20261122)
    wrong, refusals = [], 0
    for _pair in range(1000):
        standing, proposed = random_grant(dice), random_grant(dice)
        meets = bool(points(standing) & points(proposed))
        expected = not (meets and forbidden(standing["exclusivity"], proposed["exclusivity"]))
        verdict = weigh(instrument_of(proposed), standing_of(standing), START)
        refusals += not expected
        if verdict.allowed != expected:
            wrong.append((standing, proposed, expected))
    assert wrong == []
    assert 200 < refusals < 900


@pytest.mark.parametrize("seed", range(40))
def test_an_alternative_that_is_offered_is_lawful_by_brute_force(seed: int) -> None:
    dice = random.Random(seed)
    standing, proposed = random_grant(dice), random_grant(dice)
    verdict = weigh(instrument_of(proposed), standing_of(standing), START)
    for alternative in verdict.alternatives:
        narrower = dict(proposed)
        if alternative.change == "territory":
            narrower["territory"] = [code for code in alternative.value.split() if code in WORLD]
        elif alternative.change == "fields":
            narrower["fields"] = alternative.value.split()
        elif alternative.change == "non_exclusive":
            narrower["exclusivity"] = "non_exclusive"
        elif alternative.change in ("begins_on", "ends_on"):
            day = (date.fromisoformat(alternative.value) - START).days
            narrower["begins" if alternative.change == "begins_on" else "ends"] = day
        else:
            continue
        meets = bool(points(standing) & points(narrower))
        assert not (meets and forbidden(standing["exclusivity"], narrower["exclusivity"])), alternative


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
    burdens = tuple(burden for _n in range(200) for burden in standing_of(random_grant(dice)).burdens)
    standing = Standing("WO", AssetKind.INVENTION, LegalStatus.IN_FORCE, None, burdens=burdens)
    proposed = instrument_of(random_grant(dice))
    weigh(proposed, standing, START)
    times = []
    for _round in range(20):
        began = time.perf_counter()
        weigh(proposed, standing, START)
        times.append(time.perf_counter() - began)
    assert sorted(times)[10] < 0.1, sorted(times)[10]
