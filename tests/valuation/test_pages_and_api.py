"""Values over HTTP: who may ask and read, what is refused, and what the pages say in both languages."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from marketplace.core.db import session
from marketplace.registry.assets import LegalStatus
from marketplace.valuation.reports import indicate_value
from marketplace.valuation.scorecard import closed_cases, scorecard
from tests.makers.identity import make_actor, make_organisation
from tests.makers.registry import make_asset
from tests.makers.valuation import make_sale

pytestmark = pytest.mark.usefixtures("db")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SignIn = Callable[..., FlaskClient]


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


def test_a_value_is_asked_for_and_read_by_the_api(client: FlaskClient, sign_in: SignIn) -> None:
    asset = make_asset()
    sign_in(client, make_actor())
    asked = client.post(f"/api/v1/assets/{asset.id}/indications", json={"purpose": "pledge"}, headers=key())
    assert asked.status_code == 201
    read = client.get(f"/api/v1/indications/{asked.json['id']}").json
    assert read["basis"] == "platform_indication" and read["middle"] == asked.json["middle"]
    assert float(read["low"]["amount"]) < float(read["high"]["amount"])
    assert len(client.get(f"/api/v1/assets/{asset.id}/indications").json["items"]) == 1


def test_nobody_reads_another_organisations_indication(client: FlaskClient, sign_in: SignIn) -> None:
    indication = indicate_value(make_actor(), make_asset().id, "transfer", NOW)
    addresses = [f"/api/v1/indications/{indication.id}", f"/api/v1/indications/{indication.id}/what-if"]
    pages = [f"/valuations/{indication.id}", f"/valuations/{indication.id}.pdf", f"/valuations/{indication.id}/what-if"]
    assert [client.get(address).status_code for address in addresses] == [401, 401]
    sign_in(client, make_actor())
    assert [client.get(address).status_code for address in addresses + pages] == [404] * 5


@pytest.mark.parametrize(
    "wish", [{}, {"purpose": "gift"}, {"purpose": "transfer", "revenue": "-1"}, {"purpose": "transfer", "x": 1}]
)
def test_malformed_wishes_are_refused(client: FlaskClient, sign_in: SignIn, wish: dict[str, object]) -> None:
    sign_in(client, make_actor())
    answer = client.post(f"/api/v1/assets/{make_asset().id}/indications", json=wish, headers=key())
    assert answer.status_code == 422


def test_an_ended_right_and_an_unapproved_organisation_are_refused(client: FlaskClient, sign_in: SignIn) -> None:
    ended, alive = make_asset(status=LegalStatus.LAPSED), make_asset()
    sign_in(client, make_actor())
    wish = {"purpose": "transfer"}
    assert client.post(f"/api/v1/assets/{ended.id}/indications", json=wish, headers=key()).status_code == 409
    assert client.post(f"/api/v1/assets/{uuid4()}/indications", json=wish, headers=key()).status_code == 404
    sign_in(client, make_actor(make_organisation(status="draft")))
    assert client.post(f"/api/v1/assets/{alive.id}/indications", json=wish, headers=key()).status_code == 403


def test_the_form_leads_to_a_report_with_picture_and_table(client: FlaskClient, sign_in: SignIn) -> None:
    asset = make_asset()
    sign_in(client, make_actor())
    assert client.get(f"/assets/{asset.id}/valuation").status_code == 200
    form = {"purpose": "transfer", "revenue": "2000000", "industry": "software", "idempotency_key": uuid4().hex}
    answer = client.post(f"/assets/{asset.id}/indications", data=form)
    assert answer.status_code == 303
    page = client.get(answer.location).get_data(as_text=True)
    for expected in ("<svg", "Indication, not an appraisal", "relief from royalty", "27 indicators", "SHA-256"):
        assert expected in page, expected
    assert client.get(f"/assets/{asset.id}/valuation?lang=en").get_data(as_text=True).count("/valuations/") >= 2


def test_the_report_is_written_in_chinese(client: FlaskClient, sign_in: SignIn) -> None:
    actor = make_actor()
    inputs = {"revenue": "2000000", "industry": "software"}
    indication = indicate_value(actor, make_asset().id, "transfer", NOW, inputs=inputs)
    sign_in(client, actor)
    page = client.get(f"/valuations/{indication.id}?lang=zh").get_data(as_text=True)
    assert "价值参考，不是评估" in page and "许可费节省" in page and "年法定" not in page


def test_the_chinese_report_words_its_evidence_inputs_and_pictures_in_chinese(
    client: FlaskClient, sign_in: SignIn
) -> None:
    actor = make_actor()
    for price in ("80000.00", "240000.00"):
        make_sale(make_asset(), price, NOW - timedelta(days=30))
    inputs = {"revenue": "2000000", "industry": "software", "development_cost": "500000"}
    indication = indicate_value(actor, make_asset().id, "transfer", NOW, inputs=inputs)
    sign_in(client, actor)
    page = client.get(f"/valuations/{indication.id}?lang=zh").get_data(as_text=True)
    for expected in ("抬高价值的因素", "笔可比成交", "今后各年", "最差时", "A 级：本平台 2 笔成交", "H04L"):
        assert expected in page, expected
    assert page.count("<svg") == 3 and "receipt.json" in page
    for raw in ("<code>", "Our renewal", "broker", "Assumption", "multipliers"):
        assert raw not in page, raw


def test_every_entered_source_has_its_chinese_text() -> None:
    from marketplace.valuation.evidence import _chinese_sources

    assert len(_chinese_sources()) > 20
    assert all(any("\u4e00" <= letter <= "\u9fff" for letter in text) for text in _chinese_sources().values())


def test_the_report_is_a_pdf_in_both_languages_and_the_same_twice(client: FlaskClient, sign_in: SignIn) -> None:
    from pypdf import PdfReader

    actor = make_actor()
    indication = indicate_value(actor, make_asset().id, "transfer", NOW)
    sign_in(client, actor)
    first, second = (client.get(f"/valuations/{indication.id}.pdf") for _turn in range(2))
    assert first.data == second.data and first.mimetype == "application/pdf"
    from io import BytesIO

    text = "".join(page.extract_text() for page in PdfReader(BytesIO(first.data)).pages)
    assert "价值区间" in text and "not an appraisal" in text


def test_what_if_is_labelled_and_keeps_nothing(client: FlaskClient, sign_in: SignIn) -> None:
    actor = make_actor()
    indication = indicate_value(actor, make_asset().id, "transfer", NOW)
    sign_in(client, actor)
    address = f"/valuations/{indication.id}/what-if?revenue=1000000&royalty_bps=500&years=5&tax_bps=nonsense"
    page = client.get(address).get_data(as_text=True)
    assert "Not a valuation" in page and "tax_bps" in page and "¥" in page and 'type="range"' in page
    assert "非估值" in client.get(f"{address}&lang=zh").get_data(as_text=True)
    answer = client.get(f"/api/v1{address.replace('&tax_bps=nonsense', '')}".replace("valuations", "indications")).json
    assert answer["not_a_valuation"] is True and float(answer["royalty_value"]["amount"]) > 0


def test_the_scorecard_is_public_and_honest_when_empty(client: FlaskClient) -> None:
    assert "No closed deals yet" in client.get("/valuations/scorecard").get_data(as_text=True)
    assert client.get("/api/v1/valuations/scorecard").json["scores"] == []


def test_the_scorecard_counts_deals_that_followed_an_indication(client: FlaskClient) -> None:
    actor = make_actor()
    for price in ("90000.00", "99999999.00"):
        asset = make_asset()
        indicate_value(actor, asset.id, "transfer", NOW)
        make_sale(asset, price, datetime.now(UTC) + timedelta(seconds=5))
    unseen = make_asset()
    make_sale(unseen, "5.00", NOW)
    overall = next(score for score in scorecard(closed_cases()) if score.segment == "all")
    assert (overall.count, overall.coverage) == (2, 0.5)
    page = client.get("/valuations/scorecard").get_data(as_text=True)
    assert "too few to judge" in page and "Calibration curve" in page and "Fairness" in page
    shown = client.get("/api/v1/valuations/scorecard").json
    assert shown["outcomes"] == {"given": 2, "sold": 2, "expired": 0, "open": 0}
    assert len(shown["calibration"]) == 9


def test_a_past_day_is_valued_by_what_was_known_then_and_a_day_to_come_is_refused(
    client: FlaskClient, sign_in: SignIn
) -> None:
    asset, actor = make_asset(cited_by_count=4), make_actor()
    session.commit()
    sign_in(client, actor)
    address = f"/api/v1/assets/{asset.id}/indications"
    past = client.post(address, json={"purpose": "transfer", "as_of": "2026-01-01T00:00:00Z"}, headers=key())
    assert past.status_code == 201 and "citations" in past.json["unknowns"]
    future = client.post(address, json={"purpose": "transfer", "as_of": "2099-01-01T00:00:00Z"}, headers=key())
    assert future.status_code == 409


def test_the_assets_page_offers_a_value_and_then_shows_it(client: FlaskClient, sign_in: SignIn) -> None:
    actor, asset = make_actor(), make_asset()
    sign_in(client, actor)
    assert "Indicate a value" in client.get(f"/assets/{asset.id}").get_data(as_text=True)
    indication = indicate_value(actor, asset.id, "pledge", NOW)
    assert f"/valuations/{indication.id}" in client.get(f"/assets/{asset.id}").get_data(as_text=True)
