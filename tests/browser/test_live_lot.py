"""One running lot, two people: each bid is on the other's screen at once, in their own language, without loading again."""

from typing import Any

import pytest

from tests.browser.conftest import DemoServer, Reader

pytestmark = pytest.mark.browser

LOT = """
SELECT a.id::text FROM auctions a JOIN auction_bidders b ON b.auction_id = a.id AND b.status = 'admitted'
WHERE a.status = 'open' AND a.format = 'english' AND a.opens_at <= now() AND a.closes_at > now() + interval '1 hour'
GROUP BY a.id HAVING count(*) >= 2 ORDER BY a.id LIMIT 1
"""
BIDDER = """
SELECT p.id::text FROM auction_bidders b JOIN memberships m ON m.organisation_id = b.organisation_id AND m.ended_at IS NULL
JOIN people p ON p.id = m.person_id AND p.demo WHERE b.auction_id = %s AND b.status = 'admitted' AND m.role = 'administrator'
ORDER BY b.id, p.id OFFSET %s LIMIT 1
"""
AT_ONCE = 4_000
"""Milliseconds: well under the five seconds of polling, so that only the stream can have brought it."""


def act_as(person: Reader, persona_id: str) -> None:
    """Sign in as a demo persona, also one of those behind «more»."""
    page = person.page
    page.goto(f"{person.address}/demo?lang={person.language}")
    with page.expect_navigation():
        page.eval_on_selector(f'form[action="/demo/{persona_id}"]', "form => form.requestSubmit()")


def test_two_people_see_each_others_bids_at_once(demo_server: DemoServer, reader: Any) -> None:
    lot = demo_server.ask(LOT)
    chinese, english = reader(demo_server.url, "zh"), reader(demo_server.url, "en")
    for place, person in enumerate((chinese, english)):
        act_as(person, demo_server.ask(BIDDER, lot, place))
        person.visit(f"/auctions/{lot}")
    opened = [person.page.evaluate("performance.timeOrigin") for person in (chinese, english)]

    amounts = []
    for bidder in (chinese, english):
        bidder.page.reload()
        amounts.append(bidder.page.locator("main #f-amount").first.input_value())
        bidder.press('form[action$="/bids"] button')
        sees = english if bidder is chinese else chinese
        shown = f"{float(amounts[-1]):,.2f}"
        sees.page.locator('[data-live="price"]', has_text=shown).wait_for(timeout=AT_ONCE)
        sees.page.locator("#live tbody tr", has_text=shown).first.wait_for(timeout=AT_ONCE)
    assert float(amounts[1]) > float(amounts[0])

    chinese.page.locator("[data-said]", has_text="出价已被超过").wait_for(timeout=AT_ONCE)
    chinese.page.locator("#live-news", has_text="出价已被超过").wait_for(timeout=7_000)
    english.page.locator("[data-said]", has_text="You lead").wait_for(timeout=AT_ONCE)
    assert english.page.evaluate("performance.timeOrigin") > opened[1]
    for person in (chinese, english):
        person.check()
        assert person.page.locator("#live-news").get_attribute("aria-live") == "polite"
    assert english.page.locator('[data-live="clock"]').inner_text().startswith("Server time")
