"""The JSON API of the risk pools."""

from typing import Any
from uuid import UUID

from marketplace.core.clock import now
from marketplace.core.http import current_actor, idempotent, needs, public, signed_in
from marketplace.financing.due_dates import business_date
from marketplace.financing.monitoring_schemas import ShockIn
from marketplace.financing.stressed_books import Asked
from marketplace.risk_pool import (
    aid_api,
    boards,
    claims_api,
    enrolling,
    halts,
    pools,
    replenishment_api,
    schemes,
    standings,
    stress_tests,
    take_over_api,
)
from marketplace.risk_pool import report_pages as report_pages  # its route must stand before the API is registered
from marketplace.risk_pool.blueprint import api
from marketplace.risk_pool.enrolments import capacity_of, find_enrolment
from marketplace.risk_pool.published_schemes import published_or_stated, published_scheme, published_schemes
from marketplace.risk_pool.schemas import (
    CapacityOut,
    CaseIn,
    EnrolmentIn,
    EnrolmentListIn,
    EnrolmentOut,
    EnrolmentPageOut,
    HaltOut,
    NothingIn,
    PoolIn,
    PoolOut,
    ReasonIn,
    SchemeIn,
    SchemeOut,
    StressedPoolOut,
    SuspensionOut,
)

ROUTES = (aid_api, claims_api, replenishment_api, take_over_api)
__all__ = ["api"]


@api.get("/risk-pool-schemes")
@public
def list_published_schemes() -> list[dict[str, Any]]:
    """Every published scheme with its dates, source and what is not known."""
    return list(published_schemes())


@api.post("/risk-pool-shares")
@public
@api.input(CaseIn, arg_name="given")
def share_case(given: dict[str, Any]) -> dict[str, Any]:
    """Who bears and who gets how much in a case; nothing is written."""
    return schemes.share(published_or_stated(given["case"]))


share_case.__dict__["changes_nothing"] = True


@api.get("/risk-pools")
@signed_in
@api.output(PoolOut(many=True))
def list_pools() -> list[Any]:
    """Every pool."""
    return pools.pools_seen_by(current_actor())


@api.post("/risk-pools")
@needs("pool.approve")
@idempotent
@api.input(PoolIn, arg_name="pool")
@api.output(PoolOut, status_code=201)
def open_pool(pool: dict[str, Any]) -> Any:
    """Open a pool."""
    name = {"zh": pool["name_zh"], "en": pool["name_en"]}
    return pools.open_pool(current_actor(), name, pool["currency"], pool["leverage"], now())


@api.get("/risk-pools/<uuid:pool_id>/capacity")
@signed_in
@api.output(CapacityOut)
def show_capacity(pool_id: UUID) -> Any:
    """What the pool can still carry."""
    return capacity_of(pools.find_pool(pool_id))


@api.get("/risk-pools/<uuid:pool_id>/schemes")
@signed_in
@api.output(SchemeOut(many=True))
def list_schemes(pool_id: UUID) -> list[Any]:
    """The versions of schemes the pool has adopted."""
    return schemes.schemes_of(pool_id)


@api.post("/risk-pools/<uuid:pool_id>/schemes")
@needs("pool.approve")
@idempotent
@api.input(SchemeIn, arg_name="scheme")
@api.output(SchemeOut, status_code=201)
def adopt_scheme(pool_id: UUID, scheme: dict[str, Any]) -> Any:
    """Adopt a version of a scheme."""
    document = scheme["document"] or published_scheme(scheme["name"] or "")
    days = (scheme["effective_from"], scheme["effective_to"])
    return schemes.adopt_scheme(current_actor(), pool_id, document, days, now(), scheme["mode"])


@api.post("/risk-pools/<uuid:pool_id>/halt")
@needs("pool.review")
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(HaltOut, status_code=201)
def halt_pool(pool_id: UUID, given: dict[str, Any]) -> Any:
    """Stop a pool from taking new loans; cover that stands is not touched."""
    return halts.halt_pool(current_actor(), pool_id, given["reason"], now())


@api.post("/risk-pools/<uuid:pool_id>/reopening-request")
@needs("pool.review")
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(HaltOut)
def ask_reopening(pool_id: UUID, given: dict[str, Any]) -> Any:
    """Ask that a stopped pool may go on."""
    return halts.ask_reopening(current_actor(), pool_id, given["reason"], now())


@api.post("/risk-pools/<uuid:pool_id>/reopening")
@needs("pool.approve")
@idempotent
@api.input(NothingIn, arg_name="_given")
@api.output(HaltOut)
def reopen_pool(pool_id: UUID, _given: dict[str, Any]) -> Any:
    """Let a stopped pool go on, as the second person."""
    return halts.reopen_pool(current_actor(), pool_id, now())


@api.post("/risk-pools/<uuid:pool_id>/suspensions/<uuid:bank_id>/lifting")
@needs("pool.approve")
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(SuspensionOut)
def lift_suspension(pool_id: UUID, bank_id: UUID, given: dict[str, Any]) -> Any:
    """Let a suspended bank back in."""
    return standings.lift_suspension(current_actor(), pool_id, bank_id, given["reason"], now())


@api.get("/enrolments")
@signed_in
@api.input(EnrolmentListIn, location="query", arg_name="page")
@api.output(EnrolmentPageOut)
def list_enrolments(page: dict[str, Any]) -> dict[str, Any]:
    """The enrolments my organisation may see."""
    return boards.enrolments_seen_by(current_actor(), page["after"], page["limit"], page["status"])


@api.post("/enrolments")
@needs("loan.underwrite")
@idempotent
@api.input(EnrolmentIn, arg_name="proposal")
@api.output(EnrolmentOut, status_code=201)
def propose_enrolment(proposal: dict[str, Any]) -> Any:
    """Draft the enrolment of an own loan."""
    return enrolling.propose_enrolment(
        current_actor(), proposal["scheme_id"], proposal["loan_id"], proposal["parties"], now()
    )


@api.get("/enrolments/<uuid:enrolment_id>")
@signed_in
@api.output(EnrolmentOut)
def show_enrolment(enrolment_id: UUID) -> Any:
    """One enrolment."""
    return find_enrolment(current_actor(), enrolment_id)[0]


@api.post("/enrolments/<uuid:enrolment_id>/agreement")
@signed_in
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(EnrolmentOut)
def agree_to_share(enrolment_id: UUID, nothing: dict[str, Any]) -> Any:
    """Agree to bear our share of this loan's loss."""
    return enrolling.agree_to_share(current_actor(), enrolment_id, now())


@api.post("/enrolments/<uuid:enrolment_id>/submission")
@needs("loan.underwrite")
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(EnrolmentOut)
def submit_enrolment(enrolment_id: UUID, nothing: dict[str, Any]) -> Any:
    """Hand the enrolment in."""
    return enrolling.submit_enrolment(current_actor(), enrolment_id, now())


@api.post("/enrolments/<uuid:enrolment_id>/withdrawal")
@needs("loan.underwrite")
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(EnrolmentOut)
def withdraw_enrolment(enrolment_id: UUID, nothing: dict[str, Any]) -> Any:
    """Take the enrolment back."""
    return enrolling.withdraw_enrolment(current_actor(), enrolment_id, now())


@api.post("/enrolments/<uuid:enrolment_id>/review")
@needs("pool.review")
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(EnrolmentOut)
def review_enrolment(enrolment_id: UUID, nothing: dict[str, Any]) -> Any:
    """Take the enrolment up for review."""
    return enrolling.review_enrolment(current_actor(), enrolment_id, now())


@api.post("/enrolments/<uuid:enrolment_id>/return")
@needs("pool.review")
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(EnrolmentOut)
def return_enrolment(enrolment_id: UUID, given: dict[str, Any]) -> Any:
    """Give the enrolment back with what is missing."""
    return enrolling.return_enrolment(current_actor(), enrolment_id, given["reason"], now())


@api.post("/enrolments/<uuid:enrolment_id>/rejection")
@needs("pool.approve")
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(EnrolmentOut)
def reject_enrolment(enrolment_id: UUID, given: dict[str, Any]) -> Any:
    """Refuse the enrolment, as the second person."""
    return enrolling.reject_enrolment(current_actor(), enrolment_id, given["reason"], now())


@api.post("/enrolments/<uuid:enrolment_id>/admission")
@needs("pool.approve")
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(EnrolmentOut)
def enrol(enrolment_id: UUID, nothing: dict[str, Any]) -> Any:
    """Take the loan into the pool, as the second person."""
    return enrolling.enrol(current_actor(), enrolment_id, now())


@api.post("/enrolments/<uuid:enrolment_id>/extension")
@needs("pool.approve")
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(EnrolmentOut)
def extend_enrolment(enrolment_id: UUID, given: dict[str, Any]) -> Any:
    """Keep covering a loan whose term was extended."""
    return enrolling.extend_enrolment(current_actor(), enrolment_id, given["reason"], now())


@api.get("/risk-pools/<uuid:pool_id>/portfolio")
@needs("pool.review")
@api.input(ShockIn, location="query", arg_name="asked")
@api.output(StressedPoolOut)
def show_portfolio(pool_id: UUID, asked: dict[str, Any]) -> Any:
    """A pool's book by field, region, bank or year of lending, and what a stated shock would take from it."""
    return stress_tests.stress_pool(current_actor(), pool_id, Asked(**asked), business_date(now()))
