"""Proof of the books: every invariant recomputed from the entries alone, over the whole database."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from marketplace.core.db import session


@dataclass(frozen=True)
class Invariant:
    """A truth about the books and the query that finds the first row against it."""

    name: str
    broken: str


INVARIANTS = (
    Invariant(
        "every journal balances per entity and currency",
        "SELECT journal_id::text || ' ' || entity || ' ' || currency FROM ledger_entries "
        "GROUP BY journal_id, entity, currency "
        "HAVING sum(CASE side WHEN 'debit' THEN amount_minor ELSE -amount_minor END) <> 0 ORDER BY journal_id LIMIT 1",
    ),
    Invariant(
        "every journal has exactly its lines",
        "SELECT j.id::text FROM ledger_journals j LEFT JOIN "
        "(SELECT journal_id, count(*) AS lines FROM ledger_entries GROUP BY journal_id) e ON e.journal_id = j.id "
        "WHERE coalesce(e.lines, 0) <> j.line_count "
        "OR (j.phase <> 'void' AND j.line_count < 2) ORDER BY j.id LIMIT 1",
    ),
    Invariant(
        "all entries of a currency sum to zero",
        "SELECT currency::text FROM ledger_entries GROUP BY currency "
        "HAVING sum(CASE side WHEN 'debit' THEN amount_minor ELSE -amount_minor END) <> 0 ORDER BY 1 LIMIT 1",
    ),
    Invariant(
        "every account's totals follow from its entries",
        "SELECT a.code || ' ' || a.currency FROM ledger_accounts a LEFT JOIN ("
        "SELECT e.account_id, "
        "sum(e.amount_minor) FILTER (WHERE j.phase <> 'pending' AND e.side = 'debit') AS posted_debit, "
        "sum(e.amount_minor) FILTER (WHERE j.phase <> 'pending' AND e.side = 'credit') AS posted_credit, "
        "sum(e.amount_minor) FILTER (WHERE j.phase = 'pending' AND r.id IS NULL AND e.side = 'debit') AS held_debit, "
        "sum(e.amount_minor) FILTER (WHERE j.phase = 'pending' AND r.id IS NULL AND e.side = 'credit') AS held_credit, "
        "count(*) AS entries "
        "FROM ledger_entries e JOIN ledger_journals j ON j.id = e.journal_id "
        "LEFT JOIN ledger_journals r ON r.pending_id = j.id GROUP BY e.account_id) s ON s.account_id = a.id "
        "WHERE (a.posted_debit_minor, a.posted_credit_minor, a.pending_debit_minor, a.pending_credit_minor, a.version) "
        "IS DISTINCT FROM (coalesce(s.posted_debit, 0), coalesce(s.posted_credit, 0), coalesce(s.held_debit, 0), "
        "coalesce(s.held_credit, 0), coalesce(s.entries, 0)) ORDER BY a.id LIMIT 1",
    ),
    Invariant(
        "no account's available balance is below its floor",
        "SELECT code || ' ' || currency FROM ledger_accounts WHERE floor_minor IS NOT NULL AND CASE normal_side "
        "WHEN 'credit' THEN posted_credit_minor - posted_debit_minor - pending_debit_minor "
        "ELSE posted_debit_minor - posted_credit_minor - pending_credit_minor END < floor_minor ORDER BY id LIMIT 1",
    ),
    Invariant(
        "no account was ever below its floor, and each entry's balance follows from the one before",
        "SELECT code || ' ' || currency || ' version ' || account_version FROM ("
        "SELECT a.code, a.currency, a.floor_minor, e.account_version, e.balance_after_minor, e.amount_minor, j.phase, "
        "sum(CASE WHEN j.phase = 'pending' THEN 0 WHEN e.side = a.normal_side THEN e.amount_minor "
        "ELSE -e.amount_minor END) OVER (PARTITION BY e.account_id ORDER BY e.account_version) AS running, "
        "row_number() OVER (PARTITION BY e.account_id ORDER BY e.account_version) AS place "
        "FROM ledger_entries e JOIN ledger_journals j ON j.id = e.journal_id "
        "JOIN ledger_accounts a ON a.id = e.account_id) h "
        "WHERE balance_after_minor <> running OR place <> account_version "
        "OR (floor_minor IS NOT NULL AND balance_after_minor < floor_minor) ORDER BY code, account_version LIMIT 1",
    ),
    Invariant(
        "every capture or release resolves one hold, and captures at most what was held",
        "SELECT r.reference FROM ledger_journals r JOIN ledger_journals h ON h.id = r.pending_id "
        "WHERE h.phase <> 'pending' OR EXISTS (SELECT 1 FROM ledger_entries e "
        "WHERE e.journal_id IN (r.id, h.id) GROUP BY e.account_id, e.side "
        "HAVING sum(CASE e.journal_id WHEN r.id THEN e.amount_minor ELSE -e.amount_minor END) > 0) "
        "ORDER BY r.id LIMIT 1",
    ),
    Invariant(
        "every reversal mirrors its original",
        "SELECT r.reference FROM ledger_journals r JOIN ledger_entries a ON a.journal_id = r.reverses_id "
        "LEFT JOIN ledger_entries b ON b.journal_id = r.id AND b.account_id = a.account_id "
        "AND b.amount_minor = a.amount_minor AND b.side <> a.side WHERE b.journal_id IS NULL ORDER BY r.id LIMIT 1",
    ),
    Invariant(
        "the database's own guards are in force",
        "SELECT name FROM unnest(ARRAY['ledger_journals_append_only', 'ledger_entries_append_only', "
        "'ledger_accounts_stay', 'ledger_accounts_guard', 'ledger_entries_taken', 'ledger_journals_release', "
        "'ledger_journals_balance']) AS name "
        "WHERE NOT EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgname = name AND t.tgenabled IN ('O', 'A')) LIMIT 1",
    ),
)


def prove_books() -> dict[str, Any]:
    """Check every invariant; the answer counts what was read and names the first broken row of each."""
    counts = session.execute(
        text(
            "SELECT (SELECT count(*) FROM ledger_accounts), (SELECT count(*) FROM ledger_journals), "
            "(SELECT count(*) FROM ledger_entries)"
        )
    ).one()
    faults = []
    for invariant in INVARIANTS:
        first = session.execute(text(invariant.broken)).scalar()
        if first is not None:
            faults.append({"invariant": invariant.name, "row": first})
    return {
        "balanced": not faults,
        "accounts": counts[0],
        "journals": counts[1],
        "entries": counts[2],
        "invariants": len(INVARIANTS),
        "faults": faults,
    }
