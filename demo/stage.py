"""A marketplace of its own for the journey: fresh database, real server, worker and card stand-in, then nothing left."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from apiflask import APIFlask
from sqlalchemy import text

from demo.cast import prepare_cast
from demo.report import StepFailed
from marketplace import create_app
from marketplace.core.db import session
from marketplace.settings import Settings

ROOT = Path(__file__).resolve().parents[1]


@dataclass
class Stage:
    """Where the server listens, who can be entered as, and how the marketplace's commands are run."""

    url: str
    home: Path
    app: APIFlask
    personas: dict[str, str]
    browsers: list[httpx.Client] = field(default_factory=list)

    def open_browser(self) -> httpx.Client:
        """A browser of one person; it is closed when the stage is, so that the server need not wait for it."""
        browser = httpx.Client(base_url=self.url, timeout=60, headers={"Accept-Language": "en"})
        self.browsers.append(browser)
        return browser

    def command(self, *words: str) -> Any:
        """Run a flask command on the same database; its JSON answer, or a failed step."""
        done = self.app.test_cli_runner().invoke(args=list(words))
        if done.exit_code:
            raise StepFailed(f"flask {' '.join(words)}: {done.stdout[-400:]} {done.stderr[-400:]} {done.exception!r}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def row(self, query: str, **values: Any) -> tuple[Any, ...]:
        """The one row that a query finds in the database itself."""
        with self.app.app_context():
            found = session.execute(text(query), values).one()
            session.rollback()
        return tuple(found)


@contextmanager
def open_stage() -> Iterator[Stage]:
    """Start everything on a fresh embedded database, and clear everything away afterwards."""
    home = Path(tempfile.mkdtemp(prefix="ip-demo-"))
    os.chmod(home, 0o755)  # the database runs as another user when started by root
    port, card_port = _free_ports(2)
    url, card_secret = f"http://127.0.0.1:{port}", f"whsec_{secrets.token_hex(16)}"
    os.environ.pop("DATABASE_URL", None)
    os.environ.update({
        "MARKETPLACE_HOME": str(home), "MARKETPLACE_ENV": "local", "DEMO": "1", "RATE_LIMITS": "0", "FLASK_APP": "wsgi",
        "PUBLIC_URL": url, "MAIL_BACKEND": "file", "STRIPE_SECRET_KEY": f"sk_test_{secrets.token_hex(8)}",
        "STRIPE_WEBHOOK_SECRET": card_secret, "STRIPE_API_BASE": f"http://127.0.0.1:{card_port}",
    })  # fmt: skip
    log = home / "server.log"
    running: list[subprocess.Popen[bytes]] = []
    app = stage = None
    try:
        app = create_app(Settings.from_environment())
        running.append(_start(log, "-m", "demo.stripe_double", str(card_port), f"{url}/webhooks/stripe", card_secret))
        running.append(_start(log, "-m", "flask", "serve", "--port", str(port), "--workers", "1", "--threads", "16"))
        with app.app_context():
            personas = prepare_cast()
        _wait_until_up(url, log)
        stage = Stage(url, home, app, personas)
        yield stage
    finally:
        for browser in stage.browsers if stage else []:
            browser.close()
        for process in running:
            process.terminate()
        for process in running:
            process.wait(30)
        if app is not None:
            app.extensions["engine"].dispose()
            app.extensions["cluster"].leave()
        shutil.rmtree(home, ignore_errors=True)


def _start(log: Path, *words: str) -> subprocess.Popen[bytes]:
    with log.open("ab") as written:
        return subprocess.Popen([sys.executable, *words], cwd=ROOT, stderr=written)


def _wait_until_up(url: str, log: Path) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            if httpx.get(f"{url}/healthz", timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        if time.monotonic() > deadline:
            raise StepFailed("the server did not start: " + log.read_text("utf-8", "replace")[-800:])
        time.sleep(0.1)


def _free_ports(count: int) -> list[int]:
    """Ports that are free together; all are held until every one is known."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()
