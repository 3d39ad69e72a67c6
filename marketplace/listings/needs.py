"""Needs: what a buyer seeks, published for a time, so that holders can answer with what they have."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import Model, find, money_columns, same_currency, session
from marketplace.core.errors import Malformed, NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.identity.verification import require_approved
from marketplace.listings.need_scores import WantedRight, Wish

LONGEST = timedelta(days=366)
MOST_OPEN = 50
MOST_SHOWN = 200


class NeedOver(Refused):
    """Nothing can be answered or decided any more."""

    message = _l("This need is no longer open (status: %(status)s).")


class TooManyNeeds(Refused):
    """One organisation keeps a limited number of open needs."""

    message = _l("You have %(limit)s open needs already; withdraw one first.")


class NeedStatus(StrEnum):
    """How a need stands."""

    OPEN = "open"
    MET = "met"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


S = NeedStatus
NEED_LIFECYCLE = Lifecycle(
    "need", {S.OPEN: {S.MET, S.WITHDRAWN, S.EXPIRED}, S.MET: set(), S.WITHDRAWN: set(), S.EXPIRED: set()}
)


class Need(Model):
    """What one organisation seeks until a day; the budget is told to everybody or to nobody."""

    __tablename__ = "needs"
    __table_args__ = (
        CheckConstraint("budget_low_minor > 0 AND budget_high_minor > 0", name="budget_above_zero"),
        CheckConstraint("budget_low_minor <= budget_high_minor", name="budget_from_low_to_high"),
        CheckConstraint("closes_at > published_at", name="closes_after_it_opens"),
        CheckConstraint("(status = 'open') = (ended_at IS NULL)", name="ended_when_over"),
        same_currency("budget_low", "budget_high"),
        Index("ix_needs_open", "status", "closes_at"),
        Index("ix_needs_organisation", "organisation_id"),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    title: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    classes: Mapped[list[str]]
    territory: Mapped[list[str]]
    wanted_right: Mapped[WantedRight]
    budget_low: Mapped[Money | None] = money_columns("budget_low", optional=True)
    budget_high: Mapped[Money | None] = money_columns("budget_high", optional=True)
    budget_shown: Mapped[bool]
    status: Mapped[NeedStatus] = mapped_column(default=NeedStatus.OPEN)
    published_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str] = mapped_column(String(1000), default="")

    def takes_answers(self, now: datetime) -> bool:
        """Whether holders may still answer."""
        return self.status is NeedStatus.OPEN and now < self.closes_at

    def is_of(self, actor: Actor | None) -> bool:
        """Whether the actor's organisation seeks this."""
        return actor is not None and actor.organisation_id == self.organisation_id

    def budget_for(self, actor: Actor | None) -> tuple[Money | None, Money | None]:
        """The budget as this visitor may know it."""
        told = self.budget_shown or self.is_of(actor)
        return (self.budget_low, self.budget_high) if told else (None, None)

    def wish(self, words: Mapping[str, int]) -> Wish:
        """The need as it is compared, with the weight of each of its words."""
        budget = (self.budget_low, self.budget_high)
        return Wish(words, tuple(self.classes), tuple(self.territory), self.wanted_right, budget)

    def become(self, status: NeedStatus, reason: str, now: datetime) -> None:
        """End in one of the three ways."""
        self.status = NEED_LIFECYCLE.check(self.status, status)
        self.ended_at, self.end_reason = now, reason


@dataclass(frozen=True)
class NeedPublished(Fact):
    """Somebody seeks something."""

    need_id: UUID


@dataclass(frozen=True)
class NeedEnded(Fact):
    """A need was met, withdrawn or ran out."""

    need_id: UUID
    status: str
    reason: str


def publish_need(actor: Actor, given: Mapping[str, Any], now: datetime) -> Need:
    """Say to everybody what is sought, in what way, where, and until when."""
    require(actor.may("deal.trade") and actor.organisation_id is not None)
    require_approved(actor)
    _check(given, now)
    open_ones = [need for need in needs_of(actor.organisation_id) if need.status is NeedStatus.OPEN]
    require(len(open_ones) < MOST_OPEN, TooManyNeeds(limit=MOST_OPEN))
    need = Need(organisation_id=actor.organisation_id, person_id=actor.person_id, published_at=now, **given)
    session.add(need)
    session.flush()
    announce(actor, now, NeedPublished(need.id))
    return need


def _check(given: Mapping[str, Any], now: datetime) -> None:
    low, high = given["budget_low"], given["budget_high"]
    if low and high and low.currency != high.currency:
        raise Malformed("budget_high", _l("Use one currency for both ends of the budget."))
    if low and high and high < low:
        raise Malformed("budget_high", _l("The budget cannot end below where it begins."))
    if not now < given["closes_at"] <= now + LONGEST:
        raise Malformed("closes_at", _l("Choose a time within the coming year."))


def find_need(need_id: UUID, lock: bool = False) -> Need:
    """A need; everybody may read it."""
    return find(Need, need_id, lock=lock)


def own_need(actor: Actor, need_id: UUID) -> Need:
    """The locked need of the actor's own organisation; anybody else's does not exist for its verbs."""
    need = find_need(need_id, lock=True)
    require(need.is_of(actor), NotFound())
    require(actor.may("deal.trade"))
    return need


def open_needs(now: datetime) -> list[Need]:
    """What is sought now, newest first."""
    query = select(Need).where(Need.status == NeedStatus.OPEN, Need.closes_at > now)
    return list(session.execute(query.order_by(Need.id.desc()).limit(MOST_SHOWN)).scalars())


def needs_of(organisation_id: UUID | None) -> list[Need]:
    """Everything the organisation ever sought, newest first."""
    query = select(Need).where(Need.organisation_id == organisation_id)
    return list(session.execute(query.order_by(Need.id.desc()).limit(MOST_SHOWN)).scalars())


def withdraw_need(actor: Actor, need_id: UUID, reason: str, now: datetime) -> Need:
    """The buyer seeks no longer."""
    return end_need(actor, own_need(actor, need_id), NeedStatus.WITHDRAWN, reason, now)


def remove_need(actor: Actor, need_id: UUID, reason: str, now: datetime) -> Need:
    """The operator takes away what breaks the rules of the house."""
    require(actor.may("platform.operate"))
    return end_need(actor, find_need(need_id, lock=True), NeedStatus.WITHDRAWN, reason, now)


def end_need(actor: Actor, need: Need, status: NeedStatus, reason: str, now: datetime) -> Need:
    """End a need and say how."""
    require(need.status is NeedStatus.OPEN, NeedOver(status=need.status.value))
    need.become(status, reason, now)
    session.flush()
    announce(actor, now, NeedEnded(need.id, status.value, reason))
    return need


def expire_needs(now: datetime) -> int:
    """Needs whose time is over end by themselves."""
    query = select(Need).where(Need.status == NeedStatus.OPEN, Need.closes_at <= now).order_by(Need.id)
    over = list(session.execute(query.with_for_update(skip_locked=True)).scalars())
    for need in over:
        end_need(SYSTEM, need, NeedStatus.EXPIRED, "", now)
    return len(over)
