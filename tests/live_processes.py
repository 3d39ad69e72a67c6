"""What runs in the processes of a live server, each of which puts the application together as production does."""

import os
import sys

import flask.cli
import gunicorn.app.wsgiapp  # type: ignore[import-untyped]  # gunicorn has no types


def serve_pages(environment: dict[str, str], log: str, port: int) -> None:
    """gunicorn with two workers on a port."""
    _settle(environment, log)
    sys.argv = [
        "gunicorn", "wsgi:app", "-b", f"127.0.0.1:{port}", "-w", "2", "-k", "gthread", "--threads", "8", "--preload",
    ]  # fmt: skip
    gunicorn.app.wsgiapp.run()


def run_jobs(environment: dict[str, str], log: str) -> None:
    """The worker."""
    run_command(environment, log, log, ("worker",))


def run_command(environment: dict[str, str], log: str, output: str, words: tuple[str, ...]) -> None:
    """A command of flask, its answer in the output file."""
    _settle(environment, log)
    _write_to(output, 1)
    sys.argv = ["flask", *words]
    flask.cli.main()


def _settle(environment: dict[str, str], log: str) -> None:
    """The settings and the log of this process."""
    os.environ.clear()
    os.environ.update(environment)
    _write_to(log, 1)
    _write_to(log, 2)


def _write_to(path: str, stream: int) -> None:
    os.dup2(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), stream)
