"""The trail: each fact is one event, chained per subject, never changed, and every change by force is found."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from marketplace.audit.sealing import seal_trail
from marketplace.audit.trail import events_of, history_of, record_fact, search_events
from marketplace.audit.verification import verify_trail
from marketplace.core.actor import SYSTEM
from marketplace.core.events import Fact
from marketplace.core.money import Money
from tests.makers.identity import make_actor

NOW = datetime(2026, 11, 22, 3, 4, 5, 6, tzinfo=UTC)


@dataclass(frozen=True)
class ThingHappened(Fact):
    """Something for the tests."""

    thing_id: UUID
    price: Money
    note: str = "字"


def happen(subject: UUID, times: int = 1, actor: Any = SYSTEM) -> list[UUID]:
    return [
        record_fact(actor, NOW, ThingHappened(subject, Money(100 + n, "CNY")), None, {"n": n}).id for n in range(times)
    ]


def test_a_fact_becomes_an_event_with_who_when_what_and_the_hash_of_the_state(db: Any) -> None:
    actor, subject = make_actor(), uuid4()
    happen(subject, actor=actor)
    event = events_of(subject)[0]
    body = json.loads(event.body)
    assert body["kind"] == "ThingHappened" and body["at"] == "2026-11-22T03:04:05.000006Z"
    assert body["organisation"] == str(actor.organisation_id) and body["person"] == str(actor.person_id)
    assert body["payload"]["price"] == {"amount_minor": 100, "currency": "CNY"} and body["payload"]["note"] == "字"
    assert body["before"] is None and len(body["after"]) == 64
    assert verify_trail() == []


def test_events_of_one_subject_are_numbered_and_chained(db: Any) -> None:
    subject, other = uuid4(), uuid4()
    happen(subject, 3)
    happen(other, 1)
    events = events_of(subject)
    assert [event.stream_number for event in events] == [1, 2, 3]
    assert events[0].previous_hash == "0" * 64
    assert events[1].previous_hash == events[0].event_hash and events[2].previous_hash == events[1].event_hash
    assert events_of(other)[0].stream_number == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_events SET kind = 'Nothing'",
        "DELETE FROM audit_events",
        "TRUNCATE audit_events CASCADE",
        "UPDATE audit_blocks SET root = repeat('0', 64)",
        "DELETE FROM audit_leaves",
    ],
)
def test_the_database_refuses_to_change_the_trail(db: Any, statement: str) -> None:
    happen(uuid4(), 2)
    seal_trail(NOW)
    with pytest.raises(DBAPIError, match="append-only"), db.begin_nested():
        db.execute(text(statement))
    assert verify_trail() == []


FORCED = {
    "content": ("UPDATE audit_events SET body = replace(body, '\"n', '\"m') || ' ' WHERE id = :id", "its hash"),
    "column": ("UPDATE audit_events SET kind = 'Other' WHERE id = :id", "column kind"),
    "time": ("UPDATE audit_events SET at = at + interval '1 second' WHERE id = :id", "column at"),
    "hash": ("UPDATE audit_events SET event_hash = repeat('a', 64) WHERE id = :id", "its hash"),
    "previous": ("UPDATE audit_events SET previous_hash = repeat('b', 64) WHERE id = :id", "the event before"),
}


def by_force(db: Any, statement: str, **values: Any) -> None:
    db.execute(text("SET LOCAL session_replication_role = replica"))
    db.execute(text(statement), values)
    db.execute(text("SET LOCAL session_replication_role = origin"))
    db.expire_all()


@pytest.mark.parametrize("how", FORCED)
def test_a_row_changed_by_force_is_named(db: Any, how: str) -> None:
    happen(uuid4(), 2)
    ids = happen(uuid4(), 3)
    seal_trail(NOW)
    statement, problem = FORCED[how]
    by_force(db, statement, id=ids[1])
    first = verify_trail()[0]
    assert first.row_id == ids[1] and first.table == "audit_events" and problem in first.problem


def test_a_removed_event_is_noticed_in_its_stream_and_in_its_block(db: Any) -> None:
    subject = uuid4()
    ids = happen(subject, 3)
    seal_trail(NOW)
    by_force(db, "DELETE FROM audit_leaves WHERE event_id = :id", id=ids[2])
    by_force(db, "DELETE FROM audit_events WHERE id = :id", id=ids[2])
    assert [fault.table for fault in verify_trail()] == ["audit_blocks"]
    by_force(db, "DELETE FROM audit_events WHERE id = :id", id=ids[0])
    assert verify_trail()[0].problem == "event 1 of this subject is missing"


def test_a_block_changed_by_force_is_named(db: Any) -> None:
    happen(uuid4(), 2)
    block = seal_trail(NOW)[-1]
    by_force(db, "UPDATE audit_blocks SET sealed_at = sealed_at - interval '1 day' WHERE id = :id", id=block.id)
    fault = verify_trail()[0]
    assert (fault.table, fault.row_id) == ("audit_blocks", block.id)


def test_an_event_hidden_from_sealing_is_noticed(db: Any) -> None:
    (event_id,) = happen(uuid4())
    by_force(db, "DELETE FROM audit_waiting WHERE event_id = :id", id=event_id)
    assert [(fault.row_id, fault.problem) for fault in verify_trail()] == [
        (event_id, "the event is in no block and does not wait for one")
    ]


def test_an_organisation_sees_what_was_done_in_its_name_and_an_auditor_sees_all(db: Any) -> None:
    mine, others = make_actor(), make_actor()
    auditor = make_actor(kind="auditor")
    subject = uuid4()
    (event_id,) = happen(subject, actor=mine)
    assert event_id in [event.id for event in search_events(mine, {}, 10)]
    assert event_id not in [event.id for event in search_events(others, {}, 10)]
    assert event_id in [event.id for event in search_events(auditor, {"kind": "ThingHappened"}, 10)]
    assert [line.may_open for line in history_of(subject, others)] == [False]
    assert [line.may_open for line in history_of(subject, auditor)] == [True]
