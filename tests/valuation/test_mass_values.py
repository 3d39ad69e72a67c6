"""Sums for many rights together: the arithmetic of single indications, and doubt about half a cent said aloud."""

import math
from datetime import date

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.valuation.comparables import Sold, Subject, compare
from marketplace.valuation.mass_comparables import Beside
from marketplace.valuation.price_factors import KnownFacts, factor_ranges, price_factors
from marketplace.valuation.reconciliation import Approach, minor_of_logs, money_of_log, reconcile, reconcile_many

ON = date(2026, 11, 22)
words = st.sampled_from(["", "pump", "heat pump for water", "一种水泵", "一种热泵的控制方法", "laser"])
fields = st.lists(st.sampled_from(["F04B", "F04D", "F16K", "G06F", "H01M"]), max_size=3).map(tuple)
years = st.none() | st.floats(0, 20)
sold = st.builds(
    Sold, reference=st.uuids().map(str), words=words, fields=fields, count=st.integers(1, 3),
    log_price=st.floats(5, 18), years_left=years, day=st.integers(ON.toordinal() - 3000, ON.toordinal()),
)  # fmt: skip
subject = st.builds(
    Subject, words=words, fields=fields, count=st.integers(1, 3), years_left=years, day=st.just(ON.toordinal())
)


@settings(max_examples=60)
@given(
    st.lists(subject, min_size=1, max_size=6), st.lists(sold, min_size=1, max_size=14, unique_by=lambda s: s.reference)
)
def test_many_rights_are_compared_as_one_is(rights: list[Subject], prices: list[Sold]) -> None:
    means, sds = Beside(prices).values(rights)
    for at, right in enumerate(rights):
        alone = compare(right, prices)
        assert alone is not None
        assert math.isclose(means[at], alone.log_mean, rel_tol=1e-12)
        assert math.isclose(sds[at], alone.log_sd, rel_tol=1e-12)


@settings(max_examples=60)
@given(
    st.lists(st.builds(Approach, st.uuids().map(str), *(st.floats(*ends) for ends in ((4, 18), (0.3, 2), (0, 2), (0, 2)))),
             min_size=1, max_size=3)
)  # fmt: skip
def test_many_rights_are_reconciled_as_one_is(approaches: list[Approach]) -> None:
    columns = np.array([(one.log_mean, one.log_sd, one.unknown_low, one.unknown_high) for one in approaches])
    found = reconcile_many(*(np.repeat(column[:, None], 2, axis=1) for column in columns.T))
    alone = reconcile(approaches).log_ends
    assert np.allclose(found, np.array(alone)[:, None], rtol=1e-13)


@settings(max_examples=200)
@given(st.lists(st.floats(-5, 22), min_size=1, max_size=20), st.sampled_from(["CNY", "USD", "JPY"]))
def test_what_is_sure_is_the_same_to_the_cent_however_the_logs_were_added(logs: list[float], currency: str) -> None:
    nudged = np.array(logs) * (1 + 4e-15)
    minor, unsure = minor_of_logs(nudged, currency)
    for at, value in enumerate(logs):
        assert unsure[at] or minor[at] == money_of_log(value, currency).amount_minor


def test_half_a_cent_is_never_sure_and_little_else_is_not() -> None:
    halves = np.log(np.array([0.005, 1.005, 1234.565, 99_999_999.995]))
    assert minor_of_logs(halves, "CNY")[1].all()
    assert minor_of_logs(np.linspace(9, 14, 5000), "CNY")[1].mean() < 0.01


def test_movements_of_many_rights_are_those_of_each() -> None:
    some = [
        KnownFacts("in_force", date(2038, 1, 1), 0.6, 10, 3, 5, 1),
        KnownFacts("pending", None, None, None, None, None, None),
        KnownFacts(None, date(2027, 1, 1), 0.6, 2, 1, 0, 9),
    ]
    ranges = factor_ranges(some, ON)
    for at, facts in enumerate(some):
        assert ranges[at].tolist() == [[one.value, one.low, one.high] for one in price_factors(facts, ON)]
