"""Proving the trail: every hash is computed again from the stored texts, and the first row that does not fit is named."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import groupby, islice
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from marketplace.audit.canonical import canonical_json, instant_text
from marketplace.audit.merkle import tree_root
from marketplace.audit.sealing import AuditBlock, AuditLeaf, AuditWaiting, header_hash
from marketplace.audit.time_stamping import unproven_stamps
from marketplace.audit.trail import FIRST_PREVIOUS, AuditEvent, chained_text
from marketplace.core.db import session

MOST_FAULTS = 100


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One row of the trail that does not fit, and why."""

    table: str
    row_id: UUID
    number: int
    problem: str

    def as_dict(self) -> dict[str, Any]:
        """The fault as plain JSON."""
        return {**asdict(self), "row_id": str(self.row_id)}


def verify_trail() -> list[Fault]:
    """Check every event, every block and every place; empty means the whole trail is what was written."""
    session.flush()
    faults = (fault for check in (_broken_events, _broken_blocks, _lost_places, _broken_stamps) for fault in check())
    return list(islice(faults, MOST_FAULTS))


def trail_size() -> dict[str, int]:
    """How much was verified: events, blocks and events that still wait for their block."""
    return {
        "events": session.scalar(select(func.count()).select_from(AuditEvent)) or 0,
        "blocks": session.scalar(select(func.count()).select_from(AuditBlock)) or 0,
        "unsealed": session.scalar(select(func.count()).select_from(AuditWaiting)) or 0,
    }


def _broken_stamps() -> Iterator[Fault]:
    for stamp in unproven_stamps():
        problem = "the time stamp does not prove this block"
        yield Fault(table="audit_time_stamps", row_id=stamp.id, number=stamp.block_number, problem=problem)


def _broken_events() -> Iterator[Fault]:
    query = select(*AuditEvent.__table__.columns).order_by(AuditEvent.subject_id, AuditEvent.stream_number)
    rows = session.execute(query.execution_options(yield_per=5000))
    for _subject, stream in groupby(rows, key=lambda row: row.subject_id):
        number, previous = 0, FIRST_PREVIOUS
        for row in stream:
            number += 1
            problem = _event_problem(row, number, previous)
            if problem:
                yield Fault(table="audit_events", row_id=row.id, number=row.stream_number, problem=problem)
            number, previous = row.stream_number, row.event_hash


def _event_problem(row: Any, number: int, previous: str) -> str | None:
    if row.stream_number != number:
        return f"event {number} of this subject is missing"
    if row.previous_hash != previous:
        return "the hash of the event before does not match"
    text = chained_text(row.body, row.stream_number, row.previous_hash)
    if sha256(text.encode()).hexdigest() != row.event_hash:
        return "the content does not match its hash"
    try:
        body = json.loads(row.body)
    except ValueError:
        return "the content is not JSON"
    if canonical_json(body) != row.body:
        return "the content is not canonical"
    return _column_problem(row, body)


def _column_problem(row: Any, body: dict[str, Any]) -> str | None:
    columns = {
        "id": str(row.id),
        "subject": str(row.subject_id),
        "kind": row.kind,
        "organisation": str(row.organisation_id) if row.organisation_id else None,
        "person": str(row.person_id) if row.person_id else None,
        "via": row.via,
        "at": instant_text(row.at),
    }
    changed = [name for name, value in columns.items() if body.get(name) != value]
    return f"the column {changed[0]} does not match the hashed content" if changed else None


def _broken_blocks() -> Iterator[Fault]:
    number, previous = 0, FIRST_PREVIOUS
    leaves = _leaves_by_block()
    held_number, held = next(leaves, (0, []))
    for block in session.scalars(select(AuditBlock).order_by(AuditBlock.number)):
        while held_number and held_number < block.number:
            held_number, held = next(leaves, (0, []))
        hashes = held if held_number == block.number else []
        problem = _block_problem(block, number + 1, previous, hashes)
        if problem:
            yield Fault(table="audit_blocks", row_id=block.id, number=block.number, problem=problem)
        number, previous = block.number, block.block_hash


def _block_problem(block: AuditBlock, number: int, previous: str, hashes: list[bytes]) -> str | None:
    if block.number != number:
        return f"block {number} is missing"
    if block.previous_hash != previous:
        return "the hash of the block before does not match"
    if len(hashes) != block.event_count:
        return f"the block holds {len(hashes)} events, not {block.event_count}"
    if tree_root(hashes).hex() != block.root:
        return "the events do not give the block's root"
    return None if header_hash(block.header()) == block.block_hash else "the block does not match its hash"


def _leaves_by_block() -> Iterator[tuple[int, list[bytes]]]:
    query = (
        select(AuditLeaf.block_number, AuditEvent.event_hash)
        .join(AuditEvent, AuditEvent.id == AuditLeaf.event_id)
        .order_by(AuditLeaf.block_number, AuditLeaf.position)
    )
    rows = session.execute(query.execution_options(yield_per=5000))
    for number, leaves in groupby(rows, key=lambda row: row.block_number):
        yield number, [bytes.fromhex(leaf.event_hash) for leaf in leaves]


def _lost_places() -> Iterator[Fault]:
    placed = select(AuditLeaf.event_id).where(AuditLeaf.event_id == AuditEvent.id)
    waiting = select(AuditWaiting.event_id).where(AuditWaiting.event_id == AuditEvent.id)
    query = select(AuditEvent.id, AuditEvent.stream_number).where(~placed.exists(), ~waiting.exists())
    for event_id, number in session.execute(query.order_by(AuditEvent.id)):
        problem = "the event is in no block and does not wait for one"
        yield Fault(table="audit_events", row_id=event_id, number=number, problem=problem)
