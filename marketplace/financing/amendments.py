"""Changes of a running loan as acts: proposed by one person of the bank, agreed by a second, accepted by the borrower
where its contract changes; each keeps the schedule before and after."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Date, ForeignKey, Index, String, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, session
from marketplace.core.errors import NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle, WrongStatus
from marketplace.financing import policy
from marketplace.financing.amendment_effects import AmendmentKind, Step, snapshot, take_effect
from marketplace.financing.club_votes import require_club_agrees
from marketplace.financing.due_dates import business_date
from marketplace.financing.lenders import lenders_of
from marketplace.financing.loans import RUNNING, Loan, find_loan, instalments_of, loan_for_lender
from marketplace.identity.four_eyes import require_second_person
from marketplace.identity.sign_in import require_fresh


class AmendmentOpen(Refused):
    """One change at a time."""

    message = _l("Another change of this loan is still open; decide on it first.")


class AmendmentStatus(StrEnum):
    """How far a change has come."""

    PROPOSED = "proposed"
    OFFERED = "offered"
    IN_FORCE = "in_force"
    REFUSED = "refused"


S = AmendmentStatus
AMENDMENT_LIFECYCLE = Lifecycle(
    "loan_amendment",
    {
        S.PROPOSED: {S.OFFERED, S.IN_FORCE, S.REFUSED},
        S.OFFERED: {S.IN_FORCE, S.REFUSED},
        S.IN_FORCE: set(),
        S.REFUSED: set(),
    },
)


class Amendment(Model):
    """One change of one loan, with the schedule as it was and as it became."""

    __tablename__ = "loan_amendments"
    __table_args__ = (
        Index(
            "uq_loan_amendments_one_open",
            "loan_id",
            unique=True,
            postgresql_where=text("status IN ('proposed', 'offered')"),
        ),
    )

    loan_id: Mapped[UUID] = mapped_column(ForeignKey("loans.id"), index=True)
    kind: Mapped[AmendmentKind]
    status: Mapped[AmendmentStatus] = mapped_column(default=AmendmentStatus.PROPOSED)
    terms: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(String(500))
    before: Mapped[list[Any]] = mapped_column(JSONB)
    after: Mapped[list[Any]] = mapped_column(JSONB)
    proposed_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    agreed_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    accepted_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    in_force_on: Mapped[date | None] = mapped_column(Date)

    def become(self, status: AmendmentStatus) -> None:
        """Move to the next status of the table."""
        self.status = AMENDMENT_LIFECYCLE.check(self.status, status)


@dataclass(frozen=True)
class AmendmentMoved(Fact):
    """A change of a loan was proposed, agreed, accepted or refused."""

    amendment_id: UUID
    loan_id: UUID
    status: str


def propose_amendment(
    actor: Actor, loan_id: UUID, kind: AmendmentKind, terms: Mapping[str, Any], reason: str, now: datetime
) -> Amendment:
    """One person of the bank proposes a change; nothing moves yet."""
    loan = loan_for_lender(actor, loan_id)
    require(actor.may("loan.underwrite"))
    require(loan.status in RUNNING, WrongStatus(current=loan.status.value, wanted="amendment"))
    require(open_amendment(loan.id) is None, AmendmentOpen())
    amendment = Amendment(
        loan_id=loan.id, kind=kind, terms=dict(terms), reason=reason, before=[], after=[], proposed_by=actor.person_id
    )
    session.add(amendment)
    session.flush()
    _announce(actor, amendment, now)
    return amendment


def agree_amendment(actor: Actor, amendment_id: UUID, now: datetime) -> Amendment:
    """The bank's second person agrees; what needs no borrower takes effect at once."""
    amendment, loan = _of_bank(actor, amendment_id)
    require(actor.may("loan.approve"))
    require_fresh(actor, now)
    require_second_person(actor, amendment.proposed_by, loan.principal)
    if amendment.kind.needs_borrower:
        require_club_agrees(loan, amendment.id)
    amendment.become(AmendmentStatus.OFFERED if amendment.kind.needs_borrower else AmendmentStatus.IN_FORCE)
    amendment.agreed_by = actor.person_id
    if amendment.status is AmendmentStatus.IN_FORCE:
        _put_in_force(actor, amendment, loan, now)
    _announce(actor, amendment, now)
    return amendment


def accept_amendment(actor: Actor, amendment_id: UUID, now: datetime) -> Amendment:
    """The borrower accepts the changed contract; it takes effect today."""
    amendment, loan = _of_borrower(actor, amendment_id)
    require(actor.may("loan.apply") and actor.may("deal.sign"))
    require_fresh(actor, now)
    amendment.become(AmendmentStatus.IN_FORCE)
    amendment.accepted_by = actor.person_id
    _put_in_force(actor, amendment, loan, now)
    _announce(actor, amendment, now)
    return amendment


def refuse_amendment(actor: Actor, amendment_id: UUID, reason: str, now: datetime) -> Amendment:
    """Either side lets a change drop before it takes effect, saying why."""
    amendment = find(Amendment, amendment_id, lock=True)
    loan = find_loan(amendment.loan_id)
    require(policy.may_see_loan(actor, loan), NotFound())
    lender = policy.is_lender(actor, loan.bank_id)
    require(lender or amendment.agreed_by is not None, NotFound())
    require(actor.may("loan.underwrite" if lender else "loan.apply"))
    amendment.become(AmendmentStatus.REFUSED)
    amendment.reason = reason
    session.flush()
    _announce(actor, amendment, now)
    return amendment


def open_amendment(loan_id: UUID) -> Amendment | None:
    """The change of this loan that is still to be decided."""
    query = select(Amendment).where(
        Amendment.loan_id == loan_id, Amendment.status.in_((AmendmentStatus.PROPOSED, AmendmentStatus.OFFERED))
    )
    found: Amendment | None = session.execute(query).scalar_one_or_none()
    return found


def amendments_seen_by(actor: Actor, loan: Loan) -> list[Amendment]:
    """Every change of the loan, newest first; the borrower sees what was offered to it or took effect."""
    query = select(Amendment).where(Amendment.loan_id == loan.id)
    if actor.organisation_id not in lenders_of(loan):
        query = query.where(Amendment.agreed_by.is_not(None) | (Amendment.kind == AmendmentKind.RATE_RESET))
    return list(session.execute(query.order_by(Amendment.id.desc())).scalars())


def _put_in_force(actor: Actor, amendment: Amendment, loan: Loan, now: datetime) -> None:
    rows = instalments_of(loan.id)
    amendment.before = snapshot(rows)
    take_effect(actor, loan, rows, Step(amendment.id, amendment.kind, amendment.terms), now)
    amendment.after = snapshot(instalments_of(loan.id))
    amendment.in_force_on = business_date(now)
    session.flush()


def _of_bank(actor: Actor, amendment_id: UUID) -> tuple[Amendment, Loan]:
    amendment = find(Amendment, amendment_id)
    loan = loan_for_lender(actor, amendment.loan_id)
    return find(Amendment, amendment_id, lock=True), loan


def _of_borrower(actor: Actor, amendment_id: UUID) -> tuple[Amendment, Loan]:
    amendment = find(Amendment, amendment_id)
    loan = find_loan(amendment.loan_id, lock=True)
    require(policy.may_see_loan(actor, loan) and amendment.agreed_by is not None, NotFound())
    require(actor.organisation_id == loan.borrower_id, policy.WrongActor())
    return find(Amendment, amendment_id, lock=True), loan


def _announce(actor: Actor, amendment: Amendment, now: datetime) -> None:
    session.flush()
    announce(actor, now, AmendmentMoved(amendment.id, amendment.loan_id, amendment.status.value))
