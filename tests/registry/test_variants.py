"""Every format with parts missing, empty, renamed or in another encoding: never a crash, and unknown stays unknown."""

import dataclasses
import io
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from marketplace.registry.offices.reading import read_stream
from marketplace.registry.offices.record import Conveyance, OfficeRecord, RowFault, UnreadableFile
from tests.registry import office_files

FIXTURES = Path(__file__).parent / "fixtures"


def text_of(path: Path) -> str:
    """The file in the encoding it declares, the declaration itself left out."""
    content = path.read_bytes()
    declared = re.match(rb"<\?xml[^>]*encoding=[\"']([\w-]+)", content)
    text = content.decode(declared.group(1).decode() if declared else "utf-8")
    return re.sub(r"^<\?xml[^>]*\?>", "", text)


SAMPLES = {path.name: text_of(path) for path in sorted(FIXTURES.glob("*.xml"))} | {
    "register": office_files.REGISTER.format(inside=office_files.REGISTER_BIBLIO),
    "register events": office_files.REGISTER.format(inside=office_files.REGISTER_EVENTS),
    "family": office_files.FAMILY,
    "publication of 2001": office_files.PUBLICATION_OF_2001,
    "application": office_files.APPLICATION,
    "mark application": office_files.MARK_APPLICATION,
}
DAY = re.compile(
    r"(?<=>)(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d)(?=<)|(?<=>)(?:19|20)\d\d-\d\d-\d\d(?:[TZ+-][^<]*)?(?=<)"
)
TAG = re.compile(r"<([\w:-]+)")
DATES = tuple(
    field.name
    for field in dataclasses.fields(OfficeRecord)
    if field.name.endswith("_date") or field.name == "expires_on"
)


def rows_of(content: str | bytes) -> list[Any]:
    plain = content.encode() if isinstance(content, str) else content
    try:
        return list(read_stream(io.BytesIO(plain), "file"))
    except UnreadableFile as refused:
        assert refused.code
        return []


def body_of(text: str) -> str:
    """The document without its declaration and DOCTYPE."""
    return text[re.search(r"<(?![?!])", text).start() :]  # type: ignore[union-attr]


def variants_of(text: str, replacement: str) -> Iterator[str]:
    """The document with every element of one name emptied or left out, one name at a time."""
    body = body_of(text)
    for tag in dict.fromkeys(TAG.findall(body)):
        element = re.compile(rf"<{re.escape(tag)}(?=[\s>/])[^>]*?(?:/>|>.*?</{re.escape(tag)}>)", re.DOTALL)
        yield element.sub(replacement.format(tag=tag), body)


def check(rows: list[Any]) -> None:
    for row in rows:
        assert isinstance(row, OfficeRecord | Conveyance | RowFault)
        if isinstance(row, OfficeRecord):
            assert row.office
            assert row.number or row.application_number or row.registration_number
            assert all(words for _language, words in (*row.titles, *row.abstracts))
            assert all((*row.applicants, *row.owners, *row.inventors))


@pytest.mark.parametrize("replacement", ["", "<{tag}/>", "<{tag}> </{tag}>"], ids=["missing", "empty", "blank"])
@pytest.mark.parametrize("name", SAMPLES)
def test_a_missing_or_empty_element_is_unknown_never_a_crash(name: str, replacement: str) -> None:
    for variant in variants_of(SAMPLES[name], replacement):
        check(rows_of(variant))


@pytest.mark.parametrize("zero", ["00000000", "", "--"])
@pytest.mark.parametrize("name", [name for name in SAMPLES if name != "assignment.xml"])
def test_a_day_that_is_no_day_stays_unknown(name: str, zero: str) -> None:
    # what an attribute of the document still dates is not meant here
    silent = re.sub(r'\s(?:date-publ|datePublication|documentPublicationDate|change-date)="[^"]*"', "", SAMPLES[name])
    silent = re.sub(r'\s[\w]+:documentPublicationDate="[^"]*"', "", silent)
    for row in rows_of(DAY.sub(zero, silent)):
        assert isinstance(row, OfficeRecord)
        assert [getattr(row, field) for field in DATES] == [None] * len(DATES)
        assert row.claims_count != 0


@pytest.mark.parametrize("name", [name for name in SAMPLES if name != "assignment.xml"])
def test_days_may_be_written_in_either_way(name: str) -> None:
    plain = rows_of(SAMPLES[name])
    dashed = rows_of(
        DAY.sub(
            lambda day: day.group() if "-" in day.group() else date.fromisoformat(day.group()).isoformat(),
            SAMPLES[name],
        )
    )
    for one, other in zip(plain, dashed, strict=True):
        assert [getattr(one, field) for field in DATES] == [getattr(other, field) for field in DATES]


@pytest.mark.parametrize("name", SAMPLES)
def test_the_prefix_of_a_namespace_means_nothing(name: str) -> None:
    text = SAMPLES[name]
    renamed = text
    for prefix in set(re.findall(r"xmlns:(\w+)=", text)):
        renamed = re.sub(rf"(?<=[</\s:]){prefix}:(?=\w)|(?<=xmlns:){prefix}(?==)", lambda m: "q" + m.group(), renamed)
    assert rows_of(renamed) == rows_of(text)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("name", SAMPLES)
def test_the_same_record_in_another_encoding(name: str, encoding: str) -> None:
    declaration = "" if encoding.startswith("utf") else f'<?xml version="1.0" encoding="{encoding}"?>'
    text = re.sub(r"^<\?xml[^>]*\?>", "", SAMPLES[name])
    assert rows_of((declaration + text).encode(encoding)) == rows_of(text)


def test_a_european_application_is_one_whether_its_check_digit_is_written_or_not() -> None:
    from marketplace.registry.assets import application_key

    assert application_key("EP", "23990003.7") == application_key("EP", "23990003")
    assert application_key("US", "201314052000") == application_key("US", "14052000")
    assert application_key("CN", "202210000001.6") == application_key("CN", "202210000001")
