"""What the bare database does: pgbench with the same locked insert and update that a bid needs."""

import re
import subprocess
import tempfile
from pathlib import Path

import psycopg

from marketplace.core.embedded_postgres import find_binaries

SCHEMA = """
CREATE TABLE bench_lots (id bigint PRIMARY KEY, price_minor bigint NOT NULL, closes_at timestamptz NOT NULL);
CREATE TABLE bench_bids (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, lot_id bigint NOT NULL REFERENCES bench_lots,
  bidder bigint NOT NULL, amount_minor bigint NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE INDEX ON bench_bids (lot_id, id);
INSERT INTO bench_lots SELECT n, 1000, now() + interval '1 day' FROM generate_series(1, 10000) n;
"""

SCRIPT = """
{lot}
BEGIN;
SELECT price_minor, closes_at FROM bench_lots WHERE id = :lot FOR UPDATE;
INSERT INTO bench_bids (lot_id, bidder, amount_minor) VALUES (:lot, :client_id, 1000);
UPDATE bench_lots SET price_minor = price_minor + 100 WHERE id = :lot;
COMMIT;
"""


def bare_bid_rate(database_url: str, hot: bool, seconds: int, clients: int) -> float:
    """Transactions per second of the bare bid, spread over 10,000 lots or all on one."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        if connection.execute("SELECT to_regclass('bench_lots')").fetchone() == (None,):
            connection.execute(SCHEMA)
    lot = "\\set lot 1" if hot else "\\set lot random(1, 10000)"
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "bid.sql"
        script.write_text(SCRIPT.format(lot=lot))
        command = [
            str(find_binaries() / "pgbench"), "--no-vacuum", "--client", str(clients), "--jobs", "2",
            "--time", str(seconds), "--file", str(script), database_url,
        ]  # fmt: skip
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"tps = ([0-9.]+)", printed)
    assert found, printed
    return float(found[1])
