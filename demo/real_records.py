"""Real office records for the journey: imported with the register's own command, and rights chosen from them by rule."""

import csv
import os
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from demo.report import Figure, StepFailed, chapter, show
from demo.stage import Stage

LENS = "patents/lens_patents.csv"
TABLES = (LENS, "patents/us_university_patents.csv")
SINGLE = "xml/wipo_st96/PatentPublication_Example.xml"
OFFICE, TERM_YEARS, YEARS_LEFT = "CN", 20, 3
"""Rights of the office in whose law and currency the rest of the journey is held, with some life left."""


def data_folder() -> Path | None:
    """The folder of real records that DATA_DIR names, when it is there."""
    named = os.environ.get("DATA_DIR")
    folder = Path(named).resolve() if named else None
    return folder if folder is not None and folder.is_dir() else None


def import_records(stage: Stage, folder: Path) -> None:
    """Import every file, then all again: what was created is unchanged then, and nothing is created or updated."""
    chapter("Real office records")
    paths = [str(folder / name) for name in (*TABLES, SINGLE)]
    first = stage.command("registry", "import", "--json", *paths)
    again = stage.command("registry", "import", "--json", *paths)
    counted = sum(len(rows_of(folder / name)) for name in TABLES) + 1
    show(
        "imported the Lens file, the university file and an office's document",
        read=Figure(counted, lambda: first["read"]),
        created=Figure(first["created"] + first["updated"], lambda: again["unchanged"]),
        rejected=Figure(len(first["rejected"]), lambda: len(again["rejected"])),
    )
    show(
        "imported them all a second time: nothing changed",
        created=Figure(0, lambda: again["created"]),
        updated=Figure(0, lambda: again["updated"]),
        read=Figure(first["read"], lambda: again["read"]),
    )


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a table."""
    with path.open(encoding="utf-8-sig", newline="") as table:
        return list(csv.DictReader(table))


def suitable(row: dict[str, str], on: date) -> bool:
    """A granted invention of the office with one owner and enough life left, by the file alone."""
    try:
        applied = date.fromisoformat(row["application_date"])
    except ValueError:
        return False
    one_owner = bool(row["applicants"]) and ";;" not in row["applicants"]
    granted = row["type"] == "Granted Patent" and row["kind"].startswith("B")
    return row["jurisdiction"] == OFFICE and granted and one_owner and applied.year + TERM_YEARS - YEARS_LEFT > on.year


def ranked(rows: Iterable[dict[str, str]], on: date) -> list[str]:
    """The numbers of the suitable rights: most cited first, then the largest family, then the youngest, then by number."""
    chosen = [row for row in rows if suitable(row, on)]
    chosen.sort(key=lambda row: row["publication_number"])
    chosen.sort(key=lambda row: row["application_date"], reverse=True)
    chosen.sort(key=lambda row: (_count(row["cited_count"]), _count(row["simple_family_size"])), reverse=True)
    return [row["publication_number"] for row in chosen]


def _count(text: str) -> int:
    return int(text) if text.isdigit() else 0


def in_force(folder: Path, reader: Any, on: date) -> Iterator[dict[str, Any]]:
    """The register's extracts of the ranked rights that the register, too, holds for in force with one unlinked owner."""
    for number in ranked(rows_of(folder / LENS), on):
        extract = reader.get(f"/assets/by-number/{number.replace(' ', '').replace('/', '')}")
        owners = extract["ownership"]
        if extract["legal_status"]["status"] == "in_force" and len(owners) == 1 and not owners[0]["organisation_id"]:
            yield extract


def choose(folder: Path, reader: Any, on: date, count: int) -> list[dict[str, Any]]:
    """The first rights by the rule; too few is a failed step."""
    found = in_force(folder, reader, on)
    chosen = [extract for _turn, extract in zip(range(count), found, strict=False)]
    if len(chosen) < count:
        raise StepFailed(f"the files hold only {len(chosen)} suitable rights")
    return chosen
