"""The product as it runs in production, on its own database of the embedded cluster, for the time of a measurement."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg

from marketplace import create_app
from marketplace.core.db import make_engine, session
from marketplace.core.embedded_postgres import Cluster
from marketplace.core.migrating import migrate
from marketplace.settings import Settings

HOME = Path(os.environ.get("MARKETPLACE_HOME", "var")).resolve() / "bench"


@contextmanager
def own_database(secret: str) -> Iterator[str]:
    """A migrated database with the application bound to it; dropped afterwards."""
    cluster = Cluster(HOME)
    cluster.use()
    shutil.rmtree(HOME / "search", ignore_errors=True)  # an index of the database before, which no worker replaces here
    name = "bench_" + uuid4().hex[:12]
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    url = cluster.url(name)
    engine = make_engine(url)
    migrate(engine, url)
    engine.dispose()
    app = create_app(Settings(home=HOME, database_url=url, secret_key=secret, testing=True, rate_limits=False))
    try:
        with app.app_context():
            yield url
    finally:
        session.remove()
        app.extensions["engine"].dispose()
        with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]
        cluster.leave()


def environment(url: str, secret: str) -> dict[str, str]:
    """The settings of a process that works on this database."""
    return os.environ | {
        "DATABASE_URL": url, "MARKETPLACE_ENV": "local", "MARKETPLACE_HOME": str(HOME), "SECRET_KEY": secret,
        "RATE_LIMITS": "0", "FLASK_APP": "wsgi",
    }  # fmt: skip


@contextmanager
def running(url: str, secret: str, worker: bool = False, threads: int = 4, live: bool = False) -> Iterator[str]:
    """gunicorn with two workers on this database, live updates on the next port; yields its address and stops it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    web = [sys.executable, "-m", "gunicorn", "wsgi:app", "-b", f"127.0.0.1:{port}", "-w", "2", "-k", "gthread",
           "--threads", str(threads), "--log-level", "warning"]  # fmt: skip
    flask = [sys.executable, "-m", "flask"]
    commands = [web, *([[*flask, "worker"]] if worker else [])]
    commands += [[*flask, "live", "--port", str(port + 1)]] if live else []
    processes = [subprocess.Popen(command, env=environment(url, secret)) for command in commands]
    try:
        for offset in range(1 + live):
            _wait(f"http://127.0.0.1:{port + offset}/healthz")
        yield f"http://127.0.0.1:{port}"
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Wait for a process to stop; one that does not is killed, so that none is left behind."""
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait(address: str) -> None:
    deadline = time.monotonic() + 240
    while True:
        try:
            urllib.request.urlopen(address, timeout=2).read()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
