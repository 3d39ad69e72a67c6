"""Search results as files: CSV, XLSX and JSON, written while they are sent, with no cell a spreadsheet would run."""

import csv
import io
import json
import tempfile
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from marketplace.core.actor import Actor
from marketplace.core.i18n import _
from marketplace.listings.cards import Card, cards
from marketplace.listings.labels import words
from marketplace.listings.search import Sort, matching_asset_ids

MOST_ROWS = 50_000
BATCH = 500
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""Beginnings that a spreadsheet takes for a formula or command."""


def columns() -> list[str]:
    """The head of every export: the columns the results show."""
    return [
        _("Number"), _("Title"), _("Type of right"), _("Legal status"), _("Owners"), _("Filed"), _("Ends"), _("IPC"),
        _("Pledged"), _("On offer as"), _("Price"), _("Currency"), _("Source"),
    ]  # fmt: skip


def row(card: Card) -> list[str]:
    """One asset as text cells."""
    asset = card.asset
    priced = next((listing for listing in card.listings if listing.price is not None), None)
    price = priced.price if priced else None
    return [
        asset.label,
        asset.title,
        words("kind", asset.kind),
        words("status", card.status),
        "; ".join(card.owners),
        asset.application_date.isoformat() if asset.application_date else "",
        asset.expires_on.isoformat() if asset.expires_on else "",
        "; ".join(asset.ipc),
        words("pledged", "yes" if card.pledged else "no"),
        "; ".join(words("mode", listing.mode) for listing in card.listings),
        price.format() if price else "",
        price.currency if price else "",
        asset.attribution or asset.status_source,
    ]


def harmless(cell: str) -> str:
    """A cell that every spreadsheet shows as text."""
    return "'" + cell if cell.startswith(DANGEROUS) else cell


def origin(query: str, now: datetime) -> list[tuple[str, str]]:
    """What was asked, when, and under which licence the rows may be used."""
    return [
        (_("Query"), query or "*"),
        (_("Made at"), now.isoformat(timespec="seconds")),
        (_("Licence"), _("Office facts; the source of each row is named in its last column. Keep the attribution.")),
    ]


def found_cards(query: str, filters: dict[str, list[str]], actor: Actor | None, sort: Sort | None) -> Iterator[Card]:
    """The results in batches, at most MOST_ROWS; a faulty query is refused before anything is sent."""
    found = matching_asset_ids(query, filters, actor, MOST_ROWS, sort)
    return (card for at in range(0, len(found), BATCH) for card in cards(found[at : at + BATCH]))


def as_csv(rows: Iterator[Card], about: list[tuple[str, str]]) -> Iterator[bytes]:
    """UTF-8 with a mark that spreadsheets recognise; the origin stands above the head."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    yield "\ufeff".encode()
    for line in (*about, (), columns()):
        writer.writerow([harmless(cell) for cell in line])
    for count, card in enumerate(rows):
        writer.writerow([harmless(cell) for cell in row(card)])
        if count % BATCH == 0:
            yield _drained(buffer)
    yield _drained(buffer)


def _drained(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def as_json(rows: Iterator[Card], about: list[tuple[str, str]]) -> Iterator[bytes]:
    """One object: query, time, licence, items."""
    keys = ("query", "made_at", "licence")
    head = {key: value for key, (_name, value) in zip(keys, about, strict=True)}
    names = ("number", "title", "kind", "status", "owners", "filed", "ends", "ipc", "pledged", "mode", "price",
             "currency", "source")  # fmt: skip
    yield (json.dumps(head, ensure_ascii=False)[:-1] + ', "items": [').encode()
    separator = "\n"
    for card in rows:
        item: dict[str, Any] = {"id": str(card.asset.id)} | dict(zip(names, row(card), strict=True))
        yield (separator + json.dumps(item, ensure_ascii=False)).encode()
        separator = ",\n"
    yield b"\n]}\n"


def as_xlsx(rows: Iterator[Card], about: list[tuple[str, str]]) -> Iterator[bytes]:
    """A workbook whose every cell is text; the origin stands on its second sheet."""
    import xlsxwriter  # loaded by whoever makes a workbook

    with tempfile.TemporaryFile() as file:
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
                   "strings_to_numbers": False}  # fmt: skip
        book = xlsxwriter.Workbook(file, options)
        sheet = book.add_worksheet(_("Results"))
        for at, name in enumerate(columns()):
            sheet.write_string(0, at, name)
        for line, card in enumerate(rows, start=1):
            for at, cell in enumerate(row(card)):
                sheet.write_string(line, at, cell)
        second = book.add_worksheet(_("Origin"))
        for line, (name, value) in enumerate(about):
            second.write_string(line, 0, name)
            second.write_string(line, 1, value)
        book.close()
        file.seek(0)
        while chunk := file.read(65_536):
            yield chunk


FORMS: dict[str, Any] = {
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "json": (as_json, "application/json; charset=utf-8"),
    "xlsx": (as_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
