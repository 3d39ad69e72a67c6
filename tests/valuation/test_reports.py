"""Indications: repeatable, blind to the future, private, wide where nothing is known."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from marketplace.core.db import session
from marketplace.core.errors import Malformed, NotFound
from marketplace.identity.verification import KycRequired
from marketplace.registry.assets import LegalStatus
from marketplace.registry.register_events import RegisterEvent, RegisterEventType
from marketplace.valuation.reports import (
    DateInTheFuture,
    RightNotAlive,
    find_indication,
    indicate_value,
    indications_of,
    latest_indication,
    reproduces,
)
from tests.makers.identity import make_actor, make_organisation
from tests.makers.registry import make_asset
from tests.makers.valuation import make_sale

pytestmark = pytest.mark.usefixtures("db")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
UNKNOWN: dict[str, Any] = {
    "status": LegalStatus.UNKNOWN,
    "status_on": None,
    "expires_on": None,
    "claims_count": None,
    "family_size": None,
}


def ratio(indication: Any) -> float:
    return float(indication.high.amount / indication.low.amount)


def test_the_same_facts_give_the_same_cents_and_the_same_answer() -> None:
    actor, asset = make_actor(), make_asset(changed_at=NOW - timedelta(days=1))
    first, second = (indicate_value(actor, asset.id, "transfer", NOW) for _turn in range(2))
    assert (first.low, first.middle, first.high) == (second.low, second.middle, second.high)
    assert first.answer == second.answer and first.inputs_hash == second.inputs_hash
    session.expire_all()
    assert reproduces(first)


def test_the_range_is_in_order_and_wide() -> None:
    indication = indicate_value(make_actor(), make_asset().id, "transfer", NOW)
    assert indication.low < indication.middle < indication.high
    assert ratio(indication) > 20, "published prices of patents differ by more than twenty times"


def test_a_later_citation_event_status_and_sale_change_nothing() -> None:
    actor, then = make_actor(), NOW - timedelta(days=300)
    asset = make_asset(changed_at=then - timedelta(days=1), cited_by_count=4)
    before = indicate_value(actor, asset.id, "transfer", NOW, as_of=then)
    session.add(
        RegisterEvent(
            asset_id=asset.id, type=RegisterEventType.TRANSFER, code="TR01", scheme="cnipa", event_key="planted",
            valid_on=(then + timedelta(days=9)).date(), known_from=then - timedelta(days=2),
        )
    )  # fmt: skip
    session.add(
        RegisterEvent(
            asset_id=asset.id, type=RegisterEventType.TRANSFER, code="TR01", scheme="cnipa", event_key="late",
            valid_on=(then - timedelta(days=9)).date(), known_from=then + timedelta(days=2),
        )
    )  # fmt: skip
    asset.status, asset.status_on = LegalStatus.LAPSED, (then + timedelta(days=5)).date()
    make_sale(make_asset(changed_at=then - timedelta(days=1)), "9000000.00", then + timedelta(days=3))
    session.flush()
    after = indicate_value(actor, asset.id, "transfer", NOW, as_of=then)
    assert after.answer == before.answer


def test_citations_counted_after_the_day_are_unknown_on_it() -> None:
    then = NOW - timedelta(days=300)
    asset = make_asset(changed_at=NOW, cited_by_count=500)
    assert "citations" in indicate_value(make_actor(), asset.id, "transfer", NOW, as_of=then).unknowns
    assert "citations" not in indicate_value(make_actor(), asset.id, "transfer", NOW).unknowns


def test_an_asset_of_which_nothing_is_known_is_valued_wider_and_says_so() -> None:
    actor = make_actor()
    known = indicate_value(actor, make_asset(cited_by_count=3).id, "transfer", NOW)
    unknown = indicate_value(actor, make_asset(**UNKNOWN).id, "transfer", NOW)
    assert ratio(unknown) > ratio(known)
    assert set(unknown.unknowns) == {"renewal", "remaining_life", "family", "citations", "status", "traded_before"}
    assert "unknown_facts" in unknown.answer["limits"]


def test_another_organisations_indication_does_not_exist_for_a_stranger() -> None:
    actor, stranger, asset = make_actor(), make_actor(), make_asset()
    indication = indicate_value(actor, asset.id, "pledge", NOW)
    with pytest.raises(NotFound):
        find_indication(stranger, indication.id)
    assert indications_of(stranger, asset.id) == []
    assert latest_indication(asset.id, stranger) is None
    assert latest_indication(asset.id) == find_indication(actor, indication.id)


def test_an_unapproved_organisation_may_not_ask() -> None:
    newcomer = make_actor(make_organisation(status="draft"))
    with pytest.raises(KycRequired):
        indicate_value(newcomer, make_asset().id, "transfer", NOW)


def test_a_right_that_has_ended_is_not_valued() -> None:
    with pytest.raises(RightNotAlive):
        indicate_value(make_actor(), make_asset(expires_on=date(2026, 1, 1)).id, "transfer", NOW)
    with pytest.raises(DateInTheFuture):
        indicate_value(make_actor(), make_asset().id, "transfer", NOW, as_of=NOW + timedelta(days=1))


def test_unknown_purposes_inputs_and_industries_are_refused() -> None:
    actor, asset = make_actor(), make_asset()
    with pytest.raises(Malformed):
        indicate_value(actor, asset.id, "gift", NOW)
    with pytest.raises(Malformed):
        indicate_value(actor, asset.id, "transfer", NOW, inputs={"asking_price": "1"})
    with pytest.raises(Malformed):
        indicate_value(actor, asset.id, "transfer", NOW, inputs={"industry": "nonsense", "revenue": "1"})


def test_income_and_cost_join_when_their_inputs_are_given() -> None:
    inputs = {"revenue": "2000000", "industry": "software", "development_cost": "600000"}
    indication = indicate_value(make_actor(), make_asset().id, "transfer", NOW, inputs=inputs)
    names = {approach["name"] for approach in indication.answer["approaches"]}
    assert names == {"statistical", "income", "cost"}
    assert sum(approach["weight"] for approach in indication.answer["approaches"]) == pytest.approx(1, abs=1e-3)


def test_closed_sales_teach_the_level_but_related_parties_do_not() -> None:
    actor, asset = make_actor(), make_asset()
    before = indicate_value(actor, asset.id, "transfer", NOW)
    for _sale in range(6):
        make_sale(make_asset(), "2000000.00", NOW - timedelta(days=30), related=True)
    assert indicate_value(actor, asset.id, "transfer", NOW).middle == before.middle
    for _sale in range(6):
        make_sale(make_asset(), "2000000.00", NOW - timedelta(days=30))
    taught = indicate_value(actor, asset.id, "transfer", NOW)
    assert taught.middle > before.middle and ratio(taught) < ratio(before)
    assert "market" in {approach["name"] for approach in taught.answer["approaches"]}


def test_a_pledge_learns_from_sales_as_its_published_prices_do_and_stays_less_sure() -> None:
    actor, asset = make_actor(), make_asset()
    before = indicate_value(actor, asset.id, "pledge", NOW)
    for _sale in range(6):
        make_sale(make_asset(), "2000000.00", NOW - timedelta(days=30))
    sale, pledge, disposal = (indicate_value(actor, asset.id, one, NOW) for one in ("transfer", "pledge", "court_sale"))
    assert pledge.middle > before.middle and ratio(pledge) < ratio(before)
    assert ratio(sale) < ratio(pledge) and disposal.middle < pledge.middle
    assert pledge.low < sale.low
    assert reproduces(pledge)


@pytest.mark.parametrize("statement", ["UPDATE indications SET low_minor = 0", "DELETE FROM indications"])
def test_the_database_refuses_to_change_an_indication(statement: str) -> None:
    indicate_value(make_actor(), make_asset().id, "transfer", NOW)
    with pytest.raises((IntegrityError, OperationalError, ProgrammingError)):
        session.execute(text(statement))


@pytest.mark.parametrize("kind", ["utility_model", "trademark", "software"])
def test_kinds_without_published_prices_say_so(kind: str) -> None:
    indication = indicate_value(make_actor(), make_asset(kind=kind).id, "pledge", NOW)
    assert "no_published_prices" in indication.answer["limits"]
