"""Somebody who signed up but belongs to no organisation yet can open every page without a fault."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.identity import visitor
from marketplace.identity.jobs import forget_throttle_counts
from marketplace.identity.throttle import ThrottleCount
from tests.identity.test_sign_in import enter, make_member
from tests.makers.identity import make_person


def test_a_newcomer_meets_no_fault_on_any_page(client: FlaskClient, db: Any, sign_in: Any) -> None:
    person = make_person()
    db.commit()
    sign_in(client, Actor(person_id=person.id, organisation_id=None, authenticated_at=now()))
    rules = [
        rule.rule
        for rule in client.application.url_map.iter_rules()
        if "GET" in (rule.methods or set()) and not rule.arguments and rule.rule != "/api/openapi.json"
    ]
    faults = {path: status for path in rules if (status := client.get(path).status_code) >= 500}
    assert faults == {}
    assert "/organisations/new" in client.get("/dashboard").text


def test_when_the_database_is_lost_a_signed_in_person_gets_a_page_that_says_so(
    client: FlaskClient, db: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, _organisation = make_member(db)
    enter(client, person)

    def lost(*_arguments: object) -> None:
        raise OperationalError("SELECT", {}, Exception("the server closed the connection"))

    monkeypatch.setattr(visitor, "visit_with", lost)
    for path in ("/account", "/api/v1/me"):
        answer = client.get(path)
        assert answer.status_code == 503, answer.text
    assert client.get("/sign-in").status_code == 503


def test_counters_of_passed_windows_are_forgotten(db: Any) -> None:
    for minutes in (-1, 1):
        expiry = now() + timedelta(minutes=minutes)
        db.add(ThrottleCount(key=f"test-{minutes}", count=1, expires_at=expiry))
    db.flush()
    forget_throttle_counts()
    kept = {count.key for count in db.query(ThrottleCount).filter(ThrottleCount.key.like("test-%"))}
    assert kept == {"test-1"}
