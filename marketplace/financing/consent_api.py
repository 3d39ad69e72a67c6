"""The JSON API of a pledgee's consent to a sale or licence."""

from typing import Any
from uuid import UUID

from marketplace.core.clock import now
from marketplace.core.http import current_actor, idempotent, signed_in
from marketplace.financing import consent_schemas as s
from marketplace.financing import pledges, sale_consents
from marketplace.financing.api_blueprint import api
from marketplace.financing.schemas import NothingIn, ReasonIn


@api.get("/pledges/<uuid:pledge_id>/consents")
@signed_in
@api.output(s.SaleConsentsOut)
def show_consents(pledge_id: UUID) -> Any:
    """What was asked and agreed for a pledged right, newest first."""
    return {"items": sale_consents.consents_of_pledge(pledges.pledge_for_party(current_actor(), pledge_id).id)}


@api.post("/pledges/<uuid:pledge_id>/consent-requests")
@signed_in
@idempotent
@api.input(s.ConsentRequestIn, arg_name="given")
@api.output(s.SaleConsentOut, status_code=201)
def ask_consent(pledge_id: UUID, given: dict[str, Any]) -> Any:
    """Ask the bank to agree to a sale or licence of an own pledged right."""
    return sale_consents.ask_consent(current_actor(), pledge_id, given["act"], given["reason"], now())


@api.post("/pledges/<uuid:pledge_id>/consents")
@signed_in
@idempotent
@api.input(s.ConsentIn, arg_name="terms")
@api.output(s.SaleConsentOut, status_code=201)
def agree_to_sale(pledge_id: UUID, terms: dict[str, Any]) -> Any:
    """Agree, as the bank, to a sale or licence; above the bank's limit a second person must agree."""
    return sale_consents.agree_to_sale(current_actor(), pledge_id, sale_consents.ConsentTerms(**terms), now())


@api.post("/consents/<uuid:consent_id>/approval")
@signed_in
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(s.SaleConsentOut)
def approve_consent(consent_id: UUID, nothing: dict[str, Any]) -> Any:
    """Agree as the bank's second person; from now the register permits the act."""
    return sale_consents.approve_consent(current_actor(), consent_id, now())


@api.post("/consents/<uuid:consent_id>/declination")
@signed_in
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(s.SaleConsentOut)
def decline_consent(consent_id: UUID, given: dict[str, Any]) -> Any:
    """Do not agree, with the reason."""
    return sale_consents.decline_consent(current_actor(), consent_id, given["reason"], now())


@api.post("/consents/<uuid:consent_id>/withdrawal")
@signed_in
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(s.SaleConsentOut)
def withdraw_consent(consent_id: UUID, nothing: dict[str, Any]) -> Any:
    """Take a consent back while no buyer has paid on the strength of it."""
    return sale_consents.withdraw_sale_consent(current_actor(), consent_id, now())
