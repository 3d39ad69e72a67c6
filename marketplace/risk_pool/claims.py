"""Claims: a bank asks the pool to share the principal loss of a defaulted loan, with its documents."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, money_columns, session
from marketplace.core.errors import Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.documents.files import show_file
from marketplace.risk_pool import policy
from marketplace.risk_pool.enrolments import Enrolment, EnrolmentStatus, find_enrolment, scheme_of
from marketplace.risk_pool.loans_seen import SUBSTANDARD, LoanSeen, loan_seen
from marketplace.risk_pool.pools import Pool
from marketplace.risk_pool.standings import require_standing
from marketplace.risk_pool.terms import SchemeKind, Terms

DEFAULT_TRIGGER_DAYS = 90
"""Where a scheme publishes no trigger: more than 90 days overdue, as for a substandard loan."""


class ClaimStatus(StrEnum):
    """How far a claim has come."""

    FILED = "filed"
    IN_REVIEW = "in_review"
    RECOMMENDED = "recommended"
    RETURNED = "returned"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    COMPENSATED = "compensated"


C = ClaimStatus
CLAIM_LIFECYCLE = Lifecycle(
    "claim",
    {
        C.FILED: {C.IN_REVIEW, C.WITHDRAWN},
        C.IN_REVIEW: {C.RECOMMENDED, C.RETURNED, C.REJECTED},
        C.RECOMMENDED: {C.COMPENSATED, C.RETURNED, C.REJECTED},
        C.RETURNED: {C.FILED, C.WITHDRAWN},
        C.COMPENSATED: set(),
        C.REJECTED: set(),
        C.WITHDRAWN: set(),
    },
)


class ClaimDocumentKind(StrEnum):
    """What a claim file must hold."""

    LOAN_CONTRACT = "loan_contract"
    DISBURSEMENT_PROOF = "disbursement_proof"
    PLEDGE_REGISTRATION = "pledge_registration"
    DUNNING_RECORD = "dunning_record"
    CLASSIFICATION_PROOF = "classification_proof"
    RECOVERY_UNDERTAKING = "recovery_undertaking"


class ClaimTooEarly(Refused):
    """The loan has not reached the scheme's trigger."""

    message = _l("The loan has not reached the claim trigger: %(overdue_days)s days overdue, class %(loan_class)s.")


class ClaimAboveOutstanding(Refused):
    """More is claimed than the borrower owes."""

    message = _l("The claimed principal %(loss)s is above the outstanding principal %(outstanding)s.")


class ClaimAlreadyFiled(Refused):
    """A loss is claimed once."""

    message = _l("A claim for this loan was already filed.")


class ClaimDocumentsMissing(Refused):
    """The claim file is not complete."""

    message = _l("The claim file lacks: %(missing)s.")


class LoanNotInPool(Refused):
    """The loan was not enrolled and running when it failed."""

    message = _l("The loan is not in the pool as abnormal: nothing can be claimed for it.")


class OfferForTakeOver(Refused):
    """A purchase scheme shares nothing."""

    message = _l("This scheme buys the pledged right instead of sharing the loss: offer it for take-over.")


class ClaimDocument(Model):
    """One document of a claim file."""

    __tablename__ = "risk_pool_claim_documents"
    __table_args__ = (UniqueConstraint("claim_id", "kind", "file_id"),)

    claim_id: Mapped[UUID] = mapped_column(ForeignKey("risk_pool_claims.id"), index=True)
    kind: Mapped[ClaimDocumentKind]
    file_id: Mapped[UUID]


class ClaimShare(Model):
    """What one party bears of a compensated loss, and whether the bank has it."""

    __tablename__ = "risk_pool_claim_shares"
    __table_args__ = (
        UniqueConstraint("claim_id", "party"),
        CheckConstraint("amount_minor >= 0", name="amount_not_negative"),
    )

    claim_id: Mapped[UUID] = mapped_column(ForeignKey("risk_pool_claims.id"), index=True)
    party: Mapped[str] = mapped_column(String(40))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    amount: Mapped[Money] = money_columns("amount")
    received_at: Mapped[datetime | None]
    received_reference: Mapped[str | None] = mapped_column(String(100))


class Claim(Model):
    """A bank's claim for one enrolled loan."""

    __tablename__ = "risk_pool_claims"
    __table_args__ = (
        CheckConstraint("loss_minor > 0", name="loss_positive"),
        CheckConstraint("decided_by IS NULL OR decided_by <> reviewed_by", name="second_person"),
        Index(
            "uq_risk_pool_claims_live", "enrolment_id", unique=True,
            postgresql_where=text("status NOT IN ('rejected', 'withdrawn')"),
        ),
    )  # fmt: skip

    enrolment_id: Mapped[UUID] = mapped_column(ForeignKey("risk_pool_enrolments.id"), index=True)
    status: Mapped[ClaimStatus] = mapped_column(default=ClaimStatus.FILED)
    loss: Mapped[Money] = money_columns("loss")
    other_loss: Mapped[Money] = money_columns("other_loss")
    filed_by: Mapped[UUID | None]
    filed_at: Mapped[datetime]
    reviewed_by: Mapped[UUID | None]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(String(1000))
    documents: Mapped[list[ClaimDocument]] = relationship(order_by="ClaimDocument.kind")
    shares: Mapped[list[ClaimShare]] = relationship(order_by="ClaimShare.id")

    def become(self, status: ClaimStatus) -> None:
        """Move along the lifecycle, or refuse."""
        self.status = CLAIM_LIFECYCLE.check(self.status, status)

    def account(self) -> str:
        """The ledger account of what the sharing parties owe the bank for this claim."""
        return f"claim:{self.id}:payable"

    def missing_documents(self) -> list[ClaimDocumentKind]:
        """The kinds of document the file still lacks."""
        present = {document.kind for document in self.documents}
        return [kind for kind in ClaimDocumentKind if kind not in present]


@dataclass(frozen=True)
class ClaimMoved(Fact):
    """A claim took a step of its lifecycle."""

    claim_id: UUID
    enrolment_id: UUID
    status: str
    reason: str | None = None


def find_claim(actor: Actor, claim_id: UUID, lock: bool = False) -> tuple[Claim, Enrolment, Pool]:
    """A claim the actor may see, with its enrolment and pool."""
    claim = find(Claim, claim_id, lock=lock)
    enrolment, pool = find_enrolment(actor, claim.enrolment_id, lock=lock)
    return claim, enrolment, pool


def move(actor: Actor, claim: Claim, status: ClaimStatus, now: datetime, reason: str | None = None) -> None:
    """Take one step and say so."""
    before = {"status": claim.status.value}
    claim.become(status)
    claim.reason = reason if reason is not None else claim.reason
    session.flush()
    fact = ClaimMoved(claim.id, claim.enrolment_id, status.value, reason)
    announce(actor, now, fact, before=before, after={"status": status.value})


def trigger_reached(terms: Terms, loan: LoanSeen) -> bool:
    """Whether the loan is bad enough to claim: the scheme's days or class, else more than 90 days or substandard."""
    if terms.trigger_loan_class is not None and loan.loan_class in SUBSTANDARD:
        return SUBSTANDARD.index(loan.loan_class) >= SUBSTANDARD.index(terms.trigger_loan_class)
    if terms.trigger_overdue_days is not None:
        return loan.overdue_days >= terms.trigger_overdue_days
    return terms.trigger_loan_class is None and (
        loan.loan_class in SUBSTANDARD or loan.overdue_days > DEFAULT_TRIGGER_DAYS
    )


def file_claim(
    actor: Actor,
    enrolment_id: UUID,
    loss: tuple[Money, Money],
    documents: list[tuple[ClaimDocumentKind, UUID]],
    now: datetime,
) -> Claim:
    """Claim the principal loss of an own enrolled loan (and state the other loss), with the complete file."""
    enrolment, pool = find_enrolment(actor, enrolment_id, lock=True)
    require(policy.may_enrol(actor, enrolment.bank_id))
    require_standing(enrolment.pool_id, enrolment.bank_id)
    if live_claim(enrolment.id) is not None:
        raise ClaimAlreadyFiled()
    if enrolment.status is not EnrolmentStatus.ABNORMAL:
        raise LoanNotInPool()
    _require_claimable(enrolment, loss[0], now)
    claim = Claim(
        enrolment_id=enrolment.id, status=C.FILED, loss=loss[0], other_loss=loss[1], filed_by=actor.person_id,
        filed_at=now,
    )  # fmt: skip
    session.add(claim)
    session.flush()
    _put_documents(actor, claim, pool, documents, now)
    announce(actor, now, ClaimMoved(claim.id, enrolment.id, claim.status.value), after={"loss": claim.loss.format()})
    return claim


def resubmit_claim(
    actor: Actor, claim_id: UUID, documents: list[tuple[ClaimDocumentKind, UUID]], now: datetime
) -> Claim:
    """Hand a returned claim in again, with what was missing."""
    claim, enrolment, pool = find_claim(actor, claim_id, lock=True)
    require(policy.may_enrol(actor, enrolment.bank_id))
    _require_claimable(enrolment, claim.loss, now)
    move(actor, claim, C.FILED, now)
    claim.reviewed_by = None
    _put_documents(actor, claim, pool, documents, now)
    return claim


def withdraw_claim(actor: Actor, claim_id: UUID, now: datetime) -> Claim:
    """Take a claim back, for instance because the borrower paid after all."""
    claim, enrolment, _pool = find_claim(actor, claim_id, lock=True)
    require(policy.may_enrol(actor, enrolment.bank_id))
    move(actor, claim, C.WITHDRAWN, now)
    return claim


def review_claim(actor: Actor, claim_id: UUID, now: datetime) -> Claim:
    """Take a claim up for review."""
    claim, _enrolment, pool = find_claim(actor, claim_id, lock=True)
    require(policy.may_review(actor, pool))
    move(actor, claim, C.IN_REVIEW, now)
    claim.reviewed_by = actor.person_id
    return claim


def recommend_claim(actor: Actor, claim_id: UUID, reason: str, now: datetime) -> Claim:
    """The reviewer proposes to compensate; a second person decides."""
    claim, _enrolment, pool = find_claim(actor, claim_id, lock=True)
    require(policy.may_review(actor, pool))
    move(actor, claim, C.RECOMMENDED, now, reason)
    claim.reviewed_by = actor.person_id
    return claim


def return_claim(actor: Actor, claim_id: UUID, reason: str, now: datetime) -> Claim:
    """Give the claim back to the bank with what is missing."""
    claim, _enrolment, pool = find_claim(actor, claim_id, lock=True)
    require(policy.may_review(actor, pool))
    move(actor, claim, C.RETURNED, now, reason)
    return claim


def _require_claimable(enrolment: Enrolment, loss: Money, now: datetime) -> None:
    loan = loan_seen(enrolment.loan_id, now.date())
    require(scheme_of(enrolment).terms.kind is SchemeKind.SHARE, OfferForTakeOver())
    if not trigger_reached(scheme_of(enrolment).terms, loan):
        raise ClaimTooEarly(overdue_days=loan.overdue_days, loan_class=loan.loan_class)
    require_still_owed(enrolment, loss, now)


def require_still_owed(enrolment: Enrolment, loss: Money, now: datetime) -> None:
    """Refuse to share more than the borrower still owes; a repayment in the meantime lowers the loss."""
    outstanding = loan_seen(enrolment.loan_id, now.date()).outstanding
    if loss > outstanding:
        raise ClaimAboveOutstanding(loss=loss, outstanding=outstanding)


def _put_documents(
    actor: Actor, claim: Claim, pool: Pool, documents: list[tuple[ClaimDocumentKind, UUID]], now: datetime
) -> None:
    """Add own documents to the file, open them to the pool's administrator, and require the file to be complete."""
    for kind, file_id in documents:
        show_file(actor, file_id, pool.administrator_id, now)
        session.add(ClaimDocument(claim_id=claim.id, kind=kind, file_id=file_id))
    session.flush()
    session.refresh(claim, ["documents"])
    missing = claim.missing_documents()
    if missing:
        raise ClaimDocumentsMissing(missing=", ".join(missing))


def live_claim(enrolment_id: UUID) -> Claim | None:
    """The claim for this enrolment that was not refused or taken back."""
    found: Claim | None = session.execute(
        select(Claim).where(Claim.enrolment_id == enrolment_id, Claim.status.not_in([C.REJECTED, C.WITHDRAWN]))
    ).scalar_one_or_none()
    return found
