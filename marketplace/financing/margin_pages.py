"""What lender and borrower do with a call for more security, on the page of the loan's security."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import flash, redirect, url_for
from werkzeug.wrappers import Response

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.errors import NotFound
from marketplace.core.http import Waiting, current_actor, dashboard_provider, idempotent, page_form, signed_in
from marketplace.core.i18n import _
from marketplace.financing import margin_answers, margin_calls
from marketplace.financing.margin_answers import AnswerStatus
from marketplace.financing.margin_calls import CallStatus
from marketplace.financing.monitoring_schemas import AnswerIn, CallIn
from marketplace.financing.pages_blueprint import pages
from marketplace.financing.schemas import NothingIn, ReasonIn

Step = Callable[[Actor, UUID, dict[str, Any], datetime], Any]
OF_CALL: dict[str, tuple[type[Any], Step]] = {
    "withdrawal": (ReasonIn, lambda actor, it, given, at: margin_calls.withdraw_call(actor, it, given["reason"], at)),
    "default": (NothingIn, lambda actor, it, _given, at: margin_calls.call_the_debt(actor, it, at)),
    "answers": (
        AnswerIn,
        lambda actor, it, given, at: margin_answers.offer_right(
            actor, it, given["asset_id"], given.get("replaces_id"), at
        ),
    ),
}
OF_ANSWER: dict[str, tuple[type[Any], Step]] = {
    "agreement": (NothingIn, lambda actor, it, _given, at: margin_answers.agree_to_answer(actor, it, at)),
    "declination": (
        ReasonIn,
        lambda actor, it, given, at: margin_answers.decline_answer(actor, it, given["reason"], at),
    ),
}


@pages.post("/financing/loans/<uuid:loan_id>/margin-calls")
@signed_in
@idempotent
def call_for_security(loan_id: UUID) -> Response:
    """Call for more security."""
    given = page_form(CallIn)
    margin_calls.call_for_security(current_actor(), loan_id, given["days"], given["reason"], now())
    flash(_("The borrower has been told."), "good")
    return _back(loan_id)


@pages.post("/financing/margin-calls/<uuid:call_id>/<step>")
@signed_in
@idempotent
def act_on_call(call_id: UUID, step: str) -> Response:
    """One act on a call."""
    shape, act = _step(OF_CALL, step)
    act(current_actor(), call_id, page_form(shape), now())
    flash(_("Done."), "good")
    return _back(margin_calls.call_for_party(current_actor(), call_id).loan_id)


@pages.post("/financing/margin-answers/<uuid:answer_id>/<step>")
@signed_in
@idempotent
def act_on_answer(answer_id: UUID, step: str) -> Response:
    """Agree to an offered right, or decline it."""
    shape, act = _step(OF_ANSWER, step)
    answer = act(current_actor(), answer_id, page_form(shape), now())
    flash(_("Done."), "good")
    return _back(margin_calls.call_for_party(current_actor(), answer.call_id).loan_id)


@dashboard_provider
def calls_waiting(actor: Actor, _at: datetime) -> list[Waiting]:
    """Open calls: for the borrower to cure, for the bank to answer or to decide."""
    if actor.organisation_id is None:
        return []
    found = []
    for call, loan in margin_calls.open_calls_of(actor.organisation_id):
        link = url_for("financing.show_security", loan_id=loan.id)
        if loan.borrower_id == actor.organisation_id:
            found.append(Waiting(_("Give more security or repay until %(day)s", day=call.due_on.isoformat()), link))
        elif call.status is CallStatus.OVERDUE and actor.may("loan.approve"):
            found.append(Waiting(_("A call for more security was missed: decide"), link))
        elif any(one.status is AnswerStatus.OFFERED for one in margin_answers.answers_of(call.id)):
            found.append(Waiting(_("A borrower offers more security"), link))
    return found


def _step(steps: dict[str, tuple[type[Any], Step]], name: str) -> tuple[type[Any], Step]:
    if name not in steps:
        raise NotFound()
    return steps[name]


def _back(loan_id: UUID) -> Response:
    return redirect(url_for("financing.show_security", loan_id=loan_id), 303)
