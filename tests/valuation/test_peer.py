"""The income and cost formulas beside the published functions of ``intangible-valuation`` 2.1.4 that were found right.

The peer rounds to cents, period by period, so answers agree within a cent for every period. It differs from ours in
three places, on purpose: it knows no mid-year convention; its separate tax benefit is not grossed up, although its
relief from royalty is; and an industry without published rates silently becomes 5 per cent, where ours is an error.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intangible_valuation.approaches.cost_approach import replacement_cost as peer_cost
from intangible_valuation.core.discount_rates import tax_amortization_benefit as peer_benefit
from intangible_valuation.core.time_value import annuity_pv, growing_annuity_pv, present_value_of_series
from intangible_valuation.income_methods.relief_from_royalty import relief_from_royalty as peer_relief

from marketplace.core.errors import Malformed
from marketplace.valuation.cost import replacement_cost
from marketplace.valuation.income import (
    TAX_AMORTISATION,
    RoyaltyCase,
    amortisation_factor,
    profit_share,
    relief_from_royalty,
    royalty_band,
)

RATES = st.floats(0.01, 0.4)
REVENUES = st.floats(1_000.0, 5_000_000.0)
CENT = 0.01


@given(REVENUES, st.floats(0.005, 0.25), RATES, st.floats(0.0, 0.4), st.floats(-0.2, 0.2), st.integers(1, 20))
def test_relief_from_royalty_at_year_ends_is_the_peers(
    revenue: float, royalty: float, discount: float, tax: float, growth: float, years: int
) -> None:
    case = RoyaltyCase(revenue, royalty, tax, discount, years, growth=growth, mid_year=False)
    projections = [revenue * (1 + growth) ** year for year in range(years)]
    peer = peer_relief(projections, royalty, discount, tax, years, tab_enabled=False)
    assert relief_from_royalty(case) == pytest.approx(peer.value, abs=CENT * years)


@given(REVENUES, RATES, st.sampled_from(["CN", "US", "DE", "JP"]))
def test_the_grossed_up_tax_benefit_is_the_one_inside_the_peers_relief(
    revenue: float, discount: float, country: str
) -> None:
    years, tax = TAX_AMORTISATION[country]
    assert years is not None
    case = RoyaltyCase(revenue, 0.05, tax, discount, years, mid_year=False, amortise_in=country)
    peer = peer_relief([revenue] * years, 0.05, discount, tax, years)
    assert relief_from_royalty(case) == pytest.approx(peer.value, abs=2 * CENT * years)


def test_the_peers_separate_tax_benefit_is_not_grossed_up_and_lower() -> None:
    ours = 1_000_000 * (amortisation_factor("CN", 0.12, mid_year=False) - 1)
    once = peer_benefit(0.12, 10, 0.25, 1_000_000.0).value
    assert ours == pytest.approx(once / (1 - once / 1_000_000), abs=CENT) and once < 0.9 * ours


@given(st.lists(REVENUES, min_size=1, max_size=15), st.floats(0.05, 1.0), RATES)
def test_a_share_of_profits_is_the_peers_series(profits: list[float], share: float, discount: float) -> None:
    peer = present_value_of_series([profit * share for profit in profits], discount)
    assert profit_share(profits, share, discount, mid_year=False) == pytest.approx(peer.value, abs=CENT)


@given(RATES, st.floats(0.0, 0.3), st.integers(1, 25))
def test_a_growing_royalty_is_the_peers_growing_annuity(discount: float, growth: float, years: int) -> None:
    case = RoyaltyCase(1_000_000.0, 0.1, 0.0, discount, years, growth=growth, mid_year=False)
    peer = growing_annuity_pv(100_000.0, discount, growth, years) if growth else annuity_pv(100_000.0, discount, years)
    assert relief_from_royalty(case) == pytest.approx(peer.value, abs=CENT)


@given(st.floats(0.0, 9_000_000.0), st.floats(0.0, 20.0), st.floats(0.5, 20.0))
def test_replacement_cost_loses_value_as_the_peers(spent: float, used: float, left: float) -> None:
    peer = peer_cost(spent, {"economic": used / (used + left)})
    assert replacement_cost(spent, 0.0, used, left) == pytest.approx(peer.value, abs=CENT)


def test_where_the_peer_guesses_an_industry_ours_refuses() -> None:
    with pytest.raises(Malformed):
        royalty_band("pharmaceuticals of nowhere")
