"""Signing in: one answer for every wrong try, a new session each time, codes once, and proof again for sensitive acts."""

import re
import time
from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from limits import parse
from passlib.totp import TOTP

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.identity import throttle
from marketplace.identity.passwords import set_password
from marketplace.identity.people import Membership, Person
from marketplace.identity.roles import Role
from marketplace.identity.sessions import SignInSession
from marketplace.identity.sign_in import ReauthenticationRequired, require_fresh
from marketplace.identity.visitor import safe_next
from tests.makers.identity import make_organisation, make_person

PASSWORD = "forty grey herons wade"


def make_member(db: Any, kind: str = "company", role: Role = Role.ADMINISTRATOR, **changes: Any) -> tuple[Person, Any]:
    """Somebody with a password who is a member of a new organisation, committed."""
    person, organisation = make_person(**changes), make_organisation(kind)
    set_password(person, PASSWORD)
    db.add(Membership(person_id=person.id, organisation_id=organisation.id, role=role))
    db.commit()
    return person, organisation


def enter(client: FlaskClient, person: Person, password: str = PASSWORD, following: str = "") -> Any:
    """Fill in the sign-in page."""
    return client.post("/sign-in", data={"email": person.email, "password": password, "next": following})


def cookie(client: FlaskClient) -> str:
    """The session cookie's text."""
    found = client.get_cookie("session")
    return found.value if found else ""


def replay(client: FlaskClient, text: str) -> int:
    """What an old cookie still opens."""
    other = client.application.test_client()
    other.set_cookie("session", text)
    return int(other.get("/api/v1/me").status_code)


def newest_letter(client: FlaskClient) -> Any:
    """The letter written last."""
    folder = client.application.extensions["settings"].home / "mail"
    return message_from_bytes(max(folder.glob("*.eml")).read_bytes(), policy=policy.default)


def set_up_codes(client: FlaskClient, person: Person, db: Any) -> tuple[TOTP, list[str], int]:
    """Set up an authenticator app through the page; returns the app, the recovery codes and the time used."""
    page = client.get("/account/second-factor").text
    found = re.search(r"<code>([A-Z2-7 -]+)</code>", page)
    assert found, page
    app, moment = TOTP(key=found[1].replace("-", "").replace(" ", "")), int(time.time()) - 30
    answer = client.post("/account/second-factor", data={"code": app.generate(moment).token})
    assert answer.status_code == 200, answer.text
    return app, re.findall(r"<li><code>([0-9a-f-]{14})</code>", answer.text), moment


def test_a_person_signs_in_and_acts_for_their_organisation(client: FlaskClient, db: Any) -> None:
    person, organisation = make_member(db)
    answer = enter(client, person)
    assert answer.status_code == 303 and answer.location == "/dashboard"
    me = client.get("/api/v1/me").json
    assert me["organisation_id"] == str(organisation.id) and "deal.trade" in me["permissions"]


@pytest.mark.parametrize("path", ["/sign-in", "/api/v1/session"])
def test_an_unknown_address_and_a_wrong_password_get_the_same_answer(client: FlaskClient, db: Any, path: str) -> None:
    person, _organisation = make_member(db)
    answers = []
    for email in (person.email, "nobody@fictional.example"):
        given = {"email": email, "password": "a wrong password"}
        answer = client.put(path, json=given) if path.startswith("/api") else client.post(path, data=given)
        body = re.sub(r"[0-9a-f]{32}|csrf_token\" value=\"[^\"]+|idempotency_key\" value=\"[^\"]+", "", answer.text)
        answers.append((answer.status_code, body.replace(email, "")))
    assert answers[0] == answers[1] and answers[0][0] == 401


def test_registering_a_known_and_an_unknown_address_get_the_same_answer(client: FlaskClient, db: Any) -> None:
    person, _organisation = make_member(db)
    for path in ("/sign-up", "/password/forgotten"):
        known = client.post(path, data={"email": person.email})
        unknown = client.post(path, data={"email": "new@fictional.example"})
        assert (known.status_code, known.location, known.text) == (unknown.status_code, unknown.location, unknown.text)


def test_the_session_changes_at_sign_in_and_the_old_cookie_is_worth_nothing(client: FlaskClient, db: Any) -> None:
    person, _organisation = make_member(db)
    client.get("/sign-in?lang=zh")
    before = cookie(client)
    enter(client, person)
    first = cookie(client)
    assert first != before and replay(client, before) == 401 and replay(client, first) == 200
    client.post("/account/confirm", data={"password": PASSWORD})
    assert replay(client, first) == 401 and replay(client, cookie(client)) == 200


def test_signing_out_ends_the_session_for_good(client: FlaskClient, db: Any) -> None:
    person, _organisation = make_member(db)
    enter(client, person)
    kept = cookie(client)
    client.post("/sign-out")
    assert replay(client, kept) == 401 and client.get("/api/v1/me").status_code == 401


def test_switching_the_organisation_changes_the_session_and_every_act_names_the_new_one(
    client: FlaskClient, db: Any
) -> None:
    person, first = make_member(db)
    second, foreign = make_organisation(), make_organisation()
    db.add(Membership(person_id=person.id, organisation_id=second.id, role=Role.VIEWER))
    db.commit()
    enter(client, person)
    kept = cookie(client)
    assert client.put("/api/v1/me/organisation", json={"organisation_id": str(foreign.id)}).status_code == 404
    assert client.put("/api/v1/me/organisation", json={"organisation_id": str(second.id)}).status_code == 200
    me = client.get("/api/v1/me").json
    assert me["organisation_id"] == str(second.id) and me["permissions"] == [] and replay(client, kept) == 401
    assert client.get("/api/v1/organisation").json["id"] == str(second.id) != str(first.id)


def test_the_sessions_are_listed_and_can_be_ended_one_by_one_or_all_but_this(client: FlaskClient, db: Any) -> None:
    person, _organisation = make_member(db)
    others = [client.application.test_client() for _number in range(3)]
    for browser in (*others, client):
        enter(browser, person)
    listed = client.get("/api/v1/me/sessions").json["items"]
    assert len(listed) == 4
    oldest = listed[-1]["id"]
    assert client.delete(f"/api/v1/me/sessions/{oldest}").status_code == 204
    assert [browser.get("/api/v1/me").status_code for browser in others] == [401, 200, 200]
    assert client.post("/account/sessions/end-others").status_code == 303
    assert [browser.get("/api/v1/me").status_code for browser in (*others, client)] == [401, 401, 401, 200]


def test_nobody_ends_the_session_of_another_person(client: FlaskClient, db: Any) -> None:
    (one, _first), (two, _second) = make_member(db), make_member(db)
    browser = client.application.test_client()
    enter(browser, one)
    enter(client, two)
    theirs = db.query(SignInSession).filter_by(person_id=one.id).one().id
    assert client.delete(f"/api/v1/me/sessions/{theirs}").status_code == 404
    assert browser.get("/api/v1/me").status_code == 200


def test_a_changed_password_ends_the_other_sessions(client: FlaskClient, db: Any) -> None:
    person, _organisation = make_member(db)
    other = client.application.test_client()
    enter(other, person)
    enter(client, person)
    given = {"password": PASSWORD, "new_password": "seven brown otters sleep"}
    assert client.put("/api/v1/me/password", json={**given, "password": "not this one"}).status_code == 401
    assert client.put("/api/v1/me/password", json=given).status_code == 204
    assert (other.get("/api/v1/me").status_code, client.get("/api/v1/me").status_code) == (401, 200)
    assert enter(other, person).status_code == 401
    assert enter(other, person, "seven brown otters sleep").status_code == 303


@pytest.mark.parametrize("password", ["short", "password2026", "1234567890", "aaaaaaaaaaaaaaa", "Qwerty12345!"])
def test_a_password_that_is_easy_to_guess_is_refused(client: FlaskClient, db: Any, password: str) -> None:
    person, _organisation = make_member(db)
    enter(client, person)
    answer = client.put("/api/v1/me/password", json={"password": PASSWORD, "new_password": password})
    assert answer.status_code == 422 and answer.json["errors"][0]["field"] == "new_password"


def test_a_session_ends_after_two_hours_of_rest_and_after_twelve_hours(client: FlaskClient, db: Any) -> None:
    person, _organisation = make_member(db)
    enter(client, person)
    opened = db.query(SignInSession).filter_by(person_id=person.id).one()
    begun = opened.started_at
    assert opened.is_alive(begun + timedelta(hours=1)) and not opened.is_alive(begun + timedelta(hours=2, minutes=1))
    opened.seen_at = begun + timedelta(hours=11)
    assert opened.is_alive(begun + timedelta(hours=11)) and not opened.is_alive(begun + timedelta(hours=12))


def test_a_bank_member_without_a_code_reaches_nothing_but_the_page_that_sets_it_up(
    client: FlaskClient, db: Any
) -> None:
    person, _bank = make_member(db, "bank")
    enter(client, person)
    assert client.get("/api/v1/organisation").json["code"] == "second_factor_required"
    assert client.put("/api/v1/me", json={"name": "X", "language": "en"}).status_code == 403
    answer = client.get("/organisation/members")
    assert answer.status_code == 303 and answer.location.startswith("/account/second-factor")
    set_up_codes(client, person, db)
    assert client.get("/api/v1/organisation").status_code == 200
    assert "loan.approve" in client.get("/api/v1/me").json["permissions"]


def test_a_code_is_asked_at_sign_in_and_works_only_once(client: FlaskClient, db: Any) -> None:
    person, _bank = make_member(db, "bank")
    enter(client, person)
    app, _codes, _moment = set_up_codes(client, person, db)
    other = client.application.test_client()
    answer = enter(other, person)
    assert answer.location == "/sign-in/code" and other.get("/api/v1/me").status_code == 401
    assert other.post("/sign-in/code", data={"code": "000000"}).status_code == 401
    code = app.generate(int(time.time())).token
    assert other.post("/sign-in/code", data={"code": code}).status_code == 303
    assert other.get("/api/v1/me").json["second_factor"] is True
    third = client.application.test_client()
    enter(third, person)
    assert third.post("/sign-in/code", data={"code": code}).status_code == 401
    given = {"email": person.email, "password": PASSWORD}
    assert third.put("/api/v1/session", json=given).json["code"] == "code_needed"
    assert third.put("/api/v1/session", json={**given, "code": code}).json["code"] == "wrong_code"


def test_a_recovery_code_signs_in_once(client: FlaskClient, db: Any) -> None:
    person, _bank = make_member(db, "bank")
    enter(client, person)
    _app, codes, _moment = set_up_codes(client, person, db)
    assert len(codes) == 8
    given = {"email": person.email, "password": PASSWORD, "code": codes[3]}
    assert client.application.test_client().put("/api/v1/session", json=given).status_code == 200
    assert client.application.test_client().put("/api/v1/session", json=given).status_code == 401


def test_a_sensitive_act_asks_for_proof_after_fifteen_minutes() -> None:
    instant = now()
    fresh = Actor(person_id=uuid4(), organisation_id=uuid4(), authenticated_at=instant - timedelta(minutes=15))
    require_fresh(fresh, instant)
    stale = Actor(person_id=uuid4(), organisation_id=uuid4(), authenticated_at=instant - timedelta(minutes=16))
    for actor in (stale, Actor(person_id=uuid4(), organisation_id=uuid4())):
        with pytest.raises(ReauthenticationRequired):
            require_fresh(actor, instant)


def test_proof_is_renewed_on_the_page_and_leads_back(client: FlaskClient, db: Any) -> None:
    person, _organisation = make_member(db)
    enter(client, person)
    opened = db.query(SignInSession).filter_by(person_id=person.id).one()
    opened.authenticated_at = now() - timedelta(hours=1)
    db.commit()
    answer = client.post("/account/confirm", data={"password": "a wrong password", "next": "/organisation"})
    assert answer.status_code == 401
    answer = client.post("/account/confirm", data={"password": PASSWORD, "next": "/organisation"})
    assert answer.location == "/organisation"
    db.refresh(opened)
    assert now() - opened.authenticated_at < timedelta(minutes=1)


EVIL = [
    "//evil.example", "///evil.example", "https:evil.example", "https://evil.example", "\\evil.example", "/\\evil.example",
    "/ok%0d%0aSet-Cookie:x=1", "/ok\r\nSet-Cookie: x=1", "javascript:alert(1)", "/\t/evil.example", "", "evil", "/a\\b", "/%09/evil.example",
]  # fmt: skip


@pytest.mark.parametrize("target", EVIL)
def test_where_to_go_next_stays_on_the_site(client: FlaskClient, db: Any, target: str) -> None:
    assert safe_next(target) == "/dashboard"
    person, _organisation = make_member(db)
    assert enter(client, person, following=target).location == "/dashboard"


def test_a_page_of_the_site_is_gone_on_to() -> None:
    assert safe_next("/organisation?tab=2&q=%E4%B8%AD") == "/organisation?tab=2&q=%E4%B8%AD"


@pytest.fixture
def throttled(app: Any, db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Count wrong tries, in the table outside the test's transaction."""
    monkeypatch.setattr(throttle.limiter, "enabled", True)
    throttle.limiter.limiter.storage.reset()
    yield
    throttle.limiter.limiter.storage.reset()


def test_a_hundred_wrong_passwords_are_slowed_down_and_the_victim_still_gets_in_from_elsewhere(
    client: FlaskClient, db: Any, throttled: None
) -> None:
    person, _organisation = make_member(db)
    answers = [enter(client, person, f"guess number {number}") for number in range(100)]
    statuses = [answer.status_code for answer in answers]
    assert statuses[:10] == [401] * 10 and set(statuses[10:]) == {429}
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 301
    assert enter(client, person).status_code == 429
    elsewhere = client.application.test_client()
    elsewhere.environ_base["REMOTE_ADDR"] = "198.51.100.7"
    assert enter(elsewhere, person).status_code == 303


def test_the_victims_own_browser_is_not_locked_out_by_guessers_everywhere(
    client: FlaskClient, db: Any, throttled: None
) -> None:
    person, _organisation = make_member(db)
    enter(client, person)
    client.post("/sign-out")
    for number in range(60):
        guesser = client.application.test_client()
        guesser.environ_base["REMOTE_ADDR"] = f"203.0.113.{number}"
        enter(guesser, person, "a wild guess")
    stranger = client.application.test_client()
    stranger.environ_base["REMOTE_ADDR"] = "198.51.100.9"
    assert enter(stranger, person).status_code == 429
    assert enter(client, person).status_code == 303


def test_wrong_codes_are_slowed_down_too(client: FlaskClient, db: Any, throttled: None) -> None:
    person, _bank = make_member(db, "bank")
    enter(client, person)
    set_up_codes(client, person, db)
    other = client.application.test_client()
    enter(other, person)
    statuses = [other.post("/sign-in/code", data={"code": f"{number:06}"}).status_code for number in range(15)]
    assert statuses[:10] == [401] * 10 and set(statuses[10:]) == {429}


def test_a_window_passes_by_itself(app: Any, db: Any, throttled: None) -> None:
    window = parse("2 per second")
    counter = throttle.limiter.limiter
    name = uuid4().hex
    assert [counter.hit(window, name) for _number in range(3)] == [True, True, False]
    time.sleep(1.1)
    assert counter.hit(window, name)


def test_a_reset_link_works_once_and_only_for_its_person(client: FlaskClient, db: Any, run_jobs: Any) -> None:
    (person, _one), (other, _two) = make_member(db), make_member(db)
    enter(client, person)
    client.application.test_client().post(
        "/password/forgotten", data={"email": person.email}, headers={"Host": "evil.example"}
    )
    db.commit()
    run_jobs()
    letter = newest_letter(client)
    assert letter["To"] == person.email and "evil.example" not in letter.as_string()
    link = re.search(r"http://127.0.0.1:5000(/password/new/\S+)", letter.get_content())
    assert link
    browser = client.application.test_client()
    assert browser.get(link[1][:-2] + "xx").status_code == 410
    assert browser.post(link[1], data={"password": "seven brown otters sleep"}).status_code == 303
    assert browser.post(link[1], data={"password": "nine blue whales sing"}).status_code == 410
    assert client.get("/api/v1/me").status_code == 401
    assert enter(browser, person, "seven brown otters sleep").status_code == 303
    assert enter(browser, other).status_code == 303


def test_demo_sign_in_does_not_exist_outside_a_demo(client: FlaskClient, db: Any) -> None:
    person = make_person(demo=True)
    db.commit()
    assert client.get("/demo").status_code == 404
    assert client.post(f"/demo/{person.id}").status_code == 404
    assert client.get("/api/v1/me").status_code == 401


def test_in_a_demo_only_demo_people_can_be_entered(
    client: FlaskClient, db: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    settings = client.application.extensions["settings"]
    monkeypatch.setitem(client.application.extensions, "settings", replace(settings, demo=True))
    real, _organisation = make_member(db)
    fictional, bank = make_member(db, "bank", demo=True)
    fictional.password = None
    db.commit()
    assert client.post(f"/demo/{real.id}").status_code == 404
    assert client.post(f"/demo/{fictional.id}").status_code == 303
    me = client.get("/api/v1/me").json
    assert UUID(me["organisation_id"]) == bank.id and me["second_factor"] is True
    opened = db.query(SignInSession).filter_by(person_id=fictional.id).one()
    opened.authenticated_at = now() - timedelta(hours=1)
    db.commit()
    assert client.post("/demo/confirmation", data={"next": "/organisation"}).location == "/organisation"
    db.refresh(opened)
    assert now() - opened.authenticated_at < timedelta(minutes=1)
    enter(client, real)
    assert client.post("/demo/confirmation").status_code == 404


@pytest.mark.parametrize("path", ["/sign-up", "/password/forgotten", "/api/v1/sign-ups", "/api/v1/password-resets"])
def test_letters_cannot_be_asked_for_without_end(client: FlaskClient, db: Any, throttled: None, path: str) -> None:
    statuses = []
    for number in range(22):
        given, headers = {"email": f"n{number}@fictional.example"}, {"Idempotency-Key": uuid4().hex}
        answer = client.post(path, json=given, headers=headers) if "api" in path else client.post(path, data=given)
        statuses.append(answer.status_code)
    assert set(statuses[:20]) <= {202, 303} and statuses[20:] == [429, 429]
    assert int(answer.headers["Retry-After"]) > 0
    spoofed = client.post(path, data=given, headers={"X-Forwarded-For": "198.51.100.1"})
    assert spoofed.status_code == 429
