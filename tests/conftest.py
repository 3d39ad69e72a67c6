"""A real PostgreSQL for every test: one embedded cluster, one migrated template, one database per test process."""

import json
import os
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from apiflask import APIFlask
from flask import g, request
from flask.testing import FlaskClient
from hypothesis import settings as trials
from sqlalchemy import text
from xdist.scheduler.loadscope import LoadScopeScheduling

os.environ |= {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}  # one test process a core; waiting threads starve the other

from marketplace import create_app
from marketplace.core import http, jobs
from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import make_engine, session
from marketplace.core.embedded_postgres import Cluster
from marketplace.core.migrating import migrate
from marketplace.settings import Settings
from tests import live_processes

trials.register_profile("suite", deadline=None)  # how long a trial takes says how busy the machine is
trials.load_profile("suite")
FORKING = get_context("forkserver")
FORKING.set_forkserver_preload(["marketplace.app", "tests.live_processes"])
ROOT = Path(__file__).resolve().parents[1]
HOME = Path(os.environ.get("MARKETPLACE_TEST_HOME", ROOT / "var" / "test"))


class OneSeededServer(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist's schedulers have no types
    """Hands out tests one by one, but all that read the seeded marketplace to one process, so that it is made once."""

    def _split_scope(self, nodeid: str) -> str:
        return "browser" if nodeid.startswith("tests/browser/") else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneSeededServer:
    """How the test processes share the work."""
    return OneSeededServer(config, log)


@pytest.fixture(scope="session")
def server() -> "Server":
    """The PostgreSQL server of the tests: TEST_DATABASE_URL, or the embedded one."""
    given = os.environ.get("TEST_DATABASE_URL")
    return Server(given.rsplit("/", 1)[0] if given else Cluster(HOME).use().rsplit("/", 1)[0])


@dataclass
class Server:
    """Makes databases that are copies of one migrated template."""

    address: str
    _template: str = ""

    def run(self, statement: str) -> None:
        """Run one statement outside any transaction."""
        with psycopg.connect(self.address + "/postgres", autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[arg-type]

    def empty(self) -> str:
        """The address of a new empty database."""
        name = "t_" + uuid4().hex[:16]
        self.run(f"CREATE DATABASE {name}")
        return f"{self.address}/{name}"

    def migrated(self) -> str:
        """The address of a new migrated database."""
        if not self._template:
            url = self.empty()
            engine = make_engine(url)
            migrate(engine, url)
            engine.dispose()
            self._template = url.rsplit("/", 1)[1]
        name = "t_" + uuid4().hex[:16]
        self.run(f"CREATE DATABASE {name} TEMPLATE {self._template}")
        return f"{self.address}/{name}"

    def drop(self, url: str) -> None:
        """Drop a database of the tests."""
        self.run(f"DROP DATABASE IF EXISTS {url.rsplit('/', 1)[1]} WITH (FORCE)")


def make_settings(database_url: str, home: Path, **changes: Any) -> Settings:
    """Settings for a test application."""
    options: dict[str, Any] = {
        "home": home, "database_url": database_url, "secret_key": "t" * 48, "testing": True, "rate_limits": False,
    }  # fmt: skip
    return Settings(**(options | changes))


@pytest.fixture(scope="session")
def app(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[APIFlask]:
    """The application on a migrated database of this test process."""
    url = server.migrated()
    application = create_app(make_settings(url, tmp_path_factory.mktemp("home")))
    application.before_request_funcs.setdefault(None, []).insert(0, _forget_the_last_request)
    loader = http._loaders[0] if http._loaders else None
    http.load_actors_with(lambda: request.environ.get("test.actor") or (loader() if loader else None))
    yield application
    session.remove()
    application.extensions["engine"].dispose()
    server.drop(url)


def _forget_the_last_request() -> None:
    """Requests of one test share its application context; each must begin knowing nobody."""
    for remembered in ("actor", "acting_name", "database_lost", "visit", "_login_user", "_flask_babel"):
        g.pop(remembered, None)


@pytest.fixture
def db(app: APIFlask) -> Iterator[Any]:
    """The session inside a transaction that is rolled back after the test; commits are savepoints."""
    connection = app.extensions["engine"].connect()
    outer = connection.begin()
    session.remove()
    session.configure(bind=connection, join_transaction_mode="create_savepoint")
    with app.app_context():
        yield session
    session.remove()
    session.configure(bind=app.extensions["engine"], join_transaction_mode="conditional_savepoint")
    if outer.is_active:
        outer.rollback()
    connection.close()


@pytest.fixture
def client(app: APIFlask, db: Any) -> FlaskClient:
    """A browser without JavaScript, in the test's own transaction."""
    return app.test_client()


@pytest.fixture
def sign_in() -> Callable[[FlaskClient, Actor | None], FlaskClient]:
    """Make a client act as somebody: sign_in(client, actor); nobody signs it out."""

    def act_as(client: FlaskClient, actor: Actor | None) -> FlaskClient:
        client.environ_base["test.actor"] = actor
        for remembered in ("actor", "_flask_babel"):
            g.pop(remembered, None)
        return client

    return act_as


@pytest.fixture
def run_jobs(db: Any) -> Callable[[], int]:
    """Run the waiting jobs of the test's transaction in order, and those they ask for; returns how many ran."""

    def run() -> int:
        ran = 0
        while True:
            waiting = db.execute(
                text("SELECT id, task_name, args FROM procrastinate_jobs WHERE status = 'todo' AND "
                     "(scheduled_at IS NULL OR scheduled_at <= clock_timestamp()) ORDER BY id LIMIT 1")
            ).first()  # fmt: skip
            if waiting is None:
                return ran
            db.execute(text("DELETE FROM procrastinate_events WHERE job_id = :id"), {"id": waiting.id})
            db.execute(text("DELETE FROM procrastinate_jobs WHERE id = :id"), {"id": waiting.id})
            jobs.tasks[waiting.task_name](**waiting.args)
            db.flush()
            ran += 1

    return run


@dataclass
class LiveServer:
    """A real gunicorn on its own committed database."""

    url: str
    database_url: str
    home: Path
    application: APIFlask
    processes: list[BaseProcess] = field(default_factory=list)

    def seed(self, fill: Callable[[], Any]) -> Any:
        """Run a function in the application and commit what it made."""
        with self.application.app_context():
            result = fill()
            session.commit()
            session.remove()
        return result


@contextmanager
def serving(url: str, home: Path, updates: bool = False) -> Iterator[tuple[str, list[BaseProcess]]]:
    """gunicorn, the worker and, if wanted, live updates on this database; yields address and processes, and stops them."""
    port, updates_port = _free_port(), _free_port()
    environment = os.environ | live_environment(url, home) | {"PUBLIC_URL": f"http://127.0.0.1:{port}"}
    log = str(home / "server.log")
    if updates:
        environment["LIVE_URL"] = f"http://127.0.0.1:{updates_port}"
    running: list[BaseProcess] = [
        FORKING.Process(target=live_processes.serve_pages, args=(dict(environment), log, port)),
        FORKING.Process(target=live_processes.run_jobs, args=(dict(environment), log)),
    ]
    if updates:
        words = ("live", "--port", str(updates_port))
        running.append(FORKING.Process(target=live_processes.run_command, args=(dict(environment), log, log, words)))
    for process in running:
        process.start()
    try:
        _wait_until_up(f"http://127.0.0.1:{port}/healthz")
        yield f"http://127.0.0.1:{port}", running
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.join(30)


def start_command(url: str, home: Path, *words: str) -> tuple[BaseProcess, Path]:
    """Start a flask command on this database; the process, and the file where its answer will be."""
    output = home / f"{'-'.join(words)}-{uuid4().hex[:6]}.out"
    environment = dict(os.environ) | live_environment(url, home)
    process = FORKING.Process(
        target=live_processes.run_command, args=(environment, str(home / "server.log"), str(output), words)
    )
    process.start()
    return process, output


def run_command(url: str, home: Path, *words: str) -> Any:
    """What a flask command on this database answers."""
    process, output = start_command(url, home, *words)
    process.join(300)
    assert process.exitcode == 0, (output.read_text(), (home / "server.log").read_text()[-3000:])
    return json.loads(output.read_text())


def live_environment(url: str, home: Path) -> dict[str, str]:
    """The settings of a server or command that works on a test's own committed database."""
    return {
        "DATABASE_URL": url, "MARKETPLACE_ENV": "local", "MARKETPLACE_HOME": str(home), "SECRET_KEY": "t" * 48,
        "RATE_LIMITS": "0", "DEMO": "1", "FLASK_APP": "wsgi",
    }  # fmt: skip


@pytest.fixture
def committed(server: Server, tmp_path: Path, app: APIFlask) -> Iterator[LiveServer]:
    """A fresh database where the test's own threads commit; no process serves it."""
    url = server.migrated()
    main_bind = app.extensions["engine"]
    engine = make_engine(url)
    session.remove()
    session.configure(bind=engine, join_transaction_mode="conditional_savepoint")
    try:
        yield LiveServer("", url, tmp_path, app)
    finally:
        session.remove()
        session.configure(bind=main_bind)
        engine.dispose()
        server.drop(url)


@pytest.fixture
def live_server(committed: LiveServer) -> Iterator[LiveServer]:
    """gunicorn and the worker on a fresh database; everything is stopped and dropped afterwards."""
    with serving(committed.database_url, committed.home) as (address, running):
        yield replace(committed, url=address, processes=running)


def _wait_until_up(address: str) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:
                answer.read()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


__all__ = [
    "SYSTEM",
    "LiveServer",
    "Server",
    "live_environment",
    "make_settings",
    "run_command",
    "serving",
    "start_command",
]
