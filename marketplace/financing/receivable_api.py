"""The JSON API of pledged licence fees."""

from typing import Any
from uuid import UUID

from marketplace.core.clock import now
from marketplace.core.http import current_actor, idempotent, signed_in
from marketplace.financing import loans, receivables
from marketplace.financing import receivable_schemas as s
from marketplace.financing.api_blueprint import api
from marketplace.financing.schemas import NothingIn, ReasonIn, ReleaseIn


@api.get("/loans/<uuid:loan_id>/receivables")
@signed_in
@api.output(s.ReceivablesOut)
def show_receivables(loan_id: UUID) -> Any:
    """The licence fees offered or pledged for a loan."""
    loan = loans.loan_for_party(current_actor(), loan_id)
    return {"items": [receivable for receivable, _deal in receivables.receivables_of_loan(loan.id)]}


@api.post("/loans/<uuid:loan_id>/receivables")
@signed_in
@idempotent
@api.input(s.ReceivableIn, arg_name="given")
@api.output(s.ReceivableOut, status_code=201)
def offer_receivable(loan_id: UUID, given: dict[str, Any]) -> Any:
    """Offer, as the borrower, the royalties of an own licence as security."""
    return receivables.offer_receivable(
        current_actor(), loan_id, given["deal_id"], given["expected"], given["basis"], now()
    )


@api.post("/receivables/<uuid:receivable_id>/agreement")
@signed_in
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(s.ReceivableOut)
def take_receivable(receivable_id: UUID, nothing: dict[str, Any]) -> Any:
    """Take the royalties as security; the contract is laid out to sign."""
    return receivables.take_receivable(current_actor(), receivable_id, now())


@api.post("/receivables/<uuid:receivable_id>/declination")
@signed_in
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(s.ReceivableOut)
def decline_receivable(receivable_id: UUID, given: dict[str, Any]) -> Any:
    """Do not take them."""
    return receivables.decline_receivable(current_actor(), receivable_id, given["reason"], now())


@api.post("/receivables/<uuid:receivable_id>/withdrawal")
@signed_in
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(s.ReceivableOut)
def withdraw_receivable(receivable_id: UUID, nothing: dict[str, Any]) -> Any:
    """Take the offer back, as the borrower."""
    return receivables.withdraw_receivable(current_actor(), receivable_id, now())


@api.post("/receivables/<uuid:receivable_id>/registration")
@signed_in
@idempotent
@api.input(s.RegisteredIn, arg_name="given")
@api.output(s.ReceivableOut)
def register_receivable(receivable_id: UUID, given: dict[str, Any]) -> Any:
    """Record the registration with the Credit Reference Center."""
    return receivables.register_receivable(
        current_actor(), receivable_id, given["registration_number"], given["registered_on"], now()
    )


@api.post("/receivables/<uuid:receivable_id>/notice")
@signed_in
@idempotent
@api.input(s.NoticeIn, arg_name="given")
@api.output(s.ReceivableOut)
def note_notice(receivable_id: UUID, given: dict[str, Any]) -> Any:
    """Record that the licensee was told."""
    return receivables.note_notice(current_actor(), receivable_id, given["notified_on"], now())


@api.post("/receivables/<uuid:receivable_id>/release")
@signed_in
@idempotent
@api.input(ReleaseIn, arg_name="given")
@api.output(s.ReceivableOut)
def ask_receivable_release(receivable_id: UUID, given: dict[str, Any]) -> Any:
    """Let the royalties go, or ask for it."""
    return receivables.ask_release(current_actor(), receivable_id, given["reason"], now())


@api.post("/receivables/<uuid:receivable_id>/release-approval")
@signed_in
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(s.ReceivableOut)
def approve_receivable_release(receivable_id: UUID, nothing: dict[str, Any]) -> Any:
    """Agree to the release as the second person."""
    return receivables.approve_release(current_actor(), receivable_id, now())
