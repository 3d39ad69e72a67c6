"""The arithmetic of running royalties: reporting periods, the royalty on what was sold, interest on late payment."""

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from marketplace.core.money import Money, percentage

REPORT_WITHIN = timedelta(days=30)
LATE_RATE_BPS = 730
"""Contractual interest on late royalties: 7.30 % a year, actual days over 365 (0.02 % a day), stated in the contract."""
MOST_PERIODS = 120


@dataclass(frozen=True)
class Period:
    """One reporting period: its days, and the day by which accounts and payment are due."""

    number: int
    begins_on: date
    ends_on: date

    @property
    def due_on(self) -> date:
        """Accounts and payment follow within thirty days of the period's end."""
        return self.ends_on + REPORT_WITHIN


def periods(begins_on: date, ends_on: date) -> list[Period]:
    """The calendar quarters a licence touches, the first and last cut to its own days; none beyond thirty years."""
    found: list[Period] = []
    begin = begins_on
    while begin <= ends_on and len(found) < MOST_PERIODS:
        end = min(_quarter_end(begin), ends_on)
        found.append(Period(len(found) + 1, begin, end))
        begin = end + timedelta(days=1)
    return found


def _quarter_end(day: date) -> date:
    month = (day.month - 1) // 3 * 3 + 3
    following = date(day.year + month // 12, month % 12 + 1, 1)
    return following - timedelta(days=1)


def royalty_on(base: Money, rate_bps: int) -> Money:
    """The royalty on a period's sales or profit, rounded half up to the minor unit."""
    return percentage(base, rate_bps)


def late_interest(royalty: Money, due_on: date, paid_on: date) -> Money:
    """Simple interest for each day after the due day; nothing for a payment in time."""
    days = max(0, (paid_on - due_on).days)
    return royalty.times(Fraction(LATE_RATE_BPS * days, 10_000 * 365))
