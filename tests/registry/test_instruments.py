"""Instruments live on: passed, amended, renewed, sub-licensed, crossed, released; past days keep their answer."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient

from marketplace.core.actor import SYSTEM
from marketplace.core.errors import NotAllowed
from marketplace.registry.encumbrances import AlreadyLifted, Encumbrance, encumber, lift_encumbrance, open_encumbrances
from marketplace.registry.instruments import (
    OnlyLicencesCross,
    RenewalTooLate,
    amend_encumbrance,
    cross_license,
    pass_encumbrance,
    renew_preservation,
    sub_license,
)
from marketplace.registry.rights import Instrument, grant_licence
from marketplace.registry.rules import LegalRefusal
from tests.makers.identity import make_actor, make_organisation
from tests.makers.registry import make_asset

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = NOW.date()


def pledge(asset_id: UUID, **changes: Any) -> Encumbrance:
    bank = make_organisation(kind="bank")
    return encumber(SYSTEM, asset_id, "pledge", bank.id, date(2026, 1, 5), date(2028, 1, 4), "Y2026", NOW, **changes)


def holders(asset_id: UUID, on: date, known_at: datetime | None = None) -> list[tuple[str, int | None]]:
    return [(row.holder_name, row.rank) for row in open_encumbrances(asset_id, on, known_at)]


def test_a_pledge_passes_in_its_rank_and_the_past_keeps_its_pledgee(db: Any) -> None:
    asset = make_asset(make_organisation(), office="US")
    first, second = pledge(asset.id, holder_name="甲行"), pledge(asset.id, holder_name="乙行")
    later = NOW + timedelta(days=30)
    passed = pass_encumbrance(SYSTEM, first.id, None, "丙行", later.date(), "transfer 1", later)
    assert (passed.rank, passed.follows_id) == (1, first.id)
    assert holders(asset.id, later.date()) == [("丙行", 1), (second.holder_name, 2)]
    assert holders(asset.id, TODAY) == [("甲行", 1), ("乙行", 2)]
    assert holders(asset.id, later.date(), known_at=NOW) == [("甲行", 1), ("乙行", 2)]
    with pytest.raises(AlreadyLifted):
        pass_encumbrance(SYSTEM, first.id, None, "丁行", later.date(), "again", later)


def test_an_amended_pledge_never_outlives_the_right(db: Any) -> None:
    asset = make_asset(make_organisation())
    old = pledge(asset.id)
    new = amend_encumbrance(SYSTEM, old.id, TODAY, "amendment 1", NOW, ends_on=date(2030, 1, 1))
    assert (new.ends_on, new.rank, old.lifted_on) == (date(2030, 1, 1), 1, TODAY)
    with pytest.raises(LegalRefusal):
        amend_encumbrance(SYSTEM, new.id, TODAY, "amendment 2", NOW, ends_on=date(2050, 1, 1))


def test_a_court_order_is_renewed_before_it_ends_or_not_at_all(db: Any) -> None:
    asset = make_asset(make_organisation())
    order = encumber(SYSTEM, asset.id, "preservation", None, date(2026, 7, 1), date(2026, 12, 31), "order 1", NOW)
    renewed = renew_preservation(SYSTEM, order.id, date(2027, 6, 30), "order 2", NOW)
    assert (renewed.begins_on, renewed.follows_id) == (date(2027, 1, 1), order.id)
    with pytest.raises(RenewalTooLate):
        renew_preservation(SYSTEM, order.id, date(2028, 1, 1), "order 3", NOW + timedelta(days=60))


def licensed(db: Any, **terms: Any) -> tuple[Any, Any, Encumbrance]:
    owner, licensee = make_organisation(), make_organisation()
    asset = make_asset(owner)
    instrument = Instrument(
        "licence", asset.id, owner.id, licensee.id, ("CN",), (), TODAY, date(2030, 1, 1), "exclusive"
    )
    return owner, licensee, grant_licence(SYSTEM, instrument, "L1", NOW, terms=terms)


def test_a_sub_licence_lies_within_the_licence_and_ends_with_it(db: Any) -> None:
    _owner, licensee, licence = licensed(db, may_sub_license=True)
    actor, third = make_actor(licensee), make_organisation()
    narrow = Instrument("licence", licence.asset_id, grantee_id=third.id, ends_on=date(2029, 1, 1))
    below = sub_license(actor, licence.id, narrow, "S1", NOW)
    assert (below.kind.value, below.parent_id, below.grantor_id) == ("non_exclusive_licence", licence.id, licensee.id)
    wide = Instrument("licence", licence.asset_id, grantee_id=third.id, ends_on=date(2031, 1, 1))
    with pytest.raises(LegalRefusal) as refused:
        sub_license(actor, licence.id, wide, "S2", NOW)
    assert refused.value.rule.id == "ANY-SUB-01"
    assert refused.value.params["alternatives"] == [{"change": "ends_on", "value": "2030-01-01"}]
    with pytest.raises(NotAllowed):
        sub_license(make_actor(third), licence.id, narrow, "S3", NOW)
    lift_encumbrance(SYSTEM, licence.id, NOW)
    assert open_encumbrances(licence.asset_id, TODAY) == []


def test_without_the_licensors_agreement_nothing_is_sub_licensed(db: Any) -> None:
    _owner, licensee, licence = licensed(db)
    with pytest.raises(LegalRefusal) as refused:
        sub_license(make_actor(licensee), licence.id, Instrument("licence", licence.asset_id), "S1", NOW)
    assert refused.value.rule.id == "ANY-SUB-01"
    assert [one["change"] for one in refused.value.params["alternatives"]] == ["consent_of_licensor"]


def test_a_cross_licence_is_two_licences_that_name_each_other(db: Any) -> None:
    one, other = make_organisation(), make_organisation()
    first = Instrument("licence", make_asset(one).id, one.id, other.id, ends_on=date(2030, 1, 1))
    second = Instrument("licence", make_asset(other).id, other.id, one.id, ends_on=date(2030, 1, 1))
    given, taken = cross_license(SYSTEM, first, second, "X1", NOW)
    assert (taken.counterpart_id, given.holder_id, taken.holder_id) == (given.id, other.id, one.id)
    with pytest.raises(OnlyLicencesCross):
        cross_license(SYSTEM, first, first, "X2", NOW)


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


def test_the_operator_enters_what_an_office_recorded(client: FlaskClient, sign_in: Any, db: Any) -> None:
    asset = make_asset(make_organisation())
    path = f"/api/v1/assets/{asset.id}/encumbrances"
    db.commit()
    body = {"kind": "pledge", "holder_name": "虚构银行", "begins_on": "2026-01-05", "reference": "Y2026"}
    assert client.post(path, json=body, headers=key()).status_code == 401
    sign_in(client, make_actor(make_organisation()))
    assert client.post(path, json=body, headers=key()).status_code == 403
    sign_in(client, make_actor(make_organisation(kind="platform_operator")))
    assert client.post(path, json={**body, "kind": "exclusive_licence"}, headers=key()).status_code == 422
    made = client.post(path, json=body, headers=key())
    assert made.status_code == 201, made.json
    assert made.json["rank"] == 1
    assert client.post(path, json=body, headers=key()).json["code"] == "legal_refusal"
    changes = f"/api/v1/encumbrances/{made.json['id']}/changes"
    change = {"act": "transfer", "on": "2026-06-01", "reference": "PM01", "holder_name": "另一虚构银行"}
    passed = client.post(changes, json=change, headers=key())
    assert (passed.status_code, passed.json["holder_name"]) == (201, "另一虚构银行")
    again = client.post(changes, json=change, headers=key())
    assert (again.status_code, again.json["code"]) == (409, "already_lifted")
    released = f"/api/v1/encumbrances/{passed.json['id']}/changes"
    answer = client.post(released, json={"act": "release", "on": "2026-09-01", "reference": "PC01"}, headers=key())
    assert answer.json["lifted_on"] == "2026-09-01"
    shown = client.get(f"/api/v1/assets/{asset.id}").json["encumbrances"]
    assert shown == []
