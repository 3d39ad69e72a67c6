"""Which office format a file is in, told by its content, and its records one by one."""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from marketplace.registry.offices import archives, cnipa_json, tables, workbooks, xml_formats
from marketplace.registry.offices.record import BadValue, Row, RowFault, UnreadableFile

FORMATS = (
    "auto", "st96", "st36", "cnipa", "uspto", "docdb", "jpo", "st66", "uspto-assignment",
    "lens", "csv",
)  # fmt: skip
MAX_JSON_BYTES = 8_000_000
_HEAD_BYTES = 65_536
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_PACKED = (b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf", b"BZh", b"\xfd7zXZ", b"%PDF", b"\xd0\xcf\x11\xe0")
_PICTURE = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SGML_GRANT = re.compile(rb"""^(?:<!DOCTYPE\s+PATDOC\s+PUBLIC\s|<PATDOC\s+DTD=["']2\.[0-4]["'])""", re.IGNORECASE)
_NUMBER_IN_NAME = re.compile(r"(?:ZL|CN)?((?:19|20)\d{2}[12389]\d{7}\.?[\dX]?)", re.IGNORECASE)


def read_path(path: Path, wanted: str = "auto") -> Iterator[Row]:
    """Every record of one file; UnreadableFile when the whole file must be refused."""
    with path.open("rb") as stream:
        yield from read_stream(stream, path.name, wanted)


def read_stream(stream: BinaryIO, name: str, wanted: str = "auto") -> Iterator[Row]:
    """Every record of one opened, seekable file, archives and workbooks included."""
    head = stream.read(4)
    stream.seek(0)
    if not head.startswith(_ZIP):
        yield from _read_plain(stream, name, wanted)
        return
    with archives.open_archive(stream) as archive:
        if workbooks.is_workbook(archive):
            yield from workbooks.read_workbook(archive, wanted)
        else:
            yield from archives.read_archive(archive, wanted, _read_member)


def _read_member(stream: BinaryIO, name: str, wanted: str) -> Iterator[Row]:
    """A file inside an archive; an archive within the archive is never opened."""
    head = stream.read(8)
    stream.seek(0)
    if head.startswith((*_ZIP, *_PACKED[:5])):
        raise UnreadableFile("nested_archive", "The archive holds another archive.")
    yield from _read_plain(stream, name, wanted)


def _read_plain(stream: BinaryIO, name: str, wanted: str) -> Iterator[Row]:
    head = stream.read(_HEAD_BYTES)
    stream.seek(0)
    if not head.strip():
        raise UnreadableFile("empty_file", "The file holds nothing.")
    start = _first_characters(head)
    if head.startswith(_PACKED):
        raise UnreadableFile("packed_file", "Unpack the file first; only ZIP, XLSX, XML, JSON and CSV are read.")
    if head.startswith(_PICTURE):
        raise UnreadableFile("unknown_format", "A picture holds no record.")
    if start.startswith((b"PATN", b"HHHHHT")):
        raise UnreadableFile("old_format", "USPTO text before 2001 (green book) is not supported.")
    if _SGML_GRANT.match(start):
        raise UnreadableFile("old_format", "USPTO SGML of 2001 is not supported.")
    if start.startswith(b"<"):
        yield from xml_formats.read_xml(stream, wanted)
    elif start.startswith((b"{", b"[")):
        yield from _read_json(stream, name, wanted)
    elif b"\x00" in head and not head.startswith(_UTF16):
        raise UnreadableFile("wrong_encoding", "The file is neither XML, JSON nor UTF-8 text.")
    else:
        yield from tables.read_csv(stream, head, wanted)


def _first_characters(head: bytes) -> bytes:
    """How the text begins, in whichever marked encoding."""
    if head.startswith(_UTF16):
        head = head[:400].decode("utf-16", "ignore").encode("utf-8", "ignore")
    return head.removeprefix(codecs.BOM_UTF8).lstrip()


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
