"""Credit flags: an authority's decision counts when two verifiers wrote it down, until it ends or is repaired."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from marketplace.core.actor import Actor
from marketplace.core.clock import market_day, now
from marketplace.core.db import session
from marketplace.core.errors import Malformed, NotAllowed
from marketplace.core.lifecycle import WrongStatus
from marketplace.identity.credit_flags import (
    CreditFlag,
    Decision,
    DishonestAct,
    FlagKnown,
    confirm_flag,
    flags_counting,
    flags_of,
    record_flag,
    refuse_flag,
    repair_flag,
)
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.identity.organisations import Organisation, find_organisation
from marketplace.identity.verification import OwnOrganisationRefused
from marketplace.notices.inbox import Notice
from tests.makers.identity import make_actor, make_organisation

TODAY = market_day(now())


@pytest.fixture
def verifiers(db: Any) -> tuple[Actor, Actor]:
    operator = make_organisation("platform_operator")
    return make_actor(operator), make_actor(operator)


@pytest.fixture
def firm(db: Any) -> Organisation:
    return make_organisation()


def decision(firm: Organisation, **changes: Any) -> Decision:
    fields: dict[str, Any] = {
        "credit_code": firm.credit_code, "act": DishonestAct.FALSE_DOCUMENTS, "authority": "Fictional IP office",
        "decision_number": "2026-17", "decided_on": TODAY - timedelta(days=10), "source": "https://example.test/17",
    }  # fmt: skip
    return Decision(**(fields | changes))


def in_force(verifiers: tuple[Actor, Actor], firm: Organisation, **changes: Any) -> CreditFlag:
    flag = record_flag(verifiers[0], decision(firm, **changes), now())
    return confirm_flag(verifiers[1], flag.id, now())


def test_a_flag_counts_for_a_year_once_a_second_verifier_confirmed_it(
    verifiers: tuple[Actor, Actor], firm: Organisation
) -> None:
    make_actor(firm)
    flag = record_flag(verifiers[0], decision(firm), now())
    assert flags_of(firm.id) == []
    with pytest.raises(SecondPersonNeeded):
        confirm_flag(verifiers[0], flag.id, now())
    confirm_flag(verifiers[1], flag.id, now())
    last = flag.ends_on
    assert (last.year, last.month, last.day) == (flag.decided_on.year + 1, flag.decided_on.month, flag.decided_on.day)
    assert flags_counting(firm.id, TODAY) == flags_counting(firm.id, last) == [flag]
    assert flags_counting(firm.id, last + timedelta(days=1)) == []
    told = session.query(Notice.kind).where(Notice.organisation_id == firm.id).all()
    assert [kind for (kind,) in told] == ["credit_flag_in_force"]


def test_a_leap_day_ends_on_the_last_day_of_february(verifiers: tuple[Actor, Actor], firm: Organisation) -> None:
    assert in_force(verifiers, firm, decided_on=date(2024, 2, 29)).ends_on == date(2025, 2, 28)


def test_a_repaired_flag_stays_on_record_and_no_longer_counts(
    verifiers: tuple[Actor, Actor], firm: Organisation
) -> None:
    flag = in_force(verifiers, firm)
    repair_flag(verifiers[0], flag.id, "Decision of repair 2026-40", now())
    assert (flags_of(firm.id), flags_counting(firm.id, TODAY)) == ([flag], [])
    with pytest.raises(WrongStatus):
        confirm_flag(verifiers[1], flag.id, now())


def test_a_record_that_was_wrong_never_counted(verifiers: tuple[Actor, Actor], firm: Organisation) -> None:
    flag = record_flag(verifiers[0], decision(firm), now())
    refuse_flag(verifiers[1], flag.id, "Another company of the same name", now())
    assert flags_of(firm.id) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"credit_code": "91110000600037341L"}, "credit_code"),
        ({"decided_on": TODAY + timedelta(days=1)}, "decided_on"),
        ({"ends_on": TODAY - timedelta(days=10)}, "ends_on"),
    ],
)
def test_what_cannot_be_is_refused_by_field(
    verifiers: tuple[Actor, Actor], firm: Organisation, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(Malformed) as refusal:
        record_flag(verifiers[0], decision(firm, **changes), now())
    assert list(refusal.value.errors) == [field]


def test_one_decision_is_one_flag_and_nobody_flags_their_own_house(
    verifiers: tuple[Actor, Actor], firm: Organisation
) -> None:
    record_flag(verifiers[0], decision(firm), now())
    with pytest.raises(FlagKnown):
        record_flag(verifiers[1], decision(firm), now())
    assert verifiers[0].organisation_id is not None
    with pytest.raises(OwnOrganisationRefused):
        record_flag(verifiers[0], decision(find_organisation(verifiers[0].organisation_id)), now())
    with pytest.raises(NotAllowed):
        record_flag(make_actor(make_organisation("bank")), decision(firm, decision_number="18"), now())


def test_the_database_keeps_the_two_people_apart(verifiers: tuple[Actor, Actor], firm: Organisation, db: Any) -> None:
    flag = record_flag(verifiers[0], decision(firm), now())
    with pytest.raises(DBAPIError, match="two_people"):
        db.execute(text("UPDATE credit_flags SET confirmed_by = recorded_by WHERE id = :flag"), {"flag": flag.id})


def test_flags_over_http_are_for_verifiers_and_ones_own(
    verifiers: tuple[Actor, Actor], firm: Organisation, client: FlaskClient, sign_in: Any, db: Any
) -> None:
    owner, code = make_actor(firm), firm.credit_code
    db.commit()
    api, fields = "/api/v1/credit-flags", decision(firm)
    given = {
        "credit_code": code, "act": "false_documents", "authority": fields.authority, "decision_number": "2026-17",
        "decided_on": fields.decided_on.isoformat(), "source": fields.source,
    }  # fmt: skip

    def key() -> dict[str, str]:
        return {"Idempotency-Key": uuid4().hex}

    assert client.get(api).status_code == 401
    sign_in(client, owner)
    assert client.post(api, json=given, headers=key()).status_code == 403
    sign_in(client, verifiers[0])
    assert client.post(api, json=given | {"act": "rudeness"}, headers=key()).status_code == 422
    made = client.post(api, json=given, headers=key())
    assert made.status_code == 201
    flag = f"/credit-flags/{made.get_json()['id']}"
    assert client.post(f"/api/v1{flag}/confirmation", headers=key()).status_code == 403
    sign_in(client, verifiers[1])
    assert "2026-17" in client.get("/credit-flags?lang=zh").get_data(as_text=True)
    assert client.post(f"{flag}/confirmation", headers=key()).status_code == 303
    assert client.post(f"{flag}/nonsense", headers=key()).status_code == 404
    sign_in(client, owner)
    assert [one["status"] for one in client.get("/api/v1/organisation/credit-flags").get_json()["items"]] == [
        "in_force"
    ]
    assert "2026-17" in client.get("/organisation?lang=en").get_data(as_text=True)
    sign_in(client, verifiers[0])
    ended = client.post(f"/api/v1{flag}/repair", json={"reason": "Repaired by 2026-40"}, headers=key())
    assert ended.get_json()["status"] == "repaired"
    late = client.post(f"/api/v1{flag}/refusal", json={"reason": "Too late"}, headers=key())
    assert late.status_code == 409
    form = client.post("/credit-flags", data=given | {"decision_number": "2026-18"}, headers=key())
    assert form.status_code == 303
