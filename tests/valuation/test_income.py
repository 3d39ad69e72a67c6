"""Income formulas equal closed forms and cases worked by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.errors import Malformed
from marketplace.valuation.cost import replacement_cost
from marketplace.valuation.income import (
    RoyaltyCase,
    amortisation_factor,
    profit_share,
    relief_from_royalty,
    royalty_band,
    royalty_bands,
    simulate_royalty_relief,
)


def case(**changes: object) -> RoyaltyCase:
    base = {"revenue": 1_000_000.0, "royalty": 0.05, "tax": 0.25, "discount": 0.15, "years": 8.0}
    return RoyaltyCase(**(base | changes))  # type: ignore[arg-type]


def annuity(rate: float, years: int) -> float:
    return (1 - (1 + rate) ** -years) / rate


def test_level_revenue_at_year_ends_is_an_annuity() -> None:
    expected = 1_000_000 * 0.05 * 0.75 * annuity(0.15, 8)
    assert relief_from_royalty(case(mid_year=False)) == pytest.approx(expected, rel=1e-12)


def test_mid_year_is_worth_half_a_years_discount_more() -> None:
    ratio = relief_from_royalty(case()) / relief_from_royalty(case(mid_year=False))
    assert ratio == pytest.approx(1.15**0.5, rel=1e-12)


def test_a_stub_period_by_hand() -> None:
    """Half a year at 0.25, then a year at 1.0: 3.75 / 1.1^0.25 + 7.5 / 1.1 = 10.47988."""
    short = case(revenue=100.0, royalty=0.1, discount=0.1, years=1.5, stub=0.5)
    assert relief_from_royalty(short) == pytest.approx(10.479881, abs=1e-5)


def test_growth_and_decline_of_the_base_by_hand() -> None:
    """Year ends 1, 2: 100 x 0.75 / 1.1 + 100 x 1.2 x 0.9 x 0.75 / 1.21 = 68.18182 + 66.94215."""
    grown = case(revenue=1000.0, royalty=0.1, discount=0.1, years=2.0, growth=0.2, decline=0.1, mid_year=False)
    assert relief_from_royalty(grown) == pytest.approx(135.123967, abs=1e-6)


def test_the_chance_of_invalidation_is_a_geometric_series() -> None:
    keep = math.exp(-0.03) / 1.15
    first = 1_000_000 * 0.05 * 0.75 * math.exp(-0.015) / 1.15**0.5
    expected = first * (1 - keep**8) / (1 - keep)
    assert relief_from_royalty(case(invalidation=0.03)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("country", "years", "tax"), [("CN", 10, 0.25), ("US", 15, 0.21), ("JP", 8, 0.3062)])
def test_the_tax_benefit_is_grossed_up(country: str, years: int, tax: float) -> None:
    """The buyer writes off the price that already contains the benefit, so the factor is 1 / (1 - t x a / n)."""
    expected = 1 / (1 - tax * annuity(0.15, years) / years)
    assert amortisation_factor(country, 0.15, mid_year=False) == pytest.approx(expected, rel=1e-12)
    price = relief_from_royalty(case(amortise_in=country))
    bare = relief_from_royalty(case())
    saved = math.fsum(price / years * tax / 1.15 ** (year - 0.5) for year in range(1, years + 1))
    assert price == pytest.approx(bare + saved, rel=1e-12)


def test_a_country_without_relief_adds_nothing() -> None:
    assert amortisation_factor("GB", 0.15) == amortisation_factor(None, 0.15) == 1.0


def test_profit_share_by_hand() -> None:
    """0.25 x (100 / 1.1 + 200 / 1.21) = 64.04959."""
    assert profit_share([100.0, 200.0], 0.25, 0.1, mid_year=False) == pytest.approx(64.049587, abs=1e-6)


def test_an_unknown_industry_is_an_error_and_a_near_miss_too() -> None:
    assert royalty_band("pharma_biotech") == (0.04, 0.06)
    for wrong in ("nonsense", "pharmaceuticals", "Pharma_Biotech", ""):
        with pytest.raises(Malformed):
            royalty_band(wrong)


def test_every_royalty_band_has_a_source_and_a_date() -> None:
    for band in royalty_bands().values():
        assert 0 < band["low"] < band["high"] < 20
        assert band["source"] and band["dated"] and band["zh"] and band["en"]


def test_the_simulation_repeats_itself_and_is_in_order() -> None:
    first, second = (simulate_royalty_relief(case(), (0.03, 0.05), seed=1, draws=200) for _turn in range(2))
    assert first == second
    assert first.low < first.middle < first.high


@given(years=st.floats(0, 30), longer=st.floats(0, 10), rate=st.floats(0.02, 0.6))
def test_a_longer_life_is_never_worth_less(years: float, longer: float, rate: float) -> None:
    short = relief_from_royalty(case(years=years, discount=rate))
    assert relief_from_royalty(case(years=years + longer, discount=rate)) >= short - 1e-6


def test_replacement_cost_by_hand() -> None:
    """(400,000 + 60,000) x 1.1 x 15 / 20 = 379,500."""
    assert replacement_cost(400_000, 60_000, 5, 15, profit=0.1) == pytest.approx(379_500)
    with pytest.raises(Malformed):
        replacement_cost(-1, 0, 1, 1)
