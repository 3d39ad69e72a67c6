"""What an enrolment does when its loan changes: called by reactions to what financing announces."""

from datetime import datetime
from uuid import UUID

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import find
from marketplace.financing.loans import InstalmentMissed, LoanClassified, LoanDefaulted, LoanDisbursed, LoanPaidOff
from marketplace.financing.repayments import Repayment, RepaymentReceived
from marketplace.risk_pool.claims import Claim, ClaimStatus, live_claim
from marketplace.risk_pool.enrolling import activate_enrolment, release_commitment
from marketplace.risk_pool.enrolments import Enrolment, EnrolmentStatus, enrolment_of_loan, move
from marketplace.risk_pool.loans_seen import loan_seen
from marketplace.risk_pool.pools import Pool
from marketplace.risk_pool.recoveries import Recovered, is_recorded, position_of, share_recovered

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


def share_repayment(actor: Actor, fact: RepaymentReceived, now: datetime) -> None:
    """What a compensated loan still brings is shared back, up to what the parties bore; the rest is the bank's."""
    enrolment = enrolment_of_loan(fact.loan_id)
    claim = live_claim(enrolment.id) if enrolment is not None else None
    if enrolment is None or claim is None or claim.status is not ClaimStatus.COMPENSATED:
        return
    claim, enrolment = find(Claim, claim.id, lock=True), find(Enrolment, enrolment.id, lock=True)
    pool, repayment = find(Pool, enrolment.pool_id), find(Repayment, fact.repayment_id)
    open_still = enrolment.status is EnrolmentStatus.COMPENSATED and repayment.amount.currency == pool.currency
    if not open_still or is_recorded(claim, repayment.bank_reference):
        return
    cost = repayment.costs or pool.zero
    received = position_of(claim, enrolment).room_for(repayment.amount + cost, cost)
    if not received:
        return
    source = "borrower" if repayment.costs is None else "collateral"
    came = Recovered(
        received=received, cost=cost, day=repayment.received_on, source=source,
        bank_reference=repayment.bank_reference,
    )  # fmt: skip
    share_recovered(actor, (claim, enrolment, pool), came, now)


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
