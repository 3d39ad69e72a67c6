"""Sensitivity and the coming years: swings stand around the middle, and time alone never raises a value."""

from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.valuation.estimating import estimate
from tests.valuation.test_price_level import FULL, snapshot


def answered(**changes: Any) -> dict[str, Any]:
    return estimate(snapshot(FULL) | changes)


def test_every_swing_holds_the_middle_and_the_widest_comes_first() -> None:
    answer = answered(inputs={"revenue": "2000000", "industry": "software"})
    swings = answer["tornado"]
    assert {"royalty", "revenue", "discount", "remaining_life"} <= {swing["name"] for swing in swings}
    assert all(swing["low_minor"] <= answer["middle_minor"] <= swing["high_minor"] for swing in swings)
    ratios = [swing["high_minor"] / max(swing["low_minor"], 1) for swing in swings]
    assert all(first >= second - 1e-6 for first, second in zip(ratios, ratios[1:], strict=False))


@settings(max_examples=30, deadline=None)
@given(years=st.integers(0, 25), month=st.integers(1, 12))
def test_time_alone_lowers_the_middle_widens_the_range_and_ends_with_the_right(years: int, month: int) -> None:
    facts = snapshot(FULL)["facts"] | {"expires_on": date(2027 + years, month, 1).isoformat()}
    rows = answered(facts=facts)["fan"]
    middles = [row["middle_minor"] for row in rows]
    assert middles == sorted(middles, reverse=True)
    alive = [row for row in rows if row["middle_minor"]]
    ratios = [row["high_minor"] / row["low_minor"] for row in alive]
    assert all(later >= earlier * 0.999 for earlier, later in zip(ratios, ratios[1:], strict=False))
    assert len(rows) == 11 or middles[-1] == 0


def test_without_an_end_there_are_no_coming_years() -> None:
    assert answered(facts=snapshot(FULL)["facts"] | {"expires_on": None})["fan"] == []
