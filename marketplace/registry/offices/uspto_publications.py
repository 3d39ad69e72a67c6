"""USPTO application publications of 2001 to 2004 (patent-application-publication, DTD 1.5 and 1.6)."""

from xml.etree.ElementTree import Element

from marketplace.registry.offices import st36
from marketplace.registry.offices.kinds import asset_kind_of
from marketplace.registry.offices.record import BadValue, OfficeRecord
from marketplace.registry.offices.values import distinct, parse_date, squeeze, symbol_of

FORMAT = "uspto"


def read_application_publication(element: Element, row: int) -> OfficeRecord:
    """One published application in the tags the USPTO used before ST.36."""
    data = element.find("subdoc-bibliographic-information")
    if data is None:
        raise BadValue("missing_field", "subdoc-bibliographic-information", "bibliographic-data")
    document = data.find("document-id")
    office = _text(document, "country-code") or "US"
    number, kind_code = _text(document, "doc-number"), _text(document, "kind-code")
    published_on = parse_date(_text(document, "document-date"), "publication_date")
    filing = data.find("domestic-filing-data")
    technical = data.find("technical-information")
    title = _text(technical, "title-of-invention")
    abstract = st36.text_of(element.find("subdoc-abstract"))
    assignees = distinct(_party(item) for item in data.findall("assignee"))
    inventors = distinct(_party(item) for item in data.iter() if item.tag in ("first-named-inventor", "inventor"))
    claims = element.find("subdoc-claims")
    return OfficeRecord(
        row=row,
        source_format=FORMAT,
        office=office,
        asset_kind=asset_kind_of(office, kind_code, number),
        number=number,
        kind_code=kind_code,
        publication_date=published_on,
        application_number=_text(filing, "application-number/doc-number"),
        application_date=parse_date(_text(filing, "filing-date"), "application_date"),
        titles=(("en", title),) if title else (),
        abstracts=(("en", abstract),) if abstract else (),
        language="en",
        applicants=assignees or inventors,
        owners=assignees,
        inventors=inventors,
        ipc=distinct(symbol_of(st36.text_of(item)) for item in technical.iter("ipc")) if technical is not None else (),
        claims_count=(len(claims.findall("claim")) or None) if claims is not None else None,
        priorities=_priorities(data),
        status="pending",
        status_date=published_on,
        events=st36.publication_event(kind_code, published_on),
    )


def _text(place: Element | None, path: str) -> str:
    return st36.text_of(place.find(path)) if place is not None else ""


def _party(party: Element) -> str:
    """An organisation, or a person's given, middle and family name."""
    if organisation := _text(party, "organization-name"):
        return organisation
    name = party.find("name")
    place = name if name is not None else party
    parts = ("given-name", "middle-name", "family-name", "name-suffix")
    return squeeze(" ".join(_text(place, part) for part in parts)) or _text(place, "name-1")


def _priorities(data: Element) -> tuple[str, ...]:
    return distinct(
        squeeze(
            f"{_text(item, 'country-code')} {_text(item, 'priority-application-number/doc-number')} "
            f"{_text(item, 'filing-date')}"
        )
        for item in data.findall("foreign-priority-data")
    )
