"""Work for later: a job is inserted in the transaction that asks for it and runs in the worker."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from threading import Event, Thread
from typing import Any

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector

from marketplace.core.db import session

queue = App(connector=SyncPsycopgConnector())
"""The job queue; its tables live in the same PostgreSQL."""

_asking = App(connector=SyncPsycopgConnector())
"""The same queue seen by those who ask for jobs: a worker changes the connector of ``queue``, and jobs ask for jobs."""

tasks: dict[str, Callable[..., None]] = {}
"""Every known job by name."""


def task(name: str, retry: int = 5) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a function runnable as a job; it runs as one transaction and is retried with growing pauses."""

    def declare(function: Callable[..., None]) -> Callable[..., None]:
        tasks[name] = function
        queue.task(name=name, retry=retry)(_in_one_transaction(function))
        return function

    return declare


def every(cron: str, name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a function run by the worker at these times (cron, with an optional sixth field for seconds)."""

    def declare(function: Callable[..., None]) -> Callable[..., None]:
        tasks[name] = function

        def run(timestamp: int) -> None:
            _in_one_transaction(function)()

        queue.periodic(cron=cron)(queue.task(name=name, queueing_lock=name)(run))
        return function

    return declare


def _in_one_transaction(function: Callable[..., None]) -> Callable[..., None]:
    @wraps(function)
    def run(**arguments: Any) -> None:
        try:
            with _application().app_context():
                function(**arguments)
                session.commit()
        finally:
            session.remove()

    return run


def enqueue(name: str, at: datetime | None = None, lock: str | None = None, **arguments: Any) -> None:
    """Ask for a job in the current transaction: it exists only if the transaction commits."""
    if name not in tasks:
        raise LookupError(f"no job is called {name}")
    connection = session.connection().connection.driver_connection
    _asking.configure_task(name, allow_unknown=True, schedule_at=at, lock=lock, connection=connection).defer(
        **arguments
    )


_applications: list[Any] = []


def serve_application(application: Any) -> None:
    """Say in which Flask application the jobs run."""
    _applications[:] = [application]


def _application() -> Any:
    return _applications[0]


Companion = Callable[[Event], None]

companions: list[Companion] = []
"""What runs beside the jobs in a thread of every worker, until the event is set."""


def beside_worker(companion: Companion) -> Companion:
    """Run this function beside the jobs in every worker; it returns soon after the event is set."""
    companions.append(companion)
    return companion


def run_worker(database_url: str, concurrency: int = 2) -> None:
    """Run jobs until stopped by a signal."""
    stopping = Event()
    beside = [Thread(target=_accompany, args=(companion, stopping), daemon=True) for companion in companions]
    for thread in beside:
        thread.start()
    try:
        _run_jobs(database_url, concurrency)
    finally:
        stopping.set()
        for thread in beside:
            thread.join(5)


def _accompany(companion: Companion, stopping: Event) -> None:
    with _application().app_context():
        companion(stopping)


def _run_jobs(database_url: str, concurrency: int) -> None:
    with queue.replace_connector(PsycopgConnector(conninfo=database_url)) as app:
        app.run_worker(concurrency=concurrency, install_signal_handlers=True, listen_notify=True, delete_jobs="never")
