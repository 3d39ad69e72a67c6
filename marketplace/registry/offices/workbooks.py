"""Excel workbooks (XLSX): the first sheet whose heading is known, as a table of texts."""

import warnings
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any, BinaryIO, cast
from zipfile import ZipFile

from marketplace.registry.offices.record import Row, UnreadableFile
from marketplace.registry.offices.tables import known_table, read_rows

MAX_SHEET_BYTES = 128 * 1024 * 1024
_WORKBOOK = "xl/workbook.xml"


def is_workbook(archive: ZipFile) -> bool:
    """Whether an archive is an Excel workbook, told by what stands in it."""
    return _WORKBOOK in archive.NameToInfo


def read_workbook(archive: ZipFile, wanted: str) -> Iterator[Row]:
    """Every row of the first sheet with a known heading; formulas count by their last value."""
    _check_parts(archive)
    rows = _sheet_rows(archive)
    for number, cells in rows:
        if known_table(cells, wanted) is not None:
            yield from read_rows(cells, _rest(rows, number, len(cells)), wanted)
            return
    raise UnreadableFile("unknown_format", "The workbook has the columns of no known format.")


def _check_parts(archive: ZipFile) -> None:
    if sum(entry.file_size for entry in archive.infolist()) > MAX_SHEET_BYTES:
        raise UnreadableFile("record_too_large", "The workbook is too large; save it as CSV.")
    for entry in archive.infolist():
        if entry.filename.endswith((".xml", ".rels")):
            with archive.open(entry) as part:
                if b"<!DOCTYPE" in part.read(4096).replace(b"\x00", b"").upper():
                    raise UnreadableFile("hostile_xml", "A part of the workbook carries a DOCTYPE.")


def _rest(rows: Iterator[tuple[int, list[str]]], sheet: int, width: int) -> Iterator[list[str]]:
    """The rows below the heading on the same sheet, empty cells at their ends filled up."""
    for number, cells in rows:
        if number != sheet:
            return
        yield cells + [""] * (width - len(cells))


def _sheet_rows(archive: ZipFile) -> Iterator[tuple[int, list[str]]]:
    """Each row that holds something, with the number of its sheet."""
    import openpyxl  # loads only where a workbook is read

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(cast(BinaryIO, archive.fp), read_only=True, data_only=True, keep_links=False)
        for number, sheet in enumerate(book.worksheets):
            sheet.reset_dimensions()
            for values in sheet.iter_rows(values_only=True):
                cells = [_text(value) for value in values]
                while cells and not cells[-1]:
                    cells.pop()
                if cells:
                    yield number, cells
    except UnreadableFile:
        raise
    except Exception as broken:  # openpyxl lets a damaged workbook fail in any way
        raise UnreadableFile("damaged_archive", "The workbook is damaged.") from broken


def _text(value: Any) -> str:
    """A cell as the text one would have typed."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
