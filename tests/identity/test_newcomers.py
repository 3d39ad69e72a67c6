"""Somebody who signed up but belongs to no organisation yet can open every page without a fault."""

from typing import Any

from flask.testing import FlaskClient

from marketplace.core.actor import Actor
from marketplace.core.clock import now
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
