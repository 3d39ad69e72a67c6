"""The page of a loan, and what its two parties do there."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response as Download
from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.errors import NotFound
from marketplace.core.http import current_actor, idempotent, page_form, signed_in
from marketplace.core.i18n import _
from marketplace.financing import (
    agreements,
    disbursement,
    enforcement,
    loan_quality,
    loans,
    office_entries,
    pledge_packs,
    pledges,
    policy,
    repayments,
    sale_consents,
    views,
)
from marketplace.financing.amendment_schemas import FirstPartForm
from marketplace.financing.classification import LoanClass
from marketplace.financing.due_dates import business_date
from marketplace.financing.filing_papers import FilingAct
from marketplace.financing.pages_blueprint import pages
from marketplace.financing.panels import loan_panels
from marketplace.financing.schemas import (
    FilingIn,
    JudgementIn,
    NothingIn,
    OfficeEntryIn,
    RealisationForm,
    ReasonIn,
    ReceiptForm,
    RegistrationIn,
    ReleaseIn,
)
from marketplace.identity.organisations import names_of
from marketplace.registry.assets import find_asset

Step = Callable[[Actor, UUID, dict[str, Any], datetime], Any]

LOAN_STEPS: dict[str, tuple[type[Any], Step]] = {
    "disbursement": (
        FirstPartForm,
        lambda actor, it, given, at: disbursement.disburse_loan(actor, it, at, given["first_part"]),
    ),
    "repayments": (
        ReceiptForm,
        lambda actor, it, given, at: repayments.record_repayment(actor, it, repayments.Receipt(**given), at),
    ),
    "judgement": (
        JudgementIn,
        lambda actor, it, given, at: loan_quality.judge_loan(actor, it, given["loan_class"], at),
    ),
    "write-off": (NothingIn, lambda actor, it, _given, at: loan_quality.write_off_loan(actor, it, at)),
    "cancellation": (NothingIn, lambda actor, it, _given, at: agreements.cancel_loan(actor, it, at)),
}
"""What the bank does with a loan, as its form sends it."""

PLEDGE_STEPS: dict[str, tuple[type[Any], Step]] = {
    "filing": (FilingIn, lambda actor, it, given, at: pledges.file_pledge(actor, it, given["filing_number"], at)),
    "registration": (
        RegistrationIn,
        lambda actor, it, given, at: pledges.register_pledge(
            actor, it, given["registration_number"], given["registered_on"], at
        ),
    ),
    "refusal": (ReasonIn, lambda actor, it, given, at: pledges.note_refusal(actor, it, given["reason"], at)),
    "release": (ReleaseIn, lambda actor, it, given, at: pledges.ask_release(actor, it, given["reason"], at)),
    "entries": (
        OfficeEntryIn,
        lambda actor, it, given, at: _enter(actor, it, given, at),
    ),
    "release-approval": (NothingIn, lambda actor, it, _given, at: pledges.approve_release(actor, it, at)),
    "realisation": (
        RealisationForm,
        lambda actor, it, given, at: _realise(actor, it, given, at),
    ),
}
"""What the bank does with a pledge, as its form sends it."""


@pages.get("/financing/loans/<uuid:loan_id>")
@signed_in
def show_loan(loan_id: UUID) -> str:
    """Terms, security, schedule and class of one loan."""
    actor = current_actor()
    loan = loans.loan_for_party(actor, loan_id)
    today = business_date(now())
    rows = loans.instalments_of(loan.id)
    secured = [(pledge, find_asset(pledge.asset_id)) for pledge in pledges.pledges_of_loan(loan.id)]
    return render_template(
        "financing/loan.html",
        loan=loan,
        rows=rows,
        today=today,
        next_row=views.next_due(rows),
        secured=secured,
        receipts=repayments.repayments_of(loan.id),
        payoff=repayments.payoff_of(loan, rows, today) if loan.status in loans.RUNNING else None,
        names=names_of([loan.borrower_id, loan.bank_id]),
        entries={pledge.id: office_entries.entries_of(pledge.id) for pledge, _asset in secured},
        entry_kinds=office_entries.FITS,
        packs=pledge_packs.READY,
        agreed={pledge.id: sale_consents.consents_of_pledge(pledge.id) for pledge, _asset in secured},
        lender=policy.is_lender(actor, loan.bank_id),
        mine=actor.organisation_id == loan.borrower_id,
        tiers=list(LoanClass),
        panels=loan_panels.render(actor, loan),
        running=loan.status in loans.RUNNING,
    )


@pages.post("/financing/loans/<uuid:loan_id>/<step>")
@signed_in
@idempotent
def act_on_loan(loan_id: UUID, step: str) -> Response:
    """One act of the bank on a loan."""
    shape, act = _step(LOAN_STEPS, step)
    act(current_actor(), loan_id, page_form(shape), now())
    flash(_("Done. The loan shows what changed."), "good")
    return redirect(url_for("financing.show_loan", loan_id=loan_id), 303)


@pages.post("/financing/pledges/<uuid:pledge_id>/<step>")
@signed_in
@idempotent
def act_on_pledge(pledge_id: UUID, step: str) -> Response:
    """One act of the bank on a pledge."""
    shape, act = _step(PLEDGE_STEPS, step)
    pledge = act(current_actor(), pledge_id, page_form(shape), now())
    flash(_("Done. The pledge shows what changed."), "good")
    return redirect(url_for("financing.show_loan", loan_id=pledge.loan_id), 303)


@pages.get("/financing/pledges/<uuid:pledge_id>/filing-packs/<act>.zip")
@signed_in
def download_filing_pack(pledge_id: UUID, act: str) -> Download:
    """The archive for one act before the register."""
    if act not in list(FilingAct):
        raise NotFound()
    content = pledge_packs.filing_pack(current_actor(), pledge_id, FilingAct(act), now())
    headers = {"Content-Disposition": f'attachment; filename="pledge-{act}.zip"'}
    return Download(content, content_type="application/zip", headers=headers)


def _enter(actor: Actor, pledge_id: UUID, given: dict[str, Any], at: datetime) -> pledges.Pledge:
    office_entries.record_entry(actor, pledge_id, given["kind"], given["number"], given["entered_on"], at)
    return pledges.pledge_for_party(actor, pledge_id)


def _realise(actor: Actor, pledge_id: UUID, given: dict[str, Any], at: datetime) -> pledges.Pledge:
    costs = given.pop("costs")
    enforcement.realise_pledge(actor, pledge_id, repayments.Receipt(**given), costs, at)
    return pledges.pledge_for_party(actor, pledge_id)


def _step(steps: dict[str, tuple[type[Any], Step]], name: str) -> tuple[type[Any], Step]:
    if name not in steps:
        raise NotFound()
    return steps[name]
