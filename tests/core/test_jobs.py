"""A job exists only if the transaction that asked for it commits."""

from collections.abc import Callable
from typing import Any

import pytest
from procrastinate import PsycopgConnector
from sqlalchemy import text

from marketplace.core import jobs

done: list[str] = []


@jobs.task("tests.remember")
def remember(word: str) -> None:
    done.append(word)


def test_a_job_is_inserted_in_the_callers_transaction_and_runs_once(db: Any, run_jobs: Callable[[], int]) -> None:
    done.clear()
    savepoint = db.begin_nested()
    jobs.enqueue("tests.remember", word="lost")
    savepoint.rollback()
    jobs.enqueue("tests.remember", word="kept")
    assert db.execute(text("SELECT count(*) FROM procrastinate_jobs")).scalar_one() == 1
    assert run_jobs() == 1
    assert done == ["kept"]
    assert run_jobs() == 0


def test_a_job_that_runs_in_a_worker_can_ask_for_another_job(db: Any, run_jobs: Callable[[], int]) -> None:
    done.clear()
    with jobs.queue.replace_connector(PsycopgConnector()):
        jobs.enqueue("tests.remember", word="asked for by a job")
    assert run_jobs() == 1
    assert done == ["asked for by a job"]


def test_an_unknown_job_cannot_be_asked_for(db: Any) -> None:
    with pytest.raises(LookupError):
        jobs.enqueue("tests.nobody_knows_this")
