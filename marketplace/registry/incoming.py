"""Office documents on their way into the register: each told apart, known ones recognised, foreign ones kept out."""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import String

from marketplace.core.db import new_id, session
from marketplace.registry.offices.record import OfficeRecord
from marketplace.registry.ownership import OwnershipShare
from marketplace.registry.projection import (
    Stored,
    digest_of,
    document_key,
    holds_control_characters,
    identity_keys,
    stored_form,
    written,
)

_TEXTS = ARRAY(String)
_KNOWN_DOCUMENTS = text("""
    SELECT known.id, known.asset_id, known.office, known.document_key, known.digest
    FROM unnest(:offices, :keys) AS wanted (office, document_key)
    JOIN publications AS known USING (office, document_key)
    WHERE known.known_to IS NULL
""").bindparams(bindparam("offices", type_=_TEXTS), bindparam("keys", type_=_TEXTS))
_KNOWN_NUMBERS = text("""
    SELECT known.key, known.use, known.asset_id
    FROM unnest(:keys, :uses) AS wanted (key, use)
    JOIN asset_numbers AS known USING (key, use)
    ORDER BY known.asset_id
""").bindparams(bindparam("keys", type_=_TEXTS), bindparam("uses", type_=_TEXTS))


@dataclass(slots=True)
class Document:
    """One record on its way into the register, with its content as it will be stored."""

    record: OfficeRecord
    stored: Stored
    content: str
    key: str
    digest: str
    identities: list[tuple[str, str]]
    asset_id: UUID | None = None
    replaces: UUID | None = None
    supplied_by: UUID | None = None


def document_of(record: OfficeRecord) -> Document | None:
    """The record as a document; None when it holds what PostgreSQL cannot keep."""
    stored = stored_form(record)
    content = written(stored)
    if holds_control_characters(content):
        return None
    return Document(record, stored, content, document_key(record), digest_of(content), identity_keys(record))


class SeenDocuments:
    """Which documents one file has told of already, in a table of numbers that any file fits (16 to 32 bytes each)."""

    def __init__(self) -> None:
        self._marks = array("Q", bytes(8 * 1024))
        self._count = 0

    def meets(self, document: Document) -> bool:
        """Whether this document was met before; from now on it was."""
        name = f"{document.record.office}:{document.key}".encode()
        mark = int.from_bytes(blake2b(name, digest_size=8).digest()) or 1
        place = _place_of(self._marks, mark)
        if self._marks[place]:
            return True
        self._marks[place] = mark
        self._count += 1
        if 2 * self._count > len(self._marks):
            self._widen()
        return False

    def _widen(self) -> None:
        wider = array("Q", bytes(16 * len(self._marks)))
        for mark in filter(None, self._marks):
            wider[_place_of(wider, mark)] = mark
        self._marks = wider


def _place_of(marks: "array[int]", mark: int) -> int:
    """Where this mark stands in the table, or the empty place where it belongs."""
    place = mark % len(marks)
    while marks[place] not in (0, mark):
        place = (place + 1) % len(marks)
    return place


def recognise(documents: list[Document]) -> tuple[list[Document], int]:
    """The documents that are new or changed, each joined to the asset it is known to tell of; how many are unchanged."""
    fresh, unchanged = _new_or_changed(documents)
    if fresh:
        _find_assets(fresh)
    return fresh, unchanged


def _new_or_changed(documents: list[Document]) -> tuple[list[Document], int]:
    places = {"offices": [item.record.office for item in documents], "keys": [item.key for item in documents]}
    known = {(row.office, row.document_key): row for row in session.execute(_KNOWN_DOCUMENTS, places)}
    fresh = []
    for document in documents:
        row = known.get((document.record.office, document.key))
        if row is not None and row.digest == document.digest:
            continue
        if row is not None:
            document.asset_id, document.replaces = row.asset_id, row.id
        fresh.append(document)
    return fresh, len(documents) - len(fresh)


def _find_assets(documents: list[Document]) -> None:
    """Join documents to assets they are known to tell of: the same document first, then the same application."""
    wanted = list({key for document in documents for key in document.identities})
    names = {"keys": [key for key, _use in wanted], "uses": [use for _key, use in wanted]}
    found: dict[tuple[Any, Any], UUID] = {}
    for row in session.execute(_KNOWN_NUMBERS, names):
        found.setdefault((row.key, row.use), row.asset_id)
    for document in documents:
        for key in document.identities:
            if document.asset_id is None and key in found:
                document.asset_id = found[key]


def of_supplier(documents: Iterable[Document], supplier_id: UUID) -> Iterator[tuple[Document, bool]]:
    """Each document with whether this organisation may tell it: of its own rights and of new ones."""
    given = list(documents)
    known = {document.asset_id for document in given if document.asset_id is not None}
    query = select(OwnershipShare.asset_id).where(
        OwnershipShare.asset_id.in_(known),
        OwnershipShare.organisation_id == supplier_id,
        OwnershipShare.known_to.is_(None),
        OwnershipShare.held_to.is_(None),
    )
    own = set(session.execute(query).scalars()) if known else set()
    for document in given:
        allowed = document.asset_id is None or document.asset_id in own
        if allowed:
            document.supplied_by = supplier_id
        yield document, allowed


def give_new_assets(documents: list[Document]) -> set[UUID]:
    """New assets for what is left; documents of one new application share one asset."""
    made: dict[tuple[str, str], UUID] = {}
    new: set[UUID] = set()
    for document in documents:
        keys = document.identities or [(f"{document.record.office}:{document.key}", "same_doc")]
        if document.asset_id is None:
            document.asset_id = next((made[key] for key in keys if key in made), None)
        if document.asset_id is None:
            document.asset_id = new_id()
            new.add(document.asset_id)
        for key in keys:
            made.setdefault(key, document.asset_id)
    return new
