"""ST.36 and its children: the bibliographic data of CNIPA (old), JPO, USPTO and EPO documents.

All of them share one tree (publication-reference, application-reference, invention-title,
applicants, inventors, classifications-ipcr); only prefixes and where names stand differ.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import lru_cache
from xml.etree.ElementTree import Element

from marketplace.registry.offices.kinds import asset_kind_of, is_grant, published_status
from marketplace.registry.offices.record import BadValue, OfficeEvent, OfficeRecord
from marketplace.registry.offices.values import (
    distinct,
    parse_count,
    parse_date,
    squeeze,
    symbol_of,
)

_PREFIXES = ("us-", "cn-", "ep-", "jp-", "wo-", "kr-")
_LANGUAGE_OF_OFFICE = {"CN": "zh", "TW": "zh", "JP": "ja", "KR": "ko", "US": "en", "GB": "en"}


@lru_cache(maxsize=4096)
def plain(tag: str) -> str:
    """The element name without the office's own prefix."""
    for prefix in _PREFIXES:
        if tag.startswith(prefix):
            return tag[len(prefix) :]
    return tag


def child(element: Element | None, *names: str) -> Element | None:
    """The first direct child with one of these names, office prefixes ignored."""
    if element is None:
        return None
    return next((item for item in element if plain(item.tag) in names), None)


def descend(element: Element | None, *path: str) -> Element | None:
    """The element at the end of a path of child names."""
    for name in path:
        element = child(element, name)
    return element


def inside(element: Element | None, *names: str) -> Iterator[Element]:
    """Every element with one of these names anywhere inside."""
    if element is not None:
        for item in element.iter():
            if plain(item.tag) in names:
                yield item


def text_of(element: Element | None) -> str:
    """All text inside an element, white space squeezed; nothing inside is left out."""
    return squeeze("".join(element.itertext())) if element is not None else ""


def name_of(party: Element) -> str:
    """A party's name: organisation, full name, or given and family name."""
    book = child(party, "addressbook", "applicant-name", "inventor-name")
    place = book if book is not None else party
    for tag in ("orgname", "name"):
        found = text_of(child(place, tag))
        if found:
            return found
    last = text_of(child(place, "last-name"))
    first = text_of(child(place, "first-name"))
    middle = text_of(child(place, "middle-name"))
    suffix = text_of(child(place, "suffix"))
    return squeeze(f"{first} {middle} {last} {suffix}")


def symbol_inside(element: Element, spaced: bool = False) -> str:
    """A classification symbol from its parts or its text; USPTO prints a blank after the subclass."""
    parts = {plain(item.tag): text_of(item) for item in element}
    if parts.get("section") and parts.get("main-group"):
        gap = " " if spaced else ""
        head = f"{parts['section']}{parts.get('class', '')}{parts.get('subclass', '')}"
        return f"{head}{gap}{parts['main-group']}/{parts.get('subgroup', '')}"
    text = parts.get("classification-symbol") or parts.get("text") or text_of(element)
    symbol = symbol_of(text)
    return symbol[:4] + " " + symbol[4:] if spaced and symbol else symbol


def document_id(reference: Element | None, prefer: Iterable[str]) -> dict[str, str]:
    """Country, number, kind and date of a reference; the preferred id form first, gaps filled."""
    found: dict[str, str] = {}
    if reference is None:
        return found
    forms = [item for item in reference if plain(item.tag) == "document-id"]
    order = list(prefer)

    def rank(item: Element) -> int:
        form = item.get("document-id-type", "")
        return order.index(form) if form in order else len(order)

    for item in sorted(forms, key=rank):
        for part in item:
            found.setdefault(plain(part.tag), text_of(part))
    return found


def titles_of(bibliographic: Element, default_language: str) -> tuple[tuple[str, str], ...]:
    """Each title with its language, in the order of the document."""
    return tuple(
        ((item.get("lang") or default_language).lower(), text)
        for item in bibliographic
        if plain(item.tag) == "invention-title" and (text := text_of(item))
    )


def abstracts_of(places: Iterable[Element], language: str) -> tuple[tuple[str, str], ...]:
    """Each abstract once, all of its text, deposits included."""
    found: dict[str, str] = {}
    for place in places:
        for item in place:
            if plain(item.tag) != "abstract":
                continue
            paragraphs = [part for part in item if plain(part.tag) == "p"] or [item]
            text = squeeze(" ".join(_prose(part) for part in paragraphs))
            if text:
                found.setdefault((item.get("lang") or language).lower(), text)
    return tuple(found.items())


def _prose(paragraph: Element) -> str:
    """A paragraph's text; parts of a biological deposit are kept apart by blanks."""
    if next(paragraph.iter("bio-deposit"), None) is not None:
        return squeeze(" ".join(paragraph.itertext()))
    return text_of(paragraph)


def ipc_of(bibliographic: Element, spaced: bool = False) -> tuple[str, ...]:
    """IPC symbols: the reformed list when there is one, else the editions before 2006."""
    reformed = distinct(
        symbol_inside(item, spaced) for item in inside(
            child(bibliographic, "classifications-ipcr"), "classification-ipcr"
        )
    )  # fmt: skip
    if reformed:
        return reformed
    older = child(bibliographic, "classification-ipc")
    names = ("main-clsf", "further-clsf", "main-classification", "further-classification", "text")
    return distinct(symbol_inside(item, spaced) for item in inside(older, *names))


def cpc_of(bibliographic: Element) -> tuple[str, ...]:
    """CPC symbols from either way of writing them."""
    places = [child(bibliographic, "classifications-cpc"), child(bibliographic, "patent-classifications")]
    symbols = []
    for place in places:
        for item in inside(place, "classification-cpc", "patent-classification"):
            scheme = child(item, "classification-scheme")
            if scheme is None or scheme.get("scheme", "CPC").upper().startswith("CPC"):
                symbols.append(symbol_inside(item))
    return distinct(symbols)


def parties_of(bibliographic: Element, names: tuple[str, ...], chosen: Callable[[Element], bool]) -> tuple[str, ...]:
    """The distinct names of one kind of party in document order."""
    place = child(bibliographic, "parties")
    inside_place = place if place is not None else bibliographic
    return distinct(name_of(item) for item in inside(inside_place, *names) if chosen(item))


def count_claims(document: Element, bibliographic: Element) -> int | None:
    """The stated number of claims, else the claims counted in the document."""
    stated = next(inside(bibliographic, "number-of-claims"), None)
    if stated is not None and text_of(stated):
        return parse_count(text_of(stated), "claims_count")
    claims = child(document, "claims")
    if claims is None:
        claims = descend(document, "application-body", "claims")
    counted = sum(1 for item in claims if plain(item.tag) == "claim") if claims is not None else 0
    return counted or None


def read_document(element: Element, row: int, source_format: str, office: str) -> OfficeRecord:
    """A CNIPA (old), JPO or USPTO document in ST.36 style as one record."""
    bibliographic = next(
        inside(
            element,
            "bibliographic-data",
            "bibliographic-data-grant",
            "bibliographic-data-application",
        ),
        None,
    )
    if bibliographic is None:
        raise BadValue("missing_field", "bibliographic-data", "bibliographic-data")
    publication = document_id(child(bibliographic, "publication-reference"), ())
    application = document_id(child(bibliographic, "application-reference"), ())
    office = publication.get("country") or element.get("country") or office
    kind_code = _kind_code(element, publication)
    number = publication.get("doc-number", "")
    asset_kind = asset_kind_of(office, kind_code, number)
    language = (element.get("lang") or _LANGUAGE_OF_OFFICE.get(office, "")).lower()
    published_on = parse_date(publication.get("date"), "publication_date")
    everyone = parties_of(bibliographic, ("applicant",), lambda item: True)
    assignees = distinct(name_of(item) for item in inside(bibliographic, "assignee"))
    inventors = parties_of(bibliographic, ("inventor",), lambda item: True) or parties_of(
        bibliographic, ("applicant",), lambda item: item.get("app-type") == "applicant-inventor"
    )
    granted = is_grant(office, kind_code, asset_kind)
    return OfficeRecord(
        row=row,
        source_format=source_format,
        office=office,
        asset_kind=asset_kind,
        number=number,
        kind_code=kind_code,
        publication_date=published_on,
        application_number=application.get("doc-number", ""),
        application_date=parse_date(application.get("date"), "application_date"),
        grant_date=published_on if granted else None,
        titles=titles_of(bibliographic, language),
        abstracts=abstracts_of((element, bibliographic), language),
        language=language,
        applicants=everyone or assignees,
        owners=assignees,
        inventors=inventors,
        ipc=ipc_of(bibliographic, spaced=office == "US"),
        cpc=cpc_of(bibliographic),
        claims_count=count_claims(element, bibliographic),
        priorities=priorities_of(bibliographic),
        term_extension_days=_extension_days(bibliographic),
        status=published_status(office, kind_code, asset_kind),
        status_date=published_on,
        events=publication_event(kind_code, published_on),
    )


def priorities_of(bibliographic: Element) -> tuple[str, ...]:
    """Earlier filings claimed, as country, number and day."""
    found = []
    for claim in inside(bibliographic, "priority-claim"):
        reference = document_id(claim, ("docdb", "epodoc")) or {plain(item.tag): text_of(item) for item in claim}
        country, number = reference.get("country", ""), reference.get("doc-number", "")
        found.append(squeeze(f"{country} {number} {reference.get('date', '')}"))
    return distinct(found)


def publication_event(kind_code: str, on: date | None) -> tuple[OfficeEvent, ...]:
    """The publication itself as an event of the right."""
    return (OfficeEvent(code=kind_code or "?", on=on, scheme="publication"),) if on else ()


def _kind_code(element: Element, publication: dict[str, str]) -> str:
    """ST.16 code; JPO writes the kind in words and the code as an attribute."""
    code = publication.get("kind", "")
    if code and code.isascii():
        return code
    return element.get("kind-of-st16") or element.get("kind") or ""


def _extension_days(bibliographic: Element) -> int:
    stated = next(inside(bibliographic, "term-extension"), None)
    return parse_count(text_of(stated), "term_extension_days") or 0 if stated is not None else 0
