"""Tables of rights: known by their headings, in any honest encoding, read row by row."""

import codecs
import csv
import io
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from marketplace.registry.offices import assignments, own_table, public_tables, trademarks
from marketplace.registry.offices.record import (
    BadValue,
    Cells,
    Conveyance,
    OfficeRecord,
    Row,
    RowFault,
    UnreadableFile,
    checked,
)
from marketplace.registry.offices.values import squeeze

_HEAD_BYTES = 65_536
_RowReader = Callable[[Cells, int], OfficeRecord | Conveyance]
_TABLES: tuple[tuple[set[str], str, _RowReader], ...] = (
    ({"publication_number", "jurisdiction", "lens_id"}, "lens", public_tables.read_lens_row),
    ({"display_key", "jurisdiction", "lens_id"}, "lens", public_tables.read_lens_row),
    ({"id", "assignee", "inventor/author", "filing/creation_date"}, "csv", public_tables.read_university_row),
    ({"reel_frame", "conveyance_class", "assignors", "assignees"}, "uspto-assignment", assignments.read_table_row),
    ({"reel_frame", "conveyance_class", "patent_num", "appl_num"}, "uspto-assignment", assignments.read_property_row),
    ({"office", "application_no", "registration_no", "mark"}, "csv", trademarks.read_mark_row),
    ({"office", "kind", "number"}, "csv", own_table.read_own_row),
)


def known_table(heading: list[str], wanted: str) -> _RowReader | None:
    """How to read the rows under this heading; nothing when no known table has it."""
    columns = set(_names(heading))
    for needed, source_format, reader in _TABLES:
        if needed <= columns:
            if wanted not in ("auto", source_format):
                raise UnreadableFile("other_format", f"The file is in the format {source_format}.")
            return reader
    return None


def read_csv(stream: BinaryIO, head: bytes, wanted: str) -> Iterator[Row]:
    """Every row of a delimited text, whichever of comma, semicolon and tab parts its known heading."""
    text = io.TextIOWrapper(stream, encoding=_encoding_of(head), errors="strict", newline="")
    try:
        first = text.readline(_HEAD_BYTES)
        text.seek(0)
        for delimiter in (",", ";", "\t"):
            if known_table(next(csv.reader([first], delimiter=delimiter), []), wanted) is not None:
                csv.field_size_limit(4_000_000)
                rows = csv.reader(text, delimiter=delimiter)
                yield from read_rows(next(rows), rows, wanted)
                return
    except UnicodeError as wrong:
        raise UnreadableFile("wrong_encoding", "The table is not UTF-8 text.") from wrong
    except csv.Error as wrong:
        raise UnreadableFile("malformed_row", "The heading of the table cannot be read.") from wrong
    finally:
        text.detach()
    raise UnreadableFile("unknown_format", "The table has the columns of no known format.")


def read_rows(heading: list[str], rows: Iterable[list[str]], wanted: str) -> Iterator[Row]:
    """Every row under a heading, a broken one as a fault with its number, field and reason."""
    reader = known_table(heading, wanted)
    if reader is None:
        raise UnreadableFile("unknown_format", "The table has the columns of no known format.")
    names = _names(heading)
    pending = iter(rows)
    row = 0
    while True:
        row += 1
        try:
            values = next(pending)
            while not values:
                values = next(pending)
            yield checked(reader(_cells(names, values), row))
        except StopIteration:
            return
        except BadValue as bad:
            yield RowFault(row, bad.field_name, bad.code, bad.value)
        except KeyError as column:
            yield RowFault(row, str(column.args[0]), "missing_field", "")
        except csv.Error as wrong:
            yield RowFault(row, "", "malformed_row", str(wrong))


def _names(heading: list[str]) -> list[str]:
    """Column names in one spelling: small letters, underscores between words."""
    return ["_".join(name.removeprefix("\ufeff").lower().split()) for name in heading]


def _cells(names: list[str], values: list[str]) -> Cells:
    """The row by column; one with the wrong number of cells is refused."""
    if len(values) != len(names):
        raise BadValue("wrong_cell_count", "", "")
    if "\x00" in "".join(values):
        raise BadValue("control_character", "", names[next(i for i, value in enumerate(values) if "\x00" in value)])
    return dict(zip(names, map(squeeze, values), strict=True))


def _encoding_of(head: bytes) -> str:
    """UTF-8 or UTF-16 as marked; else the Chinese national encoding when the text is plainly Chinese in it."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
        return "utf-8-sig"
    except UnicodeDecodeError as wrong:
        if _is_chinese(head):
            return "gb18030"
        raise UnreadableFile("wrong_encoding", "The table is not UTF-8 text.") from wrong


def _is_chinese(head: bytes) -> bool:
    """Western text read as Chinese gives rare characters; real Chinese text is nearly all common ones."""
    try:
        text = codecs.getincrementaldecoder("gb18030")().decode(head)
    except UnicodeDecodeError:
        return False
    foreign = [character for character in text if not character.isascii()]
    common = sum(1 for character in foreign if len(character.encode("gb2312", "ignore")) == 2)
    return bool(foreign) and common >= 0.95 * len(foreign)
