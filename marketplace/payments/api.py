"""The JSON API of payments."""

from typing import Any
from uuid import UUID

from marketplace.core.clock import now
from marketplace.core.http import CursorIn, current_actor, idempotent, needs, signed_in
from marketplace.payments import bank_api, collections, disputes, invoice_api, jobs, payouts
from marketplace.payments.blueprints import api
from marketplace.payments.schemas import (
    CollectionOut,
    CollectionPageOut,
    DisputesOut,
    MethodIn,
    NothingIn,
    PayoutApprovalIn,
    PayoutOut,
    TransferIn,
)

__all__ = ["api", "bank_api", "invoice_api", "jobs"]


@api.get("/collections")
@signed_in
@api.input(CursorIn, location="query", arg_name="page")
@api.output(CollectionPageOut)
def my_collections(page: dict[str, Any]) -> dict[str, Any]:
    """What my organisation was asked to pay."""
    return collections.collections_of(current_actor(), page["after"], page["limit"])


@api.get("/disputes")
@needs("money.confirm")
@api.output(DisputesOut)
def list_disputes() -> dict[str, Any]:
    """Every disputed card payment, undecided ones first."""
    return {"items": [dispute for dispute, _collection in disputes.disputes(current_actor())]}


@api.get("/collections/<uuid:collection_id>")
@signed_in
@api.output(CollectionOut)
def show_collection(collection_id: UUID) -> Any:
    """One payment asked for: amount, how to pay, whether it has arrived."""
    return collections.find_collection(current_actor(), collection_id)


@api.post("/collections/<uuid:collection_id>/method")
@needs("money.pay")
@idempotent
@api.input(MethodIn, arg_name="choice")
@api.output(CollectionOut)
def choose_method(collection_id: UUID, choice: dict[str, Any]) -> Any:
    """Choose card or bank transfer."""
    return collections.choose_method(current_actor(), collection_id, choice["method"], now())


@api.post("/collections/<uuid:collection_id>/confirmation")
@needs("money.confirm")
@idempotent
@api.input(TransferIn, arg_name="line")
@api.output(CollectionOut)
def confirm_transfer(collection_id: UUID, line: dict[str, Any]) -> Any:
    """Confirm that a transfer arrived, as the second person."""
    return collections.confirm_transfer(current_actor(), collection_id, line["bank_reference"], line["amount"], now())


@api.post("/payouts/<uuid:payout_id>/approval")
@needs("money.approve")
@idempotent
@api.input(PayoutApprovalIn, arg_name="approval")
@api.output(PayoutOut)
def approve_payout(payout_id: UUID, approval: dict[str, Any]) -> Any:
    """Let a payout go, as the second person."""
    return payouts.approve_payout(current_actor(), payout_id, now(), approval["bank_reference"])


@api.post("/payouts/<uuid:payout_id>/rejection")
@needs("money.approve")
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(PayoutOut)
def reject_payout(payout_id: UUID, nothing: dict[str, Any]) -> Any:
    """Keep the money where it is."""
    return payouts.reject_payout(current_actor(), payout_id, now())
