"""The values of a scheme's terms as they are written: exact numbers, amounts, closed lists; what is misspelt is named."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from fractions import Fraction
from typing import Any, TypeVar

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l
from marketplace.core.money import Money

S = TypeVar("S", bound=StrEnum)
V = TypeVar("V")
MOST_DAYS = 36_500


def number(field: str, given: Any) -> Fraction:
    """An exact number from text or an integer; binary floats are refused because they are not exact."""
    if isinstance(given, int) and not isinstance(given, bool):
        return Fraction(given)
    if isinstance(given, str | Decimal):
        try:
            exact = Decimal(str(given).strip())
        except InvalidOperation:
            exact = Decimal("NaN")
        if exact.is_finite() and -30 < exact.adjusted() < 30:
            return Fraction(exact)
    raise Malformed(field, _l("Enter a number such as 12.5."))


def percent(field: str, given: Any) -> Fraction:
    """A percentage between 0 and 100 as a fraction of 1."""
    value = number(field, given) / 100
    if not 0 <= value <= 1:
        raise Malformed(field, _l("Enter a percentage between 0 and 100."))
    return value


def positive(field: str, given: Any) -> Fraction:
    """An exact number above zero."""
    value = number(field, given)
    if value <= 0:
        raise Malformed(field, _l("Enter a number above zero."))
    return value


def whole(field: str, given: Any) -> int:
    """A whole number written as a number, not as text, from zero up."""
    if not isinstance(given, int) or isinstance(given, bool) or not 0 <= given <= MOST_DAYS:
        raise Malformed(field, _l("Write a whole number from 0, without quotation marks."))
    return given


def flag(field: str, given: Any) -> bool:
    """True or false."""
    if not isinstance(given, bool):
        raise Malformed(field, _l("Write true or false."))
    return given


def amount(field: str, given: Any, currency: str) -> Money:
    """An amount of at least zero from text or an integer."""
    text = str(given) if isinstance(given, int | Decimal) and not isinstance(given, bool) else given
    try:
        money = Money.parse(text, currency)
    except Malformed as problem:
        raise Malformed(field, next(iter(problem.errors.values()))[0]) from problem
    if money.amount_minor < 0:
        raise Malformed(field, _l("An amount cannot be negative here."))
    return money


def choice(kind: type[S], field: str, given: Any) -> S:
    """One of a closed list."""
    try:
        return kind(given)
    except ValueError as error:
        raise Malformed(field, _l("This is not one of the known choices.")) from error


def day(field: str, given: Any) -> date:
    """A date as 2026-11-22."""
    try:
        return date.fromisoformat(given)
    except (TypeError, ValueError) as error:
        raise Malformed(field, _l("Enter a date as 2026-11-22.")) from error


def words(field: str, given: Any) -> tuple[str, ...]:
    """A list of words."""
    if not isinstance(given, list | tuple) or not all(isinstance(word, str) and word for word in given):
        raise Malformed(field, _l("Write a list of words."))
    return tuple(given)


def named(field: str, given: Any, known: Collection[str]) -> Mapping[str, Any]:
    """An object that states only known terms; nothing stated is an empty one."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise Malformed(field, _l("Write an object of named terms."))
    for name in given:
        if name not in known:
            raise Malformed(f"{field}.{name}", _l("A scheme has no such term."))
    return given


def rows(
    field: str, given: Any, known: Collection[str], needed: Collection[str]
) -> list[tuple[str, Mapping[str, Any]]]:
    """A list of objects that state only known terms and all the needed ones, each with its path."""
    if given is None:
        return []
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise Malformed(field, _l("Write a list of objects."))
    found = []
    for position, row in enumerate(given):
        path = f"{field}.{position}"
        if not isinstance(row, Mapping):
            raise Malformed(path, _l("Write an object of named terms."))
        stated = named(path, row, known)
        for name in needed:
            if stated.get(name) is None:
                raise Malformed(f"{path}.{name}", _l("This term is missing."))
        found.append((path, stated))
    return found


def stated(reader: Callable[[str, Any], V], field: str, given: Any) -> V | None:
    """The value as a reader reads it; None where the scheme does not state it."""
    return None if given is None else reader(field, given)


def stated_amount(field: str, given: Any, currency: str) -> Money | None:
    """The amount; None where the scheme does not state it."""
    return None if given is None else amount(field, given, currency)
