"""Receipts: one event with the proof that a sealed block holds it, checked offline by docs/verify_receipt.py."""

import json
from base64 import b64encode
from datetime import datetime
from typing import Any
from uuid import UUID

from marketplace.audit import sealing
from marketplace.audit.canonical import instant_text
from marketplace.audit.merkle import inclusion_path
from marketplace.audit.time_stamping import stamps_of
from marketplace.audit.trail import AuditEvent, find_event
from marketplace.core.actor import Actor
from marketplace.core.db import find, session
from marketplace.core.errors import Refused
from marketplace.core.i18n import _l

RECEIPT_FORMAT = "ip-marketplace-receipt/1"


class ReceiptNotReady(Refused):
    """The event is not in a sealed block yet."""

    message = _l("This event is recorded but not yet sealed. Its receipt is ready within a minute.")


def receipt_for(event_id: UUID) -> dict[str, Any]:
    """The receipt of a sealed event, verifiable by a stranger without the marketplace."""
    event = find(AuditEvent, event_id)
    leaf = sealing.leaf_of(event_id)
    if leaf is None:
        raise ReceiptNotReady()
    block = sealing.block_numbered(leaf.block_number)
    path = inclusion_path(sealing.hashes_in_block(block.number), leaf.position)
    stamp = stamps_of([block.number]).get(block.number)
    return {
        "format": RECEIPT_FORMAT,
        "event": json.loads(event.body),
        "number": event.stream_number,
        "previous": event.previous_hash,
        "event_hash": event.event_hash,
        "proof": {"index": leaf.position, "size": block.event_count, "path": [step.hex() for step in path]},
        "block": {**block.header(), "hash": block.block_hash},
        "time_stamp": stamp
        and {
            "authority": stamp.authority,
            "at": instant_text(stamp.stamped_at),
            "response": b64encode(stamp.response).decode(),
        },
    }


def issue_receipt(actor: Actor, event_id: UUID, now: datetime) -> dict[str, Any]:
    """The receipt of an event the actor may see, sealing it first if it still waits."""
    event = find_event(actor, event_id)
    if sealing.leaf_of(event.id) is None:
        sealing.seal_trail(now)
        session.flush()
    return receipt_for(event.id)
