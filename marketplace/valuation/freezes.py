"""Freezes: when prices have moved away from our ranges, no automatic value is given until people have looked.

The monitor hears the signed misses of the newest closed deals of one purpose; an operator lifts the freeze with a
reason, and from then only later deals count.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, session
from marketplace.core.errors import NotAllowed, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.valuation import policy
from marketplace.valuation.sales import Purpose


class ValuesFrozen(Refused):
    """Automatic values have stopped for a purpose."""

    message = _l(
        "Prices have moved away from our ranges, so no automatic value is given for this purpose until people have"
        " looked. Ask an appraiser, or come back later."
    )


class FreezeLifted(Refused):
    """A freeze is lifted once."""

    message = _l("This freeze has been lifted already.")


class ValuationFreeze(Model):
    """One stop of automatic values for a purpose, why it began and why it ended."""

    __tablename__ = "valuation_freezes"
    __table_args__ = (
        CheckConstraint(
            "(lifted_at IS NULL) = (lifted_because IS NULL) AND (lifted_at IS NULL OR lifted_at >= frozen_at)",
            name="lifted_with_reason",
        ),
        Index("uq_valuation_freezes_open", "purpose", unique=True, postgresql_where=text("lifted_at IS NULL")),
    )

    purpose: Mapped[Purpose]
    frozen_at: Mapped[datetime]
    standard_errors: Mapped[float] = mapped_column(Float)
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    lifted_because: Mapped[str | None] = mapped_column(String(1000))


@dataclass(frozen=True)
class ValuesFroze(Fact):
    """Automatic values stopped for a purpose."""

    freeze_id: UUID
    purpose: str


@dataclass(frozen=True)
class ValuesThawed(Fact):
    """An operator looked and let automatic values go on."""

    freeze_id: UUID
    purpose: str


def open_freeze(purpose: Purpose) -> ValuationFreeze | None:
    """The freeze now in force for a purpose."""
    query = select(ValuationFreeze).where(ValuationFreeze.purpose == purpose, ValuationFreeze.lifted_at.is_(None))
    found: ValuationFreeze | None = session.execute(query).scalar_one_or_none()
    return found


def frozen_purposes() -> list[ValuationFreeze]:
    """Every freeze in force."""
    query = select(ValuationFreeze).where(ValuationFreeze.lifted_at.is_(None)).order_by(ValuationFreeze.frozen_at)
    return list(session.execute(query).scalars())


def last_lifted(purpose: Purpose) -> datetime | None:
    """When the newest lifted freeze of a purpose ended."""
    query = select(ValuationFreeze.lifted_at).where(
        ValuationFreeze.purpose == purpose, ValuationFreeze.lifted_at.is_not(None)
    )
    found: datetime | None = session.execute(query.order_by(ValuationFreeze.lifted_at.desc()).limit(1)).scalar()
    return found


def freeze(actor: Actor, purpose: Purpose, standard_errors: float, now: datetime) -> ValuationFreeze:
    """Stop automatic values for a purpose."""
    stop = ValuationFreeze(purpose=purpose, frozen_at=now, standard_errors=standard_errors)
    session.add(stop)
    session.flush()
    announce(actor, now, ValuesFroze(stop.id, purpose.value), after={"standard_errors": f"{standard_errors:+.2f}"})
    return stop


def lift_freeze(actor: Actor, freeze_id: UUID, reason: str, now: datetime) -> ValuationFreeze:
    """An operator has looked and lets automatic values go on."""
    require(policy.may_lift_freeze(actor), NotAllowed())
    stop = find(ValuationFreeze, freeze_id, lock=True)
    require(stop.lifted_at is None, FreezeLifted())
    stop.lifted_at, stop.lifted_by, stop.lifted_because = now, actor.person_id, reason
    session.flush()
    announce(actor, now, ValuesThawed(stop.id, stop.purpose.value), after={"reason": reason})
    return stop
