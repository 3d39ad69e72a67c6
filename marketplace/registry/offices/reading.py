"""Which office format a file is in, told by its content, and its records one by one."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO
from xml.etree.ElementTree import Element

from marketplace.registry.offices import (
    assignments,
    cnipa,
    cnipa_json,
    docdb,
    sdobi,
    st36,
    st96,
    tables,
    trademarks,
)
from marketplace.registry.offices.record import (
    BadValue,
    Conveyance,
    OfficeRecord,
    Row,
    RowFault,
    UnreadableFile,
)
from marketplace.registry.offices.safe_xml import read_records

FORMATS = (
    "auto", "st96", "st36", "cnipa", "uspto", "docdb", "jpo", "st66", "uspto-assignment",
    "lens", "csv",
)  # fmt: skip
MAX_JSON_BYTES = 8_000_000
_Parsed = OfficeRecord | Conveyance | None


def _st36(source_format: str, office: str) -> Callable[[Element, int], _Parsed]:
    return lambda element, row: st36.read_document(element, row, source_format, office)


_ONE_RECORD: dict[str, tuple[str, Callable[[Element, int], _Parsed]]] = {
    "PatentPublication": ("st96", st96.read_patent),
    "BibliographicData": ("st96", st96.read_patent),
    "PatentLegalStatus": ("st96", st96.read_legal_status),
    "Trademark": ("st96", trademarks.read_trademark),
    "TradeMark": ("st66", trademarks.read_trademark),
    "ep-patent-document": ("st36", sdobi.read_sdobi_document),
    "PATDOC": ("uspto", sdobi.read_sdobi_document),
    "us-patent-grant": ("uspto", _st36("uspto", "US")),
    "us-patent-application": ("uspto", _st36("uspto", "US")),
    "cn-patent-document": ("cnipa", _st36("cnipa", "CN")),
    "PatentDocumentAndRelated": ("cnipa", cnipa.read_gazette_document),
    "jp-official-gazette": ("jpo", _st36("jpo", "JP")),
    "wo-patent-document": ("st36", _st36("st36", "WO")),
    "kr-patent-document": ("st36", _st36("st36", "KR")),
    "patent-document": ("st36", _st36("st36", "")),
    "exchange-document": ("docdb", docdb.read_exchange_document),
    "family-member": ("docdb", docdb.read_family_member),
    "patent-assignment": ("uspto-assignment", assignments.read_bulk_assignment),
    "doc": ("uspto-assignment", assignments.read_search_answer),
}
_PARTY_TAGS = frozenset({"ApplicantDetails", "HolderDetails"})
_RECORD_TAGS = frozenset({*_ONE_RECORD, *_PARTY_TAGS, "DesignApplication"})
_LENS_COLUMNS = {"publication_number", "jurisdiction", "lens_id", "ipcr_classifications"}
_UNIVERSITY_COLUMNS = {"id", "assignee", "inventor/author", "filing/creation date"}
_ASSIGNMENT_COLUMNS = {"reel_frame", "conveyance_class", "assignors", "assignees"}
_PROPERTY_COLUMNS = {"reel_frame", "conveyance_class", "patent_num", "appl_num"}
_TABLES: tuple[tuple[set[str], str, Callable[..., OfficeRecord | Conveyance]], ...] = (
    (_LENS_COLUMNS, "lens", tables.read_lens_row),
    (_UNIVERSITY_COLUMNS, "csv", tables.read_university_row),
    (_ASSIGNMENT_COLUMNS, "uspto-assignment", assignments.read_table_row),
    (_PROPERTY_COLUMNS, "uspto-assignment", assignments.read_property_row),
    ({"office", "kind", "number"}, "csv", tables.read_template_row),
)
_NUMBER_IN_NAME = re.compile(r"(?:ZL|CN)?((?:19|20)\d{2}[12389]\d{7}\.?[\dX]?)", re.IGNORECASE)


def read_path(path: Path, wanted: str = "auto") -> Iterator[Row]:
    """Every record of one file; UnreadableFile when the whole file must be refused."""
    with path.open("rb") as stream:
        yield from read_stream(stream, path.name, wanted)


def read_stream(stream: BinaryIO, name: str, wanted: str = "auto") -> Iterator[Row]:
    """Every record of one opened, seekable file."""
    head = stream.read(4096)
    stream.seek(0)
    if not head.strip():
        raise UnreadableFile("empty_file", "The file holds nothing.")
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith((b"PK\x03\x04", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf", b"%PDF")):
        raise UnreadableFile("packed_file", "Unpack the file first; only XML, JSON and CSV are read.")
    if start.startswith(b"<") or head.startswith((b"\xff\xfe<", b"\xfe\xff\x00<")):
        yield from _read_xml(stream, wanted)
    elif start.startswith((b"{", b"[")):
        yield from _read_json(stream, name, wanted)
    elif b"\x00" in head:
        raise UnreadableFile("wrong_encoding", "The file is neither XML, JSON nor UTF-8 text.")
    elif start.startswith((b"PATN", b"HHHHHT")):
        raise UnreadableFile("old_format", "USPTO text before 2001 (green book) is not supported.")
    else:
        yield from _read_csv(stream, wanted)


def _read_xml(stream: BinaryIO, wanted: str) -> Iterator[Row]:
    row = 0
    for root, element in _with_parties(read_records(stream, _RECORD_TAGS)):
        if element.tag == "doc" and root != "response":
            continue
        row += 1
        source_format = _ONE_RECORD[element.tag][0] if element.tag in _ONE_RECORD else "st96"
        if wanted not in ("auto", source_format):
            raise UnreadableFile("other_format", f"The file is in the format {source_format}.")
        yield from _parsed(element, row)
    if row == 0:
        raise UnreadableFile("unknown_format", "The XML holds no record of a known office format.")


def _with_parties(elements: Iterator[tuple[str, Element]]) -> Iterator[tuple[str, Element]]:
    """ST.66 may name a mark's parties behind it instead of inside: they are put back into the mark."""
    held: tuple[str, Element] | None = None
    for root, element in elements:
        if element.tag in _PARTY_TAGS:
            if held is not None and held[1].tag == "TradeMark":
                held[1].append(element)
            continue
        if held is not None:
            yield held
        held = (root, element)
    if held is not None:
        yield held


def _parsed(element: Element, row: int) -> Iterator[Row]:
    try:
        if element.tag == "DesignApplication":
            for record in st96.read_design(element, row):
                yield _checked(record)
            return
        parsed = _ONE_RECORD[element.tag][1](element, row)
        if isinstance(parsed, OfficeRecord):
            yield _checked(parsed)
        elif parsed is not None:
            yield parsed
    except BadValue as bad:
        yield RowFault(row, bad.field_name, bad.code, bad.value)


def _checked(record: OfficeRecord) -> Row:
    """A record must name its office and carry a number, else it stands for no right."""
    if not re.fullmatch(r"[A-Z]{2}", record.office):
        return RowFault(record.row, "office", "bad_office", record.office[:20])
    if not (record.number or record.application_number or record.registration_number):
        return RowFault(record.row, "number", "missing_field", "")
    return record


def _read_json(stream: BinaryIO, name: str, wanted: str) -> Iterator[Row]:
    if wanted not in ("auto", "cnipa"):
        raise UnreadableFile("other_format", "The file is in the format cnipa.")
    content = stream.read(MAX_JSON_BYTES + 1)
    if len(content) > MAX_JSON_BYTES:
        raise UnreadableFile("record_too_large", "One JSON answer is too large.")
    match = _NUMBER_IN_NAME.search(name)
    try:
        yield from cnipa_json.read_answer(content, match.group(1) if match else "")
    except BadValue as bad:
        yield RowFault(1, bad.field_name, bad.code, bad.value)


def _read_csv(stream: BinaryIO, wanted: str) -> Iterator[Row]:
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="strict", newline="")
    try:
        header = text.readline(65_536)
    except UnicodeDecodeError as wrong:
        raise UnreadableFile("wrong_encoding", "The table is not UTF-8 text.") from wrong
    columns = {cell.strip().lower() for cell in next(csv.reader([header]), [])}
    text.seek(0)
    for needed, source_format, reader in _TABLES:
        if needed <= columns:
            if wanted not in ("auto", source_format):
                raise UnreadableFile("other_format", f"The file is in the format {source_format}.")
            for row in tables.read_table(text, reader):
                yield _checked(row) if isinstance(row, OfficeRecord) else row
            text.detach()
            return
    raise UnreadableFile("unknown_format", "The table has the columns of no known format.")
