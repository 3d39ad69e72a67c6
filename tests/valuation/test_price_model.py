"""The price machinery against an invented market whose truth is known: the pass lines that guard every change."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.valuation.price_backtest import Forward, baselines, figures, split_errors, walk_forward
from marketplace.valuation.price_demo import RISING, SEGMENTS, DemoMarket, demo_market
from marketplace.valuation.price_intervals import Misses, drift, has_drifted, level_shift, reach
from marketplace.valuation.price_model import PriceTable, choose, fit, fit_sale_chance
from marketplace.valuation.renewal_evaluation import calibration_error

NORMAL_P95 = 1.6448536


@cache
def walked() -> tuple[DemoMarket, PriceTable, Forward, dict[str, Any]]:
    """The invented market walked once."""
    market = demo_market()
    table = market.listings.take(market.rows)
    forward = walk_forward(table)
    return market, table, forward, figures(table, forward)


def test_the_error_beats_every_baseline_and_stays_beside_the_line() -> None:
    market, table, forward, found = walked()
    against = baselines(table, forward, market.royalty_value[market.rows])
    weakest_bar = min(against[name] for name in ("segment_median", "royalty", "nearest_sales"))
    assert found["mean_absolute_error"] <= 0.9 * weakest_bar, (found, against)
    assert found["mean_absolute_error"] <= 1.02 * against["line"], (found, against)


def test_nearly_everything_an_oracle_explains_is_explained() -> None:
    market, table, forward, found = walked()
    price, truth = table.log_price[forward.rows], market.truth[market.rows][forward.rows]
    oracle = 1 - float(np.var(price - truth) / np.var(price))
    assert found["r_squared"] >= 0.85 * oracle


def test_there_is_no_bias_overall_or_in_any_segment() -> None:
    found = walked()[3]
    assert abs(found["bias"]) <= 0.10
    assert len(found["bias_by_segment"]) == len(SEGMENTS)
    assert all(abs(bias) <= 0.20 for bias in found["bias_by_segment"].values()), found


def test_nine_in_ten_prices_fall_inside_ranges_hardly_wider_than_an_oracles() -> None:
    market, _table, forward, found = walked()
    oracle = 2 * NORMAL_P95 * float(np.median(market.noise[market.rows][forward.rows]))
    assert 0.87 <= found["coverage_90"] <= 0.93, found
    assert all(held >= 0.85 for held in found["coverage_90_by_segment"].values()), found
    assert found["median_width"] <= 1.10 * oracle


def test_the_chance_of_a_sale_is_calibrated_on_later_listings() -> None:
    market = walked()[0]
    cut = len(market.listings) * 2 // 3
    earlier, later = market.listings.take(slice(0, cut)), market.listings.take(slice(cut, None))
    chances = fit_sale_chance(earlier, market.sold[:cut]).predict(later.inputs, later.segment)
    assert calibration_error(chances, market.sold[cut:]) <= 0.05


def test_random_owner_and_time_splits_stand_side_by_side() -> None:
    errors = split_errors(walked()[1], "line")
    assert set(errors) == {"random", "owner", "time"}
    assert errors["random"] < errors["time"], "a slump must show in the time split and nowhere else"


@pytest.mark.parametrize("kind", ["line", "boosted"])
def test_more_life_family_claims_or_citations_never_lower_a_price(kind: str) -> None:
    table = demo_market(1500).listings
    model = fit(table, kind)
    base = np.nan_to_num(table.inputs[:200], nan=1.0)
    for column, name in enumerate(table.names):
        if name in RISING:
            more = base.copy()
            more[:, column] += 0.7
            segment = table.segment[:200]
            assert np.all(model.predict(more, segment) >= model.predict(base, segment) - 1e-9), name


def test_few_prices_are_never_boosted() -> None:
    assert choose(demo_market(600).listings).kind == "line"


def test_the_same_market_gives_the_same_answers() -> None:
    table = walked()[1].take(slice(0, 900))
    first, second = (walk_forward(table) for _run in range(2))
    assert np.array_equal(first.middle, second.middle) and np.array_equal(first.half_width, second.half_width)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=60, max_size=120), st.floats(0.5, 0.95))
def test_a_range_holds_what_it_promises_of_the_misses_it_came_from(signed: list[float], level: float) -> None:
    misses = Misses(np.array(signed), np.array(["a"] * len(signed)))
    width = reach(misses, "a", level)
    assert np.mean(np.abs(misses.signed) <= width) >= level


def test_a_small_segment_borrows_from_all() -> None:
    misses = Misses(np.append(np.linspace(-1, 1, 200), np.full(49, 9.0)), np.array(["big"] * 200 + ["small"] * 49))
    assert reach(misses, "small", 0.5) == reach(misses, "never seen", 0.5)
    more = Misses(np.append(misses.signed, 9.0), np.append(misses.segment, "small"))
    assert reach(more, "small", 0.5) == 9.0


def test_without_misses_a_range_is_endless_and_the_level_stays() -> None:
    nothing = Misses(np.zeros(0), np.zeros(0, dtype="U1"))
    assert reach(nothing, "a", 0.8) == np.inf and level_shift(nothing) == 0.0


def test_the_monitor_hears_a_slow_slump_and_no_steady_stream() -> None:
    for seed in range(5):
        steady = np.random.default_rng(seed).normal(0, 0.9, 800)
        assert not any(has_drifted(steady[:end]) for end in range(100, 800, 50))
        slump = steady - np.linspace(0, 1.0, 800)
        assert has_drifted(slump)
    assert drift(steady[:49]) is None, "too few to tell"
