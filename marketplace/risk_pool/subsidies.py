"""Aid for interest and fees: the borrower asks on its enrolled loan, one person reviews, a second grants it by the scheme.

The money leaves the pool's aid account, never the fund that shares losses, and becomes payable to the borrower.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, money_columns, session
from marketplace.core.errors import Malformed, NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.documents.evidence import attach_evidence
from marketplace.documents.files import show_file
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.identity.sign_in import require_fresh
from marketplace.risk_pool import policy
from marketplace.risk_pool.aid_terms import Subsidy
from marketplace.risk_pool.enrolments import Enrolment, EnrolmentStatus, find_enrolment, scheme_of
from marketplace.risk_pool.pools import Pool
from marketplace.risk_pool.schemes import Scheme


class NoAidPublished(Refused):
    """The scheme of the loan gives no such aid."""

    message = _l("The scheme of this loan publishes no aid called “%(subsidy)s”.")


class AidNotYet(Refused):
    """Aid is given to a loan that runs well, or was repaid."""

    message = _l("Aid is given for a loan that runs in the pool without default, or, where the scheme says so, only after its repayment.")  # fmt: skip


class AidAlreadyAsked(Refused):
    """The same aid is asked for, or was granted, for this loan."""

    message = _l("This aid was already asked for or granted for the loan.")


class SubsidyStatus(StrEnum):
    """How far a request for aid has come."""

    ASKED = "asked"
    REVIEWED = "reviewed"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


S = SubsidyStatus
SUBSIDY_LIFECYCLE = Lifecycle(
    "subsidy",
    {
        S.ASKED: {S.REVIEWED, S.REFUSED, S.WITHDRAWN},
        S.REVIEWED: {S.GRANTED, S.REFUSED, S.WITHDRAWN},
        S.GRANTED: set(),
        S.REFUSED: set(),
        S.WITHDRAWN: set(),
    },
)
RUNS_WELL = (EnrolmentStatus.ACTIVE, EnrolmentStatus.EXTENDED, EnrolmentStatus.REPAID)


class SubsidyRequest(Model):
    """One kind of aid asked for on one enrolled loan."""

    __tablename__ = "risk_pool_subsidies"
    __table_args__ = (
        CheckConstraint("decided_by IS NULL OR decided_by <> reviewed_by", name="second_person"),
        CheckConstraint(
            "(status = 'granted') = (amount_minor IS NOT NULL) AND (amount_minor IS NULL OR amount_minor > 0)",
            name="granted_amount",
        ),
        CheckConstraint(
            "status <> 'granted' OR (reviewed_by IS NOT NULL AND decided_by IS NOT NULL)", name="granted_by_two"
        ),
        CheckConstraint("benchmark_bps IS NULL OR benchmark_bps BETWEEN 0 AND 10000", name="benchmark"),
        CheckConstraint("fee_paid_minor >= 0", name="fee_paid"),
        Index(
            "uq_risk_pool_subsidies_live", "enrolment_id", "name", unique=True,
            postgresql_where=text("status NOT IN ('refused', 'withdrawn')"),
        ),
    )  # fmt: skip

    enrolment_id: Mapped[UUID] = mapped_column(ForeignKey("risk_pool_enrolments.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    status: Mapped[SubsidyStatus] = mapped_column(default=S.ASKED)
    fee_paid: Mapped[Money] = money_columns("fee_paid")
    asked_by: Mapped[UUID | None]
    asked_at: Mapped[datetime]
    benchmark_bps: Mapped[int | None]
    reviewed_by: Mapped[UUID | None]
    review_reason: Mapped[str] = mapped_column(String(1000), default="")
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(1000), default="")
    amount: Mapped[Money | None] = money_columns("amount", optional=True)
    limits: Mapped[dict[str, Any]] = mapped_column(default=dict)

    @property
    def benchmark(self) -> Fraction | None:
        """The published rate that the reviewer stated, as a fraction of 1."""
        return None if self.benchmark_bps is None else Fraction(self.benchmark_bps, 10_000)


@dataclass(frozen=True)
class SubsidyMoved(Fact):
    """A request for aid took a step."""

    subsidy_id: UUID
    enrolment_id: UUID
    status: str
    reason: str = ""
    amount_minor: int | None = None


def ask_subsidy(
    actor: Actor, enrolment_id: UUID, name: str, proof: tuple[Money | None, Sequence[UUID]], now: datetime
) -> SubsidyRequest:
    """Ask for an aid the scheme publishes, as the borrower, with the fee that was paid and its proofs."""
    enrolment, pool = find_enrolment(actor, enrolment_id, lock=True)
    require(actor.organisation_id == enrolment.borrower_id, NotFound())
    require(actor.may("loan.apply"))
    rule = rule_of(scheme_of(enrolment), name)
    require_time(rule, enrolment)
    fee, files = proof
    _require_proof(rule, fee, files, pool)
    if any(one.name == name and one.status not in (S.REFUSED, S.WITHDRAWN) for one in subsidies_of(enrolment.id)):
        raise AidAlreadyAsked()
    for file_id in files:
        show_file(actor, file_id, pool.administrator_id, now)
    asked = SubsidyRequest(
        enrolment_id=enrolment.id, name=name, status=S.ASKED, fee_paid=fee or pool.zero, asked_by=actor.person_id,
        asked_at=now, limits={},
    )  # fmt: skip
    session.add(asked)
    session.flush()
    for file_id in files:
        attach_evidence(actor, file_id, asked.id, "subsidy", now)
    return said(actor, asked, now)


def review_subsidy(
    actor: Actor, subsidy_id: UUID, reason: str, benchmark_bps: int | None, now: datetime
) -> SubsidyRequest:
    """Examine a request against its proofs, and state the published rate where the scheme measures by one."""
    asked, enrolment, pool = find_subsidy(actor, subsidy_id)
    require(policy.may_review(actor, pool))
    if rule_of(scheme_of(enrolment), asked.name).needs_benchmark and benchmark_bps is None:
        raise Malformed("benchmark", _l("State the one-year LPR that applied to the loan."))
    become(asked, S.REVIEWED)
    asked.reviewed_by, asked.review_reason, asked.benchmark_bps = actor.person_id, reason, benchmark_bps
    return said(actor, asked, now, reason)


def refuse_subsidy(actor: Actor, subsidy_id: UUID, reason: str, now: datetime) -> SubsidyRequest:
    """Do not grant, with the reason, as an approver."""
    asked, _enrolment, pool = find_subsidy(actor, subsidy_id)
    require(policy.may_decide(actor, pool))
    require(actor.person_id != asked.reviewed_by, SecondPersonNeeded())
    require_fresh(actor, now)
    become(asked, S.REFUSED)
    asked.decided_by, asked.decided_at, asked.reason = actor.person_id, now, reason
    return said(actor, asked, now, reason)


def withdraw_subsidy(actor: Actor, subsidy_id: UUID, now: datetime) -> SubsidyRequest:
    """Take an own request back before it is decided."""
    asked, enrolment, _pool = find_subsidy(actor, subsidy_id)
    require(actor.organisation_id == enrolment.borrower_id, NotFound())
    require(actor.may("loan.apply"))
    become(asked, S.WITHDRAWN)
    return said(actor, asked, now)


def find_subsidy(actor: Actor, subsidy_id: UUID) -> tuple[SubsidyRequest, Enrolment, Pool]:
    """A locked request that the actor may see, with its enrolment and pool."""
    enrolment, pool = find_enrolment(actor, find(SubsidyRequest, subsidy_id).enrolment_id, lock=True)
    require(may_see_aid(actor, enrolment, pool), NotFound())
    return find(SubsidyRequest, subsidy_id, lock=True), enrolment, pool


def may_see_aid(actor: Actor, enrolment: Enrolment, pool: Pool) -> bool:
    """Aid is between the borrower and the pool; the auditor sees it too."""
    return actor.organisation_id == enrolment.borrower_id or policy.administers(actor, pool) or actor.may("audit.read")


def subsidies_of(enrolment_id: UUID) -> list[SubsidyRequest]:
    """What was asked for on a loan, oldest first."""
    query = select(SubsidyRequest).where(SubsidyRequest.enrolment_id == enrolment_id).order_by(SubsidyRequest.id)
    return list(session.execute(query).scalars())


def rule_of(scheme: Scheme, name: str) -> Subsidy:
    """The aid of this name that the scheme publishes."""
    found = next((one for one in scheme.terms.subsidies if one.name == name), None)
    if found is None:
        raise NoAidPublished(subsidy=name)
    return found


def require_time(rule: Subsidy, enrolment: Enrolment) -> None:
    """Go on only while the loan may be aided."""
    require(enrolment.status in RUNS_WELL, AidNotYet())
    require(not rule.after_repayment or enrolment.status is EnrolmentStatus.REPAID, AidNotYet())


def _require_proof(rule: Subsidy, fee: Money | None, files: Sequence[UUID], pool: Pool) -> None:
    if not files:
        raise Malformed("files", _l("Add the proof of what was paid."))
    if (rule.fee is not None) != (fee is not None and bool(fee)):
        raise Malformed("fee", _l("State the fee that was paid, and only for aid that shares a fee."))
    if fee is not None and fee.currency != pool.currency:
        raise Malformed("fee", _l("The pool keeps another currency."))


def become(asked: SubsidyRequest, status: SubsidyStatus) -> None:
    """Move along the lifecycle, or refuse."""
    asked.status = SUBSIDY_LIFECYCLE.check(asked.status, status)


def said(actor: Actor, asked: SubsidyRequest, now: datetime, reason: str = "") -> SubsidyRequest:
    """Write the step down and say so."""
    session.flush()
    minor = asked.amount.amount_minor if asked.amount else None
    announce(actor, now, SubsidyMoved(asked.id, asked.enrolment_id, asked.status.value, reason, minor))
    return asked
