"""ST.36 with ST.32 tags (SDOBI, B110 …): EPO documents and USPTO grants of 2001 to 2004."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from marketplace.registry.offices import st36
from marketplace.registry.offices.kinds import asset_kind_of, is_grant, published_status
from marketplace.registry.offices.record import BadValue, OfficeRecord
from marketplace.registry.offices.values import distinct, parse_count, parse_date, squeeze, symbol_of


def read_sdobi_document(element: Element, row: int) -> OfficeRecord:
    """One document whose bibliographic data stand under INID-numbered tags."""
    data = st36.child(element, "SDOBI")
    if data is None:
        raise BadValue("missing_field", "SDOBI", "bibliographic-data")
    office = _first(data, "B190") or element.get("country", "")
    number = _first(data, "B110") or element.get("doc-number", "")
    kind_code = _first(data, "B130") or element.get("kind", "")
    published_on = parse_date(_day(data, "B140") or element.get("date-publ"), "publication_date")
    asset_kind = asset_kind_of(office, kind_code, number)
    granted = is_grant(office, kind_code, asset_kind)
    language = (element.get("lang") or data.get("lang") or "en").lower()
    titles = tuple(_titles(data, language))
    return OfficeRecord(
        row=row,
        source_format="st36" if office == "EP" else "uspto",
        office=office,
        asset_kind=asset_kind,
        number=number,
        kind_code=kind_code,
        publication_date=published_on,
        application_number=_first(data, "B210"),
        application_date=parse_date(_day(data, "B220"), "application_date"),
        grant_date=published_on if granted else None,
        titles=titles,
        abstracts=st36.abstracts_of((element,), language) or _old_abstract(element, language),
        language=language,
        applicants=_names(data, "B711") or _names(data, "B731"),
        owners=_names(data, "B731"),
        inventors=_names(data, "B721"),
        ipc=_classes(data),
        claims_count=_claims(element),
        priorities=_priorities(data),
        status=published_status(office, kind_code, asset_kind),
        status_date=published_on,
        events=st36.publication_event(kind_code, published_on),
    )


def _inside(place: Element, tag: str) -> Iterator[Element]:
    return place.iter(tag)


def _first(data: Element, tag: str) -> str:
    found = next(_inside(data, tag), None)
    return st36.text_of(found)


def _day(data: Element, tag: str) -> str:
    """The day as its own element, else at the head of the text."""
    found = next(_inside(data, tag), None)
    day = next(found.iter("date"), None) if found is not None else None
    return st36.text_of(day) or st36.text_of(found)[:8]


def _titles(data: Element, language: str) -> Iterator[tuple[str, str]]:
    """B541 names the language of the B542 that follows it."""
    current = language
    for place in _inside(data, "B540"):
        for item in place:
            if item.tag == "B541":
                current = st36.text_of(item).lower() or language
            elif item.tag == "B542":
                yield current, st36.text_of(item)
            elif item.tag == "STEXT":
                yield language, st36.text_of(item)


def _names(data: Element, tag: str) -> tuple[str, ...]:
    return distinct(_name(item) for item in _inside(data, tag))


def _name(party: Element) -> str:
    """The name itself; a care-of line and the address are not part of it."""
    for tag in ("snm", "ONM"):
        found = next(party.iter(tag), None)
        if found is not None:
            lines = "".join(found.itertext()).split("\n")
            kept = [line for line in lines if not line.strip().lower().startswith("c/o")]
            given = next(party.iter("FNM"), None)
            return squeeze(f"{st36.text_of(given)} {' '.join(kept)}")
    return st36.text_of(next(party.iter("nam"), None))


def _classes(data: Element) -> tuple[str, ...]:
    reformed = distinct(symbol_of(st36.text_of(item)) for item in _inside(data, "classification-ipcr"))
    return reformed or distinct(
        symbol_of(st36.text_of(item)) for tag in ("B511", "B512") for item in _inside(data, tag)
    )


def _claims(element: Element) -> int | None:
    """Claims of the document's first claim set; a later set only translates it."""
    stated = next(element.iter("B577"), None)
    if stated is not None and st36.text_of(stated):
        return parse_count(st36.text_of(stated), "claims_count")
    claims = next(element.iter("claims"), None)
    if claims is None:
        return None
    return sum(1 for item in claims if item.tag == "claim") or None


def _priorities(data: Element) -> tuple[str, ...]:
    found = []
    for place in _inside(data, "B300"):
        numbers = [st36.text_of(item) for item in place.iter("B310")]
        days = [st36.text_of(item) for item in place.iter("B320")]
        offices = [st36.text_of(item) for item in place.iter("B330")]
        for index, number in enumerate(numbers):
            office = offices[index] if index < len(offices) else ""
            day = days[index] if index < len(days) else ""
            found.append(squeeze(f"{office} {number} {day}"))
    return distinct(found)


def _old_abstract(element: Element, language: str) -> tuple[tuple[str, str], ...]:
    text = st36.text_of(next(element.iter("SDOAB"), None))
    return ((language, text),) if text else ()
