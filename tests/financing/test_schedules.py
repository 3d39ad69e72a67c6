"""Schedules: principal sums to the loan, the balance ends at zero, interest is never negative, wherever the clock is."""

import json
import os
import time
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from apiflask import APIFlask
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.core.errors import Malformed
from marketplace.financing.calendars import find_calendar, find_convention
from marketplace.financing.day_counts import CONVENTIONS, Span, count_days
from marketplace.financing.schedule_cases import answer_schedule, read_plan
from marketplace.financing.schedules import instalment_of, plan_schedule

LOAN: dict[str, Any] = {
    "principal": "1200000", "annual_rate_pct": "4.35", "number_of_repayments": 12, "start_date": "2026-01-31",
    "amortization": "EQUAL_INSTALLMENTS",
}  # fmt: skip

case_fields = st.fixed_dictionaries({
    "principal": st.integers(4_000, 10**12).map(lambda minor: f"{minor // 100}.{minor % 100:02d}"),
    "annual_rate_pct": st.integers(0, 9999).map(lambda bps: f"{bps / 100:.2f}"),
    "number_of_repayments": st.integers(1, 60),
    "start_date": st.dates(date(2000, 1, 1), date(2060, 12, 31)).map(date.isoformat),
    "amortization": st.sampled_from(["EQUAL_INSTALLMENTS", "等额本金", "BULLET", "到期一次还本付息", "CUSTOM"]),
    "principals": st.lists(st.integers(0, 3).map(str), max_size=9),
    "balloon": st.integers(0, 900).map(lambda minor: f"{minor / 100:.2f}"),
    "instalment_fee": st.sampled_from(["0", "1.5"]),
    "compounding": st.sampled_from([None, "PERIOD", "DAILY"]),
    "grace_share": st.integers(0, 3),
    "down_payment": st.sampled_from([None, "0.50"]),
    "due_day": st.sampled_from([None, 15, 31]),
    "calendar": st.sampled_from([None, "China interbank", "Singapore", "Hong Kong"]),
    "convention": st.sampled_from(["Following", "ModifiedFollowing", "Preceding", "Unadjusted"]),
    "interest_method": st.sampled_from(["FLAT", "DECLINING_BALANCE"]),
    "interest_calculation_period": st.sampled_from(["DAILY", "SAME_AS_REPAYMENT_PERIOD"]),
    "days_in_year": st.sampled_from(["DAYS360", "DAYS364", "DAYS365", "ACTUAL"]),
    "days_in_month": st.sampled_from(["DAYS30", "ACTUAL"]),
    "repayment_every": st.integers(1, 1),
    "repayment_frequency": st.sampled_from(["DAYS", "WEEKS", "MONTHS", "YEARS"]),
    "schedule_type": st.sampled_from(["PROGRESSIVE", "CUMULATIVE"]),
    "instalment_multiple_of": st.sampled_from([None, "1", "20"]),
})  # fmt: skip


@given(case_fields)
@settings(max_examples=150, deadline=None)
def test_principal_sums_to_the_loan_and_the_balance_ends_at_zero(case: dict[str, Any]) -> None:
    case = dict(case)
    grace = min(case.pop("grace_share"), int(case["number_of_repayments"]) - 1)
    if case["repayment_frequency"] == "DAYS":
        case["calendar"] = None
    rows = answer_schedule(case | {"grace_principal_periods": grace, "grace_interest_payment_periods": grace})
    assert sum(Decimal(row["principal"]) for row in rows) == Decimal(case["principal"])
    assert Decimal(rows[-1]["balance"]) == 0
    for row in rows:
        assert Decimal(row["principal"]) >= 0
        assert Decimal(row["interest"]) >= 0
        assert Decimal(row["total"]) == sum(Decimal(row[name]) for name in ("principal", "interest", "fees"))
    balances = [Decimal(row["balance"]) for row in rows]
    assert balances == sorted(balances, reverse=True)


def test_the_schedule_does_not_depend_on_the_time_zone() -> None:
    answers = []
    kept = os.environ.get("TZ")
    try:
        for zone in ("Pacific/Kiritimati", "America/Los_Angeles", "Asia/Shanghai"):
            os.environ["TZ"] = zone
            time.tzset()
            answers.append(answer_schedule(LOAN))
    finally:
        os.environ.pop("TZ") if kept is None else os.environ.update(TZ=kept)
        time.tzset()
    assert answers[0] == answers[1] == answers[2]


def test_an_equal_instalment_follows_the_chinese_formula() -> None:
    monthly = Fraction(49, 12_000)
    growth = (1 + monthly) ** 360
    expected = 100_000_000 * monthly * growth / (growth - 1)
    assert instalment_of(100_000_000, [monthly] * 360) == expected


def test_a_bullet_loan_pays_interest_until_all_principal_is_due() -> None:
    rows = answer_schedule(LOAN | {"amortization": "先息后本"})
    assert {row["principal"] for row in rows[:-1]} == {"0.00"}
    assert rows[-1]["principal"] == "1200000.00"
    assert {row["interest"] for row in rows} == {"4350.00"}


def test_interest_of_a_payment_holiday_is_paid_with_the_first_instalment_after_it() -> None:
    plain = answer_schedule(LOAN | {"amortization": "等额本金"})
    rested = answer_schedule(LOAN | {"amortization": "等额本金", "grace_interest_payment_periods": 2})
    assert [row["interest"] for row in rested[:2]] == ["0.00", "0.00"]
    assert Decimal(rested[2]["interest"]) == sum(Decimal(row["interest"]) for row in plain[:3])


def test_a_balloon_stays_for_the_last_instalment() -> None:
    rows = answer_schedule(LOAN | {"balloon": "200000"})
    assert len({row["total"] for row in rows[:-1]}) == 1
    assert Decimal(rows[-1]["total"]) - 200_000 - Decimal(rows[0]["total"]) < Decimal("0.10")
    equal = answer_schedule(LOAN | {"balloon": "300000", "amortization": "等额本金"})
    assert [row["principal"] for row in equal[-2:]] == ["75000.00", "375000.00"]


def test_custom_principal_is_paid_as_agreed_and_the_last_instalment_takes_the_rest() -> None:
    agreed = LOAN | {"amortization": "CUSTOM", "principals": ["0", "0", "500000"], "instalment_fee": "20"}
    rows = answer_schedule(agreed)
    assert [rows[place]["principal"] for place in (0, 2, 3, 11)] == ["0.00", "500000.00", "0.00", "700000.00"]
    assert (rows[3]["interest"], rows[3]["fees"], rows[3]["total"]) == ("2537.50", "20.00", "2557.50")


def test_interest_on_interest_is_counted_only_where_it_is_agreed() -> None:
    at_once = LOAN | {"amortization": "到期一次还本付息", "annual_rate_pct": "12"}
    interest = {kind: answer_schedule(at_once | {"compounding": kind})[-1]["interest"] for kind in ("SIMPLE", "PERIOD")}
    assert interest == {"SIMPLE": "144000.00", "PERIOD": "152190.04"}
    daily = answer_schedule(LOAN | {"amortization": "BULLET", "annual_rate_pct": "12", "compounding": "DAILY"})
    assert Decimal("12000") < Decimal(daily[0]["interest"]) < Decimal("12061")


def test_a_broken_first_period_counts_its_own_days() -> None:
    bullet = LOAN | {"amortization": "BULLET", "annual_rate_pct": "3.6", "start_date": "2026-01-10"}
    for basis in ({"days_in_month": "DAYS30"}, {"interest_calculation_period": "SAME_AS_REPAYMENT_PERIOD"}):
        rows = answer_schedule(bullet | {"due_day": 20} | basis)
        assert (rows[0]["due_date"], rows[0]["interest"]) == ("2026-02-20", "4800.00")
        assert {row["interest"] for row in rows[1:]} == {"3600.00"}
        short = answer_schedule(bullet | {"first_due": "2026-01-25"} | basis)
        assert (short[0]["interest"], short[1]["due_date"]) == ("1800.00", "2026-02-25")


def test_a_currency_without_cents_has_none_in_its_schedule() -> None:
    rows = answer_schedule(LOAN | {"currency": "JPY"})
    assert all(row["total"].endswith(".00") for row in rows)


def test_due_dates_are_moved_to_business_days_where_a_calendar_is_agreed() -> None:
    rows = answer_schedule(LOAN | {"calendar": "China interbank", "convention": "ModifiedFollowing"})
    assert [row["due_date"] for row in rows[:3]] == ["2026-02-28", "2026-03-31", "2026-04-30"]


@pytest.mark.parametrize(("field", "value"), [
    ("principal", "-5"), ("principal", "1e5"), ("principal", None), ("principal", True), ("principal", "0"),
    ("principal", "10.001"), ("annual_rate_pct", "NaN"), ("annual_rate_pct", None), ("annual_rate_pct", "5000"),
    ("number_of_repayments", 0), ("number_of_repayments", "2.5"), ("number_of_repayments", 100000),
    ("start_date", "2026-02-30"), ("start_date", None), ("start_date", "20260101"), ("start_date", 20260101),
    ("amortization", "MAGIC"), ("amortization", ["BULLET"]), ("repayment_frequency", "FORTNIGHT"),
    ("interest_method", {}), ("days_in_year", "DAYS366"), ("calendar", "Mars"), ("convention", "Sideways"),
    ("rounding", "SOMETIMES"), ("down_payment", "1200000"), ("grace_principal_periods", 12), ("decimals", 9),
    ("currency", "yuan"), ("feb29_period_only", "perhaps"), ("fixed_length", -1), ("surprise", 1),
    ("first_due", "2025-01-01"), ("instalment_multiple_of", "0"), ("day_count", "30/17"), ("year_split_at", "1 May"),
    ("balloon", "1200000"), ("instalment_fee", "-1"), ("compounding", "YEARLY"), ("due_day", 32),
])  # fmt: skip
def test_a_malformed_case_is_refused_naming_the_field(app: APIFlask, field: str, value: Any) -> None:
    with app.app_context(), pytest.raises(Malformed) as refusal:
        answer_schedule(LOAN | {field: value})
    assert refusal.value.errors


@pytest.mark.parametrize("case", [None, [], "loan", 5, {}])
def test_something_that_is_no_case_is_refused(app: APIFlask, case: Any) -> None:
    with app.app_context(), pytest.raises(Malformed):
        answer_schedule(case)


def test_the_command_answers_a_list_with_each_refusal_in_its_place(app: APIFlask) -> None:
    answer = app.test_cli_runner().invoke(args=["financing", "schedule"], input=json.dumps([LOAN, {"principal": 1}]))
    good, refused = json.loads(answer.output)
    assert answer.exit_code == 0
    assert good[-1]["balance"] == "0.00"
    assert refused["error"]["code"] == "malformed"


def test_the_command_refuses_a_single_bad_case_with_exit_status_one(app: APIFlask) -> None:
    answer = app.test_cli_runner().invoke(args=["financing", "schedule"], input='{"principal": NaN}')
    assert answer.exit_code == 1
    assert json.loads(answer.output)["error"]["code"] == "malformed"
    answer = app.test_cli_runner().invoke(args=["financing", "daycount"], input='{"convention": "ACT/360"}')
    assert answer.exit_code == 1


def test_the_day_count_command_gives_value_days_and_fraction(app: APIFlask) -> None:
    case = {"convention": "ACT_360", "start": "2007-12-28", "end": "2008-02-29"}
    answer = app.test_cli_runner().invoke(args=["financing", "daycount"], input=json.dumps(case))
    assert json.loads(answer.output) == {"value": 0.175, "days": 63, "year_fraction": "7/40"}


@pytest.mark.parametrize("name", ["30E_360", "30_360_US", "ACT_360", "ACT_365F", "ACT_ACT_ISDA", "ACT_ACT_AFB"])
def test_day_counts_agree_with_an_independent_library(name: str) -> None:
    ql = pytest.importorskip("QuantLib")
    twin = {
        "30E_360": ql.Thirty360(ql.Thirty360.European), "30_360_US": ql.Thirty360(ql.Thirty360.USA),
        "ACT_360": ql.Actual360(), "ACT_365F": ql.Actual365Fixed(), "ACT_ACT_ISDA": ql.ActualActual(ql.ActualActual.ISDA),
        "ACT_ACT_AFB": ql.ActualActual(ql.ActualActual.AFB),
    }[name]  # fmt: skip
    for step in range(0, 4000, 17):
        start = date(2003, 2, 26) + timedelta(days=step)
        end = start + timedelta(days=step % 1500 + 1)
        dates = [ql.Date(day.day, day.month, day.year) for day in (start, end)]
        ours = float(count_days(name, Span(start, end)).fraction)
        assert ours == pytest.approx(twin.yearFraction(*dates), abs=1e-12), (start, end)


@given(st.sampled_from(sorted(CONVENTIONS)), st.dates(date(1990, 1, 1), date(2080, 1, 1)), st.integers(0, 4000))
@settings(max_examples=200, deadline=None)
def test_a_later_end_never_counts_fewer_days(name: str, start: date, length: int) -> None:
    shorter = count_days(name, Span(start, start + timedelta(days=length)))
    assert shorter.fraction >= 0
    assert count_days(name, Span(start, start)).fraction == 0


def test_holidays_agree_with_an_independent_library_where_it_is_complete() -> None:
    ql = pytest.importorskip("QuantLib")
    for name, twin in (("China interbank", ql.China(ql.China.IB)), ("China SSE", ql.China(ql.China.SSE)),
                       ("Singapore", ql.Singapore()), ("Hong Kong", ql.HongKong())):  # fmt: skip
        calendar = find_calendar(name)
        assert calendar is not None
        day = date(2023, 1, 1)
        while day < date(2027, 1, 1):
            assert calendar.is_business_day(day) == twin.isBusinessDay(ql.Date(day.day, day.month, day.year)), day
            day += timedelta(days=1)


def test_the_holidays_of_the_coming_year_are_there_and_marked_provisional() -> None:
    china, hong_kong = find_calendar("china"), find_calendar("hk")
    assert china is not None and hong_kong is not None
    assert not china.is_business_day(date(2027, 2, 8))
    assert china.is_provisional(date(2027, 2, 8))
    assert not hong_kong.is_business_day(date(2027, 2, 9))
    assert china.adjust(date(2026, 1, 31), find_convention("ModifiedFollowing")) == date(2026, 1, 30)


def test_a_plan_of_thirty_years_is_made_quickly() -> None:
    plan, _ = read_plan(LOAN | {"number_of_repayments": 360, "days_in_year": "ACTUAL", "days_in_month": "ACTUAL"})
    before = time.perf_counter()
    plan_schedule(plan)
    assert time.perf_counter() - before < 2
