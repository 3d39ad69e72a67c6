"""USPTO assignments: the bulk XML, the search service's answer, and the flat CSV pair."""

from xml.etree.ElementTree import Element

from marketplace.registry.offices.record import BadValue, Conveyance, PropertyReference
from marketplace.registry.offices.st36 import text_of
from marketplace.registry.offices.values import distinct, parse_date, split_values, squeeze

_EMPTY = {"NULL", ""}


def reel_frame(reel: str, frame: str) -> str:
    """The recordation reference with leading zeros, the form everything else is compared in."""
    reel, frame = squeeze(reel).lstrip("0") or "0", squeeze(frame).lstrip("0") or "0"
    if not (reel.isdigit() and frame.isdigit() and len(reel) + len(frame) <= 16):
        raise BadValue("bad_number", f"{reel}-{frame}"[:40], "reel_frame")
    return f"{reel.zfill(6)}-{frame.zfill(4)}"


def class_of(text: str) -> str:
    """What a conveyance does, from the words the office recorded."""
    words = squeeze(text).upper()
    if "RELEASE" in words or "TERMINATION" in words or "DISCHARGE" in words:
        return "security_release"
    security = any(word in words for word in ("SECURITY", "MORTGAGE", "LIEN", "PLEDGE"))
    if security and "ASSIGNMENT" in words and "SECURITY AGREEMENT" not in words:
        return "security_transfer"
    if security:
        return "security_interest"
    if "CORRECT" in words:
        return "corrective"
    if "MERGER" in words:
        return "merger"
    if "CHANGE OF NAME" in words or "NAME CHANGE" in words or "ENTITY CONVERSION" in words:
        return "name_change"
    return "assignment" if "ASSIGN" in words else "other"


def read_search_answer(element: Element, row: int) -> Conveyance:
    """One doc of the assignment search service (Solr XML)."""
    single: dict[str, str] = {}
    several: dict[str, list[str]] = {}
    for item in element:
        name = item.get("name", "")
        if item.tag == "arr":
            several[name] = [_real(text_of(value)) for value in item]
        else:
            single[name] = _real(text_of(item))
    if not single.get("reelNo") or not single.get("frameNo"):
        raise BadValue("missing_field", "reelNo", "reference")
    words = single.get("conveyanceText", "")
    return Conveyance(
        row=row,
        office="US",
        reference=reel_frame(single["reelNo"], single["frameNo"]),
        conveyance_class=class_of(words),
        text=words,
        recorded_on=parse_date(single.get("recordedDate"), "recorded_on"),
        executed_on=parse_date(single.get("patAssignorEarliestExDate"), "executed_on"),
        assignors=distinct(several.get("patAssignorName", ())),
        assignees=distinct(several.get("patAssigneeName", ())),
        properties=_properties(several),
    )


def _properties(several: dict[str, list[str]]) -> tuple[PropertyReference, ...]:
    columns = [several.get(name, []) for name in ("applNum", "publNum", "patNum", "inventionTitle")]
    longest = max((len(column) for column in columns), default=0)
    padded = [column + [""] * (longest - len(column)) for column in columns]
    return tuple(
        PropertyReference(application, publication, patent, title)
        for application, publication, patent, title in zip(*padded, strict=True)
    )


def read_bulk_assignment(element: Element, row: int) -> Conveyance:
    """One patent-assignment of the USPTO's bulk XML."""
    record = element.find("assignment-record")
    if record is None:
        raise BadValue("missing_field", "assignment-record", "reference")
    words = text_of(record.find("conveyance-text"))
    assignors = element.findall("patent-assignors/patent-assignor")
    executed = [text_of(item.find("execution-date/date")) for item in assignors]
    return Conveyance(
        row=row,
        office="US",
        reference=reel_frame(text_of(record.find("reel-no")), text_of(record.find("frame-no"))),
        conveyance_class=class_of(words),
        text=words,
        recorded_on=parse_date(text_of(record.find("recorded-date/date")), "recorded_on"),
        executed_on=parse_date(next(iter(sorted(filter(None, executed))), ""), "executed_on"),
        assignors=distinct(text_of(item.find("name")) for item in assignors),
        assignees=distinct(text_of(item.find("name")) for item in element.findall("patent-assignees/patent-assignee")),
        properties=tuple(_bulk_property(item) for item in element.findall("patent-properties/patent-property")),
    )


def _bulk_property(item: Element) -> PropertyReference:
    """Numbers by kind code: X an application, A a publication, B a patent."""
    numbers = {"application": "", "publication": "", "patent": ""}
    for document in item.findall("document-id"):
        kind = text_of(document.find("kind")).upper()
        number = text_of(document.find("doc-number"))
        place = "application" if kind.startswith("X") else "publication"
        if kind[:1] in ("B", "P", "S", "E") or (kind == "A" and len(number) < 9):
            place = "patent"
        numbers[place] = numbers[place] or number
    title = text_of(item.find("invention-title"))
    return PropertyReference(numbers["application"], numbers["publication"], numbers["patent"], title)


def read_table_row(cells: dict[str, str], row: int) -> Conveyance:
    """One row of assignments.csv: a recordation; its properties stand in the companion file."""
    reference = squeeze(cells.get("reel_frame"))
    if "-" not in reference:
        raise BadValue("missing_field", reference, "reel_frame")
    reel, frame = reference.split("-", 1)
    words = squeeze(cells.get("conveyance_text"))
    return Conveyance(
        row=row,
        office="US",
        reference=reel_frame(reel, frame),
        conveyance_class=squeeze(cells.get("conveyance_class")) or class_of(words),
        text=words,
        recorded_on=parse_date(cells.get("recorded_date"), "recorded_date"),
        executed_on=parse_date(cells.get("execution_date"), "execution_date"),
        assignors=split_values(cells.get("assignors"), r"\|"),
        assignees=split_values(cells.get("assignees"), r"\|"),
        properties=(),
    )


def read_property_row(cells: dict[str, str], row: int) -> Conveyance:
    """One row of assignment_properties.csv: a right touched by an already named recordation."""
    reference = squeeze(cells.get("reel_frame"))
    if "-" not in reference:
        raise BadValue("missing_field", reference, "reel_frame")
    reel, frame = reference.split("-", 1)
    return Conveyance(
        row=row,
        office="US",
        reference=reel_frame(reel, frame),
        conveyance_class=squeeze(cells.get("conveyance_class")),
        text="",
        recorded_on=None,
        executed_on=None,
        assignors=(),
        assignees=(),
        properties=(
            PropertyReference(
                squeeze(cells.get("appl_num")),
                squeeze(cells.get("publ_num")),
                squeeze(cells.get("patent_num")),
                squeeze(cells.get("title")),
            ),
        ),
    )


def _real(text: str) -> str:
    return "" if text in _EMPTY else text
