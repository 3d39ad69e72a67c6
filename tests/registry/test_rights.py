"""What the law and earlier grants allow, and what PostgreSQL refuses by itself."""

import random
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from flask_babel import force_locale
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from marketplace.core.actor import SYSTEM
from marketplace.registry import rights
from marketplace.registry.assets import LegalStatus
from marketplace.registry.consents import record_asset_consent, record_consent
from marketplace.registry.encumbrances import EncumbranceKind, encumber, lift_encumbrance, open_encumbrances
from marketplace.registry.ownership import transfer_ownership
from marketplace.registry.rights import Instrument, check_instrument, grant_licence, require_allowed
from marketplace.registry.rules import LegalRefusal
from tests.makers.identity import make_actor, make_organisation
from tests.makers.registry import make_asset, make_owners
from tests.registry.test_conflicts import random_field

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = NOW.date()


def pledge(asset: Any, bank: Any, **changes: Any) -> Any:
    terms: dict[str, Any] = {"begins_on": TODAY, "ends_on": date(2028, 1, 1)} | changes
    return encumber(SYSTEM, asset.id, "pledge", bank.id, reference="Y2026", now=NOW, **terms)


def licence(asset: Any, owner: Any, exclusivity: str, **changes: Any) -> Instrument:
    terms: dict[str, Any] = {"begins_on": TODAY, "ends_on": date(2028, 1, 1), "grantor_id": owner.id} | changes
    return Instrument("licence", asset.id, exclusivity=exclusivity, **terms)


def rules(verdict: Any) -> list[str]:
    return [conflict.rule.id for conflict in verdict.conflicts]


def test_a_pledged_patent_is_not_transferred_without_the_pledgee_and_the_refusal_names_article_444(db: Any) -> None:
    owner, bank, buyer = make_organisation(), make_organisation("bank"), make_organisation()
    asset = make_asset(owner)
    pledge(asset, bank)
    with pytest.raises(LegalRefusal) as refused:
        transfer_ownership(SYSTEM, asset.id, owner.id, buyer.id, Fraction(1), "sale", NOW)
    with force_locale("en"):
        assert "Civil Code art. 444" in refused.value.detail
    with force_locale("zh"):
        assert "《民法典》第四百四十四条" in refused.value.detail


def test_with_the_pledgees_recorded_consent_the_transfer_goes_through(db: Any) -> None:
    owner, bank, buyer = make_organisation(), make_organisation("bank"), make_organisation()
    asset = make_asset(owner)
    burden = pledge(asset, bank)
    record_consent(make_actor(bank), burden.id, "transfer", None, NOW)
    assert check_instrument(Instrument("transfer", asset.id, owner.id, buyer.id), TODAY).allowed
    transfer_ownership(SYSTEM, asset.id, owner.id, buyer.id, Fraction(1), "sale", NOW)


def test_only_one_live_pledge_on_a_chinese_patent(db: Any) -> None:
    asset, bank = make_asset(make_organisation()), make_organisation("bank")
    first = pledge(asset, bank)
    with pytest.raises(LegalRefusal, match="legal_refusal"):
        pledge(asset, bank)
    lift_encumbrance(SYSTEM, first.id, NOW)
    assert pledge(asset, bank).rank == 1


def test_elsewhere_pledges_take_ranks(db: Any) -> None:
    asset, bank = make_asset(make_organisation(), office="US"), make_organisation("bank")
    assert [pledge(asset, bank).rank, pledge(asset, bank).rank] == [1, 2]


def test_a_debt_that_outlives_the_patent_is_refused(db: Any) -> None:
    asset, bank = make_asset(make_organisation()), make_organisation("bank")
    with pytest.raises(LegalRefusal) as refused:
        pledge(asset, bank, ends_on=date(2050, 1, 1))
    assert refused.value.rule.id == "CN-REF-06"


def test_an_exclusive_licence_excludes_any_other_where_they_meet(db: Any) -> None:
    owner, licensee = make_organisation(), make_organisation()
    asset = make_asset(owner)
    grant_licence(SYSTEM, licence(asset, owner, "exclusive", grantee_id=licensee.id, fields=("H04L",)), "L1", NOW)
    refused = check_instrument(licence(asset, owner, "non_exclusive", fields=("H04L9/32",)), TODAY)
    assert rules(refused) == ["CN-LIC-03"]
    assert check_instrument(licence(asset, owner, "exclusive", fields=("A61K",)), TODAY).allowed


def test_the_narrowest_lawful_alternative_is_offered(db: Any) -> None:
    owner = make_organisation()
    asset = make_asset(owner, office="EP")
    grant_licence(SYSTEM, licence(asset, owner, "exclusive", territory=("DE",)), "L1", NOW)
    verdict = check_instrument(licence(asset, owner, "exclusive", territory=("DE", "FR")), TODAY)
    assert ("territory", "FR") in [(item.change, item.value) for item in verdict.alternatives]


def test_an_exclusive_licence_subject_to_an_earlier_plain_one_is_lawful(db: Any) -> None:
    owner = make_organisation()
    asset = make_asset(owner)
    grant_licence(SYSTEM, licence(asset, owner, "non_exclusive"), "L1", NOW)
    assert not check_instrument(licence(asset, owner, "exclusive"), TODAY).allowed
    assert check_instrument(licence(asset, owner, "exclusive", subject_to_earlier=True), TODAY).allowed


def test_while_an_open_licence_stands_nothing_exclusive_is_granted(db: Any) -> None:
    owner = make_organisation()
    asset = make_asset(owner)
    grant_licence(SYSTEM, Instrument("open_licence", asset.id, owner.id, ends_on=date(2030, 1, 1)), "O1", NOW)
    assert rules(check_instrument(licence(asset, owner, "sole"), TODAY)) == ["CN-OPN-03"]
    assert check_instrument(licence(asset, owner, "non_exclusive"), TODAY).allowed


def test_a_co_owner_licenses_plainly_alone_but_not_exclusively(db: Any) -> None:
    one, other = make_organisation(), make_organisation()
    asset = make_asset()
    make_owners(asset, (one, Fraction(1, 2)), (other, Fraction(1, 2)))
    assert check_instrument(licence(asset, one, "non_exclusive"), TODAY).allowed
    assert rules(check_instrument(licence(asset, one, "exclusive"), TODAY)) == ["CN-TRF-03"]
    record_asset_consent(make_actor(other), asset.id, "co_owner", "licence", None, NOW)
    assert check_instrument(licence(asset, one, "exclusive"), TODAY).allowed


@pytest.mark.parametrize("status", ["lapsed", "expired", "invalidated", "refused", "withdrawn"])
@pytest.mark.parametrize("kind", ["listing", "licence", "pledge", "transfer"])
def test_a_dead_right_is_not_disposed_of(db: Any, status: str, kind: str) -> None:
    asset = make_asset(make_organisation(), status=LegalStatus(status))
    assert "CN-STA-01" in rules(check_instrument(Instrument(kind, asset.id), TODAY))


def test_a_preserved_right_is_not_disposed_of_until_the_order_ends(db: Any) -> None:
    asset = make_asset(make_organisation())
    encumber(SYSTEM, asset.id, EncumbranceKind.PRESERVATION, None, TODAY, date(2027, 5, 1), "court", NOW)
    assert not check_instrument(Instrument("listing", asset.id), TODAY).allowed
    assert check_instrument(Instrument("listing", asset.id), date(2027, 5, 2)).allowed
    assert open_encumbrances(asset.id, date(2027, 5, 2)) == []


def test_a_stranger_grants_nothing(db: Any) -> None:
    asset = make_asset(make_organisation())
    with pytest.raises(LegalRefusal) as refused:
        require_allowed(licence(asset, make_organisation(), "non_exclusive"), TODAY)
    assert refused.value.rule.id == "ANY-OWN-01"


def test_postgresql_itself_keeps_exclusive_licences_apart(db: Any) -> None:
    owner = make_organisation()
    asset = make_asset(owner)
    first = grant_licence(SYSTEM, licence(asset, owner, "exclusive", fields=("H04L",)), "L1", NOW)
    copy = text(
        "INSERT INTO licence_cells (id, encumbrance_id, asset_id, country, field_from, field_to, begins_on, ends_on, "
        "lane_from, lane_to) SELECT gen_random_uuid(), encumbrance_id, asset_id, country, 'H04L9/', 'H04L9/~', "
        "begins_on, ends_on, 77, 78 FROM licence_cells WHERE encumbrance_id = :id"
    )
    with pytest.raises(IntegrityError, match="ex_licence_cells_no_conflict"), db.begin_nested():
        db.execute(copy, {"id": first.id})


def test_a_lifted_exclusive_licence_leaves_room_for_another(db: Any) -> None:
    owner = make_organisation()
    asset = make_asset(owner)
    first = grant_licence(SYSTEM, licence(asset, owner, "exclusive"), "L1", NOW)
    lift_encumbrance(SYSTEM, first.id, NOW)
    assert grant_licence(SYSTEM, licence(asset, owner, "exclusive"), "L2", NOW).reference == "L2"


def test_what_burdened_the_asset_on_a_past_day_is_still_told_after_it_was_lifted(db: Any) -> None:
    asset, bank = make_asset(make_organisation()), make_organisation("bank")
    burden = pledge(asset, bank, begins_on=date(2026, 1, 1))
    lift_encumbrance(SYSTEM, burden.id, NOW)
    assert [row.id for row in open_encumbrances(asset.id, date(2026, 6, 1))] == [burden.id]
    assert open_encumbrances(asset.id, TODAY) == []


def test_postgresql_refuses_exactly_what_the_algebra_refuses(db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(20261123)
    owner, licensee = make_organisation(), make_organisation()

    def proposal(asset: Any) -> Instrument:
        begins = TODAY + timedelta(days=dice.randrange(6))
        return Instrument(
            "licence", asset.id, owner.id, licensee.id, tuple(dice.sample(["DE", "FR", "EU", "GB"], dice.randint(1, 2))),
            tuple(random_field(dice) for _n in range(dice.randint(1, 2))), begins,
            dice.choice([None, begins + timedelta(days=dice.randrange(6))]),
            dice.choice(["exclusive", "sole", "non_exclusive"]), dice.random() < 0.3,
        )  # fmt: skip

    asset, refused = make_asset(owner, office="EP", expires_on=None), 0
    for number in range(60):
        if number % 4 == 0:
            asset = make_asset(owner, office="EP", expires_on=None)
        wanted = proposal(asset)
        allowed = check_instrument(wanted, TODAY).allowed
        with monkeypatch.context() as unguarded:
            unguarded.setattr(rights, "require_allowed", lambda _instrument, _on: None)
            try:
                with db.begin_nested():
                    grant_licence(SYSTEM, wanted, f"L{number}", NOW)
                entered = True
            except IntegrityError as error:
                assert "ex_licence_cells_no_conflict" in str(error)
                entered, refused = False, refused + 1
        assert entered is allowed, wanted
    assert 10 < refused < 50


def test_a_later_licence_does_not_slip_under_an_exclusive_one_that_yields_to_earlier_ones(db: Any) -> None:
    owner = make_organisation()
    asset = make_asset(owner)
    grant_licence(SYSTEM, licence(asset, owner, "non_exclusive"), "L1", NOW)
    grant_licence(SYSTEM, licence(asset, owner, "exclusive", subject_to_earlier=True), "L2", NOW)
    with pytest.raises(LegalRefusal):
        grant_licence(SYSTEM, licence(asset, owner, "non_exclusive"), "L3", NOW)
    lanes = db.execute(
        text("SELECT lane_from, lane_to FROM licence_cells WHERE asset_id = :id"), {"id": asset.id}
    ).all()
    (first, first_end), (second, second_end) = sorted(lanes)
    assert first_end == first + 1 <= second and second_end is None
