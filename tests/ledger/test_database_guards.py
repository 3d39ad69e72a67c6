"""PostgreSQL itself refuses what would falsify the books, whoever writes the SQL."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from marketplace.core.actor import SYSTEM
from marketplace.core.money import Money
from marketplace.ledger import accounts, entries
from marketplace.ledger.entries import Posting

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def books(db: Any) -> Any:
    """Two accounts, one movement, its deferred checks done."""
    accounts.open_account("cash", "CNY", "debit", floor_minor=None)
    accounts.open_account("holder", "CNY", "credit")
    entries.post(SYSTEM, "funding", "deposit", [Posting("cash", "holder", Money(10_000, "CNY"))], NOW)
    db.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    db.execute(text("SET CONSTRAINTS ALL DEFERRED"))
    return db


def refused(books: Any, *statements: str, message: str, **values: Any) -> None:
    with pytest.raises(DBAPIError, match=message), books.begin_nested():
        for statement in statements:
            books.execute(text(statement), values)
        books.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


def lines(*rows: str) -> str:
    """Raw lines: account, side, amount."""
    return (
        "INSERT INTO ledger_entries (journal_id, line, line_count, account_id, entity, currency, side, amount_minor, "
        "balance_after_minor, account_version) "
        f"SELECT CAST(:id AS uuid), x.line, {len(rows)}, a.id, a.entity, a.currency, x.side, x.amount, 0, 0 "
        f"FROM (VALUES {', '.join(rows)}) AS x (line, code, side, amount) JOIN ledger_accounts a USING (code)"
    )


JOURNAL = (
    "INSERT INTO ledger_journals (id, reference, request_hash, kind, phase, line_count, at) "
    "VALUES (CAST(:id AS uuid), CAST(CAST(:id AS uuid) AS text), 'x', 'raw', 'single', 2, now())"
)


@pytest.mark.parametrize("table", ["ledger_journals", "ledger_entries"])
@pytest.mark.parametrize("act", ["UPDATE {} SET line_count = line_count", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_what_is_written_stays(books: Any, table: str, act: str) -> None:
    refused(books, act.format(table), message="append only")


@pytest.mark.parametrize(
    "change",
    ["posted_credit_minor = 99999999", "pending_debit_minor = 1", "floor_minor = -99999999", "code = 'other'"],
)
def test_an_account_changes_only_by_its_entries(books: Any, change: str) -> None:
    refused(books, f"UPDATE ledger_accounts SET {change} WHERE code = 'holder'", message="only by its entries")


def test_an_account_is_opened_empty_and_never_removed(books: Any) -> None:
    refused(books, "DELETE FROM ledger_accounts", message="append only")
    refused(
        books,
        "INSERT INTO ledger_accounts (id, entity, code, currency, normal_side, posted_credit_minor) "
        "VALUES (:id, 'platform', 'rich', 'CNY', 'credit', 5)",
        message="opened empty",
        id=str(uuid4()),
    )


def test_an_unbalanced_journal_does_not_survive_the_commit(books: Any) -> None:
    rows = lines("(1, 'cash', 'debit', 100)", "(2, 'holder', 'credit', 99)")
    refused(books, JOURNAL, rows, message="does not balance", id=str(uuid4()))


def test_a_journal_without_its_lines_does_not_survive_the_commit(books: Any) -> None:
    refused(books, JOURNAL, message="0 of 2 lines", id=str(uuid4()))
    one = lines("(1, 'cash', 'debit', 100)").replace("x.line, 1,", "x.line, 2,")
    refused(books, JOURNAL, one, message="1 of 2 lines", id=str(uuid4()))


def test_no_line_is_added_to_a_finished_journal(books: Any) -> None:
    identity = str(books.execute(text("SELECT id FROM ledger_journals")).scalar())
    for line in (1, 2, 3, 0):
        rows = lines(f"({line}, 'cash', 'debit', 100)").replace("x.line, 1,", "x.line, 2,")
        refused(books, rows, message="ledger_entries", id=identity)
    rows = lines("(3, 'cash', 'debit', 100)", "(4, 'holder', 'credit', 100)").replace("x.line, 2,", "x.line, 4,")
    refused(books, rows, message="fk_ledger_entries", id=identity)


def test_no_raw_line_takes_an_account_below_its_floor(books: Any) -> None:
    rows = lines("(1, 'holder', 'debit', 10001)", "(2, 'cash', 'credit', 10001)")
    refused(books, JOURNAL, rows, message="ck_ledger_accounts_floor", id=str(uuid4()))


@pytest.mark.parametrize("amount", [0, -5])
def test_no_raw_line_carries_nothing_or_less(books: Any, amount: int) -> None:
    rows = lines(f"(1, 'cash', 'debit', {amount})", f"(2, 'holder', 'credit', {amount})")
    refused(books, JOURNAL, rows, message="ck_ledger_", id=str(uuid4()))


def test_a_line_cannot_claim_another_currency_than_its_account(books: Any) -> None:
    rows = lines("(1, 'cash', 'debit', 5)", "(2, 'holder', 'credit', 5)").replace("a.currency, x.side", "'USD', x.side")
    refused(books, JOURNAL, rows, message="fk_ledger_entries_account", id=str(uuid4()))


def test_a_reference_is_used_once_even_by_raw_sql(books: Any) -> None:
    refused(
        books,
        JOURNAL.replace("CAST(CAST(:id AS uuid) AS text),", "'funding',"),
        message="uq_ledger_journals",
        id=str(uuid4()),
    )


def test_nobody_else_was_given_the_right_to_change_the_books(books: Any) -> None:
    granted = books.execute(
        text(
            "SELECT count(*) FROM information_schema.table_privileges WHERE table_name LIKE 'ledger_%' "
            "AND grantee = 'PUBLIC'"
        )
    ).scalar()
    assert granted == 0
