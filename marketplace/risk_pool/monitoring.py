"""What an enrolment does when its loan changes: called by reactions to what financing announces."""

from datetime import datetime
from uuid import UUID

from marketplace.core.actor import SYSTEM, Actor
from marketplace.financing.loans import InstalmentMissed, LoanClassified, LoanDefaulted, LoanDisbursed, LoanPaidOff
from marketplace.risk_pool.claims import ClaimStatus, live_claim
from marketplace.risk_pool.enrolling import activate_enrolment, release_commitment
from marketplace.risk_pool.enrolments import EnrolmentStatus, enrolment_of_loan, move
from marketplace.risk_pool.loans_seen import loan_seen

RUNNING = (EnrolmentStatus.ACTIVE, EnrolmentStatus.EXTENDED)


def start_with_loan(_actor: Actor, fact: LoanDisbursed, now: datetime) -> None:
    """An enrolled loan was paid out."""
    activate_enrolment(fact.loan_id, now)


def follow_class(_actor: Actor, fact: LoanClassified | LoanDefaulted | InstalmentMissed, now: datetime) -> None:
    """A loan got better or worse."""
    follow_loan(fact.loan_id, now)


def end_when_paid(_actor: Actor, fact: LoanPaidOff, now: datetime) -> None:
    """A loan was paid off."""
    end_with_loan(fact.loan_id, now)


def follow_loan(loan_id: UUID, now: datetime) -> None:
    """Mark an enrolment abnormal when its loan is overdue or classed below pass, and active again when cured."""
    enrolment = enrolment_of_loan(loan_id, lock=True)
    if enrolment is None:
        return
    loan = loan_seen(loan_id, now.date())
    troubled = loan.is_overdue or loan.loan_class not in ("pass", "normal")
    if troubled and enrolment.status in RUNNING:
        move(SYSTEM, enrolment, EnrolmentStatus.ABNORMAL, now, f"overdue {loan.overdue_days} days, {loan.loan_class}")
    elif not troubled and enrolment.status is EnrolmentStatus.ABNORMAL and live_claim(enrolment.id) is None:
        move(SYSTEM, enrolment, EnrolmentStatus.ACTIVE, now, "cured")


def end_with_loan(loan_id: UUID, now: datetime) -> None:
    """The loan was paid off: the enrolment ends and the pool's commitment with it."""
    enrolment = enrolment_of_loan(loan_id, lock=True)
    if enrolment is None or enrolment.status not in (*RUNNING, EnrolmentStatus.ABNORMAL):
        return
    claim = live_claim(enrolment.id)
    if claim is not None and claim.status is ClaimStatus.COMPENSATED:
        return
    release_commitment(SYSTEM, enrolment, now)
    move(SYSTEM, enrolment, EnrolmentStatus.REPAID, now)
