"""A loan of two banks by keyboard: the lead names the other, the borrower allows it, it joins, the offer goes out."""

from datetime import UTC, datetime
from typing import Any

import pytest

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.financing.term_sheets import prepare_term_sheet
from marketplace.identity.people import Membership, actor_for
from marketplace.identity.roles import Role
from tests.browser.conftest import PHONE, Reader
from tests.conftest import LiveServer
from tests.makers.financing import Parties, invitation_of, make_application, make_offer
from tests.makers.identity import make_organisation, make_person
from tests.makers.registry import make_asset

pytestmark = pytest.mark.browser

ROLES = {"holder": "holder", "lead": "lead", "second of the lead": "lead", "officer": "other", "approver": "other"}


def fill() -> dict[str, str]:
    """A holder and two people of each bank, personas all, and an offer of the lead to be made together."""
    organisations = {
        "holder": make_organisation(demo=True), "lead": make_organisation("bank", demo=True),
        "other": make_organisation("bank", demo=True),
    }  # fmt: skip
    actors: dict[str, Actor] = {}
    for role, where in ROLES.items():
        person = make_person(demo=True, name=f"Persona {role}")
        session.add(Membership(person_id=person.id, organisation_id=organisations[where].id, role=Role.ADMINISTRATOR))
        session.flush()
        options: dict[str, Any] = {"authenticated_at": datetime.now(UTC), "second_factor": True}
        actors[role] = actor_for(person.id, organisations[where].id, **options)
    asset = make_asset(organisations["holder"])
    parties = Parties(actors["holder"], actors["lead"], actors["second of the lead"], asset.id)
    application = make_application(parties)
    invitation = invitation_of(application, parties.officer)
    prepare_term_sheet(parties.officer, invitation.id, make_offer(together=True), now())
    return {role: str(actor.person_id) for role, actor in actors.items()} | {
        "bank": str(organisations["other"].id), "application": str(application.id), "invitation": str(invitation.id),
    }  # fmt: skip


def test_two_banks_lend_together(live_server: LiveServer, reader: Any) -> None:
    made = live_server.seed(fill)
    people: dict[str, Reader] = {role: reader(live_server.url, "zh") for role in ROLES}
    for role, person in people.items():
        person.become(made[role])
    lead, holder = people["lead"], people["holder"]
    lead.visit(f"/financing/invitations/{made['invitation']}")
    lead.page.locator("#f-bank_id").select_option(made["bank"])
    lead.type_into("part", "4000")
    lead.press('main form[action$="/places"] button')
    lead.check()
    holder.visit(f"/financing/applications/{made['application']}")
    holder.press('main form[action$="/permission"] button')
    officer = people["officer"]
    officer.visit("/financing/desk")
    officer.press('main a[href*="/club-places/"]')
    officer.check()
    officer.picture("zh-club-place")
    place = officer.page.url.removeprefix(live_server.url)
    officer.press('main form[action$="/recommendation"] button')
    approver = people["approver"]
    approver.open(place)
    approver.press('main form[action$="/joining"] button')
    approver.check()
    second = people["second of the lead"]
    second.open(f"/financing/invitations/{made['invitation']}")
    second.press('main form[action$="/approval"] button')
    holder.open(f"/financing/applications/{made['application']}")
    assert "共同承贷：" in holder.page.inner_text("main")
    holder.press('main form[action$="/acceptance"] button')
    holder.check()
    assert "4,000.00" in holder.page.inner_text("main")
    holder.picture("zh-club-loan")
    loan = holder.page.url.removeprefix(live_server.url).split("?")[0]
    english = reader(live_server.url, "en", PHONE)
    english.become(made["approver"])
    for path, words in ((place, "The terms of the lead bank"), (loan, "divided by what each bank is owed")):
        assert words in english.visit(path).inner_text("main")
