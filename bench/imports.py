"""Importing office records against COPY of the same fields in the same run."""

import csv
import os
import time
from pathlib import Path
from typing import Any

import psycopg

from bench.lots import SECRET
from bench.server import own_database
from marketplace.core.actor import SYSTEM
from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.registry.importing import ImportReport, finish_import, import_rows
from marketplace.registry.offices.reading import read_path

TABLES = ("assets", "publications", "ownership_shares", "asset_numbers", "register_events")
LENS = Path(os.environ.get("DATA_DIR", "../shared/data")) / "patents/lens_patents.csv"


def measure() -> dict[str, Any]:
    """Rows a second of the first import of the Lens file, its ratio to COPY, and what a second import changes."""
    if not LENS.exists():
        return {"import_skipped": f"{LENS} is not there"}
    with own_database(SECRET) as url:
        first, seconds = _import()
        again, _seconds = _import()
        copied, rows = _copy(url), _rows_of_the_register(url)
    with own_database(SECRET) as url:
        same_rows = first.read / _copy_into_the_register(url, rows)
    rate = first.read / seconds
    return {
        "import_ratio_to_copy": round(rate / copied, 3),
        "import_ratio_to_copy_of_the_same_rows": round(rate / same_rows, 3),
        "import_rows_per_second": round(rate),
        "import_seconds": round(seconds, 2),
        "import_created": first.created,
        "import_again_created": again.created,
        "import_again_updated": again.updated,
        "copy_rows_per_second": round(copied),
        "copy_of_the_same_rows_per_second": round(same_rows),
    }


def _import() -> tuple[ImportReport, float]:
    report, at = ImportReport(), now()
    begun = time.perf_counter()
    import_rows(SYSTEM, read_path(LENS, "auto"), LENS.name, at, report)
    if report.created or report.updated:
        finish_import(SYSTEM, report, at)
    session.commit()
    return report, time.perf_counter() - begun


def _copy(url: str) -> float:
    """Reading the same file and pouring its fields as text into one plain table, in rows a second."""
    with psycopg.connect(url) as connection, LENS.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        names = next(rows)
        columns = ", ".join(f"c{number} text" for number in range(len(names)))
        connection.execute(f"CREATE TABLE bench_copy ({columns})")
        begun = time.perf_counter()
        count = 0
        with connection.cursor().copy("COPY bench_copy FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
                count += 1
        connection.commit()
        return count / (time.perf_counter() - begun)


def _rows_of_the_register(url: str) -> dict[str, bytes]:
    """What the import left in each table, as COPY writes it."""
    with psycopg.connect(url) as connection:
        rows = {}
        for table in TABLES:
            with connection.cursor().copy(f"COPY {table} TO STDOUT") as copy:
                rows[table] = b"".join(bytes(piece) for piece in copy)
        return rows


def _copy_into_the_register(url: str, rows: dict[str, bytes]) -> float:
    """The seconds that bare COPY takes to write the very rows of the import into the same, empty tables."""
    with psycopg.connect(url) as connection:
        begun = time.perf_counter()
        for table, content in rows.items():
            with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                copy.write(content)
        connection.commit()
        return time.perf_counter() - begun
