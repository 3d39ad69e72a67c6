"""What a PDF would do when it is opened: its objects are read, never its compressed bytes guessed at."""

import io
import logging
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

MOST_OBJECTS = 50_000
ACTIVE = {"/JavaScript", "/JS", "/Launch", "/EmbeddedFile", "/EmbeddedFiles", "/EF", "/RichMedia", "/XFA"}
"""Names (ISO 32000-2 §7.7.4, §12.6.4, §7.11.4, §13.7, §12.7.8) of what runs, starts or carries something else."""


class PdfFinding(StrEnum):
    """What was found in a PDF."""

    PLAIN = "plain"
    ACTIVE = "active"
    DAMAGED = "damaged"
    LOCKED = "locked"


def examine(content: bytes) -> PdfFinding:
    """Whether a PDF is plain, or runs or carries something, cannot be read whole, or wants a password."""
    if b"%%EOF" not in content[-2048:]:
        return PdfFinding.DAMAGED
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # a stranger's faults are answered, not logged
    try:
        return _examine_objects(content)
    except Exception:  # the reader meets hostile input; whatever it stumbles over cannot be relied on
        return PdfFinding.DAMAGED


def _examine_objects(content: bytes) -> PdfFinding:
    from pypdf import PdfReader  # loads only where a PDF comes in
    from pypdf.generic import IndirectObject

    reader = PdfReader(io.BytesIO(content))
    if reader.is_encrypted and not reader.decrypt(""):
        return PdfFinding.LOCKED
    places = [(number, generation) for generation, part in reader.xref.items() for number in part]
    places += [(number, 0) for number in reader.xref_objStm]
    if len(places) > MOST_OBJECTS or not reader.pages:
        return PdfFinding.DAMAGED
    objects = (reader.get_object(IndirectObject(number, generation, reader)) for number, generation in places)
    active = any(name in ACTIVE for value in objects for name in _names(value))
    return PdfFinding.ACTIVE if active else PdfFinding.PLAIN


def _names(value: Any) -> Iterator[str]:
    """Keys and names inside one object; what it refers to is an object of its own."""
    from pypdf.generic import DictionaryObject, NameObject

    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, DictionaryObject):
            yield from map(str, part)
            waiting.extend(part.raw_get(key) for key in part)
        elif isinstance(part, list):
            waiting.extend(list.__iter__(part))
        elif isinstance(part, NameObject):
            yield str(part)
