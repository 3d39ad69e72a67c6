"""Credit flags: an authority found that an organisation acted dishonestly, for how long that counts, and its repair.

Only what an authority decided is written down, with its number, day and source; one verifier records it and a second
confirms. The organisation sees its own flags; a bank that weighs a loan to it sees those in force. A flag counts for a
year unless the decision says otherwise. Source: CNIPA, rules on credit management of intellectual property of 2022
(国家知识产权局知识产权信用管理规定): kinds of dishonest acts and repair.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.clock import market_day
from marketplace.core.db import Model, find, session
from marketplace.core.errors import Malformed, NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.identity.four_eyes import require_another_person
from marketplace.identity.organisations import Organisation, organisation_by_number
from marketplace.identity.verification import OwnOrganisationRefused


class FlagKnown(Refused):
    """One decision of an authority is one flag."""

    message = _l("Decision %(number)s is recorded already.")


class FlagStatus(StrEnum):
    """How far a flag has come."""

    RECORDED = "recorded"
    IN_FORCE = "in_force"
    REFUSED = "refused"
    REPAIRED = "repaired"


F = FlagStatus
CREDIT_FLAG_LIFECYCLE = Lifecycle(
    "credit_flag",
    {F.RECORDED: {F.IN_FORCE, F.REFUSED}, F.IN_FORCE: {F.REPAIRED}, F.REFUSED: set(), F.REPAIRED: set()},
)


class DishonestAct(StrEnum):
    """What the authority found."""

    ABNORMAL_FILINGS = "abnormal_filings"
    BAD_FAITH_MARKS = "bad_faith_marks"
    AGENCY_VIOLATION = "agency_violation"
    FALSE_DOCUMENTS = "false_documents"
    BROKEN_UNDERTAKING = "broken_undertaking"
    DECISION_NOT_PERFORMED = "decision_not_performed"

    @property
    def label(self) -> str:
        """The act in the page's language."""
        return str(_ACTS[self])


_ACTS = {
    DishonestAct.ABNORMAL_FILINGS: _l("Abnormal filings of patents"),
    DishonestAct.BAD_FAITH_MARKS: _l("Marks applied for in bad faith"),
    DishonestAct.AGENCY_VIOLATION: _l("Violation of the rules for agents"),
    DishonestAct.FALSE_DOCUMENTS: _l("False documents given to an office"),
    DishonestAct.BROKEN_UNDERTAKING: _l("An undertaking to an authority broken"),
    DishonestAct.DECISION_NOT_PERFORMED: _l("A decision or judgment not performed"),
}


class CreditFlag(Model):
    """One decision of an authority against one organisation."""

    __tablename__ = "credit_flags"
    __table_args__ = (
        UniqueConstraint("organisation_id", "authority", "decision_number"),
        CheckConstraint("ends_on > decided_on", name="period"),
        CheckConstraint("confirmed_by IS NULL OR confirmed_by <> recorded_by", name="two_people"),
        CheckConstraint("status NOT IN ('in_force', 'repaired') OR confirmed_by IS NOT NULL", name="confirmed"),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    act: Mapped[DishonestAct]
    status: Mapped[FlagStatus] = mapped_column(default=FlagStatus.RECORDED)
    authority: Mapped[str] = mapped_column(String(200))
    decision_number: Mapped[str] = mapped_column(String(100))
    decided_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date] = mapped_column(Date)
    source: Mapped[str] = mapped_column(String(500))
    recorded_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    confirmed_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    ended_reason: Mapped[str | None] = mapped_column(String(500))

    def counts_on(self, day: date) -> bool:
        """Whether a lender is told of it on this day."""
        return self.status is FlagStatus.IN_FORCE and self.decided_on <= day <= self.ends_on

    def become(self, status: FlagStatus) -> None:
        """Move to the next status of the table."""
        self.status = CREDIT_FLAG_LIFECYCLE.check(self.status, status)


@dataclass(frozen=True)
class CreditFlagMoved(Fact):
    """A credit flag was recorded, confirmed, refused or repaired."""

    flag_id: UUID
    organisation_id: UUID
    status: str


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The authority's decision as the verifier enters it."""

    credit_code: str
    act: DishonestAct
    authority: str
    decision_number: str
    decided_on: date
    source: str
    ends_on: date | None = None


def record_flag(actor: Actor, decision: Decision, now: datetime) -> CreditFlag:
    """Write an authority's decision down; it counts when a second verifier has looked at the source."""
    require(actor.may("platform.verify"))
    organisation = organisation_by_number(decision.credit_code)
    if organisation is None:
        raise Malformed("credit_code", _l("No verified organisation has this registration number."))
    require(organisation.id != actor.organisation_id, OwnOrganisationRefused())
    if decision.decided_on > market_day(now):
        raise Malformed("decided_on", _l("This day has not come yet."))
    ends_on = decision.ends_on or _a_year_after(decision.decided_on)
    if ends_on <= decision.decided_on:
        raise Malformed("ends_on", _l("The end comes after the day of the decision."))
    known = select(CreditFlag.id).where(
        CreditFlag.organisation_id == organisation.id,
        CreditFlag.authority == decision.authority,
        CreditFlag.decision_number == decision.decision_number,
    )
    require(session.execute(known).first() is None, FlagKnown(number=decision.decision_number))
    flag = CreditFlag(
        organisation_id=organisation.id, act=decision.act, authority=decision.authority,
        decision_number=decision.decision_number, decided_on=decision.decided_on, ends_on=ends_on,
        source=decision.source, recorded_by=actor.person_id,
    )  # fmt: skip
    session.add(flag)
    return _say(actor, flag, now)


def confirm_flag(actor: Actor, flag_id: UUID, now: datetime) -> CreditFlag:
    """A second verifier has looked at the source: the flag counts."""
    flag = _decided(actor, flag_id)
    require_another_person(actor, flag.recorded_by)
    flag.become(FlagStatus.IN_FORCE)
    flag.confirmed_by = actor.person_id
    return _say(actor, flag, now)


def refuse_flag(actor: Actor, flag_id: UUID, reason: str, now: datetime) -> CreditFlag:
    """What was recorded is not what the authority decided; it never counted."""
    return _end(actor, flag_id, FlagStatus.REFUSED, reason, now)


def repair_flag(actor: Actor, flag_id: UUID, reason: str, now: datetime) -> CreditFlag:
    """The authority repaired the organisation's credit, or lifted its decision: the flag no longer counts."""
    return _end(actor, flag_id, FlagStatus.REPAIRED, reason, now)


def flags_of(organisation_id: UUID) -> list[CreditFlag]:
    """Every flag that ever counted against the organisation, newest first."""
    query = select(CreditFlag).where(
        CreditFlag.organisation_id == organisation_id,
        CreditFlag.status.in_((FlagStatus.IN_FORCE, FlagStatus.REPAIRED)),
    )
    return list(session.execute(query.order_by(CreditFlag.decided_on.desc(), CreditFlag.id)).scalars())


def flags_counting(organisation_id: UUID, day: date) -> list[CreditFlag]:
    """What a lender is told of the organisation on this day."""
    return [flag for flag in flags_of(organisation_id) if flag.counts_on(day)]


def flags_to_decide(actor: Actor) -> list[tuple[CreditFlag, Organisation]]:
    """The verifier's list: what waits for a second person and what is in force."""
    require(actor.may("platform.verify"))
    rows = session.execute(
        select(CreditFlag, Organisation)
        .join(Organisation, Organisation.id == CreditFlag.organisation_id)
        .where(CreditFlag.status.in_((FlagStatus.RECORDED, FlagStatus.IN_FORCE)))
        .order_by(CreditFlag.id.desc())
        .limit(200)
    )
    return [(flag, organisation) for flag, organisation in rows]


def _decided(actor: Actor, flag_id: UUID) -> CreditFlag:
    require(actor.may("platform.verify"), NotFound())
    flag = find(CreditFlag, flag_id, lock=True)
    require(flag.organisation_id != actor.organisation_id, OwnOrganisationRefused())
    return flag


def _end(actor: Actor, flag_id: UUID, ending: FlagStatus, reason: str, now: datetime) -> CreditFlag:
    flag = _decided(actor, flag_id)
    flag.become(ending)
    flag.ended_reason = reason
    return _say(actor, flag, now)


def _say(actor: Actor, flag: CreditFlag, now: datetime) -> CreditFlag:
    session.flush()
    announce(actor, now, CreditFlagMoved(flag.id, flag.organisation_id, flag.status.value))
    return flag


def _a_year_after(day: date) -> date:
    """The same day of the next year; from 29 February, the last day of that month."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)
