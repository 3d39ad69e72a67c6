"""A real Chromium, the keyboard, and the accessibility rules."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import Server, run_command, serving

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SCREENSHOTS = Path(__file__).resolve().parents[2] / "screenshots"
PHONE = {"width": 320, "height": 720}
DESKTOP = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, without a window; its event loop must not outlive the module's tests."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "Chromium is missing: apt-get install -y chromium fonts-noto-cjk"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


class Reader:
    """One person at the screen: visits pages, checks each against WCAG, keeps pictures."""

    def __init__(self, browser: Browser, address: str, language: str, viewport: dict[str, int], scheme: str) -> None:
        self.address = address
        self.language = language
        self.context = browser.new_context(
            viewport=viewport,  # type: ignore[arg-type]
            locale="zh-CN" if language == "zh" else "en-GB",
            color_scheme=scheme,  # type: ignore[arg-type]
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(30_000)
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))

    def visit(self, path: str, expect: int = 200) -> Page:
        """Open a page in the reader's language and hold it against WCAG 2.2 AA."""
        self.open(path, expect)
        self.check()
        return self.page

    def open(self, path: str, expect: int = 200) -> Page:
        """Open a page in the reader's language that was held against the rules before."""
        joiner = "&" if "?" in path else "?"
        answer = self.page.goto(f"{self.address}{path}{joiner}lang={self.language}")
        assert answer is not None
        assert answer.status == expect, f"{path}: {answer.status}"
        return self.page

    def check(self) -> None:
        """No violation of WCAG A or AA on the page as it stands, and no script error."""
        found: Any = Axe().run(self.page, options={"runOnly": {"type": "tag", "values": WCAG}})
        violations = [
            f"{violation['id']}: {violation['nodes'][0]['html'][:160]}" for violation in found.response["violations"]
        ]
        assert violations == [], f"{self.page.url}: {violations}"
        assert self.faults == []

    def become(self, persona_id: str) -> Page:
        """Sign in as a demo persona, by keyboard."""
        page = self.open("/demo")
        form = page.locator(f'form[action="/demo/{persona_id}"]')
        folded = page.locator("main details:not([open])").filter(has=form)
        if folded.count():
            folded.locator("summary").first.focus()
            page.keyboard.press("Enter")
        form.locator("button").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/dashboard*")
        return page

    def press(self, selector: str) -> None:
        """Open a link or press a button: focus it and press Enter."""
        self.page.locator(selector).first.focus()
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def type_into(self, name: str, text: str) -> None:
        """Replace what a field holds by typing."""
        self.page.locator(f"main #f-{name}").first.focus()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def first_link(self, pattern: str) -> str:
        """The address of the first link of the page's content that matches."""
        href = self.page.locator(f'main a[href*="{pattern}"]').first.get_attribute("href")
        assert href, f"no link to {pattern} on {self.page.url}"
        return href

    def picture(self, name: str) -> None:
        """Keep a picture of the page, where PICTURES is set."""
        if "PICTURES" not in os.environ:
            return
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=str(SCREENSHOTS / f"{name}.png"), full_page=True)

    def close(self) -> None:
        """Leave."""
        self.context.close()


@dataclass(frozen=True)
class DemoServer:
    """The seeded marketplace with one persona's id for each kind of organisation."""

    url: str
    database_url: str
    personas: dict[str, str]

    def ask(self, query: str, *values: object) -> str:
        """One value from the database."""
        with psycopg.connect(self.database_url) as connection:
            row = connection.execute(query, values).fetchone()  # type: ignore[arg-type]
        assert row, query
        return str(row[0])


@pytest.fixture(scope="session")
def demo_server(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    """The marketplace as make run shows it: migrated, seeded, served."""
    home = tmp_path_factory.mktemp("demo")
    url = server.migrated()
    assert run_command(url, home, "seed", "--small")["seeded"]
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT DISTINCT ON (o.kind) o.kind, p.id FROM people p JOIN memberships m ON m.person_id = p.id "
            "JOIN organisations o ON o.id = m.organisation_id WHERE p.demo AND m.role IN ('administrator', 'viewer') "
            "ORDER BY o.kind, o.id, p.id"
        ).fetchall()
    with serving(url, home, updates=True) as (address, _running):
        yield DemoServer(address, url, {str(kind): str(person) for kind, person in rows})
    server.drop(url)


@pytest.fixture
def reader(chromium: Browser) -> Iterator[Any]:
    """Make readers: reader(address, language, viewport, scheme)."""
    readers: list[Reader] = []

    def make(
        address: str, language: str = "en", viewport: dict[str, int] | None = None, scheme: str = "light"
    ) -> Reader:
        readers.append(Reader(chromium, address, language, viewport or DESKTOP, scheme))
        return readers[-1]

    yield make
    for person in readers:
        person.close()
