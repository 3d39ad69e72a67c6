"""Lending values come from the lower bound and name the term that binds."""

import math
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.money import Money
from marketplace.valuation.lending import (
    LendingTerms,
    NoIndicationYet,
    lending_limit,
    lending_value,
    portfolio_lending_value,
)
from marketplace.valuation.reports import indicate_value
from tests.makers.identity import make_actor
from tests.makers.registry import make_asset

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def yuan(amount: str) -> Money:
    return Money.parse(amount, "CNY")


def test_a_wide_range_binds_by_its_lower_bound() -> None:
    terms = LendingTerms(sale_cost_bps=1000, months_to_sell=0)
    limit = lending_limit(uuid4(), yuan("1120000.00"), yuan("4000000.00"), 3000, None, terms)
    assert (limit.amount, limit.binding_term) == (yuan("1008000.00"), "lower_bound")


def test_waiting_for_a_buyer_costs_as_the_formula_says() -> None:
    limit = lending_limit(uuid4(), yuan("1000000.00"), yuan("9000000.00"), 9000, None, LendingTerms())
    expected = 1_000_000 * 0.9 * math.exp(-0.15 * 9 / 12)
    assert abs(float(limit.amount.amount) - expected) < 0.01


def test_the_policy_cap_and_the_repayment_limit_bind_in_their_turn() -> None:
    narrow = lending_limit(uuid4(), yuan("900000.00"), yuan("1000000.00"), 3000, None, LendingTerms())
    assert (narrow.amount, narrow.binding_term) == (yuan("300000.00"), "policy_cap")
    poor = lending_limit(uuid4(), yuan("900000.00"), yuan("1000000.00"), 3000, yuan("1000.00"), LendingTerms())
    assert (poor.amount, poor.binding_term) == (yuan("1000.00"), "repayment_limit")


@given(low=st.integers(0, 10**12), gap=st.integers(0, 10**12), cut=st.integers(0, 10**12))
def test_more_doubt_never_raises_the_limit(low: int, gap: int, cut: int) -> None:
    surer = lending_limit(uuid4(), Money(low, "CNY"), Money(low + gap, "CNY"), 5000, None, LendingTerms())
    lower = Money(max(low - cut, 0), "CNY")
    unsure = lending_limit(uuid4(), lower, Money(low + gap, "CNY"), 5000, None, LendingTerms())
    assert unsure.amount <= surer.amount


@pytest.mark.usefixtures("db")
def test_a_right_without_indication_has_no_lending_value() -> None:
    with pytest.raises(NoIndicationYet):
        lending_value(make_asset().id, 3000)


@pytest.mark.usefixtures("db")
def test_members_of_one_family_count_once() -> None:
    actor = make_actor()
    alone, sibling, other = (make_asset(family_id=family) for family in ("F1", "F1", "F2"))
    for asset in (alone, sibling, other):
        indicate_value(actor, asset.id, "pledge", NOW)
    one = lending_value(alone.id, 3000)
    assert portfolio_lending_value([alone.id, sibling.id], 3000).amount == one.amount
    assert portfolio_lending_value([alone.id, other.id], 3000).amount > one.amount


@pytest.mark.usefixtures("db")
def test_what_a_borrower_states_never_raises_the_loan() -> None:
    actor, asset = make_actor(), make_asset()
    indicate_value(actor, asset.id, "pledge", NOW)
    honest = lending_value(asset.id, 9000).amount
    boast = {"revenue": "9000000000", "industry": "software", "development_cost": "900000000"}
    indicate_value(actor, asset.id, "pledge", NOW, inputs=boast)
    assert lending_value(asset.id, 9000).amount <= honest
    indicate_value(actor, asset.id, "pledge", NOW, inputs={"development_cost": "100"})
    assert lending_value(asset.id, 9000).amount < honest
