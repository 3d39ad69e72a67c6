"""Dates, classification symbols, numbers and names as offices write them."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from marketplace.registry.offices.record import BadValue

_DATE_FORMS = (
    re.compile(r"^(\d{4})(\d{2})(\d{2})(?:T.*)?$"),
    re.compile(r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*|Z|[+-]\d{2}:?\d{2})?$"),
    re.compile(r"^(\d{4})年(\d{1,2})月(\d{1,2})日$"),
)
_PARTIAL_DATE = re.compile(r"^\d{4}(?:[-/.]?\d{1,2})?(?:00)?$|^\d{6}00$|^\d{4}0000$")
_PLACEHOLDERS = {"", "--", "-", "NULL", "null", "00000000", "0000-00-00"}
_SYMBOL = re.compile(r"([A-HY])\s*(\d{2})\s*([A-Z])\s*(\d{1,4})\s*/\s*(\d{2,6})")
_NOT_ALPHANUMERIC = re.compile(r"[^A-Z0-9]+")


def squeeze(text: str | None) -> str:
    """The text with every run of white space as one blank, none at the ends."""
    return " ".join(text.split()) if text else ""


@lru_cache(maxsize=20_000)
def parse_date(text: str | None, field_name: str) -> date | None:
    """The calendar day an office wrote; None when it wrote none or only a month or year."""
    value = squeeze(unicodedata.normalize("NFKC", text or ""))
    if value in _PLACEHOLDERS or value.startswith(("0001-01-01", "00010101")):
        return None
    for form in _DATE_FORMS:
        match = form.match(value)
        if match is None:
            continue
        year, month, day = (int(part) for part in match.groups())
        if month == 0 or day == 0:
            return None
        try:
            return date(year, month, day)
        except ValueError as impossible:
            raise BadValue("bad_date", value, field_name) from impossible
    if _PARTIAL_DATE.match(value):
        return None
    raise BadValue("bad_date", value[:40], field_name)


def parse_count(text: str | None, field_name: str) -> int | None:
    """A count of claims, citations or family members; None when absent."""
    value = squeeze(unicodedata.normalize("NFKC", text or ""))
    if value in _PLACEHOLDERS:
        return None
    if not value.isdigit() or len(value) > 6:
        raise BadValue("bad_number", value[:40], field_name)
    return int(value)


@lru_cache(maxsize=50_000)
def symbol_of(text: str) -> str:
    """A classification symbol such as H04L29/08, or nothing when the text holds none."""
    match = _SYMBOL.search(unicodedata.normalize("NFKC", text).upper())
    if match is None:
        return ""
    section, main_class, subclass, group, subgroup = match.groups()
    return f"{section}{main_class}{subclass}{int(group)}/{subgroup}"


def distinct(values: Iterable[str]) -> tuple[str, ...]:
    """The values in their order, each once, empty ones left out."""
    return tuple(dict.fromkeys(value for value in values if value))


def split_values(text: str | None, separators: str) -> tuple[str, ...]:
    """The distinct values of a cell whose values stand between the given separators."""
    return distinct(squeeze(part) for part in re.split(separators, text or ""))


def alphanumeric(text: str) -> str:
    """Letters and digits only, upper case, full-width folded: the form numbers are compared in."""
    if text.isascii():
        return _NOT_ALPHANUMERIC.sub("", text.upper())
    folded = unicodedata.normalize("NFKC", text).upper()
    return "".join(character for character in folded if character.isalnum())
