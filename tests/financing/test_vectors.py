"""Independent expected results, read from the vectors folder where it is present."""

import json
import os
import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from marketplace.financing.calendars import find_calendar, find_convention
from marketplace.financing.case_fields import read_day
from marketplace.financing.day_counts import count_days, read_span
from marketplace.financing.due_dates import Frequency, Rhythm
from marketplace.financing.schedule_cases import answer_schedule
from marketplace.financing.schedules import instalment_of

VECTORS = Path(os.environ.get("VECTORS_DIR", Path(__file__).resolve().parents[3] / "shared" / "vectors"))
pytestmark = pytest.mark.real_data


def cases(name: str) -> list[dict[str, Any]]:
    path = VECTORS / name
    if not path.exists():
        return []
    found = json.loads(path.read_text(encoding="utf-8"))
    return found["schedules"] if isinstance(found, dict) else found


def completed(case: dict[str, Any]) -> dict[str, Any]:
    """The inputs with what five cases state only in the title of their scenario."""
    inputs = dict(case["inputs"])
    length = re.search(r"fixed length of (\d+)", case["source"]["scenario"])
    if length:
        inputs["fixed_length"] = int(length.group(1))
    if "frequency Whole term" in case["source"]["scenario"]:
        inputs["rate_frequency"] = "WHOLE_TERM"
    return inputs


@pytest.mark.parametrize("case", cases("loan_schedules.json"), ids=lambda case: case["id"])
def test_a_recorded_schedule_is_reproduced_to_the_cent(case: dict[str, Any]) -> None:
    rows = answer_schedule(completed(case))
    assert len(rows) == len(case["expected"])
    for row, expected in zip(rows, case["expected"], strict=True):
        for name, value in expected.items():
            plain = name in ("nr", "due_date", "days")
            assert row[name] == value if plain else Decimal(row[name]) == Decimal(value), (name, row, expected)


REFERENCES = {case["id"]: case for case in cases("loan_reference_cases.json")}
TABLES = [
    case for case in REFERENCES.values()
    if isinstance(case["expected"], list) and "principal" in case["expected"][0]
]  # fmt: skip


@pytest.mark.parametrize("case", TABLES, ids=lambda case: case["id"])
def test_a_reference_table_is_reproduced_to_the_cent(case: dict[str, Any]) -> None:
    rows = {row["nr"]: row for row in answer_schedule(case["inputs"])}
    for place, expected in enumerate(case["expected"], start=1):
        row = rows[expected.get("nr", place)]
        for name, value in expected.items():
            if value is not None and name not in ("nr", "due_date"):
                assert Decimal(row[name]) == Decimal(value), (name, row, expected)
        assert row["due_date"] == expected.get("due_date", row["due_date"])


ASSERTED_APART = {
    "cn-1000000-4.9-360-annuity", "cn-1000000-4.9-360-equalprincipal", "frappe-stock-1000000-13.5-12m-first",
    "cn-50000-10-12-equalprincipal-truncated", "hastructure-calcPmt-(1200, 0.0, 12)",
}  # fmt: skip
NOT_OURS = {
    "cn-10000-10-12-bullet-truncated": "cuts after each of twelve monthly steps; we round once, on the day it is due",
    "npf-nper-38": "the number of payments is agreed in a loan and never computed from them",
}
"""Reference cases that no rule of ours answers, each with the reason."""


@pytest.mark.skipif(not REFERENCES, reason="the vectors folder is not here")
def test_every_reference_case_is_asserted_or_named_with_the_reason() -> None:
    asserted = {case["id"] for case in (*TABLES, *SEEDED, *ANNUITIES)} | ASSERTED_APART
    assert set(REFERENCES) == asserted | set(NOT_OURS) and not asserted & set(NOT_OURS)


@pytest.mark.skipif(not REFERENCES, reason="the vectors folder is not here")
def test_the_chinese_reference_loans_are_reproduced() -> None:
    start = {"start_date": "2026-01-01"}
    annuity = answer_schedule(REFERENCES["cn-1000000-4.9-360-annuity"]["inputs"] | start)
    assert annuity[0]["total"] == "5307.27"
    assert annuity[11]["balance"] in ("984978.41", "984978.39", "984978.40")
    half_cents = Decimal("0.005") * 360
    """The sources add up unrounded instalments; each of ours is an amount that can be paid."""
    assert abs(_interest_of(annuity) - Decimal("910616.19")) <= half_cents
    equal = answer_schedule(REFERENCES["cn-1000000-4.9-360-equalprincipal"]["inputs"] | start)
    assert (equal[0]["total"], equal[-1]["interest"]) == ("6861.11", "11.34")
    assert abs(_interest_of(equal) - Decimal("737041.67")) <= half_cents
    assert abs(Decimal(equal[-1]["total"]) - Decimal("2789.12")) <= half_cents
    ceiled = answer_schedule(REFERENCES["frappe-stock-1000000-13.5-12m-first"]["inputs"] | start)
    assert (ceiled[0]["interest"], ceiled[0]["principal"]) == ("11250.00", "78303.00")


@pytest.mark.skipif(not REFERENCES, reason="the vectors folder is not here")
def test_a_source_that_cuts_every_step_differs_by_less_than_a_cent_a_step() -> None:
    case = REFERENCES["cn-50000-10-12-equalprincipal-truncated"]
    rows = answer_schedule(case["inputs"] | {"start_date": "2026-01-01"})
    assert rows[0]["total"] in (case["verification"]["ours"]["ours_first"], "4583.34")
    assert _interest_of(rows) - Decimal(case["expected"]["total_interest"]) <= Decimal("0.01") * len(rows)
    free = REFERENCES["hastructure-calcPmt-(1200, 0.0, 12)"]
    assert instalment_of(free["inputs"]["principal"], [Fraction(0)] * free["inputs"]["n"]) == Fraction(free["expected"])


def _interest_of(rows: list[dict[str, Any]]) -> Decimal:
    return sum((Decimal(row["interest"]) for row in rows), Decimal(0))


SEEDED = [case for case in REFERENCES.values() if case.get("kind") == "dates"]
ANNUITIES = [case for case in REFERENCES.values() if case["inputs"].get("function") in ("pmt", "ppmt", "pv")]


@pytest.mark.parametrize("case", SEEDED, ids=lambda case: case["id"])
def test_the_seed_day_returns_after_a_shorter_month(case: dict[str, Any]) -> None:
    first = read_day(case["inputs"], "first_due")
    assert first is not None
    rhythm = Rhythm(first, 1, Frequency.MONTHS, case["inputs"]["number_of_repayments"], first_due=first)
    dates = [first, *[rhythm.after(first, step) for step in range(1, rhythm.count)]]
    assert [day.isoformat() for day in dates] == [row["due_date"] for row in case["expected"]]


@pytest.mark.parametrize("case", ANNUITIES, ids=lambda case: case["id"])
def test_the_annuity_functions_agree_with_the_exact_instalment(case: dict[str, Any]) -> None:
    name, (rate, *args) = case["inputs"]["function"], case["inputs"]["args"]
    annual, _, months = str(rate).partition("/")
    periodic = Fraction(annual) / Fraction(months or "1")
    nr, count, amount = (0, *args[:2]) if name != "ppmt" else args
    factors = [periodic] * count
    instalment = instalment_of(amount, factors)
    if name == "pv":
        answer = -amount * Fraction(amount) / instalment
    else:
        answer = -(instalment - amount * periodic) * (1 + periodic) ** (nr - 1) if name == "ppmt" else -instalment
    assert float(answer) == pytest.approx(float(case["expected"]), rel=1e-9)


@pytest.mark.parametrize("case", cases("day_count.json"), ids=lambda c: f"{c['convention']}-{c['start']}-{c['end']}")
def test_a_day_count_is_reproduced_exactly(case: dict[str, Any]) -> None:
    counted = count_days(case["convention"], read_span(case, read_day))
    if "days" in case:
        assert counted.days == case["days"]
    else:
        assert float(counted.fraction) == pytest.approx(case["value"], abs=1e-12)
    assert str(counted.fraction) == case.get("year_fraction", str(counted.fraction))


@pytest.mark.parametrize("case", cases("china_due_dates.json"), ids=lambda c: f"{c['calendar']}-{c['convention']}")
def test_chinese_due_dates_fall_on_business_days(case: dict[str, Any]) -> None:
    start = read_day(case, "start")
    assert start is not None
    every = {"monthly": 1, "quarterly": 3}[case["frequency"]]
    rhythm = Rhythm(
        start, every, Frequency.MONTHS, case["n"],
        calendar=find_calendar(case["calendar"]), convention=find_convention(case["convention"]),
    )  # fmt: skip
    assert [day.isoformat() for day in rhythm.due_dates()] == case["due_dates"]
