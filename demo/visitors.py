"""People who visit the marketplace over HTTP, each with a browser session of their own."""

import html
import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx

from demo.report import Figure, StepFailed
from demo.stage import Stage

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
GOOD = (200, 201)


class Visitor:
    """One person at a browser; signed in once one of the functions below has done it."""

    def __init__(self, stage: Stage, name: str) -> None:
        self.name, self.token = name, ""
        self.client = stage.open_browser()

    def get(self, path: str, **query: Any) -> Any:
        """Read from the API."""
        return self._checked(self.client.get(f"/api/v1{path}", params=query), GOOD)

    def reading(self, path: str, *names: Any) -> Callable[[], Any]:
        """A later reading of one value of what the API answers."""

        def read() -> Any:
            value = self.get(path)
            for name in names:
                value = value[name]
            return value

        return read

    def figure(self, announced: Any, path: str, *names: Any) -> Figure:
        """An announced value with its reading."""
        return Figure(announced, self.reading(path, *names))

    def post(self, path: str, body: Any = None, expect: tuple[int, ...] = GOOD, method: str = "POST") -> Any:
        """Act through the API, exactly once."""
        answer = self.client.request(method, f"/api/v1{path}", json={} if body is None else body, headers=self._once())
        return self._checked(answer, expect)

    def put(self, path: str, body: Any) -> Any:
        """Replace through the API."""
        return self.post(path, body, method="PUT")

    def refused(self, path: str, body: Any, status: int) -> dict[str, Any]:
        """Try an act that a rule forbids; the problem."""
        problem: dict[str, Any] = self.post(path, body, expect=(status,))
        return problem

    def send_file(self, path: str, content: bytes, name: str, **fields: str) -> Any:
        """Send a file with its fields."""
        answer = self.client.post(f"/api/v1{path}", files={"file": (name, content)}, data=fields, headers=self._once())
        return self._checked(answer, GOOD)

    def upload(self, content: bytes, name: str, purpose: str) -> str:
        """Store a file; its id."""
        return str(self.send_file("/files", content, name, purpose=purpose)["id"])

    def download(self, path: str) -> bytes:
        """The bytes behind an address of the API."""
        answer = self.client.get(f"/api/v1{path}")
        self._must(answer, GOOD)
        return answer.content

    def open(self, path: str) -> str:
        """Read a page; the token of its forms is kept."""
        answer = self.client.get(path, follow_redirects=True)
        self._must(answer, GOOD)
        found = TOKEN.search(answer.text)
        self.token = html.unescape(found.group(1)) if found else self.token
        return answer.text

    def submit(self, page: str, action: str, fields: dict[str, str], file: tuple[str, bytes] | None = None) -> str:
        """Fill in the form of a page as a browser does; the page one is sent on to."""
        form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', self.open(page), re.S)
        if form is None:
            raise StepFailed(f"{self.name}: the page {page} has no form for {action}")
        hidden = {name: html.unescape(value) for name, value in HIDDEN.findall(form.group(0))}
        files = {"file": file} if file else None
        answer = self.client.post(action, data=hidden | fields, files=files, headers=self._referer())
        self._must(answer, (302, 303))
        return self.open(answer.headers["Location"])

    def keep_token(self) -> None:
        """Take the token for acts from the account one is signed in to."""
        self.token = self.get("/me")["csrf_token"]

    def _once(self) -> dict[str, str]:
        return self._referer() | {"Idempotency-Key": uuid4().hex, "X-CSRFToken": self.token}

    def _referer(self) -> dict[str, str]:
        return {"Referer": str(self.client.base_url)}

    def _checked(self, answer: httpx.Response, expect: tuple[int, ...]) -> Any:
        self._must(answer, expect)
        return answer.json() if answer.content else None

    def _must(self, answer: httpx.Response, expect: tuple[int, ...]) -> None:
        if answer.status_code not in expect:
            path = f"{answer.request.method} {answer.request.url.path}"
            raise StepFailed(f"{self.name}: {path} answered {answer.status_code}: {answer.text[:600]}")


def enter_as_persona(stage: Stage, name: str, email: str) -> Visitor:
    """Sign in with one click as a persona of the demo."""
    visitor = Visitor(stage, name)
    visitor.open("/sign-in")
    answer = visitor.client.post(f"/demo/{stage.personas[email]}", data={"csrf_token": visitor.token},
                                 headers={"Referer": stage.url})  # fmt: skip
    if answer.status_code not in (302, 303):
        raise StepFailed(f"{name} cannot sign in: {answer.status_code}")
    visitor.keep_token()
    return visitor


def cny(amount: Any) -> dict[str, str]:
    """An amount as the API takes it."""
    return {"amount": f"{amount:.2f}", "currency": "CNY"}
