"""Halts: a whole pool takes no new loans until two people open it again; the cover that stands is untouched."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, session
from marketplace.core.errors import NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.identity.sign_in import require_fresh
from marketplace.risk_pool import policy
from marketplace.risk_pool.pools import Pool, free_balance


class PoolHalted(Refused):
    """The whole pool takes no new loans."""

    message = _l("The pool takes no new loans since %(since)s: %(reason)s. Cover that stands is not touched.")


class ReopeningNotAsked(Refused):
    """Nobody has asked for the reopening yet."""

    message = _l("One person asks for the reopening with a reason; a second approves it.")


class HaltCause(StrEnum):
    """Why a pool stands still: its own decision, nothing left, or too much lost in the year."""

    DECISION = "decision"
    EXHAUSTED = "exhausted"
    LOSS_RATE = "loss_rate"


WORDS = {
    HaltCause.DECISION: _l("decided by its administrator"),
    HaltCause.EXHAUSTED: _l("nothing is left in the pool"),
    HaltCause.LOSS_RATE: _l("the pool's loss rate of the year is above its scheme's limit"),
}


class Halt(Model):
    """A stop of a whole pool, until two people have lifted it."""

    __tablename__ = "risk_pool_halts"
    __table_args__ = (
        Index("uq_risk_pool_halts_open", "pool_id", unique=True, postgresql_where=text("reopened_at IS NULL")),
        CheckConstraint(
            "reopened_at IS NULL OR (reopened_by IS NOT NULL AND asked_by IS NOT NULL AND reopened_by <> asked_by)",
            name="reopened_by_two",
        ),
    )

    pool_id: Mapped[UUID] = mapped_column(ForeignKey("risk_pools.id"), index=True)
    cause: Mapped[HaltCause]
    reason: Mapped[str] = mapped_column(String(1000), default="")
    halted_by: Mapped[UUID | None]
    halted_at: Mapped[datetime]
    asked_by: Mapped[UUID | None]
    asked_because: Mapped[str | None] = mapped_column(String(1000))
    reopened_by: Mapped[UUID | None]
    reopened_at: Mapped[datetime | None]

    @property
    def words(self) -> str:
        """Why the pool stands still, with its administrator's own words where there are any."""
        return f"{WORDS[self.cause]} – {self.reason}" if self.reason else str(WORDS[self.cause])


@dataclass(frozen=True)
class PoolWasHalted(Fact):
    """A pool takes no new loans."""

    pool_id: UUID
    cause: str
    reason: str


@dataclass(frozen=True)
class ReopeningAsked(Fact):
    """Somebody asked that a stopped pool may go on."""

    answered = False
    pool_id: UUID
    reason: str


@dataclass(frozen=True)
class PoolReopened(Fact):
    """A pool takes new loans again."""

    pool_id: UUID
    reason: str


def open_halt(pool_id: UUID) -> Halt | None:
    """The stop of the whole pool that is in force, if any."""
    query = select(Halt).where(Halt.pool_id == pool_id, Halt.reopened_at.is_(None))
    found: Halt | None = session.execute(query).scalar_one_or_none()
    return found


def require_open(pool_id: UUID) -> None:
    """Go on only while the pool takes new loans."""
    if (halt := open_halt(pool_id)) is not None:
        raise PoolHalted(since=halt.halted_at.date(), reason=halt.words)


def halt_pool(actor: Actor, pool_id: UUID, reason: str, now: datetime) -> Halt:
    """Stop a pool with a reason: one person is enough to stop, it takes two to go on."""
    pool = _administered(actor, pool_id)
    require_fresh(actor, now)
    return _halt(actor, pool, HaltCause.DECISION, reason, now)


def trip_pool(actor: Actor, pool: Pool, above_limit: bool, now: datetime) -> None:
    """Stop a pool after a compensation that left nothing in it or brought its loss of the year above the limit."""
    if free_balance(pool).amount_minor <= 0:
        _halt(actor, pool, HaltCause.EXHAUSTED, "", now)
    elif above_limit:
        _halt(actor, pool, HaltCause.LOSS_RATE, "", now)


def ask_reopening(actor: Actor, pool_id: UUID, reason: str, now: datetime) -> Halt:
    """One person says why the pool may go on."""
    halt = _standing(_administered(actor, pool_id))
    halt.asked_by, halt.asked_because = actor.person_id, reason
    session.flush()
    announce(actor, now, ReopeningAsked(pool_id, reason))
    return halt


def reopen_pool(actor: Actor, pool_id: UUID, now: datetime) -> Halt:
    """The second person lets the pool go on."""
    pool = _administered(actor, pool_id)
    require(policy.may_decide(actor, pool))
    halt = _standing(pool)
    require(halt.asked_by is not None, ReopeningNotAsked())
    require(actor.person_id != halt.asked_by, SecondPersonNeeded())
    require_fresh(actor, now)
    halt.reopened_by, halt.reopened_at = actor.person_id, now
    session.flush()
    announce(actor, now, PoolReopened(pool.id, halt.asked_because or ""))
    return halt


def _halt(actor: Actor, pool: Pool, cause: HaltCause, reason: str, now: datetime) -> Halt:
    """A stop in force stays as it is."""
    if (standing := open_halt(pool.id)) is not None:
        return standing
    by = actor.person_id if cause is HaltCause.DECISION else None
    halt = Halt(pool_id=pool.id, cause=cause, reason=reason, halted_by=by, halted_at=now)
    session.add(halt)
    session.flush()
    announce(actor, now, PoolWasHalted(pool.id, cause.value, reason))
    return halt


def _administered(actor: Actor, pool_id: UUID) -> Pool:
    pool = find(Pool, pool_id, lock=True)
    require(policy.administers(actor, pool), NotFound())
    require(policy.may_review(actor, pool) or policy.may_decide(actor, pool))
    return pool


def _standing(pool: Pool) -> Halt:
    halt = open_halt(pool.id)
    if halt is None:
        raise NotFound()
    return halt
