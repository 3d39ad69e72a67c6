"""What a borrower promises besides paying (承诺事项), on which days it is tested, and when it is kept; pure rules.

Thresholds and figures are exact decimals: ratios as plain numbers (0.7 is seventy per cent), revenue in the loan's
currency for the period since the test day before. Test days follow from the day of disbursement; the last day to report
moves to the next business day of the loan's market.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l
from marketplace.financing.calendars import Calendar, find_calendar
from marketplace.financing.day_counts import add_months

GREATEST_FIGURE = Decimal(10) ** 14
PLACES = 4
MARKETS = {"CNY": "china", "HKD": "hong_kong", "SGD": "singapore"}
"""The business days that count for a loan of each currency."""


class CovenantKind(StrEnum):
    """What is promised."""

    INFORMATION = "information"
    FINANCIAL = "financial"
    UPKEEP = "upkeep"
    NEGATIVE = "negative"


class Measure(StrEnum):
    """The figure of a financial promise."""

    DEBT_TO_ASSETS = "debt_to_assets"
    CURRENT_RATIO = "current_ratio"
    REVENUE = "revenue"
    COVERAGE = "coverage"

    @property
    def is_ceiling(self) -> bool:
        """Whether the figure stays at or below the threshold; every other stays at or above it."""
        return self is Measure.DEBT_TO_ASSETS


class Outcome(StrEnum):
    """How a promise stands on a day; unknown is neither kept nor broken."""

    KEPT = "kept"
    BROKEN = "broken"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class TestDay:
    """A day on which a promise is looked at, and the last day to report on it."""

    nr: int
    tested_on: date
    due_on: date

    __test__ = False


@dataclass(frozen=True, kw_only=True)
class Promise:
    """One covenant as bank and borrower agree it."""

    kind: CovenantKind
    measure: Measure | None = None
    threshold: Decimal | None = None
    every_months: int
    days_after: int = 0
    text: str = ""

    @property
    def is_reported(self) -> bool:
        """Whether the borrower reports on it; the rest is seen in the register and in the value of the rights."""
        figures = self.kind is CovenantKind.FINANCIAL and self.measure is not Measure.COVERAGE
        return figures or self.kind is CovenantKind.INFORMATION

    @property
    def words(self) -> dict[str, str]:
        """The promise in both languages, as the contract prints it."""
        return _words(self)

    def require_sound(self, term_months: int) -> None:
        """Refuse a promise that cannot be tested or says nothing."""
        if (self.kind is CovenantKind.FINANCIAL) != (self.measure is not None):
            raise Malformed("measure", _l("A financial covenant names its figure, and only a financial one."))
        if (self.measure is None) != (self.threshold is None):
            raise Malformed("threshold", _l("A figure needs its limit."))
        if self.threshold is not None:
            require_figure("threshold", self.threshold)
            if not self.threshold:
                raise Malformed("threshold", _l("The limit must be greater than nothing."))
        if not 1 <= self.every_months <= min(60, term_months):
            raise Malformed("every_months", _l("It must be tested within the term of the loan."))
        if not 0 <= self.days_after <= 180 or (self.days_after and not self.is_reported):
            raise Malformed("days_after", _l("Days to report, at most 180, are for what the borrower reports."))
        if self.kind is CovenantKind.INFORMATION and not self.text.strip():
            raise Malformed("text", _l("Say what is to be delivered."))


def require_figure(field: str, figure: Decimal) -> None:
    """Refuse what no account shows: not a number, negative, far too large or finer than four decimals."""
    exponent = figure.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -PLACES or not 0 <= figure < GREATEST_FIGURE:
        raise Malformed(field, _l("A number from 0, with at most four decimals."))


def holds(measure: Measure, figure: Fraction | Decimal, threshold: Decimal) -> bool:
    """Whether the figure keeps to its limit; exact, and the limit itself is kept."""
    return Fraction(figure) <= Fraction(threshold) if measure.is_ceiling else Fraction(figure) >= Fraction(threshold)


def judge_figure(promise: Promise, figure: Decimal | None) -> Outcome:
    """What the bank's confirmation of a report makes of it; delivered information is kept."""
    if promise.measure is None or promise.threshold is None:
        return Outcome.KEPT
    if figure is None:
        return Outcome.UNKNOWN
    return Outcome.KEPT if holds(promise.measure, figure, promise.threshold) else Outcome.BROKEN


def judge_coverage(threshold: Decimal, values_minor: Iterable[int | None], debt_minor: int) -> Outcome:
    """Value over debt: kept as soon as the known values suffice; while a value is unknown, never broken."""
    values = list(values_minor)
    known = sum(value for value in values if value is not None)
    if debt_minor <= 0 or holds(Measure.COVERAGE, Fraction(known, debt_minor), threshold):
        return Outcome.KEPT
    return Outcome.UNKNOWN if None in values or not values else Outcome.BROKEN


def days_of_tests(start: date, until: date, every_months: int, days_after: int, currency: str) -> list[TestDay]:
    """Every test day from the disbursement to the maturity, both days of a month kept as in the schedule."""
    calendar, days = find_calendar(MARKETS.get(currency, "none")), []
    nr = 1
    while (tested_on := add_months(start, nr * every_months)) <= until:
        days.append(TestDay(nr, tested_on, _business_day(calendar, tested_on + timedelta(days=days_after))))
        nr += 1
    return days


def _business_day(calendar: Calendar | None, day: date) -> date:
    return calendar.following(day) if calendar else day


def plain(figure: Decimal) -> str:
    """The figure without closing zeros, thousands grouped."""
    text = f"{figure:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


_LIMITS = {
    Measure.DEBT_TO_ASSETS: ("资产负债率不高于{}", "total liabilities over total assets at most {}"),
    Measure.CURRENT_RATIO: ("流动比率不低于{}", "current assets over current liabilities at least {}"),
    Measure.REVENUE: ("每个考核期营业收入不低于{}", "revenue of each period at least {}"),
    Measure.COVERAGE: ("出质权利价值与未偿本金之比不低于{}", "value of the pledged rights over the debt at least {}"),
}


def _words(promise: Promise) -> dict[str, str]:
    rhythm = {"zh": f"每{promise.every_months}个月", "en": f"every {promise.every_months} months"}
    if promise.is_reported:
        rhythm["zh"] += f"，期末后{promise.days_after}日内报送"
        rhythm["en"] += f", reported within {promise.days_after} days"
    if promise.measure is not None and promise.threshold is not None:
        zh, en = (words.format(plain(promise.threshold)) for words in _LIMITS[promise.measure])
    elif promise.kind is CovenantKind.UPKEEP:
        zh = "按期缴纳出质权利的官费，不使其失效"
        en = "official fees of the pledged rights paid in time, and no right lapses"
    elif promise.kind is CovenantKind.NEGATIVE:
        zh = "未经贷款人同意，不就出质权利再行质押或者许可"
        en = "no further pledge or licence of the pledged rights without consent"
    else:
        zh, en = f"提交{promise.text}", f"deliver {promise.text}"
    note = promise.text if promise.text and promise.kind is not CovenantKind.INFORMATION else ""
    return {
        "zh": f"{zh}（{rhythm['zh']}）" + (f"：{note}" if note else ""),
        "en": f"{en} ({rhythm['en']})" + (f": {note}" if note else ""),
    }
