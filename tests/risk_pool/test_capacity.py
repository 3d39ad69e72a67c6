"""What a pool can carry and when it stops a bank."""

from fractions import Fraction

from marketplace.core.money import Money
from marketplace.risk_pool.capacity import Capacity, breaks


def cny(yuan: int) -> Money:
    return Money(yuan * 100, "CNY")


def make_capacity(**changes) -> Capacity:
    values = {"balance": cny(40_000_000), "reserved": cny(0), "leverage": Fraction(10), "enrolled": cny(0)}
    return Capacity(**values | changes)


def test_capacity_is_leverage_times_the_free_balance():
    assert make_capacity(reserved=cny(4_000_000)).limit == cny(360_000_000)


def test_a_loan_fits_up_to_the_last_yuan():
    capacity = make_capacity(enrolled=cny(399_000_000))
    assert capacity.carries(cny(1_000_000))
    assert not capacity.carries(cny(1_000_001))
    assert capacity.utilisation_bps == 9_975


def test_an_empty_pool_carries_nothing_and_has_no_utilisation():
    capacity = make_capacity(balance=cny(1), reserved=cny(2))
    assert capacity.left == cny(0)
    assert capacity.utilisation_bps is None


def test_the_breaker_trips_above_the_limit_only():
    limit = Fraction(3, 100)
    assert breaks(cny(3_100_000), cny(100_000_000), limit)
    assert not breaks(cny(3_000_000), cny(100_000_000), limit)
    assert breaks(cny(1), cny(0), limit)
    assert not breaks(cny(50), cny(100), None)
