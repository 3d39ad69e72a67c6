"""The key pages of every role on seeded data: accessible in both languages, readable on a phone, kept as pictures."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import DESKTOP, PHONE, DemoServer, Reader

pytestmark = pytest.mark.browser

PAGES: dict[str, list[str]] = {
    "company": [
        "/dashboard", "/assets", "/assets/import", "/listings/mine", "/listings/new", "/deals", "/financing",
        "/financing/apply", "/financing/statements", "/auctions", "/auctions/portfolios/new", "/cross-licences", "/statement", "/payments", "/watchlist", "/saved-searches", "/inbox",
    ],
    "bank": ["/dashboard", "/financing/desk", "/financing/book", "/financing/pledges", "/risk-pool", "/statement"],
    "pool_administrator": ["/dashboard", "/risk-pool", "/risk-pool/schemes"],
    "platform_operator": ["/dashboard", "/verifications", "/credit-flags", "/payments/confirmations", "/payouts", "/claims", "/owner-names", "/audit"],
    "auditor": ["/dashboard", "/audit", "/audit/blocks"],
}  # fmt: skip
DEEPER: dict[str, list[tuple[str, str]]] = {
    "company": [
        ("/assets", "/assets/0"),
        ("/auctions", "/auctions/0"),
        ("/", "/listings/0"),
        ("/financing", "/loans/"),
    ],
    "bank": [("/financing/desk", "/invitations/"), ("/financing/book", "/loans/"), ("/risk-pool", "/enrolments/0")],
    "pool_administrator": [
        ("/risk-pool", "/claims/"),
        ("/risk-pool", "/enrolments/0"),
        ("/risk-pool", "/replenishments"),
    ],
}
"""A list page and what a link to one of its things looks like; the first thing is opened."""
OF_AN_ASSET = ("/title", "/fees", "/rights", "/valuation", "?as_of=2024-05-01")
"""What else there is to read of the first asset."""
PICTURED = {
    "/", "/search?q=电池", "/dashboard", "/assets", "/assets/0", "/auctions/0", "/listings/0", "/deals", "/financing/desk",
    "/loans/", "/risk-pool", "/claims/", "/invitations/",
}  # fmt: skip


def name_of(path: str) -> str:
    """A file name for a page."""
    return path.strip("/").split("?")[0].replace("/", "-").removesuffix("-0") or "home"


def read_all(person: Reader, kind: str) -> list[str]:
    """Visit every page of the role and the first thing behind each list; answers what is wider than the window."""
    wide = []
    visited = [(path, path) for path in PAGES[kind]]
    for path, key in visited:
        person.visit(path)
        wide += look(person, kind, key)
    for listing, pattern in DEEPER.get(kind, []):
        person.visit(listing)
        person.visit(person.first_link(pattern))
        wide += look(person, kind, pattern)
        if pattern == "/assets/0":
            asset = urlsplit(person.page.url).path
            for part in OF_AN_ASSET:
                person.visit(asset + part)
                wide += look(person, kind, part)
    return wide


def look(person: Reader, kind: str, key: str) -> list[str]:
    """Keep a picture of the key pages and say when the page is wider than the window."""
    width = person.page.viewport_size["width"]  # type: ignore[index]
    if key in PICTURED:
        person.picture(f"{person.language}-{width}-{kind}-{name_of(key)}")
    actual = person.page.evaluate("document.documentElement.scrollWidth")
    return [f"{person.page.url} is {actual} wide"] if actual > width else []


@pytest.mark.parametrize("kind", sorted(PAGES))
@pytest.mark.parametrize(("language", "viewport", "scheme"), [("zh", DESKTOP, "light"), ("en", PHONE, "dark")])
def test_every_page_of_the_role_is_accessible_and_fits(
    demo_server: DemoServer, reader: Any, kind: str, language: str, viewport: dict[str, int], scheme: str
) -> None:
    person = reader(demo_server.url, language, viewport, scheme)
    person.become(demo_server.personas[kind])
    assert read_all(person, kind) == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_strangers_see_is_accessible_and_fits(demo_server: DemoServer, reader: Any, language: str) -> None:
    wide = []
    viewport = DESKTOP if language == "zh" else PHONE
    person = reader(demo_server.url, language, viewport)
    for path in (
        "/",
        "/search?q=电池",
        "/search?q=(",
        "/auctions",
        "/enforcement-sales",
        "/rules",
        "/valuations/scorecard",
        "/help",
        "/sign-in",
    ):
        person.visit(path, expect=400 if path.endswith("(") else 200)
        wide += look(person, "anyone", path)
    assert wide == []
