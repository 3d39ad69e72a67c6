"""Comparables: nearest first, every adjustment shown, and honest on real published deals."""

import csv
import math
import os
import statistics
from datetime import date
from pathlib import Path

import pytest

from marketplace.valuation.comparables import NEAREST, Sold, Subject, compare

DATA = Path(os.environ.get("DATA_DIR", "../shared/data")) / "market" / "patent_transactions.csv"


def sold(reference: str, words: str, price: float, **changes: object) -> Sold:
    base: dict[str, object] = {"fields": ("H04L",), "count": 1, "years_left": 10.0, "day": 739_000}
    return Sold(reference=reference, words=words, log_price=math.log(price), **(base | changes))  # type: ignore[arg-type]


SUBJECT = Subject("secure message protocol", ("H04L",), 1, 10.0, 739_000)


def test_without_sales_there_is_no_market_value() -> None:
    assert compare(SUBJECT, []) is None


def test_the_nearest_by_words_and_field_weigh_most() -> None:
    near, far = sold("A", "secure message protocol", 100.0), sold("B", "brewing kettle", 900.0, fields=("C12C",))
    value = compare(SUBJECT, [far, near])
    assert value is not None
    assert [one.reference for one in value.used] == ["A", "B"]
    assert value.log_mean < (math.log(100) + math.log(900)) / 2


def test_adjustments_are_shown_and_add_up() -> None:
    value = compare(SUBJECT, [sold("A", "protocol", 100.0, count=10, years_left=4.0)])
    assert value is not None
    only = value.used[0]
    assert dict(only.adjustments)["size"] == pytest.approx(0.15 * math.log(10))
    assert dict(only.adjustments)["age"] == pytest.approx(0.05 * 6)
    assert only.adjusted == pytest.approx(math.log(100) + sum(amount for _name, amount in only.adjustments))


def test_at_most_the_nearest_few_are_used_and_one_is_never_sure() -> None:
    value = compare(SUBJECT, [sold(str(number), "protocol", 100.0) for number in range(30)])
    assert value is not None and len(value.used) == NEAREST
    assert value.log_sd > 0.6


@pytest.mark.real_data
@pytest.mark.skipif(not DATA.exists(), reason=f"real data not found at {DATA}; set DATA_DIR")
def test_published_deals_are_met_within_a_factor_of_e_leave_one_out() -> None:
    rows = list(csv.DictReader(DATA.open(encoding="utf-8-sig")))
    deals = [
        Sold(
            row["txn_id"],
            row["technology"],
            (),
            int(row["n_patents"]),
            math.log(float(row["price_per_patent_usd"])),
            None,
            date(int(row["year"]), int(row["month"]), 15).toordinal(),
        )
        for row in rows
    ]
    errors = []
    for deal in deals:
        twins = {"T14", "T20"} if deal.reference in ("T14", "T20") else {deal.reference}  # perhaps one deal told twice
        others = [other for other in deals if other.reference not in twins]
        value = compare(Subject(deal.words, (), deal.count, None, deal.day), others)
        assert value is not None
        errors.append(abs(value.log_mean - deal.log_price))
    assert len(errors) == 20
    assert statistics.median(errors) <= 1.0
    print("median absolute log error", statistics.median(errors))  # noqa: T201  # shown with pytest -s
