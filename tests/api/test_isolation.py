"""A bank never sees another bank's dealings: every route of financing and of the pool is tried with the other's ids."""

from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings

from marketplace.core.clock import now
from marketplace.financing.amendment_effects import AmendmentKind
from marketplace.financing.covenants import covenants_of_sheet
from marketplace.financing.criteria import prepare_criteria
from tests.financing.test_amendments import propose
from tests.financing.test_criteria import RULES
from tests.financing.test_margin_calls import Case
from tests.financing.test_receivables import Case as LicenceFees
from tests.makers.clubs import Club
from tests.makers.covenants import DEBTS, Promised
from tests.makers.deals import Parties as DealParties
from tests.makers.financing import invitation_of, make_application, make_bank, make_parties, make_term_sheet
from tests.makers.pledged_sales import PledgedSale
from tests.makers.risk_pool import make_scheme

ROOMS = ("financing", "financing_api", "risk_pool", "risk_pool_api")
OPEN_TO_ALL = {"risk_pool.schemes_page", "risk_pool_api.list_schemes", "risk_pool_api.share_loss"}
SECRET = "Only for our eyes"


def routes_of(app: Flask) -> list[tuple[str, str, str, set[str]]]:
    """Every route of the rooms: endpoint, method, path, and what it asks for."""
    return [
        (rule.endpoint, method, rule.rule, set(rule.arguments))
        for rule in app.url_map.iter_rules()
        if rule.endpoint.split(".")[0] in ROOMS
        for method in (rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"}
    ]


def filled(path: str, ids: dict[str, Any]) -> str:
    for name, value in ids.items():
        for converter in ("uuid:", ""):
            path = path.replace(f"<{converter}{name}>", str(value))
    return path


def answers(client: FlaskClient, app: Flask, ids: dict[str, Any]) -> dict[str, tuple[str, Any]]:
    """What each route that asks for something of the other bank's answers, and all that ask for nothing."""
    found = {}
    for endpoint, method, path, wanted in routes_of(app):
        if endpoint in OPEN_TO_ALL or not wanted <= set(ids) or (method != "GET" and not wanted):
            continue
        body = {"headers": {"Idempotency-Key": uuid4().hex}}
        answer = client.open(filled(path, ids), method=method, **(body if method != "GET" else {}))
        found[f"{method} {path}"] = (endpoint, answer)
    return found


def answers_to_full_bodies(client: FlaskClient, app: Any, ids: dict[str, Any]) -> dict[str, tuple[str, Any]]:
    """What each operation that writes to something of the other bank's answers to bodies of the shape it asks for."""
    found: dict[str, tuple[str, Any]] = {}
    rules = {
        rule.rule.replace("uuid:", "").replace("<", "{").replace(">", "}"): rule for rule in app.url_map.iter_rules()
    }
    for result in schemathesis.openapi.from_wsgi("/api/openapi.json", app).get_all_operations():
        operation = result.ok()
        rule, method = rules.get(operation.full_path), operation.method.upper()
        if rule is None or method == "GET" or rule.endpoint.split(".")[0] not in ROOMS:
            continue
        if not rule.arguments or not set(rule.arguments) <= set(ids):
            continue
        name = f"{method} {rule.rule} with a body"
        for body in bodies_of(operation):
            headers = {"Idempotency-Key": uuid4().hex}
            answer = client.open(filled(rule.rule, ids), method=method, json=body, headers=headers)
            if name not in found or found[name][1].status_code == 422:
                found[name] = (rule.endpoint, answer)
    return found


def bodies_of(operation: Any) -> list[dict[str, Any]]:
    """Some bodies of the shape that an operation asks for."""
    bodies: list[dict[str, Any]] = []

    @given(drawn=operation.as_strategy())
    @settings(
        max_examples=3, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def draw(drawn: Any) -> None:
        bodies.append(drawn.body if isinstance(drawn.body, dict) else {})

    draw()
    return bodies


def refuses(answers: dict[str, tuple[str, Any]], ids: dict[str, Any]) -> list[str]:
    """The routes that did what was asked although the thing is another's, or told something of it."""
    told = [SECRET, *(str(value) for name, value in ids.items() if name.endswith("_id"))]
    wrong = []
    for name, (_endpoint, answer) in answers.items():
        asked = "<" in name
        if asked and answer.status_code < 400:
            wrong.append(f"{name}: {answer.status_code}")
        elif any(secret in answer.get_data(as_text=True) and secret not in answer.request.path for secret in told):
            wrong.append(f"{name} tells")
    return wrong


def test_no_route_of_financing_serves_a_bank_with_what_is_anothers(
    app: Any, client: FlaskClient, sign_in: Any, db: Any
) -> None:
    case, rival = Case(), make_bank()[0]
    parties = case.parties
    call = case.call()
    other = make_parties()
    application = make_application(other)
    sheet = make_term_sheet(other, application, rate_bps=777, conditions=SECRET)
    sale = DealParties()
    sale.seller = parties.holder
    promised = Promised(DEBTS)
    in_offer = covenants_of_sheet(promised.sheet.id)[0]
    promised.running()
    club = Club()
    receivable = LicenceFees().offer()
    place = club.ask(club.second, 3_000)
    ids = {
        "place_id": place.id, "receivable_id": receivable.id, "loan_id": case.loan.id, "pledge_id": case.pledge.id, "call_id": call.id, "answer_id": case.offer(call).id,
        "application_id": application.id, "term_sheet_id": sheet.id,
        "invitation_id": invitation_of(application, other.officer).id,
        "criteria_id": prepare_criteria(parties.officer, RULES, now()).id,
        "covenant_id": in_offer.id, "test_id": promised.first().id,
        "amendment_id": propose(parties, case.loan, AmendmentKind.EXTENSION, months=1).id,
        "consent_id": PledgedSale(parties, sale, case.loan).agree().id, "bank_id": parties.officer.organisation_id,
        "kind": "extension", "answer": "agreement", "step": "approval", "party": "bank", "letter": "a",
    }  # fmt: skip
    db.commit()
    sign_in(client, rival)
    tried = answers(client, app, ids)
    assert len(tried) > 70
    assert refuses(tried, ids) == []
    full = answers_to_full_bodies(client, app, ids)
    reached = [name for name, (_endpoint, answer) in full.items() if answer.status_code != 422]
    assert len(reached) > 30, sorted(set(full) - set(reached))
    assert refuses(full, ids) == []


def test_no_route_of_the_pool_serves_a_bank_with_what_is_anothers(
    app: Any, client: FlaskClient, sign_in: Any, world: Any, db: Any
) -> None:
    enrolment = world.enrolled(make_scheme(world), world.loan())
    claim = world.compensated(enrolment)
    ids = {
        "enrolment_id": enrolment.id, "claim_id": claim.id, "loan_id": enrolment.loan_id,
        "subject_id": claim.id, "letter": "a", "step": "approval", "party": "bank",
    }  # fmt: skip
    rival = make_bank()[0]
    db.commit()
    sign_in(client, rival)
    tried = answers(client, app, ids)
    assert len(tried) > 30
    assert refuses(tried, ids) == []


@pytest.fixture
def world(db: Any) -> Any:
    """A pool, a bank and the loans they know."""
    from tests.makers.risk_pool import loans_known, make_world

    loans: dict[Any, Any] = {}
    with loans_known(loans):
        yield make_world(loans)
