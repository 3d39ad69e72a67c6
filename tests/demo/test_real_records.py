"""Which real rights the journey sells and pledges is decided by rule, from the file and then from the register."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from demo.real_records import LENS, choose, data_folder, ranked, suitable
from demo.report import StepFailed

ON = date(2026, 11, 23)


def row(number: str, **changes: str) -> dict[str, str]:
    cells = {
        "publication_number": number, "jurisdiction": "CN", "kind": "B", "type": "Granted Patent",
        "application_date": "2014-05-06", "applicants": "IMAGINARY WORKS LTD", "cited_count": "3",
        "simple_family_size": "2",
    }  # fmt: skip
    return cells | changes


@pytest.mark.parametrize(
    "changes",
    [
        {"jurisdiction": "US"}, {"type": "Patent Application"}, {"kind": "A"}, {"applicants": ""},
        {"applicants": "ONE LTD;;ANOTHER LTD"}, {"application_date": ""}, {"application_date": "2009-12-31"},
    ],
)  # fmt: skip
def test_only_granted_rights_of_one_owner_with_life_left_are_suitable(changes: dict[str, str]) -> None:
    assert suitable(row("CN 1 B"), ON)
    assert not suitable(row("CN 1 B", **changes), ON)


def test_the_most_cited_comes_first_then_the_larger_family_the_younger_and_the_number() -> None:
    rows = [
        row("CN 4 B"), row("CN 3 B"), row("CN 5 B", application_date="2015-01-01"),
        row("CN 2 B", simple_family_size="9"), row("CN 1 B", cited_count="10"), row("US 6 B2", jurisdiction="US"),
    ]  # fmt: skip
    assert ranked(rows, ON) == ["CN 1 B", "CN 2 B", "CN 5 B", "CN 3 B", "CN 4 B"]


class Register:
    """Answers extracts as the API does."""

    def __init__(self, **told: dict[str, Any]) -> None:
        self.told = told

    def get(self, path: str) -> dict[str, Any]:
        return self.told[path.rpartition("/")[2]]


def extract(number: str, status: str = "in_force", linked: str | None = None) -> dict[str, Any]:
    return {"number": number, "legal_status": {"status": status}, "ownership": [{"organisation_id": linked}]}


def file_with(folder: Path, rows: list[dict[str, str]]) -> Path:
    table = folder / LENS
    table.parent.mkdir(parents=True)
    lines = [",".join(rows[0]), *(",".join(cells.values()) for cells in rows)]
    table.write_text("\n".join(lines), "utf-8")
    return folder


def test_a_right_the_register_holds_for_ended_or_taken_is_passed_over(tmp_path: Path) -> None:
    folder = file_with(tmp_path, [row(f"CN {number} B", cited_count=str(9 - number)) for number in (1, 2, 3, 4)])
    register = Register(
        CN1B=extract("1", status="expired"), CN2B=extract("2", linked="somebody"), CN3B=extract("3"), CN4B=extract("4")
    )
    assert [chosen["number"] for chosen in choose(folder, register, ON, 2)] == ["3", "4"]
    with pytest.raises(StepFailed, match="only 2 suitable"):
        choose(folder, register, ON, 3)


def test_without_a_folder_of_records_the_journey_stays_with_fictional_rights(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DATA_DIR", raising=False)
    assert data_folder() is None
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "nowhere"))
    assert data_folder() is None
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    assert data_folder() == tmp_path
