"""CNIPA gazette XML since 2021 (business:PatentDocumentAndRelated)."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from marketplace.registry.offices.kinds import asset_kind_of, is_grant, published_status
from marketplace.registry.offices.record import BadValue, OfficeRecord
from marketplace.registry.offices.st36 import publication_event, text_of
from marketplace.registry.offices.values import distinct, parse_count, parse_date, squeeze, symbol_of

FORMAT = "cnipa"


def read_gazette_document(element: Element, row: int) -> OfficeRecord:
    """One published Chinese document in the new schema."""
    data = _child(element, "BibliographicData")
    if data is None:
        raise BadValue("missing_field", "BibliographicData", "bibliographic-data")
    publication = _reference(data, "PublicationReference")
    application = _reference(data, "ApplicationReference")
    office = publication.get("WIPOST3Code") or element.get("country") or "CN"
    number = publication.get("DocNumber") or element.get("docNumber") or ""
    kind_code = publication.get("Kind") or element.get("kind") or ""
    published_on = parse_date(publication.get("Date") or element.get("datePublication"), "publication_date")
    asset_kind = _asset_kind(data, office, kind_code)
    language = (element.get("lang") or "zh").lower()
    granted = is_grant(office, kind_code, asset_kind)
    owners = _names(data, "Assignee", "Patentee", "Grantee")
    return OfficeRecord(
        row=row,
        source_format=FORMAT,
        office=office,
        asset_kind=asset_kind,
        number=number,
        kind_code=kind_code,
        publication_date=published_on,
        application_number=application.get("DocNumber", ""),
        application_date=parse_date(application.get("Date"), "application_date"),
        grant_date=published_on if granted else None,
        titles=_titles(data, language),
        abstracts=_abstracts(element, language),
        language=language,
        applicants=_names(data, "Applicant") or owners,
        owners=owners,
        inventors=_names(data, "Inventor", "Designer"),
        ipc=_symbols(data, "ClassificationIPCR", "ClassificationIPC"),
        cpc=_symbols(data, "ClassificationCPC"),
        locarno_classes=_locarno(data),
        claims_count=_claims(element),
        priorities=_priorities(data),
        status=published_status(office, kind_code, asset_kind),
        status_date=published_on,
        events=publication_event(kind_code, published_on),
    )


def _child(element: Element | None, tag: str) -> Element | None:
    return element.find(tag) if element is not None else None


def _originals(place: Element, tag: str) -> list[Element]:
    """Elements of one name, the office's original form only when both forms are given."""
    found = list(place.iter(tag))
    originals = [item for item in found if item.get("dataFormat", "original") == "original"]
    return originals or found


def _reference(data: Element, tag: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in _originals(data, tag):
        for part in item.iter():
            if part.tag in ("WIPOST3Code", "DocNumber", "Kind", "Date"):
                found.setdefault(part.tag, text_of(part))
    return found


def _asset_kind(data: Element, office: str, kind_code: str) -> str:
    """The kind code decides; without one, the application type (10, 20, 30)."""
    if kind_code:
        return asset_kind_of(office, kind_code)
    reference = next(data.iter("ApplicationReference"), None)
    stated = reference.get("applType", "") if reference is not None else ""
    return {"2": "utility_model", "3": "design"}.get(stated[:1], "invention")


def _titles(data: Element, language: str) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for tag in ("InventionTitle", "DesignTitle"):
        for item in _originals(data, tag):
            if text := text_of(item):
                found.setdefault((item.get("lang") or language).lower(), text)
    return tuple(found.items())


def _abstracts(element: Element, language: str) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for item in (*element.findall("Abstract"), *element.findall("BibliographicData/Abstract")):
        prose = [part for part in item if part.tag not in ("AbstractFigure", "Figure")]
        text = squeeze(" ".join([item.text or "", *(text_of(part) for part in prose)]))
        if text:
            found.setdefault((item.get("lang") or language).lower(), text)
    return tuple(found.items())


def _names(data: Element, *tags: str) -> tuple[str, ...]:
    return distinct(
        _name(item) for tag in tags for item in _originals(data, tag) if item.find("AddressBook") is not None
    )  # fmt: skip


def _name(party: Element) -> str:
    book = party.find("AddressBook")
    for tag in ("OrganizationName", "Name"):
        text = text_of(_child(book, tag))
        if text:
            return text
    last, first = text_of(_child(book, "LastName")), text_of(_child(book, "FirstName"))
    return squeeze(f"{first} {last}")


def _symbols(data: Element, *tags: str) -> tuple[str, ...]:
    return distinct(_symbol(item) for tag in tags for item in data.iter(tag))


def _symbol(item: Element) -> str:
    parts = {part.tag: text_of(part) for part in item}
    if parts.get("Section") and parts.get("MainGroup"):
        head = f"{parts['Section']}{parts.get('MainClass', '')}{parts.get('Subclass', '')}"
        return f"{head}{parts['MainGroup']}/{parts.get('Subgroup', '')}"
    return symbol_of(parts.get("Text") or text_of(item))


def _locarno(data: Element) -> tuple[str, ...]:
    places: Iterator[Element] = data.iter("ClassificationLocarno")
    return distinct(text_of(_child(item, "Text")) or text_of(item) for item in places)


def _claims(element: Element) -> int | None:
    stated = next(element.iter("NumberOfClaims"), None)
    if stated is not None and text_of(stated):
        return parse_count(text_of(stated), "claims_count")
    claims = next(element.iter("Claims"), None)
    if claims is None:
        return None
    return sum(1 for item in claims if item.tag == "Claim") or None


def _priorities(data: Element) -> tuple[str, ...]:
    found = []
    for claim in _originals(data, "PriorityClaim"):
        parts: dict[str, str] = {}
        for part in claim.iter():
            if part.tag in ("WIPOST3Code", "DocNumber", "Date"):
                parts.setdefault(part.tag, text_of(part))
        found.append(squeeze(f"{parts.get('WIPOST3Code', '')} {parts.get('DocNumber', '')} {parts.get('Date', '')}"))
    return distinct(found)
