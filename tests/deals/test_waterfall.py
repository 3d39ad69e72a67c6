"""The closing waterfall: pledgee first, nothing negative, to the cent."""

from fractions import Fraction
from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.core.money import Money
from marketplace.deals.waterfall import (
    Payoff,
    earnest_money,
    inventor_share_due,
    release_waterfall,
)

minor = st.integers(min_value=0, max_value=10**13)


@settings(max_examples=1000, deadline=None)
@given(
    held=minor,
    owed=st.lists(minor, max_size=3),
    fee=minor,
    inventor_bps=st.integers(0, 10_000),
    shares=st.lists(st.fractions(min_value=Fraction(1, 1000), max_value=1), min_size=1, max_size=4),
)
def test_the_lines_sum_to_what_is_held_and_nobody_is_paid_before_an_earlier_one_is_full(
    held: int, owed: list[int], fee: int, inventor_bps: int, shares: list[Fraction]
) -> None:
    money = Money(held, "CNY")
    payoffs = tuple(Payoff(uuid4(), Money(one, "CNY"), "p") for one in owed)
    sellers = {uuid4(): share for share in shares}
    plan = release_waterfall(money, payoffs, Money(fee, "CNY"), inventor_bps, sellers)
    assert sum(line.amount.amount_minor for line in plan.lines) == held
    assert all(line.amount.amount_minor > 0 for line in plan.lines)
    if held:
        assert plan.amount_of("pledgee").amount_minor == min(held, sum(owed))
        left = held - min(held, sum(owed))
        assert plan.amount_of("platform_fee").amount_minor == min(left, fee)
        left -= min(left, fee)
        assert plan.amount_of("inventors").amount_minor == left * inventor_bps // 10_000


def test_a_worked_release() -> None:
    bank, seller = uuid4(), uuid4()
    plan = release_waterfall(
        Money(1_000_000_00, "CNY"), (Payoff(bank, Money(300_000_00, "CNY"), "p"),), Money(20_000_00, "CNY"), 5_000,
        {seller: Fraction(1)},
    )  # fmt: skip
    assert [(line.step, line.receiver_id, line.amount.format()) for line in plan.lines] == [
        ("pledgee", bank, "300000.00"), ("platform_fee", None, "20000.00"), ("inventors", seller, "340000.00"),
        ("seller", seller, "340000.00"),
    ]  # fmt: skip


def test_deposit_and_inventor_share_keep_their_limits() -> None:
    assert earnest_money(Money(1_000_01, "CNY"), 5_000).format() == "200.00"
    assert inventor_share_due(True, 1_000) == 5_000 and inventor_share_due(False, None) == 0
