"""The page of what secures a loan: coverage over time, warning signs."""

from uuid import UUID

from flask import render_template

from marketplace.core.clock import now
from marketplace.core.http import current_actor, signed_in
from marketplace.financing import loans, monitoring, policy
from marketplace.financing.coverage_chart import Reading, draw_coverage
from marketplace.financing.due_dates import business_date
from marketplace.financing.pages_blueprint import pages
from marketplace.identity.organisations import names_of


@pages.get("/financing/loans/<uuid:loan_id>/security")
@signed_in
def show_security(loan_id: UUID) -> str:
    """The value over the debt day by day, and what warns."""
    actor = current_actor()
    loan = loans.loan_for_party(actor, loan_id)
    today = business_date(now())
    checks = monitoring.checks_of_loan(loan.id)
    secured = monitoring.securities_of([loan.id], today).get(loan.id, [])
    return render_template(
        "financing/security.html",
        loan=loan,
        checks=checks,
        latest=checks[0] if checks else None,
        chart=draw_coverage([Reading(one.day, one.coverage_bps, one.required_bps) for one in checks]),
        secured=secured,
        right_checks={one.pledge.id: monitoring.latest_check(one.pledge.id) for one in secured},
        names=names_of([loan.borrower_id, loan.bank_id]),
        lender=policy.is_lender(actor, loan.bank_id),
        today=today,
    )
