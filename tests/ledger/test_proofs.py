"""The proof of the books names the first broken row of every invariant."""

from datetime import UTC, datetime
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from marketplace.core.actor import SYSTEM
from marketplace.core.money import Money
from marketplace.ledger import accounts, entries
from marketplace.ledger.entries import Posting
from marketplace.ledger.proofs import INVARIANTS, prove_books

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
UNGUARDED = "SET LOCAL session_replication_role = replica"


@pytest.fixture
def books(db: Any) -> Any:
    """A sale, a hold captured in part, a reversal."""
    accounts.open_account("cash", "CNY", "debit", floor_minor=None)
    accounts.open_account("holder", "CNY", "credit")
    accounts.open_account("seller", "CNY", "credit")
    entries.post(SYSTEM, "funding", "deposit", [Posting("cash", "holder", Money(10_000, "CNY"))], NOW)
    entries.hold(SYSTEM, "hold", "sale", [Posting("holder", "seller", Money(500, "CNY"))], NOW)
    entries.capture(SYSTEM, "hold", "capture", NOW, amount=Money(400, "CNY"))
    entries.hold(SYSTEM, "open-hold", "sale", [Posting("holder", "seller", Money(50, "CNY"))], NOW)
    entries.post(SYSTEM, "sale", "sale", [Posting("holder", "seller", Money(7, "CNY"))], NOW)
    entries.reverse(SYSTEM, "sale", "reversal", NOW)
    db.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    return db


def test_sound_books_are_proven(books: Any) -> None:
    proof = prove_books()
    assert proof["faults"] == []
    assert (proof["balanced"], proof["accounts"], proof["journals"], proof["entries"]) == (True, 3, 6, 12)


@pytest.mark.parametrize(
    ("damage", "invariant"),
    [
        ("UPDATE ledger_entries SET amount_minor = 1 WHERE line = 1 AND journal_id = :funding", 0),
        ("DELETE FROM ledger_entries WHERE line = 2 AND journal_id = :funding", 1),
        ("DELETE FROM ledger_entries WHERE line = 2 AND journal_id = :funding", 2),
        ("UPDATE ledger_accounts SET posted_credit_minor = posted_credit_minor + 1 WHERE code = 'seller'", 3),
        ("UPDATE ledger_accounts SET pending_debit_minor = 0 WHERE code = 'holder'", 3),
        ("UPDATE ledger_entries SET balance_after_minor = -1 WHERE journal_id = :capture", 5),
        ("UPDATE ledger_entries SET amount_minor = 501 WHERE journal_id = :capture", 6),
        ("UPDATE ledger_entries SET amount_minor = 8 WHERE journal_id = :reversal", 7),
        ("ALTER TABLE ledger_entries DISABLE TRIGGER ledger_entries_append_only", 8),
    ],
)
def test_each_kind_of_damage_is_named(books: Any, damage: str, invariant: int) -> None:
    ids = {name: entries.find_journal(name).id for name in ("funding", "capture", "reversal")}
    books.execute(text(UNGUARDED))
    books.execute(text(damage), {name: value for name, value in ids.items() if f":{name}" in damage})
    books.execute(text("SET LOCAL session_replication_role = origin"))
    assert INVARIANTS[invariant].name in [fault["invariant"] for fault in prove_books()["faults"]]


def test_the_command_answers_json_and_its_exit_status(app: APIFlask, books: Any) -> None:
    answer = app.test_cli_runner().invoke(args=["ledger", "check"])
    assert answer.exit_code == 0
    assert '"balanced": true' in answer.output
    books.execute(text(UNGUARDED))
    books.execute(text("DELETE FROM ledger_entries WHERE line = 2"))
    books.execute(text("SET LOCAL session_replication_role = origin"))
    answer = app.test_cli_runner().invoke(args=["ledger", "check"])
    assert answer.exit_code == 1
