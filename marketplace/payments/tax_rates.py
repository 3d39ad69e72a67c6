"""Turnover taxes as dated data: what a supplier's country charges on a service, since when, by which law."""

from dataclasses import dataclass
from datetime import date

from marketplace.core.money import Money

WHOLE = 10_000


@dataclass(frozen=True)
class TaxRate:
    """One rate of one country from a day on; ``basis_points`` of the net amount (600 is 6 %)."""

    country: str
    code: str
    basis_points: int
    since: date
    source: str


RATES = (
    TaxRate("CN", "VAT", 600, date(2016, 5, 1), "财税〔2016〕36号 附件1 第十五条"),
    TaxRate("CN", "VAT", 600, date(2026, 1, 1), "中华人民共和国增值税法（2026-01-01 施行）第十条第三项"),
    TaxRate("SG", "GST", 700, date(2007, 7, 1), "Goods and Services Tax Act 1993, s 16"),
    TaxRate("SG", "GST", 800, date(2023, 1, 1), "Goods and Services Tax Act 1993, s 16"),
    TaxRate("SG", "GST", 900, date(2024, 1, 1), "Goods and Services Tax Act 1993, s 16"),
    TaxRate("HK", "NONE", 0, date(1997, 7, 1), "Hong Kong levies no tax on turnover"),
)


class TaxUnknown(LookupError):
    """No rate is known for this country on this day; nothing is assumed."""


def tax_rate(country: str, on: date) -> TaxRate:
    """The rate in force that day; raises ``TaxUnknown`` where none is recorded."""
    known = [rate for rate in RATES if rate.country == country and rate.since <= on]
    if not known:
        raise TaxUnknown(f"{country} {on}")
    return max(known, key=lambda rate: rate.since)


def net_of_tax(gross: Money, basis_points: int) -> Money:
    """The net part of an amount that contains the tax, rounded half up to the minor unit; the rest is the tax."""
    whole = WHOLE + basis_points
    return Money((2 * gross.amount_minor * WHOLE + whole) // (2 * whole), gross.currency)
