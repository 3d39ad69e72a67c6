"""Valuing many rights at once: a job that goes step by step, shows how far it is, and skips what cannot be valued."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, session
from marketplace.core.errors import Malformed, NotFound, Problem, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.jobs import enqueue
from marketplace.core.lifecycle import Lifecycle
from marketplace.identity.verification import require_approved
from marketplace.registry.assets import Asset
from marketplace.valuation.reports import indicate_value
from marketplace.valuation.sales import Purpose

MOST_ASSETS = 100_000
STEP = 200


class BatchStatus(StrEnum):
    """How far a batch is."""

    RUNNING = "running"
    FINISHED = "finished"


BATCH_LIFECYCLE = Lifecycle(
    "valuation batch", {BatchStatus.RUNNING: {BatchStatus.FINISHED}, BatchStatus.FINISHED: set()}
)


class ValuationBatch(Model):
    """One order to value many rights for one purpose, as of one instant."""

    __tablename__ = "valuation_batches"
    __table_args__ = (
        CheckConstraint("done >= 0 AND refused >= 0 AND refused <= done AND done <= total", name="counts"),
        CheckConstraint("status <> 'finished' OR done = total", name="finished_when_done"),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    purpose: Mapped[Purpose]
    as_of: Mapped[datetime]
    status: Mapped[BatchStatus] = mapped_column(default=BatchStatus.RUNNING)
    asset_ids: Mapped[list[str]] = mapped_column(JSONB)
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    refusals: Mapped[dict[str, Any]] = mapped_column(default=dict)


@dataclass(frozen=True)
class BatchOrdered(Fact):
    """Somebody asked for many values."""

    batch_id: UUID
    total: int


@dataclass(frozen=True)
class BatchFinished(Fact):
    """Every right of the batch was valued or refused."""

    batch_id: UUID
    refused: int


def order_batch(actor: Actor, purpose: str, asset_ids: Sequence[UUID], now: datetime) -> ValuationBatch:
    """Ask for values of many rights; the worker goes through them."""
    require_approved(actor)
    assert actor.organisation_id is not None
    wanted = sorted({str(asset_id) for asset_id in asset_ids})
    require(0 < len(wanted) <= MOST_ASSETS, Malformed("asset_ids", _l("Name between 1 and 100,000 rights.")))
    known = {str(found) for found in session.execute(select(Asset.id).where(Asset.id.in_(wanted))).scalars()}
    require(len(known) == len(wanted), Malformed("asset_ids", _l("Some of these rights do not exist.")))
    batch = ValuationBatch(
        organisation_id=actor.organisation_id, purpose=Purpose(purpose), as_of=now, asset_ids=wanted, total=len(wanted)
    )
    session.add(batch)
    session.flush()
    announce(actor, now, BatchOrdered(batch.id, batch.total))
    enqueue("valuation.step_batch", lock=f"valuation-batch:{batch.id}", batch_id=str(batch.id))
    return batch


def step_batch(actor: Actor, batch_id: UUID, now: datetime) -> ValuationBatch:
    """Value the next rights of a batch and ask for the next step, or finish."""
    batch = find(ValuationBatch, batch_id, lock=True)
    if batch.status is BatchStatus.FINISHED:
        return batch
    requester = Actor(person_id=None, organisation_id=batch.organisation_id, approved=True, via="job")
    refusals: dict[str, Any] = dict(batch.refusals)
    for asset_id in batch.asset_ids[batch.done : batch.done + STEP]:
        try:
            with session.begin_nested():
                indicate_value(requester, UUID(asset_id), batch.purpose.value, now, as_of=batch.as_of)
        except Problem as problem:
            refusals[asset_id] = problem.code
    batch.refusals, batch.refused = refusals, len(refusals)
    batch.done = min(batch.done + STEP, batch.total)
    if batch.done == batch.total:
        batch.status = BATCH_LIFECYCLE.check(batch.status, BatchStatus.FINISHED)
        session.flush()
        announce(actor, now, BatchFinished(batch.id, batch.refused))
    else:
        enqueue("valuation.step_batch", lock=f"valuation-batch:{batch.id}", batch_id=str(batch.id))
    session.flush()
    return batch


def find_batch(actor: Actor, batch_id: UUID) -> ValuationBatch:
    """A batch of the actor's organisation; another's does not exist for them."""
    batch = find(ValuationBatch, batch_id)
    require(batch.organisation_id == actor.organisation_id, NotFound())
    return batch
