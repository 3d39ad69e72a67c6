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
TABLE = """office,kind,number,kind_code,application_number,application_date,publication_date,grant_date,status,title_zh,owners
CN,invention,919000001,B,2021190000011,2021-01-05,2023-01-06,2023-01-06,in_force,虚构阀门,{owner}
CN,invention,919000002,B,2021190000022,2021-13-05,2023-01-06,2023-01-06,in_force,虚构水泵,{owner}
CN,invention,919000003,B,2021190000033,2021-01-05,2023-01-06,2023-01-06,in_force,虚构支架,某某公司
"""


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


def upload(client: FlaskClient, content: str, name: str = "rights.csv", path: str = "/assets/import") -> Any:
    data = {"file": (io.BytesIO(content.encode()), name), "format": "auto"}
    return client.post(path, data=data, headers=key(), content_type="multipart/form-data")


def test_a_holder_imports_a_file_in_three_steps(client: FlaskClient, sign_in: Any, run_jobs: Any, db: Any) -> None:
    holder = make_organisation(name_zh="虚构持有人有限公司")
    actor = make_actor(holder)
    sign_in(client, actor)
    assert "第一步" in client.get("/assets/import?lang=zh").text
    answer = upload(client, TABLE.format(owner="虚构持有人有限公司"))
    assert answer.status_code == 303
    place = answer.headers["Location"]
    run_jobs()
    report = client.get(place + "?lang=en").text
    assert "This is not a day of the calendar." in report
    assert "Step 2 of 3" in report
    assert "还没有权利" in client.get("/assets?lang=zh").text
    errors = client.get(place + "/errors.csv?lang=en").text
    assert "rights.csv,2,application_date,bad_date,This is not a day of the calendar.,2021-13-05" in errors
    assert client.post(place + "/confirmation", headers=key()).status_code == 303
    run_jobs()
    assert "Step 3 of 3" in client.get(place + "?lang=en").text
    mine = client.get("/assets").text
    assert "虚构阀门" in mine
    assert "虚构支架" not in mine


def test_the_same_file_by_the_api(client: FlaskClient, sign_in: Any, run_jobs: Any, db: Any) -> None:
    actor = make_actor(make_organisation(name_zh="虚构接口有限公司"))
    sign_in(client, actor)
    made = upload(client, TABLE.format(owner="虚构接口有限公司"), path="/api/v1/imports")
    assert made.status_code == 201
    run_jobs()
    address = f"/api/v1/imports/{made.json['id']}"
    shown = client.get(address).json
    assert (shown["status"], shown["report"]["created"], shown["report"]["rejected_count"]) == ("checked", 2, 1)
    assert client.post(address + "/confirmation", json={}, headers=key()).status_code == 200
    run_jobs()
    assert client.get(address).json["claimed"] == 1
    assert [asset["titles"]["zh"] for asset in client.get("/api/v1/assets").json] == ["虚构阀门"]


def test_nobody_retells_the_right_of_another(client: FlaskClient, sign_in: Any, run_jobs: Any, db: Any) -> None:
    table = TABLE.format(owner="虚构先到有限公司")
    for name in ("虚构先到有限公司", "虚构后到有限公司"):
        sign_in(client, make_actor(make_organisation(name_zh=name)))
        place = upload(client, table.replace("in_force", "lapsed") if name == "虚构后到有限公司" else table).headers[
            "Location"
        ]
        run_jobs()
        if name == "虚构先到有限公司":
            client.post(place + "/confirmation", headers=key())
            run_jobs()
    assert "is not yours" in client.get(place + "?lang=en").text


def test_a_hostile_file_is_refused_with_its_reason(client: FlaskClient, sign_in: Any, run_jobs: Any, db: Any) -> None:
    sign_in(client, make_actor())
    bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    place = upload(client, bomb, "x.xml").headers["Location"]
    run_jobs()
    assert "declares entities" in client.get(place + "?lang=en").text


def test_an_empty_upload_is_malformed(client: FlaskClient, sign_in: Any, db: Any) -> None:
    sign_in(client, make_actor())
    assert upload(client, " ").status_code == 422
    assert client.post("/api/v1/imports", data={"format": "auto"}, headers=key()).status_code == 422


def test_another_organisation_sees_no_import(client: FlaskClient, sign_in: Any, db: Any) -> None:
    sign_in(client, make_actor())
    place = upload(client, TABLE.format(owner="某")).headers["Location"]
    sign_in(client, make_actor())
    assert client.get(place).status_code == 404
    assert client.post(place + "/confirmation", headers=key()).status_code == 404


@pytest.mark.parametrize("path", ["/assets", "/assets/import", "/api/v1/assets"])
def test_nobody_signed_in_is_asked_to_sign_in(client: FlaskClient, db: Any, path: str) -> None:
    assert client.get(path).status_code in (302, 401)


def test_an_unapproved_organisation_imports_nothing(client: FlaskClient, sign_in: Any, db: Any) -> None:
    from marketplace.identity.organisations import OrganisationStatus

    sign_in(client, make_actor(make_organisation(status=OrganisationStatus.SUBMITTED)))
    assert upload(client, TABLE.format(owner="某"), path="/api/v1/imports").status_code == 403


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
