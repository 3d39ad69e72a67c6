"""Which XML element is a record of which office format, and how it is read."""

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element

from marketplace.registry.offices import (
    assignments,
    cnipa,
    docdb,
    epo_register,
    sdobi,
    st36,
    st96,
    trademarks,
    uspto_publications,
)
from marketplace.registry.offices.record import (
    BadValue,
    Conveyance,
    OfficeRecord,
    Row,
    RowFault,
    UnreadableFile,
    checked,
)
from marketplace.registry.offices.safe_xml import read_records

_Parsed = OfficeRecord | Conveyance


def _st36(source_format: str, office: str) -> Callable[[Element, int], _Parsed]:
    return lambda element, row: st36.read_document(element, row, source_format, office)


_ONE_RECORD: dict[str, tuple[str, Callable[[Element, int], _Parsed]]] = {
    "PatentPublication": ("st96", st96.read_patent),
    "BibliographicData": ("st96", st96.read_patent),
    "PatentLegalStatus": ("st96", st96.read_legal_status),
    "Trademark": ("st96", trademarks.read_trademark),
    "TradeMark": ("st66", trademarks.read_trademark),
    "ep-patent-document": ("st36", sdobi.read_sdobi_document),
    "PATDOC": ("uspto", sdobi.read_sdobi_document),
    "us-patent-grant": ("uspto", _st36("uspto", "US")),
    "us-patent-application": ("uspto", _st36("uspto", "US")),
    "cn-patent-document": ("cnipa", _st36("cnipa", "CN")),
    "PatentDocumentAndRelated": ("cnipa", cnipa.read_gazette_document),
    "jp-official-gazette": ("jpo", _st36("jpo", "JP")),
    "wo-patent-document": ("st36", _st36("st36", "WO")),
    "kr-patent-document": ("st36", _st36("st36", "KR")),
    "patent-document": ("st36", _st36("st36", "")),
    "exchange-document": ("docdb", docdb.read_exchange_document),
    "family-member": ("docdb", docdb.read_family_member),
    "register-document": ("docdb", epo_register.read_register_document),
    "patent-application-publication": ("uspto", uspto_publications.read_application_publication),
    "patent-assignment": ("uspto-assignment", assignments.read_bulk_assignment),
    "doc": ("uspto-assignment", assignments.read_search_answer),
}
_PARTY_TAGS = frozenset({"ApplicantDetails", "HolderDetails"})
_QUESTION = "query"
_RECORD_TAGS = frozenset({*_ONE_RECORD, *_PARTY_TAGS, "DesignApplication", _QUESTION})
_ASKED_NUMBER = re.compile(r"^\s*publication\s*=\s*\"?EP(\d{5,8})")


def read_xml(stream: BinaryIO, wanted: str) -> Iterator[Row]:
    """Every record of one or several XML documents that follow one another."""
    row = 0
    for root, element in _settled(read_records(stream, _RECORD_TAGS)):
        if element.tag == "doc" and root != "response":
            continue
        row += 1
        source_format = _ONE_RECORD[element.tag][0] if element.tag in _ONE_RECORD else "st96"
        if wanted not in ("auto", source_format):
            raise UnreadableFile("other_format", f"The file is in the format {source_format}.")
        yield from _parsed(element, row)
    if row == 0:
        raise UnreadableFile("unknown_format", "The XML holds no record of a known office format.")


def _settled(elements: Iterator[tuple[str, Element]]) -> Iterator[tuple[str, Element]]:
    """ST.66 may name a mark's parties behind it, OPS the number asked for before its answer: each is put in its place."""
    held: tuple[str, Element] | None = None
    asked = ""
    for root, element in elements:
        if element.tag == _QUESTION:
            question = _ASKED_NUMBER.match(element.text or "")
            asked = question.group(1) if question else ""
            continue
        if element.tag in _PARTY_TAGS:
            if held is not None and held[1].tag == "TradeMark":
                held[1].append(element)
            continue
        if held is not None:
            yield held
        element.set("asked", asked)
        held = (root, element)
    if held is not None:
        yield held


def _parsed(element: Element, row: int) -> Iterator[Row]:
    try:
        if element.tag == "DesignApplication":
            for record in st96.read_design(element, row):
                yield checked(record)
            return
        yield checked(_ONE_RECORD[element.tag][1](element, row))
    except BadValue as bad:
        yield RowFault(row, bad.field_name, bad.code, bad.value)
