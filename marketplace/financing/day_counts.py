"""Day counts: which part of a year lies between two dates, by the market's conventions, as exact fractions.

Sources: ISDA 2006 Definitions section 4.16, ICMA rule 251, AFB Master Agreement 1994.
"""

from calendar import isleap, monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l


@dataclass(frozen=True)
class Span:
    """Two dates and what some conventions need besides: the coupon period and the last day of the contract."""

    start: date
    end: date
    reference_start: date | None = None
    reference_end: date | None = None
    termination: date | None = None


@dataclass(frozen=True)
class DayCount:
    """Days as the convention counts them, and the part of a year they are."""

    days: int
    fraction: Fraction


def actual_days(span: Span) -> int:
    """Calendar days from start (included) to end (excluded)."""
    return (span.end - span.start).days


def _over(basis: int) -> Callable[[Span], DayCount]:
    return lambda span: DayCount(actual_days(span), Fraction(actual_days(span), basis))


def _is_february_end(day: date) -> bool:
    return day.month == 2 and day.day == monthrange(day.year, 2)[1]


def _thirty(span: Span, first: int, last: int) -> DayCount:
    months = (span.end.year - span.start.year) * 12 + span.end.month - span.start.month
    days = months * 30 + last - first
    return DayCount(days, Fraction(days, 360))


def _thirty_bond_basis(span: Span) -> DayCount:
    first, last = min(span.start.day, 30), span.end.day
    return _thirty(span, first, 30 if last == 31 and first == 30 else last)


def _thirty_us(span: Span) -> DayCount:
    first, last = span.start.day, span.end.day
    if _is_february_end(span.start):
        last = 30 if _is_february_end(span.end) else last
        first = 30
    first = min(first, 30)
    return _thirty(span, first, 30 if last == 31 and first == 30 else last)


def _thirty_european(span: Span) -> DayCount:
    return _thirty(span, min(span.start.day, 30), min(span.end.day, 30))


def _thirty_european_isda(span: Span) -> DayCount:
    first = 30 if _is_february_end(span.start) else min(span.start.day, 30)
    closes = _is_february_end(span.end) and span.end != span.termination
    return _thirty(span, first, 30 if closes else min(span.end.day, 30))


def _thirty_european_plus(span: Span) -> DayCount:
    end = span.end + timedelta(days=1) if span.end.day == 31 else span.end
    return _thirty(Span(span.start, end), min(span.start.day, 30), end.day)


def _thirty_italian(span: Span) -> DayCount:
    first, last = (
        30 if day.day == 31 or (day.month == 2 and day.day > 27) else day.day for day in (span.start, span.end)
    )
    return _thirty(span, first, last)


def leap_days_within(start: date, end: date) -> int:
    """How many 29 Februaries lie in (start, end]."""
    return sum(
        isleap(year) and start < date(year, 2, 29) <= end for year in range(start.year, end.year + 1)
    )  # fmt: skip


def _actual_365_actual(span: Span) -> DayCount:
    basis = 366 if leap_days_within(span.start, span.end) else 365
    return DayCount(actual_days(span), Fraction(actual_days(span), basis))


def _actual_365_leap(span: Span) -> DayCount:
    return DayCount(actual_days(span), Fraction(actual_days(span), 366 if isleap(span.end.year) else 365))


def _no_leap(span: Span) -> DayCount:
    days = actual_days(span) - leap_days_within(span.start, span.end)
    return DayCount(days, Fraction(days, 365))


def _actual_actual_isda(span: Span) -> DayCount:
    fraction = Fraction(0)
    for year in range(span.start.year, span.end.year + 1):
        begins, ends = max(span.start, date(year, 1, 1)), min(span.end, date(year + 1, 1, 1))
        fraction += Fraction((ends - begins).days, 366 if isleap(year) else 365)
    return DayCount(actual_days(span), fraction)


def _a_year_before(day: date) -> date:
    if (day.month, day.day) == (2, 29):
        return day.replace(year=day.year - 1, day=28)
    before = day.replace(year=day.year - 1)
    return before + timedelta(days=1) if (day.month, day.day) == (2, 28) and isleap(before.year) else before


def _actual_actual_afb(span: Span) -> DayCount:
    years, rest = 0, span.end
    while _a_year_before(rest) >= span.start:
        years, rest = years + 1, _a_year_before(rest)
    basis = 366 if leap_days_within(span.start - timedelta(days=1), rest - timedelta(days=1)) else 365
    return DayCount(actual_days(span), years + Fraction((rest - span.start).days, basis))


def add_months(day: date, months: int) -> date:
    """The same day so many months on, or the last day of a shorter month."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _actual_actual_icma(span: Span) -> DayCount:
    begins, ends = span.reference_start or span.start, span.reference_end or span.end
    if ends <= begins:
        raise Malformed("ref_end", _l("The reference period ends before it begins."))
    months = round(12 * (ends - begins).days / 365) or 1
    fraction = Fraction(0)
    low, high = begins, ends
    shift = 0
    while span.start < low:
        shift -= months
        low, high = add_months(begins, shift), low
        fraction += _part(span, low, high, months)
    low, shift = begins, 0
    while low < span.end:
        high = ends if shift == 0 else add_months(ends, shift)
        fraction += _part(span, low, high, months)
        low, shift = high, shift + months
    return DayCount(actual_days(span), fraction)


def _part(span: Span, low: date, high: date, months: int) -> Fraction:
    covered = (min(span.end, high) - max(span.start, low)).days
    return Fraction(max(covered, 0), (high - low).days) * Fraction(months, 12)


CONVENTIONS: Mapping[str, Callable[[Span], DayCount]] = {
    "30E_360": _thirty_european,
    "30E_360_EUROBOND": _thirty_european,
    "30_360_EUROPEAN": _thirty_european,
    "30_360_EUROBOND": _thirty_european,
    "30E_360_ISDA": _thirty_european_isda,
    "30_360_GERMAN": _thirty_european_isda,
    "30EP_360": _thirty_european_plus,
    "30E+_360": _thirty_european_plus,
    "30_360": _thirty_bond_basis,
    "30_360_ISDA": _thirty_bond_basis,
    "30_360_BONDBASIS": _thirty_bond_basis,
    "30_360_BOND_BASIS": _thirty_bond_basis,
    "30A_360": _thirty_bond_basis,
    "30_360_US": _thirty_us,
    "30_360_NASD": _thirty_us,
    "30U_360": _thirty_us,
    "30_360_ITALIAN": _thirty_italian,
    "ACT_360": _over(360),
    "ACT_364": _over(364),
    "ACT_365": _over(365),
    "ACT_365F": _over(365),
    "ACT_365_FIXED": _over(365),
    "ACT_366": _over(366),
    "ACT_365A": _actual_365_actual,
    "ACT_365L": _actual_365_leap,
    "NL_365": _no_leap,
    "ACT_365_NL": _no_leap,
    "ACT_ACT": _actual_actual_isda,
    "ACT_ACT_ISDA": _actual_actual_isda,
    "ACT_ACT_AFB": _actual_actual_afb,
    "ACT_ACT_EURO": _actual_actual_afb,
    "ACT_ACT_ISMA": _actual_actual_icma,
    "ACT_ACT_ICMA": _actual_actual_icma,
    "ACT_ACT_ISMA_ICMA": _actual_actual_icma,
    "ACT_ACT_BOND": _actual_actual_icma,
}
"""Every convention we count by, under the names in use."""


def count_days(convention: str, span: Span) -> DayCount:
    """Days and exact year fraction of a span; an unknown convention or a reversed span is malformed."""
    name = convention.upper().replace("ACTUAL", "ACT").split("(NEEDS")[0].strip()
    for sign in "/ -(":
        name = name.replace(sign, "_")
    name = name.replace(")", "")
    while "__" in name:
        name = name.replace("__", "_")
    rule = CONVENTIONS.get(name)
    if rule is None:
        raise Malformed("convention", _l("This day count convention is not known here."))
    if span.end < span.start:
        raise Malformed("end", _l("The end lies before the start."))
    return rule(span) if span.start != span.end else DayCount(0, Fraction(0))


def read_span(case: Mapping[str, Any], day: Callable[[Mapping[str, Any], str], date | None]) -> Span:
    """The span of a day count case."""
    start, end = day(case, "start"), day(case, "end")
    if start is None or end is None:
        raise Malformed("start" if start is None else "end", _l("This date is missing."))
    return Span(start, end, day(case, "ref_start"), day(case, "ref_end"), day(case, "termination"))
