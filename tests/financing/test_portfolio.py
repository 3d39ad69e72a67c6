"""A book from several sides and under stress: parts sum to the whole, worse shocks never cost less, pages show one's own."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.clock import now
from marketplace.core.money import Money
from marketplace.financing.classification import LoanClass
from marketplace.financing.monitoring import LEAST_COVERAGE_BPS, watch_loan
from marketplace.financing.portfolio import Cut, Position, divide_book
from marketplace.financing.stress import Shock, fail_evenly, fail_weakest_first, loss_if_failed, outcome_of
from tests.makers.financing import cny, make_bank, make_parties, make_running_loan
from tests.makers.values import make_value

POSITION = Position(
    loan_id=UUID(int=1), bank_id=UUID(int=9), borrower_id=UUID(int=8), region="Guangzhou", field="H04",
    vintage="2026 Q1", principal=cny(10_000), outstanding=cny(10_000), value=cny(20_000), score=0, days_past_due=0,
    loan_class=LoanClass.NORMAL,
)  # fmt: skip


@st.composite
def books(draw: Any) -> list[Position]:
    rows = draw(st.lists(st.tuples(st.integers(1, 10**9), st.none() | st.integers(0, 10**9), st.integers(0, 100),
                                   st.sampled_from(list(LoanClass)), st.sampled_from("ABC")), max_size=8))  # fmt: skip
    return [
        replace(POSITION, loan_id=UUID(int=number), outstanding=Money(owed, "CNY"), score=score, loan_class=tier,
                value=None if worth is None else Money(worth, "CNY"), field=field)
        for number, (owed, worth, score, tier, field) in enumerate(rows)
    ]  # fmt: skip


shocks = st.builds(
    Shock, value_fall_bps=st.integers(0, 10_000), default_rate_bps=st.integers(0, 10_000),
    sale_cost_bps=st.integers(0, 10_000),
)  # fmt: skip


@given(books())
def test_the_parts_of_a_book_sum_to_the_book(book: list[Position]) -> None:
    parts = divide_book(book, Cut.FIELD)
    assert sum(part.loans for part in parts) == len(book)
    assert sum(part.outstanding.amount_minor for part in parts) == sum(one.outstanding.amount_minor for one in book)
    assert sum(part.share_bps for part in parts) <= 10_000
    assert [part.outstanding for part in parts] == sorted((part.outstanding for part in parts), reverse=True)


@given(books(), shocks, st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_worse_shock_never_costs_less_and_no_more_than_the_book(
    book: list[Position], shock: Shock, fall: int, rate: int
) -> None:
    worse = replace(shock, value_fall_bps=max(shock.value_fall_bps, fall),
                    default_rate_bps=max(shock.default_rate_bps, rate))  # fmt: skip
    mild, harsh = (outcome_of(fail_evenly(book, one), one, LEAST_COVERAGE_BPS) for one in (shock, worse))
    assert mild.loss <= harsh.loss <= harsh.exposure and mild.missing_value <= harsh.missing_value
    weakest = outcome_of(fail_weakest_first(book, worse), worse, LEAST_COVERAGE_BPS)
    assert weakest.loss <= weakest.exposure


def test_a_failed_loan_loses_what_the_fallen_value_less_the_sale_does_not_bring() -> None:
    shock = Shock(value_fall_bps=5_000, default_rate_bps=1_000, sale_cost_bps=2_000)
    assert loss_if_failed(POSITION, shock) == cny(2_000)
    assert loss_if_failed(replace(POSITION, value=None), shock) == cny(10_000)
    [failure] = fail_evenly([POSITION], shock)
    assert failure.expected == cny(200)


def test_the_loudest_warnings_fail_first_until_the_stated_part_has_failed() -> None:
    loud, calm = replace(POSITION, score=80), replace(POSITION, loan_id=UUID(int=2))
    shock = Shock(value_fall_bps=0, default_rate_bps=5_000)
    assert [one.chance_bps for one in fail_weakest_first([calm, loud], shock)] == [0, 10_000]
    broken = replace(calm, loan_class=LoanClass.LOSS)
    assert [one.chance_bps for one in fail_weakest_first([broken, loud], shock)] == [10_000, 5_000]


def test_a_bank_sees_its_own_book_by_every_side_and_under_stress(client: Any, sign_in: Any, db: Any) -> None:
    parties = make_parties()
    loan = make_running_loan(parties)
    make_value(parties.asset_id, cny(12_000), now())
    watch_loan(loan.id, now().date(), now())
    db.commit()
    assert sign_in(client, None).get("/api/v1/financing/portfolio").status_code == 401
    assert sign_in(client, parties.holder).get("/financing/portfolio").status_code == 403
    sign_in(client, parties.officer)
    for language, words in (("en", "The loudest warnings first"), ("zh", "预警最重的先违约")):
        for cut in ("field", "region", "vintage"):
            assert words in client.get(f"/financing/portfolio?cut={cut}&lang={language}").text
    assert client.get("/financing/portfolio?value_fall=101").status_code == 422
    shown = client.get("/api/v1/financing/portfolio?value_fall=50&default_rate=10&sale_cost=0").json
    assert shown["evenly"]["loss"]["amount"] == "400.00" and shown["parts"][0]["loans"] == 1
    assert shown["evenly"]["missing_value"]["amount"] == "10666.00"
    rival = sign_in(client, make_bank()[0]).get("/api/v1/financing/portfolio").json
    assert rival["parts"] == [] and rival["evenly"]["exposure"]["amount"] == "0.00"
