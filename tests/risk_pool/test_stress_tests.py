"""A pool under stress: it pays its part of every loss by the scheme of the loan, against what it holds."""

from dataclasses import replace
from fractions import Fraction
from typing import Any
from uuid import UUID

from marketplace.financing.classification import LoanClass
from marketplace.financing.portfolio import Position
from marketplace.financing.stress import Shock, fail_evenly
from marketplace.risk_pool.published_schemes import published_scheme
from marketplace.risk_pool.stress_tests import Covered, cost_to_pool
from marketplace.risk_pool.terms_reading import read_terms
from tests.makers.identity import make_actor
from tests.makers.risk_pool import World, cny

POSITION = Position(
    loan_id=UUID(int=1), bank_id=UUID(int=9), borrower_id=UUID(int=8), region="Guangzhou", field="H04",
    vintage="2026 Q1", principal=cny(4_000_000), outstanding=cny(4_000_000), value=cny(5_000_000), score=0,
    days_past_due=0, loan_class=LoanClass.NORMAL,
)  # fmt: skip
SHOCK = Shock(value_fall_bps=5_000, default_rate_bps=1_000, sale_cost_bps=2_000)


def covered(name: str, cover: str = "2000000") -> Covered:
    return Covered(read_terms(published_scheme(name), ""), cny(4_000_000), Fraction(1), cny(cover))


def test_the_pool_pays_half_of_the_expected_loss_under_55_and_what_is_missing_is_told() -> None:
    failures = fail_evenly([POSITION], SHOCK)
    paid = cost_to_pool(failures, {POSITION.loan_id: covered("55")}, cny(50_000))
    assert (paid.compensation, paid.missing) == (cny(100_000), cny(50_000))


def test_the_cover_committed_limits_what_the_pool_pays() -> None:
    paid = cost_to_pool(fail_evenly([POSITION], SHOCK), {POSITION.loan_id: covered("55", "400000")}, cny(50_000))
    assert (paid.compensation, paid.missing) == (cny(40_000), cny(0))


def test_a_bank_above_the_limit_of_its_scheme_would_be_stopped() -> None:
    limited = replace(covered("55"), terms=replace(covered("55").terms, bank_year_loss_rate=Fraction(3, 100)))
    harsh = fail_evenly([POSITION], SHOCK)
    mild = fail_evenly([POSITION], replace(SHOCK, default_rate_bps=500))
    assert cost_to_pool(harsh, {POSITION.loan_id: limited}, cny(1)).stopped == (POSITION.bank_id,)
    assert cost_to_pool(mild, {POSITION.loan_id: limited}, cny(1)).stopped == ()


def test_only_the_pools_own_administrator_sees_its_book(world: World, client: Any, sign_in: Any, db: Any) -> None:
    page, path = f"/risk-pool/pools/{world.pool.id}/portfolio", f"/api/v1/risk-pools/{world.pool.id}/portfolio"
    db.commit()
    assert sign_in(client, None).get(path).status_code == 401
    assert sign_in(client, world.officer).get(path).status_code in (403, 404)
    assert sign_in(client, make_actor(kind="pool_administrator")).get(page).status_code == 404
    sign_in(client, world.reviewer)
    for language, words in (("en", "What the pool would pay"), ("zh", "资金池需要补偿")):
        assert words in client.get(f"{page}?cut=bank&lang={language}").text
    assert client.get(path).json["evenly"]["balance"]["amount"] == "40000000.00"
    assert client.get(f"{path}?sale_cost=-1").status_code == 422
