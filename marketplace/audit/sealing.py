"""Sealing: events are gathered into blocks, each block chained to the one before, so the whole trail is one chain.

Writers never wait for one another: they chain per subject, and this job alone orders the subjects among themselves.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Text, UniqueConstraint, delete, insert, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.audit.canonical import instant_text
from marketplace.audit.merkle import tree_root
from marketplace.audit.trail import FIRST_PREVIOUS, AuditEvent
from marketplace.core.db import Model, session

EVENTS_PER_BLOCK = 4096
SEALING_LOCK = 0x5EA1_1D06


class AuditBlock(Model):
    """A sealed batch of events: the root of their hash tree and the hash of the block before."""

    __tablename__ = "audit_blocks"
    __table_args__ = (
        UniqueConstraint("number"),
        UniqueConstraint("block_hash"),
        CheckConstraint("number >= 1 AND event_count >= 1", name="counts_positive"),
    )

    number: Mapped[int]
    previous_hash: Mapped[str] = mapped_column(Text)
    root: Mapped[str] = mapped_column(Text)
    event_count: Mapped[int]
    sealed_at: Mapped[datetime]
    block_hash: Mapped[str] = mapped_column(Text)

    def header(self) -> dict[str, Any]:
        """What the block's hash is taken over."""
        return block_header(self.number, self.previous_hash, self.root, self.event_count, self.sealed_at)


class AuditLeaf(Model):
    """Where an event stands: its block and its place among the block's leaves."""

    __tablename__ = "audit_leaves"
    __table_args__ = (UniqueConstraint("block_number", "position"), UniqueConstraint("event_id"))

    event_id: Mapped[UUID] = mapped_column(ForeignKey("audit_events.id"))
    block_number: Mapped[int] = mapped_column(ForeignKey("audit_blocks.number"))
    position: Mapped[int]


class AuditWaiting(Model):
    """An event that no block holds yet; a trigger adds it with the event, sealing removes it."""

    __tablename__ = "audit_waiting"

    event_id: Mapped[UUID] = mapped_column(ForeignKey("audit_events.id"), unique=True)


def block_header(number: int, previous: str, root: str, count: int, sealed_at: datetime) -> dict[str, Any]:
    """A block's facts in the form that is hashed and printed on receipts."""
    return {
        "number": number,
        "previous": previous,
        "root": root,
        "count": count,
        "sealed_at": instant_text(sealed_at),
    }


def header_hash(header: dict[str, Any]) -> str:
    """The hash of a block's facts."""
    return sha256(json.dumps(header, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def seal_block(now: datetime) -> AuditBlock | None:
    """Seal the oldest waiting events into one block; nothing waiting, nothing done."""
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SEALING_LOCK})
    waiting = select(AuditWaiting.event_id).order_by(AuditWaiting.event_id).limit(EVENTS_PER_BLOCK)
    events = session.execute(
        select(AuditEvent.id, AuditEvent.event_hash).where(AuditEvent.id.in_(waiting)).order_by(AuditEvent.id)
    ).all()
    if not events:
        return None
    last = session.scalars(select(AuditBlock).order_by(AuditBlock.number.desc()).limit(1)).first()
    header = block_header(
        last.number + 1 if last else 1,
        last.block_hash if last else FIRST_PREVIOUS,
        tree_root([bytes.fromhex(event.event_hash) for event in events]).hex(),
        len(events),
        now,
    )
    block = AuditBlock(
        number=header["number"],
        previous_hash=header["previous"],
        root=header["root"],
        event_count=header["count"],
        sealed_at=now,
        block_hash=header_hash(header),
    )
    session.add(block)
    session.flush()
    leaves = [
        {"event_id": event.id, "block_number": block.number, "position": place} for place, event in enumerate(events)
    ]
    session.execute(insert(AuditLeaf), leaves)
    session.execute(delete(AuditWaiting).where(AuditWaiting.event_id.in_([event.id for event in events])))
    return block


def seal_trail(now: datetime) -> list[AuditBlock]:
    """Seal everything that waits, block by block."""
    sealed: list[AuditBlock] = []
    while (block := seal_block(now)) is not None:
        sealed.append(block)
    return sealed


def blocks_from(number: int, limit: int) -> Sequence[AuditBlock]:
    """Published blocks from this number on."""
    query = select(AuditBlock).where(AuditBlock.number >= number).order_by(AuditBlock.number).limit(limit)
    found: Sequence[AuditBlock] = session.scalars(query).all()
    return found


def newest_blocks(limit: int) -> Sequence[AuditBlock]:
    """The blocks sealed last, newest first."""
    found: Sequence[AuditBlock] = session.scalars(
        select(AuditBlock).order_by(AuditBlock.number.desc()).limit(limit)
    ).all()
    return found


def leaf_of(event_id: UUID) -> AuditLeaf | None:
    """The event's place in its block, once it is sealed."""
    found: AuditLeaf | None = session.scalars(select(AuditLeaf).where(AuditLeaf.event_id == event_id)).first()
    return found


def block_numbered(number: int) -> AuditBlock:
    """One block by its number."""
    found: AuditBlock = session.scalars(select(AuditBlock).where(AuditBlock.number == number)).one()
    return found


def hashes_in_block(number: int) -> list[bytes]:
    """The event hashes of one block in the order of its leaves."""
    query = (
        select(AuditEvent.event_hash)
        .join(AuditLeaf, AuditLeaf.event_id == AuditEvent.id)
        .where(AuditLeaf.block_number == number)
        .order_by(AuditLeaf.position)
    )
    return [bytes.fromhex(found) for found in session.scalars(query)]
