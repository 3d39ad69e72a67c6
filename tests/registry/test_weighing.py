"""The law weighed over stated facts: the term of the right, co-owners by country, what can be licensed openly."""

from datetime import date
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid4

import pytest

from marketplace.registry.assets import AssetKind, LegalStatus
from marketplace.registry.instrument_cases import judge_cases
from marketplace.registry.ownership import Owner
from marketplace.registry.verdicts import Verdict, weigh
from marketplace.registry.weighing import Instrument, Standing

TODAY, LAST = date(2026, 11, 22), date(2030, 1, 1)
ASSET = UUID(int=1)
ONE, OTHER = uuid4(), uuid4()
TWO_OWNERS = (Owner(ONE, "one", Fraction(1, 2)), Owner(OTHER, "other", Fraction(1, 2)))


def weighed(kind: str, office: str = "CN", right: AssetKind = AssetKind.INVENTION, **given: Any) -> Verdict:
    """The verdict on an instrument over a right that ends on the last day."""
    owners, consents = given.pop("owners", ()), given.pop("consents", frozenset())
    standing = Standing(office, right, LegalStatus.IN_FORCE, LAST, owners=owners, co_owner_consents=consents)
    return weigh(Instrument(kind, ASSET, **given), standing, TODAY)


def rules(verdict: Verdict) -> list[str]:
    return [conflict.rule.id for conflict in verdict.conflicts]


@pytest.mark.parametrize("ends_on", [None, date(2032, 1, 1)])
@pytest.mark.parametrize(("office", "rule"), [("CN", "CN-LIC-01"), ("US", "ANY-LIC-01")])
def test_a_licence_that_begins_after_the_right_has_ended_has_no_lawful_form(
    office: str, rule: str, ends_on: date | None
) -> None:
    verdict = weighed("licence", office, begins_on=date(2031, 1, 1), ends_on=ends_on)
    assert rules(verdict) == [rule] and verdict.alternatives == []


def test_a_licence_longer_than_the_right_may_end_with_it() -> None:
    verdict = weighed("licence", ends_on=date(2030, 1, 2))
    assert rules(verdict) == ["CN-LIC-01"]
    assert [(one.change, one.value) for one in verdict.alternatives] == [("ends_on", "2030-01-01")]
    assert weighed("licence", ends_on=LAST).allowed and weighed("licence", begins_on=LAST).allowed
    assert weighed("licence").allowed


def test_a_mark_can_be_renewed_and_so_licensed_beyond_its_present_term() -> None:
    assert weighed("licence", right=AssetKind.TRADEMARK, begins_on=date(2031, 1, 1)).allowed


@pytest.mark.parametrize(("office", "allowed"), [("CN", True), ("SG", False), ("US", True)])
def test_a_co_owner_licenses_plainly_alone_but_not_in_singapore(office: str, allowed: bool) -> None:
    verdict = weighed("licence", office, owners=TWO_OWNERS, grantor_id=ONE)
    assert verdict.allowed is allowed
    assert rules(verdict) == ([] if allowed else ["SG-COO-01"])
    assert weighed("licence", office, owners=TWO_OWNERS, grantor_id=ONE, consents=frozenset({OTHER})).allowed


@pytest.mark.parametrize(("right", "allowed"), [
    (AssetKind.INVENTION, True), (AssetKind.DESIGN, True), (AssetKind.TRADEMARK, False), (AssetKind.SOFTWARE, False),
])  # fmt: skip
def test_only_patents_are_licensed_openly_in_china(right: AssetKind, allowed: bool) -> None:
    verdict = weighed("open_licence", right=right)
    assert verdict.allowed is allowed
    assert rules(verdict) == ([] if allowed else ["ANY-OPN-01"])


@pytest.mark.parametrize(("asset", "allowed"), [
    ({"office": "CN", "kind": "invention"}, False), ({}, False), ({"office": "US", "kind": "invention"}, True),
    ({"office": "CN", "kind": "trademark"}, True),
])  # fmt: skip
def test_a_chinese_patent_is_pledged_once_and_other_rights_in_rank(asset: dict[str, str], allowed: bool) -> None:
    case = {"asset": asset, "existing": [{"kind": "pledge", "begins_on": "2026-01-01"}], "proposed": {"kind": "pledge"}}
    assert [answer["allowed"] for answer in judge_cases(case, TODAY, lambda problem: {})] == [allowed]


def test_a_licence_is_lawful_while_validity_is_attacked() -> None:
    case = {"existing": [{"kind": "invalidation_proceedings"}], "proposed": {"kind": "licence"}}
    assert [answer["allowed"] for answer in judge_cases(case, TODAY, lambda problem: {})] == [True]


def judged(case: dict[str, Any], on: date = TODAY) -> dict[str, Any]:
    """The one answer to a stated case."""
    answers = judge_cases(case, on, lambda problem: {"error": problem.code, "errors": str(problem)})
    assert len(answers) == 1
    return answers[0]


def named(answer: dict[str, Any]) -> list[str]:
    return [conflict["rule"] for conflict in answer["conflicts"]]


PATENT = {"office": "CN", "kind": "invention", "expires_on": "2030-01-01"}


@pytest.mark.parametrize(("on", "asset", "kind", "rule"), [
    ("2026-11-23", PATENT | {"status": "pending"}, "pledge", "CN-REF-03"),
    ("2020-06-01", PATENT | {"status": "pending"}, "pledge", "CN-PLG-01"),
    ("2005-06-01", PATENT | {"status": "pending"}, "pledge", "ANY-STA-01"),
    ("2026-11-23", {"office": "US", "kind": "invention", "status": "lapsed"}, "licence", "ANY-STA-01"),
    ("2026-11-23", {"office": "CN", "kind": "trademark", "status": "lapsed"}, "transfer", "CN-STA-01"),
    ("2026-11-23", PATENT | {"fees": "late"}, "pledge", "CN-REF-04"),
    ("2026-11-23", PATENT | {"fees": "late"}, "open_licence", "CN-OPN-02"),
    ("2026-11-23", {"office": "CN", "kind": "trademark"}, "open_licence", "ANY-OPN-01"),
    ("2020-11-23", PATENT, "open_licence", "ANY-OPN-01"),
])  # fmt: skip
def test_each_right_is_judged_by_the_law_of_its_office_and_day(
    on: str, asset: dict[str, Any], kind: str, rule: str
) -> None:
    assert named(judged({"on": on, "asset": asset, "existing": [], "proposed": {"kind": kind}})) == [rule]


@pytest.mark.parametrize(("office", "kind", "rule"), [
    ("CN", "invention", "CN-PLG-03"), ("CN", "trademark", "CN-PLG-03"), ("US", "invention", "ANY-PLG-01"),
])  # fmt: skip
def test_a_pledged_right_is_licensed_with_the_creditors_consent_only(office: str, kind: str, rule: str) -> None:
    pledge = {"kind": "pledge", "id": "P1", "begins_on": "2026-01-01"}
    case = {"asset": {"office": office, "kind": kind}, "existing": [pledge], "proposed": {"kind": "licence"}}
    answer = judged(case)
    assert named(answer) == [rule]
    assert answer["alternatives"] == [{"change": "consent_of_pledgee", "value": "P1"}]
    case["proposed"] = {"kind": "licence", "pledgee_consents": ["P1"]}
    assert judged(case)["allowed"]


def test_an_alternative_says_everything_it_needs_and_none_is_offered_past_what_nothing_cures() -> None:
    pledge = {"kind": "pledge", "id": "P1", "begins_on": "2026-01-01"}
    exclusive = {
        "kind": "licence",
        "exclusivity": "exclusive",
        "id": "L1",
        "fields": ["H04L"],
        "begins_on": "2026-01-01",
    }
    proposed = {"kind": "licence", "exclusivity": "sole", "fields": ["H04"], "ends_on": "2031-01-01"}
    case = {"asset": PATENT, "existing": [pledge, exclusive], "proposed": proposed}
    answer = judged(case)
    assert named(answer) == ["CN-PLG-03", "CN-LIC-01", "CN-LIC-03"]
    needs = [{"change": "ends_on", "value": "2030-01-01"}, {"change": "consent_of_pledgee", "value": "P1"}]
    assert answer["alternatives"] == [{"change": "fields", "value": "H04 except H04L", "needs": needs}]
    ways = {"fields": ["H04 except H04L"], "ends_on": "2030-01-01", "pledgee_consents": ["P1"]}
    assert judged(case | {"proposed": proposed | ways})["allowed"]
    case["existing"] = [pledge, exclusive, {"kind": "preservation", "begins_on": "2026-01-01", "ends_on": "2026-12-31"}]
    assert judged(case)["alternatives"] == []


def test_a_co_owner_alone_is_shown_the_plain_licence_it_may_grant() -> None:
    asset = PATENT | {"owners": ["甲公司", "乙公司"]}
    proposed = {"kind": "licence", "exclusivity": "exclusive", "grantor": "甲公司"}
    answer = judged({"asset": asset, "existing": [], "proposed": proposed})
    assert named(answer) == ["CN-TRF-03"]
    assert [one["change"] for one in answer["alternatives"]] == ["consent_of_co_owners", "non_exclusive"]
    stranger = judged({"asset": asset, "existing": [], "proposed": proposed | {"grantor": "丙公司"}})
    assert (named(stranger), stranger["alternatives"]) == (["ANY-OWN-01"], [])
    agreed = proposed | {"co_owner_consents": ["乙公司"]}
    assert judged({"asset": asset, "existing": [], "proposed": agreed})["allowed"]


@pytest.mark.parametrize(("changes", "ways"), [
    ({}, None),
    ({"territory": ["DE", "US"]}, [{"change": "territory", "value": "DE"}]),
    ({"fields": ["H04"]}, [{"change": "fields", "value": "H04L"}]),
    ({"ends_on": "2029-01-01"}, [{"change": "ends_on", "value": "2028-01-01"}]),
    ({"exclusivity": "exclusive"}, [{"change": "non_exclusive", "value": ""}]),
    ({"territory": ["US"]}, []),
    ({"under": "L9"}, []),
    ({"grantor": "somebody"}, []),
])  # fmt: skip
def test_a_sub_licence_is_weighed_against_the_licence_it_rests_on(changes: dict[str, Any], ways: Any) -> None:
    parent = {
        "kind": "licence", "id": "L1", "exclusivity": "exclusive", "territory": ["DE", "FR"], "fields": ["H04L"],
        "begins_on": "2026-01-01", "ends_on": "2028-01-01", "holder": "licensee", "may_sub_license": True,
    }  # fmt: skip
    sub = {"kind": "sub_licence", "under": "L1", "grantor": "licensee", "territory": ["DE"], "fields": ["H04L9"]}
    answer = judged({"existing": [parent], "proposed": sub | changes})
    assert answer["allowed"] is (ways is None)
    assert answer["alternatives"] == (ways or [])
    if ways is not None:
        assert named(answer) == ["ANY-SUB-01"]


def test_a_sub_licence_needs_the_licensors_agreement() -> None:
    parent = {"kind": "licence", "id": "L1", "begins_on": "2026-01-01"}
    answer = judged({"existing": [parent], "proposed": {"kind": "sub_licence", "under": "L1"}})
    assert answer["alternatives"] == [{"change": "consent_of_licensor", "value": "L1"}]


def minded(answer: dict[str, Any]) -> set[str]:
    return {rule["rule"] for rule in answer["warnings"]}


def test_the_parties_are_told_what_the_law_of_their_act_asks_and_nothing_of_other_acts() -> None:
    licence = {"kind": "licence", "begins_on": "2026-01-01"}
    attack = {"kind": "invalidation_proceedings", "begins_on": "2026-01-01"}
    sale: dict[str, Any] = {"asset": PATENT, "existing": [licence, attack], "proposed": {"kind": "transfer"}}
    assert {"CN-TRF-01", "CN-TRF-02", "CN-TRF-07", "CN-TRF-10", "CN-EXP-01"} <= minded(judged(sale))
    assert not {"ANY-TRF-01", "ANY-INV-01", "CN-TRF-04", "CN-LIC-07"} & minded(judged(sale))
    sale["proposed"] = {"kind": "transfer", "grantee_country": "CN"}
    assert "CN-EXP-01" not in minded(judged(sale))
    pledge = {"asset": PATENT, "existing": [attack], "proposed": {"kind": "pledge"}}
    assert judged(pledge)["allowed"] and {"CN-PLG-02", "CN-REF-11"} <= minded(judged(pledge))
    mark = {"asset": {"office": "CN", "kind": "trademark"}, "existing": [], "proposed": {"kind": "transfer"}}
    assert {"CN-TRF-04"} <= minded(judged(mark)) and "CN-TRF-01" not in minded(judged(mark))
    later = [one for one in judged(mark, date(2027, 2, 1))["warnings"] if one["rule"] == "CN-TRF-04"]
    assert len(later) == 1 and "not verified" in later[0]["law"]
