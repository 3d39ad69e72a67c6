"""Each of the twelve grounds stands alone and yields when its cause is gone."""

from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any
from uuid import uuid4

import pytest

from marketplace.core.actor import SYSTEM
from marketplace.registry.assets import AssetKind, LegalStatus
from marketplace.registry.encumbrances import Encumbrance, EncumbranceKind, encumber
from marketplace.registry.fees import FeeState
from marketplace.registry.ownership import Owner
from marketplace.registry.pledge_grounds import PledgeProposal, check_pledge_registration, weigh_pledge
from tests.makers.identity import make_organisation
from tests.makers.registry import make_asset

ON = date(2026, 11, 22)
PLEDGOR = uuid4()


def asset(**changes: Any) -> Any:
    from marketplace.registry.assets import Asset

    fields: dict[str, Any] = {
        "office": "CN", "kind": AssetKind.INVENTION, "number": "1", "status": LegalStatus.IN_FORCE,
        "expires_on": date(2041, 3, 1), "titles": {"zh": "某装置"}, "facts": {},
    }  # fmt: skip
    return Asset(**(fields | changes))


def proposal(**changes: Any) -> PledgeProposal:
    fine = PledgeProposal(
        asset=asset(),
        owners=(Owner(PLEDGOR, "出质人", Fraction(1)),),
        burdens=(),
        pledgor_id=PLEDGOR,
        debt_ends_on=date(2029, 1, 1),
        on=ON,
    )
    return replace(fine, **changes)


def burden(kind: EncumbranceKind) -> Encumbrance:
    pledged_once = kind is EncumbranceKind.PLEDGE
    return Encumbrance(kind=kind, begins_on=date(2026, 1, 1), ends_on=None, reference="B1", single_pledge=pledged_once)


CO_OWNERS = (Owner(PLEDGOR, "出质人", Fraction(1, 2)), Owner(uuid4(), "共有人", Fraction(1, 2)))
CASES: list[tuple[str, dict[str, Any]]] = [
    ("CN-REF-01", {"pledgor_id": uuid4(), "agreed_without_consent": True}),
    ("CN-REF-02", {"asset": asset(status=LegalStatus.LAPSED)}),
    ("CN-REF-02", {"asset": asset(status=LegalStatus.INVALIDATED)}),
    ("CN-REF-03", {"asset": asset(status=LegalStatus.PENDING)}),
    ("CN-REF-04", {"fees": FeeState.LATE}),
    ("CN-REF-05", {"burdens": (burden(EncumbranceKind.PRESERVATION),)}),
    ("CN-REF-05", {"burdens": (burden(EncumbranceKind.OWNERSHIP_DISPUTE),)}),
    ("CN-REF-06", {"debt_ends_on": date(2041, 3, 2)}),
    ("CN-REF-07", {"contract_content": frozenset({"parties"})}),
    ("CN-REF-08", {"owners": CO_OWNERS}),
    ("CN-REF-09", {"burdens": (burden(EncumbranceKind.PLEDGE),)}),
    ("CN-REF-10", {"same_day_twin": "CN 1 U"}),
    ("CN-REF-11", {"burdens": (burden(EncumbranceKind.INVALIDATION_PROCEEDINGS),)}),
    ("CN-REF-12", {"asset": asset(status=LegalStatus.UNKNOWN)}),
]


@pytest.mark.parametrize(("rule", "changes"), CASES)
def test_each_ground_alone_stands_against_the_registration(rule: str, changes: dict[str, Any]) -> None:
    assert [finding.code for finding in weigh_pledge(proposal(**changes))] == [rule]


def test_nothing_stands_against_a_sound_pledge() -> None:
    assert weigh_pledge(proposal()) == []


@pytest.mark.parametrize("rule", ["CN-REF-10", "CN-REF-11"])
def test_informed_parties_may_waive_these_two_grounds_only(rule: str) -> None:
    changes = dict(CASES)[rule]
    assert weigh_pledge(proposal(**changes))[0].waivable
    assert weigh_pledge(proposal(**changes, waived=frozenset({rule}))) == []


def test_a_blocking_ground_is_not_waived_by_naming_it() -> None:
    assert weigh_pledge(proposal(fees=FeeState.LATE, waived=frozenset({"CN-REF-04"})))


def test_a_co_owner_who_agreed_no_longer_stands_against_it() -> None:
    other = CO_OWNERS[1].organisation_id
    assert other is not None
    assert weigh_pledge(proposal(owners=CO_OWNERS, consenting=frozenset({other}))) == []


def test_the_register_is_asked_for_a_real_asset(db: Any) -> None:
    owner, bank = make_organisation(), make_organisation("bank")
    patent = make_asset(owner)
    assert check_pledge_registration(patent.id, owner.id, date(2029, 1, 1), ON) == []
    now = datetime(2026, 11, 22, tzinfo=UTC)
    encumber(SYSTEM, patent.id, "pledge", bank.id, ON, date(2028, 1, 1), "Y1", now)
    assert [f.code for f in check_pledge_registration(patent.id, owner.id, date(2029, 1, 1), ON)] == ["CN-REF-09"]


def test_a_foreign_right_is_weighed_by_the_general_rules(db: Any) -> None:
    owner = make_organisation()
    patent = make_asset(owner, office="US")
    assert check_pledge_registration(patent.id, owner.id, date(2029, 1, 1), ON) == []
    late = check_pledge_registration(patent.id, owner.id, date(2050, 1, 1), ON)
    assert [finding.code for finding in late] == ["ANY-LIC-01"]


def test_a_utility_model_filed_the_same_day_is_found(db: Any) -> None:
    owner = make_organisation()
    patent = make_asset(owner, titles={"zh": "同日装置"})
    make_asset(owner, titles={"zh": "同日装置"}, kind=AssetKind.UTILITY_MODEL)
    findings = check_pledge_registration(patent.id, owner.id, date(2029, 1, 1), ON)
    assert [(finding.code, finding.waivable) for finding in findings] == [("CN-REF-10", True)]
