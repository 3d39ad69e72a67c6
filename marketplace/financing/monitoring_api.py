"""The JSON API of watching loans and what secures them."""

from typing import Any
from uuid import UUID

from marketplace.core.clock import now
from marketplace.core.http import current_actor, idempotent, needs, signed_in
from marketplace.financing import loans, margin_answers, margin_calls, monitoring, stressed_books
from marketplace.financing import monitoring_schemas as s
from marketplace.financing.api_blueprint import api
from marketplace.financing.due_dates import business_date
from marketplace.financing.schemas import NothingIn, ReasonIn
from marketplace.financing.stressed_books import Asked


@api.get("/loans/<uuid:loan_id>/security")
@signed_in
@api.output(s.SecurityOut)
def show_security(loan_id: UUID) -> Any:
    """The value over the debt and the early warning of every night, newest first."""
    loan = loans.loan_for_party(current_actor(), loan_id)
    return {"loan_id": loan.id, "items": monitoring.checks_of_loan(loan.id)}


@api.get("/loans/<uuid:loan_id>/margin-calls")
@signed_in
@api.output(s.MarginCallsOut)
def show_calls(loan_id: UUID) -> Any:
    """Every call for more security of a loan, newest first."""
    return {"items": margin_calls.calls_of_loan(loans.loan_for_party(current_actor(), loan_id).id)}


@api.post("/loans/<uuid:loan_id>/margin-calls")
@signed_in
@idempotent
@api.input(s.CallIn, arg_name="given")
@api.output(s.MarginCallOut, status_code=201)
def call_for_security(loan_id: UUID, given: dict[str, Any]) -> Any:
    """Call for more security when the rights no longer cover the debt."""
    return margin_calls.call_for_security(current_actor(), loan_id, given["days"], given["reason"], now())


@api.post("/margin-calls/<uuid:call_id>/withdrawal")
@signed_in
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(s.MarginCallOut)
def withdraw_call(call_id: UUID, given: dict[str, Any]) -> Any:
    """Take a call back, with the reason."""
    return margin_calls.withdraw_call(current_actor(), call_id, given["reason"], now())


@api.post("/margin-calls/<uuid:call_id>/default")
@signed_in
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(s.MarginCallOut)
def call_the_debt(call_id: UUID, nothing: dict[str, Any]) -> Any:
    """Call the whole debt after the last day, as a second person of the bank."""
    return margin_calls.call_the_debt(current_actor(), call_id, now())


@api.post("/margin-calls/<uuid:call_id>/answers")
@signed_in
@idempotent
@api.input(s.AnswerIn, arg_name="given")
@api.output(s.MarginAnswerOut, status_code=201)
def offer_right(call_id: UUID, given: dict[str, Any]) -> Any:
    """Offer an own right as further security, or in place of a pledged one."""
    return margin_answers.offer_right(current_actor(), call_id, given["asset_id"], given["replaces_id"], now())


@api.post("/margin-answers/<uuid:answer_id>/agreement")
@signed_in
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(s.MarginAnswerOut)
def agree_to_answer(answer_id: UUID, nothing: dict[str, Any]) -> Any:
    """Take an offered right; its pledge contract is laid out to sign."""
    return margin_answers.agree_to_answer(current_actor(), answer_id, now())


@api.post("/margin-answers/<uuid:answer_id>/declination")
@signed_in
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(s.MarginAnswerOut)
def decline_answer(answer_id: UUID, given: dict[str, Any]) -> Any:
    """Do not take an offered right, with the reason."""
    return margin_answers.decline_answer(current_actor(), answer_id, given["reason"], now())


@api.get("/portfolio")
@needs("loan.underwrite")
@api.input(s.ShockIn, location="query", arg_name="asked")
@api.output(s.PortfolioOut)
def show_portfolio(asked: dict[str, Any]) -> Any:
    """My bank's book by field, region or year of lending, and what a fall of values and defaults would cost it."""
    return stressed_books.book_of_bank(current_actor(), Asked(**asked), business_date(now()))
