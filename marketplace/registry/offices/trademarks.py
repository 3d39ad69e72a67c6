"""Trade marks in WIPO ST.66 and ST.96, as the USPTO and other offices deliver them."""

from collections.abc import Iterable, Iterator
from datetime import date
from xml.etree.ElementTree import Element

from marketplace.registry.offices.record import BadValue, Cells, OfficeEvent, OfficeRecord
from marketplace.registry.offices.st36 import text_of
from marketplace.registry.offices.st96 import contact_name, text_at
from marketplace.registry.offices.values import distinct, parse_date, split_values

_REGISTERED = {
    "624", "625", "700", "701", "702", "703", "704", "705", "706", "707", "708",
    "717", "739", "778", "780", "790", "800",
}  # fmt: skip
_CANCELLED = {
    "400", "401", "403", "404", "405", "406", "414", "415", "417", "626",
    "709", "710", "711", "712", "713", "714", "781", "782", "783",
}  # fmt: skip
_ABANDONED = {
    "402", "411", "412", "416", "600", "601", "602", "603", "604", "605", "606", "607", "608",
    "609", "610", "612", "614", "618", "632", "901", "968",
}  # fmt: skip


def read_trademark(element: Element, row: int) -> OfficeRecord:
    """One Trademark (ST.96) or TradeMark (ST.66) element."""
    st66 = element.tag == "TradeMark"
    office = text_at(element, "RegistrationOfficeCode", "ReceivingOfficeCode", "IPOfficeCode")
    registered_on = _day(element, "RegistrationDate", "grant_date")
    status_code = _own(element, "MarkCurrentStatusCode")
    mark = text_at(element, "MarkVerbalElementText", "MarkSignificantVerbalElementText")
    names = tuple(_owners(element))
    registration_number = _own(element, "RegistrationNumber")
    language = (_own(element, "ApplicationLanguageCode") or "en").lower()
    return OfficeRecord(
        row=row,
        source_format="st66" if st66 else "st96",
        office=office,
        asset_kind="trademark",
        number=registration_number or _application_number(element),
        publication_date=_publication_day(element),
        application_number=_application_number(element),
        application_date=_day(element, "ApplicationDate", "application_date"),
        registration_number=registration_number,
        grant_date=registered_on,
        expires_on=_day(element, "ExpiryDate", "expires_on"),
        titles=((language, mark),) if mark else (),
        language=language,
        applicants=names,
        owners=names[:1],
        former_owners=names[1:],
        nice_classes=_nice_classes(element),
        mark=mark,
        status_code=status_code,
        status_date=_day(element, "MarkCurrentStatusDate", "status_date"),
        status=status_of(office, status_code, registered_on is not None),
        events=tuple(_events(element)),
    )


def read_mark_row(cells: Cells, row: int) -> OfficeRecord:
    """One trade mark of a flat table; what its cells leave out stays unknown."""
    office, mark = cells["office"].upper(), cells["mark"]
    registration_number, application_number = cells["registration_no"], cells["application_no"]
    if not (registration_number or application_number):
        raise BadValue("missing_field", "", "application_no")
    registered_on = parse_date(cells.get("registration_date"), "registration_date")
    status = cells.get("status", "")
    owners = split_values(cells.get("owner"), r"\||;;")
    return OfficeRecord(
        row=row,
        source_format="marks",
        office="EM" if office == "EU" else office,
        asset_kind="trademark",
        number=registration_number or application_number,
        application_number=application_number,
        application_date=parse_date(cells.get("application_date"), "application_date"),
        registration_number=registration_number,
        grant_date=registered_on,
        expires_on=parse_date(cells.get("expiry_date"), "expiry_date"),
        titles=(("en" if mark.isascii() else "und", mark),) if mark else (),
        applicants=owners,
        owners=owners,
        nice_classes=_nice_numbers(split_values(cells.get("nice_classes"), "[;,|]")),
        mark=mark,
        status_code=status,
        status=status_of(office, status, registered_on is not None) if status or registered_on else "unknown",
    )


def status_of(office: str, code: str, registered: bool) -> str:
    """Our status word for an office's status code; numeric codes are the USPTO's."""
    words = code.strip().lower()
    if office == "US" and len(code) == 3 and code.isdigit():
        return _uspto_status(code, registered)
    if "expired" in words:
        return "expired"
    if "refus" in words or "reject" in words:
        return "refused"
    if "withdrawn" in words or "abandon" in words:
        return "withdrawn"
    if any(word in words for word in ("cancel", "surrender", "removed", "revoked")):
        return "lapsed"
    if "regist" in words or "renew" in words:
        return "in_force"
    return "in_force" if registered and not code else ("pending" if not registered else "unknown")


def _uspto_status(code: str, registered: bool) -> str:
    """What the USPTO's status code tables say of a mark: registered, dead, or pending."""
    if code == "900":
        return "expired"
    if code in _CANCELLED:
        return "lapsed"
    if code in _ABANDONED:
        return "withdrawn"
    if code in _REGISTERED:
        return "in_force"
    if code in ("000", "970"):
        return "unknown"
    return "in_force" if registered else "pending"


def _own(element: Element, tag: str) -> str:
    """The text of a direct child: marks cited inside carry the same names deeper down."""
    return text_of(element.find(tag))


def _day(element: Element, tag: str, field_name: str) -> date | None:
    return parse_date(_own(element, tag), field_name)


def _application_number(element: Element) -> str:
    place = element.find("ApplicationNumber")
    return text_at(place, "ApplicationNumberText") or text_of(place)


def _publication_day(element: Element) -> date | None:
    return parse_date(next((text_of(item) for item in element.iter("PublicationDate")), ""), "publication_date")


def _owners(element: Element) -> Iterator[str]:
    """Every applicant and owner the record names, newest first, each once."""
    found: list[str] = []
    for party in element.iter():
        if party.tag in ("Applicant", "Holder"):
            lines = [text_of(item) for item in party.iter("FreeFormatNameLine")]
            found.append(next((line for line in lines if line), "") or _formatted(party))
    yield from distinct(found)


def _formatted(party: Element) -> str:
    name = next(party.iter("FormattedName"), None)
    if name is not None:
        whole = text_at(name, "OrganizationName")
        return whole or f"{text_at(name, 'FirstName')} {text_at(name, 'LastName')}".strip()
    return contact_name(party)


def _nice_classes(element: Element) -> tuple[str, ...]:
    return _nice_numbers(text_of(place) for place in element.iter("ClassNumber"))


def _nice_numbers(texts: Iterable[str]) -> tuple[str, ...]:
    """Nice class numbers in three digits; national classes are not Nice classes."""
    found = (text for text in texts if text.isascii() and text.isdigit() and 1 <= int(text) <= 45)
    return distinct(f"{int(text):03d}" for text in found)


def _events(element: Element) -> Iterator[OfficeEvent]:
    """Prosecution history: the office's own code, day and words."""
    for item in element.iter("MarkEvent"):
        code = text_at(item, "MarkEventCode", "NationalMarkEventCode", "MarkEventCategory")
        day = text_at(item, "MarkEventDate")
        words = text_at(
            item,
            "MarkEventInternalDescriptionText",
            "MarkEventDescriptionText",
            "MarkEventAdditionalText",
        )
        if code or words:
            yield OfficeEvent(code=code, on=parse_date(day, "event_date"), text=words, scheme="mark")
