"""The JSON API of enforcement sales."""

from typing import Any
from uuid import UUID

from marketplace.core.clock import database_now
from marketplace.core.http import current_actor, idempotent, needs, optional_actor, public
from marketplace.deals import enforcement_sales
from marketplace.deals.blueprints import api
from marketplace.deals.enforcement_schemas import SaleIn, SaleOut, SalesOut


@api.get("/enforcement-sales")
@public
@api.output(SalesOut)
def list_sales() -> Any:
    """The notice board: every announced round, newest first."""
    return {"items": enforcement_sales.announced_sales()}


@api.post("/enforcement-sales")
@needs("asset.manage")
@idempotent
@api.input(SaleIn, arg_name="given")
@api.output(SaleOut, status_code=201)
def plan_sale(given: dict[str, Any]) -> Any:
    """Prepare a round on an own draft listing; a later round names the unsold one before it."""
    listing_id, previous_id = given.pop("listing_id"), given.pop("previous_id")
    return enforcement_sales.plan_sale(current_actor(), listing_id, given, database_now(), previous_id)


@api.get("/enforcement-sales/<uuid:sale_id>")
@public
@api.output(SaleOut)
def show_sale(sale_id: UUID) -> Any:
    """One round."""
    return enforcement_sales.find_sale(optional_actor(), sale_id)


@api.post("/enforcement-sales/<uuid:sale_id>/notice")
@needs("asset.manage")
@idempotent
@api.output(SaleOut)
def publish_notice(sale_id: UUID) -> Any:
    """Announce the round; the listing is published with it, or the rules it breaks are named."""
    return enforcement_sales.publish_notice(current_actor(), sale_id, database_now())


@api.post("/enforcement-sales/<uuid:sale_id>/cancellation")
@needs("asset.manage")
@idempotent
@api.output(SaleOut)
def cancel_sale(sale_id: UUID) -> Any:
    """Give a round up before anybody has bid."""
    return enforcement_sales.cancel_sale(current_actor(), sale_id, database_now())
