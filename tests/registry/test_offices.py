"""Every office format is read into the one normal form; invented records, one of each kind."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from marketplace.registry.offices.reading import read_path
from marketplace.registry.offices.record import Conveyance, OfficeRecord, RowFault, UnreadableFile

FIXTURES = Path(__file__).parent / "fixtures"


def records(name: str, wanted: str = "auto") -> list[Any]:
    return list(read_path(FIXTURES / name, wanted))


def only(name: str) -> OfficeRecord:
    (record,) = records(name)
    assert isinstance(record, OfficeRecord), record
    return record


EXPECTED: dict[str, dict[str, Any]] = {
    "cnipa_new.xml": {
        "office": "CN", "number": "990000001", "kind_code": "B", "asset_kind": "invention", "claims_count": 2,
        "publication_date": date(2024, 3, 5), "application_number": "202210000001.6", "language": "zh",
        "application_date": date(2022, 6, 7), "grant_date": date(2024, 3, 5), "ipc": ("F16K31/04", "H04L9/32"),
        "titles": (("zh", "一种并不存在的阀门"),), "applicants": ("虚构机械有限公司",), "inventors": ("甲某", "乙某"),
        "abstracts": (("zh", "本发明公开了一种并不存在的阀门。"),), "status": "in_force",
    },
    "cnipa_old.xml": {
        "office": "CN", "number": "990000002", "kind_code": "U", "asset_kind": "utility_model", "claims_count": 1,
        "application_number": "201420000002.3", "ipc": ("A24B15/18",), "applicants": ("虚构农业大学",),
        "abstracts": (("zh", "一种支架。 某中心 2012.10.08"),), "inventors": ("丙某",),
    },
    "jpo.xml": {
        "office": "JP", "number": "2099000001", "kind_code": "A", "application_number": "2098000001",
        "application_date": date(2019, 9, 6), "ipc": ("B01J20/22", "A23L3/34"), "claims_count": 8,
        "applicants": ("架空株式会社",), "inventors": ("架空 太郎",), "language": "ja", "status": "pending",
    },
    "uspto.xml": {
        "office": "US", "number": "09999901", "kind_code": "B2", "application_number": "17999901",
        "ipc": ("G06F 15/16",), "cpc": ("G06F15/163",), "claims_count": 7, "owners": ("Imaginary Rotor, Inc.",),
        "titles": (("en", "Imaginary rotor & method"),), "inventors": ("Ann Nobody",), "term_extension_days": 12,
        "abstracts": (("en", "A rotor with H2O — imagined."),),
    },
    "epo.xml": {
        "office": "EP", "number": "9990003", "kind_code": "A1", "application_number": "23990003.7",
        "titles": (("de", "Erdachter Apparat"), ("en", "Imagined apparatus")), "inventors": ("Nobody, Nat",),
        "ipc": ("H04N1/40",), "claims_count": 1, "abstracts": (("en", "An apparatus of &Delta; kind."),),
    },
    "st96_patent.xml": {
        "office": "SG", "number": "10209900006", "application_number": "10202099006A", "claims_count": 4,
        "ipc": ("H01L21/30",), "applicants": ("Imaginary Pte Ltd",), "inventors": ("Ann Nobody",),
        "abstracts": (("en", "Bonding, imagined."),),
    },
    "st96_design.xml": {
        "office": "SG", "asset_kind": "design", "registration_number": "99007", "expires_on": date(2034, 1, 29),
        "applicants": ("Imaginary Seats",), "status": "in_force", "application_number": "30202099007",
    },
    "st96_mark.xml": {
        "asset_kind": "trademark", "registration_number": "9900008", "application_number": "99000008",
        "application_date": date(2015, 2, 7), "grant_date": date(2018, 8, 4), "mark": "NOSUCHMARK",
        "nice_classes": ("009",), "owners": ("New Owner, Inc.",), "former_owners": ("Old Owner, Inc.",),
        "status_code": "800", "status": "in_force", "status_date": date(2024, 8, 11),
    },
    "st66_mark.xml": {
        "asset_kind": "trademark", "registration_number": "9900009", "nice_classes": ("042",), "status": "lapsed",
        "owners": ("IMAGINARY FOUNDATION",), "application_date": date(2010, 5, 9), "source_format": "st66",
    },
    "application.json": {
        "office": "CN", "application_number": "202310479601.8", "ipc": ("F16K11/074", "F16K31/04"),
        "applicants": ("虚构控制股份有限公司",), "status": "pending", "asset_kind": "invention",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_each_format_is_read_field_by_field(name: str) -> None:
    record = only(name)
    assert {field: getattr(record, field) for field in EXPECTED[name]} == EXPECTED[name]


def test_ops_answers_hold_biblio_and_legal_events() -> None:
    biblio, family = records("ops.xml")
    assert (biblio.number, biblio.applicants, biblio.cpc) == ("9990004", ("IMAGINARY BV [NL]",), ("B28B5/022",))
    assert (biblio.application_number, biblio.application_date) == ("19990004", date(2019, 11, 8))
    assert [(event.code, event.on) for event in family.events] == [
        ("PE01", date(2022, 2, 3)),
        ("ZZ99", date(2022, 3, 3)),
    ]


def test_a_fee_answer_belongs_to_the_right_its_file_is_named_for() -> None:
    record = only("2022100000016.json")
    assert record.application_number == "202210000001.6"
    assert [(fee.state, fee.amount_minor) for fee in record.fees] == [("due", 120000), ("paid", 120050)]


def test_a_recorded_security_interest_is_told_with_its_rights() -> None:
    (conveyance,) = records("assignment.xml")
    assert isinstance(conveyance, Conveyance)
    assert (conveyance.reference, conveyance.conveyance_class) == ("048811-0079", "security_interest")
    assert (conveyance.properties[0].application_number, conveyance.properties[0].patent_number) == (
        "17999901",
        "9999901",
    )


def test_a_broken_row_is_named_and_the_others_are_read() -> None:
    first, second, broken = records("lens.csv")
    assert (first.number, first.application_number, first.applicants) == ("20990000010", "17000010", ("IMAGINARY INC",))
    assert (second.office, second.application_number) == ("WO", "IL 2018050041")
    assert isinstance(broken, RowFault)
    assert (broken.row, broken.field, broken.code) == (3, "publication_date", "bad_date")


def test_university_grants_are_read_plants_included() -> None:
    patent, plant = records("university.csv")
    assert (patent.number, patent.kind_code, patent.inventors) == ("6990013", "B2", ("Ann Nobody", "Bob Nobody"))
    assert (plant.asset_kind, plant.number) == ("plant_variety", "PP99014")


def test_a_format_that_was_not_chosen_is_refused() -> None:
    with pytest.raises(UnreadableFile) as refused:
        records("jpo.xml", "lens")
    assert refused.value.code == "other_format"


def test_several_documents_in_one_file_are_told_apart(tmp_path: Path) -> None:
    one = (FIXTURES / "uspto.xml").read_bytes()
    two = one.replace(b"09999901", b"09999902")
    path = tmp_path / "weekly.xml"
    bare = [content[content.index(b"<us-patent-grant lang") :] for content in (one, two)]
    for first, second in ((one + b"\n", two), (bare[0], bare[1] + b"\n"), (bare[0], two)):
        path.write_bytes((first + second) * 40)
        numbers = [record.number for record in read_path(path) if isinstance(record, OfficeRecord)]
        assert numbers == ["09999901", "09999902"] * 40


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_other_honest_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    text = (FIXTURES / "jpo.xml").read_text(encoding="utf-8")
    path = tmp_path / "jpo.xml"
    path.write_bytes(text.encode(encoding))
    (record,) = read_path(path)
    assert isinstance(record, OfficeRecord)
    assert record.applicants == ("架空株式会社",)
