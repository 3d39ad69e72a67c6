"""The underwriting file: accounts and flags for the banks that weigh a loan, checks from the record, kept as seen."""

import io
from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient

from marketplace.core.clock import market_day, now
from marketplace.core.errors import Malformed, NotAllowed, NotFound
from marketplace.core.money import Money
from marketplace.documents.files import read_file, store_file
from marketplace.financing import underwriting_files
from marketplace.financing.borrower_statements import Stated, banks_weighing, give_statement, statements_of
from marketplace.financing.clubs import allow_place, recommend_place
from marketplace.financing.term_sheets import prepare_term_sheet
from marketplace.financing.underwriting import checks_of_accounts, checks_seen
from marketplace.identity.credit_flags import Decision, DishonestAct, confirm_flag, record_flag
from marketplace.identity.organisations import find_organisation
from tests.makers.clubs import Club
from tests.makers.documents import make_pdf
from tests.makers.financing import Parties, cny, invitation_of, make_application, make_bank, make_offer, make_parties
from tests.makers.identity import make_actor, make_organisation

TODAY = market_day(now())


@pytest.fixture
def parties(db: Any) -> Parties:
    return make_parties()


def stated(parties: Parties, **changes: Any) -> Stated:
    file = store_file(parties.holder, make_pdf(), "accounts.pdf", "accounts", now())
    fields: dict[str, Any] = {
        "ends_on": TODAY - timedelta(days=90), "months": 12, "revenue": cny(900_000), "net_profit": cny(80_000),
        "total_assets": cny(500_000), "total_liabilities": cny(200_000), "audited": True, "file_id": file.id,
    }  # fmt: skip
    return Stated(**(fields | changes))


def standing(found: underwriting_files.UnderwritingFile) -> dict[str, str]:
    return {check.key: check.standing for check in found.checks}


def flagged(parties: Parties) -> None:
    operator = make_organisation("platform_operator")
    assert parties.holder.organisation_id is not None
    decision = Decision(
        credit_code=find_organisation(parties.holder.organisation_id).credit_code or "", act=DishonestAct.BAD_FAITH_MARKS,
        authority="Fictional IP office", decision_number="2026-9", decided_on=TODAY, source="https://example.test/9",
    )  # fmt: skip
    confirm_flag(make_actor(operator), record_flag(make_actor(operator), decision, now()).id, now())


def test_the_file_answers_from_the_record_and_what_is_unknown_is_to_be_looked_at(parties: Parties) -> None:
    application = make_application(parties)
    found = underwriting_files.file_of(application, TODAY)
    assert standing(found) == {
        "verified": "good", "flags": "good", "owner": "good", "lasts": "good", "fees": "wait", "pledge": "good",
        "accounts": "wait",
    }  # fmt: skip
    give_statement(parties.holder, stated(parties), now())
    flagged(parties)
    found = underwriting_files.file_of(application, TODAY)
    assert {key: standing(found)[key] for key in ("flags", "accounts", "debt", "service")} == {
        "flags": "stop", "accounts": "good", "debt": "good", "service": "good",
    }  # fmt: skip
    assert all(check.words for check in found.checks)


def accounts(**changes: Any) -> Any:
    fields: dict[str, Any] = {
        "months": 12, "ends_on": date(2025, 12, 31), "debt_to_assets_bps": 4_000, "net_profit": cny(10_000),
    }  # fmt: skip
    return SimpleNamespace(**(fields | changes))


@pytest.mark.parametrize(
    ("given", "term", "expected"),
    [
        ([], 12, {"accounts": "wait"}),
        ([accounts(months=3)], 12, {"accounts": "wait"}),
        ([accounts(ends_on=date(2024, 12, 31))], 12, {"accounts": "wait"}),
        ([accounts()], 12, {"accounts": "good", "debt": "good", "service": "good"}),
        ([accounts(net_profit=cny(9_999))], 12, {"accounts": "good", "debt": "good", "service": "wait"}),
        ([accounts(net_profit=cny(9_999))], 24, {"accounts": "good", "debt": "good", "service": "good"}),
        ([accounts(debt_to_assets_bps=10_000)], 12, {"accounts": "good", "debt": "stop", "service": "good"}),
        ([accounts(debt_to_assets_bps=None)], 12, {"accounts": "good", "service": "good"}),
        ([accounts(net_profit=Money(1, "HKD"))], 12, {"accounts": "good", "debt": "good"}),
    ],
)
def test_accounts_are_judged_by_rule(app: Any, given: list[Any], term: int, expected: dict[str, str]) -> None:
    found = checks_of_accounts(given, cny(10_000), term, date(2026, 11, 22))
    assert {check.key: check.standing for check in found} == expected


def test_what_the_bank_saw_stays_with_its_offer(parties: Parties) -> None:
    application = make_application(parties)
    sheet = prepare_term_sheet(parties.officer, invitation_of(application, parties.officer).id, make_offer(), now())
    give_statement(parties.holder, stated(parties), now())
    flagged(parties)
    kept = {check.key: check.standing for check in checks_seen(sheet.file_seen)}
    assert (kept["flags"], kept["accounts"]) == ("good", "wait")
    assert sheet.file_seen["on"] == TODAY.isoformat()


def test_banks_that_weigh_a_loan_read_the_accounts_and_no_other_bank_does(parties: Parties) -> None:
    before = give_statement(parties.holder, stated(parties), now())
    with pytest.raises(NotFound):
        read_file(parties.officer, before.file_id)
    make_application(parties)
    after = give_statement(parties.holder, stated(parties, months=3), now())
    assert parties.holder.organisation_id is not None
    assert banks_weighing(parties.holder.organisation_id) == {parties.officer.organisation_id}
    for statement in (before, after):
        assert read_file(parties.officer, statement.file_id)
        with pytest.raises(NotFound):
            read_file(make_bank()[0], statement.file_id)


def test_a_bank_asked_to_take_a_part_reads_the_accounts_once_the_borrower_allows_it(db: Any) -> None:
    club = Club()
    statement = give_statement(club.parties.holder, stated(club.parties), now())
    place, officer = club.propose(club.second, 3_000), club.second[0]
    with pytest.raises(NotFound):
        read_file(officer, statement.file_id)
    allow_place(club.parties.holder, place.id, now())
    assert read_file(officer, statement.file_id)
    recommend_place(officer, place.id, "", now())
    assert {check.key for check in checks_seen(place.file_seen)} >= {"verified", "debt"}


def test_the_latest_statement_of_a_period_counts(parties: Parties) -> None:
    first = give_statement(parties.holder, stated(parties), now())
    second = give_statement(parties.holder, stated(parties, net_profit=cny(-5_000)), now() + timedelta(seconds=1))
    assert parties.holder.organisation_id is not None
    assert statements_of(parties.holder.organisation_id) == [second] != [first]


def test_statements_of_days_to_come_or_in_two_currencies_are_refused(parties: Parties) -> None:
    for changes, field in (
        ({"ends_on": TODAY + timedelta(days=1)}, "ends_on"),
        ({"revenue": Money(1, "HKD")}, "net_profit"),
    ):
        with pytest.raises(Malformed) as refusal:
            give_statement(parties.holder, stated(parties, **changes), now())
        assert list(refusal.value.errors) == [field]
    with pytest.raises(NotFound):
        give_statement(parties.holder, replace(stated(parties), file_id=uuid4()), now())
    with pytest.raises(NotAllowed):
        give_statement(parties.officer, stated(parties), now())


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


def test_accounts_and_file_over_http(parties: Parties, client: FlaskClient, sign_in: Any, db: Any) -> None:
    application = make_application(parties)
    invitation: UUID = invitation_of(application, parties.officer).id
    rival = make_bank()[0]
    given = stated(parties)
    db.commit()
    api = "/api/v1/financing"
    assert client.get(f"{api}/statements").status_code == 401
    sign_in(client, parties.holder)
    form = {
        "ends_on": given.ends_on.isoformat(), "months": "12", "revenue": "900,000", "net_profit": "-80000",
        "total_assets": "500000", "total_liabilities": "0", "audited": "true",
    }  # fmt: skip
    assert client.post("/financing/statements", data=form, headers=key()).status_code == 422
    paper = {"file": (io.BytesIO(make_pdf()), "accounts.pdf")}
    wrong = client.post("/financing/statements", data=form | {"months": "5"} | paper, headers=key())
    assert wrong.status_code == 422
    paper = {"file": (io.BytesIO(make_pdf()), "accounts.pdf")}
    assert client.post("/financing/statements", data=form | paper, headers=key()).status_code == 303
    page = client.get("/financing/statements?lang=zh").get_data(as_text=True)
    assert "80,000.00" in page and "供银行查阅的报表" in page
    assert client.get(f"{api}/statements").get_json()["items"][0]["net_profit"]["amount"] == "-80000.00"
    assert client.get(f"{api}/invitations/{invitation}/file").status_code == 403
    body = {
        "ends_on": given.ends_on.isoformat(), "months": 12, "audited": False, "file_id": str(given.file_id),
        **{name: {"amount": "5.00", "currency": "CNY"} for name in ("revenue", "net_profit", "total_assets", "total_liabilities")},
    }  # fmt: skip
    assert client.post(f"{api}/statements", json=body, headers=key()).status_code == 201
    sign_in(client, rival)
    assert client.get(f"{api}/invitations/{invitation}/file").status_code == 404
    sign_in(client, parties.officer)
    found = client.get(f"{api}/invitations/{invitation}/file").get_json()
    assert {check["key"] for check in found["checks"]} >= {"owner", "accounts"}
    shown = client.get(f"/financing/invitations/{invitation}?lang=en").get_data(as_text=True)
    assert "What the record says" in shown and "No credit flag is in force." in shown
