"""What a loan's page shows of its pool: the enrolment it has, or the way to one."""

from typing import Any

from flask import render_template
from markupsafe import Markup

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.financing.loans import RUNNING, LoanStatus
from marketplace.financing.panels import loan_panels
from marketplace.risk_pool import policy
from marketplace.risk_pool.claims import live_claim
from marketplace.risk_pool.enrolments import EnrolmentStatus, enrolment_of_loan
from marketplace.risk_pool.pools import find_pool
from marketplace.risk_pool.schemes import open_schemes

ENROLLABLE = (LoanStatus.APPROVED, *RUNNING)


@loan_panels.add(order=20)
def cover_panel(actor: Actor | None, loan: Any) -> Markup | None:
    """On a loan's page: which pool shares its loss; for its bank also the next step."""
    enrolment = enrolment_of_loan(loan.id)
    bank = actor is not None and policy.may_enrol(actor, loan.bank_id)
    if enrolment is None:
        open_now = bank and loan.status in ENROLLABLE and not loan.days_past_due and open_schemes(now().date())
        return Markup(render_template("risk_pool/_cover.html", loan=loan, enrolment=None)) if open_now else None
    pool = find_pool(enrolment.pool_id)
    if actor is None or not policy.sees(actor, enrolment, pool):
        return None
    claim = live_claim(enrolment.id)
    claimable = bank and claim is None and enrolment.status is EnrolmentStatus.ABNORMAL
    return Markup(
        render_template(
            "risk_pool/_cover.html", loan=loan, enrolment=enrolment, pool=pool, claim=claim, claimable=claimable
        )
    )
