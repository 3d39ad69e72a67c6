"""Premiums and aid as published: exact, never negative, never above a limit; the order of claims decides who exhausts a year."""

import json
from contextlib import suppress
from fractions import Fraction
from typing import Any

import pytest
from apiflask import APIFlask
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.core.errors import Malformed, Problem
from marketplace.core.money import Money
from marketplace.risk_pool.aid_cases import LOAN, NoSuchAid, aid, premium
from marketplace.risk_pool.aid_terms import (
    AidCase,
    Benchmark,
    BenchmarkNeeded,
    Limit,
    Payer,
    Premium,
    PremiumBase,
    PremiumPeriod,
    Subsidy,
    SubsidyKind,
    aid_for,
)
from marketplace.risk_pool.published_schemes import published_schemes
from marketplace.risk_pool.share_cases import KNOWN as SHARE_VALUES
from marketplace.risk_pool.share_cases import share
from marketplace.risk_pool.terms_reading import KNOWN as KNOWN_TERMS
from marketplace.risk_pool.terms_reading import read_terms
from tests.makers.risk_pool import cny

REPAID = {"interest_paid": "435000", "rate": "4.35", "benchmark": "3", "repaid": True}


def granted(case: dict[str, Any]) -> dict[str, tuple[str, list[str]]]:
    return {one["name"]: (one["amount"], one["limits"]) for one in aid(case)["aid"]}


def test_nansha_shares_interest_up_to_the_lpr_a_year_and_a_million_and_one_of_two_fees() -> None:
    fees = {"appraisal": "80000", "guarantee": "120000", "insurance": "10000"}
    assert granted({"scheme": "nansha", "loan": "10000000", **REPAID, "fees": fees}) == {
        "interest": ("150000.00", ["benchmark"]), "appraisal fee": ("40000.00", []),
        "guarantee fee": ("50000.00", ["loan_at_most"]), "insurance fee": ("0.00", ["not_with"]),
    }  # fmt: skip
    one = {"scheme": "nansha", "subsidy": "interest", "loan": "90000000", "rate": "3", "benchmark": "3.45"}
    assert granted({**one, "interest_paid": "600000", "repaid": True, "months": 24})["interest"] == (
        "150000.00", ["months_at_most"],
    )  # fmt: skip
    assert granted({**one, "interest_paid": "2700000", "repaid": True})["interest"] == (
        "1000000.00", ["borrower_year_at_most"],
    )  # fmt: skip
    assert granted({**one, "interest_paid": "2700000"})["interest"] == ("0.00", ["after_repayment"])


@pytest.mark.parametrize(("loan", "amount", "limits"), [
    ("1000000", "20000.00", []), ("40000000", "800000.00", []), ("40000000.01", "800000.00", []),
    ("50000000", "800000.00", ["unit_at_most"]),
])  # fmt: skip
def test_guangzhou_gives_two_per_cent_of_the_loan_up_to_the_ceiling_of_a_unit(
    loan: str, amount: str, limits: list[str]
) -> None:
    assert granted({"scheme": "guangzhou-loan-aid", "loan": loan})["loan"] == (amount, limits)


def test_panyu_takes_loan_times_secured_share_times_benchmark_times_half() -> None:
    case = {"scheme": "番禺", "loan": "1000000", "ip_share": "60%", "benchmark": "3.45"}
    assert granted(case)["interest"] == ("10350.00", [])
    with pytest.raises(BenchmarkNeeded):
        aid({"scheme": "panyu", "loan": "1000000"})


def test_the_first_claim_of_a_borrowers_year_takes_what_the_second_then_lacks() -> None:
    claim = {"loan": "90000000", "interest_paid": "1500000", "rate": "3", "benchmark": "3", "repaid": True}
    answers = aid({"scheme": "nansha", "subsidy": "interest", "claims": [claim, claim, claim]})["claims"]
    assert [one["amount"] for [one] in answers] == ["750000.00", "250000.00", "0.00"]


@pytest.mark.parametrize(("case", "field"), [
    ({"loan": "1", "luck": 1}, "luck"), ({}, "loan"), ({"loan": "1", "subsidy": "interest"}, "rate"),
    ({"loan": "1", "subsidy": "interest", "rate": "3"}, "interest_paid"), ({"loan": "1", "months": "12"}, "months"),
    ({"loan": "1", **REPAID, "fees": {"lawyer": "1"}}, "fees.lawyer"), ({"loan": "1", **REPAID, "repaid": "yes"}, "repaid"),
    ({"loan": "1", **REPAID, "rate": "-1"}, "rate"), ({"claims": "many"}, "claims"), ({"loan": "1", "months": 0}, "months"),
])  # fmt: skip
def test_a_case_that_is_not_understood_names_its_value(case: dict[str, Any], field: str) -> None:
    with pytest.raises(Malformed) as refused:
        aid({"scheme": "nansha", **({"subsidy": "appraisal fee"} if "months" in case else {}), **case})
    assert list(refused.value.errors) == [field]


def test_a_scheme_that_publishes_no_aid_or_no_premium_says_so() -> None:
    with pytest.raises(NoSuchAid):
        aid({"scheme": "55", "loan": "1"})
    assert premium({"scheme": "5311", "loan": "1000000"})["premiums"] == []


def test_a_premium_counts_on_loan_secured_part_or_cover_by_month_or_once() -> None:
    rows = [
        {"party": "insurer", "rate": "2", "base": "loan", "period": "year", "payer": "borrower"},
        {"party": "insurer", "rate": "1", "base": "ip_principal", "period": "once", "payer": "bank"},
        {"party": "guarantor", "rate": "0.5", "base": "cover", "period": "year", "payer": "borrower"},
    ]
    scheme = {"shares": {"insurer": "60", "bank": "20", "guarantor": "20"}, "premium": rows}
    found = premium({"scheme": scheme, "loan": "1000000.01", "ip_share": "0.5", "months": 7})["premiums"]
    assert [one["amount"] for one in found] == ["11666.67", "5000.00", "291.67"]


MONEY = st.integers(0, 10**13).map(lambda minor: Money(minor, "CNY"))
RATES = st.fractions(0, 1, max_denominator=10_000)
SUBSIDIES = st.builds(
    Subsidy, name=st.just("aid"), kind=st.sampled_from([SubsidyKind.INTEREST_SHARE, SubsidyKind.LOAN_SHARE]),
    percent=RATES, benchmark_at_most=st.sampled_from([None, Benchmark.LPR_1Y]),
    months_at_most=st.none() | st.integers(1, 36), loan_at_most=st.none() | MONEY,
    borrower_year_at_most=st.none() | MONEY, unit_at_most=st.none() | MONEY, after_repayment=st.booleans(),
)  # fmt: skip
CASES = st.builds(
    AidCase, loan=MONEY, interest_paid=MONEY, months=st.integers(1, 60), rate=RATES, benchmark=RATES,
    repaid=st.booleans(), loan_so_far=MONEY, borrower_year_so_far=MONEY, unit_so_far=MONEY,
)  # fmt: skip


@given(subsidy=SUBSIDIES, case=CASES)
@settings(max_examples=150, deadline=None)
def test_aid_is_never_negative_nor_above_its_percentage_or_any_limit(subsidy: Subsidy, case: AidCase) -> None:
    grant = aid_for(subsidy, case)
    basis = case.loan if subsidy.kind is SubsidyKind.LOAN_SHARE else case.interest_paid
    assert basis is not None and cny(0) <= grant.amount <= basis.times(subsidy.percent) and grant.counted <= basis
    for most, used in (
        (subsidy.loan_at_most, case.loan_so_far), (subsidy.borrower_year_at_most, case.borrower_year_so_far),
        (subsidy.unit_at_most, case.unit_so_far),
    ):  # fmt: skip
        assert most is None or used is None or grant.amount <= max(cny(0), most - used)
    if subsidy.after_repayment and not case.repaid:
        assert (grant.amount, grant.limits) == (cny(0), (Limit.NOT_REPAID,))


@given(cap=MONEY, interests=st.lists(MONEY, min_size=1, max_size=6), share=RATES)
@settings(max_examples=80, deadline=None)
def test_a_years_limit_is_used_in_the_order_of_the_claims_to_the_cent(
    cap: Money, interests: list[Money], share: Fraction
) -> None:
    rule = Subsidy(name="aid", kind=SubsidyKind.INTEREST_SHARE, percent=share, borrower_year_at_most=cap)
    used, wanted = cny(0), cny(0)
    for interest in interests:
        grant = aid_for(rule, AidCase(loan=interest, interest_paid=interest, borrower_year_so_far=used))
        used, wanted = used + grant.amount, wanted + interest.times(share)
        assert used == min(cap, wanted)


@given(loan=MONEY, rate=RATES, months=st.integers(1, 60))
@settings(max_examples=80, deadline=None)
def test_a_yearly_premium_is_the_exact_fraction_within_half_a_cent(loan: Money, rate: Fraction, months: int) -> None:
    bases = dict.fromkeys(PremiumBase, loan)
    rule = Premium(party="insurer", rate=rate, base=PremiumBase.LOAN, period=PremiumPeriod.YEAR, payer=Payer.BORROWER)
    exact = loan.amount_minor * rate * Fraction(months, 12)
    assert abs(rule.due(bases, months).amount_minor - exact) <= Fraction(1, 2)


AID = {"name": "a", "kind": "interest_share", "percent": "50"}
PREMIUM = {"party": "insurer", "rate": "2", "base": "loan", "period": "year", "payer": "borrower"}


@pytest.mark.parametrize(("changed", "field"), [
    ({"subsidies": [{**AID, "percnt": "5"}]}, "subsidies.0.percnt"), ({"subsidies": [{"name": "a"}]}, "subsidies.0.kind"),
    ({"subsidies": [AID, AID]}, "subsidies.1.name"), ({"subsidies": [{**AID, "months_at_most": "12"}]}, "subsidies.0.months_at_most"),
    ({"subsidies": [{**AID, "after_repayment": "yes"}]}, "subsidies.0.after_repayment"),
    ({"subsidies": [{**AID, "benchmark_at_most": "libor"}]}, "subsidies.0.benchmark_at_most"),
    ({"subsidies": [{**AID, "fee": "appraisal"}]}, "subsidies.0.fee"), ({"subsidies": [{**AID, "percent": "101"}]}, "subsidies.0.percent"),
    ({"subsidies": [{**AID, "unit_at_most": "-1"}]}, "subsidies.0.unit_at_most"), ({"subsidies": AID}, "subsidies"),
    ({"subsidies": [{**AID, "not_with": ["b"]}]}, "subsidies.0.not_with"),
    ({"subsidies": [{**AID, "kind": "loan_share", "benchmark_at_most": "lpr_1y"}]}, "subsidies.0.benchmark_at_most"),
    ({"subsidies": [{**AID, "title": {"zh": 1}}]}, "subsidies.0.title.zh"), ({"subsidies": [{**AID, "source": 5}]}, "subsidies.0.source"),
    ({"premium": [{**PREMIUM, "rat": "2"}]}, "premium.0.rat"), ({"premium": [{**PREMIUM, "party": "nobody"}]}, "premium.0.party"),
    ({"premium": [{**PREMIUM, "party": "bank", "payer": "bank"}]}, "premium.0.payer"), ({"premium": "2"}, "premium"),
    ({"premium": [{**PREMIUM, "base": None}]}, "premium.0.base"), ({"premium": [{**PREMIUM, "rate": "-2"}]}, "premium.0.rate"),
    ({"premium": [{**PREMIUM, "period": "month"}]}, "premium.0.period"), ({"premium": [5]}, "premium.0"),
])  # fmt: skip
def test_a_misspelt_or_unfitting_term_is_named_by_its_path(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(Malformed) as refused:
        read_terms({"shares": {"insurer": "60", "bank": "40"}, **changed})
    assert list(refused.value.errors) == [f"scheme.{field}"]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 10**20) | st.floats() | st.text(max_size=3) | st.sampled_from(["5", "-5", "fund"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["name", "kind", "party", "zh"]), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip
SCHEMES = st.sampled_from(published_schemes())


@given(
    scheme=SCHEMES, term=st.sampled_from(sorted(KNOWN_TERMS)), value=st.sampled_from(sorted(LOAN | SHARE_VALUES)), given_term=ANYTHING,
    given_value=ANYTHING, answer=st.sampled_from([aid, premium, share]),
)  # fmt: skip
@settings(max_examples=250, deadline=None)
def test_whatever_is_written_into_a_scheme_or_a_case_is_answered_or_refused_but_never_a_fault(
    scheme: dict[str, Any], term: str, value: str, given_term: Any, given_value: Any, answer: Any
) -> None:
    case = {"scheme": {**scheme, term: given_term}, "loan": "1000", value: given_value}
    with suppress(Problem):
        assert answer(case)


def test_the_commands_compute_from_any_scheme_file_offline(app: APIFlask, tmp_path: Any) -> None:
    scheme, cases = tmp_path / "scheme.json", tmp_path / "cases.json"
    terms = {
        "shares": {"insurer": "60", "bank": "40"},
        "subsidies": [{**AID, "kind": "loan_share"}],
        "premium": [PREMIUM],
    }
    scheme.write_text(json.dumps(terms))
    case = {"scheme": str(scheme), "loan": "1000.01"}
    cases.write_text(json.dumps([case, {**case, "loan": "-1"}]))
    done = app.test_cli_runner().invoke(args=["risk-pool", "subsidy", str(cases)])
    first, second = json.loads(done.output)
    assert (done.exit_code, first["aid"][0]["amount"], second["error"]["code"]) == (0, "500.01", "malformed")
    done = app.test_cli_runner().invoke(args=["risk-pool", "premium"], input=json.dumps(case))
    assert (done.exit_code, json.loads(done.output)["premiums"][0]["amount"]) == (0, "20.00")
    alone = app.test_cli_runner().invoke(args=["risk-pool", "subsidy"], input='{"scheme": "55", "loan": "1"}')
    assert (alone.exit_code, json.loads(alone.output)["error"]["code"]) == (1, "no_such_aid")
    assert app.test_cli_runner().invoke(args=["risk-pool", "subsidy", "nowhere.json"]).exit_code == 2
