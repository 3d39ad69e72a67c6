"""The JSON API of take-over purchases."""

from typing import Any
from uuid import UUID

from marketplace.core.clock import now
from marketplace.core.http import current_actor, idempotent, signed_in
from marketplace.risk_pool import take_overs
from marketplace.risk_pool.blueprint import api
from marketplace.risk_pool.enrolments import find_enrolment
from marketplace.risk_pool.schemas import NothingIn, ReasonIn
from marketplace.risk_pool.take_over_schemas import ReferenceIn, ResaleIn, TakeOverIn, TakeOverOut, TakeOversOut


@api.get("/enrolments/<uuid:enrolment_id>/take-overs")
@signed_in
@api.output(TakeOversOut)
def list_take_overs(enrolment_id: UUID) -> Any:
    """What was offered for take-over, oldest first."""
    enrolment, _pool = find_enrolment(current_actor(), enrolment_id)
    return {"items": take_overs.take_overs_of(enrolment.id)}


@api.post("/enrolments/<uuid:enrolment_id>/take-overs")
@signed_in
@idempotent
@api.input(TakeOverIn, arg_name="given")
@api.output(TakeOverOut, status_code=201)
def offer_right_for_take_over(enrolment_id: UUID, given: dict[str, Any]) -> Any:
    """Offer a pledged right of a failed loan to the pool."""
    return take_overs.offer_for_take_over(current_actor(), enrolment_id, given["pledge_id"], given["price"], now())


@api.post("/take-overs/<uuid:take_over_id>/consent")
@signed_in
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(TakeOverOut)
def consent_to_take_over(take_over_id: UUID, nothing: dict[str, Any]) -> Any:
    """Agree, as the pledgor, that the right passes at this price."""
    return take_overs.consent_to_take_over(current_actor(), take_over_id, now())


@api.post("/take-overs/<uuid:take_over_id>/review")
@signed_in
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(TakeOverOut)
def review_take_over(take_over_id: UUID, given: dict[str, Any]) -> Any:
    """Propose to buy, as the pool's reviewer."""
    return take_overs.review_take_over(current_actor(), take_over_id, given["reason"], now())


@api.post("/take-overs/<uuid:take_over_id>/approval")
@signed_in
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(TakeOverOut)
def approve_take_over(take_over_id: UUID, nothing: dict[str, Any]) -> Any:
    """Decide to buy, as the pool's second person."""
    return take_overs.approve_take_over(current_actor(), take_over_id, now())


@api.post("/take-overs/<uuid:take_over_id>/refusal")
@signed_in
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(TakeOverOut)
def refuse_take_over(take_over_id: UUID, given: dict[str, Any]) -> Any:
    """Do not buy, with the reason."""
    return take_overs.refuse_take_over(current_actor(), take_over_id, given["reason"], now())


@api.post("/take-overs/<uuid:take_over_id>/withdrawal")
@signed_in
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(TakeOverOut)
def withdraw_take_over(take_over_id: UUID, nothing: dict[str, Any]) -> Any:
    """Take the offer back before it is paid."""
    return take_overs.withdraw_take_over(current_actor(), take_over_id, now())


@api.post("/take-overs/<uuid:take_over_id>/price")
@signed_in
@idempotent
@api.input(ReferenceIn, arg_name="given")
@api.output(TakeOverOut)
def receive_price(take_over_id: UUID, given: dict[str, Any]) -> Any:
    """Confirm, as a second person of the bank, that the price arrived; it pays the debt."""
    return take_overs.receive_price(current_actor(), take_over_id, given["reference"], now())


@api.post("/take-overs/<uuid:take_over_id>/recordal")
@signed_in
@idempotent
@api.input(ReferenceIn, arg_name="given")
@api.output(TakeOverOut)
def record_recordal(take_over_id: UUID, given: dict[str, Any]) -> Any:
    """Record the office's change of ownership."""
    return take_overs.record_recordal(current_actor(), take_over_id, given["reference"], now())


@api.post("/take-overs/<uuid:take_over_id>/resale")
@signed_in
@idempotent
@api.input(ResaleIn, arg_name="given")
@api.output(TakeOverOut)
def record_resale(take_over_id: UUID, given: dict[str, Any]) -> Any:
    """Record what the right brought when it was sold on."""
    return take_overs.record_resale(current_actor(), take_over_id, given["price"], given["reference"], now())
