"""What goes into and out of the audit trail."""

from typing import Any

from apiflask import Schema
from apiflask.fields import UUID, Date, DateTime, Dict, Integer, List, Nested, String
from apiflask.validators import Length, Range

from marketplace.core.fields import StrictSchema


class TrailIn(StrictSchema):
    """Which events, and where the list goes on."""

    kind = String(load_default=None, validate=Length(max=80))
    subject_id = UUID(load_default=None)
    organisation_id = UUID(load_default=None)
    person_id = UUID(load_default=None)
    since = Date(load_default=None)
    until = Date(load_default=None)
    after = UUID(load_default=None)
    limit = Integer(load_default=50, validate=Range(1, 200))


class EventOut(Schema):
    """One event with its place in the chain."""

    id = UUID()
    subject_id = UUID()
    stream_number = Integer()
    kind = String()
    organisation_id = UUID()
    person_id = UUID()
    via = String()
    at = DateTime()
    payload = Dict()
    previous_hash = String()
    event_hash = String()


class TrailOut(Schema):
    """Events, newest first."""

    items = List(Nested(EventOut))
    next = UUID()


class BlocksIn(StrictSchema):
    """From which block on."""

    number = Integer(load_default=1, validate=Range(min=1))
    limit = Integer(load_default=100, validate=Range(1, 200))


class BlockOut(Schema):
    """A published block."""

    number = Integer()
    previous = String(attribute="previous_hash")
    root = String()
    count = Integer(attribute="event_count")
    sealed_at = DateTime()
    hash = String(attribute="block_hash")


class BlocksOut(Schema):
    """Published blocks in order."""

    items = List(Nested(BlockOut))


class ReceiptOut(Schema):
    """A receipt that docs/verify_receipt.py checks offline."""

    format = String()
    event = Dict()
    number = Integer()
    previous = String()
    event_hash = String()
    proof = Dict()
    block = Dict()
    time_stamp = Dict(allow_none=True)


def listed(page: dict[str, Any]) -> dict[str, Any]:
    """The filters without the cursor."""
    return {name: value for name, value in page.items() if name not in ("after", "limit")}
