"""WIPO ST.96: patent publications, patent legal status data and design applications."""

from collections.abc import Iterable, Iterator
from datetime import date
from xml.etree.ElementTree import Element

from marketplace.registry.offices.kinds import asset_kind_of, is_grant, published_status
from marketplace.registry.offices.record import BadValue, OfficeEvent, OfficeRecord
from marketplace.registry.offices.st36 import publication_event, text_of
from marketplace.registry.offices.values import distinct, parse_count, parse_date, squeeze, symbol_of

FORMAT = "st96"


def read_patent(element: Element, row: int) -> OfficeRecord:
    """A PatentPublication, or bibliographic data standing alone."""
    data = element if element.tag == "BibliographicData" else element.find("BibliographicData")
    if data is None:
        raise BadValue("missing_field", "BibliographicData", "bibliographic-data")
    publication = data.find("PatentPublicationIdentification")
    grant = data.find("PatentGrantIdentification")
    publication = publication if publication is not None else grant
    application = data.find("ApplicationIdentification")
    office = (
        text_at(publication, "IPOfficeCode") or text_at(element, "IPOfficeCode") or text_at(application, "IPOfficeCode")
    )
    number = text_at(publication, "PublicationNumber", "PatentNumber", "GrantNumber")
    kind_code = text_at(publication, "PatentDocumentKindCode")
    published_on = parse_date(
        text_at(publication, "PublicationDate", "GrantDate") or element.get("documentPublicationDate"),
        "publication_date",
    )
    asset_kind = asset_kind_of(office, kind_code, number)
    granted = grant is not None or is_grant(office, kind_code, asset_kind)
    language = (element.get("languageCode") or "en").lower()
    assignees = names_in(data, "AssigneeBag", "Assignee")
    return OfficeRecord(
        row=row,
        source_format=FORMAT,
        office=office,
        asset_kind=asset_kind,
        number=number,
        kind_code=kind_code,
        publication_date=published_on,
        application_number=text_at(application, "ApplicationNumberText"),
        application_date=parse_date(text_at(application, "FilingDate"), "application_date"),
        grant_date=published_on if granted else None,
        titles=_texts(data.iter("InventionTitle"), language),
        abstracts=_texts((*element.findall("Abstract"), *data.findall("Abstract")), language),
        language=language,
        applicants=names_in(data, "ApplicantBag", "Applicant") or assignees,
        owners=assignees,
        inventors=names_in(data, "InventorBag", "Inventor"),
        ipc=_symbols(data, "IPCRClassificationBag", "IPCRClassification")
        or _symbols(data, "IPCClassificationBag", "IPCClassification"),
        cpc=_symbols(data, "CPCClassificationBag", "CPCClassification"),
        claims_count=_claims(element, data),
        priorities=_priorities(data),
        status="in_force" if granted else published_status(office, kind_code, asset_kind),
        status_date=published_on,
        events=publication_event(kind_code, published_on),
    )


def read_legal_status(element: Element, row: int) -> OfficeRecord:
    """Legal status data: the right's numbers and its ST.27 events."""
    application = next(element.iter("ApplicationIdentification"), None)
    publication = next(element.iter("PatentPublicationIdentification"), None)
    grant = next(element.iter("PatentGrantIdentification"), None)
    office = (
        text_at(publication, "IPOfficeCode")
        or text_at(application, "IPOfficeCode")
        or text_at(grant, "IPOfficeCode")
        or next((text_of(item) for item in element.iter("IPOfficeCode")), "")
    )
    number = text_at(publication, "PublicationNumber") or text_at(grant, "PatentNumber", "GrantNumber")
    kind_code = text_at(publication, "PatentDocumentKindCode")
    return OfficeRecord(
        row=row,
        source_format=FORMAT,
        office=office,
        asset_kind=asset_kind_of(office, kind_code, number),
        number=number,
        kind_code=kind_code,
        publication_date=parse_date(text_at(publication, "PublicationDate"), "publication_date"),
        application_number=text_at(application, "ApplicationNumberText"),
        application_date=parse_date(text_at(application, "FilingDate"), "application_date"),
        grant_date=parse_date(text_at(grant, "GrantDate"), "grant_date"),
        events=tuple(_status_events(element)),
    )


def read_design(element: Element, row: int) -> Iterator[OfficeRecord]:
    """Each design of a DesignApplication; numbers and people of the application apply to all."""
    designs = list(element.iter("Design")) or [element]
    for index, design in enumerate(designs):
        yield _design(element, design, row + index)


def _design(application: Element, design: Element, row: int) -> OfficeRecord:
    office = text_at(application, "RegistrationOfficeCode", "ReceivingOfficeCode", "IPOfficeCode")
    number_place = application.find("ApplicationNumber")
    registered_on = parse_date(text_at(design, "RegistrationDate"), "grant_date")
    status = text_at(design, "DesignCurrentStatusCategory")
    language = (text_at(application, "DesignApplicationLanguageCode") or "en").lower()
    publication = next(design.iter("Publication"), None)
    designers = names_in(design, "DesignerBag", "Designer")
    return OfficeRecord(
        row=row,
        source_format=FORMAT,
        office=office,
        asset_kind="design",
        number=text_at(publication, "PublicationIdentifier") or text_at(design, "DesignIdentifier"),
        publication_date=parse_date(text_at(publication, "PublicationDate"), "publication_date"),
        application_number=text_at(number_place, "ApplicationNumberText"),
        application_date=parse_date(
            text_of(application.find("ApplicationDate")) or text_of(design.find("ApplicationDate")),
            "application_date",
        ),
        registration_number=text_at(design, "RegistrationNumber"),
        grant_date=registered_on,
        expires_on=parse_date(text_at(design, "ExpiryDate"), "expires_on"),
        titles=_texts(design.iter("DesignTitleText"), language),
        abstracts=_joined(design.findall("DesignDescriptionText"), language),
        language=language,
        applicants=names_in(application, "ApplicantBag", "Applicant"),
        inventors=designers or names_in(application, "DesignerBag", "Designer"),
        locarno_classes=distinct(text_of(item) for item in design.iter("LocarnoClassificationText")),
        priorities=_priorities(design),
        status_code=status,
        status_date=parse_date(text_at(design, "DesignCurrentStatusDate"), "status_date"),
        status=_DESIGN_STATUS.get(status.lower(), "in_force" if registered_on else "pending"),
        events=tuple(_design_events(application)),
    )


_DESIGN_STATUS = {
    "registered": "in_force",
    "registered and published": "in_force",
    "expired": "expired",
    "refused": "refused",
    "withdrawn": "withdrawn",
    "invalidated": "invalidated",
    "cancelled": "lapsed",
    "lapsed": "lapsed",
    "pending": "pending",
    "filed": "pending",
}


def text_at(place: Element | None, *tags: str) -> str:
    """The text of the first element of one of these names inside."""
    if place is None:
        return ""
    for tag in tags:
        found = next(place.iter(tag), None)
        if found is not None and (text := text_of(found)):
            return text
    return ""


def contact_name(party: Element) -> str:
    """Organisation, entity or person behind an ST.96 contact."""
    for tag in ("OrganizationStandardName", "OrganisationName", "OrganizationName", "EntityName"):
        if text := text_at(party, tag):
            return text
    structured = next(party.iter("PersonStructuredName"), None)
    if structured is not None:
        parts = (text_at(structured, tag) for tag in ("FirstName", "MiddleName", "LastName"))
        return squeeze(" ".join(parts))
    return text_at(party, "PersonFullName", "Name")


def names_in(place: Element, bag: str, tag: str) -> tuple[str, ...]:
    """The distinct names in every bag of one kind of party."""
    return distinct(contact_name(item) for holder in place.iter(bag) for item in holder.findall(tag))


def _texts(places: Iterable[Element], language: str) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for item in places:
        if text := text_of(item):
            found.setdefault((item.get("languageCode") or language).lower(), text)
    return tuple(found.items())


def _joined(places: list[Element], language: str) -> tuple[tuple[str, str], ...]:
    text = squeeze(" ".join(text_of(item) for item in places))
    return ((language, text),) if text else ()


def _symbols(data: Element, bag: str, tag: str) -> tuple[str, ...]:
    holder = data.find("PatentClassificationBag")
    inside = holder if holder is not None else data
    return distinct(_symbol(item) for place in inside.iter(bag) for item in place.iter(tag))


def _symbol(item: Element) -> str:
    parts = {part.tag: text_of(part) for part in item}
    section = parts.get("Section") or parts.get("CPCSection")
    if section and parts.get("MainGroup"):
        head = f"{section}{parts.get('Class', '')}{parts.get('Subclass', '')}"
        return f"{head}{parts['MainGroup']}/{parts.get('Subgroup', '')}"
    return symbol_of(text_of(item))


def _claims(element: Element, data: Element) -> int | None:
    if stated := text_at(data, "ClaimTotalQuantity"):
        return parse_count(stated, "claims_count")
    claims = element.find("Claims")
    return (len(claims.findall("Claim")) or None) if claims is not None else None


def _priorities(place: Element) -> tuple[str, ...]:
    found = []
    for tag in ("PriorityClaim", "Priority"):
        for item in place.iter(tag):
            office = text_at(item, "IPOfficeCode", "PriorityCountryCode")
            number = text_at(item, "ApplicationNumberText")
            day = text_at(item, "FilingDate", "PriorityApplicationFilingDate")
            found.append(squeeze(f"{office} {number} {day}"))
    return distinct(found)


def _status_events(element: Element) -> Iterator[OfficeEvent]:
    """Each ST.27 event: the detailed code, else the key event, else the office's own code."""
    for holder in element.iter("StatusEventData"):
        code = text_at(holder, "DetailedEventCode", "KeyEventCode", "StatusEventCode")
        national = text_at(holder, "NationalEventCode")
        if code or national:
            yield OfficeEvent(
                code=code or national,
                on=_event_day(holder),
                text=text_at(holder, "CommentText"),
                scheme="st27" if code else "national",
            )


def _event_day(holder: Element) -> date | None:
    day = text_at(holder, "EventEffectiveDate", "EffectiveDate", "EventDate", "EventIssueDate")
    return parse_date(day, "event_date")


def _design_events(application: Element) -> Iterator[OfficeEvent]:
    for item in application.iter("DesignApplicationEvent"):
        yield OfficeEvent(
            code=text_at(item, "DesignApplicationEventCategory"),
            on=parse_date(text_at(item, "DesignApplicationEventDate"), "event_date"),
            text=text_at(item, "CommentText"),
            scheme="st87",
        )
