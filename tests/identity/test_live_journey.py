"""Over real HTTP: from a letter to a verified organisation with a second member, forms protected, cookies kept close."""

import re
import statistics
import time
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from passlib.totp import TOTP

from marketplace.core.db import session
from marketplace.identity.passwords import set_password
from marketplace.identity.people import Membership
from marketplace.identity.roles import Role
from tests.conftest import LiveServer
from tests.makers.documents import make_pdf
from tests.makers.identity import make_organisation, make_person

PASSWORD = "forty grey herons wade"
CODE = "91110000600037341L"


class Browser:
    """A person's browser: keeps cookies, sends each form's protection token."""

    def __init__(self, server: LiveServer) -> None:
        self.http = httpx.Client(base_url=server.url, follow_redirects=False, timeout=20)

    def open(self, path: str) -> httpx.Response:
        """Look at a page."""
        return self.http.get(path, headers={"Accept-Language": "en"})

    def send(self, page: str, form: str, data: dict[str, Any], **more: Any) -> httpx.Response:
        """Fill in the form of a page that posts to this address."""
        text = self.open(page).text
        token = re.search(r'name="csrf_token" value="([^"]+)"', text)
        assert token, text[:500]
        headers = {"Referer": str(self.http.base_url) + page}
        return self.http.post(form, data={"csrf_token": token[1], **data}, headers=headers, **more)


def letter_to(home: Path, address: str) -> str:
    """The text of the newest letter to somebody, once the worker has written it."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for path in sorted((home / "mail").glob("*.eml"), reverse=True):
            letter = message_from_bytes(path.read_bytes(), policy=policy.default)
            if letter["To"] == address:
                return str(letter.get_content())
        time.sleep(0.1)
    raise AssertionError(f"no letter to {address}")


def link_in(text: str) -> str:
    """The path of the link in a letter."""
    found = re.search(r"http://127.0.0.1:\d+(/\S+)", text)
    assert found, text
    return found[1]


def make_operator() -> str:
    """A platform operator with a password; returns the address."""
    person, organisation = make_person(), make_organisation("platform_operator")
    set_password(person, PASSWORD)
    session.add(Membership(person_id=person.id, organisation_id=organisation.id, role=Role.ADMINISTRATOR))
    session.flush()
    return person.email


def sign_up(browser: Browser, home: Path, address: str) -> None:
    """From the address to a signed-in person."""
    assert browser.send("/sign-up", "/sign-up", {"email": address}).headers["Location"] == "/letter-sent"
    link = link_in(letter_to(home, address))
    answer = browser.send(link, link, {"name": "Lin", "password": PASSWORD})
    assert answer.headers["Location"] == "/organisations/new", answer.text


def sign_in_with_code(browser: Browser, address: str) -> None:
    """Sign in and set up the required authenticator app."""
    browser.send("/sign-in", "/sign-in", {"email": address, "password": PASSWORD})
    page = browser.open("/account/second-factor").text
    found = re.search(r"<code>([A-Z2-7 -]+)</code>", page)
    assert found
    code = TOTP(key=found[1].replace("-", "").replace(" ", "")).generate(int(time.time())).token
    answer = browser.send("/account/second-factor", "/account/second-factor", {"code": code})
    assert answer.status_code == 200 and answer.text.count("<li><code>") == 8


@pytest.mark.race
def test_from_a_letter_to_a_verified_organisation_with_two_members(live_server: LiveServer) -> None:
    operator_address, home = live_server.seed(make_operator), live_server.home
    founder, operator, colleague = Browser(live_server), Browser(live_server), Browser(live_server)
    sign_up(founder, home, "lin@acme-ip.cn")
    registration = {"kind": "company", "identifier_kind": "credit_code", "credit_code": CODE.lower(), "name_zh": "虚构"}
    refused = founder.send("/organisations/new", "/organisations/new", {**registration, "credit_code": "9111"})
    assert refused.status_code == 422 and "error-summary" in refused.text and 'value="9111"' in refused.text
    done = founder.send("/organisations/new", "/organisations/new", registration)
    assert done.headers["Location"] == "/organisation"
    files = {"file": ("营业执照.pdf", make_pdf(), "application/pdf")}
    added = founder.send("/organisation", "/organisation/documents", {"kind": "business_licence"}, files=files)
    assert added.status_code == 303, added.text
    assert founder.send("/organisation", "/organisation/submission", {}).status_code == 303

    sign_in_with_code(operator, operator_address)
    case = re.search(r'href="(/verifications/[0-9a-f-]{36})"', operator.open("/verifications").text)
    assert case
    assert operator.send(case[1], f"{case[1]}/approval", {}).status_code == 303
    assert founder.open("/api/v1/me").json()["approved"] is True
    assert "is approved" in letter_to(home, "lin@acme-ip.cn") or "已通过认证" in founder.open("/inbox?lang=zh").text

    founder.send("/organisation/members", "/organisation/invitations", {"email": "wang@acme-ip.cn", "role": "officer"})
    link = link_in(letter_to(home, "wang@acme-ip.cn"))
    assert colleague.send(link, link, {"name": "Wang", "password": PASSWORD}).headers["Location"] == "/dashboard"
    assert "deal.trade" in colleague.open("/api/v1/me").json()["permissions"]
    assert colleague.open(link).status_code == 410


def make_owner() -> str:
    """An administrator of a company with a password; returns the address."""
    person, organisation = make_person(), make_organisation()
    set_password(person, PASSWORD)
    session.add(Membership(person_id=person.id, organisation_id=organisation.id, role=Role.ADMINISTRATOR))
    session.flush()
    return person.email


@pytest.mark.race
def test_forms_cookies_programs_and_timing_give_nothing_away(live_server: LiveServer) -> None:
    address = live_server.seed(make_owner)
    forms_from_elsewhere_change_nothing(live_server, address)
    a_program_changes_things_with_the_token_it_was_given(live_server, address)
    unknown_addresses_take_as_long_as_wrong_passwords(live_server, address)


def forms_from_elsewhere_change_nothing(live_server: LiveServer, address: str) -> None:
    browser = Browser(live_server)
    answer = browser.send("/sign-in", "/sign-in", {"email": address, "password": PASSWORD})
    cookie = next(value for value in answer.headers.get_list("set-cookie") if value.startswith("session="))
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    plain = {"content": b'{"name": "X"}', "headers": {"Content-Type": "text/plain"}}
    for more in ({"data": {"name": "X", "language": "en"}}, plain):
        answer = browser.http.post("/account", **more)
        assert answer.status_code == 400, answer.text
    assert browser.http.put("/api/v1/me", json={"name": "X", "language": "en"}).status_code == 400
    assert browser.http.get("/sign-out").status_code == 405
    assert browser.open("/sign-in").headers["content-security-policy"].count("frame-ancestors 'none'") == 1


def a_program_changes_things_with_the_token_it_was_given(live_server: LiveServer, address: str) -> None:
    http = httpx.Client(base_url=live_server.url)
    me = http.put("/api/v1/session", json={"email": address, "password": PASSWORD})
    assert me.status_code == 200, me.text
    headers = {"X-CSRFToken": me.json()["csrf_token"], "Idempotency-Key": uuid4().hex}
    given = {"email": "x@fictional.example", "role": "viewer"}
    first = http.post("/api/v1/organisation/invitations", json=given, headers=headers)
    again = http.post("/api/v1/organisation/invitations", json=given, headers=headers)
    assert (first.status_code, again.json()) == (201, first.json())
    assert http.delete("/api/v1/session", headers=headers).status_code == 204
    assert http.get("/api/v1/me").status_code == 401


def unknown_addresses_take_as_long_as_wrong_passwords(live_server: LiveServer, address: str) -> None:
    """The right password came first, so the stored hash has the server's own cost."""
    browser = Browser(live_server)

    def seconds(email: str) -> float:
        begun = time.perf_counter()
        answer = browser.http.put("/api/v1/session", json={"email": email, "password": "a wrong password"})
        assert answer.status_code == 401
        return time.perf_counter() - begun

    pairs = [(seconds(address), seconds("nobody@fictional.example")) for _number in range(30)]
    known, unknown = (statistics.median(column) for column in zip(*pairs, strict=True))
    assert abs(known - unknown) < 0.05 and 0.8 < known / unknown < 1.25, (known, unknown)
