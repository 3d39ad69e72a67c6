"""A marketplace of its own for the journey: fresh database, real server and worker on the loopback, then nothing left."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

ROOT = Path(__file__).resolve().parents[1]
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class StepFailed(Exception):
    """A step of the journey was not answered as it should be."""


@dataclass
class Stage:
    """Where the server listens, and how its commands are run."""

    url: str
    environment: dict[str, str]

    def command(self, *words: str) -> str:
        """Run a flask command on the same database; what it says, or a failed step."""
        done = subprocess.run(
            [sys.executable, "-m", "flask", *words], env=self.environment, cwd=ROOT, capture_output=True, text=True
        )
        if done.returncode:
            raise StepFailed(f"flask {' '.join(words)}: {done.stdout[-400:]} {done.stderr[-400:]}")
        return done.stdout


@contextmanager
def open_stage() -> Iterator[Stage]:
    """Start the server and the worker on a fresh embedded database, and clear everything away afterwards."""
    home = tempfile.mkdtemp(prefix="ip-demo-")
    os.chmod(home, 0o755)  # the database runs as another user when started by root
    port = _free_port()
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | {
        "MARKETPLACE_HOME": home, "MARKETPLACE_ENV": "local", "DEMO": "1", "RATE_LIMITS": "0", "FLASK_APP": "wsgi",
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
    }  # fmt: skip
    stage = Stage(f"http://127.0.0.1:{port}", environment)
    server = None
    try:
        prepare = [sys.executable, "-m", "demo.cast"]
        if subprocess.run(prepare, env=environment, cwd=ROOT).returncode:
            raise StepFailed("the fictional cast could not be prepared")
        serve = [sys.executable, "-m", "flask", "serve", "--port", str(port), "--workers", "1", "--threads", "16"]
        log = (Path(home) / "server.log").open("wb")
        server = subprocess.Popen(serve, env=environment, cwd=ROOT, stderr=log)
        _wait_until_up(stage.url, Path(home) / "server.log")
        yield stage
    finally:
        if server is not None:
            server.terminate()
            server.wait(30)
        shutil.rmtree(home, ignore_errors=True)


class Visitor:
    """One signed-in person with a browser session of their own."""

    def __init__(self, stage: Stage, name: str, email: str) -> None:
        self.name = name
        self.client = httpx.Client(base_url=stage.url, timeout=60, headers={"Accept-Language": "en"})
        page = self.client.get("/demo").text
        person = re.search(rf'action="/demo/([0-9a-f-]{{36}})"(?:(?!</form>).)*?{re.escape(email)}', page, re.S)
        identity = person.group(1) if person else persona_ids(stage)[email]
        self._token(page)
        answer = self.client.post(f"/demo/{identity}", data={"csrf_token": self.token}, headers=self._referer())
        if answer.status_code not in (302, 303):
            raise StepFailed(f"{name} cannot sign in: {answer.status_code}")
        self._token(self.client.get("/demo").text)

    def get(self, path: str, **query: Any) -> Any:
        """Read from the API."""
        return self._checked(self.client.get(f"/api/v1{path}", params=query))

    def post(self, path: str, body: Any = None, expect: tuple[int, ...] = (200, 201), method: str = "POST") -> Any:
        """Act through the API, exactly once."""
        headers = self._referer() | {"Idempotency-Key": uuid4().hex, "X-CSRFToken": self.token}
        answer = self.client.request(method, f"/api/v1{path}", json={} if body is None else body, headers=headers)
        return self._checked(answer, expect)

    def put(self, path: str, body: Any) -> Any:
        """Replace through the API."""
        return self.post(path, body, method="PUT")

    def upload(self, content: bytes, name: str, purpose: str) -> str:
        """Store a file; its id."""
        headers = self._referer() | {"Idempotency-Key": uuid4().hex, "X-CSRFToken": self.token}
        files = {"file": (name, content)}
        answer = self.client.post("/api/v1/files", files=files, data={"purpose": purpose}, headers=headers)
        return str(self._checked(answer)["id"])

    def _token(self, page: str) -> None:
        found = TOKEN.search(page)
        if found is None:
            raise StepFailed(f"{self.name}: the page carries no form token")
        self.token = found.group(1)

    def _referer(self) -> dict[str, str]:
        return {"Referer": str(self.client.base_url)}

    def _checked(self, answer: httpx.Response, expect: tuple[int, ...] = (200, 201)) -> Any:
        if answer.status_code not in expect:
            path = f"{answer.request.method} {answer.request.url.path}"
            raise StepFailed(f"{self.name}: {path} answered {answer.status_code}: {answer.text[:600]}")
        return answer.json() if answer.content else None


def persona_ids(stage: Stage) -> dict[str, str]:
    """The ids of the personas by their address, as the stage's own list tells them."""
    listed = (Path(stage.environment["MARKETPLACE_HOME"]) / "personas.txt").read_text("utf-8").split()
    return dict(zip(listed[::2], listed[1::2], strict=True))


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
        time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
