"""The register's timeline: what happened to a right, when, by which source, and since when we know."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Date, ForeignKey, Index, String, Text, or_, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Model, session
from marketplace.registry.event_codes import RegisterEventType, meaning_of
from marketplace.registry.projection import digest_of, written


class RegisterEvent(Model):
    """One event with its day of effect and the moment we learned of it; a correction closes the old row."""

    __tablename__ = "register_events"
    __table_args__ = (
        Index(
            "uq_register_events_current",
            "asset_id",
            "event_key",
            unique=True,
            postgresql_where=text("known_to IS NULL"),
        ),
    )

    asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"), index=True)
    type: Mapped[RegisterEventType]
    code: Mapped[str] = mapped_column(String(60))
    scheme: Mapped[str] = mapped_column(String(30))
    words: Mapped[str] = mapped_column(Text, default="")
    valid_on: Mapped[date | None] = mapped_column(Date)
    source: Mapped[str] = mapped_column(String(200), default="")
    event_key: Mapped[str] = mapped_column(String(64))
    known_from: Mapped[datetime]
    known_to: Mapped[datetime | None]

    @property
    def category(self) -> str:
        """The letter of the event's category in WIPO ST.27; empty where the code is not mapped."""
        return meaning_of(self.scheme, self.code, self.type is RegisterEventType.GRANT)[0]


def event_key_of(scheme: str, code: str, on: str, words: str) -> str:
    """The same event told again has the same key."""
    return digest_of(written([scheme, code, on, words]))


def current_events(asset_ids: Collection[UUID]) -> dict[UUID, list[RegisterEvent]]:
    """What is known today of several rights, in one query."""
    query = select(RegisterEvent).where(RegisterEvent.asset_id.in_(asset_ids), RegisterEvent.known_to.is_(None))
    found: dict[UUID, list[RegisterEvent]] = {}
    for event in session.execute(query.order_by(RegisterEvent.id)).scalars():
        found.setdefault(event.asset_id, []).append(event)
    return found


def events_of(asset_id: UUID, on: date | None = None, known_at: datetime | None = None) -> list[RegisterEvent]:
    """The timeline up to a day, by what is or was known; events without a day stand first."""
    query = select(RegisterEvent).where(RegisterEvent.asset_id == asset_id)
    if known_at is None:
        query = query.where(RegisterEvent.known_to.is_(None))
    else:
        query = query.where(
            RegisterEvent.known_from <= known_at,
            or_(RegisterEvent.known_to.is_(None), RegisterEvent.known_to > known_at),
        )
    if on is not None:
        query = query.where(or_(RegisterEvent.valid_on.is_(None), RegisterEvent.valid_on <= on))
    rows = session.execute(query.order_by(RegisterEvent.valid_on.nulls_first(), RegisterEvent.id)).scalars()
    return list(rows)
