"""Financing over HTTP: anonymous, other organisation, malformed, refused, success, in both languages."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from marketplace.core.clock import now
from marketplace.financing.loans import LoanStatus, find_loan
from marketplace.financing.pledges import pledges_of_loan
from marketplace.financing.term_sheets import prepare_term_sheet
from tests.makers.financing import (
    Parties,
    cny,
    invitation_of,
    make_agreed_loan,
    make_application,
    make_bank,
    make_offer,
    make_parties,
    make_pledged_loan,
    make_running_loan,
    make_term_sheet,
)
from tests.makers.identity import make_actor


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


def money(yuan: int) -> dict[str, str]:
    return {"amount": f"{yuan}.00", "currency": "CNY"}


@pytest.fixture
def parties(db: Any) -> Parties:
    return make_parties()


@pytest.fixture
def sign_in(sign_in: Any, db: Any) -> Any:
    """Keep what was made so far, because a refused request undoes the rest, and act as somebody."""

    def act_as(client: FlaskClient, actor: Any) -> FlaskClient:
        db.commit()
        signed: FlaskClient = sign_in(client, actor)
        return signed

    return act_as


OFFER = {
    "amount": money(10_000), "rate_bps": 435, "term_months": 12, "method": "equal_instalments",
    "upfront_fee": money(0), "assessed_value": money(100_000), "value_basis": "bank_internal",
}  # fmt: skip
FORM = {
    "amount": "10000", "rate_bps": "435", "term_months": "12", "method": "bullet", "upfront_fee": "100",
    "assessed_value": "100000", "value_basis": "bank_internal", "every_months": "1", "pool_cover_bps": "0",
    "valid_days": "30", "conditions": "", "note": "Sound", "ip_secured": "",
}  # fmt: skip


def test_nobody_sees_financing_without_signing_in(client: FlaskClient, db: Any) -> None:
    for path in ("/financing", "/financing/apply", "/financing/desk", "/financing/book", "/financing/pledges"):
        assert client.get(path).status_code in (302, 401)
    for path in ("applications", "loans", "invitations"):
        assert client.get(f"/api/v1/financing/{path}").status_code == 401


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_of_a_running_loan_shows_to_its_parties(
    client: FlaskClient, sign_in: Any, parties: Parties, language: str
) -> None:
    loan = make_running_loan(parties)
    for actor, paths in (
        (parties.holder, ["/financing", "/financing/apply", f"/financing/applications/{loan.application_id}"]),
        (parties.officer, ["/financing/desk", "/financing/book", "/financing/pledges"]),
    ):
        sign_in(client, actor)
        for path in [*paths, f"/financing/loans/{loan.id}", "/dashboard"]:
            page = client.get(f"{path}?lang={language}")
            assert page.status_code == 200, path
    assert ("等额本息" if language == "zh" else "Equal instalments") in client.get(
        f"/financing/loans/{loan.id}?lang={language}"
    ).text


def test_the_form_files_an_application_and_shows_its_errors(
    client: FlaskClient, sign_in: Any, parties: Parties
) -> None:
    sign_in(client, parties.holder)
    form = {
        "asset_ids": [str(parties.asset_id)], "amount": "10000", "term_months": "12", "purpose": "Working capital",
        "bank_ids": [str(parties.officer.organisation_id)],
    }  # fmt: skip
    bad = client.post(
        "/financing/apply", data=form | {"amount": "many"}, headers={"Referer": "http://localhost/financing/apply"}
    )
    assert bad.status_code == 422
    over = client.post("/financing/apply", data=form | {"amount": "9999999999"})
    assert over.status_code == 422
    done = client.post("/financing/apply", data=form)
    assert done.status_code == 303
    assert client.get(done.headers["Location"]).status_code == 200


def test_an_amount_above_the_cap_is_refused_by_the_api_with_the_binding_limit(
    client: FlaskClient, sign_in: Any, parties: Parties
) -> None:
    sign_in(client, parties.holder)
    wish = {
        "asset_ids": [str(parties.asset_id)], "amount": money(9_999_999_999), "term_months": 12,
        "purpose": "Working capital", "bank_ids": [str(parties.officer.organisation_id)],
    }  # fmt: skip
    refused = client.post("/api/v1/financing/applications", json=wish, headers=key())
    assert (refused.status_code, refused.json["code"]) == (422, "over_cap")
    assert refused.json["binding_term"] in ("policy_cap", "lower_bound")
    wish["amount"] = money(10_000)
    filed = client.post("/api/v1/financing/applications", json=wish, headers=key())
    assert filed.status_code == 201
    assert client.post("/api/v1/financing/applications", json=wish | {"x": 1}, headers=key()).status_code == 422
    assert client.post("/api/v1/financing/applications", json=wish).status_code == 400


def test_a_bank_makes_its_offer_on_the_underwriting_page(client: FlaskClient, sign_in: Any, parties: Parties) -> None:
    application = make_application(parties)
    address = f"/financing/invitations/{invitation_of(application, parties.officer).id}"
    sign_in(client, parties.officer)
    assert client.get(address).status_code == 200
    assert client.post(f"{address}/offers", data=FORM | {"rate_bps": "x"}).status_code == 422
    assert client.post(f"{address}/offers", data=FORM).status_code == 303
    page = client.get(f"{address}?lang=en").text
    assert "Waits for a second person" in page
    sign_in(client, parties.approver)
    assert "Approve the offer" in client.get("/financing/desk?lang=en").text


def test_another_bank_sees_nothing_of_an_application_an_offer_or_a_loan(
    client: FlaskClient, sign_in: Any, parties: Parties
) -> None:
    rival, _ = make_bank()
    application = make_application(parties, rival)
    sheet = make_term_sheet(parties, application, rate_bps=777, conditions="Only for our eyes")
    invitation = invitation_of(application, parties.officer)
    loan = make_agreed_loan(make_parties())
    pledge = pledges_of_loan(loan.id)[0]
    sign_in(client, rival)
    for path in (
        f"/financing/applications/{application.id}",
        f"/financing/invitations/{invitation.id}",
        f"/financing/loans/{loan.id}",
        f"/api/v1/financing/applications/{application.id}",
        f"/api/v1/financing/applications/{application.id}/term-sheets",
        f"/api/v1/financing/term-sheets/{sheet.id}",
        f"/api/v1/financing/loans/{loan.id}",
        f"/api/v1/financing/loans/{loan.id}/instalments",
        f"/api/v1/financing/loans/{loan.id}/pledges",
        f"/api/v1/financing/loans/{loan.id}/repayments",
    ):
        assert client.get(path).status_code == 404, path
    acts: list[tuple[str, Any]] = [
        (f"term-sheets/{sheet.id}/approval", {}),
        (f"term-sheets/{sheet.id}/withdrawal", {}),
        (f"term-sheets/{sheet.id}/acceptance", {"informed": []}),
        (f"invitations/{invitation.id}/term-sheets", OFFER),
        (f"invitations/{invitation.id}/declination", {"reason": "No appetite"}),
        (f"loans/{loan.id}/disbursement", {}),
        (f"loans/{loan.id}/write-off", {}),
        (f"loans/{loan.id}/cancellation", {}),
        (f"loans/{loan.id}/judgement", {"loan_class": "loss"}),
        (f"loans/{loan.id}/repayments", {"amount": money(1), "received_on": "2026-01-01", "bank_reference": "x"}),
        (f"pledges/{pledge.id}/filing", {"filing_number": "F"}),
        (f"pledges/{pledge.id}/registration", {"registration_number": "Y", "registered_on": "2026-01-01"}),
        (f"pledges/{pledge.id}/refusal", {"reason": "No reason"}),
        (f"pledges/{pledge.id}/release", {"reason": "A reason"}),
        (f"pledges/{pledge.id}/release-approval", {}),
        (
            f"pledges/{pledge.id}/realisation",
            {"amount": money(1), "costs": money(0), "received_on": "2026-01-01", "bank_reference": "x"},
        ),
    ]
    for path, body in acts:
        answer = client.post(f"/api/v1/financing/{path}", json=body, headers=key())
        assert answer.status_code == 404, (path, answer.json)
    for path in ("/financing/desk", "/financing/book", "/financing/book.csv", "/financing/pledges", "/dashboard", "/inbox",
                 "/api/v1/financing/invitations", "/api/v1/financing/loans"):  # fmt: skip
        shown = client.get(path).text
        assert not re.search(r"\b777\b|\b7\.77\b", shown) and "Only for our eyes" not in shown
        assert str(sheet.id) not in shown and str(loan.id) not in shown


def test_an_offer_shows_the_borrower_nothing_the_bank_keeps_to_itself(
    client: FlaskClient, sign_in: Any, parties: Parties
) -> None:
    application = make_application(parties)
    sheet = make_term_sheet(parties, application, note="Weak balance sheet")
    sign_in(client, parties.holder)
    listed = client.get(f"/api/v1/financing/applications/{application.id}/term-sheets").json["items"]
    assert [one["id"] for one in listed] == [str(sheet.id)]
    assert "note" not in listed[0] and "assessed_value" not in listed[0]
    assert "Weak balance sheet" not in client.get(f"/financing/applications/{application.id}").text


def test_an_offer_that_waits_for_approval_is_not_shown_to_the_borrower(
    client: FlaskClient, sign_in: Any, parties: Parties
) -> None:
    application = make_application(parties)
    sheet = prepare_term_sheet(parties.officer, invitation_of(application, parties.officer).id, make_offer(), now())
    sign_in(client, parties.holder)
    assert client.get(f"/api/v1/financing/term-sheets/{sheet.id}").status_code == 404


def test_the_borrower_is_told_that_the_lenders_acts_are_not_theirs(
    client: FlaskClient, sign_in: Any, parties: Parties
) -> None:
    loan = make_agreed_loan(parties)
    pledge = pledges_of_loan(loan.id)[0]
    sign_in(client, parties.holder)
    for path, body in (
        (f"loans/{loan.id}/disbursement", {}),
        (f"pledges/{pledge.id}/release", {"reason": ""}),
        (f"pledges/{pledge.id}/filing", {"filing_number": "F"}),
    ):
        answer = client.post(f"/api/v1/financing/{path}", json=body, headers=key())
        assert (answer.status_code, answer.json["code"]) == (403, "wrong_actor"), path


def test_the_api_takes_a_loan_from_offer_to_disbursement(client: FlaskClient, sign_in: Any, parties: Parties) -> None:
    application = make_application(parties)
    invitation = invitation_of(application, parties.officer)
    sign_in(client, parties.officer)
    queue = client.get("/api/v1/financing/invitations").json["items"]
    assert [one["id"] for one in queue] == [str(invitation.id)]
    made = client.post(f"/api/v1/financing/invitations/{invitation.id}/term-sheets", json=OFFER, headers=key())
    assert (made.status_code, made.json["status"]) == (201, "prepared")
    sign_in(client, parties.approver)
    sheet = f"/api/v1/financing/term-sheets/{made.json['id']}"
    assert client.post(f"{sheet}/approval", json={}, headers=key()).json["status"] == "offered"
    sign_in(client, parties.holder)
    taken = client.post(f"{sheet}/acceptance", json={"informed": []}, headers=key())
    assert (taken.status_code, taken.json["status"]) == (201, "approved")
    loan = f"/api/v1/financing/loans/{taken.json['id']}"
    sign_in(client, parties.approver)
    early = client.post(f"{loan}/disbursement", json={}, headers=key())
    assert early.status_code == 409


def test_a_repayment_is_booked_once_and_a_payoff_ends_the_loan_on_the_page(
    client: FlaskClient, sign_in: Any, parties: Parties
) -> None:
    loan = make_running_loan(parties)
    today = loan.disbursed_on.isoformat() if loan.disbursed_on else ""
    sign_in(client, parties.officer)
    address = f"/financing/loans/{loan.id}/repayments"
    receipt = {"amount": "10000", "received_on": today, "bank_reference": "SLIP"}
    assert client.post(address, data=receipt | {"amount": "99999"}).status_code == 409
    assert client.post(f"/financing/loans/{loan.id}/levitation", data={}).status_code == 404
    assert client.post(address, data=receipt).status_code == 303
    assert find_loan(loan.id).status is LoanStatus.PAID_OFF


def test_the_bank_exports_its_own_book(client: FlaskClient, sign_in: Any, parties: Parties) -> None:
    loan = make_pledged_loan(parties)
    sign_in(client, parties.officer)
    exported = client.get("/financing/book.csv")
    assert exported.status_code == 200
    assert str(loan.id) in exported.text
    sign_in(client, make_actor())
    assert client.get("/financing/book.csv").status_code == 403


def test_the_effective_cost_stands_first_in_the_comparison(client: FlaskClient, sign_in: Any, parties: Parties) -> None:
    second = make_bank()
    application = make_application(parties, second[0])
    make_term_sheet(parties, application, rate_bps=400, upfront_fee=cny(300))
    plain = make_term_sheet(parties, application, bank=second, rate_bps=600)
    sign_in(client, parties.holder)
    page = client.get(f"/financing/applications/{application.id}?lang=en").text
    assert page.index("Real cost a year") < page.index(">Rate<")
    assert page.index(f"{plain.effective_cost_bps / 100:.2f}%") < page.index("4.00%")


def test_the_night_can_be_done_from_the_command_line(app: Any, db: Any, parties: Parties) -> None:
    make_running_loan(parties)
    db.commit()
    answer = app.test_cli_runner().invoke(args=["financing", "night"])
    assert answer.exit_code == 0
    assert '"normal": 1' in answer.output


def test_only_a_demo_lets_loans_age_ahead_of_the_calendar(app: Any, db: Any, parties: Parties) -> None:
    loan = make_running_loan(parties)
    db.commit()
    ahead = ["financing", "night", "--until", (now().date() + timedelta(days=140)).isoformat()]
    refused = app.test_cli_runner().invoke(args=ahead)
    assert (refused.exit_code, '"night_not_come"' in refused.output) == (1, True)
    settings = app.extensions["settings"]
    app.extensions["settings"] = replace(settings, demo=True)
    answer = app.test_cli_runner().invoke(args=ahead)
    app.extensions["settings"] = settings
    assert answer.exit_code == 0
    db.refresh(loan)
    assert (loan.loan_class.value, loan.status.value) == ("substandard", "defaulted")
