"""Several at once on a committed database: one pledge, one accepted offer, one loan day; a killed night changes no cent."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from apiflask import APIFlask
from sqlalchemy.exc import DBAPIError

from marketplace.core.clock import now
from marketplace.core.db import make_engine, session
from marketplace.core.errors import Problem
from marketplace.financing.ageing import age_batch, first_day_to_age
from marketplace.financing.agreements import accept_term_sheet
from marketplace.financing.loans import instalments_of
from tests.conftest import Server
from tests.makers.financing import make_application, make_bank, make_parties, make_running_loan, make_term_sheet

pytestmark = pytest.mark.race
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def committed(server: Server, app: APIFlask) -> Iterator[str]:
    """A database of its own, in which everything is really committed."""
    url = server.migrated()
    engine = make_engine(url, pool_size=10)
    kept = app.extensions["engine"]
    session.remove()
    session.configure(bind=engine, join_transaction_mode="conditional_savepoint")
    with app.app_context():
        yield url
    session.remove()
    session.configure(bind=kept)
    engine.dispose()
    server.drop(url)


def at_once(app: APIFlask, acts: list[Callable[[], Any]]) -> list[str]:
    """Run the acts at the same moment, each in its own transaction; answers how each ended."""
    barrier, ends = threading.Barrier(len(acts)), [""] * len(acts)

    def run(place: int) -> None:
        with app.app_context():
            barrier.wait()
            try:
                acts[place]()
                session.commit()
                ends[place] = "done"
            except (Problem, DBAPIError) as refusal:
                session.rollback()
                ends[place] = type(refusal).__name__
            finally:
                session.remove()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return ends


def test_two_offers_accepted_at_once_leave_one_loan(app: APIFlask, committed: str) -> None:
    parties, second = make_parties(), make_bank()
    application = make_application(parties, second[0])
    sheets = [make_term_sheet(parties, application).id, make_term_sheet(parties, application, bank=second).id]
    session.commit()
    holder = parties.holder
    ends = at_once(app, [lambda sheet=sheet: accept_term_sheet(holder, sheet, [], now()) for sheet in sheets * 2])
    assert sorted(ends).count("done") == 1, ends
    with psycopg.connect(committed) as connection:
        assert connection.execute("SELECT count(*) FROM loans").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM term_sheets WHERE status = 'accepted'").fetchone() == (1,)


def test_one_right_promised_to_two_banks_at_once_is_pledged_once(app: APIFlask, committed: str) -> None:
    parties, second = make_parties(), make_bank()
    sheets = [
        make_term_sheet(parties, make_application(parties)).id,
        make_term_sheet(parties, make_application(parties, second[0]), bank=second).id,
    ]
    session.commit()
    holder = parties.holder
    ends = at_once(app, [lambda sheet=sheet: accept_term_sheet(holder, sheet, [], now()) for sheet in sheets])
    assert sorted(ends).count("done") == 1, ends
    with psycopg.connect(committed) as connection:
        assert connection.execute("SELECT count(*) FROM pledges").fetchone() == (1,)


def night(app: APIFlask, until: Any) -> None:
    day = first_day_to_age()
    while day is not None and day <= until:
        while age_batch(day, now(), size=2):
            session.commit()
        day += timedelta(days=1)
    session.commit()


def fingerprint(url: str) -> list[Any]:
    """Every figure the night writes."""
    with psycopg.connect(url) as connection:
        return [
            connection.execute(query).fetchall()
            for query in (
                "SELECT id, status, loan_class, days_past_due, aged_on, outstanding_minor FROM loans ORDER BY id",
                "SELECT loan_id, nr, penalty_minor FROM instalments ORDER BY loan_id, nr",
                "SELECT loan_id, day, interest_minor, penalty_minor FROM loan_days ORDER BY loan_id, day",
                "SELECT code, posted_debit_minor - posted_credit_minor FROM ledger_accounts ORDER BY code",
            )
        ]


NIGHT = """
from datetime import date
from marketplace import create_app
from marketplace.core.db import session
from marketplace.settings import Settings
from tests.financing.test_races import night
app = create_app(Settings.from_environment())
with app.app_context():
    print("ready", flush=True)
    night(app, date.fromisoformat("{until}"))
    print("finished", flush=True)
"""


def test_a_night_killed_again_and_again_ends_with_the_same_figures(
    app: APIFlask, server: Server, committed: str, tmp_path: Path
) -> None:
    for _number in range(4):
        make_running_loan(make_parties())
    loan = make_running_loan(make_parties())
    until = instalments_of(loan.id)[2].due_on + timedelta(days=35)
    session.commit()
    session.remove()
    twin = committed + "_twin"
    with psycopg.connect(server.address + "/postgres", autocommit=True) as connection:
        session.get_bind().dispose()
        connection.execute(f"CREATE DATABASE {twin.rsplit('/', 1)[1]} TEMPLATE {committed.rsplit('/', 1)[1]}")  # type: ignore[arg-type]
    environment = os.environ | {
        "DATABASE_URL": twin, "MARKETPLACE_HOME": str(tmp_path), "SECRET_KEY": "t" * 48, "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    kills = 0
    try:
        while True:
            process = subprocess.Popen(
                [sys.executable, "-c", NIGHT.format(until=until)], env=environment, cwd=ROOT, stdout=subprocess.PIPE
            )
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            if kills < 3:
                time.sleep(0.15 + 0.1 * kills)
                process.send_signal(signal.SIGKILL)
                kills += 1
                process.wait(10)
                process.stdout.close()
                continue
            assert process.stdout.readline() == b"finished\n"
            process.wait(30)
            process.stdout.close()
            break
        night(app, until)
        session.remove()
        assert fingerprint(twin) == fingerprint(committed)
    finally:
        server.drop(twin)


def test_two_nights_at_once_age_every_loan_once(app: APIFlask, committed: str) -> None:
    loans = [make_running_loan(make_parties()) for _number in range(3)]
    day = loans[0].disbursed_on
    assert day is not None
    session.commit()
    at = datetime.now(UTC)
    for step in range(1, 4):
        at_once(app, [lambda step=step: age_batch(day + timedelta(days=step), at)] * 3)
        with psycopg.connect(committed) as connection:
            found = connection.execute("SELECT count(*), count(DISTINCT (loan_id, day)) FROM loan_days").fetchone()
        assert found == (3 * step, 3 * step)
