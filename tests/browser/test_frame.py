"""The frame around every page, in both languages, by keyboard, on a phone and in the dark."""

from typing import Any

import pytest

from tests.browser.conftest import DESKTOP, PHONE
from tests.conftest import LiveServer

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_front_pages_are_accessible_at_every_width_and_in_the_dark(
    live_server: LiveServer, reader: Any, language: str
) -> None:
    for viewport in (PHONE, DESKTOP):
        for scheme in ("light", "dark"):
            person = reader(live_server.url, language, viewport, scheme)
            for path in ("/", "/help"):
                page = person.visit(path)
                assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_slash_focuses_the_search_box_and_the_first_tab_stop_skips_to_the_content(
    live_server: LiveServer, reader: Any
) -> None:
    page = reader(live_server.url, "en").visit("/help")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"
