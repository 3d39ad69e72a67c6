"""Money is exact."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.errors import Malformed
from marketplace.core.money import EXPONENTS, ROUND_HALF_EVEN, Money, WrongCurrency, percentage, split_by_shares

CURRENCIES = st.sampled_from(sorted(EXPONENTS))
AMOUNTS = st.integers(0, 10**15 - 1)


@given(AMOUNTS, CURRENCIES)
def test_money_reads_back_what_it_writes(amount: int, currency: str) -> None:
    money = Money(amount, currency)
    assert Money.parse(money.format(), currency) == money


@pytest.mark.parametrize(
    "text", ["", "NaN", "Infinity", "1e3", "1,000", "１２", "0.001", "+1", " 1", "1.", ".5", "9" * 30]
)
def test_an_amount_that_is_not_a_plain_decimal_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        Money.parse(text, "CNY")


@given(AMOUNTS, st.dictionaries(st.text(min_size=1), st.integers(1, 100), min_size=1))
def test_a_split_gives_everything_away_and_nobody_less_than_a_cent_below_their_share(
    amount: int, shares: dict[str, int]
) -> None:
    bearer = sorted(shares)[0]
    parts = split_by_shares(Money(amount, "CNY"), shares, residue_to=bearer)
    assert sum(part.amount_minor for part in parts.values()) == amount
    for name, part in parts.items():
        exact = Fraction(amount * shares[name], sum(shares.values()))
        assert part.amount_minor > exact - 1
        assert name == bearer or part.amount_minor <= exact


def test_amounts_of_two_currencies_do_not_mix() -> None:
    with pytest.raises(WrongCurrency):
        Money(1, "CNY") + Money(1, "USD")


@given(st.integers(-(10**12), 10**12), st.integers(1, 400))
def test_rounding_a_fraction_equals_rounding_the_decimal(numerator: int, denominator: int) -> None:
    fraction = Fraction(numerator, denominator)
    doubled = Money.rounded(fraction, "CNY", ROUND_HALF_EVEN)
    assert abs(Fraction(doubled.amount_minor, 100) - fraction) <= Fraction(1, 200)


def test_a_rate_in_basis_points_is_rounded_half_up() -> None:
    assert percentage(Money(12345, "CNY"), 250) == Money(309, "CNY")
    assert Money.rounded(Decimal("0.005"), "CNY") == Money(1, "CNY")


@pytest.mark.parametrize("text", ["-5", "0", "-0.01", "1e5", "", "１００"])
def test_a_typed_amount_that_is_not_above_zero_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        Money.typed(text, "CNY")


def test_a_typed_amount_may_carry_separators() -> None:
    assert Money.typed(" 1,234.50 ", "CNY") == Money(123450, "CNY")
    assert Money.typed("0", "CNY", allow_zero=True) == Money(0, "CNY")
