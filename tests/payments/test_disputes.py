"""A disputed card payment: shown, its money set apart, nothing released on it, its end booked to the cent."""

import random
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
from marketplace.core.errors import NotAllowed
from marketplace.core.money import Money
from marketplace.ledger import accounts, entries
from marketplace.ledger.entries import Posting
from marketplace.ledger.proofs import prove_books
from marketplace.payments.collections import Collection, CollectionStatus
from marketplace.payments.disputes import Dispute, DisputeStatus, disputed, disputes
from marketplace.payments.reconciliation import reconcile
from marketplace.payments.refunds import refunded
from tests.makers.identity import make_actor
from tests.makers.payments import make_collection
from tests.payments.conftest import SECRET

Jobs = Callable[[], int]


class Paid:
    """A card payment that arrived, and Stripe's stand-in behind it."""

    def __init__(self, stripe_double: StripeDouble, client: FlaskClient, run_jobs: Jobs) -> None:
        self.double, self.client, self.run_jobs = stripe_double, client, run_jobs
        self.collection: Collection = make_collection(make_actor(), method="card")
        run_jobs()
        httpx.post(self.collection.card_page or "", data={"payment_method": "pm_card_visa"})
        self.deliver(*stripe_double.sent)
        assert self.collection.status is CollectionStatus.COLLECTED

    def deliver(self, *bodies: bytes) -> None:
        """Stripe's events arrive and the worker applies them."""
        for body in bodies:
            headers = {"Stripe-Signature": signature(body, SECRET)}
            assert self.client.post("/webhooks/stripe", data=body, headers=headers).status_code == 200
        self.run_jobs()

    def disputed(self, status: str = "needs_response") -> str:
        """The payer disputes; answers the id at Stripe."""
        made = self.double.dispute(self.collection.stripe_intent_id or "", status)
        self.deliver(self.double.sent[-1])
        return str(made["id"])

    def decided(self, dispute_id: str, status: str) -> None:
        """The card's bank decides."""
        self.double.decide(dispute_id, status)
        self.deliver(self.double.sent[-1])

    def figures(self) -> tuple[int, int, int, int]:
        """At Stripe, withdrawn, still held for the payer, borne by the platform: in fen."""
        codes = ("clearing:stripe", "clearing:stripe:disputed", self.collection.credit_account, "platform:losses")
        found = []
        for code in codes:
            try:
                found.append(accounts.balance(code, "CNY").posted.amount_minor)
            except accounts.AccountUnknown:
                found.append(0)
        return found[0], found[1], found[2], found[3]


@pytest.fixture
def paid(db: Any, stripe_double: StripeDouble, client: FlaskClient, run_jobs: Jobs) -> Paid:
    return Paid(stripe_double, client, run_jobs)


def test_an_open_dispute_sets_its_money_apart_and_tells_the_operators(paid: Paid) -> None:
    whole = paid.collection.amount.amount_minor
    assert paid.figures() == (whole, 0, whole, 0)
    paid.disputed()
    assert paid.figures() == (0, whole, whole, 0)
    assert disputed([paid.collection.id])
    assert prove_books()["balanced"] is True


def test_a_won_dispute_brings_the_money_back(paid: Paid) -> None:
    whole = paid.collection.amount.amount_minor
    paid.decided(paid.disputed(), "won")
    assert paid.figures() == (whole, 0, whole, 0)
    assert not disputed([paid.collection.id])


def test_a_lost_dispute_returns_what_is_still_held(paid: Paid) -> None:
    paid.decided(paid.disputed(), "lost")
    assert paid.figures() == (0, 0, 0, 0)
    assert refunded(paid.collection) == paid.collection.amount
    assert prove_books()["balanced"] is True


def test_what_was_released_before_a_lost_dispute_is_the_platforms_loss(paid: Paid) -> None:
    whole = paid.collection.amount
    part = Money(whole.amount_minor - 1, "CNY")
    accounts.open_account("organisation:x:payable", "CNY", "credit")
    held = paid.collection.credit_account
    entries.post(SYSTEM, "released", "release", [Posting(held, "organisation:x:payable", part)], now())
    paid.decided(paid.disputed(), "lost")
    assert paid.figures() == (0, 0, 0, part.amount_minor)
    assert refunded(paid.collection) == Money(1, "CNY")
    assert prove_books()["balanced"] is True


def test_an_inquiry_withdraws_nothing(paid: Paid) -> None:
    whole = paid.collection.amount.amount_minor
    inquiry = paid.disputed("warning_needs_response")
    assert paid.figures() == (whole, 0, whole, 0) and disputed([paid.collection.id])
    paid.decided(inquiry, "warning_closed")
    assert paid.figures() == (whole, 0, whole, 0) and not disputed([paid.collection.id])


@pytest.mark.parametrize("end", ["won", "lost"])
def test_the_order_and_number_of_events_do_not_matter(
    db: Any, stripe_double: StripeDouble, client: FlaskClient, run_jobs: Jobs, end: str
) -> None:
    paid = Paid(stripe_double, client, run_jobs)
    made = stripe_double.dispute(paid.collection.stripe_intent_id or "")
    stripe_double.decide(str(made["id"]), end)
    events = [*stripe_double.sent, *stripe_double.sent]
    random.Random(7).shuffle(events)
    paid.deliver(*events)
    whole = paid.collection.amount.amount_minor if end == "won" else 0
    assert paid.figures() == (whole, 0, whole, 0)
    assert session.execute(select(Dispute.status)).scalars().all() == [DisputeStatus(end)]


def test_a_dispute_may_be_heard_of_before_its_payment(
    db: Any, stripe_double: StripeDouble, client: FlaskClient, run_jobs: Jobs
) -> None:
    collection = make_collection(make_actor(), method="card")
    run_jobs()
    httpx.post(collection.card_page or "", data={"payment_method": "pm_card_visa"})
    intent = next(one for one in stripe_double.objects.values() if one["object"] == "payment_intent")
    stripe_double.dispute(intent["id"])
    body = stripe_double.sent[-1]
    client.post("/webhooks/stripe", data=body, headers={"Stripe-Signature": signature(body, SECRET)})
    run_jobs()
    assert collection.status is CollectionStatus.COLLECTED and disputed([collection.id])


def test_the_books_still_agree_with_stripe_while_a_payment_is_disputed(paid: Paid) -> None:
    paid.disputed()
    assert reconcile(SYSTEM, now()).agrees


def test_the_operator_sees_disputes_and_nobody_else(paid: Paid, client: FlaskClient, sign_in: Any, db: Any) -> None:
    operator = make_actor(kind="platform_operator")
    paid.disputed()
    db.commit()
    assert client.get("/payments/disputes").status_code in (302, 401)
    sign_in(client, make_actor())
    assert client.get("/payments/disputes").status_code == 403
    assert client.get("/api/v1/disputes").status_code == 403
    sign_in(client, operator)
    for language, words in (("zh", "尚未决定"), ("en", "undecided")):
        page = client.get(f"/payments/disputes?lang={language}").text
        assert words in page and paid.collection.reference in page
    found = client.get("/api/v1/disputes").json["items"]
    assert [one["status"] for one in found] == ["open"] and found[0]["withdrawn"] is True
    with pytest.raises(NotAllowed):
        disputes(make_actor())
