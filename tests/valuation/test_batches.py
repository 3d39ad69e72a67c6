"""Batches: stepwise, private, finished with the truth about what could not be valued."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from marketplace.core.db import session
from marketplace.core.errors import Malformed, NotFound
from marketplace.registry.assets import LegalStatus
from marketplace.valuation import batches
from marketplace.valuation.batches import BatchStatus, find_batch, order_batch
from marketplace.valuation.reports import Indication
from tests.makers.identity import make_actor
from tests.makers.registry import make_asset

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
    count = session.execute(
        select(func.count()).where(Indication.organisation_id == actor.organisation_id)
    ).scalar_one()
    assert count == 4


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
    sign_in(client, make_actor())
    assert client.get(address).status_code == 404
