"""Bulk tables: Lens exports, US university grants, and our own template."""

import csv
import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import TextIO

from marketplace.registry.offices.kinds import asset_kind_of, is_grant
from marketplace.registry.offices.record import (
    BadValue,
    Conveyance,
    OfficeRecord,
    Row,
    RowFault,
    UnreadableFile,
)
from marketplace.registry.offices.st36 import publication_event
from marketplace.registry.offices.values import (
    distinct,
    parse_count,
    parse_date,
    split_values,
    squeeze,
    symbol_of,
)

Cells = dict[str, str]
_NUMBER_FORM = re.compile(r"^([A-Z]{2})([A-Z]{0,3}\d[\d/]*)([A-Z]\d?)?$")
_KINDS = {
    "invention", "utility_model", "design", "trademark", "copyright", "software",
    "layout_design", "plant_variety",
}  # fmt: skip
_STATUSES = {
    "pending", "in_force", "lapsed", "expired", "invalidated", "refused", "withdrawn", "unknown",
}  # fmt: skip
TEMPLATE_COLUMNS = (
    "office", "kind", "number", "kind_code", "application_number", "application_date",
    "publication_date", "grant_date", "expires_on", "status", "status_date", "title_zh",
    "title_en", "abstract_zh", "abstract_en", "owners", "applicants", "inventors", "ipc", "cpc",
    "nice_classes", "claims_count", "family_id", "demo",
)  # fmt: skip


def read_table(stream: TextIO, reader: Callable[[Cells, int], OfficeRecord | Conveyance]) -> Iterator[Row]:
    """Every row of a table, a broken one as a fault with its number, field and reason."""
    csv.field_size_limit(4_000_000)
    rows = csv.DictReader(stream, strict=False)
    row = 0
    while True:
        row += 1
        try:
            cells = next(rows)
            yield reader(_clean(cells), row)
        except StopIteration:
            return
        except BadValue as bad:
            yield RowFault(row, bad.field_name, bad.code, bad.value)
        except KeyError as column:
            yield RowFault(row, str(column.args[0]), "missing_field", "")
        except csv.Error as wrong:
            yield RowFault(row, "", "malformed_row", str(wrong))
        except UnicodeDecodeError as wrong:
            raise UnreadableFile("wrong_encoding", "The table is not UTF-8 text.") from wrong


def _clean(cells: dict[str, str | None]) -> Cells:
    """Cells by lower-case column name; a row with the wrong number of cells is refused."""
    if None in cells or None in cells.values():
        raise BadValue("wrong_cell_count", "", "")
    for name, value in cells.items():
        if value and "\x00" in value:
            raise BadValue("control_character", "", name)
    return {squeeze(name).lower(): squeeze(value) for name, value in cells.items()}


def split_number(text: str, field_name: str) -> tuple[str, str, str]:
    """Office, number and kind code of a publication number such as US 9151953 B2."""
    words = squeeze(text).upper().split()
    if len(words) >= 2 and re.fullmatch(r"[A-Z]{2}", words[0]) and len(words[1]) <= 24:
        return words[0], words[1].replace("/", ""), words[2] if len(words) > 2 else ""
    match = _NUMBER_FORM.match("".join(words))
    if match is None:
        raise BadValue("bad_number", text[:40], field_name)
    office, number, kind_code = match.groups()
    return office, number.replace("/", ""), kind_code or ""


def _lens_application(cells: Cells, office: str) -> str:
    """The application number; an office other than the publishing one stays in front."""
    text = cells["application_number"]
    if not text:
        return ""
    parts = text.upper().split()
    filed_at = parts[0]
    number = "".join(parts[1:-1] if len(parts) > 2 else parts[1:]).replace("/", "")
    if not number:
        raise BadValue("bad_number", text[:40], "application_number")
    if filed_at == "US" and office == "US" and len(number) == 12 and number[:2] in ("19", "20"):
        number = number[4:]
    return number if filed_at == office else f"{filed_at} {number}"


def read_lens_row(cells: Cells, row: int) -> OfficeRecord:
    """One publication of a Lens.org export (values parted by ';;')."""
    office, number, kind_code = split_number(cells["publication_number"], "publication_number")
    kind_code = kind_code or cells["kind"].upper()
    asset_kind = asset_kind_of(office, kind_code, number)
    published_on = parse_date(cells["publication_date"], "publication_date")
    granted = is_grant(office, kind_code, asset_kind)
    title = cells["title"]
    return OfficeRecord(
        row=row,
        source_format="lens",
        office=office,
        asset_kind=asset_kind,
        number=number,
        kind_code=kind_code,
        publication_date=published_on,
        application_number=_lens_application(cells, office),
        application_date=parse_date(cells["application_date"], "application_date"),
        grant_date=published_on if granted else None,
        titles=((_language(title), title),) if title else (),
        language=_language(title) if title else "",
        applicants=split_values(cells["applicants"], ";;"),
        inventors=split_values(cells["inventors"], ";;"),
        ipc=distinct(symbol_of(part) for part in cells["ipcr_classifications"].split(";;")),
        cpc=distinct(symbol_of(part) for part in cells["cpc_classifications"].split(";;")),
        priorities=split_values(cells["priority_numbers"], ";;"),
        family_size=parse_count(cells["simple_family_size"], "simple_family_size"),
        cited_by_count=parse_count(cells["cited_count"], "cited_count"),
        status="in_force" if granted else "pending",
        status_date=published_on,
        events=publication_event(kind_code, published_on),
        attribution="Lens.org, CC BY 4.0",
    )


def read_university_row(cells: Cells, row: int) -> OfficeRecord:
    """One granted US patent of the university table (one assignee, inventors by comma)."""
    office, number, kind_code = split_number(cells["id"], "id")
    asset_kind = asset_kind_of(office, kind_code, number)
    granted_on = parse_date(cells["grant date"], "grant date")
    published_on = parse_date(cells["publication date"], "publication date")
    title, assignee = cells["title"], cells["assignee"]
    priority = parse_date(cells["priority date"], "priority date")
    return OfficeRecord(
        row=row,
        source_format="csv",
        office=office,
        asset_kind=asset_kind,
        number=number,
        kind_code=kind_code,
        publication_date=published_on,
        application_date=parse_date(cells["filing/creation date"], "filing/creation date"),
        grant_date=granted_on,
        titles=(("en", title),) if title else (),
        language="en",
        applicants=(assignee,) if assignee else (),
        owners=(assignee,) if assignee else (),
        inventors=split_values(cells["inventor/author"], ","),
        priorities=(priority.isoformat(),) if priority else (),
        status="in_force",
        status_date=granted_on,
        events=publication_event(kind_code, granted_on),
    )


def read_template_row(cells: Cells, row: int) -> OfficeRecord:
    """One right in our own template; only office, kind and a number are required."""
    office, kind = cells.get("office", "").upper(), cells.get("kind", "").lower()
    if not re.fullmatch(r"[A-Z]{2}", office):
        raise BadValue("bad_office", office[:10], "office")
    if kind not in _KINDS:
        raise BadValue("bad_kind", kind[:20], "kind")
    number, application_number = cells.get("number", ""), cells.get("application_number", "")
    if not (number or application_number):
        raise BadValue("missing_field", "", "number")
    status = cells.get("status", "").lower() or "unknown"
    if status not in _STATUSES:
        raise BadValue("bad_status", status[:20], "status")
    titles = tuple((code, cells[f"title_{code}"]) for code in ("zh", "en") if cells.get(f"title_{code}"))
    if not titles:
        raise BadValue("missing_field", "", "title_zh")
    days = {name: _day(cells, name) for name in _DAY_COLUMNS}
    _check_order(days)
    owners = split_values(cells.get("owners"), ";|；")
    return OfficeRecord(
        row=row,
        source_format="csv",
        office=office,
        asset_kind=kind,
        number=number,
        kind_code=cells.get("kind_code", "").upper(),
        publication_date=days["publication_date"],
        application_number=application_number,
        application_date=days["application_date"],
        grant_date=days["grant_date"],
        expires_on=days["expires_on"],
        titles=titles,
        abstracts=tuple((code, cells[f"abstract_{code}"]) for code in ("zh", "en") if cells.get(f"abstract_{code}")),
        language=titles[0][0],
        applicants=split_values(cells.get("applicants"), ";|；") or owners,
        owners=owners,
        inventors=split_values(cells.get("inventors"), ";|；"),
        ipc=_symbols(cells, "ipc"),
        cpc=_symbols(cells, "cpc"),
        nice_classes=_nice(cells.get("nice_classes", "")),
        claims_count=parse_count(cells.get("claims_count"), "claims_count"),
        family_id=cells.get("family_id", ""),
        mark=titles[0][1] if kind == "trademark" else "",
        status=status,
        status_date=days["status_date"] or days["grant_date"] or days["publication_date"],
        demo=cells.get("demo", "").lower() in ("1", "true", "yes", "是"),
    )


_DAY_COLUMNS = ("application_date", "publication_date", "grant_date", "expires_on", "status_date")


def _day(cells: Cells, name: str) -> date | None:
    return parse_date(cells.get(name), name)


def _check_order(days: dict[str, date | None]) -> None:
    """A right is applied for before it is granted, and expires after that."""
    filed, granted, ends = days["application_date"], days["grant_date"], days["expires_on"]
    if filed and granted and granted < filed:
        raise BadValue("date_order", granted.isoformat(), "grant_date")
    if filed and ends and ends <= filed:
        raise BadValue("date_order", ends.isoformat(), "expires_on")


def _symbols(cells: Cells, name: str) -> tuple[str, ...]:
    symbols = []
    for part in split_values(cells.get(name), ";|；"):
        symbol = symbol_of(part)
        if not symbol:
            raise BadValue("bad_classification", part[:40], name)
        symbols.append(symbol)
    return distinct(symbols)


def _nice(text: str) -> tuple[str, ...]:
    numbers = []
    for part in split_values(text, ";|；|,"):
        if not (part.isdigit() and 1 <= int(part) <= 45):
            raise BadValue("bad_classification", part[:20], "nice_classes")
        numbers.append(f"{int(part):03d}")
    return distinct(numbers)


def _language(text: str) -> str:
    """Chinese or Japanese by its characters, else English as Lens translates titles."""
    if any("\u3040" <= character <= "\u30ff" for character in text):
        return "ja"
    return "zh" if any("\u4e00" <= character <= "\u9fff" for character in text) else "en"
