"""A loan from the application through a call for more security to its pay-off, by keyboard: holder, officer, second person."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import pytest

from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.identity.people import Membership
from marketplace.identity.roles import Role
from tests.browser.conftest import Reader
from tests.conftest import LiveServer
from tests.makers.financing import cny
from tests.makers.identity import make_organisation, make_person
from tests.makers.registry import make_asset
from tests.makers.values import make_value

pytestmark = pytest.mark.browser

PAID_OFF = {"zh": "已结清", "en": "Paid off"}
CURED = {"zh": "已补足", "en": "Cured"}


def fill() -> dict[str, str]:
    """A holder of a right and a spare one for each language, and two people of one bank, each a persona."""
    holder, bank = make_organisation(demo=True), make_organisation("bank", demo=True)
    made = {which: str(make_asset(holder).id) for language in PAID_OFF for which in (language, f"{language} spare")}
    for role, organisation in (("holder", holder), ("officer", bank), ("second", bank)):
        person = make_person(demo=True, name=f"Persona {role}")
        session.add(Membership(person_id=person.id, organisation_id=organisation.id, role=Role.ADMINISTRATOR))
        session.flush()
        made[role] = str(person.id)
    return made


def test_a_loan_lives_from_the_application_to_its_pay_off(live_server: LiveServer, reader: Any) -> None:
    made = live_server.seed(fill)
    for language, paid_off in PAID_OFF.items():
        holder, officer, second = (reader(live_server.url, language) for _person in range(3))
        for person, role in ((holder, "holder"), (officer, "officer"), (second, "second")):
            person.become(made[role])
        ask(holder, made[language])
        offer(officer, second)
        loan = accept(holder)
        for contract in (0, 1):
            for person in (holder, officer):
                person.open(loan)
                person.page.locator('main a[href*="/signatures/"]').nth(contract).focus()
                sign(person)
        register(officer, loan)
        second.open(loan)
        second.press('main form[action$="/disbursement"] button')
        second.check()
        live_server.seed(lambda values=((made[language], 12_000), (made[f"{language} spare"], 20_000)): revalue(values))
        substitute(officer, holder, loan, made[f"{language} spare"])
        assert CURED[language] in holder.visit(f"{loan}/security").inner_text("main")
        officer.open(loan)
        officer.type_into("amount", "10000.00")
        officer.type_into("bank_reference", f"SLIP-{language}")
        officer.press('main form[action$="/repayments"] button')
        officer.check()
        holder.open(loan)
        assert paid_off in holder.page.inner_text("main")


def ask(holder: Reader, asset_id: str) -> None:
    """Five answers."""
    holder.visit(f"/financing/apply?asset={asset_id}")
    box = holder.page.locator(f"#a-{asset_id}")
    if not box.is_checked():
        box.focus()
        holder.page.keyboard.press("Space")
    holder.type_into("amount", "10000")
    holder.type_into("purpose", "Working capital for a fictional product line")
    holder.press('main form[action="/financing/apply"] button[type=submit]')
    holder.check()


def offer(officer: Reader, second: Reader) -> None:
    """One person of the bank prepares the terms, another approves them."""
    officer.open("/financing/desk")
    officer.press('main a[href*="/invitations/"]')
    officer.check()
    officer.type_into("assessed_value", "100000")
    officer.type_into("amount", "10000")
    officer.press('main form[action$="/offers"] button[type=submit]')
    officer.check()
    second.page.goto(officer.page.url)
    second.press('main form[action$="/approval"] button')
    second.check()


def accept(holder: Reader) -> str:
    """Take the offer; answers the loan's address."""
    holder.open("/financing")
    holder.press('main a[href*="/applications/"]')
    holder.check()
    holder.press('main form[action$="/acceptance"] button')
    holder.check()
    return "/financing/loans/" + holder.page.url.split("/loans/")[1].split("?")[0]


def sign(person: Reader) -> None:
    """Follow the focused link, say that one has read the contract, and sign."""
    with person.page.expect_navigation():
        person.page.keyboard.press("Enter")
    person.page.locator("#f-agreed").focus()
    person.page.keyboard.press("Space")
    person.press("section[aria-labelledby=sign-now] form button")


def revalue(values: Iterable[tuple[str, int]]) -> None:
    """What the rights are worth from now on, in yuan."""
    for asset_id, yuan in values:
        make_value(UUID(asset_id), cny(yuan), now())


def substitute(officer: Reader, holder: Reader, loan: str, spare: str) -> None:
    """The bank calls for more security, takes another right in place of the pledged one, both sign, it is registered."""
    security = f"{loan}/security"
    officer.visit(security)
    officer.press('main form[action$="/margin-calls"] button')
    officer.check()
    holder.visit(security)
    holder.page.locator('main details:has(form[action$="/answers"]) summary').focus()
    holder.page.keyboard.press("Enter")
    holder.page.locator("#f-asset_id").select_option(spare)
    holder.page.locator("#f-replaces_id").select_option(index=1)
    holder.press('main form[action$="/answers"] button')
    holder.check()
    officer.visit(security)
    officer.press('main form[action$="/agreement"] button')
    for person in (holder, officer):
        person.open(loan)
        person.page.locator('main a[href*="/signatures/"]').last.focus()
        sign(person)
    register(officer, loan)


def register(officer: Reader, loan: str) -> None:
    """The pledge is filed and registered; only now the money may go."""
    officer.open(loan)
    officer.type_into("filing_number", f"F-{officer.language}")
    officer.press('main form[action$="/filing"] button')
    officer.type_into("registration_number", f"Y-{officer.language}")
    officer.press('main form[action$="/registration"] button')
    officer.check()
