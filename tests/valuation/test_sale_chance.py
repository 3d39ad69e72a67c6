"""The chance of a sale: honest about how little is published, taught by ended offers, never raised by an unsold one."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from marketplace.core.db import session
from marketplace.listings.course import suspend_listing, withdraw_listing
from marketplace.registry.assets import AssetKind
from marketplace.valuation.beta_law import beta_quantile, beta_share
from marketplace.valuation.reports import indicate_value, reproduces
from marketplace.valuation.sale_chance import chance_of_sale, published_prior, sale_chance_data
from marketplace.valuation.sales import Purpose
from marketplace.valuation.unsold_offers import UnsoldOffer, outcomes_known_at, record_unsold
from tests.makers.identity import make_actor
from tests.makers.listings import NOW as LISTED
from tests.makers.listings import make_listing
from tests.makers.registry import make_asset
from tests.makers.valuation import make_sale

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
counts = st.fixed_dictionaries({"sold": st.integers(0, 400), "unsold": st.integers(0, 400)})


def outcomes(alike: dict[str, int], others: dict[str, int], market: str = "transfer") -> dict[str, Any]:
    return {"market": market, "alike": alike, "others": others}


@given(
    counts, counts, st.sampled_from(["transfer", "licence"]), st.sampled_from(["alike", "others"]), st.integers(1, 50)
)
def test_more_offers_that_ended_unsold_never_raise_the_chance_or_either_end(
    alike: dict[str, int], others: dict[str, int], market: str, whose: str, more: int
) -> None:
    before = outcomes(alike, others, market)
    after = before | {whose: before[whose] | {"unsold": before[whose]["unsold"] + more}}
    first, then = (chance_of_sale("invention", known) for known in (before, after))
    assert all(then[end] <= first[end] for end in ("low", "chance", "high"))
    assert 0 <= then["low"] <= then["chance"] <= then["high"] <= 1 and then["low"] < then["high"]


@given(st.floats(0.5, 300), st.floats(0.5, 300), st.floats(0.01, 0.99))
def test_the_beta_law_is_its_own_mirror_and_its_quantiles_undo_it(a: float, b: float, level: float) -> None:
    assert abs(beta_share(level, a, b) + beta_share(1 - level, b, a) - 1) < 1e-11
    assert abs(beta_share(beta_quantile(level, a, b), a, b) - level) < 1e-7


def test_the_beta_law_agrees_with_closed_forms() -> None:
    assert abs(beta_share(0.3, 1, 1) - 0.3) < 1e-14
    assert abs(beta_share(0.3, 2, 1) - 0.09) < 1e-14
    assert abs(beta_share(0.5, 0.5, 0.5) - 0.5) < 1e-14
    assert abs(beta_quantile(0.1, 0.5, 0.5) - 0.02447174) < 1e-8  # sin²(π/20)


def test_the_first_level_is_the_published_auctions_and_wide_enough_for_most_of_them() -> None:
    prior, events = published_prior(), sale_chance_data()["events"]
    shares = [event["sold"] / event["offered"] for event in events]
    assert abs(prior.mean - sum(shares) / 4) < 1e-12 and 2 < prior.weight < 10
    nothing = {"sold": 0, "unsold": 0}
    told = chance_of_sale("invention", outcomes(nothing, nothing))
    assert sum(told["low"] <= share <= told["high"] for share in shares) >= 3
    assert len(told["sources"]) == 4 and told["prior"]["basis"] == "published_auctions"


@pytest.mark.parametrize(("kind", "market"), [("invention", "licence"), ("trademark", "transfer")])
def test_where_nothing_is_published_the_law_is_vague_and_says_so(kind: str, market: str) -> None:
    nothing = {"sold": 0, "unsold": 0}
    told = chance_of_sale(kind, outcomes(nothing, nothing, market))
    assert told["prior"] == {"basis": "vague", "mean": 0.5, "weight": 1.0} and told["sources"] == []
    assert told["high"] - told["low"] > 0.9


def test_many_ended_offers_outweigh_what_was_published() -> None:
    told = chance_of_sale("invention", outcomes({"sold": 20, "unsold": 380}, {"sold": 0, "unsold": 0}))
    assert 0.03 < told["low"] < told["chance"] < told["high"] < 0.08


@pytest.mark.usefixtures("db")
def test_only_what_had_ended_by_the_day_is_counted_and_every_right_where_it_belongs() -> None:
    before = outcomes_known_at("CN", "invention", Purpose.PLEDGE, NOW)
    make_sale(make_asset(), "50000.00", NOW - timedelta(days=2))
    make_sale(make_asset(), "50000.00", NOW - timedelta(days=2), related=True)
    make_sale(make_asset(), "50000.00", NOW - timedelta(days=2), purpose="licence")
    for asset, purpose, at in (
        (make_asset(), Purpose.TRANSFER, NOW - timedelta(days=1)),
        (make_asset(kind=AssetKind.DESIGN), Purpose.TRANSFER, NOW - timedelta(days=1)),
        (make_asset(), Purpose.LICENCE, NOW - timedelta(days=1)),
        (make_asset(), Purpose.TRANSFER, NOW + timedelta(days=1)),
    ):
        assert record_unsold(make_actor(), asset.id, purpose, f"test:{asset.id}", at - timedelta(days=60), at)
    found = outcomes_known_at("CN", "invention", Purpose.PLEDGE, NOW)
    assert found["market"] == "transfer"
    assert {end: found["alike"][end] - before["alike"][end] for end in before["alike"]} == {"sold": 1, "unsold": 1}
    assert {end: found["others"][end] - before["others"][end] for end in before["others"]} == {"sold": 0, "unsold": 1}


@pytest.mark.usefixtures("db")
def test_an_offer_is_kept_once_and_not_when_the_right_was_sold_meanwhile() -> None:
    actor, asset, sold = make_actor(), make_asset(), make_asset()
    since = NOW - timedelta(days=60)
    assert record_unsold(actor, asset.id, Purpose.TRANSFER, "test:once", since, NOW)
    assert record_unsold(actor, asset.id, Purpose.TRANSFER, "test:once", since, NOW) is None
    make_sale(sold, "50000.00", NOW - timedelta(days=1))
    assert record_unsold(actor, sold.id, Purpose.TRANSFER, "test:sold", since, NOW) is None
    assert record_unsold(actor, sold.id, Purpose.LICENCE, "test:other", since, NOW)
    for statement in ("UPDATE unsold_offers SET purpose = 'licence'", "DELETE FROM unsold_offers"):
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(text(statement))


def unsold(listing: Any) -> int:
    return session.query(UnsoldOffer).filter_by(reference=f"listing:{listing.id}").count()


@pytest.mark.usefixtures("db")
def test_an_offer_taken_back_teaches_only_when_the_market_had_time_and_the_register_did_not_end_it() -> None:
    owner = make_actor()
    early, late, drawn, licence = (make_listing(owner, mode) for mode in ("fixed_price",) * 3 + ("licence",))
    withdraw_listing(owner, early.id, LISTED + timedelta(days=29))
    withdraw_listing(owner, late.id, LISTED + timedelta(days=31))
    suspend_listing(make_actor(kind="platform_operator"), drawn.id, "Title in dispute", LISTED + timedelta(days=40))
    withdraw_listing(owner, drawn.id, LISTED + timedelta(days=50))
    withdraw_listing(owner, licence.id, LISTED + timedelta(days=31))
    assert [unsold(one) for one in (early, late, drawn, licence)] == [0, 1, 0, 1]
    kept = session.query(UnsoldOffer).filter_by(reference=f"listing:{licence.id}").one()
    assert kept.purpose is Purpose.LICENCE


def test_the_report_says_the_chance_and_its_sources_in_both_languages(
    client: FlaskClient, sign_in: Callable[..., FlaskClient]
) -> None:
    actor = make_actor()
    indication = indicate_value(actor, make_asset().id, "transfer", NOW)
    assert reproduces(indication)
    sign_in(client, actor)
    page = client.get(f"/valuations/{indication.id}?lang=en").get_data(as_text=True)
    assert "Chance of a sale" in page and "4 published patent auctions (93 of 254 lots sold" in page
    page = client.get(f"/valuations/{indication.id}?lang=zh").get_data(as_text=True)
    assert "成交可能性" in page and "贵州专利拍卖会" in page and "Ocean Tomo auction" not in page
    sale = client.get(f"/api/v1/indications/{indication.id}").json["answer"]["sale"]
    assert sale["low"] < sale["chance"] < sale["high"] and sale["prior"]["basis"] == "published_auctions"


@pytest.mark.usefixtures("db")
def test_an_older_indication_without_the_chance_still_reproduces_and_is_laid_out() -> None:
    from marketplace.registry.assets import find_asset
    from marketplace.valuation.estimating import estimate
    from marketplace.valuation.report_pdf import _words

    indication = indicate_value(make_actor(), make_asset().id, "licence", NOW)
    older = {name: value for name, value in indication.snapshot.items() if name != "outcomes"}
    assert "sale" in indication.answer and "sale" not in estimate(older)
    words = _words(indication, find_asset(indication.asset_id))
    assert "杰弗里斯" in words["zh"]["sale"][2] and "Jeffreys" in words["en"]["sale"][2]
