"""An organisation reads its own money, to the cent, and nobody else's."""

from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader

from marketplace.core.actor import SYSTEM
from marketplace.core.money import Money
from marketplace.identity.roles import Role
from marketplace.ledger import accounts, entries
from marketplace.ledger.entries import Posting
from tests.makers.identity import make_actor

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def holder(db: Any) -> Any:
    actor = make_actor()
    accounts.open_account("clearing:bank", "CNY", "debit", floor_minor=None)
    code = f"organisation:{actor.organisation_id}:deposits"
    accounts.open_account(code, "CNY", "credit", owner_id=actor.organisation_id)
    for number in range(5):
        amount = Money(10_000 + number, "CNY")
        entries.post(SYSTEM, f"=in-{number}", "deposit", [Posting("clearing:bank", code, amount)], NOW)
    entries.hold(SYSTEM, "hold", "bid_deposit", [Posting(code, "clearing:bank", Money(500, "CNY"))], NOW)
    db.commit()
    return actor


def test_the_statement_pages_through_every_line_once(client: FlaskClient, sign_in: Any, holder: Any) -> None:
    sign_in(client, holder)
    lines, after = [], ""
    while after is not None:
        page = client.get(
            f"/api/v1/ledger/statement?limit=2&after={after}" if after else "/api/v1/ledger/statement?limit=2"
        )
        lines += page.json["items"]
        after = page.json["next"]
    assert [line["amount"]["amount"] for line in lines] == ["-5.00", "100.04", "100.03", "100.02", "100.01", "100.00"]
    assert lines[0]["phase"] == "pending"
    assert lines[1]["balance"]["amount"] == "500.10"
    account = client.get("/api/v1/ledger/accounts").json["items"][0]["balance"]
    assert (account["posted"]["amount"], account["available"]["amount"]) == ("500.10", "495.10")


def test_others_see_nothing_of_it(client: FlaskClient, sign_in: Any, holder: Any, db: Any) -> None:
    stranger, viewer = make_actor(), make_actor(role=Role.VIEWER)
    db.commit()
    for path in ("/statement", "/statement.csv", "/api/v1/ledger/statement", "/api/v1/ledger/accounts"):
        sign_in(client, None)
        assert client.get(path).status_code in (302, 401)
        sign_in(client, viewer)
        assert client.get(path).status_code == 403
        sign_in(client, stranger)
        answer = client.get(path)
        assert answer.status_code == 200
        assert "100.0" not in answer.text


def test_the_page_and_the_file_show_the_same_in_both_languages(client: FlaskClient, sign_in: Any, holder: Any) -> None:
    sign_in(client, holder)
    assert "¥500.10" in client.get("/statement?lang=en").text
    sign_in(client, holder)
    assert "资金明细" in client.get("/statement?lang=zh").text
    file = client.get("/statement.csv").text
    assert file.count("\n") == 7
    assert "'=in-0" in file
    assert "Nothing moved" in client.get("/statement?since=2030-01-01&lang=en").text


@pytest.mark.parametrize("query", ["since=yesterday", "after=x", "limit=0", "limit=999"])
def test_a_malformed_question_is_answered_422(client: FlaskClient, sign_in: Any, holder: Any, query: str) -> None:
    sign_in(client, holder)
    assert client.get(f"/api/v1/ledger/statement?{query}").status_code == 422
    assert client.get(f"/statement?{query}").status_code == 422


def test_the_paper_states_both_ends_of_the_period_and_every_line(
    client: FlaskClient, sign_in: Any, holder: Any
) -> None:
    sign_in(client, holder)
    answer = client.get("/statement.pdf")
    assert answer.content_type == "application/pdf"
    words = "".join(page.extract_text() for page in PdfReader(BytesIO(answer.data)).pages).replace("\n", "")
    assert "CNY 0.00 → CNY 500.10" in words
    assert words.count("=in-") == 5 and "held" in words
    empty = client.get("/statement.pdf?since=2030-01-01")
    assert "本期无发生额" in PdfReader(BytesIO(empty.data)).pages[0].extract_text()
