"""The JSON API of claims and recoveries."""

from typing import Any
from uuid import UUID

from marketplace.core.clock import now
from marketplace.core.http import current_actor, idempotent, needs, signed_in
from marketplace.risk_pool import boards, claims, compensation, recoveries
from marketplace.risk_pool.blueprint import api
from marketplace.risk_pool.schemas import (
    ClaimIn,
    ClaimListIn,
    ClaimOut,
    ClaimPageOut,
    DocumentsIn,
    NothingIn,
    ReasonIn,
    RecoveryIn,
    RecoveryOut,
    ReferenceIn,
)


@api.post("/enrolments/<uuid:enrolment_id>/claims")
@needs("loan.underwrite")
@idempotent
@api.input(ClaimIn, arg_name="claim")
@api.output(ClaimOut, status_code=201)
def file_claim(enrolment_id: UUID, claim: dict[str, Any]) -> Any:
    """Claim the loss of an own enrolled loan."""
    documents = [(document["kind"], document["file_id"]) for document in claim["documents"]]
    return claims.file_claim(current_actor(), enrolment_id, (claim["loss"], claim["other_loss"]), documents, now())


@api.get("/claims")
@signed_in
@api.input(ClaimListIn, location="query", arg_name="page")
@api.output(ClaimPageOut)
def list_claims(page: dict[str, Any]) -> dict[str, Any]:
    """The claims my organisation may see."""
    return boards.claims_seen_by(current_actor(), page["after"], page["limit"], page["status"])


@api.get("/claims/<uuid:claim_id>")
@signed_in
@api.output(ClaimOut)
def show_claim(claim_id: UUID) -> Any:
    """One claim."""
    return claims.find_claim(current_actor(), claim_id)[0]


@api.post("/claims/<uuid:claim_id>/resubmission")
@needs("loan.underwrite")
@idempotent
@api.input(DocumentsIn, arg_name="given")
@api.output(ClaimOut)
def resubmit_claim(claim_id: UUID, given: dict[str, Any]) -> Any:
    """Hand a returned claim in again."""
    documents = [(document["kind"], document["file_id"]) for document in given["documents"]]
    return claims.resubmit_claim(current_actor(), claim_id, documents, now())


@api.post("/claims/<uuid:claim_id>/withdrawal")
@needs("loan.underwrite")
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(ClaimOut)
def withdraw_claim(claim_id: UUID, nothing: dict[str, Any]) -> Any:
    """Take the claim back."""
    return claims.withdraw_claim(current_actor(), claim_id, now())


@api.post("/claims/<uuid:claim_id>/review")
@needs("pool.review")
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(ClaimOut)
def review_claim(claim_id: UUID, nothing: dict[str, Any]) -> Any:
    """Take the claim up for review."""
    return claims.review_claim(current_actor(), claim_id, now())


@api.post("/claims/<uuid:claim_id>/recommendation")
@needs("pool.review")
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(ClaimOut)
def recommend_claim(claim_id: UUID, given: dict[str, Any]) -> Any:
    """Propose to compensate."""
    return claims.recommend_claim(current_actor(), claim_id, given["reason"], now())


@api.post("/claims/<uuid:claim_id>/return")
@needs("pool.review")
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(ClaimOut)
def return_claim(claim_id: UUID, given: dict[str, Any]) -> Any:
    """Give the claim back with what is missing."""
    return claims.return_claim(current_actor(), claim_id, given["reason"], now())


@api.post("/claims/<uuid:claim_id>/rejection")
@needs("pool.approve")
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(ClaimOut)
def reject_claim(claim_id: UUID, given: dict[str, Any]) -> Any:
    """Refuse the claim, as the second person."""
    return compensation.reject_claim(current_actor(), claim_id, given["reason"], now())


@api.post("/claims/<uuid:claim_id>/compensation")
@needs("pool.approve")
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(ClaimOut)
def compensate_claim(claim_id: UUID, nothing: dict[str, Any]) -> Any:
    """Approve the claim, as the second person: the loss is shared."""
    return compensation.compensate_claim(current_actor(), claim_id, now())


@api.post("/claims/<uuid:claim_id>/shares/<party>/receipt")
@needs("loan.approve")
@idempotent
@api.input(ReferenceIn, arg_name="given")
@api.output(ClaimOut)
def receive_claim_share(claim_id: UUID, party: str, given: dict[str, Any]) -> Any:
    """Confirm that a party's share reached the bank."""
    return compensation.receive_claim_share(current_actor(), claim_id, party, given["bank_reference"], now())


@api.post("/claims/<uuid:claim_id>/recoveries")
@needs("loan.underwrite")
@idempotent
@api.input(RecoveryIn, arg_name="given")
@api.output(RecoveryOut, status_code=201)
def record_recovery(claim_id: UUID, given: dict[str, Any]) -> Any:
    """Record what was recovered and share it back."""
    details = (given["received_on"], given["source"], given["bank_reference"])
    return recoveries.record_recovery(current_actor(), claim_id, given["received"], given["cost"], details, now())


@api.get("/claims/<uuid:claim_id>/recoveries")
@signed_in
@api.output(RecoveryOut(many=True))
def list_recoveries(claim_id: UUID) -> list[Any]:
    """The recoveries of a claim."""
    claim, _enrolment, _pool = claims.find_claim(current_actor(), claim_id)
    return recoveries.recoveries_of(claim.id)


@api.post("/recoveries/<uuid:recovery_id>/shares/<party>/settlement")
@signed_in
@idempotent
@api.input(ReferenceIn, arg_name="given")
@api.output(RecoveryOut)
def settle_recovery_share(recovery_id: UUID, party: str, given: dict[str, Any]) -> Any:
    """Confirm that our share of a recovery reached us."""
    return recoveries.settle_recovery_share(current_actor(), recovery_id, party, given["bank_reference"], now())


@api.post("/claims/<uuid:claim_id>/closing")
@needs("pool.approve")
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(ClaimOut)
def close_recovery(claim_id: UUID, given: dict[str, Any]) -> Any:
    """End the recovery: everybody whole, or the rest written off."""
    return recoveries.close_recovery(current_actor(), claim_id, given["reason"], now())
