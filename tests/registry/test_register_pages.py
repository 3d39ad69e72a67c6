"""The register over HTTP: anonymous, other organisation, malformed, refused, success."""

import io
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from marketplace.core.actor import SYSTEM
from marketplace.registry.encumbrances import encumber
from marketplace.registry.ownership import owns
from tests.makers.identity import make_actor, make_organisation
from tests.makers.registry import make_asset

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


@pytest.mark.parametrize("path", ["/assets", "/assets/import", "/api/v1/assets"])
def test_nobody_signed_in_is_asked_to_sign_in(client: FlaskClient, db: Any, path: str) -> None:
    assert client.get(path).status_code in (302, 401)


def test_the_asset_page_says_what_may_be_done_and_why_not(client: FlaskClient, sign_in: Any, db: Any) -> None:
    owner, bank = make_organisation(), make_organisation("bank")
    asset = make_asset(owner)
    encumber(SYSTEM, asset.id, "pledge", bank.id, date(2026, 1, 1), date(2028, 1, 1), "Y2026980001", NOW)
    sign_in(client, make_actor(owner))
    english = client.get(f"/assets/{asset.id}?lang=en").text
    assert "Civil Code art. 444" in english
    assert "What can I do with this?" in english
    chinese = client.get(f"/assets/{asset.id}?lang=zh").text
    assert "《民法典》第四百四十四条" in chinese
    assert "Y2026980001" in chinese


def test_the_pledgee_records_its_consent_and_nobody_else_does(client: FlaskClient, sign_in: Any, db: Any) -> None:
    owner, bank = make_organisation(), make_organisation("bank")
    asset = make_asset(owner)
    burden = encumber(SYSTEM, asset.id, "pledge", bank.id, date(2026, 1, 1), date(2028, 1, 1), "Y1", NOW)
    path = f"/api/v1/encumbrances/{burden.id}/consents"
    holder, pledgee = make_actor(owner), make_actor(bank)
    db.commit()
    sign_in(client, holder)
    assert client.post(path, json={"act": "transfer"}, headers=key()).status_code == 403
    sign_in(client, pledgee)
    assert client.post(path, json={"act": "everything"}, headers=key()).status_code == 422
    assert client.post(path, json={"act": "transfer"}, headers=key()).status_code == 201
    assert "Consent recorded" in client.get(f"/assets/{asset.id}?lang=en").text


def test_an_unpublished_application_is_its_owners_alone(client: FlaskClient, sign_in: Any, db: Any) -> None:
    owner = make_organisation()
    asset = make_asset(owner, publication_date=None, grant_date=None, demo=False)
    holder = make_actor(owner)
    db.commit()
    for path in (f"/assets/{asset.id}", f"/api/v1/assets/{asset.id}", f"/api/v1/assets/by-number/{asset.number}"):
        assert client.get(path).status_code == 404
    sign_in(client, holder)
    assert client.get(f"/api/v1/assets/{asset.id}").status_code == 200


def test_a_doubtful_name_waits_for_the_operator(client: FlaskClient, sign_in: Any, db: Any) -> None:
    from fractions import Fraction

    from marketplace.registry.ownership import register_ownership

    asset, claimant = make_asset(), make_organisation()
    register_ownership(SYSTEM, asset.id, [(None, "旧名有限公司", Fraction(1))], "office", NOW)
    sign_in(client, make_actor(claimant))
    made = client.post(f"/api/v1/assets/{asset.id}/claims", json={"reason": "更名"}, headers=key())
    assert (made.status_code, made.json["status"]) == (201, "waiting")
    assert not owns(claimant.id, asset.id)
    assert client.post(f"/api/v1/assets/{asset.id}/claims", json={}, headers=key()).status_code == 409
    decision = f"/api/v1/ownership-claims/{made.json['id']}/decision"
    assert client.post(decision, json={"accept": True}, headers=key()).status_code == 403
    sign_in(client, make_actor(make_organisation("platform_operator")))
    assert "旧名有限公司" in client.get("/claims").text
    assert client.post(decision, json={"accept": True}, headers=key()).json["status"] == "accepted"
    assert owns(claimant.id, asset.id)


def test_a_claim_brings_its_proof_and_the_operator_reads_it(client: FlaskClient, sign_in: Any, db: Any) -> None:
    from fractions import Fraction

    from marketplace.registry.claims import waiting_claims
    from marketplace.registry.ownership import register_ownership

    asset, claimant, stranger = make_asset(), make_organisation(), make_organisation()
    register_ownership(SYSTEM, asset.id, [(None, "旧名有限公司", Fraction(1))], "office", NOW)
    sign_in(client, make_actor(claimant))
    form = {"reason": "更名", "document": (io.BytesIO("更名证明".encode()), "proof.txt")}
    assert client.post(f"/assets/{asset.id}/claim", data=form).status_code == 303
    document = waiting_claims()[-1].document_id
    assert document is not None
    db.commit()
    sign_in(client, make_actor(stranger))
    theirs = {"reason": "", "document_id": str(document)}
    assert client.post(f"/api/v1/assets/{asset.id}/claims", json=theirs, headers=key()).status_code == 404
    sign_in(client, make_actor(make_organisation("platform_operator")))
    assert f"/files/{document}" in client.get("/claims").text
    assert client.get(f"/files/{document}").data.decode() == "更名证明"


def test_an_equal_verified_name_is_linked_at_once(client: FlaskClient, sign_in: Any, db: Any) -> None:
    from fractions import Fraction

    from marketplace.registry.ownership import register_ownership

    asset, claimant = make_asset(), make_organisation(name_en="Imaginary Rotor, Inc.")
    register_ownership(SYSTEM, asset.id, [(None, "IMAGINARY ROTOR INC [US]", Fraction(1))], "office", NOW)
    sign_in(client, make_actor(claimant))
    answer = client.post(f"/assets/{asset.id}/claim", data={"reason": ""}, headers=key())
    assert answer.status_code == 303
    assert owns(claimant.id, asset.id)


def test_a_proposed_instrument_is_weighed_by_the_api(client: FlaskClient, sign_in: Any, db: Any) -> None:
    asset = make_asset(make_organisation())
    path = f"/api/v1/assets/{asset.id}/instrument-checks"
    stranger = make_actor()
    db.commit()
    assert client.post(path, json={"kind": "licence"}).status_code == 401
    sign_in(client, stranger)
    verdict = client.post(path, json={"kind": "licence", "exclusivity": "sole", "ends_on": "2060-01-01"}).json
    assert (verdict["allowed"], verdict["conflicts"][0]["rule"]) == (False, "CN-LIC-01")
    assert client.post(path, json={"kind": "gift"}).status_code == 422


def test_fees_are_unknown_without_evidence(client: FlaskClient, db: Any) -> None:
    asset = make_asset(make_organisation())
    fees = client.get(f"/api/v1/assets/{asset.id}/fees").json
    past = [fee for fee in fees if fee["due_on"] < "2026-01-01"]
    assert past
    assert {fee["state"] for fee in past} == {"unknown"}


def test_the_page_can_be_read_as_of_another_day(client: FlaskClient, db: Any) -> None:
    asset = make_asset(make_organisation())
    assert "2024" in client.get(f"/assets/{asset.id}?as_of=2024-05-01&lang=en").text
    assert client.get(f"/assets/{asset.id}?as_of=yesterday").status_code == 422


def test_a_page_of_another_day_says_nothing_of_what_is_offered_or_valued_today(
    client: FlaskClient, sign_in: Any, db: Any
) -> None:
    owner = make_organisation()
    asset = make_asset(owner)
    sign_in(client, make_actor(owner))
    today, past = (client.get(f"/assets/{asset.id}?lang=en{day}").text for day in ("", "&as_of=2024-05-01"))
    for words in ("What can I do with this?", "Indicate a value"):
        assert words in today
        assert words not in past[past.index("<main") : past.index("</main")]
