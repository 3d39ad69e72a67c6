"""The trail: every announced fact as one event, chained by hash to the event before it on the same subject.

The chain is made by PostgreSQL itself: a trigger gives each new event its number in its subject's history, the hash of
the event before it and its own hash, holding a lock on that one subject only. Events are never changed or removed.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.audit.canonical import canonical_json, content_hash, instant_text
from marketplace.core.actor import Actor
from marketplace.core.clock import MARKET_TIME
from marketplace.core.db import Model, new_id, session
from marketplace.core.errors import NotFound, require
from marketplace.core.events import Fact, announce
from marketplace.identity.organisations import names_of

FIRST_PREVIOUS = "0" * 64


class AuditEvent(Model):
    """One thing that happened: ``body`` is the exact text that was hashed, the columns repeat it for searching."""

    __tablename__ = "audit_events"
    __table_args__ = (
        UniqueConstraint("subject_id", "stream_number"),
        UniqueConstraint("event_hash"),
        CheckConstraint("stream_number >= 1", name="number_positive"),
        CheckConstraint("length(event_hash) = 64 AND length(previous_hash) = 64", name="hash_length"),
        Index("ix_audit_events_organisation", "organisation_id", "id"),
        Index("ix_audit_events_kind", "kind", "id"),
    )

    subject_id: Mapped[UUID]
    stream_number: Mapped[int]
    kind: Mapped[str] = mapped_column(Text)
    organisation_id: Mapped[UUID | None]
    person_id: Mapped[UUID | None]
    via: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    body: Mapped[str] = mapped_column(Text)
    previous_hash: Mapped[str] = mapped_column(Text)
    event_hash: Mapped[str] = mapped_column(Text)

    @property
    def payload(self) -> dict[str, Any]:
        """What the fact said, as it was hashed."""
        recorded: dict[str, Any] = json.loads(self.body)["payload"]
        return recorded

    @property
    def states(self) -> tuple[str | None, str | None]:
        """The hashes of the thing's state before and after."""
        recorded = json.loads(self.body)
        return recorded["before"], recorded["after"]


@dataclass(frozen=True)
class TrailRead(Fact):
    """Somebody with the right to see everything looked into the trail."""

    organisation_id: UUID
    filters: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class RecordedEvent:
    """What the recorder hands back: enough to name the event and its place in its subject's history."""

    id: UUID
    subject_id: UUID
    stream_number: int
    event_hash: str


def record_fact(
    actor: Actor, now: datetime, fact: Fact, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> RecordedEvent:
    """Write one fact into the trail in the current transaction; states are kept as hashes, not as contents."""
    event_id, kind = new_id(), type(fact).__name__
    body = {
        "id": event_id,
        "subject": fact.subject_id,
        "kind": kind,
        "organisation": actor.organisation_id,
        "person": actor.person_id,
        "via": actor.via,
        "at": instant_text(now),
        "payload": fact.payload(),
        "before": content_hash(before),
        "after": content_hash(after),
    }
    statement = (
        insert(AuditEvent)
        .values(
            id=event_id,
            subject_id=fact.subject_id,
            kind=kind,
            organisation_id=actor.organisation_id,
            person_id=actor.person_id,
            via=actor.via,
            at=now,
            body=canonical_json(body),
            stream_number=0,
            previous_hash="",
            event_hash="",
        )
        .returning(AuditEvent.stream_number, AuditEvent.event_hash)
    )
    number, event_hash = session.execute(statement).one()
    return RecordedEvent(id=event_id, subject_id=fact.subject_id, stream_number=number, event_hash=event_hash)


def chained_text(body: str, stream_number: int, previous_hash: str) -> str:
    """The canonical JSON an event's hash is taken over; the trigger builds the same text."""
    return f'{{"event":{body},"number":{stream_number},"previous":"{previous_hash}"}}'


def may_see(actor: Actor, event: AuditEvent) -> bool:
    """Auditors and operators see every event; an organisation sees what was done in its name."""
    if actor.may("audit.read"):
        return True
    return actor.organisation_id is not None and event.organisation_id == actor.organisation_id


def find_event(actor: Actor, event_id: UUID) -> AuditEvent:
    """One event; what the actor may not see does not exist for it."""
    event: AuditEvent | None = session.get(AuditEvent, event_id)
    require(event is not None and may_see(actor, event), NotFound())
    assert event is not None
    return event


def events_of(subject_id: UUID) -> Sequence[AuditEvent]:
    """The whole history of one thing, oldest first."""
    query = select(AuditEvent).where(AuditEvent.subject_id == subject_id).order_by(AuditEvent.stream_number)
    found: Sequence[AuditEvent] = session.scalars(query).all()
    return found


@dataclass(frozen=True, kw_only=True)
class HistoryLine:
    """One line of a thing's history as another room shows it: who acted, what, when; no contents."""

    event_id: UUID
    kind: str
    at: datetime
    organisation_name: str
    via: str
    event_hash: str
    may_open: bool


def history_of(subject_id: UUID, actor: Actor) -> list[HistoryLine]:
    """The history of a thing the actor was already allowed to see; receipts open only for its own acts."""
    events = events_of(subject_id)
    names = names_of([event.organisation_id for event in events if event.organisation_id])
    return [
        HistoryLine(
            event_id=event.id,
            kind=event.kind,
            at=event.at,
            organisation_name=names.get(event.organisation_id, "") if event.organisation_id else "",
            via=event.via,
            event_hash=event.event_hash,
            may_open=may_see(actor, event),
        )
        for event in events
    ]


def known_kinds() -> list[str]:
    """The kinds of facts the application can record."""
    return sorted(fact.__name__ for fact in Fact.__subclasses__() if fact.__module__.startswith("marketplace."))


def trail_page(actor: Actor, filters: dict[str, Any], limit: int, after: UUID | None, now: datetime) -> dict[str, Any]:
    """One page of the trail; that somebody looked into everything is itself recorded."""
    found = list(search_events(actor, filters, limit + 1, after))
    if actor.may("audit.read") and actor.organisation_id is not None:
        asked = {name: value for name, value in filters.items() if value is not None}
        announce(actor, now, TrailRead(actor.organisation_id, asked))
    return {"items": found[:limit], "next": found[limit - 1].id if len(found) > limit else None}


def search_events(actor: Actor, filters: dict[str, Any], limit: int, after: UUID | None = None) -> Sequence[AuditEvent]:
    """The newest events the actor may see, narrowed by kind, subject, organisation or day; ``after`` continues."""
    query = select(AuditEvent).order_by(AuditEvent.id.desc()).limit(limit)
    if not actor.may("audit.read"):
        query = query.where(AuditEvent.organisation_id == actor.organisation_id)
    if after is not None:
        query = query.where(AuditEvent.id < after)
    for name in ("kind", "subject_id", "organisation_id", "person_id"):
        if filters.get(name) is not None:
            query = query.where(getattr(AuditEvent, name) == filters[name])
    if filters.get("since") is not None:
        query = query.where(AuditEvent.at >= _midnight(filters["since"]))
    if filters.get("until") is not None:
        query = query.where(AuditEvent.at < _midnight(filters["until"] + timedelta(days=1)))
    found: Sequence[AuditEvent] = session.scalars(query).all()
    return found


def _midnight(day: date) -> datetime:
    """The beginning of a day on the marketplace's clock."""
    return datetime(day.year, day.month, day.day, tzinfo=MARKET_TIME)
