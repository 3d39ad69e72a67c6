"""Due dates: from the start date by the rhythm of the loan, moved to business days where a calendar is agreed."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l
from marketplace.financing.calendars import Calendar, Convention
from marketplace.financing.day_counts import add_months

BANK_TIME = timedelta(hours=8)
"""Chinese, Singapore and Hong Kong banks all work in UTC+8."""


def business_date(now: datetime) -> date:
    """The banks' day at this instant."""
    return (now.astimezone(UTC) + BANK_TIME).date()


class Frequency(StrEnum):
    """The unit in which the time between two instalments is given."""

    DAYS = "DAYS"
    WEEKS = "WEEKS"
    MONTHS = "MONTHS"
    YEARS = "YEARS"


class MonthEnd(StrEnum):
    """Where a due day goes that a shorter month does not have."""

    LAST_DAY_OF_MONTH = "LAST_DAY_OF_MONTH"
    FIRST_DAY_OF_NEXT_MONTH = "FIRST_DAY_OF_NEXT_MONTH"


@dataclass(frozen=True)
class Rhythm:
    """How the due dates follow one another."""

    start: date
    every: int
    frequency: Frequency
    count: int
    month_end: MonthEnd = MonthEnd.LAST_DAY_OF_MONTH
    first_due: date | None = None
    fixed_length: int | None = None
    calendar: Calendar | None = None
    convention: Convention = Convention.UNADJUSTED

    def after(self, seed: date, steps: int) -> date:
        """The day so many units after the seed day; the seed's day of the month is kept."""
        if self.frequency is Frequency.DAYS:
            return seed + timedelta(days=steps)
        if self.frequency is Frequency.WEEKS:
            return seed + timedelta(weeks=steps)
        months = steps * (12 if self.frequency is Frequency.YEARS else 1)
        moved = add_months(seed, months)
        if moved.day < seed.day and self.month_end is MonthEnd.FIRST_DAY_OF_NEXT_MONTH:
            moved += timedelta(days=1)
        return moved

    def unadjusted(self) -> list[date]:
        """The due dates before business days are looked at."""
        if self.first_due is not None:
            days = [self.after(self.first_due, self.every * index) for index in range(self.count)]
        else:
            days = [self.after(self.start, self.every * (index + 1)) for index in range(self.count)]
        if self.fixed_length is not None:
            days[-1] = self.after(self.start, self.fixed_length)
        if any(later <= earlier for earlier, later in zip([self.start, *days], days, strict=False)):
            raise Malformed("first_due", _l("The due dates must follow one another, after the start."))
        return days

    def irregular(self) -> frozenset[int]:
        """Which periods are shorter or longer than agreed: a broken first one, a last one of another length."""
        broken = self.first_due is not None and self.first_due != self.after(self.start, self.every)
        cut = self.fixed_length is not None and self.fixed_length != self.every * self.count
        return frozenset([0] * broken + [self.count - 1] * cut)

    def due_dates(self) -> list[date]:
        """When each instalment is due."""
        days = self.unadjusted()
        return [self.calendar.adjust(day, self.convention) for day in days] if self.calendar else days
