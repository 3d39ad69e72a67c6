"""Holder, buyer and bank at work by keyboard alone, in Chinese and English."""

from typing import Any

import pytest

from tests.browser.conftest import DemoServer

pytestmark = pytest.mark.browser

NOT_HIS = (
    "SELECT l.id FROM listings l WHERE l.mode = 'fixed_price' AND l.status = 'published' AND l.organisation_id NOT IN "
    "(SELECT organisation_id FROM memberships WHERE person_id = %s) ORDER BY l.id OFFSET %s LIMIT 1"
)
HIS_OWN = (
    "SELECT a.id FROM assets a JOIN ownership_shares s ON s.asset_id = a.id WHERE a.status = 'in_force' AND "
    "s.organisation_id IN (SELECT organisation_id FROM memberships WHERE person_id = %s) ORDER BY a.id LIMIT 1"
)
UNANSWERED = (
    "SELECT i.id FROM financing_invitations i WHERE i.status = 'invited' AND i.bank_id IN "
    "(SELECT organisation_id FROM memberships WHERE person_id = %s) ORDER BY i.id OFFSET %s LIMIT 1"
)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_holder_gets_an_indication_and_reads_its_reasons(demo_server: DemoServer, reader: Any, language: str) -> None:
    holder = reader(demo_server.url, language)
    holder.become(demo_server.personas["company"])
    asset = demo_server.ask(HIS_OWN, demo_server.personas["company"])
    page = holder.visit(f"/assets/{asset}")
    holder.press(f'main a[href*="/assets/{asset}/valuation"]')
    holder.press('main form[action$="/indications"] button[type=submit]')
    page.wait_for_url("**/valuations/*")
    holder.check()
    for word in ("P10", "P50", "P90"):
        assert word in page.inner_text("main")
    holder.picture(f"{language}-1280-company-valuation")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_buyer_searches_and_sends_an_offer(demo_server: DemoServer, reader: Any, language: str) -> None:
    buyer = reader(demo_server.url, language)
    page = buyer.become(demo_server.personas["company"])
    page.keyboard.press("/")
    page.keyboard.type("电池")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?*")
    buyer.check()
    assert "电池" in page.inner_text("main")
    listing = demo_server.ask(NOT_HIS, demo_server.personas["company"], 10 if language == "zh" else 20)
    buyer.visit(f"/listings/{listing}")
    buyer.type_into("amount", "-5")
    buyer.press('main form[action$="/offers"] button[type=submit]')
    assert page.locator("#error-summary").is_visible()
    buyer.check()
    buyer.type_into("amount", "123456.78")
    buyer.press('main form[action$="/offers"] button[type=submit]')
    page.wait_for_url("**/negotiations/*")
    buyer.check()
    assert "¥123,456.78" in page.inner_text("main")
    buyer.picture(f"{language}-1280-company-negotiation")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_bank_answers_an_application_with_its_real_cost(demo_server: DemoServer, reader: Any, language: str) -> None:
    bank = reader(demo_server.url, language)
    bank.become(demo_server.personas["bank"])
    bank.visit("/financing/desk")
    invitation = demo_server.ask(UNANSWERED, demo_server.personas["bank"], 0 if language == "zh" else 1)
    page = bank.visit(f"/financing/invitations/{invitation}")
    bank.type_into("assessed_value", "100000")
    bank.type_into("amount", "4000")
    bank.type_into("upfront_fee", "40")
    bank.press('main form[action$="/offers"] button[type=submit]')
    bank.check()
    text = page.inner_text("main")
    assert "¥4,000.00" in text
    assert "%" in text
    bank.picture(f"{language}-1280-bank-term-sheet")
