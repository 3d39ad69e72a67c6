"""Price level, factors, reconciliation and indicators: sources stated, unknown widens, order kept."""

import math
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.core.money import Money
from marketplace.valuation.benchmarks import price_level
from marketplace.valuation.estimating import estimate
from marketplace.valuation.indicators import indicator_table, score_indicators
from marketplace.valuation.price_factors import KnownFacts, price_factors
from marketplace.valuation.price_learning import learn_from_sales
from marketplace.valuation.reconciliation import Approach, money_of_log, reconcile
from marketplace.valuation.wording import about

ON = date(2026, 11, 22)
FULL = KnownFacts("in_force", date(2038, 1, 1), 0.6, 10, 3, 5, 1)

facts = st.builds(
    KnownFacts,
    status=st.sampled_from(["in_force", "pending"]),
    expires_on=st.dates(date(2027, 1, 1), date(2046, 1, 1)),
    renewal_percentile=st.floats(0, 1),
    claims=st.integers(0, 300),
    family_size=st.integers(1, 200),
    citations=st.integers(0, 3000),
    traded_before=st.integers(0, 40),
)
names = st.sets(
    st.sampled_from(["status", "expires_on", "renewal_percentile", "family_size", "citations", "traded_before"]),
    min_size=1,
)


def snapshot(known: KnownFacts, **inputs: str) -> dict[str, Any]:
    given_facts = {**known.__dict__, "expires_on": known.expires_on.isoformat() if known.expires_on else None}
    return {
        "asset": {
            "id": "x", "label": "CN 1", "office": "CN", "kind": "invention", "words": "pump", "fields": ["F04B"],
            "application_date": "2018-01-01", "grant_date": "2020-01-01", "burdens": [],
        },
        "purpose": "transfer", "as_of": "2026-11-22T00:00:00+00:00", "facts": given_facts, "sales": [],
        "inputs": inputs, "versions": {},
    }  # fmt: skip


@given(known=facts, hidden=names)
def test_an_unknown_fact_widens_both_ends_and_never_narrows(known: KnownFacts, hidden: set[str]) -> None:
    poorer = replace(known, **dict.fromkeys(hidden))
    rich, poor = estimate(snapshot(known)), estimate(snapshot(poorer))
    assert poor["low_minor"] <= rich["low_minor"] and poor["high_minor"] >= rich["high_minor"]


@given(known=facts, sooner=st.integers(1, 3000))
def test_more_life_and_family_never_lower_the_value(known: KnownFacts, sooner: int) -> None:
    assert known.expires_on is not None and known.family_size is not None
    better = estimate(snapshot(known))["middle_minor"]
    ended = date.fromordinal(known.expires_on.toordinal() - sooner)
    assert estimate(snapshot(replace(known, expires_on=ended)))["middle_minor"] <= better
    assert estimate(snapshot(replace(known, family_size=known.family_size // 2 + 1)))["middle_minor"] <= better


def test_every_level_names_its_sources_and_their_grade() -> None:
    for office in ("CN", "US", "DE"):
        for kind in ("invention", "utility_model", "trademark", "software"):
            for purpose in ("transfer", "licence", "pledge", "court_sale"):
                level = price_level(office, kind, purpose)
                assert level.log_sd > 0.8 and level.sources
                assert all(source["source"] and source["grade"] for source in level.sources)
                assert level.currency == ("CNY" if office == "CN" else "USD")


def test_assumptions_only_add_doubt() -> None:
    plain = price_level("CN", "invention", "transfer").log_sd
    assert price_level("CN", "trademark", "transfer").log_sd > plain
    assert price_level("CN", "invention", "court_sale").log_sd > plain


@given(st.lists(st.floats(5, 20), min_size=1, max_size=49))
def test_closed_deals_pull_the_level_towards_themselves(prices: list[float]) -> None:
    level = price_level("CN", "invention", "transfer")
    learned = learn_from_sales(level, [{"log_price": price, "factors": {}} for price in prices]).level
    mean = math.fsum(prices) / len(prices)
    assert min(level.log_mean, mean) - 1e-9 <= learned.log_mean <= max(level.log_mean, mean) + 1e-9
    assert learned.log_sd <= level.log_sd + 1e-9


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_many_deals_teach_how_far_a_fact_moves_a_price_and_how_far_prices_scatter(seed: int) -> None:
    random = np.random.default_rng(seed)
    level = price_level("CN", "invention", "transfer")
    life = random.normal(0, 1, 300)
    prices = level.log_mean + 1.0 + 1.8 * life + random.normal(0, 0.4, 300)
    sales = [{"log_price": p, "factors": {"remaining_life": f}} for p, f in zip(prices, life, strict=True)]
    learned = learn_from_sales(level, sales)
    assert abs(learned.multipliers["remaining_life"] - 1.8) < 0.25
    assert 0.25 < learned.level.log_sd < 0.65 < level.log_sd


@pytest.mark.parametrize("own", [0, 1, 49])
def test_a_segment_with_few_deals_borrows_the_doubt_of_all_and_one_with_enough_does_not(own: int) -> None:
    level = price_level("CN", "invention", "transfer")
    random = np.random.default_rng(7)
    sales = [{"log_price": level.log_mean + miss, "factors": {}} for miss in random.normal(0, 0.4, 60)]
    narrow, none, wide = (learn_from_sales(level, sales[:own], doubt).level.log_sd for doubt in (0.3, None, 2.5))
    assert narrow < none < wide
    assert learn_from_sales(level, sales, 2.5) == learn_from_sales(level, sales)


def test_a_fact_that_deals_contradict_is_taken_out_and_never_turned_around() -> None:
    level = price_level("CN", "invention", "transfer")
    sales = [{"log_price": 12.0 - 2 * step / 50, "factors": {"family": step / 50}} for step in range(200)]
    learned = learn_from_sales(level, sales)
    assert learned.multipliers["family"] == 0.0
    assert all(factor.value >= 0 for factor in learned.scaled(price_factors(FULL, ON)) if factor.name == "family")


def test_approaches_that_disagree_widen_the_range_and_call_a_reviewer() -> None:
    alone = reconcile([Approach("statistical", 11.0, 1.0)])
    agreeing = reconcile([Approach("statistical", 11.0, 1.0), Approach("income", 11.1, 1.0)])
    apart = reconcile([Approach("statistical", 11.0, 1.0), Approach("income", 13.5, 1.0)])
    assert not agreeing.needs_review and apart.needs_review
    width = [one.log_ends[2] - one.log_ends[0] for one in (alone, agreeing, apart)]
    assert width[2] > width[1] > width[0] - 0.1
    assert math.isclose(sum(apart.weights.values()), 1.0)


def test_money_is_made_once_and_rounded_half_up() -> None:
    assert money_of_log(math.log(1234.565), "CNY") == Money(123457, "CNY")
    assert about(Money(12_345_678, "CNY")) == Money(12_300_000, "CNY")
    assert about(Money(7, "JPY")) == Money(7, "JPY")


def test_the_indicator_table_has_the_announced_shape() -> None:
    table = indicator_table()
    parts = [part for group in table["groups"] for part in group["parts"]]
    assert (len(table["groups"]), len(parts), sum(len(part["indicators"]) for part in parts)) == (3, 14, 27)
    assert table["illustrative"] is True
    assert all(sum(weights.values()) == 100 for weights in table["weights"].values())


@given(st.dictionaries(st.sampled_from(["claims", "citations", "family", "remaining_life"]), st.integers(0, 50)))
def test_unknown_indicators_make_a_range_and_never_a_zero(known: dict[str, int]) -> None:
    result = score_indicators(dict(known), "pledge")
    assert 0 <= result.low <= result.high <= 100
    assert math.isclose(sum(row.weight for row in result.rows), 1.0)
    for name in known:
        fewer = score_indicators({key: value for key, value in known.items() if key != name}, "pledge")
        assert fewer.high - fewer.low >= result.high - result.low - 0.11
        assert fewer.unknown_share >= result.unknown_share


def test_factors_are_all_unknown_when_nothing_is_known() -> None:
    nothing = price_factors(KnownFacts(None, None, None, None, None, None, None), ON)
    assert not any(factor.known for factor in nothing)
    assert all(factor.known for factor in price_factors(FULL, ON))
