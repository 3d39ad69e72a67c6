"""The JSON API of premiums and aid."""

from typing import Any
from uuid import UUID

from marketplace.core.clock import now
from marketplace.core.errors import NotFound, require
from marketplace.core.http import current_actor, idempotent, needs, public, signed_in
from marketplace.risk_pool import aid_cases, premiums, subsidies, subsidy_grants
from marketplace.risk_pool.aid_schemas import AidCaseIn, AidIn, AidOut, AidReviewIn, AidsOut, PremiumOut, PremiumsOut
from marketplace.risk_pool.blueprint import api
from marketplace.risk_pool.enrolments import find_enrolment
from marketplace.risk_pool.published_schemes import published_or_stated
from marketplace.risk_pool.schemas import NothingIn, ReasonIn, ReferenceIn


@api.post("/risk-pool-subsidies")
@public
@api.input(AidCaseIn, arg_name="given")
def compute_subsidy(given: dict[str, Any]) -> dict[str, Any]:
    """The aid a scheme gives in a case; nothing is written."""
    return aid_cases.aid(published_or_stated(given["case"]))


@api.post("/risk-pool-premiums")
@public
@api.input(AidCaseIn, arg_name="given")
def compute_premium(given: dict[str, Any]) -> dict[str, Any]:
    """What each party charges in a case; nothing is written."""
    return aid_cases.premium(published_or_stated(given["case"]))


compute_subsidy.__dict__["changes_nothing"] = True
compute_premium.__dict__["changes_nothing"] = True


@api.get("/enrolments/<uuid:enrolment_id>/premiums")
@signed_in
@api.output(PremiumsOut)
def list_premiums(enrolment_id: UUID) -> dict[str, Any]:
    """What the parties charge for their parts in an enrolled loan."""
    enrolment, _pool = find_enrolment(current_actor(), enrolment_id)
    return {"items": premiums.premiums_of(enrolment.id)}


@api.post("/premiums/<uuid:premium_id>/receipt")
@signed_in
@idempotent
@api.input(ReferenceIn, arg_name="given")
@api.output(PremiumOut)
def receive_premium(premium_id: UUID, given: dict[str, Any]) -> Any:
    """Say, as the party that is owed, that the premium arrived."""
    return premiums.receive_premium(current_actor(), premium_id, given["bank_reference"], now())


@api.get("/enrolments/<uuid:enrolment_id>/subsidies")
@signed_in
@api.output(AidsOut)
def list_subsidies(enrolment_id: UUID) -> dict[str, Any]:
    """The requests for aid on an enrolled loan, for its borrower, the pool and the auditor."""
    actor = current_actor()
    enrolment, pool = find_enrolment(actor, enrolment_id)
    require(subsidies.may_see_aid(actor, enrolment, pool), NotFound())
    return {"items": subsidies.subsidies_of(enrolment.id)}


@api.post("/enrolments/<uuid:enrolment_id>/subsidies")
@needs("loan.apply")
@idempotent
@api.input(AidIn, arg_name="given")
@api.output(AidOut, status_code=201)
def ask_subsidy(enrolment_id: UUID, given: dict[str, Any]) -> Any:
    """Ask for aid on an own enrolled loan."""
    proof = (given["fee"], given["files"])
    return subsidies.ask_subsidy(current_actor(), enrolment_id, given["name"], proof, now())


@api.post("/subsidies/<uuid:subsidy_id>/review")
@needs("pool.review")
@idempotent
@api.input(AidReviewIn, arg_name="given")
@api.output(AidOut)
def review_subsidy(subsidy_id: UUID, given: dict[str, Any]) -> Any:
    """Examine a request for aid."""
    return subsidies.review_subsidy(current_actor(), subsidy_id, given["reason"], given["benchmark_bps"], now())


@api.post("/subsidies/<uuid:subsidy_id>/grant")
@needs("pool.approve")
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(AidOut)
def grant_subsidy(subsidy_id: UUID, given: dict[str, Any]) -> Any:
    """Grant a reviewed request, as the second person."""
    return subsidy_grants.grant_subsidy(current_actor(), subsidy_id, given["reason"], now())


@api.post("/subsidies/<uuid:subsidy_id>/refusal")
@needs("pool.approve")
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(AidOut)
def refuse_subsidy(subsidy_id: UUID, given: dict[str, Any]) -> Any:
    """Do not grant a request, with the reason."""
    return subsidies.refuse_subsidy(current_actor(), subsidy_id, given["reason"], now())


@api.post("/subsidies/<uuid:subsidy_id>/withdrawal")
@needs("loan.apply")
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(AidOut)
def withdraw_subsidy(subsidy_id: UUID, nothing: dict[str, Any]) -> Any:
    """Take an own request back."""
    return subsidies.withdraw_subsidy(current_actor(), subsidy_id, now())
