"""EPO Register documents (OPS): one European application with its status, parties, steps and events."""

from collections.abc import Iterator
from datetime import date
from xml.etree.ElementTree import Element

from marketplace.registry.offices import st36
from marketplace.registry.offices.record import BadValue, OfficeEvent, OfficeRecord
from marketplace.registry.offices.values import distinct, parse_date, squeeze, symbol_of

FORMAT = "ep-register"
_STATUS_WORDS = (
    ("revoked", "invalidated"),
    ("withdrawn", "withdrawn"),
    ("refused", "refused"),
    ("surrendered", "lapsed"),
    ("lapsed", "lapsed"),
    ("granted", "in_force"),
    ("no opposition filed", "in_force"),
    ("opposition", "in_force"),
    ("maintained", "in_force"),
    ("unitary effect", "in_force"),
    ("examination", "pending"),
    ("intended", "pending"),
    ("publi", "pending"),
    ("filed", "pending"),
)


def read_register_document(element: Element, row: int) -> OfficeRecord:
    """One register document; a bare list of events or steps is placed by the number that was asked for."""
    bibliographic = st36.child(element, "bibliographic-data")
    publications = list(_publications(bibliographic))
    number, kind_code, published_on = _leading(publications, element.get("asked", ""))
    application = _application(bibliographic)
    if not (number or application.get("doc-number")):
        raise BadValue("missing_field", "publication-reference", "number")
    granted_on = min(
        (day for _office, _number, kind, day in publications if kind.startswith("B") and day), default=None
    )
    words, status_on = _newest_status(element)
    language = (element.get("lang") or "en").lower()
    return OfficeRecord(
        row=row,
        source_format=FORMAT,
        office="EP",
        asset_kind="invention",
        number=number,
        kind_code=kind_code,
        publication_date=published_on,
        application_number=application.get("doc-number", ""),
        application_date=parse_date(application.get("date"), "application_date"),
        grant_date=granted_on,
        titles=_newest_titles(bibliographic, language),
        language=language,
        applicants=_newest_names(bibliographic, "applicants", "applicant"),
        owners=_newest_names(bibliographic, "proprietors", "proprietor"),
        inventors=_newest_names(bibliographic, "inventors", "inventor"),
        ipc=_newest_symbols(bibliographic),
        priorities=st36.priorities_of(bibliographic) if bibliographic is not None else (),
        status_code=words,
        status_date=status_on,
        status=status_of(words),
        events=tuple(_events(element)),
    )


def status_of(words: str) -> str:
    """Our status for the register's own words; words nobody mapped stay unknown."""
    plain = words.lower()
    return next((status for part, status in _STATUS_WORDS if part in plain), "unknown")


def _publications(bibliographic: Element | None) -> Iterator[tuple[str, str, str, date | None]]:
    for reference in bibliographic if bibliographic is not None else ():
        if reference.tag == "publication-reference":
            parts = st36.document_id(reference, ())
            day = parse_date(parts.get("date"), "publication_date")
            yield parts.get("country", ""), parts.get("doc-number", ""), parts.get("kind", ""), day


def _leading(publications: list[tuple[str, str, str, date | None]], asked: str) -> tuple[str, str, date | None]:
    """The newest European publication; without any, the number in the question."""
    european = [found for found in publications if found[0] == "EP" and found[1]]
    if european:
        _office, number, kind_code, day = max(european, key=lambda found: (found[3] or date.min, found[2]))
        return number, kind_code, day
    return asked, "", None


def _application(bibliographic: Element | None) -> dict[str, str]:
    """The European application; the international one it may come from stands beside it."""
    found = [
        st36.document_id(reference, ())
        for reference in (bibliographic if bibliographic is not None else ())
        if reference.tag == "application-reference"
    ]
    return next((parts for parts in found if parts.get("country", "EP") == "EP"), {})


def _newest_status(element: Element) -> tuple[str, date | None]:
    found = []
    for item in st36.inside(st36.child(element, "patent-statuses"), "patent-status"):
        found.append((parse_date(item.get("change-date"), "status_date"), st36.text_of(item)))
    if not found:
        return squeeze(element.get("status")), None
    day, words = max(found, key=lambda item: item[0] or date.min)
    return words, day


def _newest(bibliographic: Element | None, tag: str) -> Element | None:
    """The register keeps every earlier state of a field; the newest is in force."""
    states = list(st36.inside(bibliographic, tag))
    return max(states, key=lambda item: item.get("change-date", "")) if states else None


def _newest_names(bibliographic: Element | None, group: str, tag: str) -> tuple[str, ...]:
    return distinct(st36.name_of(item) for item in st36.inside(_newest(bibliographic, group), tag))


def _newest_titles(bibliographic: Element | None, language: str) -> tuple[tuple[str, str], ...]:
    found: dict[str, tuple[str, str]] = {}
    for item in st36.inside(bibliographic, "invention-title"):
        code, changed = (item.get("lang") or language).lower(), item.get("change-date", "")
        if (words := st36.text_of(item)) and (code not in found or changed > found[code][0]):
            found[code] = (changed, words)
    return tuple((code, words) for code, (_changed, words) in found.items())


def _newest_symbols(bibliographic: Element | None) -> tuple[str, ...]:
    texts = st36.text_of(_newest(bibliographic, "classifications-ipcr")).split(",")
    return distinct(symbol_of(part) for part in texts)


def _events(element: Element) -> Iterator[OfficeEvent]:
    """Events of the dossier, steps of the procedure, and the states in which the patent has lapsed."""
    for item in st36.inside(element, "dossier-event"):
        on = st36.text_of(st36.descend(item, "event-date", "date"))
        text = st36.text_of(st36.child(item, "event-text"))
        yield _event(st36.text_of(st36.child(item, "event-code")), on, text, "ep-register")
    for item in st36.inside(element, "procedural-step"):
        on = st36.text_of(st36.descend(item, "procedural-step-date", "date"))
        words = [st36.text_of(part) for part in item if part.tag == "procedural-step-text"]
        code = st36.text_of(st36.child(item, "procedural-step-code"))
        yield _event(code, on, " · ".join(filter(None, words)), "ep-register-step")
    for item in st36.inside(_newest(element, "term-of-grant"), "lapsed-in-country"):
        on, state = st36.text_of(st36.child(item, "date")), st36.text_of(st36.child(item, "country"))
        yield _event(f"LAPSED {state}", on, state, "ep-register-state")


def _event(code: str, on: str, text: str, scheme: str) -> OfficeEvent:
    return OfficeEvent(code=code or "?", on=_day(on), text=text, scheme=scheme)


def _day(text: str) -> date | None:
    """A day the register misprints is unknown, not a reason to lose the right."""
    try:
        return parse_date(text, "event_date")
    except BadValue:
        return None
