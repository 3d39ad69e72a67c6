"""The JSON API of cross-licences."""

from typing import Any
from uuid import UUID

from marketplace.core.clock import now
from marketplace.core.http import current_actor, idempotent, needs, signed_in
from marketplace.deals import cross_licences
from marketplace.deals.blueprints import api
from marketplace.deals.cross_licence_schemas import CrossLicenceIn, CrossLicenceOut, CrossLicencesOut
from marketplace.deals.schemas import ProofIn, ReasonIn


@api.get("/cross-licences")
@signed_in
@api.output(CrossLicencesOut)
def list_cross_licences() -> Any:
    """What my organisation proposed and was proposed."""
    return {"items": cross_licences.cross_licences_of(current_actor())}


@api.post("/cross-licences")
@needs("deal.trade")
@idempotent
@api.input(CrossLicenceIn, arg_name="given")
@api.output(CrossLicenceOut, status_code=201)
def propose_cross_licence(given: dict[str, Any]) -> Any:
    """Propose that two holders license each other without payment."""
    own, other = given.pop("own_asset_id"), given.pop("other_asset_id")
    scope = given | {"territory": tuple(given["territory"]), "fields": tuple(given.pop("fields_of_use"))}
    return cross_licences.propose_cross_licence(current_actor(), own, other, scope, now())


@api.get("/cross-licences/<uuid:cross_licence_id>")
@signed_in
@api.output(CrossLicenceOut)
def show_cross_licence(cross_licence_id: UUID) -> Any:
    """One cross-licence, for its two sides and the platform."""
    return cross_licences.find_cross_licence(current_actor(), cross_licence_id)


@api.post("/cross-licences/<uuid:cross_licence_id>/acceptance")
@needs("deal.trade")
@idempotent
@api.output(CrossLicenceOut)
def accept_cross_licence(cross_licence_id: UUID) -> Any:
    """Agree: the contract is laid out for both signatures."""
    return cross_licences.accept_cross_licence(current_actor(), cross_licence_id, now())


@api.post("/cross-licences/<uuid:cross_licence_id>/rejection")
@needs("deal.trade")
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(CrossLicenceOut)
def decline_cross_licence(cross_licence_id: UUID, given: dict[str, Any]) -> Any:
    """Say no, with the reason."""
    return cross_licences.decline_cross_licence(current_actor(), cross_licence_id, given["reason"], now())


@api.post("/cross-licences/<uuid:cross_licence_id>/withdrawal")
@needs("deal.trade")
@idempotent
@api.output(CrossLicenceOut)
def withdraw_cross_licence(cross_licence_id: UUID) -> Any:
    """Take an unanswered proposal back."""
    return cross_licences.withdraw_cross_licence(current_actor(), cross_licence_id, now())


@api.post("/cross-licences/<uuid:cross_licence_id>/proof")
@needs("deal.trade")
@idempotent
@api.input(ProofIn, arg_name="proof")
@api.output(CrossLicenceOut)
def prove_cross_recordal(cross_licence_id: UUID, proof: dict[str, Any]) -> Any:
    """Show that the office has recorded the licence under one's own right."""
    return cross_licences.prove_recordal(current_actor(), cross_licence_id, proof["file_id"], now())
