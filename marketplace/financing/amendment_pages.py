"""Changes of a loan in the browser: the panel on the loan's page, one form for each kind, the answers."""

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.errors import NotFound
from marketplace.core.http import current_actor, idempotent, page_form, signed_in
from marketplace.core.i18n import _
from marketplace.financing import amendments, loans, policy
from marketplace.financing.amendment_effects import AmendmentKind
from marketplace.financing.amendment_schemas import DrawForm, ExtensionIn, PrepaymentForm, RestructuringIn
from marketplace.financing.due_dates import business_date
from marketplace.financing.loan_terms import RepaymentMethod
from marketplace.financing.pages_blueprint import pages
from marketplace.financing.panels import loan_panels
from marketplace.financing.reference_rates import reference_on
from marketplace.financing.schemas import NothingIn, ReasonIn

FORMS: dict[str, tuple[AmendmentKind, type[Any]]] = {
    "draw": (AmendmentKind.DRAW, DrawForm),
    "prepayment": (AmendmentKind.PREPAYMENT, PrepaymentForm),
    "extension": (AmendmentKind.EXTENSION, ExtensionIn),
    "restructuring": (AmendmentKind.RESTRUCTURING, RestructuringIn),
}
"""What a bank may propose, by its form."""


@loan_panels.add(order=40)
def amendment_panel(actor: Actor | None, loan: Any) -> Markup | None:
    """On a loan's page: what changed, what is still to be decided, and what the bank may propose."""
    if actor is None or loan.disbursed_on is None:
        return None
    shown = amendments.amendments_seen_by(actor, loan)
    lender = policy.is_lender(actor, loan.bank_id)
    floats = loan.clauses.floats
    return Markup(
        render_template(
            "financing/_amendments.html",
            loan=loan,
            amendments=shown,
            lender=lender,
            mine=actor.organisation_id == loan.borrower_id,
            proposable=lender and loan.status in loans.RUNNING and amendments.open_amendment(loan.id) is None,
            reference=reference_on(loan.clauses.reference, business_date(now())) if floats else None,
        )
    )


@pages.get("/financing/loans/<uuid:loan_id>/changes/<kind>")
@signed_in
def show_amendment_form(loan_id: UUID, kind: str) -> str:
    """The form of one kind of change."""
    wanted, _shape = _form(kind)
    loan = loans.loan_for_party(current_actor(), loan_id)
    return render_template(
        "financing/amendment.html", loan=loan, kind=wanted, methods=list(RepaymentMethod), today=business_date(now())
    )


@pages.post("/financing/loans/<uuid:loan_id>/changes/<kind>")
@signed_in
@idempotent
def propose_amendment(loan_id: UUID, kind: str) -> Response:
    """Propose a change."""
    wanted, shape = _form(kind)
    terms = page_form(shape)
    reason = terms.pop("reason")
    amendments.propose_amendment(current_actor(), loan_id, wanted, terms, reason, now())
    flash(_("Proposed. A second person of your bank agrees before anything changes."), "good")
    return redirect(url_for("financing.show_loan", loan_id=loan_id), 303)


@pages.post("/financing/amendments/<uuid:amendment_id>/<answer>")
@signed_in
@idempotent
def answer_amendment(amendment_id: UUID, answer: str) -> Response:
    """Agree, accept or refuse."""
    actor = current_actor()
    if answer == "refusal":
        done = amendments.refuse_amendment(actor, amendment_id, page_form(ReasonIn)["reason"], now())
    else:
        acts = {"agreement": amendments.agree_amendment, "acceptance": amendments.accept_amendment}
        if answer not in acts:
            raise NotFound()
        page_form(NothingIn)
        done = acts[answer](actor, amendment_id, now())
    flash(_("Done. The loan shows what changed."), "good")
    return redirect(url_for("financing.show_loan", loan_id=done.loan_id), 303)


def _form(kind: str) -> tuple[AmendmentKind, type[Any]]:
    if kind not in FORMS:
        raise NotFound()
    return FORMS[kind]
