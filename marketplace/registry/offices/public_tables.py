"""Tables that others publish: Lens.org exports and the US university grants."""

import re

from marketplace.registry.offices.kinds import asset_kind_of, is_grant, published_status
from marketplace.registry.offices.record import BadValue, Cells, OfficeRecord
from marketplace.registry.offices.st36 import publication_event
from marketplace.registry.offices.values import distinct, parse_count, parse_date, split_values, squeeze, symbol_of

_NUMBER_FORM = re.compile(r"^([A-Z]{2})([A-Z]{0,3}\d[\d/]*)([A-Z]\d?)?$")
_KANA = re.compile("[\u3040-\u30ff]")
_HAN = re.compile("[\u4e00-\u9fff]")


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
    text = cells.get("application_number", "")
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
    quoted = cells.get("publication_number") or cells.get("display_key", "")
    office, number, kind_code = split_number(quoted, "publication_number")
    kind_code = kind_code or cells.get("kind", "").upper()
    asset_kind = asset_kind_of(office, kind_code, number)
    published_on = parse_date(cells.get("publication_date"), "publication_date")
    granted = is_grant(office, kind_code, asset_kind)
    title, abstract = cells.get("title", ""), cells.get("abstract", "")
    language = _language(title) if title else ""
    return OfficeRecord(
        row=row,
        source_format="lens",
        office=office,
        asset_kind=asset_kind,
        number=number,
        kind_code=kind_code,
        publication_date=published_on,
        application_number=_lens_application(cells, office),
        application_date=parse_date(cells.get("application_date"), "application_date"),
        grant_date=published_on if granted else None,
        titles=((language, title),) if title else (),
        abstracts=((_language(abstract), abstract),) if abstract else (),
        language=language,
        applicants=split_values(cells.get("applicants"), ";;"),
        owners=split_values(cells.get("owners") or cells.get("owners_(us)"), ";;"),
        inventors=split_values(cells.get("inventors"), ";;"),
        ipc=distinct(symbol_of(part) for part in cells.get("ipcr_classifications", "").split(";;")),
        cpc=distinct(symbol_of(part) for part in cells.get("cpc_classifications", "").split(";;")),
        priorities=split_values(cells.get("priority_numbers"), ";;"),
        family_size=parse_count(cells.get("simple_family_size"), "simple_family_size"),
        cited_by_count=parse_count(cells.get("cited_count") or cells.get("cited_by_patent_count"), "cited_count"),
        status=published_status(office, kind_code, asset_kind),
        status_date=published_on,
        events=publication_event(kind_code, published_on),
        attribution="Lens.org, CC BY 4.0",
    )


def read_university_row(cells: Cells, row: int) -> OfficeRecord:
    """One granted US patent of the university table (one assignee, inventors by comma)."""
    office, number, kind_code = split_number(cells["id"], "id")
    asset_kind = asset_kind_of(office, kind_code, number)
    granted_on = parse_date(cells["grant_date"], "grant_date")
    published_on = parse_date(cells["publication_date"], "publication_date")
    title, assignee = cells["title"], cells["assignee"]
    priority = parse_date(cells["priority_date"], "priority_date")
    return OfficeRecord(
        row=row,
        source_format="university",
        office=office,
        asset_kind=asset_kind,
        number=number,
        kind_code=kind_code,
        publication_date=published_on,
        application_date=parse_date(cells["filing/creation_date"], "filing/creation_date"),
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


def _language(text: str) -> str:
    """Chinese or Japanese by its characters, else English as Lens translates titles."""
    if text.isascii():
        return "en"
    if _KANA.search(text):
        return "ja"
    return "zh" if _HAN.search(text) else "en"
