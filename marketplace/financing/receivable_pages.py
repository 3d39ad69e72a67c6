"""Pledged licence fees in the browser: the panel on a loan's page and its forms."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from marketplace.core.actor import Actor
from marketplace.core.clock import market_day, now
from marketplace.core.errors import NotFound
from marketplace.core.http import current_actor, idempotent, page_form, signed_in
from marketplace.core.i18n import _
from marketplace.financing import loans, policy, receivables
from marketplace.financing.pages_blueprint import pages
from marketplace.financing.panels import loan_panels
from marketplace.financing.receivable_schemas import NoticeIn, ReceivableForm, RegisteredIn
from marketplace.financing.schemas import NothingIn, ReasonIn, ReleaseIn
from marketplace.identity.organisations import names_of

STEPS: dict[str, tuple[type[Any], Callable[..., Any]]] = {
    "agreement": (NothingIn, lambda actor, it, _given, at: receivables.take_receivable(actor, it, at)),
    "declination": (
        ReasonIn,
        lambda actor, it, given, at: receivables.decline_receivable(actor, it, given["reason"], at),
    ),
    "withdrawal": (NothingIn, lambda actor, it, _given, at: receivables.withdraw_receivable(actor, it, at)),
    "registration": (
        RegisteredIn,
        lambda actor, it, given, at: receivables.register_receivable(
            actor, it, given["registration_number"], given["registered_on"], at
        ),
    ),
    "notice": (NoticeIn, lambda actor, it, given, at: receivables.note_notice(actor, it, given["notified_on"], at)),
    "release": (ReleaseIn, lambda actor, it, given, at: receivables.ask_release(actor, it, given["reason"], at)),
    "release-approval": (NothingIn, lambda actor, it, _given, at: receivables.approve_release(actor, it, at)),
}


@loan_panels.add(order=35)
def receivables_panel(actor: Actor | None, loan: Any) -> Markup | None:
    """On a loan's page: licence fees as security, what was expected of them and what came."""
    if actor is None:
        return None
    rows = receivables.receivables_of_loan(loan.id)
    mine = actor.organisation_id == loan.borrower_id
    alive = loan.status in (loans.LoanStatus.APPROVED, *loans.RUNNING)
    offerable = receivables.licences_to_offer(loan.borrower_id) if mine and alive else []
    if not rows and not offerable:
        return None
    return Markup(
        render_template(
            "financing/_receivables.html",
            loan=loan,
            rows=rows,
            periods={deal.id: receivables.periods_of(deal.id) for _receivable, deal in rows},
            offerable=offerable,
            names=names_of(deal.buyer_id for deal in [*(deal for _one, deal in rows), *offerable]),
            lender=policy.is_lender(actor, loan.bank_id),
            mine=mine,
            today=market_day(now()),
        )
    )


@pages.post("/financing/loans/<uuid:loan_id>/receivables")
@signed_in
@idempotent
def offer_receivable(loan_id: UUID) -> Response:
    """Offer the royalties of an own licence as security."""
    given = page_form(ReceivableForm)
    receivables.offer_receivable(current_actor(), loan_id, given["deal_id"], given["expected"], given["basis"], now())
    flash(_("Offered. The bank takes it or says why not."), "good")
    return redirect(url_for("financing.show_loan", loan_id=loan_id), 303)


@pages.post("/financing/receivables/<uuid:receivable_id>/<step>")
@signed_in
@idempotent
def act_on_receivable(receivable_id: UUID, step: str) -> Response:
    """One act of the bank or the borrower on pledged licence fees."""
    if step not in STEPS:
        raise NotFound()
    shape, act = STEPS[step]
    done = act(current_actor(), receivable_id, page_form(shape), now())
    flash(_("Done. The loan shows what changed."), "good")
    return redirect(url_for("financing.show_loan", loan_id=done.loan_id), 303)
