"""Schedule cases from outside: what a case may hold, checked field by field, and the answer in plain decimals."""

import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import date
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP
from fractions import Fraction
from typing import Any

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l
from marketplace.core.money import EXPONENTS
from marketplace.financing.calendars import Convention, find_calendar, find_convention
from marketplace.financing.case_fields import read_choice, read_day, read_decimal, read_flag, read_whole
from marketplace.financing.day_counts import add_months
from marketplace.financing.due_dates import Frequency, MonthEnd, Rhythm
from marketplace.financing.period_rates import (
    PERIODS_A_YEAR,
    Compounding,
    InterestPeriod,
    MonthBasis,
    RateConvention,
    YearBasis,
)
from marketplace.financing.rounding import Rounding
from marketplace.financing.schedules import InterestMethod, Plan, Repayment, Row, plan_schedule

FIELDS = frozenset({
    "principal", "currency", "decimals", "annual_rate_pct", "monthly_rate_pct", "rate_frequency", "interest_method",
    "interest_calculation_period", "amortization", "repayment_every", "repayment_frequency", "number_of_repayments",
    "start_date", "first_due", "due_day", "days_in_year", "days_in_month", "day_count", "feb29_period_only",
    "year_split_at", "instalment_multiple_of", "currency_multiple_of", "down_payment", "grace_principal_periods",
    "grace_interest_payment_periods", "grace_interest_charged_periods", "rounding", "schedule_type",
    "interest_recalculation", "calendar", "convention", "business_date", "month_end_rule", "fixed_length", "balloon",
    "principals", "instalment_fee", "compounding",
})  # fmt: skip
"""Every field a case may hold; anything else is refused."""

METHODS: Mapping[str, Repayment] = {
    "EQUAL_INSTALLMENTS": Repayment.EQUAL_INSTALLMENTS,
    "EQUAL_INSTALMENTS": Repayment.EQUAL_INSTALLMENTS,
    "ANNUITY": Repayment.EQUAL_INSTALLMENTS,
    "等额本息": Repayment.EQUAL_INSTALLMENTS,
    "EQUAL_PRINCIPAL_PAYMENTS": Repayment.EQUAL_PRINCIPAL_PAYMENTS,
    "EQUAL_PRINCIPAL": Repayment.EQUAL_PRINCIPAL_PAYMENTS,
    "等额本金": Repayment.EQUAL_PRINCIPAL_PAYMENTS,
    "BULLET": Repayment.BULLET,
    "INTEREST_ONLY": Repayment.BULLET,
    "先息后本": Repayment.BULLET,
    "BULLET_WITH_INTEREST": Repayment.BULLET_WITH_INTEREST,
    "到期一次还本付息": Repayment.BULLET_WITH_INTEREST,
    "BALLOON": Repayment.EQUAL_INSTALLMENTS,
    "INTEREST_ONLY_THEN_BULLET": Repayment.BULLET,
    "CUSTOM": Repayment.CUSTOM,
}
ROUNDINGS = {
    "HALF_EVEN": ROUND_HALF_EVEN, "HALF_UP": ROUND_HALF_UP, "DOWN": ROUND_DOWN, "FLOOR": ROUND_DOWN,
    "UP": ROUND_CEILING, "CEILING": ROUND_CEILING, "CEIL": ROUND_CEILING,
}  # fmt: skip


def read_plan(case: Any) -> tuple[Plan, int]:
    """The plan a case describes and the number of decimals of its currency; anything unknown is malformed."""
    if not isinstance(case, Mapping):
        raise Malformed("", _l("A case is a JSON object."))
    unknown = sorted(set(map(str, case)) - FIELDS)
    if unknown:
        raise Malformed(errors={name: [str(_l("This field is not known."))] for name in unknown})
    _check_words(case)
    decimals = read_whole(case, "decimals", EXPONENTS.get(case.get("currency", "CNY"), 2), 0, 4)
    scale = 10**decimals
    rhythm = _read_rhythm(case)
    repayment, ceil_instalment = _read_repayment(case)
    principal = _minor(case, "principal", scale)
    down_payment = _minor(case, "down_payment", scale, "0")
    if principal == 0 or down_payment >= principal:
        name = "down_payment" if principal else "principal"
        raise Malformed(name, _l("The amount does not fit the loan."))
    bullet = repayment is Repayment.BULLET
    plan = Plan(
        principal=principal,
        rhythm=rhythm,
        rates=_read_rates(case, rhythm),
        repayment=repayment,
        interest_method=read_choice(case, "interest_method", InterestMethod, InterestMethod.DECLINING_BALANCE),
        rounding=_read_rounding(case, scale, ceil_instalment),
        down_payment=down_payment,
        principal_grace=rhythm.count - 1 if bullet else _read_grace(case, "grace_principal_periods", rhythm.count),
        interest_payment_grace=_read_grace(case, "grace_interest_payment_periods", rhythm.count),
        interest_free=_read_grace(case, "grace_interest_charged_periods", rhythm.count + 1),
        respread=str(case.get("schedule_type")).upper() == "PROGRESSIVE",
        balloon=_read_balloon(case, scale, principal - down_payment),
        principals=_read_principals(case, scale, principal - down_payment) if repayment is Repayment.CUSTOM else (),
        instalment_fee=_minor(case, "instalment_fee", scale, "0"),
        compounds=read_choice(case, "compounding", Compounding, Compounding.SIMPLE) is Compounding.PERIOD,
    )
    return plan, decimals


def answer_schedule(case: Any) -> list[dict[str, Any]]:
    """The schedule of a case, amounts as strings with two decimals."""
    plan, decimals = read_plan(case)
    return [show_row(row, decimals) for row in plan_schedule(plan)]


def show_row(row: Row, decimals: int) -> dict[str, Any]:
    """One row as outside callers read it."""

    def amount(minor: int) -> str:
        places = max(decimals, 2)
        digits = str(abs(minor) * 10 ** (places - decimals)).zfill(places + 1)
        return f"{'-' if minor < 0 else ''}{digits[:-places]}.{digits[-places:]}"

    return {
        "nr": row.nr,
        "due_date": row.due_date.isoformat(),
        "days": row.days,
        "principal": amount(row.principal),
        "interest": amount(row.interest),
        "fees": amount(row.fees),
        "penalties": amount(0),
        "total": amount(row.total),
        "balance": amount(row.balance),
    }


def _minor(case: Mapping[str, Any], name: str, scale: int, default: str | None = None) -> int:
    exact = read_decimal(case, name, default) * scale
    if exact.denominator != 1 or exact >= 10**18:
        raise Malformed(name, _l("This amount has more decimals than the currency."))
    return int(exact)


def _read_balloon(case: Mapping[str, Any], scale: int, financed: int) -> int:
    balloon = _minor(case, "balloon", scale, "0")
    if balloon >= financed:
        raise Malformed("balloon", _l("The amount does not fit the loan."))
    return balloon


def _read_principals(case: Mapping[str, Any], scale: int, financed: int) -> tuple[int, ...]:
    """The agreed principal of each instalment; the last takes what is left."""
    given = case.get("principals")
    if not isinstance(given, list) or len(given) > 1200:
        raise Malformed("principals", _l("List the principal of each instalment."))
    found = tuple(_minor({"principals": one}, "principals", scale) for one in given)
    if sum(found) > financed:
        raise Malformed("principals", _l("The amount does not fit the loan."))
    return found


def _check_words(case: Mapping[str, Any]) -> None:
    currency = case.get("currency", "CNY")
    if not isinstance(currency, str) or not re.fullmatch(r"[A-Z]{3}", currency):
        raise Malformed("currency", _l("Enter a currency as three letters."))
    if str(case.get("schedule_type", "CUMULATIVE")).upper() not in ("PROGRESSIVE", "CUMULATIVE", "NONE"):
        raise Malformed("schedule_type", _l("This is not one of the known choices."))
    read_day(case, "business_date")
    read_flag(case, "interest_recalculation")


def _read_rhythm(case: Mapping[str, Any]) -> Rhythm:
    start = read_day(case, "start_date")
    if start is None:
        raise Malformed("start_date", _l("This date is missing."))
    if case.get("number_of_repayments") is None:
        raise Malformed("number_of_repayments", _l("Enter a whole number within the allowed range."))
    frequency = read_choice(case, "repayment_frequency", Frequency, Frequency.MONTHS)
    every = read_whole(case, "repayment_every", 1, 1, 3660)
    count = read_whole(case, "number_of_repayments", 1, 1, 1200)
    if Fraction(every * count, PERIODS_A_YEAR[frequency]) > 100:
        raise Malformed("number_of_repayments", _l("A loan runs for a hundred years at most."))
    fixed = read_whole(case, "fixed_length", 0, 1, 36600)
    calendar = case.get("calendar")
    convention = case.get("convention")
    if not isinstance(calendar, str | None) or not isinstance(convention, str | None):
        raise Malformed("calendar", _l("This holiday calendar is not known here."))
    return Rhythm(
        start=start,
        every=every,
        frequency=frequency,
        count=count,
        month_end=read_choice(case, "month_end_rule", MonthEnd, MonthEnd.LAST_DAY_OF_MONTH),
        first_due=_read_first_due(case, start, every, frequency),
        fixed_length=fixed or None,
        calendar=find_calendar(calendar or "none"),
        convention=find_convention(convention) if convention else Convention.FOLLOWING,
    )


def _read_first_due(case: Mapping[str, Any], start: date, every: int, frequency: Frequency) -> date | None:
    """The first due date as given, or by the agreed day of the month where that is not the day of the start."""
    given = read_day(case, "first_due")
    day = read_whole(case, "due_day", start.day, 1, 31)
    if given is not None or day == start.day or frequency not in (Frequency.MONTHS, Frequency.YEARS):
        return given
    month = add_months(start.replace(day=1), every * (12 if frequency is Frequency.YEARS else 1))
    return month.replace(day=min(day, monthrange(month.year, month.month)[1]))


def _read_repayment(case: Mapping[str, Any]) -> tuple[Repayment, bool]:
    words = case.get("amortization", "EQUAL_INSTALLMENTS")
    if not isinstance(words, str):
        raise Malformed("amortization", _l("This repayment method is not known here."))
    name = words.split("(")[0].strip().upper().replace(" ", "_")
    ceil = name.endswith("_CEIL")
    method = METHODS.get(name.removesuffix("_CEIL"))
    if method is None:
        raise Malformed("amortization", _l("This repayment method is not known here."))
    return method, ceil


def _read_rates(case: Mapping[str, Any], rhythm: Rhythm) -> RateConvention:
    if (case.get("annual_rate_pct") is None) == (case.get("monthly_rate_pct") is None):
        raise Malformed("annual_rate_pct", _l("Enter the rate once, a year or a month."))
    monthly = case.get("annual_rate_pct") is None
    percent = read_decimal(case, "monthly_rate_pct" if monthly else "annual_rate_pct")
    if percent > 1000:
        raise Malformed("annual_rate_pct", _l("This rate is higher than any loan carries."))
    rate = percent / 100 * (12 if monthly else 1)
    if str(case.get("rate_frequency") or "YEARS").upper() in ("WHOLE_TERM", "WHOLE TERM"):
        rate = rate * PERIODS_A_YEAR[rhythm.frequency] / (rhythm.every * rhythm.count)
    elif str(case.get("rate_frequency") or "YEARS").upper() not in ("YEARS", "PER_YEAR", "YEAR"):
        raise Malformed("rate_frequency", _l("This is not one of the known choices."))
    named = case.get("day_count")
    if named is not None and not isinstance(named, str):
        raise Malformed("day_count", _l("This day count convention is not known here."))
    split = str(case.get("year_split_at") or "31 Dec")
    if split not in ("31 Dec", "1 Jan"):
        raise Malformed("year_split_at", _l("Enter 31 Dec or 1 Jan."))
    daily = case.get("interest_calculation_period") is None and case.get("days_in_month") is not None
    return RateConvention(
        annual_rate=rate,
        every=rhythm.every,
        frequency=rhythm.frequency,
        interest_period=_read_interest_period(case, daily),
        year_basis=read_choice(case, "days_in_year", YearBasis, YearBasis.DAYS360),
        month_basis=read_choice(case, "days_in_month", MonthBasis, MonthBasis.DAYS30),
        leap_day_period_only=read_flag(case, "feb29_period_only"),
        splits_at_new_year=split == "1 Jan",
        day_count=None if named is None or "monthly" in named else named,
        compounding=read_choice(case, "compounding", Compounding, Compounding.SIMPLE),
    )


def _read_interest_period(case: Mapping[str, Any], daily: bool) -> InterestPeriod:
    default = InterestPeriod.DAILY if daily else InterestPeriod.SAME_AS_REPAYMENT_PERIOD
    if "same as repayment period" in str(case.get("interest_method")):
        default = InterestPeriod.SAME_AS_REPAYMENT_PERIOD
    return read_choice(case, "interest_calculation_period", InterestPeriod, default)


def _read_rounding(case: Mapping[str, Any], scale: int, ceil_instalment: bool) -> Rounding:
    mode = ROUNDINGS.get(str(case.get("rounding") or "HALF_EVEN").upper())
    if mode is None:
        raise Malformed("rounding", _l("This is not one of the known choices."))
    grain = read_whole(case, "currency_multiple_of", 0, 0, 10**9)
    multiple: Fraction | None = None
    if case.get("instalment_multiple_of") is not None:
        multiple = read_decimal(case, "instalment_multiple_of")
        if multiple == 0:
            raise Malformed("instalment_multiple_of", _l("Enter an amount above zero."))
    if ceil_instalment:
        multiple = multiple or Fraction(1)
    progressive = str(case.get("schedule_type")).upper() == "PROGRESSIVE"
    return Rounding(
        mode=mode,
        grain=grain * scale if grain else 1,
        instalment_multiple=multiple * scale if multiple else None,
        multiples_round_up=ceil_instalment or (multiple is not None and multiple > 1 and not progressive),
    )


def _read_grace(case: Mapping[str, Any], name: str, count: int) -> int:
    return read_whole(case, name, 0, 0, count - 1)
