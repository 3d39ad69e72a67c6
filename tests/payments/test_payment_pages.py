"""Paying and confirming over HTTP: anonymous, other organisation, malformed, refused, success."""

from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from marketplace.payments.collections import CollectionStatus
from tests.makers.identity import make_actor, make_organisation
from tests.makers.payments import make_collected, make_collection


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


@pytest.fixture
def operator(db: Any) -> Any:
    return make_actor(make_organisation("platform_operator"))


def test_a_payer_reads_how_to_pay_in_both_languages(client: FlaskClient, sign_in: Any, db: Any) -> None:
    payer = make_actor()
    collection = make_collection(payer)
    db.commit()
    sign_in(client, payer)
    for language, words in (("en", "Quote this reference"), ("zh", "请注明编号")):
        sign_in(client, payer)
        page = client.get(f"/payments/{collection.id}?lang={language}").text
        assert words in page
        assert collection.reference in page
        assert "escrow" not in page.lower()
    assert collection.reference in client.get("/payments").text


@pytest.mark.parametrize("path", ["/payments/{}", "/api/v1/collections/{}"])
def test_a_stranger_sees_nothing_and_nobody_must_sign_in(client: FlaskClient, sign_in: Any, db: Any, path: str) -> None:
    address = path.format(make_collection(make_actor()).id)
    db.commit()
    assert client.get(address).status_code in (302, 401)
    sign_in(client, make_actor())
    assert client.get(address).status_code == 404


def test_the_operator_confirms_a_transfer_from_the_queue(
    client: FlaskClient, sign_in: Any, operator: Any, db: Any
) -> None:
    collection = make_collection(make_actor())
    db.commit()
    sign_in(client, operator)
    assert collection.reference in client.get("/payments/confirmations").text
    form = {"bank_reference": "B-77", "amount": "999.99"}
    assert client.post(f"/payments/{collection.id}/confirmation", data=form).status_code == 409
    form["amount"] = "1,000.00"
    assert client.post(f"/payments/{collection.id}/confirmation", data=form).status_code == 303
    db.refresh(collection)
    assert collection.status is CollectionStatus.COLLECTED


@pytest.mark.parametrize("amount", ["-5", "NaN", "1e3", "1.001", "", "Infinity", "１００", "9" * 30])
def test_a_malformed_amount_changes_nothing(
    client: FlaskClient, sign_in: Any, operator: Any, db: Any, amount: str
) -> None:
    collection = make_collection(make_actor())
    db.commit()
    sign_in(client, operator)
    body = {"bank_reference": "B", "amount": {"amount": amount, "currency": "CNY"}}
    answer = client.post(f"/api/v1/collections/{collection.id}/confirmation", json=body, headers=key())
    assert answer.status_code == 422
    db.refresh(collection)
    assert collection.status is CollectionStatus.AWAITING_TRANSFER


def test_the_api_confirms_once_per_key_and_refuses_others(
    client: FlaskClient, sign_in: Any, operator: Any, db: Any
) -> None:
    payer = make_actor()
    collection = make_collection(payer)
    db.commit()
    address = f"/api/v1/collections/{collection.id}/confirmation"
    body = {"bank_reference": "B-78", "amount": {"amount": "1000.00", "currency": "CNY"}}
    assert client.post(address, json=body, headers=key()).status_code == 401
    sign_in(client, payer)
    assert client.post(address, json=body, headers=key()).status_code == 403
    sign_in(client, operator)
    assert client.post(address, json=body).status_code == 400
    assert client.post(address, json={**body, "fee": 1}, headers=key()).status_code == 422
    same = key()
    first, again = (client.post(address, json=body, headers=same) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert first.json["status"] == "collected"


def test_a_payout_is_approved_on_its_page(client: FlaskClient, sign_in: Any, operator: Any, db: Any) -> None:
    from marketplace.core.clock import now
    from marketplace.payments.payouts import request_payout

    collection = make_collected(make_actor(), operator)
    payout = request_payout(operator, make_organisation().id, collection.amount, collection.credit_account, "p", now())
    second = make_actor(kind="platform_operator")
    db.commit()
    sign_in(client, operator)
    assert client.post(f"/payouts/{payout.id}/approval").status_code == 403
    sign_in(client, second)
    assert payout.reference in client.get("/payouts").text
    assert client.post(f"/payouts/{payout.id}/approval").status_code == 303
    sign_in(client, make_actor())
    assert client.get("/payouts").status_code == 200
