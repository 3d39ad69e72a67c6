"""What a borrower offers when more security is called for: a further right, or another right in place of one."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import Model, find, session
from marketplace.core.errors import Malformed, NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.documents.signatures import EnvelopeDeclined, EnvelopeExpired
from marketplace.financing import policy
from marketplace.financing.asset_values import values_of
from marketplace.financing.further_pledges import agree_further_pledge
from marketplace.financing.loans import find_loan
from marketplace.financing.margin_calls import (
    CallStatus,
    MarginCall,
    call_for_lender,
    call_for_party,
    cure_if_covered,
    move_call,
)
from marketplace.financing.pledges import (
    OPEN,
    Pledge,
    PledgeRegistered,
    PledgeReleased,
    PledgeStatus,
    pledges_of_loan,
    require_free,
)
from marketplace.financing.repayments import RepaymentReceived
from marketplace.registry.assets import find_asset
from marketplace.registry.ownership import owns_all


class CallEnded(Refused):
    """Only an open call is answered."""

    message = _l("This call for more security is over.")


class RightOfferedAlready(Refused):
    """Each right is offered once for one loan."""

    message = _l("This right was offered or pledged for this loan already.")


class RightNotValued(Refused):
    """A right of unknown value cannot restore coverage."""

    message = _l("The value of this right is not known. Have it valued on its page first.")


class AnswerStatus(StrEnum):
    """How far an offered right has come."""

    OFFERED = "offered"
    AGREED = "agreed"
    PLEDGED = "pledged"
    DECLINED = "declined"


A = AnswerStatus
ANSWER_LIFECYCLE = Lifecycle(
    "margin answer",
    {
        A.OFFERED: {A.AGREED, A.DECLINED},
        A.AGREED: {A.PLEDGED, A.DECLINED},
        A.PLEDGED: set(),
        A.DECLINED: set(),
    },
)


class MarginAnswer(Model):
    """One right offered in answer to a call, alone or in place of a pledged one."""

    __tablename__ = "margin_answers"
    __table_args__ = (
        CheckConstraint("status NOT IN ('agreed', 'pledged') OR pledge_id IS NOT NULL", "agreed_has_pledge"),
        Index(
            "uq_margin_answers_one_live", "call_id", "asset_id", unique=True,
            postgresql_where=text("status <> 'declined'"),
        ),
    )  # fmt: skip

    call_id: Mapped[UUID] = mapped_column(ForeignKey("margin_calls.id"), index=True)
    asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"))
    replaces_id: Mapped[UUID | None] = mapped_column(ForeignKey("pledges.id"))
    pledge_id: Mapped[UUID | None] = mapped_column(ForeignKey("pledges.id"), index=True)
    status: Mapped[AnswerStatus] = mapped_column(default=AnswerStatus.OFFERED)
    offered_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    reason: Mapped[str] = mapped_column(String(500), default="")

    def become(self, status: AnswerStatus) -> None:
        """Move to the next status of the table."""
        self.status = ANSWER_LIFECYCLE.check(self.status, status)


@dataclass(frozen=True)
class MarginAnswerMoved(Fact):
    """A right was offered in answer to a call, agreed to, pledged or declined."""

    answer_id: UUID
    call_id: UUID
    status: str


def offer_right(actor: Actor, call_id: UUID, asset_id: UUID, replaces_id: UUID | None, now: datetime) -> MarginAnswer:
    """The borrower offers an own right as further security, or in place of a pledged one."""
    call = call_for_party(actor, call_id)
    loan = find_loan(call.loan_id)
    require(actor.organisation_id == loan.borrower_id, policy.WrongActor())
    require(actor.may("loan.apply"))
    require(call.is_open, CallEnded())
    require(actor.organisation_id is not None and owns_all(actor.organisation_id, asset_id), NotFound())
    mine = pledges_of_loan(loan.id)
    require(all(pledge.asset_id != asset_id for pledge in mine), RightOfferedAlready())
    require(all(answer.asset_id != asset_id for answer in answers_of(call.id) if answer.status is not A.DECLINED),
            RightOfferedAlready())  # fmt: skip
    if replaces_id is not None and not any(one.id == replaces_id and one.status in OPEN for one in mine):
        raise Malformed("replaces_id", _l("Choose a right that is pledged for this loan."))
    require_free(find_asset(asset_id))
    require(asset_id in values_of([asset_id]), RightNotValued())
    answer = MarginAnswer(call_id=call.id, asset_id=asset_id, replaces_id=replaces_id, offered_by=actor.person_id)
    session.add(answer)
    session.flush()
    if call.status is CallStatus.ISSUED:
        move_call(actor, call, CallStatus.ANSWERED, now)
    announce(actor, now, MarginAnswerMoved(answer.id, call.id, answer.status.value))
    return answer


def agree_to_answer(actor: Actor, answer_id: UUID, now: datetime) -> MarginAnswer:
    """The lender takes the offered right: a pledge contract is laid out, and registered like every other."""
    answer, call = _for_lender(actor, answer_id)
    require(call.is_open, CallEnded())
    ANSWER_LIFECYCLE.check(answer.status, AnswerStatus.AGREED)
    loan = find_loan(call.loan_id, lock=True)
    pledge = agree_further_pledge(loan, find_asset(answer.asset_id, lock=True), now)
    answer.pledge_id, answer.decided_by = pledge.id, actor.person_id
    _move(actor, answer, AnswerStatus.AGREED, now)
    return answer


def decline_answer(actor: Actor, answer_id: UUID, reason: str, now: datetime) -> MarginAnswer:
    """The lender does not take the offered right, with its reason; the call stands as before."""
    answer, call = _for_lender(actor, answer_id)
    require(answer.status is AnswerStatus.OFFERED, CallEnded())
    answer.reason, answer.decided_by = reason, actor.person_id
    _move(actor, answer, AnswerStatus.DECLINED, now)
    _reopen(actor, call, now)
    return answer


def note_pledge(actor: Actor, fact: PledgeRegistered | PledgeReleased, now: datetime) -> None:
    """A pledge was registered or released: what was offered counts now, and the call may be cured."""
    pledge = find(Pledge, fact.pledge_id)
    answer = _answer_of(pledge.id)
    if answer is not None and answer.status is AnswerStatus.AGREED and isinstance(fact, PledgeRegistered):
        _move(actor, answer, AnswerStatus.PLEDGED, now)
    cure_if_covered(actor, pledge.loan_id, leaving_pledges(pledge.loan_id), now)


def note_repayment(actor: Actor, fact: RepaymentReceived, now: datetime) -> None:
    """Less is owed: the call may be cured."""
    cure_if_covered(actor, fact.loan_id, leaving_pledges(fact.loan_id), now)


def drop_unsigned_pledge(_actor: Actor, fact: EnvelopeDeclined | EnvelopeExpired, now: datetime) -> None:
    """The contract of an offered right was not signed: the right is free again and the call stands as before."""
    query = select(Pledge).where(Pledge.envelope_id == fact.envelope_id, Pledge.status == PledgeStatus.AGREED)
    for pledge in session.execute(query.with_for_update()).scalars():
        answer = _answer_of(pledge.id)
        if answer is not None and answer.status is AnswerStatus.AGREED:
            pledge.become(PledgeStatus.CANCELLED)
            _move(SYSTEM, answer, AnswerStatus.DECLINED, now)
            _reopen(SYSTEM, find(MarginCall, answer.call_id, lock=True), now)


def answers_of(call_id: UUID) -> list[MarginAnswer]:
    """What was offered in answer to a call, oldest first."""
    query = select(MarginAnswer).where(MarginAnswer.call_id == call_id).order_by(MarginAnswer.id)
    return list(session.execute(query).scalars())


def leaving_pledges(loan_id: UUID) -> frozenset[UUID]:
    """The pledges that another right is to replace: they no longer count."""
    query = (
        select(MarginAnswer.replaces_id)
        .join(MarginCall, MarginCall.id == MarginAnswer.call_id)
        .where(MarginCall.loan_id == loan_id, MarginAnswer.status.in_((A.AGREED, A.PLEDGED)))
    )
    return frozenset(found for found in session.execute(query).scalars() if found is not None)


def _answer_of(pledge_id: UUID) -> MarginAnswer | None:
    found: MarginAnswer | None = session.execute(
        select(MarginAnswer).where(MarginAnswer.pledge_id == pledge_id)
    ).scalar_one_or_none()
    return found


def _for_lender(actor: Actor, answer_id: UUID) -> tuple[MarginAnswer, MarginCall]:
    found = session.get(MarginAnswer, answer_id)
    if found is None:
        raise NotFound()
    call = call_for_lender(actor, found.call_id)
    return find(MarginAnswer, answer_id, lock=True), call


def _reopen(actor: Actor, call: MarginCall, now: datetime) -> None:
    waiting = any(one.status in (A.OFFERED, A.AGREED) for one in answers_of(call.id))
    if call.status is CallStatus.ANSWERED and not waiting:
        move_call(actor, call, CallStatus.ISSUED, now)


def _move(actor: Actor, answer: MarginAnswer, status: AnswerStatus, now: datetime) -> None:
    answer.become(status)
    session.flush()
    announce(actor, now, MarginAnswerMoved(answer.id, answer.call_id, status.value))
