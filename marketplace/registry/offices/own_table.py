"""Our own table of rights: what a holder fills in when no office file is at hand."""

import re
from datetime import date

from marketplace.registry.offices.record import BadValue, Cells, OfficeRecord
from marketplace.registry.offices.values import distinct, parse_count, parse_date, split_values, symbol_of

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


def read_own_row(cells: Cells, row: int) -> OfficeRecord:
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
