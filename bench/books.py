"""Proving a ledger of a million entries in two currencies, against a bare sum of the same rows."""

import os
import time
from typing import Any

from sqlalchemy import text

from bench.lots import SECRET
from bench.server import own_database
from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.ledger.accounts import Side, open_account
from marketplace.ledger.proofs import prove_books

ENTRIES = int(os.environ.get("BENCH_ENTRIES", "1000000"))
ACCOUNTS, CHUNK = 200, 20_000
WRITE = text("""
SELECT count(*) FROM generate_series(CAST(:low AS bigint), :high) n, LATERAL ledger_post(
  gen_random_uuid(), 'bench:' || n, 'bench', 'bench', 'single', NULL, NULL, NULL, NULL, :at, NULL,
  ARRAY['platform', 'platform'], ARRAY['bench:' || n % :accounts, 'bench:' || (n + 1) % :accounts],
  array_fill(CASE WHEN n % 4 = 0 THEN 'USD' ELSE 'CNY' END, ARRAY[2]), ARRAY['debit', 'credit'], ARRAY[n % 1000 + 1, n % 1000 + 1])
""")
TRIAL_BALANCE = text("""
SELECT currency, sum(CASE side WHEN 'debit' THEN amount_minor ELSE -amount_minor END) FROM ledger_entries
GROUP BY currency ORDER BY currency
""")


def measure() -> dict[str, Any]:
    """Seconds of the whole proof, its ratio to the bare trial balance, and how fast the entries were written."""
    with own_database(SECRET):
        for number in range(ACCOUNTS):
            for currency in ("CNY", "USD"):
                open_account(f"bench:{number}", currency, Side.DEBIT, None)
        session.commit()
        begun = time.perf_counter()
        for low in range(1, ENTRIES // 2 + 1, CHUNK):
            high = min(low + CHUNK - 1, ENTRIES // 2)
            session.execute(WRITE, {"low": low, "high": high, "accounts": ACCOUNTS, "at": now()})
            session.commit()
        written = time.perf_counter() - begun
        begun = time.perf_counter()
        proof = prove_books()
        seconds = time.perf_counter() - begun
        begun = time.perf_counter()
        trial_balance = {currency: int(total) for currency, total in session.execute(TRIAL_BALANCE)}
        bare = time.perf_counter() - begun
    return {
        "ledger_check_ratio_to_bare_sum": round(seconds / bare, 1),
        "ledger_bare_sum_seconds": round(bare, 2),
        "ledger_trial_balance_minor": trial_balance,
        "ledger_check_seconds": round(seconds, 1),
        "ledger_entries": proof["entries"],
        "ledger_balanced": proof["balanced"],
        "ledger_entries_written_per_second": round(proof["entries"] / written),
    }
