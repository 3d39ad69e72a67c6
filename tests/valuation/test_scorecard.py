"""The scorecard's figures on cases worked by hand, and an alarm that hears a slow drift and no noise."""

import math
import random
from dataclasses import replace
from datetime import date

import pytest

from marketplace.valuation.scorecard import DRIFT_ALARM, Case, drift, scorecard
from marketplace.valuation.scorecard_panels import calibration, fairness, quantile


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


def test_quantiles_of_a_lopsided_range_by_hand() -> None:
    lopsided = Case("transfer", date(2026, 5, 1), 8.0, 10.0, 11.0, 10.0)
    assert [round(quantile(lopsided, level), 6) for level in (0.1, 0.5, 0.9)] == [8.0, 10.0, 11.0]


def test_honest_ranges_lie_on_the_diagonal_and_boastful_ones_do_not() -> None:
    draw = random.Random(5)
    honest = [case(10 + draw.gauss(0, 1 / 1.2816)) for _deal in range(2000)]
    assert all(abs(level.observed - level.stated) < 0.04 for level in calibration(honest))
    boastful = [replace(one, log_low=9.8, log_high=10.2) for one in honest]
    assert calibration(boastful)[0].observed > 0.3 and calibration(boastful)[-1].observed < 0.7
    assert calibration([]) == []


def test_fairness_marks_a_region_our_ranges_fail_and_knows_newcomers() -> None:
    good = [replace(case(10.0), region="Guangdong", asker=str(turn)) for turn in range(60)]
    bad = [replace(case(13.0), region="Guizhou", asker="0") for _turn in range(60)]
    panels = {(one.panel, one.group): one for one in fairness(good + bad)}
    assert panels["region", "Guizhou"].alarm and not panels["region", "Guangdong"].alarm
    assert panels["region", "Guizhou"].bias == -3.0
    assert panels["experience", "first"].count == 60 and panels["experience", "returning"].count == 60
    assert math.isclose(panels["experience", "first"].coverage, 1.0)
