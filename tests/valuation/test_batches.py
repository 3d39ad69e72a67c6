"""Batches: stepwise, private, finished with the truth about what could not be valued."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from marketplace.core.db import session
from marketplace.core.errors import Malformed, NotFound
from marketplace.registry.assets import AssetKind, LegalStatus
from marketplace.registry.register_events import RegisterEvent, RegisterEventType
from marketplace.valuation import batches, price_intervals
from marketplace.valuation.batches import BatchStatus, find_batch, order_batch
from marketplace.valuation.pooled_misses import pooled_doubt
from marketplace.valuation.portfolio import portfolio_of_batch
from marketplace.valuation.reports import indicate_value, reproduces
from marketplace.valuation.sales import Purpose
from tests.makers.identity import make_actor
from tests.makers.registry import make_asset
from tests.makers.valuation import make_sale

pytestmark = pytest.mark.usefixtures("db")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_batch_goes_step_by_step_to_the_end(run_jobs: Callable[[], int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "STEP", 2)
    actor = make_actor()
    assets = [make_asset() for _number in range(4)] + [make_asset(status=LegalStatus.LAPSED)]
    batch = order_batch(actor, "pledge", [asset.id for asset in assets], NOW)
    assert (batch.done, batch.total, batch.status) == (0, 5, BatchStatus.RUNNING)
    assert run_jobs() >= 3
    assert (batch.done, batch.refused, batch.status) == (5, 1, BatchStatus.FINISHED)
    assert batch.refusals == {str(assets[4].id): "right_not_alive"}
    kept = batches.values_of_batch(actor, batch.id, None, 10)
    assert [value.asset_id for value in kept] == sorted(asset.id for asset in assets[:4])
    assert batches.values_of_batch(actor, batch.id, kept[1].asset_id, 10) == kept[2:]


def test_a_batch_and_an_indication_borrow_the_same_doubt_from_past_misses(
    run_jobs: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    actor, sold, later = make_actor(), [make_asset() for _turn in range(3)], make_asset(office="US")
    before = indicate_value(actor, later.id, "transfer", NOW)
    for asset in sold:
        indicate_value(actor, asset.id, "transfer", NOW)
        make_sale(asset, "90000000.00", datetime.now(UTC) + timedelta(minutes=1))
    day = datetime.now(UTC) + timedelta(minutes=2)
    assert pooled_doubt(Purpose.TRANSFER, day) is None, "three misses are too few"
    monkeypatch.setattr(price_intervals, "POOL_BELOW", 3)
    assert pooled_doubt(Purpose.TRANSFER, NOW) is None, "nothing later than the day"
    after = indicate_value(actor, later.id, "transfer", day)
    assert after.snapshot["pooled_doubt"] > 2 and reproduces(after)
    assert "pooled_range" in after.answer["limits"] and "few_sales" in before.answer["limits"]
    assert after.high.amount / after.low.amount > 3 * before.high.amount / before.low.amount
    batch = order_batch(actor, "transfer", [later.id, sold[0].id], day)
    run_jobs()
    for value in batches.values_of_batch(actor, batch.id, None, 9):
        single = indicate_value(actor, value.asset_id, "transfer", day)
        assert (value.low, value.middle, value.high) == (single.low, single.middle, single.high)


@pytest.mark.parametrize(
    ("purpose", "sales"),
    [("transfer", 0), ("licence", 0), ("pledge", 0), ("court_sale", 0), ("transfer", 3), ("pledge", 3)]
    + [("court_sale", 3), ("licence", 3), ("transfer", 17)],
)
def test_a_batch_says_to_the_cent_what_single_indications_say(
    run_jobs: Callable[[], int], purpose: str, sales: int
) -> None:
    """Every kind of gap, day and office: known, unknown, later than the day, with and without closed prices."""
    changes: list[dict[str, Any]] = [
        {},
        {"claims_count": None},
        {"cited_by_count": 7, "family_size": 4, "changed_at": NOW - timedelta(days=9)},
        {"cited_by_count": 7, "changed_at": NOW + timedelta(days=9)},
        {"publication_date": (NOW + timedelta(days=30)).date()},
        {"status": LegalStatus.PENDING, "grant_date": None},
        {"status": LegalStatus.LAPSED, "status_on": (NOW + timedelta(days=3)).date()},
        {"expires_on": None, "ipc": [], "cpc": []},
        {"titles": {"zh": "一种热泵的控制方法", "en": 'Heat pump "quiet" control'}, "ipc": ["F25B 30/02"]},
        {"titles": {}, "ipc": ["F25B 30/02", "G06F 17/30"]},
        {"kind": AssetKind.UTILITY_MODEL},
        {"office": "US"},
        {"office": "JP", "kind": AssetKind.TRADEMARK},
        {"grant_date": date(2021, 3, 1), "ipc": ["G06F 17/30"], "cpc": ['H04L"x', "h04w"], "inventors": ["A", "B"]},
        {"grant_date": date(2021, 9, 1), "ipc": ["G06F 17/30"], "cpc": ['H04L"x', "h04w"], "inventors": ["C", "D"]},
    ]
    assets = [make_asset(**change) for change in changes]
    session.add(
        RegisterEvent(
            asset_id=assets[0].id, type=RegisterEventType.TRANSFER, code="CA", scheme="inpadoc-cn", event_key="1",
            valid_on=(NOW - timedelta(days=90)).date(), known_from=NOW - timedelta(days=80),
        )
    )  # fmt: skip
    for turn in range(sales):
        words, field = ("热泵", "水泵", "激光", "显示")[turn % 4], ("F25B 30/02", "F04D 1/00", "H01S 3/00")[turn % 3]
        other = (
            make_asset(titles={"zh": f"一种{words}装置", "en": f"Heat pump {turn}"}, ipc=[field]) if turn > 2 else None
        )
        make_sale(other or assets[turn], f"{90000 * (turn + 1)}.00", NOW - timedelta(days=40 + 90 * turn))
    actor = make_actor()
    batch = order_batch(actor, purpose, [asset.id for asset in assets], NOW)
    run_jobs()
    kept = {value.asset_id: value for value in batches.values_of_batch(actor, batch.id, None, 99)}
    assert len(kept) == len(assets), batch.refusals
    for asset in assets:
        single = indicate_value(actor, asset.id, purpose, NOW, as_of=batch.as_of)
        value = kept[asset.id]
        assert (value.low, value.middle, value.high) == (single.low, single.middle, single.high), changes


def test_a_portfolio_counts_a_family_once_by_its_strongest_member(run_jobs: Callable[[], int]) -> None:
    actor = make_actor()
    weak, strong = make_asset(family_id="F1", claims_count=1), make_asset(family_id="F1", expires_on=date(2044, 1, 1))
    alone, foreign = make_asset(), make_asset(office="US")
    batch = order_batch(actor, "transfer", [weak.id, strong.id, alone.id, foreign.id], NOW)
    run_jobs()
    kept = {value.asset_id: value for value in batches.values_of_batch(actor, batch.id, None, 9)}
    yuan, dollars = portfolio_of_batch(actor, batch.id)
    counted = max(kept[weak.id], kept[strong.id], key=lambda value: value.low)
    assert (yuan.rights, yuan.families, yuan.low) == (3, 2, counted.low + kept[alone.id].low)
    assert yuan.middle == counted.middle + kept[alone.id].middle
    assert (dollars.rights, dollars.high) == (1, kept[foreign.id].high)
    with pytest.raises(NotFound):
        portfolio_of_batch(make_actor(), batch.id)


def test_a_finished_batch_is_not_valued_again(run_jobs: Callable[[], int]) -> None:
    batch = order_batch(make_actor(), "transfer", [make_asset().id], NOW)
    run_jobs()
    from marketplace.core.actor import SYSTEM

    batches.step_batch(SYSTEM, batch.id, NOW)
    assert (batch.done, batch.status) == (1, BatchStatus.FINISHED)


def test_rights_that_do_not_exist_are_refused_and_batches_are_private() -> None:
    with pytest.raises(Malformed):
        order_batch(make_actor(), "transfer", [uuid4()], NOW)
    with pytest.raises(Malformed):
        order_batch(make_actor(), "transfer", [], NOW)
    with pytest.raises(Malformed):
        order_batch(make_actor(), "transfer", [uuid4() for _right in range(70_000)], NOW)
    batch = order_batch(make_actor(), "transfer", [make_asset().id], NOW)
    with pytest.raises(NotFound):
        find_batch(make_actor(), batch.id)


def test_the_database_refuses_more_done_than_there_is() -> None:
    batch = order_batch(make_actor(), "transfer", [make_asset().id], NOW)
    with pytest.raises(IntegrityError):
        session.execute(text("UPDATE valuation_batches SET done = 9 WHERE id = :id"), {"id": batch.id})


def test_a_batch_over_the_api(client: FlaskClient, sign_in: Any, run_jobs: Callable[[], int]) -> None:
    order = {"purpose": "pledge", "asset_ids": [str(make_asset().id)]}
    actor = make_actor()
    session.commit()
    headers = {"Idempotency-Key": uuid4().hex}
    assert client.post("/api/v1/valuation-batches", json=order, headers=headers).status_code == 401
    sign_in(client, actor)
    bad = client.post("/api/v1/valuation-batches", json={"purpose": "x"}, headers={"Idempotency-Key": uuid4().hex})
    assert bad.status_code == 422
    ordered = client.post("/api/v1/valuation-batches", json=order, headers={"Idempotency-Key": uuid4().hex})
    assert ordered.status_code == 202
    run_jobs()
    address = f"/api/v1/valuation-batches/{ordered.json['id']}"
    assert client.get(address).json["done"] == 1
    values = client.get(f"{address}/values").json["items"]
    assert [value["asset_id"] for value in values] == order["asset_ids"]
    together = client.get(f"{address}/portfolio").json["items"]
    assert together[0]["families"] == 1 and together[0]["low"] == values[0]["low"]
    assert client.get(f"{address}/values?limit=0").status_code == 422
    sign_in(client, make_actor())
    assert [client.get(one).status_code for one in (address, f"{address}/values", f"{address}/portfolio")] == [404] * 3
