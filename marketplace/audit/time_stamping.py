"""Sealed blocks stamped by an independent authority, so that not even the marketplace can move their time."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.audit.sealing import AuditBlock
from marketplace.core.db import Model, session
from marketplace.core.time_stamps import request_stamp, stamping_is_on, verified_moment

BLOCKS_A_RUN = 20


class AuditTimeStamp(Model):
    """The authority's answer about one block."""

    __tablename__ = "audit_time_stamps"
    __table_args__ = (UniqueConstraint("block_number"),)

    block_number: Mapped[int] = mapped_column(ForeignKey("audit_blocks.number"))
    authority: Mapped[str] = mapped_column(String(300))
    response: Mapped[bytes] = mapped_column(LargeBinary)
    stamped_at: Mapped[datetime]


def stamp_blocks() -> int:
    """Stamp the blocks that have no stamp yet, oldest first; answers how many. Nothing without an authority."""
    if not stamping_is_on():
        return 0
    unstamped = (
        select(AuditBlock)
        .outerjoin(AuditTimeStamp, AuditTimeStamp.block_number == AuditBlock.number)
        .where(AuditTimeStamp.id.is_(None))
        .order_by(AuditBlock.number)
        .limit(BLOCKS_A_RUN)
    )
    blocks = list(session.execute(unstamped).scalars())
    for block in blocks:
        stamp = request_stamp(bytes.fromhex(block.block_hash))
        made = AuditTimeStamp(
            block_number=block.number, authority=stamp.authority, response=stamp.response, stamped_at=stamp.at
        )
        session.add(made)
    session.flush()
    return len(blocks)


def stamps_of(numbers: Iterable[int]) -> dict[int, AuditTimeStamp]:
    """The stamps of these blocks, by number."""
    query = select(AuditTimeStamp).where(AuditTimeStamp.block_number.in_(list(numbers)))
    return {stamp.block_number: stamp for stamp in session.execute(query).scalars()}


def unproven_stamps() -> list[AuditTimeStamp]:
    """The stamps that do not prove their block's hash; only asked where an authority is configured."""
    if not stamping_is_on():
        return []
    query = select(AuditTimeStamp, AuditBlock.block_hash).join(
        AuditBlock, AuditBlock.number == AuditTimeStamp.block_number
    )
    return [stamp for stamp, block_hash in session.execute(query) if not _proves(stamp, block_hash)]


def _proves(stamp: AuditTimeStamp, block_hash: str) -> bool:
    try:
        return verified_moment(stamp.response, bytes.fromhex(block_hash)) == stamp.stamped_at
    except ValueError:
        return False
