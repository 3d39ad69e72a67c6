"""The scorecard of the chance of a sale: figures by hand, only offers whose time is over, only what was said before."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from marketplace.valuation.published_offers import OfferOutcome, end_offer, horizon, note_offer
from marketplace.valuation.reports import indicate_value
from marketplace.valuation.sale_scorecard import SaleCase, sale_scorecard, sale_scores
from marketplace.valuation.sales import Purpose
from tests.makers.identity import make_actor
from tests.makers.registry import make_asset


def test_brier_score_gap_and_bands_by_hand() -> None:
    told = sale_scores([SaleCase(0.1, False), SaleCase(0.1, True), SaleCase(0.7, True), SaleCase(1.0, True)])
    assert told["brier"] == pytest.approx((0.01 + 0.81 + 0.09 + 0) / 4)
    assert told["brier_of_overall_share"] == pytest.approx(0.75 * 0.25)
    assert [band.count for band in told["bands"]] == [2, 0, 0, 1, 1]
    assert (told["bands"][0].said, told["bands"][0].sold) == (0.1, 0.5)
    assert told["mean_gap"] == pytest.approx((0.4 * 2 + 0.3 + 0) / 4)
    low, high = told["bands"][0].low, told["bands"][0].high
    assert 0.09 < low < 0.1 and 0.9 < high < 0.91, "Wilson's interval of one in two"
    assert not told["enough"] and not told["alarm"] and not any(band.enough for band in told["bands"])


def test_no_case_gives_no_figure() -> None:
    told = sale_scores([])
    assert (told["cases"], told["brier"], told["mean_gap"], told["enough"]) == (0, None, None, False)
    assert [band.sold for band in told["bands"]] == [None] * 5


def test_honest_chances_pass_and_boastful_ones_raise_the_alarm() -> None:
    draw = random.Random(2)
    chances = [draw.random() for _offer in range(1500)]
    honest = sale_scores([SaleCase(chance, draw.random() < chance) for chance in chances])
    assert honest["enough"] and not honest["alarm"] and honest["brier"] < honest["brier_of_overall_share"]
    assert all(band.enough for band in honest["bands"])
    assert sum(band.low <= band.said <= band.high for band in honest["bands"]) >= 4, "95 % intervals of five bands"
    assert sale_scores([SaleCase(chance, draw.random() < chance / 2) for chance in chances])["alarm"]


def test_only_offers_whose_time_is_over_are_judged_by_what_was_said_before_them(client: FlaskClient) -> None:
    actor = make_actor()
    said = datetime.now(UTC)
    published = said + timedelta(days=1)
    over = published + horizon()
    for number, (outcome, ended) in enumerate([
        (OfferOutcome.SOLD, published + timedelta(days=90)), (OfferOutcome.SOLD, over + timedelta(days=1)),
        (OfferOutcome.UNSOLD, published + timedelta(days=40)), (None, None),
        (OfferOutcome.SET_ASIDE, published + timedelta(days=40)),
    ]):  # fmt: skip
        asset = make_asset()
        indicate_value(actor, asset.id, "pledge", said)
        note_offer(asset.id, Purpose.TRANSFER, f"test:{number}", published)
        if outcome is not None and ended is not None:
            end_offer(actor, f"test:{number}", outcome, ended)
    late, licence = make_asset(), make_asset()
    note_offer(late.id, Purpose.TRANSFER, "test:late", said - timedelta(days=9))
    indicate_value(actor, late.id, "transfer", said)
    note_offer(licence.id, Purpose.LICENCE, "test:licence", published)
    indicate_value(actor, licence.id, "transfer", said)
    early = sale_scorecard(over - timedelta(seconds=1))
    assert (early["cases"], early["waiting"], early["left_out"]) == (0, 4, 1)
    told = sale_scorecard(over + timedelta(days=2))
    assert (told["cases"], told["waiting"], told["left_out"], told["horizon_months"]) == (4, 0, 1, 12)
    assert told["bands"][1].count == 4 and told["bands"][1].sold == 0.25
    page = client.get("/valuations/scorecard?lang=en").get_data(as_text=True)
    assert "Not enough cases: 0 offers judged" in page and "Younger, so not judged yet" in page
    assert "案例不足" in client.get("/valuations/scorecard?lang=zh").get_data(as_text=True)
    shown = client.get("/api/v1/valuations/scorecard").json["sale"]
    assert (shown["horizon_months"], shown["cases"], shown["brier"], len(shown["bands"])) == (12, 0, None, 5)
