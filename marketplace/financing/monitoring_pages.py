"""The page of what secures a loan: coverage over time, warning signs."""

from datetime import date
from typing import Any
from uuid import UUID

from flask import render_template

from marketplace.core.clock import now
from marketplace.core.http import current_actor, signed_in
from marketplace.core.i18n import _
from marketplace.financing import (
    loans,
    margin_answers,
    margin_calls,
    margin_pages,
    monitoring,
    pledges,
    policy,
    portfolio_pages,
)
from marketplace.financing.coverage_chart import Reading, draw_coverage
from marketplace.financing.due_dates import business_date
from marketplace.financing.pages_blueprint import pages
from marketplace.identity.organisations import names_of
from marketplace.registry.assets import find_asset
from marketplace.registry.ownership import assets_of

MORE = (margin_pages, portfolio_pages)


@pages.get("/financing/loans/<uuid:loan_id>/security")
@signed_in
def show_security(loan_id: UUID) -> str:
    """The value over the debt day by day, and what warns."""
    actor = current_actor()
    loan = loans.loan_for_party(actor, loan_id)
    today = business_date(now())
    checks = monitoring.checks_of_loan(loan.id)
    secured = monitoring.securities_of([loan.id], today).get(loan.id, [])
    mine = actor.organisation_id == loan.borrower_id
    return render_template(
        "financing/security.html",
        **calls_shown(loan, today, mine),
        mine=mine,
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


def calls_shown(loan: loans.Loan, today: date, mine: bool) -> dict[str, Any]:
    """The calls of a loan with what was offered, and what could be: rights of the borrower that are not pledged yet."""
    calls = margin_calls.calls_of_loan(loan.id)
    answers = {call.id: margin_answers.answers_of(call.id) for call in calls}
    value = margin_calls.value_now(loan, today)
    pledged = {pledge.id: pledge for pledge in pledges.pledges_of_loan(loan.id)}
    taken = {pledge.asset_id for pledge in pledged.values()}
    live = {one.id for one in pledged.values() if one.status is pledges.PledgeStatus.REGISTERED}
    names = {key: find_asset(pledge.asset_id).label for key, pledge in pledged.items()}
    own = assets_of(loan.borrower_id) if mine and any(call.is_open for call in calls) else []
    due = margin_calls.shortfall_of(value, loan.outstanding, monitoring.LEAST_COVERAGE_BPS) if value else None
    open_now = any(call.is_open for call in calls)
    return {
        "calls": calls,
        "answers": answers,
        "labels": {one.asset_id: find_asset(one.asset_id).label for found in answers.values() for one in found},
        "pledged_labels": names,
        "offerable": [(asset.id, f"{asset.title} · {asset.label}") for asset in own if asset.id not in taken],
        "replaceable": [("", _("None: a further right")), *((key, names[key]) for key in names if key in live)],
        "shortfall": due if due and not open_now and loan.status in loans.RUNNING else None,
    }
