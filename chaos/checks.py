"""What must hold after the faults, in the end state and in history."""

from collections import Counter
from pathlib import Path

import psycopg

from marketplace.audit.verification import verify_trail
from marketplace.core.db import make_engine, session
from marketplace.ledger.proofs import prove_books

OVERLAPS = """
SELECT a.asset_id::text FROM encumbrances a JOIN encumbrances b ON b.asset_id = a.asset_id AND b.id > a.id
WHERE a.kind = 'pledge' AND b.kind = 'pledge'
  AND tstzrange(a.known_from, a.lifted_at) && tstzrange(b.known_from, b.lifted_at) LIMIT 5
"""


def violations(url: str, logs: Path) -> tuple[list[str], dict[str, int]]:
    """Every broken promise in words, and the counts of what was tried and acknowledged."""
    lines = [line.split() for log in logs.glob("*.log") for line in log.read_text().splitlines()]
    said = {word: {parts[1] for parts in lines if len(parts) == 2 and parts[0] == word} for word in ("intent", "done")}
    found: list[str] = []
    with psycopg.connect(url) as connection:
        posted = [
            row[0] for row in connection.execute("SELECT reference FROM ledger_journals WHERE kind = 'chaos.transfer'")
        ]
        found += [f"pledges overlapped on {row[0]}" for row in connection.execute(OVERLAPS)]
        pledged = connection.execute("SELECT count(*) FROM encumbrances").fetchone()
    found += [f"acknowledged but lost: {reference}" for reference in sorted(said["done"] - set(posted))]
    found += [f"posted without intent: {reference}" for reference in sorted(set(posted) - said["intent"])]
    found += [f"posted twice: {reference}" for reference, times in Counter(posted).items() if times > 1]
    session.configure(bind=make_engine(url))
    found += [f"ledger: {fault}" for fault in prove_books()["faults"]]
    found += [f"audit: {fault}" for fault in verify_trail()]
    session.remove()
    counted = {
        "intents": len(said["intent"]),
        "acknowledged": len(said["done"]),
        "refused": sum(parts[0] == "refused" for parts in lines if parts),
        "transfers": len(posted),
        "pledges": int(pledged[0]) if pledged else 0,
    }
    return found, counted
