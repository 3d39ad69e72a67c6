"""Searching, narrowing, saving and comparing by keyboard alone, in Chinese and English."""

import json
import time
from typing import Any
from urllib.request import urlopen

import pytest

from marketplace.core.db import session
from marketplace.identity.people import Membership
from marketplace.identity.roles import Role
from marketplace.registry.assets import AssetKind
from tests.browser.conftest import PHONE, Reader
from tests.conftest import LiveServer
from tests.makers.identity import make_organisation, make_person
from tests.makers.registry import make_asset

pytestmark = pytest.mark.browser

WORDS = {"zh": ("您要找的是 battery 吗？", "不同"), "en": ("Did you mean battery?", "differs")}


def fill() -> str:
    """Five batteries, one thing else with a number to ask for, and a persona."""
    for at in range(5):
        make_asset(titles={"zh": f"锂电池隔膜{at}", "en": f"Battery separator {at}"}, claims_count=at + 1)
    make_asset(titles={"zh": "电池盒", "en": "Battery box"}, kind=AssetKind.DESIGN)
    make_asset(office="US", number="06693123", kind_code="B2", titles={"en": "Turbine"}, application_number="10123456")
    person = make_person(demo=True, name="Persona")
    organisation = make_organisation(demo=True)
    session.add(Membership(person_id=person.id, organisation_id=organisation.id, role=Role.ADMINISTRATOR))
    session.flush()
    return str(person.id)


def wait_until_found(address: str, total: int) -> None:
    """Wait for the index to follow."""
    deadline = time.monotonic() + 60
    while json.load(urlopen(f"{address}/api/v1/search?q=battery", timeout=30))["total"] < total:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_reader_searches_narrows_compares_and_saves_by_keyboard(live_server: LiveServer, reader: Any) -> None:
    persona = live_server.seed(fill)
    wait_until_found(live_server.url, 6)
    for language in ("zh", "en"):
        holder = reader(live_server.url, language)
        holder.become(persona)
        search_and_narrow(holder)
        compare(holder, WORDS[language][1])
        save(holder)
        holder.visit("/search?q=bettery")
        assert WORDS[language][0] in holder.page.inner_text("#instead + ul")
        holder.press("#instead + ul a")
        assert holder.page.locator("main mark").count() > 0
        read_help_on_a_phone(reader(live_server.url, language, PHONE, "dark"))


def search_and_narrow(holder: Reader) -> None:
    """Type a query, take a facet in and out again."""
    page = holder.visit("/search")
    page.keyboard.press("/")
    page.keyboard.type("电池")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=*")
    holder.check()
    assert "6" in page.inner_text("#found")
    assert page.locator("main mark").count() >= 6
    holder.press('aside a[href*="kind=invention"]')
    assert "5" in page.inner_text("#found")
    assert page.locator("#chosen-filters a").count() == 1
    holder.check()
    holder.press("#chosen-filters a")
    assert page.locator("#chosen-filters").count() == 0


def compare(holder: Reader, differs: str) -> None:
    """Choose two of the results, see in what they differ, add a third by its number."""
    page = holder.page
    for at in (0, 1):
        page.locator('main input[name="asset"]').nth(at).focus()
        page.keyboard.press("Space")
    holder.press('main form[action="/compare"] button')
    holder.check()
    assert differs in page.inner_text("table.compare")
    assert page.locator("table.compare thead th").count() == 3
    rows = page.locator("table.compare tbody tr").count()
    holder.press('main a[href*="only=differences"]')
    assert 1 < page.locator("table.compare tbody tr").count() < rows
    holder.type_into("number", "US 6,693,123 B2")
    page.keyboard.press("Enter")
    page.wait_for_url("**number=*")
    assert "Turbine" in page.inner_text("table.compare")
    assert page.locator("table.compare thead th").count() == 4


def save(holder: Reader) -> None:
    """Keep the search with an alert."""
    page = holder.visit("/search?q=电池&kind=invention")
    page.locator("section > details summary").focus()
    page.keyboard.press("Enter")
    holder.check()
    holder.type_into("name", f"G {holder.language}")
    holder.press('main form[action="/saved-searches"] button')
    assert f"G {holder.language}" in page.inner_text("main")
    holder.check()


def read_help_on_a_phone(person: Reader) -> None:
    """A fault, the help and the boxes by field, on a phone in the dark."""
    page = person.visit("/search?q=battery OR", expect=400)
    for selector in ("#query-help summary", "#by-fields summary"):
        page.locator(selector).focus()
        page.keyboard.press("Enter")
    person.check()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    person.type_into("title", "电池")
    page.keyboard.press("Enter")
    page.wait_for_url("**title*")
    assert page.locator("#search-q").input_value() == "title:(电池)"
    person.check()
