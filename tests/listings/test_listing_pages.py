"""Listings over HTTP: wizard, own listings, the offer itself, the API."""

from collections.abc import Callable
from datetime import date

import pytest
from flask.testing import FlaskClient
from flask_babel import refresh

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import session
from marketplace.identity.organisations import find_organisation
from marketplace.identity.roles import Role
from marketplace.listings.listings import ListingStatus, listings_of
from marketplace.listings.panels import listing_panels
from marketplace.registry.encumbrances import EncumbranceKind, encumber
from tests.makers.identity import make_actor
from tests.makers.listings import NOW, make_listing, make_owned_asset

SignIn = Callable[[FlaskClient, Actor | None], FlaskClient]
DILIGENCE = {
    "title": "Extract",
    "fees": "Paid",
    "burdens": "None",
    "validity": "Fine",
    "inventors_not_available": "yes",
}


def test_a_holder_drafts_answers_and_publishes_in_four_pages(client: FlaskClient, sign_in: SignIn) -> None:
    owner = make_actor()
    asset = make_owned_asset(owner)
    sign_in(client, owner)
    assert "Nothing on offer yet" in client.get("/listings/mine").text
    assert asset.titles["en"] in client.get("/listings/new").text
    assert 'name="price"' in client.get(f"/listings/terms?asset={asset.id}&mode=fixed_price").text
    form = {"asset_id": str(asset.id), "mode": "fixed_price", "price": "1,250,000.50", "summary": "With know-how"}
    there = client.post("/listings", data=form).headers["Location"]
    page = client.get(there).text
    assert "¥1,250,000.50" in page and "With know-how" in page and "Draft" in page
    assert client.post(f"{there}/publish").status_code == 409
    assert client.post(f"{there}/due-diligence", data=DILIGENCE).status_code == 303
    assert client.post(f"{there}/publish").status_code == 303
    assert "Published" in client.get("/listings/mine").text
    sign_in(client, None)
    assert client.get(there).status_code == 200


@pytest.mark.parametrize(
    ("mode", "terms", "shown"),
    [
        (
            "auction",
            {"price": "1000000", "reserve": "1234567", "deposit": "100000", "opens_at": "2027-01-10T09:00",
             "closes_at": "2027-01-11T09:00"},
            "2027-01-11 09:00 (UTC+8)",
        ),
        (
            "licence",
            {"fee_scheme": "royalty", "royalty_percent": "3.25", "royalty_base": "net_sales", "exclusivity": "sole",
             "territory": "CN、SG", "term_months": "36"},
            "3.25 % of net sales",
        ),
        ("open_licence", {"fee_scheme": "lump_sum", "price": "50000"}, "Non-exclusive"),
    ],
)  # fmt: skip
def test_every_mode_has_its_form(
    client: FlaskClient, sign_in: SignIn, mode: str, terms: dict[str, str], shown: str
) -> None:
    owner = make_actor()
    asset = make_owned_asset(owner)
    sign_in(client, owner)
    assert client.get(f"/listings/terms?asset={asset.id}&mode={mode}").status_code == 200
    answer = client.post("/listings", data={"asset_id": str(asset.id), "mode": mode} | terms)
    assert answer.status_code == 303
    page = client.get(answer.headers["Location"]).text
    assert shown in page and "1,234,567" not in page
    edit = client.get(answer.headers["Location"] + "/edit").text
    assert all(f'value="{value}"' in edit for name, value in terms.items() if name in ("opens_at", "term_months"))


@pytest.mark.parametrize("price", ["", "-5", "0", "NaN", "1e309", "0.001", "１００", "9" * 30, "abc"])
def test_a_malformed_price_writes_nothing(client: FlaskClient, sign_in: SignIn, price: str) -> None:
    owner = make_actor()
    asset = make_owned_asset(owner)
    session.commit()
    sign_in(client, owner)
    answer = client.post("/listings", data={"asset_id": str(asset.id), "mode": "fixed_price", "price": price})
    assert answer.status_code == 422
    assert owner.organisation_id is not None and listings_of(owner.organisation_id) == []


def test_unknown_fields_are_refused(client: FlaskClient, sign_in: SignIn) -> None:
    owner = make_actor()
    asset = make_owned_asset(owner)
    session.commit()
    sign_in(client, owner)
    for extra in ({"status": "published"}, {"organisation_id": str(asset.id)}, {"version": "9"}):
        form = {"asset_id": str(asset.id), "mode": "fixed_price", "price": "5"} | extra
        assert client.post("/listings", data=form).status_code == 422
        body = {"asset_id": str(asset.id), "mode": "fixed_price", "price": {"amount": "5", "currency": "CNY"}} | extra
        assert client.post("/api/v1/listings", json=body, headers={"Idempotency-Key": str(extra)}).status_code == 422


def test_anonymous_and_other_organisations_reach_nothing_of_a_draft(client: FlaskClient, sign_in: SignIn) -> None:
    owner, stranger = make_actor(), make_actor()
    listing = make_listing(owner, published=False)
    address, identity = f"/listings/{listing.id}", listing.id
    session.commit()
    sign_in(client, None)
    assert client.get("/api/v1/listings").status_code == 401
    assert client.post(f"/api/v1/listings/{identity}/publication", headers={"Idempotency-Key": "a"}).status_code == 401
    sign_in(client, stranger)
    for method, path in (
        ("GET", address), ("GET", f"{address}/edit"), ("GET", f"{address}/versions"), ("POST", f"{address}/publish"),
        ("POST", f"{address}/withdraw"), ("POST", f"{address}/due-diligence"), ("POST", f"{address}/terms"),
        ("GET", f"/api/v1{address}"), ("GET", f"/api/v1{address}/versions"), ("PATCH", f"/api/v1{address}"),
    ):  # fmt: skip
        body = {"json": {}} if path.startswith("/api") and method == "PATCH" else {}
        assert client.open(path, method=method, **body).status_code == 404, path


def test_a_viewer_may_look_not_offer(client: FlaskClient, sign_in: SignIn) -> None:
    owner = make_actor()
    assert owner.organisation_id is not None
    viewer = make_actor(find_organisation(owner.organisation_id), Role.VIEWER)
    listing = make_listing(owner)
    session.commit()
    sign_in(client, viewer)
    assert client.get(f"/listings/{listing.id}").status_code == 200
    assert client.get("/listings/new").status_code == 403
    assert client.post(f"/listings/{listing.id}/pause").status_code == 403


def test_offering_a_pledged_asset_is_refused_with_the_law_in_the_pages_language(
    client: FlaskClient, sign_in: SignIn
) -> None:
    owner = make_actor()
    asset = make_owned_asset(owner)
    listing = make_listing(owner, published=False, asset=asset)
    encumber(SYSTEM, asset.id, EncumbranceKind.PLEDGE, None, date(2026, 1, 1), None, "P", NOW, holder_name="Bank")
    sign_in(client, owner)
    client.post(f"/listings/{listing.id}/due-diligence", data=DILIGENCE)
    session.commit()
    refresh()
    refused = client.post(f"/listings/{listing.id}/publish?lang=zh")
    refresh()
    assert refused.status_code == 409 and "《民法典》第四百四十四条" in refused.text
    key = {"Idempotency-Key": "k", "Accept-Language": "en"}
    problem = client.post(f"/api/v1/listings/{listing.id}/publication", headers=key)
    assert problem.status_code == 409 and problem.json is not None
    assert problem.json["rule"] == "CN-PLG-03" and "Civil Code art. 444" in problem.json["detail"]


def test_the_api_drafts_changes_and_publishes(client: FlaskClient, sign_in: SignIn) -> None:
    owner = make_actor()
    asset = make_owned_asset(owner)
    sign_in(client, owner)
    body = {"asset_id": str(asset.id), "mode": "fixed_price", "price": {"amount": "5000.00", "currency": "CNY"}}
    made = client.post("/api/v1/listings", json=body, headers={"Idempotency-Key": "1"})
    assert made.status_code == 201 and made.json is not None
    again = client.post("/api/v1/listings", json=body, headers={"Idempotency-Key": "1"})
    assert (
        again.json == made.json and owner.organisation_id is not None and len(listings_of(owner.organisation_id)) == 1
    )
    address = f"/api/v1/listings/{made.json['id']}"
    answers = {name: value == "yes" or value for name, value in DILIGENCE.items()}
    assert client.put(f"{address}/due-diligence", json=answers).status_code == 200
    published = client.post(f"{address}/publication", headers={"Idempotency-Key": "2"})
    assert published.json is not None and published.json["status"] == "published"
    changed = client.patch(address, json={"price": {"amount": "6000.00", "currency": "CNY"}})
    assert changed.json is not None and changed.json["version"] == 2 and "reserve" not in changed.json
    assert changed.json["summary"] == "" and changed.json["mode"] == "fixed_price"
    versions = client.get(f"{address}/versions").json
    assert versions is not None
    assert versions["items"][0]["changes"]["price"]["to"] == {"amount": "6000.00", "currency": "CNY"}
    assert "¥6,000.00" in client.get(f"/listings/{made.json['id']}/versions").text
    assert client.post(f"{address}/pause", headers={"Idempotency-Key": "3"}).status_code == 200
    assert client.post(f"{address}/withdrawal", headers={"Idempotency-Key": "4"}).status_code == 200
    assert client.post(f"{address}/withdrawal", headers={"Idempotency-Key": "5"}).status_code == 409


def test_only_the_operator_suspends(client: FlaskClient, sign_in: SignIn) -> None:
    listing, holder, operator = make_listing(), make_actor(), make_actor(kind="platform_operator")
    session.commit()
    address = f"/api/v1/listings/{listing.id}/suspension"
    sign_in(client, holder)
    assert client.post(address, json={"reason": "x"}, headers={"Idempotency-Key": "1"}).status_code == 403
    sign_in(client, operator)
    assert client.post(address, json={"reason": "Complaint"}, headers={"Idempotency-Key": "2"}).status_code == 200
    session.expire_all()
    assert listing.status is ListingStatus.SUSPENDED


def test_a_panel_of_a_higher_room_stands_on_the_page(client: FlaskClient) -> None:
    listing = make_listing()
    before = list(listing_panels._panels)
    listing_panels.add()(lambda _actor, shown: f"<p>panel {shown.id}</p>")
    try:
        assert f"<p>panel {listing.id}</p>" in client.get(f"/listings/{listing.id}").text
    finally:
        listing_panels._panels[:] = before


@pytest.mark.parametrize(
    "address", ["/listings/terms?asset=x&mode=auction", "/listings/terms", "/listings/terms?mode=x"]
)
def test_the_wizard_with_a_foreign_or_broken_choice_is_404(client: FlaskClient, sign_in: SignIn, address: str) -> None:
    sign_in(client, make_actor())
    assert client.get(address).status_code == 404


def test_the_asset_page_shows_its_offers_and_the_dashboard_what_waits(client: FlaskClient, sign_in: SignIn) -> None:
    owner = make_actor()
    listing = make_listing(owner)
    draft = make_listing(owner, published=False)
    session.commit()
    assert f"/listings/{listing.id}" in client.get(f"/assets/{listing.asset_id}").text
    assert f"/listings/{draft.id}" not in client.get(f"/assets/{draft.asset_id}").text
    sign_in(client, owner)
    assert "Offer this asset" in client.get(f"/assets/{draft.asset_id}").text
    assert f"/listings/{draft.id}" in client.get("/dashboard").text
