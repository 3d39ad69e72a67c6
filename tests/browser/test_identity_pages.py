"""Identity, notices and the trail on the screen: accessible in both languages, on a phone and in the dark."""

from typing import Any

import pytest

from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.identity.people import Membership, Person
from marketplace.identity.roles import Role
from marketplace.identity.verification import LicenceKind, add_licence_document, submit_organisation
from tests.browser.conftest import DESKTOP, PHONE
from tests.conftest import LiveServer
from tests.makers.identity import make_actor, make_organisation, make_person

pytestmark = pytest.mark.browser

PAGES = {
    "company": ["/account", "/account/security", "/account/second-factor", "/account/confirm", "/organisation",
                "/organisation/members", "/organisation/keys", "/organisations/new", "/inbox", "/audit", "/audit/blocks"],
    "platform_operator": ["/verifications", "/verifications?status=approved", "/inbox", "/audit"],
}  # fmt: skip


def fill() -> dict[str, str]:
    """Two personas and an organisation that waits; returns the persona's names by kind, and the waiting case."""
    operator, company = make_organisation("platform_operator", demo=True), make_organisation(demo=True)
    draft = make_actor(make_organisation(status="draft"))
    add_licence_document(draft, make_person().id, "营业执照.pdf", LicenceKind.BUSINESS_LICENCE, now())
    names: dict[str, str] = {}
    for organisation in (operator, company):
        person: Person = make_person(demo=True, name=f"Persona {organisation.kind.value}")
        session.add(Membership(person_id=person.id, organisation_id=organisation.id, role=Role.ADMINISTRATOR))
        session.flush()
        names[organisation.kind.value] = str(person.id)
    submit_organisation(draft, now())
    return names | {"case": str(draft.organisation_id)}


def be_persona(person: Any, persona_id: str) -> None:
    """Choose a persona by its button."""
    page = person.visit("/demo")
    page.locator(f'form[action="/demo/{persona_id}"] button').click()
    page.wait_for_url("**/dashboard*")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_of_identity_notices_and_trail_is_accessible(
    live_server: LiveServer, reader: Any, language: str
) -> None:
    made = live_server.seed(fill)
    viewport, scheme = (DESKTOP, "light") if language == "zh" else (PHONE, "dark")
    stranger = reader(live_server.url, language, viewport, scheme)
    for path in ("/sign-in", "/sign-up", "/letter-sent", "/password/forgotten", "/demo", "/audit/blocks"):
        page = stranger.visit(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], path
    stranger.close()
    for kind, paths in PAGES.items():
        person = reader(live_server.url, language, viewport, scheme)
        be_persona(person, made[kind])
        for path in [*paths, *([f"/verifications/{made['case']}"] if kind == "platform_operator" else [])]:
            page = person.visit(path)
            assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], path
            person.picture(
                f"identity-{kind}-{path.strip('/').replace('/', '-').split('?')[0][:40]}-{language}-{scheme}"
            )
        event = page if kind == "nobody" else person.visit("/audit")
        event.locator('a[href^="/audit/events/"]').first.click()
        person.check()
        person.close()


def test_signing_up_and_signing_in_work_by_keyboard_alone(live_server: LiveServer, reader: Any) -> None:
    page = reader(live_server.url, "en").visit("/sign-in")
    page.locator("#f-email").focus()
    page.keyboard.type("nobody@fictional.example")
    page.keyboard.press("Tab")
    page.keyboard.type("a wrong password")
    page.keyboard.press("Enter")
    page.locator("#error-summary").wait_for()
    assert "not right" in page.locator("#error-summary").inner_text()
    assert page.locator("#f-email").input_value() == "nobody@fictional.example"
    assert page.locator("#f-password").input_value() == ""
