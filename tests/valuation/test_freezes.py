"""The drift monitor: prices that move away stop automatic values, an operator lets them go on, only later deals count."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from marketplace.core.actor import SYSTEM
from marketplace.core.db import session
from marketplace.core.errors import NotAllowed
from marketplace.valuation import drift_watch
from marketplace.valuation.freezes import FreezeLifted, ValuesFrozen, frozen_purposes, lift_freeze
from marketplace.valuation.reports import indicate_value
from marketplace.valuation.sales import Purpose, SaleRecorded
from marketplace.valuation.scorecard import Case
from tests.makers.identity import make_actor
from tests.makers.registry import make_asset
from tests.makers.valuation import make_sale

pytestmark = pytest.mark.usefixtures("db")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SignIn = Callable[..., FlaskClient]


def prices_at(monkeypatch: pytest.MonkeyPatch, log_price: float, count: int = 100) -> None:
    """As if so many ranges around 10 had met prices scattered around this level."""
    cases = [
        Case("transfer", NOW.date(), 9.0, 10.0, 11.0, log_price + (0.5 if turn % 2 else -0.5)) for turn in range(count)
    ]
    monkeypatch.setattr(drift_watch, "closed_cases", lambda *_chosen: cases)


def test_prices_that_moved_away_stop_values_of_that_purpose_only(monkeypatch: pytest.MonkeyPatch) -> None:
    actor, asset = make_actor(), make_asset()
    prices_at(monkeypatch, 9.0)
    make_sale(make_asset(), "5000.00", NOW)
    assert [stop.purpose for stop in frozen_purposes()] == [Purpose.TRANSFER]
    with pytest.raises(ValuesFrozen):
        indicate_value(actor, asset.id, "transfer", NOW)
    assert indicate_value(actor, asset.id, "pledge", NOW)
    past = NOW - timedelta(days=1)
    assert indicate_value(actor, asset.id, "transfer", NOW, as_of=past), "what was said before the freeze stays sayable"
    make_sale(make_asset(), "5000.00", NOW)
    assert len(frozen_purposes()) == 1


@pytest.mark.parametrize(("level", "count"), [(10.0, 100), (9.0, 30)])
def test_steady_prices_and_few_prices_stop_nothing(monkeypatch: pytest.MonkeyPatch, level: float, count: int) -> None:
    prices_at(monkeypatch, level, count)
    make_sale(make_asset(), "5000.00", NOW)
    assert frozen_purposes() == []


def test_sales_between_related_parties_are_not_listened_to(monkeypatch: pytest.MonkeyPatch) -> None:
    prices_at(monkeypatch, 9.0)
    make_sale(make_asset(), "5000.00", NOW, related=True)
    assert frozen_purposes() == []


def test_an_operator_lifts_a_freeze_once_and_earlier_deals_no_longer_count(monkeypatch: pytest.MonkeyPatch) -> None:
    operator = make_actor(kind="platform_operator")
    with monkeypatch.context() as moved:
        prices_at(moved, 9.0)
        make_sale(make_asset(), "5000.00", NOW)
    stop = frozen_purposes()[0]
    with pytest.raises(NotAllowed):
        lift_freeze(make_actor(), stop.id, "Looks right to me", NOW)
    lift_freeze(operator, stop.id, "The level was entered anew", NOW + timedelta(hours=1))
    with pytest.raises(FreezeLifted):
        lift_freeze(operator, stop.id, "Again", NOW)
    asked = []
    monkeypatch.setattr(drift_watch, "closed_cases", lambda *chosen: asked.append(chosen) or [])
    sale = make_sale(make_asset(), "5000.00", NOW + timedelta(hours=2))
    drift_watch.watch_drift(SYSTEM, SaleRecorded(sale.id), NOW)
    assert asked[-1][:2] == (Purpose.TRANSFER, NOW + timedelta(hours=1))
    assert indicate_value(make_actor(), make_asset().id, "transfer", NOW + timedelta(hours=3))


def test_the_database_refuses_a_freeze_lifted_without_a_reason_and_two_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    prices_at(monkeypatch, 9.0)
    make_sale(make_asset(), "5000.00", NOW)
    for statement in (
        "UPDATE valuation_freezes SET lifted_at = frozen_at",
        "INSERT INTO valuation_freezes (id, purpose, frozen_at, standard_errors)"
        " SELECT gen_random_uuid(), purpose, frozen_at, 4 FROM valuation_freezes",
    ):
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(text(statement))


def test_the_public_sees_the_freeze_and_only_an_operator_lifts_it(
    client: FlaskClient, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    prices_at(monkeypatch, 9.0)
    make_sale(make_asset(), "5000.00", NOW)
    operator = make_actor(kind="platform_operator")
    session.commit()
    stop = frozen_purposes()[0]
    assert client.get("/api/v1/valuations/scorecard").json["frozen"] == ["transfer"]
    assert "自动估值已冻结" in client.get("/valuations/scorecard?lang=zh").get_data(as_text=True)
    address, key = f"/api/v1/valuation-freezes/{stop.id}/lift", {"Idempotency-Key": uuid4().hex}
    wish = {"reason": "Checked"}
    assert client.post(address, json=wish, headers=key).status_code == 401
    sign_in(client, make_actor())
    assert client.post(address, json=wish, headers=key).status_code == 403
    sign_in(client, operator)
    assert client.post(address, json={"reason": ""}, headers=key).status_code == 422
    page = client.get("/valuations/scorecard").get_data(as_text=True)
    assert f"/valuations/freezes/{stop.id}/lift" in page
    form = wish | {"idempotency_key": uuid4().hex}
    assert client.post(f"/valuations/freezes/{stop.id}/lift", data=form).status_code == 303
    assert client.get("/api/v1/valuations/scorecard").json["frozen"] == []
