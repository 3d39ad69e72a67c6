"""The chance of a sale: honest about how little is published, taught by the offers watched, never raised by an unsold one."""

import math
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from marketplace.core.db import session
from marketplace.listings.course import suspend_listing, withdraw_listing
from marketplace.registry.assets import AssetKind
from marketplace.valuation.beta_law import beta_quantile, beta_share
from marketplace.valuation.published_offers import (
    OfferEnd,
    OfferOutcome,
    PublishedOffer,
    end_offer,
    note_offer,
    outcomes_known_at,
)
from marketplace.valuation.reports import indicate_value, reproduces
from marketplace.valuation.sale_chance import chance_of_sale, published_prior, sale_chance_data
from marketplace.valuation.sales import Purpose
from tests.makers.identity import make_actor
from tests.makers.listings import NOW as LISTED
from tests.makers.listings import make_listing
from tests.makers.registry import make_asset
from tests.makers.valuation import make_sale

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MONTHS = 12
offers = st.lists(st.tuples(st.integers(0, MONTHS), st.none() | st.integers(0, MONTHS - 1)), max_size=25)
"""For each offer the full months it was watched, and the month in which it was sold."""


def fared(some: list[tuple[int, int | None]]) -> dict[str, Any]:
    """Counted by hand: at risk in a month while watched to its end and not sold before it."""
    sold = [[month < watched and at == month for month in range(MONTHS)] for watched, at in some]
    at_risk = [[month < watched and not any(one[:month]) for month in range(MONTHS)] for (watched, _at), one in zip(some, sold, strict=True)]  # fmt: skip
    by_month = [[sum(column) for column in zip(*table, strict=True)] or [0] * MONTHS for table in (at_risk, sold)]
    whole = sum(watched == MONTHS and not any(one) for (watched, _at), one in zip(some, sold, strict=True))
    ends = {"sold": sum(by_month[1]), "unsold": whole, "open": len(some) - whole - sum(by_month[1]), "set_aside": 0}
    return ends | {"watched_by_month": by_month[0], "sold_by_month": by_month[1]}


def whole(sold: int, unsold: int) -> dict[str, Any]:
    """Offers watched to the end, whose sales came in the first months."""
    return fared([(MONTHS, at % MONTHS) for at in range(sold)] + [(MONTHS, None)] * unsold)


def outcomes(alike: dict[str, Any], others: dict[str, Any], market: str = "transfer") -> dict[str, Any]:
    return {"market": market, "horizon_months": MONTHS, "alike": alike, "others": others}


NOTHING = fared([])


@settings(max_examples=200)
@given(
    offers, offers, st.sampled_from(["transfer", "licence"]), st.booleans(), st.integers(0, MONTHS), st.integers(1, 9)
)
def test_more_offers_watched_without_a_sale_never_raise_the_chance(
    alike: list[Any], others: list[Any], market: str, like: bool, watched: int, more: int
) -> None:
    added = [(watched, None)] * more
    first = chance_of_sale("invention", outcomes(fared(alike), fared(others), market))
    known = (alike + added, others) if like else (alike, others + added)
    then = chance_of_sale("invention", outcomes(fared(known[0]), fared(known[1]), market))
    slack = 0 if like else 0.001  # the ends may widen a little as others lose weight
    assert then["chance"] <= first["chance"]
    assert then["low"] <= first["low"] + slack and then["high"] <= first["high"] + slack
    assert 0 <= then["low"] <= then["chance"] <= then["high"] <= 1 and then["low"] < then["high"]


@given(st.integers(0, 60), st.integers(0, 60))
def test_offers_watched_to_the_end_are_counted_as_they_are(sold: int, unsold: int) -> None:
    """Without censoring the law is the prior's with sold and unsold offers added: Beta(a + sold, b + unsold)."""
    prior = published_prior()
    a, b = prior.mean * prior.weight + sold, (1 - prior.mean) * prior.weight + unsold
    told = chance_of_sale("invention", outcomes(whole(sold, unsold), NOTHING))
    assert told["chance"] == pytest.approx(a / (a + b), abs=1e-4)
    assert told["low"] == pytest.approx(beta_quantile(0.1, a, b), abs=1e-4)
    assert told["high"] == pytest.approx(beta_quantile(0.9, a, b), abs=1e-4)


def test_young_offers_are_neither_left_out_nor_taken_for_unsold() -> None:
    """A tenth sells each month; with many offers, half of them young, the share of twelve months is found all the same."""
    draw = random.Random(4)
    some = []
    for turn in range(4000):
        month = int(math.log(draw.random()) / math.log(0.9))
        some.append((MONTHS if turn % 2 else draw.randrange(MONTHS), month if month < MONTHS else None))
    told = chance_of_sale("invention", outcomes(fared(some), NOTHING))
    assert told["chance"] == pytest.approx(1 - 0.9**12, abs=0.02)
    naive = sum(at is not None and at < watched for watched, at in some) / len(some)
    assert naive < told["chance"] - 0.1, "counting the young as unsold would say far too little"


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
    told = chance_of_sale("invention", outcomes(NOTHING, NOTHING))
    assert sum(told["low"] <= share <= told["high"] for share in shares) >= 3
    assert len(told["sources"]) == 4 and told["prior"]["basis"] == "published_auctions"


@pytest.mark.parametrize(("kind", "market"), [("invention", "licence"), ("trademark", "transfer")])
def test_where_nothing_is_published_the_law_is_vague_and_says_so(kind: str, market: str) -> None:
    told = chance_of_sale(kind, outcomes(NOTHING, NOTHING, market))
    assert told["prior"] == {"basis": "vague", "mean": 0.5, "weight": 1.0} and told["sources"] == []
    assert told["high"] - told["low"] > 0.9


def test_many_ended_offers_outweigh_what_was_published() -> None:
    told = chance_of_sale("invention", outcomes(whole(20, 380), NOTHING))
    assert 0.03 < told["low"] < told["chance"] < told["high"] < 0.08


def day(number: float) -> datetime:
    return NOW - timedelta(days=number)


@pytest.mark.usefixtures("db")
def test_offers_are_counted_as_they_stood_on_the_day_and_nothing_later() -> None:
    """Like rights: sold in the third month, sold after the horizon, unsold, open and young, set aside, and later news."""
    actor, like = make_actor(), [make_asset() for _offer in range(6)]
    for number, (asset, published) in enumerate(zip(like, (400, 500, 100, 100, 200, 300), strict=True)):
        note_offer(asset.id, Purpose.TRANSFER, f"test:{number}", day(published))
    note_offer(make_asset(kind=AssetKind.DESIGN).id, Purpose.TRANSFER, "test:other", day(366))
    note_offer(make_asset().id, Purpose.LICENCE, "test:licence", day(400))
    note_offer(make_asset().id, Purpose.TRANSFER, "test:later", day(-1))
    for number, outcome, ended in (
        (0, OfferOutcome.SOLD, 400 - 75), (1, OfferOutcome.SOLD, 500 - 370), (2, OfferOutcome.UNSOLD, 50),
        (4, OfferOutcome.SET_ASIDE, 200 - 45), (5, OfferOutcome.SOLD, -1),
    ):  # fmt: skip
        assert end_offer(actor, f"test:{number}", outcome, day(ended))
    found = outcomes_known_at("CN", "invention", Purpose.PLEDGE, NOW)
    assert (found["market"], found["horizon_months"]) == ("transfer", 12)
    assert [found["alike"][way] for way in ("sold", "unsold", "open", "set_aside")] == [1, 2, 2, 1]
    assert found["alike"]["sold_by_month"] == [0, 0, 1] + [0] * 9
    assert found["alike"]["watched_by_month"] == [6, 5, 5] + [2] * 6 + [1] * 3
    assert found["others"]["watched_by_month"] == [1] * 12 and found["others"]["unsold"] == 1
    earlier = outcomes_known_at("CN", "invention", Purpose.PLEDGE, day(400 - 74))
    assert sum(earlier["alike"]["sold_by_month"]) == 0, "the sale of the next day is not known"


@pytest.mark.usefixtures("db")
def test_an_offer_ends_once_and_is_not_refused_when_the_right_was_sold_otherwise() -> None:
    actor, asset, sold = make_actor(), make_asset(), make_asset()
    for one, name in ((asset, "once"), (sold, "sold")):
        first = note_offer(one.id, Purpose.TRANSFER, f"test:{name}", day(60))
        assert note_offer(one.id, Purpose.TRANSFER, f"test:{name}", day(10)).id == first.id
    kept = end_offer(actor, "test:once", OfferOutcome.UNSOLD, NOW)
    assert kept is not None and end_offer(actor, "test:once", OfferOutcome.SOLD, NOW) is None
    assert end_offer(actor, "test:nobody", OfferOutcome.SOLD, NOW) is None
    make_sale(sold, "50000.00", day(1))
    otherwise = end_offer(actor, "test:sold", OfferOutcome.UNSOLD, NOW)
    assert otherwise is not None and otherwise.outcome is OfferOutcome.SET_ASIDE
    for table, change in (("published_offers", "purpose = 'licence'"), ("offer_ends", "outcome = 'sold'")):
        for statement in (f"UPDATE {table} SET {change}", f"DELETE FROM {table}"):
            with pytest.raises(DBAPIError), session.begin_nested():
                session.execute(text(statement))


def end_of(listing: Any) -> str | None:
    query = select(OfferEnd.outcome).join(PublishedOffer, PublishedOffer.id == OfferEnd.offer_id)
    found = session.execute(query.where(PublishedOffer.reference == f"listing:{listing.id}")).scalar_one_or_none()
    return found and found.value


@pytest.mark.usefixtures("db")
def test_an_offer_taken_back_was_refused_only_when_the_market_had_time_and_the_register_did_not_end_it() -> None:
    owner = make_actor()
    early, late, drawn, licence, shown = (make_listing(owner, mode) for mode in ("fixed_price",) * 3 + ("licence",) * 2)
    withdraw_listing(owner, early.id, LISTED + timedelta(days=29))
    withdraw_listing(owner, late.id, LISTED + timedelta(days=31))
    suspend_listing(make_actor(kind="platform_operator"), drawn.id, "Title in dispute", LISTED + timedelta(days=40))
    withdraw_listing(owner, drawn.id, LISTED + timedelta(days=50))
    withdraw_listing(owner, licence.id, LISTED + timedelta(days=31))
    ends = [end_of(one) for one in (early, late, drawn, licence, shown)]
    assert ends == ["set_aside", "unsold", "set_aside", "unsold", None]
    kept = session.query(PublishedOffer).filter_by(reference=f"listing:{licence.id}").one()
    assert (kept.purpose, kept.published_at) == (Purpose.LICENCE, LISTED)


def test_the_report_says_the_chance_and_its_sources_in_both_languages(
    client: FlaskClient, sign_in: Callable[..., FlaskClient]
) -> None:
    actor = make_actor()
    indication = indicate_value(actor, make_asset().id, "transfer", NOW)
    assert reproduces(indication)
    sign_in(client, actor)
    page = client.get(f"/valuations/{indication.id}?lang=en").get_data(as_text=True)
    assert "Chance of a sale" in page and "4 published patent auctions (93 of 254 lots sold" in page
    assert "within 12 months of being published" in page and "still open and younger" in page
    page = client.get(f"/valuations/{indication.id}?lang=zh").get_data(as_text=True)
    assert "挂牌后 12 个月内" in page and "贵州专利拍卖会" in page and "Ocean Tomo auction" not in page
    sale = client.get(f"/api/v1/indications/{indication.id}").json["answer"]["sale"]
    assert (
        sale["horizon_months"] == 12
        and sale["low"] < sale["chance"] < sale["high"]
        and sale["prior"]["basis"] == "published_auctions"
    )


@pytest.mark.usefixtures("db")
def test_an_older_indication_without_the_chance_still_reproduces_and_is_laid_out() -> None:
    from marketplace.registry.assets import find_asset
    from marketplace.valuation.estimating import estimate
    from marketplace.valuation.report_pdf import _words

    indication = indicate_value(make_actor(), make_asset().id, "licence", NOW)
    older = {name: value for name, value in indication.snapshot.items() if name != "outcomes"}
    assert "sale" in indication.answer and "sale" not in estimate(older)
    words = _words(indication, find_asset(indication.asset_id))
    assert "12 个月内" in words["zh"]["sale"][0] and "within 12 months" in words["en"]["sale"][0]
    assert "杰弗里斯" in words["zh"]["sale"][2] and "Jeffreys" in words["en"]["sale"][2]
