"""Starting the marketplace: the web server, the worker, and both under one command."""

import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from types import FrameType

import click
from flask import current_app
from flask.cli import with_appcontext

from marketplace.commands.seed import make_demo
from marketplace.core.db import make_engine, session
from marketplace.core.jobs import run_worker
from marketplace.core.migrating import migrate

STOP_WITHIN_SECONDS = 20
LOADED_FOR_PAGES = ("rjieba", "rapidfuzz.distance", "typst", "cn2an", "pyhanko.sign.signers", "stripe")
"""Libraries that load on first use; the server loads them before it forks, so that no reader waits for them."""


@click.command("init-db")
@with_appcontext
def init_db() -> None:
    """Bring the database to the newest migration."""
    url = current_app.extensions["database_url"]
    migrate(make_engine(url), url)
    click.echo("database is up to date", err=True)


@click.command("worker")
@click.option("--concurrency", default=2, show_default=True)
@with_appcontext
def worker(concurrency: int) -> None:
    """Run jobs until stopped."""
    run_worker(current_app.extensions["database_url"], concurrency)


@click.command("live")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=5001, show_default=True)
@with_appcontext
def live(host: str, port: int) -> None:
    """Stream live updates of running lots until stopped."""
    _stream_updates(host, port)


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=5000, show_default=True)
@click.option("--workers", default=2, show_default=True)
@click.option("--threads", default=8, show_default=True)
@click.option("--seed", is_flag=True, help="Make the demo first, unless it is there.")
@with_appcontext
def serve(host: str, port: int, workers: int, threads: int, seed: bool) -> None:
    """Run the web server, the worker and the live updates (on the next free port) together until Ctrl-C."""
    if seed:
        make_demo()
        session.remove()
    settings, live_port = current_app.extensions["settings"], _free_port(host, port + 1)
    if "PUBLIC_URL" not in os.environ:
        settings = replace(settings, public_url=f"http://{host}:{port}")
    if "LIVE_URL" not in os.environ:
        settings = replace(settings, live_url=f"http://{host}:{live_port}")
    current_app.extensions["settings"] = settings
    web = [
        "gunicorn", "wsgi:app", "--bind", f"{host}:{port}", "--workers", str(workers),
        "--worker-class", "gthread", "--threads", str(threads), "--access-logfile", "/dev/null", "--log-level", "warning",
    ]  # fmt: skip
    for library in LOADED_FOR_PAGES:
        import_module(library)
    forking = get_context("fork")
    children = [
        forking.Process(target=_serve_pages, args=(web,)),
        forking.Process(target=_run_jobs, args=(current_app.extensions["database_url"],)),
        forking.Process(target=_run_updates, args=(host, live_port)),
    ]
    for child in children:
        child.start()
    click.echo(f"\n  The marketplace is open at http://{host}:{port}  (Ctrl-C stops it)\n", err=True)
    _wait_for(children)


def _free_port(host: str, wished: int) -> int:
    """The wished port, or another if somebody has it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, wished))
        except OSError:
            probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _serve_pages(words: list[str]) -> None:
    """gunicorn with the application that this process has loaded already, which makes a start fast."""
    from gunicorn.app.wsgiapp import run  # type: ignore[import-untyped]  # gunicorn has no types

    os.setsid()
    sys.argv = words
    run()


def _run_jobs(database_url: str) -> None:
    os.setsid()
    run_worker(database_url)


def _run_updates(host: str, port: int) -> None:
    os.setsid()
    _stream_updates(host, port)


def _stream_updates(host: str, port: int) -> None:
    from marketplace.deals.live_server import run_live  # its library is loaded by this process alone

    run_live(current_app._get_current_object(), host, port)  # type: ignore[attr-defined]  # the proxy's own accessor


def _wait_for(children: Sequence[BaseProcess]) -> None:
    """Stay until a signal comes or a child ends; then stop every child, gently first."""
    stopping = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    while not stopping and all(child.is_alive() for child in children):
        time.sleep(0.2)
    for child in children:
        child.terminate()
    deadline = time.monotonic() + STOP_WITHIN_SECONDS
    for child in children:
        child.join(max(0.1, deadline - time.monotonic()))
        if child.is_alive():
            child.kill()
    if not stopping:
        click.echo("A process ended by itself; the marketplace was stopped.", err=True)
        sys.exit(1)
