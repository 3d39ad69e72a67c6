"""Card payments against a stand-in for Stripe: forged, repeated, late and foreign events have no effect."""

import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from demo.stripe_double import StripeDouble, signature
from marketplace.core.actor import SYSTEM
from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.ledger import accounts
from marketplace.ledger.proofs import prove_books
from marketplace.payments import refunds
from marketplace.payments.collections import Collection, CollectionStatus
from marketplace.payments.stripe_webhooks import EventOutcome, StripeEvent
from tests.makers.identity import make_actor
from tests.makers.payments import make_collection
from tests.payments.conftest import SECRET

Jobs = Callable[[], int]


@pytest.fixture
def asked(stripe_double: StripeDouble, db: Any, run_jobs: Jobs) -> Collection:
    """A card payment whose page is open."""
    collection = make_collection(make_actor(), method="card")
    run_jobs()
    assert collection.status is CollectionStatus.AWAITING_CARD
    return collection


def deliver(client: FlaskClient, body: bytes, header: str | None = None) -> int:
    headers = {"Stripe-Signature": signature(body, SECRET) if header is None else header}
    return client.post("/webhooks/stripe", data=body, headers=headers).status_code


def pay(collection: Collection, card: str = "pm_card_visa") -> None:
    httpx.post(collection.card_page or "", data={"payment_method": card})


def balance_of(collection: Collection) -> int:
    return accounts.balance(collection.credit_account, "CNY").posted.amount_minor


def test_a_card_payment_is_booked_once_whatever_the_order_and_number_of_events(
    asked: Collection, stripe_double: StripeDouble, client: FlaskClient, run_jobs: Jobs
) -> None:
    pay(asked)
    for body in [*reversed(stripe_double.sent), *stripe_double.sent]:
        assert deliver(client, body) == 200
    run_jobs()
    assert asked.status is CollectionStatus.COLLECTED
    assert balance_of(asked) == asked.amount.amount_minor
    assert prove_books()["faults"] == []
    assert len(session.execute(select(StripeEvent)).all()) == len(stripe_double.sent)


def test_the_page_is_asked_for_once(asked: Collection, stripe_double: StripeDouble, run_jobs: Jobs) -> None:
    from marketplace.payments.jobs import open_card_payment

    page = asked.card_page
    open_card_payment(str(asked.id))
    assert asked.card_page == page
    assert sum(one["object"] == "payment_intent" for one in stripe_double.objects.values()) == 1


def test_a_declined_card_leaves_the_payment_open_with_the_reason(
    asked: Collection, stripe_double: StripeDouble, client: FlaskClient, run_jobs: Jobs
) -> None:
    pay(asked, "pm_card_chargeDeclined")
    for body in stripe_double.sent:
        deliver(client, body)
    run_jobs()
    assert (asked.status, asked.failure) == (CollectionStatus.AWAITING_CARD, "Your card was declined.")
    pay(asked)
    deliver(client, stripe_double.sent[-1])
    run_jobs()
    assert asked.status is CollectionStatus.COLLECTED


def forged(body: bytes) -> list[tuple[str, bytes, str]]:
    at = int(time.time())
    return [
        ("no signature", body, ""),
        ("wrong secret", body, signature(body, "whsec_other")),
        ("altered body", body.replace(b'"evt_', b'"evx_'), signature(body, SECRET)),
        ("replayed later", body, signature(body, SECRET, at - 301)),
        ("from the future", body, signature(body, SECRET, at + 400)),
        ("no scheme", body, f"t={at}"),
        ("not an event", b"[]", signature(b"[]", SECRET)),
        ("not JSON", b"x", signature(b"x", SECRET)),
    ]


@pytest.mark.parametrize("kind", range(8))
def test_a_forged_event_is_refused_and_stored_nowhere(
    kind: int, asked: Collection, stripe_double: StripeDouble, client: FlaskClient, run_jobs: Jobs
) -> None:
    pay(asked)
    _name, body, header = forged(stripe_double.sent[-1])[kind]
    assert deliver(client, body, header) == 401
    run_jobs()
    assert session.execute(select(StripeEvent)).all() == []
    assert balance_of(asked) == 0


def test_without_its_secret_the_webhook_refuses(client: FlaskClient) -> None:
    body = b'{"id": "evt_1"}'
    assert deliver(client, body, signature(body, "")) == 409


def ignored_reason(run_jobs: Jobs) -> str:
    run_jobs()
    event = session.execute(select(StripeEvent).order_by(StripeEvent.id.desc()).limit(1)).scalar_one()
    assert event.outcome is EventOutcome.IGNORED
    return str(event.reason)


def test_a_payment_of_somebody_else_is_ignored_and_alarmed(
    asked: Collection, stripe_double: StripeDouble, client: FlaskClient, run_jobs: Jobs
) -> None:
    for metadata in ({}, {"collection_id": "nonsense"}, {"collection_id": str(make_actor().person_id)}):
        foreign = stripe_double.new_intent(asked.amount.amount_minor, "cny", metadata)
        stripe_double.confirm(foreign, "pm_card_visa")
        deliver(client, stripe_double.sent[-1])
        assert ignored_reason(run_jobs) == "a payment of somebody else"
    assert balance_of(asked) == 0


@pytest.mark.parametrize(("amount", "currency"), [(1, "cny"), (100_001, "cny"), (100_000, "usd")])
def test_a_wrong_amount_or_currency_is_ignored_and_alarmed(
    amount: int, currency: str, asked: Collection, stripe_double: StripeDouble, client: FlaskClient, run_jobs: Jobs
) -> None:
    wrong = stripe_double.new_intent(amount, currency, {"collection_id": str(asked.id)})
    stripe_double.confirm(wrong, "pm_card_visa")
    deliver(client, stripe_double.sent[-1])
    assert ignored_reason(run_jobs).startswith("wrong amount")
    assert balance_of(asked) == 0


def test_an_event_that_lies_about_success_changes_nothing(
    asked: Collection, stripe_double: StripeDouble, client: FlaskClient, run_jobs: Jobs
) -> None:
    intent = next(one for one in stripe_double.objects.values() if one["object"] == "payment_intent")
    lie = {**intent, "status": "succeeded", "amount_received": intent["amount"]}
    body = json.dumps({"id": "evt_lie", "type": "payment_intent.succeeded", "data": {"object": lie}}).encode()
    assert deliver(client, body) == 200
    assert ignored_reason(run_jobs) == "payment is requires_payment_method"
    assert balance_of(asked) == 0


def test_a_card_refund_goes_back_once(
    asked: Collection, stripe_double: StripeDouble, client: FlaskClient, run_jobs: Jobs
) -> None:
    pay(asked)
    for body in stripe_double.sent:
        deliver(client, body)
    run_jobs()
    refund = refunds.request_refund(SYSTEM, asked.id, asked.amount, asked.credit_account, "back", now())
    run_jobs()
    from marketplace.payments.jobs import send_card_refund

    send_card_refund(str(refund.id))
    assert refund.status is refunds.RefundStatus.SENT
    made = [one for one in stripe_double.objects.values() if one["object"] == "refund"]
    assert [one["amount"] for one in made] == [asked.amount.amount_minor]
    assert accounts.balance("clearing:stripe", "CNY").posted.amount_minor == 0
    deliver(client, stripe_double.sent[-1])
    assert ignored_reason(run_jobs) == "already collected"


def test_the_stand_in_honours_idempotency_keys_as_stripe_does(asked: Collection, app: Any) -> None:
    base = app.extensions["settings"].stripe_api_base
    form = {"amount": "100", "currency": "cny"}
    headers = {"Idempotency-Key": "k"}
    first = httpx.post(f"{base}/v1/payment_intents", data=form, headers=headers)
    again = httpx.post(f"{base}/v1/payment_intents", data=form, headers=headers)
    other = httpx.post(f"{base}/v1/payment_intents", data={**form, "amount": "101"}, headers=headers)
    assert (first.json()["id"], again.headers["Idempotent-Replayed"]) == (again.json()["id"], "true")
    assert (other.status_code, other.json()["error"]["type"]) == (400, "idempotency_error")
