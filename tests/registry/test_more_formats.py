"""Register answers, families, older USPTO publications, tables in Excel, archives: each read as its office means it."""

import io
from datetime import date
from typing import Any

import pytest

from marketplace.registry.offices.reading import read_stream
from marketplace.registry.offices.record import OfficeRecord, RowFault, UnreadableFile
from tests.registry.office_files import (
    APPLICATION,
    FAMILY,
    MARK_APPLICATION,
    MARKS,
    OWN,
    PUBLICATION_OF_2001,
    REGISTER,
    REGISTER_BIBLIO,
    REGISTER_EVENTS,
    workbook,
    zipped,
)


def rows_of(content: bytes | str, wanted: str = "auto", name: str = "file") -> list[Any]:
    plain = content.encode() if isinstance(content, str) else content
    return list(read_stream(io.BytesIO(plain), name, wanted))


def refusal_of(content: bytes | str) -> str:
    with pytest.raises(UnreadableFile) as refused:
        rows_of(content)
    return refused.value.code


def test_a_register_document_tells_the_newest_state_of_each_field() -> None:
    (record,) = rows_of(REGISTER.format(inside=REGISTER_BIBLIO))
    assert (record.office, record.number, record.kind_code, record.publication_date) == (
        "EP", "9990101", "B1", date(2019, 11, 27),
    )  # fmt: skip
    assert (record.status, record.status_date, record.grant_date) == (
        "in_force",
        date(2019, 10, 25),
        date(2019, 11, 27),
    )
    assert (record.titles, record.applicants, record.inventors) == (
        (("en", "NEW TITLE"),), ("New Owner Oy",), ("Nobody, Ann",),
    )  # fmt: skip
    assert (record.ipc, record.priorities) == (("H04W84/20", "H04W88/04"), ("FI 20095001 20090624",))
    assert [(event.code, event.on) for event in record.events] == [("LAPSED HU", date(2010, 6, 24))]


def test_register_events_without_biblio_belong_to_the_number_that_was_asked_for() -> None:
    (record,) = rows_of(REGISTER.format(inside=REGISTER_EVENTS))
    assert (record.number, record.kind_code, record.titles) == ("9990101", "", ())
    assert [(event.code, event.on, event.text) for event in record.events] == [
        ("0009210", date(2002, 12, 28), "(Expected) grant"),
        ("RFEE", None, "Renewal fee payment · 03"),
    ]


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("No opposition filed within time limit", "in_force"),
        ("Patent revoked", "invalidated"),
        ("The application is deemed to be withdrawn", "withdrawn"),
        ("The application has been refused", "refused"),
        ("The application has been published", "pending"),
        ("Something new", "unknown"),
    ],
)
def test_a_register_status_nobody_mapped_stays_unknown(words: str, status: str) -> None:
    text = REGISTER.format(inside=REGISTER_BIBLIO).replace("The patent has been granted", words)
    assert rows_of(text)[0].status == status


def test_a_family_member_is_told_with_its_biblio_and_its_legal_events() -> None:
    (record,) = rows_of(FAMILY)
    assert (record.number, record.family_id, record.titles) == ("9990201", "990201", (("en", "IMAGINED FAMILY"),))
    assert (record.applicants, record.cpc) == (("IMAGINED OY [FI]",), ("B28B1/29",))
    assert [(event.code, event.scheme) for event in record.events][-1] == ("17P", "inpadoc-ep")
    assert "Effective DATE: 20120606" in record.events[-1].text


def test_an_application_publication_of_2001_is_read() -> None:
    (record,) = rows_of(PUBLICATION_OF_2001)
    assert (record.office, record.number, record.kind_code, record.status) == ("US", "20019990301", "A1", "pending")
    assert (record.application_number, record.application_date) == ("09990301", date(2000, 11, 28))
    assert (record.ipc, record.claims_count) == (("A01K1/00", "G06F17/60"), 2)
    assert (record.applicants, record.inventors) == (("Imaginary Kennels, Inc.",), ("Ann B. Nobody", "Bob Nobody"))
    assert record.priorities == ("JP 11-990301 19991129",)
    assert record.abstracts == (("en", "A kennel of the &lsquo;old&rsquo; kind."),)


def test_an_application_in_the_tags_of_today_is_read() -> None:
    (record,) = rows_of(APPLICATION)
    assert (record.number, record.kind_code, record.status, record.grant_date) == ("20140990401", "A1", "pending", None)
    assert (record.applicants, record.inventors, record.claims_count) == (("Imaginary Apps Co.",), ("Cid Nobody",), 2)
    assert (record.cpc, record.priorities) == (("H04L9/32",), ("KR 10-2012-0990401 20121012",))


def test_a_trade_mark_application_in_st96_is_read() -> None:
    (record,) = rows_of(MARK_APPLICATION)
    assert (record.office, record.application_number, record.mark) == ("SG", "40202299501", "虚构标")
    assert (record.nice_classes, record.owners, record.status) == (("009",), ("虚构品牌有限公司",), "pending")


def test_a_flat_table_of_marks_leaves_unknown_what_it_does_not_say() -> None:
    expired, silent, lost = rows_of(MARKS)
    assert (expired.status, expired.nice_classes, expired.grant_date) == ("expired", ("009", "041"), date(1998, 9, 11))
    assert (silent.status, silent.grant_date, silent.application_date, silent.owners) == (
        "unknown", None, None, ("IMAGINARY, LLC",),
    )  # fmt: skip
    assert (lost.row, lost.code) == (3, "missing_field")


def test_our_own_workbook_is_read_like_our_own_table() -> None:
    heading = ["Office", "Kind", "Number", "Kind code", "Application date", "Title zh", "Owners", "Claims count"]
    row = ["CN", "invention", 990000601, "B", date(2020, 1, 2), "虚构的表", "虚构表格有限公司", 7.0]
    notes = [["说明"], ["Write one right a row."]]
    short = ["CN", "design", "990000602", "S", "2020-02-30", "虚构的图"]
    right, wrong = rows_of(workbook(notes, [[], heading, row, [], short], [["more"]]))
    assert right == rows_of(OWN)[0]
    assert (wrong.row, wrong.field, wrong.code) == (2, "application_date", "bad_date")


def test_a_workbook_of_something_else_is_refused() -> None:
    assert refusal_of(workbook([["a", "b"], [1, 2]])) == "unknown_format"
    whole = workbook([["a", "b"], [1, 2]])
    assert refusal_of(whole[: len(whole) // 2]) == "damaged_archive"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_is_read_in_every_honest_encoding(encoding: str, delimiter: str) -> None:
    first, _second = rows_of(OWN.replace(",", delimiter).encode(encoding))
    assert (first.titles, first.owners) == ((("zh", "虚构的表"),), ("虚构表格有限公司",))


def test_western_text_is_never_taken_for_chinese() -> None:
    assert refusal_of(OWN.replace("虚构的表", "Façade à côté").replace("虚构的图", "").encode("latin-1", "ignore")) == (
        "wrong_encoding"
    )


def test_a_lens_export_of_today_is_read() -> None:
    heading = "#,Jurisdiction,Kind,Display Key,Lens ID,Publication Date,Application Number,Title,Abstract,Applicants,Cited by Patent Count"
    (record,) = rows_of(heading + "\n1,US,B2,US 9999071 B2,0-1,2019-01-02,US 201715999071 A,T,A thing.,A;;B,3\n")
    assert (record.number, record.applicants, record.cited_by_count) == ("9999071", ("A", "B"), 3)
    assert record.abstracts == (("en", "A thing."),)


def test_an_archive_is_read_file_by_file_and_a_bad_file_is_named() -> None:
    files = {"a/app.xml": APPLICATION.encode(), "bad.xml": b"<x", "own.csv": OWN.encode(), "p.png": b"\x89PNG...."}
    rows = rows_of(zipped(files))
    assert [row.place for row in rows] == ["a/app.xml", "bad.xml", "own.csv", "own.csv", "p.png"]
    assert [type(row) for row in rows] == [OfficeRecord, RowFault, OfficeRecord, RowFault, RowFault]
    assert [row.code for row in rows if isinstance(row, RowFault)] == ["malformed_xml", "bad_date", "unknown_format"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PATN\nWKU  039305848\nSRC  5\n", "green book"),
        (b"HHHHHT        APS1        ISSUE - 760106\nPATN\n", "green book"),
        (b'<!DOCTYPE PATDOC PUBLIC "-//USPTO//DTD ST.32 US PATENT GRANT V2.4 2000-09-20//EN" [\n]>\n<PATDOC>', "SGML"),
        (b'<PATDOC DTD="2.4" STATUS="Build 20001005">\n<SDOBI>\n<B100><B110><DNUM>', "SGML"),
    ],
)
def test_uspto_text_before_xml_is_refused_by_name(content: bytes, words: str) -> None:
    with pytest.raises(UnreadableFile) as refused:
        rows_of(content)
    assert refused.value.code == "old_format"
    assert words in refused.value.message


@pytest.mark.parametrize(
    ("kind_code", "status"), [("A1", "pending"), ("B2", "in_force"), ("", "unknown"), ("Z9", "unknown")]
)
def test_a_kind_code_that_tells_nothing_leaves_the_status_unknown(kind_code: str, status: str) -> None:
    record = rows_of(APPLICATION.replace("<kind>A1</kind>", f"<kind>{kind_code}</kind>"))[0]
    assert (record.status, record.grant_date is not None) == (status, status == "in_force")
