"""Standings: whether a bank may use a pool, stopped by the circuit breaker and lifted only with a reason."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, session
from marketplace.core.errors import NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.identity.sign_in import require_fresh
from marketplace.risk_pool import policy
from marketplace.risk_pool.pools import Pool


class BankSuspended(Refused):
    """The circuit breaker has stopped this bank."""

    message = _l("The pool has suspended this bank since %(since)s: its loss rate is above the limit.")


class Suspension(Model):
    """A stop of one bank in one pool, until it is lifted."""

    __tablename__ = "risk_pool_suspensions"
    __table_args__ = (
        Index(
            "uq_risk_pool_suspensions_open", "pool_id", "bank_id", unique=True,
            postgresql_where=text("lifted_at IS NULL"),
        ),
    )  # fmt: skip

    pool_id: Mapped[UUID] = mapped_column(ForeignKey("risk_pools.id"))
    bank_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    loss_rate_bps: Mapped[int]
    suspended_at: Mapped[datetime]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[UUID | None]
    lifted_because: Mapped[str | None] = mapped_column(String(1000))


@dataclass(frozen=True)
class BankWasSuspended(Fact):
    """A pool stopped a bank."""

    bank_id: UUID
    pool_id: UUID
    loss_rate_bps: int


@dataclass(frozen=True)
class SuspensionLifted(Fact):
    """A pool let a bank back in."""

    bank_id: UUID
    pool_id: UUID
    reason: str


def open_suspension(pool_id: UUID, bank_id: UUID) -> Suspension | None:
    """The stop in force for this bank, if any."""
    found: Suspension | None = session.execute(
        select(Suspension).where(
            Suspension.pool_id == pool_id, Suspension.bank_id == bank_id, Suspension.lifted_at.is_(None)
        )
    ).scalar_one_or_none()
    return found


def require_standing(pool_id: UUID, bank_id: UUID) -> None:
    """Go on only while the pool has not stopped this bank."""
    suspension = open_suspension(pool_id, bank_id)
    if suspension is not None:
        raise BankSuspended(since=suspension.suspended_at.date())


def suspend_bank(actor: Actor, pool: Pool, bank_id: UUID, loss_rate_bps: int, now: datetime) -> None:
    """Stop a bank whose loss rate of the year is above the scheme's limit; a stop in force stays as it is."""
    if open_suspension(pool.id, bank_id) is not None:
        return
    session.add(Suspension(pool_id=pool.id, bank_id=bank_id, loss_rate_bps=loss_rate_bps, suspended_at=now))
    session.flush()
    announce(actor, now, BankWasSuspended(bank_id, pool.id, loss_rate_bps))


def lift_suspension(actor: Actor, pool_id: UUID, bank_id: UUID, reason: str, now: datetime) -> Suspension:
    """Let a bank back in, with the reason."""
    pool = find(Pool, pool_id, lock=True)
    require(policy.administers(actor, pool), NotFound())
    require(policy.may_decide(actor, pool))
    require_fresh(actor, now)
    suspension = open_suspension(pool_id, bank_id)
    if suspension is None:
        raise NotFound()
    suspension.lifted_at, suspension.lifted_by, suspension.lifted_because = now, actor.person_id, reason
    session.flush()
    announce(actor, now, SuspensionLifted(bank_id, pool_id, reason))
    return suspension


def suspensions_in(pool_id: UUID) -> list[Suspension]:
    """Every stop of this pool that is in force."""
    query = select(Suspension).where(Suspension.pool_id == pool_id, Suspension.lifted_at.is_(None))
    return list(session.execute(query).scalars())
