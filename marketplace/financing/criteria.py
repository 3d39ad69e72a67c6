"""A bank's published lending rules: prepared by one person, published by a second, every version kept."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, session
from marketplace.core.errors import Malformed, NotFound, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.financing import policy
from marketplace.financing.caps import HARD_CAP_BPS
from marketplace.financing.criteria_rules import CriteriaRules
from marketplace.identity.four_eyes import require_another_person
from marketplace.identity.verification import require_approved


class CriteriaStatus(StrEnum):
    """How far a version of the rules has come."""

    PREPARED = "prepared"
    PUBLISHED = "published"
    REPLACED = "replaced"
    DROPPED = "dropped"


C = CriteriaStatus
CRITERIA_LIFECYCLE = Lifecycle(
    "lending_criteria",
    {C.PREPARED: {C.PUBLISHED, C.DROPPED}, C.PUBLISHED: {C.REPLACED}, C.REPLACED: set(), C.DROPPED: set()},
)


class Criteria(Model):
    """One version of one bank's lending rules."""

    __tablename__ = "lending_criteria"
    __table_args__ = (
        UniqueConstraint("bank_id", "version"),
        Index("uq_lending_criteria_prepared", "bank_id", unique=True, postgresql_where=text("status = 'prepared'")),
        Index("uq_lending_criteria_published", "bank_id", unique=True, postgresql_where=text("status = 'published'")),
    )

    bank_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    version: Mapped[int]
    status: Mapped[CriteriaStatus] = mapped_column(default=CriteriaStatus.PREPARED)
    rules: Mapped[dict[str, Any]]
    prepared_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    published_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    published_at: Mapped[datetime | None]

    @property
    def parsed(self) -> CriteriaRules:
        """The rules, ready to weigh a right by."""
        return CriteriaRules.from_data(self.rules)

    def become(self, status: CriteriaStatus) -> None:
        """Move to the next status of the table."""
        self.status = CRITERIA_LIFECYCLE.check(self.status, status)


@dataclass(frozen=True)
class CriteriaMoved(Fact):
    """A version of a bank's lending rules was prepared, published or dropped."""

    criteria_id: UUID
    status: str


def prepare_criteria(actor: Actor, rules: dict[str, Any], now: datetime) -> Criteria:
    """Write a new version; it replaces one that still waits, and says nothing to anybody until it is published."""
    require(actor.may("loan.underwrite") and actor.organisation_kind == "bank")
    require_approved(actor)
    _require_sound(CriteriaRules.from_data(rules))
    waiting = _of_bank(actor.organisation_id, CriteriaStatus.PREPARED)
    if waiting is not None:
        waiting.become(CriteriaStatus.DROPPED)
        session.flush()
    last = select(func.coalesce(func.max(Criteria.version), 0)).where(Criteria.bank_id == actor.organisation_id)
    criteria = Criteria(
        bank_id=actor.organisation_id,
        version=session.execute(last).scalar_one() + 1,
        rules=rules,
        prepared_by=actor.person_id,
    )
    session.add(criteria)
    session.flush()
    announce(actor, now, CriteriaMoved(criteria.id, criteria.status.value))
    return criteria


def publish_criteria(actor: Actor, criteria_id: UUID, now: datetime) -> Criteria:
    """A second person publishes; from now on owners see what the rules say about their rights."""
    criteria = find(Criteria, criteria_id, lock=True)
    require(policy.is_lender(actor, criteria.bank_id), NotFound())
    require(actor.may("loan.approve"))
    require_another_person(actor, criteria.prepared_by)
    present = _of_bank(criteria.bank_id, CriteriaStatus.PUBLISHED)
    if present is not None:
        present.become(CriteriaStatus.REPLACED)
        session.flush()
    criteria.become(CriteriaStatus.PUBLISHED)
    criteria.published_by, criteria.published_at = actor.person_id, now
    session.flush()
    announce(actor, now, CriteriaMoved(criteria.id, criteria.status.value))
    return criteria


def criteria_of(actor: Actor) -> list[Criteria]:
    """The bank's own versions, newest first; no bank reads another's rules."""
    if actor.organisation_id is None:
        return []
    query = select(Criteria).where(Criteria.bank_id == actor.organisation_id)
    return list(session.execute(query.order_by(Criteria.version.desc()).limit(100)).scalars())


def published_criteria() -> list[Criteria]:
    """Every bank's rules in force; for weighing rights, never shown to a bank."""
    query = select(Criteria).where(Criteria.status == CriteriaStatus.PUBLISHED).order_by(Criteria.bank_id)
    return list(session.execute(query).scalars())


def _of_bank(bank_id: UUID | None, status: CriteriaStatus) -> Criteria | None:
    query = select(Criteria).where(Criteria.bank_id == bank_id, Criteria.status == status).with_for_update()
    found: Criteria | None = session.execute(query).scalar_one_or_none()
    return found


def _require_sound(rules: CriteriaRules) -> None:
    if not rules.caps_bps or not all(0 < cap <= HARD_CAP_BPS for cap in rules.caps_bps.values()):
        raise Malformed("caps_bps", _l("Lend on at least one kind of right, at most 60 per cent of its value."))
    if not rules.prices or len({up_to for up_to, _rate in rules.prices}) < len(rules.prices):
        raise Malformed("prices", _l("Give at least one price, and one only for each loan over value."))
    if rules.least_minor > rules.most_minor:
        raise Malformed("most", _l("The largest amount lies below the smallest."))
    if rules.borrower_minor is not None and rules.group_minor is not None and rules.group_minor < rules.borrower_minor:
        raise Malformed("most_to_group", _l("The limit for a group lies below the limit for one borrower."))
    if rules.least_months > rules.most_months:
        raise Malformed("most_months", _l("The longest term lies below the shortest."))
