"""EPO OPS and DOCDB: bibliographic exchange documents and INPADOC legal events of a family."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from xml.etree.ElementTree import Element

from marketplace.registry.offices import st36
from marketplace.registry.offices.kinds import asset_kind_of, is_grant, published_status
from marketplace.registry.offices.record import BadValue, OfficeEvent, OfficeRecord
from marketplace.registry.offices.values import distinct, parse_date, squeeze

FORMAT = "docdb"
FAMILY = "inpadoc"
_FORMS = ("docdb", "epodoc", "original")
_PARTY_FORMS = ("epodoc", "docdb", "docdba", "original", "")


def read_exchange_document(element: Element, row: int) -> OfficeRecord:
    """One exchange-document: the bibliographic data of one publication."""
    bibliographic = st36.child(element, "bibliographic-data")
    if bibliographic is None and st36.child(element, "abstract") is None:
        raise BadValue("missing_field", "bibliographic-data", "bibliographic-data")
    bibliographic = bibliographic if bibliographic is not None else Element("bibliographic-data")
    publication = st36.document_id(st36.child(bibliographic, "publication-reference"), _FORMS)
    application = st36.document_id(st36.child(bibliographic, "application-reference"), _FORMS)
    office = element.get("country") or publication.get("country", "")
    number = element.get("doc-number") or publication.get("doc-number", "")
    kind_code = element.get("kind") or publication.get("kind", "")
    published_on = parse_date(publication.get("date") or element.get("date-publ"), "publication_date")
    asset_kind = asset_kind_of(office, kind_code, number)
    titles = st36.titles_of(bibliographic, "")
    abstracts = st36.abstracts_of((element, bibliographic), "")
    granted = is_grant(office, kind_code, asset_kind)
    return OfficeRecord(
        row=row,
        source_format=FORMAT,
        office=office,
        asset_kind=asset_kind,
        number=number,
        kind_code=kind_code,
        publication_date=published_on,
        application_number=_application_number(application, office),
        application_date=parse_date(application.get("date"), "application_date"),
        grant_date=published_on if granted else None,
        titles=titles,
        abstracts=abstracts,
        language=_language(titles, abstracts),
        applicants=_parties(bibliographic, "applicant"),
        inventors=_parties(bibliographic, "inventor"),
        ipc=st36.ipc_of(bibliographic),
        cpc=st36.cpc_of(bibliographic),
        priorities=st36.priorities_of(bibliographic),
        family_id=element.get("family-id", ""),
        status=published_status(office, kind_code, asset_kind),
        status_date=published_on,
        events=st36.publication_event(kind_code, published_on),
    )


def read_family_member(element: Element, row: int) -> OfficeRecord:
    """One family member with its INPADOC legal events and, when given, its bibliographic data."""
    events = tuple(_legal_event(item) for item in element if item.tag == "legal")
    document = st36.child(element, "exchange-document")
    if document is not None:
        full = read_exchange_document(document, row)
        family_id = full.family_id or element.get("family-id", "")
        return replace(full, source_format=FAMILY, family_id=family_id, events=(*full.events, *events))
    publication = st36.document_id(st36.child(element, "publication-reference"), _FORMS)
    application = st36.document_id(st36.child(element, "application-reference"), _FORMS)
    office = publication.get("country", "")
    number, kind_code = publication.get("doc-number", ""), publication.get("kind", "")
    if not (office and number):
        raise BadValue("missing_field", "publication-reference", "number")
    asset_kind = asset_kind_of(office, kind_code, number)
    published_on = parse_date(publication.get("date"), "publication_date")
    granted = is_grant(office, kind_code, asset_kind)
    return OfficeRecord(
        row=row,
        source_format=FAMILY,
        office=office,
        asset_kind=asset_kind,
        number=number,
        kind_code=kind_code,
        publication_date=published_on,
        application_number=_application_number(application, office),
        application_date=parse_date(application.get("date"), "application_date"),
        grant_date=published_on if granted else None,
        priorities=st36.priorities_of(element),
        family_id=element.get("family-id", ""),
        status=published_status(office, kind_code, asset_kind),
        status_date=published_on,
        events=events,
    )


def _legal_event(legal: Element) -> OfficeEvent:
    """INPADOC: code and description as given; L007EP is the gazette day, L525EP the day of effect."""
    details = {item.tag: st36.text_of(item) for item in legal.iter() if item.tag.startswith("L")}
    code = squeeze(legal.get("code")) or details.get("L008EP", "") or "?"
    on = _day(details.get("L007EP")) or _day(details.get("L525EP"))
    scheme = f"inpadoc-{details.get('L001EP', '').lower()}"
    holder = st36.child(legal, "L500EP")
    further = (f"{squeeze(item.get('desc'))}: {st36.text_of(item)}" for item in (holder if holder is not None else ()))
    return OfficeEvent(code=code, on=on, text="; ".join((squeeze(legal.get("desc")), *further)), scheme=scheme)


def _day(text: str | None) -> date | None:
    """A day the gazette misprints is unknown, not a reason to lose the right."""
    try:
        return parse_date(text, "event_date")
    except BadValue:
        return None


def _parties(bibliographic: Element, kind: str) -> tuple[str, ...]:
    """Names in the first form present: EPO's standard form before the form as filed."""
    found: dict[str, list[str]] = {}
    for item in st36.inside(st36.child(bibliographic, "parties"), kind):
        found.setdefault(item.get("data-format", ""), []).append(st36.name_of(item))
    for form in (*_PARTY_FORMS, *found):
        if names := distinct(found.get(form, ())):
            return names
    return ()


def _application_number(application: dict[str, str], office: str) -> str:
    number = application.get("doc-number", "")
    filed_at = application.get("country", office)
    return number if filed_at == office or not number else f"{filed_at} {number}"


def _language(titles: Iterable[tuple[str, str]], abstracts: Iterable[tuple[str, str]]) -> str:
    """English when there is any, else the first language given."""
    languages = [language for language, _ in (*abstracts, *titles) if language]
    if "en" in languages:
        return "en"
    return languages[0] if languages else ""
