"""Real office records for the journey: imported with the register's own command, a second time without any change."""

import json
import os
from pathlib import Path
from typing import Any

from demo.stage import Stage, StepFailed

LENS = "patents/lens_patents.csv"
FILES = (LENS, "patents/us_university_patents.csv", "xml/wipo_st96/PatentPublication_Example.xml")


def data_folder() -> Path | None:
    """The folder of real records that DATA_DIR names, when it is there."""
    named = os.environ.get("DATA_DIR")
    folder = Path(named).resolve() if named else None
    return folder if folder is not None and folder.is_dir() else None


def import_records(stage: Stage, folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """Import each file, then the first again; the second time nothing may be created or updated."""
    reports = [(name, _import(stage, folder / name)) for name in FILES]
    again = _import(stage, folder / LENS)
    if again["created"] or again["updated"] or again["read"] != reports[0][1]["read"]:
        raise StepFailed(f"the second import of {LENS} changed the register: {again}")
    return [*reports, (f"{LENS} again", again)]


def _import(stage: Stage, path: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(stage.command("registry", "import", "--json", str(path)))
    return {name: report[name] for name in ("read", "created", "updated", "unchanged")}
