"""Pages and API of negotiations and deals: the whole journey by HTTP, and who sees nothing of it."""

import io
from typing import Any

import pytest
from flask.testing import FlaskClient

from marketplace.deals.closing import steps_of
from marketplace.deals.deals import Deal, DealStatus
from marketplace.deals.negotiations import negotiations_of
from marketplace.deals.settlement import CardPaymentDisputed, approve_release, collections_of, propose_release
from marketplace.payments.collections import confirm_transfer
from marketplace.payments.disputes import Dispute, DisputeStatus
from marketplace.registry.consents import record_consent
from marketplace.registry.encumbrances import EncumbranceKind, encumber
from marketplace.registry.ownership import owns_all
from tests.makers.deals import SYSTEM, Parties
from tests.makers.documents import make_pdf
from tests.makers.identity import make_actor
from tests.makers.listings import make_listing, make_owned_asset

KEY = iter(range(10**9))


class Browser:
    """A signed-in person on the test's client."""

    def __init__(self, client: FlaskClient, sign_in: Any) -> None:
        self.client, self.sign_in = client, sign_in

    def get(self, actor: Any, path: str) -> Any:
        self.sign_in(self.client, actor)
        return self.client.get(path)

    def post(self, actor: Any, path: str, data: dict[str, Any] | None = None, file: bool = False) -> Any:
        self.sign_in(self.client, actor)
        form = dict(data or {})
        if file:
            form["file"] = (io.BytesIO(make_pdf()), "证明.pdf")
        return self.client.post(path, data=form)

    def api(self, actor: Any, path: str, body: Any = None, key: str | None = None) -> Any:
        self.sign_in(self.client, actor)
        headers = {"Idempotency-Key": key or f"key-{next(KEY)}"}
        return self.client.post(f"/api/v1{path}", json={} if body is None else body, headers=headers)


@pytest.fixture
def browser(client: FlaskClient, sign_in: Any) -> Browser:
    return Browser(client, sign_in)


def test_the_whole_journey_over_pages_from_offer_to_released_money(browser: Browser, db: Any) -> None:
    p = Parties()
    db.commit()
    listing = browser.get(p.buyer, f"/listings/{p.listing.id}?lang=en")
    assert "Send the offer" in listing.text and "Take it at this price" in listing.text
    made = browser.post(p.buyer, f"/listings/{p.listing.id}/offers", {"amount": "4,700,000.00"})
    assert made.status_code == 303
    talk = made.headers["Location"]
    seen = browser.get(p.seller, talk + "?lang=en")
    assert "Accept this offer" in seen.text and "¥4,700,000.00" in seen.text
    assert browser.post(p.seller, talk + "/messages", {"text": "写信 a@b.example"}).status_code == 303
    assert "contact details" in browser.get(p.buyer, talk + "?lang=en").text
    countered = browser.post(p.seller, talk + "/offers", {"amount": "4800000", "version": "1"})
    assert countered.status_code == 303
    accepted = browser.post(p.buyer, talk + "/acceptance", {"version": "2"})
    address = accepted.headers["Location"]
    deal: Deal = db.get(Deal, __import__("uuid").UUID(address.rsplit("/", 1)[1]))
    sign_page = f"/signatures/{deal.envelope_id}"
    assert browser.post(p.seller, sign_page, {"agreed": "yes"}).headers["Location"] == address
    assert browser.post(p.buyer, sign_page, {"agreed": "yes"}).status_code == 302
    for collection in collections_of(deal):
        confirm_transfer(p.operator, collection.id, f"B-{collection.reference}", collection.amount, p.now)
    db.commit()
    page = browser.get(p.seller, address + "?lang=zh").text
    assert "监管资金" in page and "年费缴纳证明" in page
    for step in steps_of(deal.id):
        assert browser.post(p.seller, f"{address}/steps/{step.id}", {"note": "ok"}, file=True).status_code == 303
    filing = {"number": "2026-7", "filed_on": p.now.date().isoformat()}
    assert browser.post(p.buyer, address + "/filing", filing, file=True).status_code == 303
    assert browser.post(p.buyer, address + "/proof", {}, file=True).status_code == 303
    assert "Confirm the recordal" in browser.get(p.operator, address + "?lang=en").text
    assert browser.post(p.operator, address + "/confirmation").status_code == 303
    assert browser.post(p.operator, address + "/release-proposal").status_code == 303
    assert browser.post(p.operator, address + "/release").status_code == 403
    assert browser.post(p.second, address + "/release").status_code == 303
    db.refresh(deal)
    assert deal.status is DealStatus.RELEASED and owns_all(p.buyer.organisation_id, deal.asset_id)
    for actor in (p.seller, p.buyer, p.operator):
        assert browser.get(actor, "/deals?lang=zh").status_code == 200
        assert browser.get(actor, address).status_code == 200


def test_the_journey_over_the_api(browser: Browser, db: Any) -> None:
    p = Parties()
    db.commit()
    offer = {"price": {"amount": "4500000.00", "currency": "CNY"}}
    made = browser.api(p.buyer, f"/listings/{p.listing.id}/offers", offer, key="once")
    assert made.status_code == 201 and made.json["offers"][0]["version"] == 1
    again = browser.api(p.buyer, f"/listings/{p.listing.id}/offers", offer, key="once")
    assert again.json["id"] == made.json["id"]
    talk = f"/negotiations/{made.json['id']}"
    stale = browser.api(p.seller, talk + "/acceptance", {"version": 7})
    assert stale.status_code == 409 and stale.json["code"] == "offer_superseded" and stale.json["current_version"] == 1
    deal = browser.api(p.seller, talk + "/acceptance", {"version": 1})
    assert deal.status_code == 201 and deal.json["status"] == "signing"
    second = browser.api(p.seller, talk + "/acceptance", {"version": 1})
    assert second.status_code == 409
    view = browser.get(p.buyer, f"/api/v1/deals/{deal.json['id']}").json
    assert view["held"] == {"amount": "0.00", "currency": "CNY"}
    assert {line["step"] for line in view["release"]} == {"platform_fee", "seller"}
    assert browser.get(p.buyer, "/api/v1/deals").json["items"][0]["id"] == deal.json["id"]
    assert browser.get(p.buyer, "/api/v1/negotiations").json["items"][0]["status"] == "accepted"


@pytest.mark.parametrize("amount", [
    "-1", "0", "NaN", "Infinity", "1e309", "0.001", "1,000", "１０００", "9" * 30, "", "12 34",
])  # fmt: skip
def test_a_malformed_amount_stores_nothing(browser: Browser, db: Any, amount: str) -> None:
    p = Parties()
    db.commit()
    body = {"price": {"amount": amount, "currency": "CNY"}}
    assert browser.api(p.buyer, f"/listings/{p.listing.id}/offers", body).status_code == 422
    assert negotiations_of(p.buyer.organisation_id) == []


def test_own_figures_unknown_fields_and_other_currencies_are_refused(browser: Browser, db: Any) -> None:
    p = Parties()
    db.commit()
    path = f"/listings/{p.listing.id}/offers"
    price = {"amount": "1.00", "currency": "CNY"}
    assert browser.api(p.buyer, path, {"price": price, "fee": price}).status_code == 422
    switched = browser.api(p.buyer, path, {"price": {"amount": "1.00", "currency": "USD"}})
    assert switched.status_code == 409 and switched.json["code"] == "wrong_offer_currency"
    assert browser.api(p.buyer, f"/listings/{p.listing.id}/purchases", {"price": price}).status_code == 422
    assert browser.post(p.buyer, path, {"amount": "x"}).status_code == 422


def test_what_belongs_to_others_does_not_exist(browser: Browser, db: Any) -> None:
    p = Parties()
    deal = p.bring_to(DealStatus.FUNDS_HELD)
    talks = negotiations_of(p.buyer.organisation_id)[0]
    step = steps_of(deal.id)[0]
    db.commit()
    talk, one = f"/negotiations/{talks.id}", f"/deals/{deal.id}"
    for path in (talk, one, f"/api/v1{talk}", f"/api/v1{one}", f"{one}/payoff"):
        assert browser.get(p.stranger, path).status_code == 404
        browser.sign_in(browser.client, None)
        assert browser.client.get(path).status_code in (401, 302)
    price = {"amount": "1.00", "currency": "CNY"}
    file_id = str(deal.contract_file_id)
    bodies = {
        talk + "/offers": {"version": 1, "price": price}, talk + "/acceptance": {"version": 1},
        talk + "/rejection": {"version": 1, "reason": "no"}, talk + "/withdrawal": {"version": 1, "reason": "no"},
        talk + "/messages": {"text": "hello"}, f"{one}/steps/{step.id}/completion": {},
        one + "/filing": {"number": "1", "filed_on": "2026-01-01", "file_id": file_id},
        one + "/proof": {"file_id": file_id}, one + "/end": {"reason": "no"},
    }  # fmt: skip
    for path, body in bodies.items():
        assert browser.api(p.stranger, path, body).status_code == 404, path
    for path in ("/confirmation", "/release-proposal", "/release", "/refund", "/recordal-refusal"):
        body = {"reason": "no", "file_id": file_id} if "refusal" in path else None
        assert browser.api(p.stranger, one + path, body).status_code == 403
        browser.sign_in(browser.client, None)
        assert browser.client.post(f"/api/v1{one}{path}", headers={"Idempotency-Key": "x"}).status_code == 401
    assert browser.get(p.stranger, "/api/v1/deals").json["items"] == []
    db.refresh(deal)
    assert deal.status is DealStatus.FUNDS_HELD


def test_a_pledged_asset_offered_for_sale_is_refused_with_the_law_in_the_pages_language(
    browser: Browser, db: Any
) -> None:
    p = Parties()
    bank = make_actor(kind="bank")
    encumber(SYSTEM, p.listing.asset_id, EncumbranceKind.PLEDGE, bank.organisation_id, p.now.date(), None, "P1", p.now)
    p.listing.status = type(p.listing.status)("published")
    db.commit()
    browser.sign_in(browser.client, p.buyer)
    answers = {
        language: browser.client.post(
            f"/api/v1/listings/{p.listing.id}/purchases", json={},
            headers={"Idempotency-Key": language, "Accept-Language": language},
        )
        for language in ("en", "zh")
    }  # fmt: skip
    assert {answer.status_code for answer in answers.values()} == {409}
    assert answers["en"].json["rule"] == "CN-PLG-03" and "444" in answers["en"].json["law"]
    assert "四百四十四" in answers["zh"].json["law_zh"]


def test_the_pledgee_states_its_figure_on_its_own_page(browser: Browser, db: Any) -> None:
    p = Parties()
    bank = make_actor(kind="bank")
    asset = make_owned_asset(p.seller)
    pledge = encumber(SYSTEM, asset.id, EncumbranceKind.PLEDGE, bank.organisation_id, p.now.date(), None, "P1", p.now)
    record_consent(bank, pledge.id, "transfer", None, p.now)
    p.listing = make_listing(p.seller, asset=asset)
    deal = p.bring_to(DealStatus.FUNDS_HELD)
    db.commit()
    page = f"/deals/{deal.id}/payoff"
    assert "State the amount" in browser.get(bank, page + "?lang=en").text
    assert browser.post(bank, page, {"amount": "abc"}).status_code == 422
    assert browser.post(bank, page, {"amount": "1,000,000", "reference": "L-1"}).status_code == 303
    assert browser.get(bank, page).status_code == 200 and browser.get(bank, f"/deals/{deal.id}").status_code == 404
    view = browser.get(p.seller, f"/api/v1/deals/{deal.id}").json
    assert view["release"][0] == {"step": "pledgee", "receiver_id": str(bank.organisation_id),
                                  "amount": {"amount": "1000000.00", "currency": "CNY"}}  # fmt: skip


def test_the_dashboard_says_what_waits(browser: Browser, db: Any) -> None:
    p = Parties()
    p.offer()
    db.commit()
    assert "Answer an offer" in browser.get(p.seller, "/dashboard?lang=en").text
    assert "Answer an offer" not in browser.get(p.buyer, "/dashboard?lang=en").text


@pytest.mark.parametrize(("language", "words"), [("zh", "专利著录项目变更"), ("en", "Change of bibliographic data")])
def test_the_deal_says_what_the_office_wants_to_see(browser: Browser, db: Any, language: str, words: str) -> None:
    p = Parties()
    deal = p.agree()
    db.commit()
    page = browser.get(p.buyer, f"/deals/{deal.id}?lang={language}").text
    assert words in page and "¥200.00" in page
    view = browser.get(p.seller, f"/api/v1/deals/{deal.id}").json
    assert view["filing_pack"]["fee"] == {"amount": "200.00", "currency": "CNY"}
    assert len(view["filing_pack"]["documents"]) == 5


def test_a_disputed_card_payment_stops_the_release_until_it_is_decided(db: Any) -> None:
    p = Parties()
    deal = p.bring_to(DealStatus.RECORDAL_PROVEN)
    payment = collections_of(deal)[0]
    dispute = Dispute(
        stripe_id="dp_1", collection_id=payment.id, amount=payment.amount, reason="fraudulent", withdrawn=False,
        status=DisputeStatus.OPEN, opened_at=p.now,
    )  # fmt: skip
    db.add(dispute)
    db.flush()
    propose_release(p.operator, deal.id, p.now)
    with pytest.raises(CardPaymentDisputed):
        approve_release(p.second, deal.id, p.now)
    dispute.status, dispute.ended_at = DisputeStatus.WON, p.now
    assert approve_release(p.second, deal.id, p.now).status is DealStatus.RELEASED
