"""The published charges and the tax in them."""

from datetime import date
from fractions import Fraction

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.money import Money
from marketplace.payments.fee_schedule import CHARGE_NAMES, PAYERS, SCHEDULE, charges_on, success_fee
from marketplace.payments.tax_rates import RATES, TaxUnknown, net_of_tax, tax_rate

DAY = date(2026, 11, 22)


@given(st.integers(1, 10**13), st.sampled_from([0, 600, 700, 900, 1_300, 1_700]))
def test_net_and_tax_are_the_whole_and_net_is_the_nearest_to_the_exact_one(gross: int, rate: int) -> None:
    net = net_of_tax(Money(gross, "CNY"), rate).amount_minor
    exact = Fraction(gross * 10_000, 10_000 + rate)
    assert 0 <= net <= gross
    assert abs(net - exact) <= Fraction(1, 2)


def test_six_per_cent_is_taken_out_of_a_fee_of_96_000() -> None:
    assert net_of_tax(Money(96_000_00, "CNY"), 600).format() == "90566.04"


@pytest.mark.parametrize(("country", "day", "code", "rate"), [
    ("CN", DAY, "VAT", 600), ("CN", date(2025, 12, 31), "VAT", 600), ("SG", DAY, "GST", 900),
    ("SG", date(2023, 12, 31), "GST", 800), ("SG", date(2022, 12, 31), "GST", 700), ("HK", DAY, "NONE", 0),
])  # fmt: skip
def test_the_rate_is_the_one_in_force_that_day(country: str, day: date, code: str, rate: int) -> None:
    found = tax_rate(country, day)
    assert (found.code, found.basis_points) == (code, rate)
    assert found.since <= day and found.source


@pytest.mark.parametrize(("country", "day"), [("XX", DAY), ("CN", date(2010, 1, 1))])
def test_an_unknown_rate_is_never_guessed(country: str, day: date) -> None:
    with pytest.raises(TaxUnknown):
        tax_rate(country, day)


def test_the_law_of_2026_is_named_from_its_first_day() -> None:
    assert "增值税法" in tax_rate("CN", date(2026, 1, 1)).source
    assert "36号" in tax_rate("CN", date(2025, 12, 31)).source
    assert len({(rate.country, rate.since) for rate in RATES}) == len(RATES)


def test_the_success_fee_is_two_per_cent_up_to_its_cap() -> None:
    assert success_fee(Money(1_000_000_00, "CNY"), DAY).format() == "20000.00"
    assert success_fee(Money(10**12, "CNY"), DAY).format() == "200000.00"


def test_a_day_before_the_schedule_charges_nothing() -> None:
    assert charges_on(date(2020, 1, 1)) == []
    assert not success_fee(Money(1_000_000_00, "CNY"), date(2020, 1, 1))


def test_every_charge_has_its_words() -> None:
    assert {charge.code for charge in SCHEDULE} <= set(CHARGE_NAMES)
    assert {charge.payer for charge in SCHEDULE} <= set(PAYERS)


@pytest.mark.parametrize(("language", "words"), [("zh", "成交服务费"), ("en", "2% of the price, at most 200,000")])
def test_everybody_may_read_what_it_costs(client: FlaskClient, language: str, words: str) -> None:
    assert words in client.get(f"/fees?lang={language}").text


def test_the_schedule_of_a_day_is_answered_as_data(client: FlaskClient) -> None:
    answer = client.get("/api/v1/fees?on=2026-05-01").json
    lines = {line["code"]: line for line in answer["items"]}
    assert lines["success"]["basis_points"] == 200 and lines["success"]["at_most"] == "200000.00"
    assert lines["buying"]["basis_points"] == 0
    assert client.get("/api/v1/fees?on=soon").status_code == 422
