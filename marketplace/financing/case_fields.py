"""The fields of a case from outside, each read and checked by itself."""

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any, TypeVar

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l

E = TypeVar("E", bound=StrEnum)

_DECIMAL = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?", re.ASCII)


def read_decimal(case: Mapping[str, Any], name: str, default: str | None = None) -> Fraction:
    """A plain, not negative decimal of the case, exactly."""
    value = case.get(name)
    if value is None and default is not None:
        value = default
    if isinstance(value, bool) or not isinstance(value, str | int) or not _DECIMAL.fullmatch(str(value)):
        raise Malformed(name, _l("Enter a plain decimal number such as 4.35."))
    return Fraction(str(value))


def read_whole(case: Mapping[str, Any], name: str, default: int, low: int, high: int) -> int:
    """A whole number of the case within its bounds."""
    value = case.get(name)
    if value is None:
        return default
    number = read_decimal(case, name)
    if number.denominator != 1 or not low <= number <= high:
        raise Malformed(name, _l("Enter a whole number within the allowed range."))
    return int(number)


def read_day(case: Mapping[str, Any], name: str) -> date | None:
    """A date of the case as YYYY-MM-DD, or none where the field is empty."""
    value = case.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        raise Malformed(name, _l("Enter a date as 2026-11-22."))
    try:
        day = date.fromisoformat(value)
    except ValueError as error:
        raise Malformed(name, _l("Enter a date as 2026-11-22.")) from error
    if not 1900 <= day.year <= 2200:
        raise Malformed(name, _l("Enter a date between 1900 and 2200."))
    return day


def read_flag(case: Mapping[str, Any], name: str) -> bool:
    """A yes or no of the case."""
    value = case.get(name)
    if value is None or value in (False, "false", True, "true"):
        return value in (True, "true")
    raise Malformed(name, _l("Enter true or false."))


def read_choice(case: Mapping[str, Any], name: str, kind: type[E], default: E) -> E:
    """One of the named choices of the case."""
    value = case.get(name)
    if value is None:
        return default
    words = str(value).upper().replace(" ", "_") if isinstance(value, str) else ""
    for member in kind:
        if words == member.value or words.startswith(member.value + "_"):
            return member
    raise Malformed(name, _l("This is not one of the known choices."))
