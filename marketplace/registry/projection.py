"""One asset told from all its office documents: the newest word on each point wins, nothing is dropped."""

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from datetime import date
from operator import attrgetter
from typing import Any

from marketplace.registry.assets import AssetKind, LegalStatus, application_key, number_key
from marketplace.registry.offices.record import OfficeRecord
from marketplace.registry.terms import last_day_of

Stored = dict[str, Any]
_FIELDS = tuple(item.name for item in dataclasses.fields(OfficeRecord) if item.name not in ("row", "place"))
_all_of = attrgetter(*_FIELDS)
_as_json = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode
_CLASS_OF_KIND = {
    AssetKind.TRADEMARK: "T", AssetKind.COPYRIGHT: "C", AssetKind.SOFTWARE: "C", AssetKind.LAYOUT_DESIGN: "L",
}  # fmt: skip


def stored_form(record: OfficeRecord) -> Stored:
    """The record as JSON, without its place in the file and without what it leaves empty."""
    return {name: _plain(value) for name, value in zip(_FIELDS, _all_of(record), strict=True) if value}


def _plain(value: Any) -> Any:
    if isinstance(value, str | int):
        return value
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    if dataclasses.is_dataclass(value):
        return {part.name: _plain(getattr(value, part.name)) for part in dataclasses.fields(value)}
    return value


def written(stored: Any) -> str:
    """The one way of writing a stored form as text, so that equal content gives equal text."""
    return _as_json(stored)


def holds_control_characters(text: str) -> bool:
    """Whether written text holds a NUL or a lone surrogate, which PostgreSQL cannot keep."""
    if "\\u0000" in text:
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def digest_of(text: str) -> str:
    """The same written content gives the same digest."""
    return hashlib.sha256(text.encode()).hexdigest()


def document_key(record: OfficeRecord) -> str:
    """One document of one source: the same file again finds its earlier import."""
    kind = _class(record)
    if record.number:
        return f"{record.source_format}:{kind}:{number_key(record.number)}:{record.kind_code}"[:120]
    part = "fees" if record.fees and not record.titles else "application"
    number = application_key(record.office, record.application_number)
    return f"{record.source_format}:{kind}:{part}:{number or record.registration_number}"[:120]


def identity_keys(record: OfficeRecord) -> list[tuple[str, str]]:
    """The keys by which two documents are known to tell of one right: same document, or same application."""
    kind, office = _class(record), record.office
    keys = []
    if record.number:
        keys.append((f"{kind}:{office}:{_document_number(record)}:{record.kind_code}"[:120], "same_doc"))
    if record.application_number:
        number = application_key(office, record.application_number)
        keys.append((f"{kind}:{office}:{number}"[:120], "same_app"))
    return keys


def _document_number(record: OfficeRecord) -> str:
    """The number as compared; DOCDB leaves out a zero that the USPTO writes behind the year of an application."""
    key = number_key(record.number)
    if record.office == "US" and record.kind_code[:1] == "A" and len(key) == 11 and key[4] == "0":
        return key[:4] + key[5:]
    return key


def lookup_keys(record: OfficeRecord) -> list[tuple[str, str]]:
    """The ways in which people write the numbers of this document."""
    found: dict[tuple[str, str], None] = {}
    for number in (record.number, _document_number(record), record.registration_number):
        if number:
            bare = number_key(number)
            qualified = bare if bare.startswith(record.office) else record.office + bare
            found[(qualified + record.kind_code, "document")] = None
            found[(bare + record.kind_code, "publication")] = None
            found[(qualified, "publication")] = None
            found[(bare, "publication")] = None
    if record.application_number:
        number = application_key(record.office, record.application_number)
        found[(number, "application")] = None
        found[(record.office + number, "application")] = None
    return [(key[:120], use) for key, use in found if key]


def _class(record: OfficeRecord) -> str:
    return _CLASS_OF_KIND.get(AssetKind(record.asset_kind), "P")


def project(documents: Iterable[Stored], today: date) -> dict[str, Any]:
    """The columns of the asset that these documents together describe."""
    ordered = sorted(documents, key=_age)
    newest_first = list(reversed(ordered))
    granted = min(filter(None, (_day(item.get("grant_date")) for item in ordered)), default=None)
    leading = _leading(newest_first)
    kind = AssetKind(leading["asset_kind"])
    office = leading["office"]
    filed = _day(_first(newest_first, "application_date"))
    extension = max((int(item.get("term_extension_days", 0)) for item in ordered), default=0)
    stated_end = _day(_first(newest_first, "expires_on"))
    ends = stated_end or last_day_of(office, kind, filed, granted, extension)
    columns: dict[str, Any] = {
        "office": office,
        "kind": kind,
        "number": leading.get("number", "")[:60],
        "kind_code": leading.get("kind_code", "")[:8],
        "application_number": str(_first(newest_first, "application_number") or "")[:60],
        "application_date": filed,
        "publication_date": _day(leading.get("publication_date")),
        "grant_date": granted,
        "expires_on": ends,
        "titles": _languages(ordered, "titles"),
        "abstracts": _languages(ordered, "abstracts"),
        "language": str(_first(newest_first, "language") or "")[:8],
        "applicants": _first(newest_first, "applicants") or [],
        "inventors": _first(newest_first, "inventors") or [],
        "ipc": [symbol.replace(" ", "") for symbol in _first(newest_first, "ipc") or []],
        "cpc": [symbol.replace(" ", "") for symbol in _first(newest_first, "cpc") or []],
        "nice_classes": _first(newest_first, "nice_classes") or [],
        "claims_count": _first(newest_first, "claims_count"),
        "family_id": str(_first(newest_first, "family_id") or "")[:60],
        "family_size": _first(newest_first, "family_size"),
        "cited_by_count": _first(newest_first, "cited_by_count"),
        "mark": str(_first(newest_first, "mark") or "")[:400],
        "facts": _facts(newest_first),
        "attribution": str(_first(newest_first, "attribution") or "")[:200],
        "demo": any(item.get("demo") for item in ordered),
    }
    return columns | _status(newest_first, ends, today)


def owner_names(documents: Iterable[Stored]) -> list[str]:
    """Who the newest document names as owner; without owners, who applied."""
    newest_first = sorted(documents, key=_age, reverse=True)
    for item in newest_first:
        names = item.get("owners") or item.get("applicants")
        if names:
            return [str(name)[:500] for name in names]
    return []


def _age(item: Stored) -> tuple[str, str]:
    return str(item.get("publication_date") or item.get("status_date") or ""), str(item.get("kind_code", ""))


def _leading(newest_first: list[Stored]) -> Stored:
    """The document that names the right: the newest with a publication number."""
    return next((item for item in newest_first if item.get("number")), newest_first[0])


def _first(newest_first: list[Stored], name: str) -> Any:
    for item in newest_first:
        if value := item.get(name):
            return value
    return None


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if value else None


def _languages(ordered: list[Stored], name: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in ordered:
        found.update({language or "und": words for language, words in item.get(name, ())})
    return found


def _facts(newest_first: list[Stored]) -> dict[str, Any]:
    """Further facts that have no column: priorities, office status, fees, classes of designs."""
    found: dict[str, Any] = {}
    for name in ("priorities", "status_code", "fees", "former_owners", "locarno_classes", "registration_number"):
        value = _first(newest_first, name)
        if value:
            found[name] = value
    return found


def _status(newest_first: list[Stored], ends: date | None, today: date) -> dict[str, Any]:
    """The newest stated status with its day and source; a right past its last day has expired."""
    ranked = sorted(
        (item for item in newest_first if item.get("status") and item["status"] != "unknown"),
        key=lambda item: (str(item.get("status_date") or ""), item["status"] != "pending"),
        reverse=True,
    )
    stated = ranked[0] if ranked else None
    status = LegalStatus(stated["status"]) if stated else LegalStatus.UNKNOWN
    on = _day(stated.get("status_date")) if stated else None
    source = _source(stated) if stated else ""
    living = status in (LegalStatus.IN_FORCE, LegalStatus.PENDING, LegalStatus.UNKNOWN)
    if living and ends is not None and ends < today:
        return {"status": LegalStatus.EXPIRED, "status_on": ends, "status_source": "ordinary term has ended"}
    return {"status": status, "status_on": on, "status_source": source[:200]}


def _source(item: Stored) -> str:
    label = f"{item['office']} {item.get('number') or item.get('application_number', '')} {item.get('kind_code', '')}"
    return f"{item['source_format']}: {label.strip()}"
