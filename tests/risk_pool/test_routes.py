"""The routes of the risk pools: anonymous, another organisation, malformed, refused, and success in both languages."""

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest

from marketplace.core.actor import Actor
from marketplace.documents.files import store_file
from marketplace.risk_pool import claims
from marketplace.risk_pool.claims import ClaimDocumentKind
from tests.makers.identity import make_actor
from tests.makers.risk_pool import NOW, World, make_scheme


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


def fresh(actor: Actor) -> Actor:
    """The same person, signed in just now."""
    return replace(actor, authenticated_at=datetime.now(UTC))


@pytest.fixture
def enrolment(world: World) -> Any:
    return world.enrolled(make_scheme(world, "55"), world.loan())


@pytest.fixture
def claim(world: World, enrolment: Any) -> Any:
    return world.filed(enrolment)


def test_anonymous_visitors_read_published_schemes_and_compute_but_see_no_board(client: Any) -> None:
    assert client.get("/api/v1/risk-pool-schemes").status_code == 200
    assert client.get("/risk-pool/schemes").status_code == 200
    case = {"scheme": "5311", "loss": "3000000"}
    answer = client.post("/api/v1/risk-pool-shares", json={"case": case})
    assert answer.json["compensation"]["fund"] == "1500000.00"
    for path in ("/api/v1/enrolments", "/api/v1/claims", f"/api/v1/claims/{uuid4()}", "/api/v1/risk-pools"):
        assert client.get(path).status_code == 401


def test_a_scheme_file_of_the_server_cannot_be_read_over_the_network(client: Any) -> None:
    answer = client.post("/api/v1/risk-pool-shares", json={"case": {"scheme": "/etc/scheme.json", "loss": "1"}})
    assert answer.status_code == 409


def test_other_organisations_see_nothing(client: Any, sign_in: Any, enrolment: Any, claim: Any) -> None:
    sign_in(client, make_actor(kind="bank"))
    assert client.get("/api/v1/enrolments").json["items"] == []
    assert client.get("/api/v1/claims").json["items"] == []
    assert client.get(f"/api/v1/enrolments/{enrolment.id}").status_code == 404
    assert client.get(f"/api/v1/claims/{claim.id}").status_code == 404
    assert client.get(f"/risk-pool/claims/{claim.id}").status_code == 404
    for step in ("withdrawal", "resubmission"):
        body = {"documents": []} if step == "resubmission" else {}
        assert client.post(f"/api/v1/claims/{claim.id}/{step}", json=body, headers=key()).status_code == 404


def test_a_bank_calling_the_pools_steps_is_not_allowed(
    client: Any, sign_in: Any, world: World, enrolment: Any, claim: Any
) -> None:
    sign_in(client, world.second)
    because = {"reason": "we say so"}
    for path, body in (
        (f"/api/v1/claims/{claim.id}/review", {}),
        (f"/api/v1/claims/{claim.id}/recommendation", because),
        (f"/api/v1/claims/{claim.id}/compensation", {}),
        (f"/api/v1/claims/{claim.id}/rejection", because),
        (f"/api/v1/enrolments/{enrolment.id}/admission", {}),
        (f"/api/v1/enrolments/{enrolment.id}/extension", because),
        (f"/api/v1/risk-pools/{world.pool.id}/replenishments",
         {"amount": {"amount": "1", "currency": "CNY"}, "bank_reference": "X"}),
    ):  # fmt: skip
        assert client.post(path, json=body, headers=key()).status_code == 403


def test_malformed_bodies_are_named_field_by_field(client: Any, sign_in: Any, world: World, enrolment: Any) -> None:
    sign_in(client, world.officer)
    path = f"/api/v1/enrolments/{enrolment.id}/claims"
    for body in (
        {},
        {
            "loss": {"amount": "-1", "currency": "CNY"},
            "other_loss": {"amount": "0", "currency": "CNY"},
            "documents": [],
        },
        {"loss": {"amount": "NaN", "currency": "CNY"}},
        {"unheard": 1},
    ):
        answer = client.post(path, json=body, headers=key())
        assert answer.status_code == 422
        assert answer.json["errors"]


def test_a_claim_goes_through_the_api_by_separate_people(client: Any, sign_in: Any, world: World, claim: Any) -> None:
    path = f"/api/v1/claims/{claim.id}"
    sign_in(client, world.reviewer)
    assert client.post(f"{path}/review", json={}, headers=key()).status_code == 200
    assert client.post(f"{path}/recommendation", json={"reason": "complete"}, headers=key()).status_code == 200
    assert client.post(f"{path}/compensation", json={}, headers=key()).status_code == 403
    sign_in(client, fresh(world.approver))
    done = client.post(f"{path}/compensation", json={}, headers=key())
    assert done.status_code == 200, done.json
    assert {share["party"]: share["amount"]["amount"] for share in done.json["shares"]} == {
        "fund": "1500000.00", "bank": "1500000.00",
    }  # fmt: skip
    assert client.post(f"{path}/compensation", json={}, headers=key()).status_code == 409
    sign_in(client, world.officer)
    body = {
        "received": {"amount": "600000.00", "currency": "CNY"}, "cost": {"amount": "100000.00", "currency": "CNY"},
        "received_on": "2026-11-20", "bank_reference": "COURT-7",
    }  # fmt: skip
    recovered = client.post(f"{path}/recoveries", json=body, headers=key())
    assert recovered.status_code == 201, recovered.json
    shared = {share["party"]: share["amount"]["amount"] for share in recovered.json["shares"]}
    assert shared["fund"] == shared["bank"] == "250000.00"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_opens_for_everybody_concerned(
    client: Any, sign_in: Any, world: World, enrolment: Any, claim: Any, language: str
) -> None:
    for actor in (world.officer, world.second, world.reviewer, world.approver):
        sign_in(client, actor)
        for path in (
            "/risk-pool", f"/risk-pool/enrolments/{enrolment.id}", f"/risk-pool/claims/{claim.id}", "/dashboard",
            "/risk-pool/schemes",
        ):  # fmt: skip
            answer = client.get(f"{path}?lang={language}")
            assert answer.status_code == 200, path
            assert answer.get_data(as_text=True).count("<h1") == 1
    sign_in(client, world.officer)
    assert client.get(f"/risk-pool/enrolments/{enrolment.id}/claim").status_code == 200
    assert client.get(f"/risk-pool/enrolments/new?loan={enrolment.loan_id}").status_code == 200


def test_a_claim_is_filed_with_its_files_through_the_form(
    client: Any, sign_in: Any, world: World, enrolment: Any
) -> None:
    world.change(enrolment, overdue_days=100, loan_class="substandard")
    sign_in(client, world.officer)
    files = {kind.value: (BytesIO(kind.value.encode()), f"{kind.value}.txt") for kind in ClaimDocumentKind}
    form = {"loss": "3000000", "other_loss": "0", "csrf_token": "x", **files}
    answer = client.post(f"/risk-pool/enrolments/{enrolment.id}/claim", data=form, content_type="multipart/form-data")
    assert answer.status_code == 303, answer.get_data(as_text=True)
    claim = claims.live_claim(enrolment.id)
    assert claim is not None and not claim.missing_documents()
    sign_in(client, world.reviewer)
    for document in claim.documents:
        assert client.get(f"/files/{document.file_id}").status_code == 200
    step = f"/risk-pool/claims/{claim.id}/steps"
    assert client.post(f"{step}/review", data={}).status_code == 303
    assert client.post(f"{step}/recommendation", data={"reason": "complete"}).status_code == 303
    sign_in(client, fresh(world.approver))
    assert client.post(f"{step}/compensation", data={}).status_code == 303
    assert client.get(f"/risk-pool/claims/{claim.id}").status_code == 200
    assert client.post(f"{step}/nonsense", data={}).status_code == 422


def test_a_bank_cannot_attach_another_banks_file(world: World, enrolment: Any) -> None:
    from marketplace.core.errors import NotFound
    from tests.makers.risk_pool import cny

    world.change(enrolment, overdue_days=100, loan_class="substandard")
    foreign = store_file(make_actor(kind="bank"), b"secret", "secret.txt", "claim", NOW)
    documents = [(kind, foreign.id) for kind in ClaimDocumentKind]
    with pytest.raises(NotFound):
        claims.file_claim(world.officer, enrolment.id, (cny(1), cny(0)), documents, NOW)
