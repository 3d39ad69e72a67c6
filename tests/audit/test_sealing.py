"""Sealing: blocks chain, nothing is sealed twice or lost, and writers of different subjects do not wait for each other."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select, text

from marketplace.audit import sealing
from marketplace.audit.sealing import AuditBlock, AuditLeaf, seal_block, seal_trail
from marketplace.audit.trail import AuditEvent, events_of, record_fact
from marketplace.audit.verification import verify_trail
from marketplace.core.actor import SYSTEM
from marketplace.core.db import make_engine, session
from marketplace.core.money import Money
from tests.audit.test_trail import ThingHappened, happen
from tests.conftest import Server

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def committed(app: APIFlask, server: Server) -> Iterator[None]:
    """A database of its own in which threads really commit."""
    url = server.migrated()
    engine = make_engine(url, pool_size=12)
    session.remove()
    session.configure(bind=engine)
    with app.app_context():
        yield
    session.remove()
    session.configure(bind=app.extensions["engine"])
    engine.dispose()
    server.drop(url)


def test_sealing_again_seals_nothing(db: Any) -> None:
    happen(uuid4(), 3)
    assert seal_trail(NOW) != []
    assert seal_trail(NOW) == []


def test_blocks_are_chained_and_full_blocks_are_followed_by_others(db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "EVENTS_PER_BLOCK", 4)
    seal_trail(NOW)
    happen(uuid4(), 10)
    blocks = seal_trail(NOW)
    assert [block.event_count for block in blocks] == [4, 4, 2]
    assert blocks[1].previous_hash == blocks[0].block_hash and blocks[2].previous_hash == blocks[1].block_hash
    assert verify_trail() == []


def test_a_crash_while_sealing_leaves_the_events_waiting(db: Any) -> None:
    happen(uuid4(), 3)
    before = db.scalar(select(func.count()).select_from(AuditBlock))
    crash = db.begin_nested()
    seal_block(NOW)
    crash.rollback()
    assert db.scalar(select(func.count()).select_from(AuditBlock)) == before
    assert [block.event_count for block in seal_trail(NOW)] == [3]
    assert verify_trail() == []


@pytest.mark.race
def test_parallel_writers_and_sealers_make_one_whole_chain(committed: None) -> None:
    subjects = [uuid4() for _number in range(4)]

    def write(subject: UUID) -> None:
        for number in range(15):
            record_fact(SYSTEM, NOW, ThingHappened(subject, Money(number, "CNY")), None, None)
            session.commit()
        session.remove()

    def seal(_number: int) -> None:
        for _again in range(5):
            seal_trail(NOW)
            session.commit()
        session.remove()

    with ThreadPoolExecutor(10) as pool:
        jobs = [pool.submit(write, subject) for subject in subjects * 2] + [pool.submit(seal, n) for n in range(2)]
        for job in jobs:
            job.result()
    seal_trail(NOW)
    session.commit()
    assert session.scalar(select(func.count()).select_from(AuditEvent)) == 120
    assert session.scalar(select(func.count()).select_from(AuditLeaf)) == 120
    assert all([event.stream_number for event in events_of(subject)] == list(range(1, 31)) for subject in subjects)
    assert verify_trail() == []


@pytest.mark.race
def test_a_writer_waits_only_for_writers_of_the_same_subject(committed: None) -> None:
    subject, other = uuid4(), uuid4()
    record_fact(SYSTEM, NOW, ThingHappened(subject, Money(1, "CNY")), None, None)

    def try_to_write(where: UUID) -> str:
        try:
            session.execute(text("SET LOCAL lock_timeout = '300ms'"))
            record_fact(SYSTEM, NOW, ThingHappened(where, Money(2, "CNY")), None, None)
            session.commit()
            return "written"
        except Exception as error:
            return type(error).__name__
        finally:
            session.remove()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(try_to_write, other).result() == "written"
        assert pool.submit(try_to_write, subject).result() == "OperationalError"
    session.commit()
