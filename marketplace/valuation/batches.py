"""Valuing many rights at once: a job that goes step by step, shows how far it is, and skips what cannot be valued."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, money_columns, new_id, same_currency, session
from marketplace.core.errors import Malformed, NotFound, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.jobs import enqueue
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.identity.verification import require_approved
from marketplace.registry.assets import Asset
from marketplace.valuation.freezes import ValuesFrozen, open_freeze
from marketplace.valuation.mass_values import Ranges, among, no_collection, value_many
from marketplace.valuation.sales import Purpose

MOST_ASSETS = 100_000
STEP = 10_000


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
    asset_ids: Mapped[list[str]] = mapped_column(JSONB, deferred=True)
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    refusals: Mapped[dict[str, Any]] = mapped_column(default=dict, deferred=True)


class BatchValue(Model):
    """One right's range in a batch; the full report is an indication as of the batch's instant, and says the same."""

    __tablename__ = "valuation_batch_values"
    __table_args__ = (
        UniqueConstraint("batch_id", "asset_id"),
        same_currency("low", "middle", "high"),
        CheckConstraint("low_minor >= 0 AND low_minor <= middle_minor AND middle_minor <= high_minor", name="ordered"),
    )

    batch_id: Mapped[UUID] = mapped_column(ForeignKey("valuation_batches.id"))
    asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"))
    low: Mapped[Money] = money_columns("low")
    middle: Mapped[Money] = money_columns("middle")
    high: Mapped[Money] = money_columns("high")


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
    require(open_freeze(Purpose(purpose)) is None, ValuesFrozen())
    wanted = sorted({str(asset_id) for asset_id in asset_ids})
    require(0 < len(wanted) <= MOST_ASSETS, Malformed("asset_ids", _l("Name between 1 and 100,000 rights.")))
    known = session.execute(select(func.count()).where(among(Asset.id, wanted))).scalar_one()
    require(known == len(wanted), Malformed("asset_ids", _l("Some of these rights do not exist.")))
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
    with no_collection():
        values = value_many(_next_rights(batch), batch.purpose, batch.as_of, batch.id)
        _keep(batch.id, values.ranges)
    if values.refusals:
        batch.refusals = ValuationBatch.refusals.op("||")(cast(values.refusals, JSONB))
        batch.refused += len(values.refusals)
    batch.done = min(batch.done + STEP, batch.total)
    if batch.done == batch.total:
        batch.status = BATCH_LIFECYCLE.check(batch.status, BatchStatus.FINISHED)
        session.flush()
        announce(actor, now, BatchFinished(batch.id, batch.refused))
    else:
        enqueue("valuation.step_batch", lock=f"valuation-batch:{batch.id}", batch_id=str(batch.id))
    session.flush()
    return batch


def _next_rights(batch: ValuationBatch) -> list[str]:
    """The rights of the next step; the others of a long order stay in the database."""
    path = f"$[{batch.done} to {batch.done + STEP - 1}]"
    chosen = func.jsonb_path_query_array(ValuationBatch.asset_ids, cast(path, JSONPATH))
    rights: list[str] = session.execute(select(chosen).where(ValuationBatch.id == batch.id)).scalar_one()
    return rights


def _keep(batch_id: UUID, values: Iterable[Ranges]) -> None:
    """Write the ranges of one step in one stream, which the database takes in while the next ones are computed."""
    connection = session.connection().connection.driver_connection
    assert connection is not None
    columns = (
        "id, batch_id, asset_id, low_minor, middle_minor, high_minor, low_currency, middle_currency, high_currency"
    )
    number = count(new_id().int)
    with connection.cursor() as cursor, cursor.copy(f"COPY valuation_batch_values ({columns}) FROM STDIN") as copy:
        for part in values:
            copy.write("".join(_lines(batch_id, part, number)))


def _lines(batch_id: UUID, part: Ranges, number: Iterator[int]) -> Iterator[str]:
    """Rows for COPY; numbers of rows rise, so that their index grows at one end."""
    shared = f"\t{part.currency}" * 3 + "\n"
    for asset_id, (low, middle, high) in zip(part.asset_ids, part.minor, strict=True):
        yield f"{next(number):032x}\t{batch_id}\t{asset_id}\t{low}\t{middle}\t{high}{shared}"


def values_of_batch(actor: Actor, batch_id: UUID, after: UUID | None, limit: int) -> list[BatchValue]:
    """The ranges of a batch of one's own, in order of the rights."""
    batch = find_batch(actor, batch_id)
    query = select(BatchValue).where(BatchValue.batch_id == batch.id)
    if after is not None:
        query = query.where(BatchValue.asset_id > after)
    return list(session.execute(query.order_by(BatchValue.asset_id).limit(limit)).scalars())


def find_batch(actor: Actor, batch_id: UUID) -> ValuationBatch:
    """A batch of the actor's organisation; another's does not exist for them."""
    batch = find(ValuationBatch, batch_id)
    require(batch.organisation_id == actor.organisation_id, NotFound())
    return batch
