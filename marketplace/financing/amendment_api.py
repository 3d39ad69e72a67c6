"""The JSON API of changes of a running loan."""

from typing import Any
from uuid import UUID

from marketplace.core.clock import now
from marketplace.core.http import current_actor, idempotent, signed_in
from marketplace.financing import amendment_schemas as s
from marketplace.financing import amendments, loans
from marketplace.financing.amendment_effects import AmendmentKind
from marketplace.financing.api_blueprint import api
from marketplace.financing.schemas import NothingIn, ReasonIn


def _propose(loan_id: UUID, kind: AmendmentKind, terms: dict[str, Any]) -> Any:
    reason = terms.pop("reason")
    return amendments.propose_amendment(current_actor(), loan_id, kind, terms, reason, now())


@api.get("/loans/<uuid:loan_id>/amendments")
@signed_in
@api.output(s.AmendmentsOut)
def show_amendments(loan_id: UUID) -> Any:
    """Every change of the loan, with the schedule before and after."""
    actor = current_actor()
    return {"items": amendments.amendments_seen_by(actor, loans.loan_for_party(actor, loan_id))}


@api.post("/loans/<uuid:loan_id>/draws")
@signed_in
@idempotent
@api.input(s.DrawIn, arg_name="terms")
@api.output(s.AmendmentOut, status_code=201)
def propose_draw(loan_id: UUID, terms: dict[str, Any]) -> Any:
    """Propose to pay a further part of an agreed loan out."""
    return _propose(loan_id, AmendmentKind.DRAW, terms)


@api.post("/loans/<uuid:loan_id>/prepayments")
@signed_in
@idempotent
@api.input(s.PrepaymentIn, arg_name="terms")
@api.output(s.AmendmentOut, status_code=201)
def propose_prepayment(loan_id: UUID, terms: dict[str, Any]) -> Any:
    """Enter an early repayment of a part; a second person agrees before the schedule changes."""
    return _propose(loan_id, AmendmentKind.PREPAYMENT, terms)


@api.post("/loans/<uuid:loan_id>/extensions")
@signed_in
@idempotent
@api.input(s.ExtensionIn, arg_name="terms")
@api.output(s.AmendmentOut, status_code=201)
def propose_extension(loan_id: UUID, terms: dict[str, Any]) -> Any:
    """Propose more time without repaying first."""
    return _propose(loan_id, AmendmentKind.EXTENSION, terms)


@api.post("/loans/<uuid:loan_id>/restructurings")
@signed_in
@idempotent
@api.input(s.RestructuringIn, arg_name="terms")
@api.output(s.AmendmentOut, status_code=201)
def propose_restructuring(loan_id: UUID, terms: dict[str, Any]) -> Any:
    """Propose new terms for a loan that cannot be served by its old ones."""
    return _propose(loan_id, AmendmentKind.RESTRUCTURING, terms)


@api.post("/amendments/<uuid:amendment_id>/agreement")
@signed_in
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(s.AmendmentOut)
def agree_amendment(amendment_id: UUID, nothing: dict[str, Any]) -> Any:
    """Agree to a change as the bank's second person."""
    return amendments.agree_amendment(current_actor(), amendment_id, now())


@api.post("/amendments/<uuid:amendment_id>/acceptance")
@signed_in
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(s.AmendmentOut)
def accept_amendment(amendment_id: UUID, nothing: dict[str, Any]) -> Any:
    """Accept a changed contract as the borrower."""
    return amendments.accept_amendment(current_actor(), amendment_id, now())


@api.post("/amendments/<uuid:amendment_id>/refusal")
@signed_in
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(s.AmendmentOut)
def refuse_amendment(amendment_id: UUID, given: dict[str, Any]) -> Any:
    """Let a change drop, saying why."""
    return amendments.refuse_amendment(current_actor(), amendment_id, given["reason"], now())
