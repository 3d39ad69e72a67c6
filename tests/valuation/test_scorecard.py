"""The scorecard's figures on cases worked by hand, and an alarm that hears a slow drift and no noise."""

import random
from datetime import date

import pytest

from marketplace.valuation.scorecard import DRIFT_ALARM, Case, drift, scorecard


def case(price: float, middle: float = 10.0, reach: float = 1.0) -> Case:
    return Case("transfer", date(2026, 5, 1), middle - reach, middle, middle + reach, price)


def test_coverage_bias_and_width_by_hand() -> None:
    overall = scorecard([case(10.5), case(9.5), case(12.0), case(10.0)])[0]
    assert (overall.segment, overall.count, overall.coverage) == ("all", 4, 0.75)
    assert overall.bias == pytest.approx((0 + -0.5) / 2)
    assert overall.median_error == pytest.approx(0.5)
    assert overall.width_ratio == pytest.approx(7.389056, rel=1e-6)
    assert 0.30 < overall.coverage_low < 0.31 and 0.95 < overall.coverage_high < 0.96


def test_pinball_loss_by_hand() -> None:
    """Price 10 at range 9, 10, 11: (0.1 x 1 + 0 + 0.1 x 1) / 3."""
    assert scorecard([case(10.0)])[0].pinball == pytest.approx(0.2 / 3)


def test_groups_are_all_purpose_and_quarter_and_nothing_gives_nothing() -> None:
    assert [score.segment for score in scorecard([case(10.0)])] == ["all", "transfer", "2026 Q2"]
    assert scorecard([]) == []


def test_rank_correlation_is_one_when_order_agrees() -> None:
    overall = scorecard([case(float(level), middle=float(level) * 2) for level in range(5)])[0]
    assert overall.rank_correlation == pytest.approx(1.0)


def test_the_drift_alarm_hears_a_slump_and_not_noise() -> None:
    draw = random.Random(3)
    quiet = [case(10 + draw.gauss(0, 1)) for _deal in range(200)]
    slump = [case(10 - 0.6 + draw.gauss(0, 1)) for _deal in range(200)]
    assert drift(quiet[:20]) is None
    noise, fallen = drift(quiet), drift(slump)
    assert noise is not None and abs(noise) < DRIFT_ALARM
    assert fallen is not None and fallen > DRIFT_ALARM
