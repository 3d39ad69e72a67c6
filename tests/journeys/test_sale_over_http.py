"""Two sales over the API, from the request for quotation on: one ends with released money, in one the office refuses
recordal and everybody is made whole. The deposit is paid by card, the rest by bank transfer; at each end the ledger,
the bank's side and the stand-in for Stripe agree to the cent. Every act is a request of the person who may do it."""

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from flask.testing import FlaskClient

from demo.stripe_double import StripeDouble, signature
from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.core.money import Money
from marketplace.ledger.accounts import balance
from marketplace.ledger.proofs import prove_books
from marketplace.payments.reconciliation import reconcile
from marketplace.registry.ownership import owns_all
from tests.makers.documents import make_pdf
from tests.makers.identity import make_actor, make_organisation
from tests.makers.listings import make_listing
from tests.payments.conftest import SECRET

PRICE = Money(487_654_33, "CNY")
JSON = {"amount": PRICE.format(), "currency": "CNY"}


def minor(code: str) -> int:
    return balance(code, "CNY").posted.amount_minor


def cents(amount: dict[str, str]) -> int:
    return Money.parse(amount["amount"], amount["currency"]).amount_minor


class Sale:
    """Everybody of one sale, each on the same client."""

    def __init__(self, client: FlaskClient, sign_in: Any, double: StripeDouble, run_jobs: Callable[[], int]) -> None:
        self.client, self.act_as, self.double, self.run_jobs = client, sign_in, double, run_jobs
        self.seller, self.rival, self.buyer = make_actor(), make_actor(), make_actor()
        platform = make_organisation("platform_operator")
        self.operator, self.second = make_actor(platform), make_actor(platform)
        self.listing, self.other = make_listing(self.seller), make_listing(self.rival)
        self.asset_id = self.listing.asset_id
        self.keys = 0
        session.commit()

    def post(self, actor: Actor, path: str, body: Any = None, expected: int = 200) -> Any:
        """One act over the API."""
        self.act_as(self.client, actor)
        self.keys += 1
        headers = {"Idempotency-Key": f"journey-{self.keys}"}
        answer = self.client.post(f"/api/v1{path}", json={} if body is None else body, headers=headers)
        assert answer.status_code == expected, (path, answer.json)
        return answer.json

    def get(self, actor: Actor, path: str) -> Any:
        """One look."""
        self.act_as(self.client, actor)
        return self.client.get(f"/api/v1{path}").json

    def upload(self, actor: Actor) -> str:
        """A document of the actor's."""
        self.act_as(self.client, actor)
        self.keys += 1
        sent = {"file": (io.BytesIO(make_pdf()), "证明.pdf"), "purpose": "closing"}
        answer = self.client.post("/api/v1/files", data=sent, headers={"Idempotency-Key": f"file-{self.keys}"})
        assert answer.status_code == 201, answer.json
        return str(answer.json["id"])

    def view(self) -> Any:
        """The deal as the buyer sees it."""
        return self.get(self.buyer, f"/deals/{self.deal}")

    def agree(self) -> None:
        """Two holders are asked, both quote, one is chosen."""
        asked = self.post(self.buyer, "/quotations", {
            "listing_ids": [str(self.listing.id), str(self.other.id)], "question": "隔膜专利，中国，转让",
            "ends_at": (datetime.now(UTC) + timedelta(days=5)).isoformat(),
        }, 201)  # fmt: skip
        quotes = f"/quotations/{asked['id']}/quotes"
        self.post(self.seller, f"{quotes}/{self.listing.id}", {"price": JSON}, 201)
        dearer = {"amount": "500000.00", "currency": "CNY"}
        self.post(self.rival, f"{quotes}/{self.other.id}", {"price": dearer}, 201)
        choice = {"listing_id": str(self.listing.id), "version": 1, "reason": "价格更优"}
        deal = self.post(self.buyer, f"/quotations/{asked['id']}/choice", choice, 201)
        self.deal, self.envelope = deal["id"], deal["envelope_id"]
        assert (deal["status"], cents(deal["price"])) == ("signing", PRICE.amount_minor)

    def sign_and_pay(self) -> None:
        """Both sign; the deposit comes by card, the rest over the bank."""
        for actor in (self.seller, self.buyer):
            self.post(actor, f"/envelopes/{self.envelope}/signature", {"agreed": "yes"})
        asked = [one for one in self.get(self.buyer, "/collections")["items"] if one["subject_id"] == self.deal]
        deposit, rest = sorted(asked, key=lambda one: cents(one["amount"]))
        assert cents(deposit["amount"]) + cents(rest["amount"]) == PRICE.amount_minor
        self.post(self.buyer, f"/collections/{deposit['id']}/method", {"method": "card"})
        self.run_jobs()
        page = self.get(self.buyer, f"/collections/{deposit['id']}")["card_page"]
        httpx.post(page, data={"payment_method": "pm_card_visa"})
        self.deliver()
        assert self.view()["deal"]["status"] == "awaiting_funds"
        line = {"bank_reference": "B-77", "amount": rest["amount"]}
        self.post(self.operator, f"/collections/{rest['id']}/confirmation", line)
        held = self.view()
        assert (held["deal"]["status"], cents(held["held"])) == ("funds_held", PRICE.amount_minor)
        self.deposit, self.rest = cents(deposit["amount"]), cents(rest["amount"])

    def deliver(self) -> None:
        """Stripe's events arrive, each twice."""
        self.act_as(self.client, None)
        for body in [*self.double.sent, *self.double.sent]:
            header = {"Stripe-Signature": signature(body, SECRET)}
            assert self.client.post("/webhooks/stripe", data=body, headers=header).status_code == 200
        self.run_jobs()

    def file(self) -> None:
        """Every step is done, the recordal is filed."""
        for step in self.view()["steps"]:
            done = {"file_id": self.upload(self.seller), "note": "ok"}
            self.post(self.seller, f"/deals/{self.deal}/steps/{step['id']}/completion", done)
        filed = {"number": "2026-1", "filed_on": now().date().isoformat(), "file_id": self.upload(self.buyer)}
        self.post(self.buyer, f"/deals/{self.deal}/filing", filed)

    def at_stripe(self) -> int:
        """What the stand-in holds of this sale: charged less refunded."""
        charges = [one for one in self.double.objects.values() if one["object"] == "charge"]
        return sum(one["amount"] - one["amount_refunded"] for one in charges)

    def everything_agrees(self) -> None:
        """The books prove themselves, Stripe's side is what we believe, nothing is held."""
        assert prove_books()["faults"] == []
        assert reconcile(SYSTEM, now()).differences == []
        assert minor("clearing:stripe") == self.at_stripe()
        assert minor(f"held:deal:{self.deal}") == 0


@pytest.fixture
def sale(client: FlaskClient, sign_in: Any, stripe_double: StripeDouble, run_jobs: Callable[[], int], db: Any) -> Sale:
    return Sale(client, sign_in, stripe_double, run_jobs)


def test_from_a_request_for_quotation_to_released_money(sale: Sale) -> None:
    sale.agree()
    sale.sign_and_pay()
    sale.post(sale.operator, f"/deals/{sale.deal}/release-proposal", expected=409)
    sale.file()
    sale.post(sale.buyer, f"/deals/{sale.deal}/proof", {"file_id": sale.upload(sale.buyer)})
    sale.post(sale.seller, f"/deals/{sale.deal}/confirmation", expected=403)
    sale.post(sale.operator, f"/deals/{sale.deal}/confirmation")
    sale.post(sale.operator, f"/deals/{sale.deal}/release-proposal")
    sale.post(sale.operator, f"/deals/{sale.deal}/release", expected=403)
    planned = {line["step"]: cents(line["amount"]) for line in sale.view()["release"]}
    sale.post(sale.second, f"/deals/{sale.deal}/release")
    sale.run_jobs()
    assert sale.view()["deal"]["status"] == "released"
    assert owns_all(sale.buyer.organisation_id, sale.asset_id)
    assert sum(planned.values()) == PRICE.amount_minor
    assert minor("platform:fees") + minor("platform:tax:vat") == planned["platform_fee"]
    assert minor("clearing:bank") == sale.rest - planned["seller"]
    assert sale.at_stripe() == sale.deposit
    sale.everything_agrees()


def test_the_office_refuses_and_everybody_is_made_whole_to_the_cent(sale: Sale) -> None:
    sale.agree()
    sale.sign_and_pay()
    sale.file()
    refusal = {"reason": "权属证明不符", "file_id": sale.upload(sale.operator)}
    sale.post(sale.seller, f"/deals/{sale.deal}/recordal-refusal", refusal, expected=403)
    sale.post(sale.operator, f"/deals/{sale.deal}/recordal-refusal", refusal)
    assert sale.view()["deal"]["status"] == "refunding"
    sale.post(sale.operator, f"/deals/{sale.deal}/refund", expected=403)
    sale.post(sale.second, f"/deals/{sale.deal}/refund")
    sale.post(sale.second, f"/deals/{sale.deal}/refund", expected=409)
    sale.run_jobs()
    sale.deliver()
    assert sale.view()["deal"]["status"] == "refunded"
    refunds = [one["amount"] for one in sale.double.objects.values() if one["object"] == "refund"]
    assert refunds == [sale.deposit]
    assert (sale.at_stripe(), minor("clearing:stripe"), minor("clearing:bank")) == (0, 0, 0)
    assert (minor("platform:fees"), minor("platform:tax:vat")) == (0, 0)
    assert owns_all(sale.seller.organisation_id, sale.asset_id)
    listing = sale.get(sale.buyer, f"/listings/{sale.listing.id}")
    assert listing["status"] == "published"
    sale.everything_agrees()
