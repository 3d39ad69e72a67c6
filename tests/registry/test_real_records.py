"""The independently extracted values of real office files, field by field; the files stay where they are."""

import csv
import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from marketplace.core.actor import SYSTEM
from marketplace.core.clock import now
from marketplace.registry.assets import Publication
from marketplace.registry.conveyances import conveyances_of, count_rights
from marketplace.registry.extracts import extract_by_number
from marketplace.registry.importing import ImportReport, import_rows
from marketplace.registry.integrity import verify_register
from marketplace.registry.name_likeness import neighbours
from marketplace.registry.names import normal_name
from marketplace.registry.offices.reading import read_path
from marketplace.registry.offices.record import OfficeRecord, RowFault, UnreadableFile
from marketplace.registry.security_chains import security_of_party

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("DATA_DIR", ROOT.parent / "shared" / "data"))
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DATA.is_dir(), reason=f"the folder of real records {DATA} is absent"),
]


def rows_of(name: str) -> list[dict[str, str]]:
    path = DATA / name
    return list(csv.DictReader(path.open(encoding="utf-8-sig"))) if path.is_file() else []


def bring_in(path: Path) -> ImportReport:
    report = ImportReport()
    import_rows(SYSTEM, read_path(path), str(path), now(), report)
    return report


def plain_day(text: str) -> str:
    return text.replace("-", "")[:8]


@pytest.mark.parametrize(
    "expected", rows_of("xml/expected_biblio.csv"), ids=lambda row: f"{row['office']}{row['doc_number']}{row['kind']}"
)
def test_every_stated_field_of_every_patent_document_is_equal(db: Any, expected: dict[str, str]) -> None:
    bring_in(DATA / "xml" / expected["file"])
    shown = extract_by_number(f"{expected['office']}{expected['doc_number']}{expected['kind']}")
    language = expected["language"]
    titles = " || ".join(shown["title"].values()) if "||" in expected["title"] else shown["title"].get(language)
    abstract = shown["abstract"].get(language) or next(iter(shown["abstract"].values()), "")
    got = {
        "office": shown["office"],
        "doc_number": shown["number"],
        "kind": shown["kind"],
        "pub_date": plain_day(shown["publication_date"] or ""),
        "appl_number": shown["application_number"],
        "appl_date": plain_day(shown["application_date"] or ""),
        "title": titles,
        "applicants": " ; ".join(shown["applicants"]),
        "n_inventors": str(len(shown["inventors"])),
        "ipc": " ; ".join(shown["ipc"]),
        "cpc": " ; ".join(shown["cpc"]),
        "n_claims": str(shown["claims_count"]),
        "abstract_chars": str(len(abstract)),
        "language": shown["language"],
    }
    stated = {name: value for name, value in expected.items() if name in got and value}
    stated |= {name: plain_day(stated[name]) for name in ("pub_date", "appl_date") if name in stated}
    assert {name: got[name] for name in stated} == stated


@pytest.mark.parametrize("expected", rows_of("xml/expected_trademarks.csv"), ids=lambda row: row["registration_number"])
def test_every_field_of_every_trade_mark_is_equal(db: Any, expected: dict[str, str]) -> None:
    bring_in(DATA / "xml" / expected["file"])
    shown = extract_by_number(expected["registration_number"])
    got = {
        "application_number": shown["application_number"],
        "registration_number": shown["registration_number"],
        "application_date": shown["application_date"],
        "registration_date": shown["registration_date"],
        "mark": shown["mark"],
        "status_code": shown["status_code"],
        "status_date": shown["status_date"],
        "nice_classes": ";".join(shown["nice_classes"]),
        "owner": " | ".join(shown["owners"]),
    }
    days = ("application_date", "registration_date", "status_date")
    stated = {name: expected[name][:10] if name in days else expected[name] for name in got}
    assert got == stated


def test_no_file_of_the_folder_crashes_an_importer() -> None:
    for path in sorted(DATA.rglob("*")):
        if path.is_file():
            try:
                for row in read_path(path):
                    assert row is not None
            except UnreadableFile as refused:
                assert refused.code


def test_every_lens_row_and_every_university_grant_is_read() -> None:
    for name, count in (("lens_patents.csv", 6355), ("us_university_patents.csv", 11176)):
        rows = list(read_path(DATA / "patents" / name))
        assert len(rows) == count
        assert not [row for row in rows if isinstance(row, RowFault)]
        assert all(isinstance(row, OfficeRecord) and row.kind_code for row in rows)


def test_the_lens_rows_come_in_once_and_the_register_holds(db: Any) -> None:
    path = DATA / "patents" / "lens_patents.csv"
    first, second = bring_in(path), bring_in(path)
    assert (first.read, first.created, first.updated, len(first.rejected)) == (6355, 6355, 0, 0)
    assert (second.created, second.updated, second.unchanged) == (0, 0, 6355)
    assert db.execute(select(func.count()).select_from(Publication)).scalar_one() == 6355
    assert verify_register()["valid"]


def test_the_recorded_security_interest_of_833_patents_is_found_on_its_patents(db: Any) -> None:
    for name in ("assignments.csv", "assignment_properties.csv"):
        bring_in(DATA / "assignments" / name)
    assert count_rights("048811-0679") == 819  # 833 rows, 14 of them recorded twice
    from marketplace.registry.assets import Asset, AssetKind
    from marketplace.registry.conveyances import ConveyedRight

    patent = (
        db.execute(
            select(ConveyedRight.patent_key).where(
                ConveyedRight.reference == "048811-0679", ConveyedRight.patent_key != ""
            )
        )
        .scalars()
        .first()
    )
    asset = Asset(office="US", kind=AssetKind.INVENTION, number=patent, kind_code="B2", application_number="", facts={})
    assert "048811-0679" in [row.reference for row in conveyances_of(asset)]


def test_the_pledged_portfolio_has_the_right_lender_and_rank_on_every_day(db: Any) -> None:
    for name in ("assignments.csv", "assignment_properties.csv"):
        bring_in(DATA / "assignments" / name)
    answer = security_of_party("Entegris Inc", date(2026, 1, 1))
    first, passed, second = answer["timeline"]
    assert [day["on"] for day in answer["timeline"]] == ["2018-11-13", "2019-11-05", "2022-07-08"]
    assert [(line["lender"], line["rights"]) for line in first["lenders"]] == [("GOLDMAN SACHS BANK USA", 819)]
    assert [(line["lender"], line["rights"]) for line in passed["lenders"]] == [
        ("MORGAN STANLEY SENIOR FUNDING, INC.", 819)
    ]
    older, newer = second["lenders"]
    assert (older["by_rank"], newer["rights"]) == ({"1": 819}, 1099)
    assert newer["by_rank"] == {"1": 504, "2": 595}
    assert (answer["rights_released"], answer["findings"]) == (0, [])


def test_the_pledged_portfolio_equals_a_table_counted_by_hand_from_the_raw_rows(db: Any) -> None:
    """The three recordations have no release: plain sets of the raw rows say what the replay must say."""
    on_reel: dict[str, set[tuple[str, str]]] = {}
    for row in rows_of("assignments/assignment_properties.csv"):
        on_reel.setdefault(row["reel_frame"], set()).add((row["appl_num"], row["patent_num"]))
    first, passed, second = on_reel["048811-0679"], on_reel["050965-0035"], on_reel["060613-0072"]
    assert first == passed
    before = {application for application, _patent in first}
    both = {right for right in second if right[0] in before}
    by_hand = [
        ("2018-11-13", [("GOLDMAN SACHS BANK USA", 819, 761, {"1": 819})], 819, 761, 0),
        ("2019-11-05", [("MORGAN STANLEY SENIOR FUNDING, INC.", 819, 761, {"1": 819})], 819, 761, 0),
        (
            "2022-07-08",
            [
                ("MORGAN STANLEY SENIOR FUNDING, INC.", 819, 761, {"1": 819}),
                ("TRUIST BANK, AS NOTES COLLATERAL AGENT", 1099, 961, {"1": 504, "2": 595}),
            ],
            len(first | second), len({patent for _application, patent in first | second if patent}), 0,
        ),
    ]  # fmt: skip
    assert (len(first), len(second), len(both), len(second - both)) == (819, 1099, 595, 504)
    assert len({patent for _application, patent in first if patent}) == 761
    assert len({patent for _application, patent in second if patent}) == 961
    for name in ("assignments.csv", "assignment_properties.csv"):
        bring_in(DATA / "assignments" / name)
    timeline = security_of_party("Entegris, Inc.", date(2026, 1, 1))["timeline"]
    shown = [
        (
            day["on"],
            [(line["lender"], line["rights"], line["patents"], line["by_rank"]) for line in day["lenders"]],
            day["rights_under_pledge"], day["patents_under_pledge"], day["rights_released"],
        )
        for day in timeline
    ]  # fmt: skip
    assert shown == by_hand


def test_pairs_among_the_owners_of_real_records_are_few_and_of_the_same_words() -> None:
    rows = rows_of("patents/lens_patents.csv")
    names = {name.strip() for row in rows for name in row["applicants"].split(";;")} - {""}
    found = {(one, other): why for one, other, why in neighbours(names)}
    assert len(names) > 5000 and 0 < len(found) < 200
    assert found["ACCELERATED MEDIA TECH INC", "ACCELERATED MEDIA TECHNOLOGIES INC"].reasons == ("shortened",)
    assert found["TERAHOP NETOWRKS INC", "TERAHOP NETWORKS INC"].reasons == ("one_letter",)
    assert found["BAR-ILAN UNIV", "UNIV BAR ILAN"].reasons == ("word_order",)
    for one, other in found:
        shared = {word[:3] for word in normal_name(one).split()} & {word[:3] for word in normal_name(other).split()}
        assert shared or normal_name(one) == normal_name(other)
