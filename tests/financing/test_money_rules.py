"""Effective cost, classification and the order of repayment."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from apiflask import APIFlask
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.core.errors import Malformed
from marketplace.core.money import Money
from marketplace.financing.allocation import DEFAULT_ORDER, Owed, Part, allocate
from marketplace.financing.classification import LoanClass, classify, days_past_due
from marketplace.financing.effective_rate import CashFlow, NoEffectiveRate, effective_annual_rate, effective_rate_bps

START = date(2026, 1, 1)


def flows(*payments: tuple[int, int]) -> list[CashFlow]:
    return [CashFlow(START + timedelta(days=day), Money(minor, "CNY")) for day, minor in payments]


def test_a_loan_for_a_year_costs_its_rate() -> None:
    assert effective_annual_rate(flows((0, 1_000_000), (365, -1_050_000))) == Decimal("0.05")


def test_a_fee_kept_at_disbursement_raises_the_effective_cost() -> None:
    assert effective_rate_bps(flows((0, 980_000), (365, -1_050_000))) == 714


@given(
    st.integers(10_000, 10**11),
    st.lists(st.tuples(st.integers(1, 3650), st.integers(1, 10**10)), min_size=1, max_size=40),
)
@settings(max_examples=80, deadline=None)
def test_the_rate_agrees_with_an_independent_solver(lent: int, payments: list[tuple[int, int]]) -> None:
    pyxirr = pytest.importorskip("pyxirr")
    cash = flows((0, lent), *[(day, -minor) for day, minor in payments])
    theirs = pyxirr.xirr([flow.on for flow in cash], [flow.amount.amount_minor for flow in cash])
    if theirs is None or not -0.9 < theirs < 100:
        return
    assert float(effective_annual_rate(cash)) == pytest.approx(theirs, abs=2e-7, rel=1e-6)


def test_payments_in_one_direction_only_have_no_rate() -> None:
    with pytest.raises(NoEffectiveRate):
        effective_annual_rate(flows((0, 100), (10, 100)))


@pytest.mark.parametrize(("days", "tier"), [
    (0, "normal"), (1, "special_mention"), (90, "special_mention"), (91, "substandard"), (270, "substandard"),
    (271, "doubtful"), (360, "doubtful"), (361, "loss"), (5000, "loss"),
])  # fmt: skip
def test_the_five_tiers_follow_the_days_past_due(days: int, tier: str) -> None:
    assert classify(days) == LoanClass(tier)


def test_a_bank_may_judge_a_loan_worse_than_its_days_but_never_better() -> None:
    assert classify(10, LoanClass.DOUBTFUL) is LoanClass.DOUBTFUL
    assert classify(300, LoanClass.NORMAL) is LoanClass.DOUBTFUL
    assert LoanClass.SUBSTANDARD.is_non_performing and not LoanClass.SPECIAL_MENTION.is_non_performing


def test_the_due_day_itself_is_not_late() -> None:
    assert days_past_due(START, START) == 0
    assert days_past_due(START, START + timedelta(days=91)) == 91
    assert days_past_due(None, START) == 0


parts = st.fixed_dictionaries({part: st.integers(0, 10**9) for part in Part})


@given(st.integers(0, 10**11), st.lists(parts, max_size=8), st.permutations(list(Part)))
def test_a_repayment_is_conserved_to_the_cent(
    amount: int, open_parts: list[dict[Part, int]], order: list[Part]
) -> None:
    owed = [Owed(nr, values) for nr, values in enumerate(open_parts, start=1)]
    done = allocate(amount, owed, order)
    assert done.applied + done.rest == amount
    for instalment in owed:
        for part, taken in done.parts.get(instalment.nr, {}).items():
            assert 0 < taken <= instalment.open[part]
    if done.rest:
        assert done.applied == sum(sum(values.values()) for values in open_parts)


def test_a_repayment_pays_penalty_fees_interest_and_then_principal_of_the_oldest_instalment() -> None:
    owed = [
        Owed(1, {Part.PENALTY: 10, Part.FEES: 20, Part.INTEREST: 30, Part.PRINCIPAL: 100}),
        Owed(2, {Part.PRINCIPAL: 100, Part.INTEREST: 5}),
    ]
    assert allocate(60, owed).parts == {1: {Part.PENALTY: 10, Part.FEES: 20, Part.INTEREST: 30}}
    assert allocate(165, owed).parts[2] == {Part.INTEREST: 5}


def test_an_order_that_forgets_a_part_is_refused(app: APIFlask) -> None:
    with app.app_context(), pytest.raises(Malformed):
        allocate(1, [], DEFAULT_ORDER[:3])
