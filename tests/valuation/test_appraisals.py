"""Values from elsewhere stand beside ours, belong to who brought them, and never move our own."""

from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from marketplace.core.db import session
from marketplace.core.errors import Malformed, NotFound
from marketplace.core.money import Money
from marketplace.deals.deals import DealStatus
from marketplace.documents.files import store_file
from marketplace.valuation.appraisals import add_appraisal, appraisals_of
from marketplace.valuation.published_offers import OfferEnd, OfferOutcome, PublishedOffer
from marketplace.valuation.reports import indicate_value
from marketplace.valuation.sales import ClosedSale
from tests.makers.deals import Parties
from tests.makers.documents import make_pdf
from tests.makers.identity import make_actor
from tests.makers.registry import make_asset

pytestmark = pytest.mark.usefixtures("db")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def stated(**changes: Any) -> dict[str, Any]:
    base = {
        "basis": "bank_internal", "purpose": "pledge", "appraiser": "Fictional Bank",
        "value": Money(9_000_000_00, "CNY"), "valued_on": date(2026, 11, 1),
    }  # fmt: skip
    return base | changes


def test_a_value_from_elsewhere_is_kept_and_changes_no_indication() -> None:
    actor, asset = make_actor(), make_asset()
    before = indicate_value(actor, asset.id, "pledge", NOW)
    kept = add_appraisal(actor, asset.id, stated(), NOW)
    assert appraisals_of(actor, asset.id) == [kept]
    assert appraisals_of(make_actor(), asset.id) == []
    assert indicate_value(actor, asset.id, "pledge", NOW).middle == before.middle


def test_an_external_appraisal_needs_a_report_that_is_ones_own() -> None:
    actor, asset = make_actor(), make_asset()
    with pytest.raises(Malformed):
        add_appraisal(actor, asset.id, stated(basis="external_appraisal"), NOW)
    foreign = store_file(make_actor(), make_pdf(), "r.pdf", "appraisal", NOW)
    with pytest.raises(NotFound):
        add_appraisal(actor, asset.id, stated(basis="external_appraisal", file_id=foreign.id), NOW)
    own = store_file(actor, make_pdf(), "r.pdf", "appraisal", NOW)
    assert add_appraisal(actor, asset.id, stated(basis="external_appraisal", file_id=own.id), NOW).file_id == own.id


def test_a_day_to_come_is_refused() -> None:
    with pytest.raises(Malformed):
        add_appraisal(make_actor(), make_asset().id, stated(valued_on=date(2027, 1, 1)), NOW)


def test_the_database_refuses_to_change_a_kept_value() -> None:
    add_appraisal(make_actor(), make_asset().id, stated(), NOW)
    with pytest.raises((IntegrityError, OperationalError, ProgrammingError)):
        session.execute(text("UPDATE appraisals SET value_minor = 1"))


def test_a_report_is_uploaded_from_the_page(client: FlaskClient, sign_in: Any) -> None:
    asset = make_asset()
    sign_in(client, make_actor())
    form = {
        "basis": "external_appraisal", "purpose": "pledge", "appraiser": "Fictional Appraisers", "value": "1200000",
        "valued_on": "2026-10-01", "idempotency_key": uuid4().hex, "file": (BytesIO(make_pdf()), "report.pdf"),
    }  # fmt: skip
    answer = client.post(f"/assets/{asset.id}/appraisals", data=form, content_type="multipart/form-data")
    assert answer.status_code == 303
    page = client.get(f"/assets/{asset.id}/valuation").get_data(as_text=True)
    assert "Fictional Appraisers" in page and "1,200,000.00" in page


def test_appraisals_over_the_api(client: FlaskClient, sign_in: Any) -> None:
    address = f"/api/v1/assets/{make_asset().id}/appraisals"
    session.commit()
    body = stated(value={"amount": "5.00", "currency": "CNY"}, valued_on="2026-11-01")
    assert client.post(address, json=body, headers={"Idempotency-Key": uuid4().hex}).status_code == 401
    sign_in(client, make_actor())
    assert client.post(address, json=body, headers={"Idempotency-Key": uuid4().hex}).status_code == 201
    worthless = body | {"value": {"amount": "0.00", "currency": "CNY"}}
    assert client.post(address, json=worthless, headers={"Idempotency-Key": uuid4().hex}).status_code == 422
    assert len(client.get(address).json["items"]) == 1
    sign_in(client, make_actor())
    assert client.get(address).json["items"] == []


def test_a_released_deal_teaches_its_price_once() -> None:
    parties = Parties()
    deal = parties.bring_to(DealStatus.RELEASED)
    sale = session.query(ClosedSale).filter_by(reference=f"deal:{deal.id}").one()
    assert sale.price == deal.price and sale.related_parties is False
    offer = session.query(PublishedOffer).filter_by(reference=f"listing:{deal.listing_id}").one()
    assert session.query(OfferEnd).filter_by(offer_id=offer.id).one().outcome is OfferOutcome.SOLD
