"""Owner and buyer by keyboard: a data room behind a signed undertaking, its log, and a contract signed by both."""

from pathlib import Path
from typing import Any

import pytest

from marketplace.core.db import session
from marketplace.identity.people import Membership
from marketplace.identity.roles import Role
from tests.browser.conftest import Reader
from tests.conftest import LiveServer
from tests.makers.documents import make_pdf
from tests.makers.identity import make_actor, make_organisation, make_person
from tests.makers.listings import make_listing

pytestmark = pytest.mark.browser

WORDS = {
    "zh": {"read": "阅读第 1 页", "signed": "各方均已签署"},
    "en": {"read": "Page 1 read", "signed": "Signed by all"},
}


def fill() -> dict[str, str]:
    """A seller with two listings and a buyer, each with a persona."""
    made: dict[str, str] = {}
    for role in ("seller", "buyer"):
        person, organisation = make_person(demo=True, name=f"Persona {role}"), make_organisation(demo=True)
        session.add(Membership(person_id=person.id, organisation_id=organisation.id, role=Role.ADMINISTRATOR))
        session.flush()
        made[role] = str(person.id)
        if role == "seller":
            made |= {language: str(make_listing(make_actor(organisation)).id) for language in WORDS}
    return made


def test_papers_are_read_behind_an_undertaking_and_a_contract_is_signed_by_both(
    live_server: LiveServer, reader: Any, tmp_path: Path
) -> None:
    made = live_server.seed(fill)
    paper = tmp_path / "配方.pdf"
    paper.write_bytes(make_pdf("secret recipe"))
    for language, words in WORDS.items():
        listing = f"/listings/{made[language]}"
        seller, buyer = (reader(live_server.url, language) for _side in range(2))
        seller.become(made["seller"])
        buyer.become(made["buyer"])
        room = open_room(seller, listing, paper)
        enter_and_read(buyer, listing, paper.name)
        see_the_log_and_close(seller, room, words["read"])
        buyer.open(room, expect=404)
        buyer.open(listing)
        buyer.press('main form[action$="/purchase"] button')
        buyer.check()
        deal = buyer.page.url.removeprefix(live_server.url).split("?")[0]
        for person in (seller, buyer):
            person.open(deal)
            person.press('main a[href*="/signatures/"]')
            signing = person.page.url.removeprefix(live_server.url).split("?")[0]
            sign(person)
        for person in (seller, buyer):
            person.visit(signing)
            assert words["signed"] in person.page.inner_text("main")


def open_room(seller: Reader, listing: str, paper: Path) -> str:
    """The owner opens a room and adds a paper that may be read but not taken along; answers the room's address."""
    seller.open(listing)
    seller.press('main form[action$="/data-room"] button')
    seller.check()
    seller.page.locator('main input[type="file"]').set_input_files(paper)
    seller.press('main form[action$="/documents"] button')
    seller.check()
    assert paper.name in seller.page.inner_text("main")
    return "/data-rooms/" + seller.page.url.split("/data-rooms/")[1].split("?")[0]


def enter_and_read(buyer: Reader, listing: str, name: str) -> None:
    """Sign the undertaking, then read a page with one's own mark."""
    buyer.open(listing)
    buyer.press('main form[action$="/data-room/access"] button')
    buyer.check()
    sign(buyer)
    buyer.open(listing)
    buyer.press('main a[href*="/data-rooms/"]')
    buyer.check()
    buyer.press(f'main a:has-text("{name}")')
    buyer.check()
    sheet = buyer.page.locator("img.sheet")
    assert sheet.evaluate("image => image.decode().then(() => image.naturalWidth)") > 300
    assert buyer.page.locator('main a[href$="/copy.pdf"]').count() == 0


def sign(person: Reader) -> None:
    """Say that one has read it, and sign."""
    person.check()
    person.page.locator("#f-agreed").focus()
    person.page.keyboard.press("Space")
    person.press("section[aria-labelledby=sign-now] form button")


def see_the_log_and_close(seller: Reader, room: str, read: str) -> None:
    """The owner sees who read which page and takes the access back."""
    seller.open(room)
    assert read in seller.page.inner_text("main")
    seller.press('main form[action*="/accesses/"] button')
    seller.check()
