"""The interest factor of one period: the annual rate times the part of a year the loan's conventions count."""

from calendar import isleap
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise

from marketplace.financing.day_counts import Span, count_days, leap_days_within
from marketplace.financing.due_dates import Frequency


class InterestPeriod(StrEnum):
    """Whether interest runs by days, or each repayment period counts as an equal part of the year."""

    DAILY = "DAILY"
    SAME_AS_REPAYMENT_PERIOD = "SAME_AS_REPAYMENT_PERIOD"


class Compounding(StrEnum):
    """Whether interest bears interest: never, from period to period, or from day to day within a period."""

    SIMPLE = "SIMPLE"
    PERIOD = "PERIOD"
    DAILY = "DAILY"


class YearBasis(StrEnum):
    """How many days a year has for interest."""

    DAYS360 = "DAYS360"
    DAYS364 = "DAYS364"
    DAYS365 = "DAYS365"
    ACTUAL = "ACTUAL"


class MonthBasis(StrEnum):
    """Whether a month counts thirty days or its own."""

    DAYS30 = "DAYS30"
    ACTUAL = "ACTUAL"


PERIODS_A_YEAR = {Frequency.DAYS: 365, Frequency.WEEKS: 52, Frequency.MONTHS: 12, Frequency.YEARS: 1}
DAYS_A_UNIT = {Frequency.DAYS: 1, Frequency.WEEKS: 7, Frequency.MONTHS: 30, Frequency.YEARS: 360}


@dataclass(frozen=True)
class RateConvention:
    """Everything that turns an annual rate into the factor of a period; the rate is a fraction of one."""

    annual_rate: Fraction
    every: int
    frequency: Frequency
    interest_period: InterestPeriod = InterestPeriod.SAME_AS_REPAYMENT_PERIOD
    year_basis: YearBasis = YearBasis.DAYS360
    month_basis: MonthBasis = MonthBasis.DAYS30
    leap_day_period_only: bool = False
    splits_at_new_year: bool = False
    day_count: str | None = None
    compounding: Compounding = Compounding.SIMPLE

    def factors(self, dates: Sequence[date], irregular: Collection[int] = ()) -> list[Fraction]:
        """The factor of each period between neighbouring dates; an irregular period counts its own days."""
        found = []
        for index, (begins, ends) in enumerate(pairwise(dates)):
            part = self._own_part(begins, ends) if index in irregular else self.part_of_year(begins, ends)
            found.append(self._compounded(self.annual_rate * part, (ends - begins).days))
        return found

    def _compounded(self, factor: Fraction, days: int) -> Fraction:
        """Interest on interest from day to day where agreed, to thirty decimals."""
        if self.compounding is not Compounding.DAILY or not days:
            return factor
        grown = (1 + factor / days) ** days - 1
        return Fraction(round(grown * 10**30), 10**30)

    def _own_part(self, begins: date, ends: date) -> Fraction:
        """The part of a year of a first or last period that is shorter or longer than the others."""
        if self.day_count is not None:
            return self.part_of_year(begins, ends)
        by_months = self.frequency in (Frequency.MONTHS, Frequency.YEARS)
        thirty = count_days("30E_360", Span(begins, ends)).days if by_months else (ends - begins).days
        if self.interest_period is InterestPeriod.SAME_AS_REPAYMENT_PERIOD:
            days_a_unit = DAYS_A_UNIT[self.frequency]
            return Fraction(thirty, days_a_unit * self._periods_a_year())
        if self.month_basis is MonthBasis.DAYS30:
            return Fraction(thirty, self._year_length(begins, ends))
        return self.part_of_year(begins, ends)

    def part_of_year(self, begins: date, ends: date) -> Fraction:
        """The part of a year one period counts."""
        if self.day_count is not None:
            return count_days(self.day_count, Span(begins, ends)).fraction
        if self.interest_period is InterestPeriod.SAME_AS_REPAYMENT_PERIOD:
            return Fraction(self.every, self._periods_a_year())
        if self._crosses_year_end(begins, ends):
            return self._by_calendar_year(begins, ends)
        return Fraction(self._days(begins, ends), self._year_length(begins, ends))

    def _periods_a_year(self) -> int:
        if self.frequency is Frequency.DAYS and self.year_basis is not YearBasis.ACTUAL:
            return int(self.year_basis.value.removeprefix("DAYS"))
        return PERIODS_A_YEAR[self.frequency]

    def _days(self, begins: date, ends: date) -> int:
        if self.month_basis is MonthBasis.ACTUAL:
            return (ends - begins).days
        return self.every * DAYS_A_UNIT[self.frequency]

    def _year_length(self, begins: date, ends: date) -> int:
        if self.year_basis is not YearBasis.ACTUAL:
            return int(self.year_basis.value.removeprefix("DAYS"))
        leap = isleap(begins.year) and (not self.leap_day_period_only or leap_days_within(begins, ends) > 0)
        return 366 if leap else 365

    def _crosses_year_end(self, begins: date, ends: date) -> bool:
        if self.year_basis is not YearBasis.ACTUAL or begins.year == ends.year:
            return False
        return not self.leap_day_period_only or leap_days_within(begins, date(begins.year, 12, 31)) > 0

    def _by_calendar_year(self, begins: date, ends: date) -> Fraction:
        total, low = Fraction(0), begins
        for year in range(begins.year, ends.year + 1):
            border = date(year + 1, 1, 1) if self.splits_at_new_year else date(year, 12, 31)
            high = ends if year == ends.year else border
            total += Fraction((high - low).days, 366 if isleap(year) else 365)
            low = high
        return total
