"""The JSON API of what is put into a pool."""

from typing import Any
from uuid import UUID

from marketplace.core.clock import now
from marketplace.core.http import CursorIn, current_actor, idempotent, needs, signed_in
from marketplace.risk_pool import replenishments
from marketplace.risk_pool.blueprint import api
from marketplace.risk_pool.replenishment_boards import replenishments_seen
from marketplace.risk_pool.replenishment_schemas import ReplenishmentIn, ReplenishmentOut, ReplenishmentPageOut
from marketplace.risk_pool.schemas import NothingIn, ReasonIn


@api.get("/risk-pools/<uuid:pool_id>/replenishments")
@signed_in
@api.input(CursorIn, location="query", arg_name="page")
@api.output(ReplenishmentPageOut)
def list_replenishments(pool_id: UUID, page: dict[str, Any]) -> dict[str, Any]:
    """What was put into a pool, with its payers, for its administrator and the auditor."""
    return replenishments_seen(current_actor(), pool_id, page["after"], page["limit"])


@api.post("/risk-pools/<uuid:pool_id>/replenishments")
@needs("pool.review")
@idempotent
@api.input(ReplenishmentIn, arg_name="money")
@api.output(ReplenishmentOut, status_code=201)
def record_replenishment(pool_id: UUID, money: dict[str, Any]) -> Any:
    """Record money that reached the pool; it counts when a second person confirmed it."""
    return replenishments.record_replenishment(current_actor(), pool_id, replenishments.Told(**money), now())


@api.post("/risk-pool-replenishments/<uuid:replenishment_id>/confirmation")
@needs("pool.approve")
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(ReplenishmentOut)
def confirm_replenishment(replenishment_id: UUID, nothing: dict[str, Any]) -> Any:
    """Confirm, as the second person, that recorded money is there."""
    return replenishments.confirm_replenishment(current_actor(), replenishment_id, now())


@api.post("/risk-pool-replenishments/<uuid:replenishment_id>/refusal")
@needs("pool.review")
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(ReplenishmentOut)
def refuse_replenishment(replenishment_id: UUID, given: dict[str, Any]) -> Any:
    """Find a recorded transfer wrong, with the reason."""
    return replenishments.refuse_replenishment(current_actor(), replenishment_id, given["reason"], now())
