"""The law weighed over stated facts: the term of the right, co-owners by country, what can be licensed openly."""

from datetime import date
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid4

import pytest

from marketplace.registry.assets import AssetKind, LegalStatus
from marketplace.registry.instrument_cases import judge_cases
from marketplace.registry.ownership import Owner
from marketplace.registry.weighing import Instrument, Standing, Verdict, weigh

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
    assert rules(verdict) == ([] if allowed else ["CN-OPN-01"])


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
