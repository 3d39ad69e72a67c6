"""The JSON API of audit."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint

from marketplace.audit import jobs, sealing, trail
from marketplace.audit.receipts import issue_receipt
from marketplace.audit.schemas import BlocksIn, BlocksOut, EventOut, ReceiptOut, TrailIn, TrailOut, listed
from marketplace.core.clock import now
from marketplace.core.http import current_actor, public, signed_in

api = APIBlueprint("audit_api", __name__, url_prefix="/api/v1", tag="audit")


@api.get("/audit/events")
@signed_in
@api.input(TrailIn, location="query", arg_name="page")
@api.output(TrailOut)
def list_events(page: dict[str, Any]) -> dict[str, Any]:
    """What was done in my organisation's name; auditors and operators see everything."""
    return trail.trail_page(current_actor(), listed(page), page["limit"], page["after"], now())


@api.get("/audit/events/<uuid:event_id>")
@signed_in
@api.output(EventOut)
def show_event(event_id: UUID) -> Any:
    """One event."""
    return trail.find_event(current_actor(), event_id)


@api.get("/audit/events/<uuid:event_id>/receipt")
@signed_in
@api.output(ReceiptOut)
def show_receipt(event_id: UUID) -> dict[str, Any]:
    """The event's receipt, which anybody can verify offline."""
    return issue_receipt(current_actor(), event_id, now())


@api.get("/audit/blocks")
@public
@api.input(BlocksIn, location="query", arg_name="page")
@api.output(BlocksOut)
def list_blocks(page: dict[str, Any]) -> dict[str, Any]:
    """The hashes of the sealed blocks, for anybody to keep and compare."""
    return {"items": sealing.blocks_from(page["number"], page["limit"])}


__all__ = ["api", "jobs"]
