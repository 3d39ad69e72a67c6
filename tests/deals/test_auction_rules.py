"""The rules of an ascending auction, without database."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.money import Money
from marketplace.deals import auction_rules as rules
from marketplace.deals.auction_replay import replay

OPENS = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
CLOSES = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def yuan(amount: int) -> Money:
    return Money(amount * 100, "CNY")


def terms(**changes: object) -> rules.LotTerms:
    given_terms = {
        "start": yuan(100_000),
        "increments": (rules.IncrementStep(None, yuan(10_000)),),
        "opens_at": OPENS,
        "closes_at": CLOSES,
    }
    return rules.LotTerms(**{**given_terms, **changes})  # type: ignore[arg-type]  # the makers' keywords


def judged(lot: rules.LotTerms, state: rules.LotState, amount: Money, at: datetime, bidder: str = "B1") -> str:
    return rules.judge_bid(lot, state, bidder, amount, at).value


def test_the_first_bid_must_reach_the_start_price() -> None:
    state = rules.opening_state(terms())
    assert judged(terms(), state, yuan(99_999), OPENS) == "bid_too_low"
    assert judged(terms(), state, yuan(100_000), OPENS) == "accepted"


def test_a_later_bid_must_exceed_the_highest_by_one_step() -> None:
    state = rules.take_bid(terms(), rules.opening_state(terms()), "B1", yuan(100_000), OPENS)
    assert judged(terms(), state, yuan(109_999), OPENS, "B2") == "bid_too_low"
    assert judged(terms(), state, yuan(110_000), OPENS, "B2") == "accepted"


@pytest.mark.parametrize(
    ("price", "step"),
    [(9_999, 100), (10_000, 1_000), (99_999, 1_000), (100_000, 10_000), (1_000_000, 50_000), (10_000_000, 100_000)],
)
def test_the_usual_table_raises_the_step_with_the_price(price: int, step: int) -> None:
    lot = terms(increments=rules.default_increments("CNY"))
    assert lot.step_above(yuan(price)) == yuan(step)


def test_time_is_decided_at_the_instant_of_acceptance() -> None:
    state, tick = rules.opening_state(terms()), timedelta(microseconds=1)
    assert judged(terms(), state, yuan(100_000), OPENS - tick) == "lot_not_open"
    assert judged(terms(), state, yuan(100_000), CLOSES - tick) == "accepted"
    assert judged(terms(), state, yuan(100_000), CLOSES) == "lot_closed"


def test_another_currency_is_refused() -> None:
    assert judged(terms(), rules.opening_state(terms()), Money(10_000_000, "USD"), OPENS) == "wrong_currency"


@given(st.integers(min_value=0, max_value=10_800), st.sampled_from(list(rules.ExtendFrom)))
def test_the_end_never_moves_earlier(seconds_before: int, origin: rules.ExtendFrom) -> None:
    lot = terms(extend_from=origin)
    at = CLOSES - timedelta(seconds=seconds_before)
    moved = rules.extended_close(lot, CLOSES, at)
    assert moved >= CLOSES
    if at >= CLOSES - lot.soft_close_window:
        assert moved == (at if origin is rules.ExtendFrom.BID else CLOSES) + lot.soft_close_extension
    else:
        assert moved == CLOSES


def test_an_extension_may_be_capped() -> None:
    lot = terms(max_extension=timedelta(minutes=2))
    assert rules.extended_close(lot, CLOSES, CLOSES - timedelta(seconds=1)) == CLOSES + timedelta(minutes=2)


def test_a_highest_bid_under_the_reserve_sells_nothing() -> None:
    lot = terms(reserve=yuan(150_000))
    state = rules.take_bid(lot, rules.opening_state(lot), "B1", yuan(140_000), OPENS)
    assert rules.winner_of(lot, state) is None
    state = rules.take_bid(lot, state, "B2", yuan(150_000), OPENS)
    assert rules.winner_of(lot, state) == ("B2", yuan(150_000))


def test_buying_outright_ends_the_lot_and_is_over_after_the_first_bid() -> None:
    lot = terms(buy_now=yuan(300_000))
    state = rules.opening_state(lot)
    assert rules.judge_buy_now(lot, state, yuan(299_999), OPENS) is rules.Verdict.BUY_NOW_OVER
    assert rules.judge_buy_now(lot, state, yuan(300_000), OPENS) is rules.Verdict.ACCEPTED
    ended = rules.take_buy_now(state, "B1", yuan(300_000), OPENS)
    assert judged(lot, ended, yuan(400_000), OPENS) == "lot_closed"
    bid = rules.take_bid(lot, state, "B1", yuan(100_000), OPENS)
    assert rules.judge_buy_now(lot, bid, yuan(300_000), OPENS) is rules.Verdict.BUY_NOW_OVER


def test_a_priority_holder_wins_at_an_equal_price_by_rank() -> None:
    lot = terms(priority_holders={"P1": 1, "P2": 2})
    state = rules.take_bid(lot, rules.opening_state(lot), "B1", yuan(100_000), OPENS)
    assert judged(lot, state, yuan(100_000), OPENS, "B2") == "bid_too_low"
    assert judged(lot, state, yuan(100_000), OPENS, "P2") == "accepted"
    state = rules.take_bid(lot, state, "P2", yuan(100_000), OPENS)
    assert judged(lot, state, yuan(100_000), OPENS, "P1") == "accepted"
    state = rules.take_bid(lot, state, "P1", yuan(100_000), OPENS)
    assert judged(lot, state, yuan(100_000), OPENS, "P2") == "bid_too_low"
    assert judged(lot, state, yuan(100_000), CLOSES, "P1") == "lot_closed"
    assert rules.winner_of(lot, state) == ("P1", yuan(100_000))


def proxy_outcome(pairs: list[tuple[str, int]]) -> tuple[str | None, int]:
    """Winner and price in yuan when these maxima come in one after the other."""
    document = {"format": "proxy", "start": "100000", "increments": [{"below": None, "step": "10000"}],
                "opens_at": OPENS.isoformat(), "closes_at": CLOSES.isoformat()}  # fmt: skip
    bids = [
        {"bidder": who, "maximum": str(most), "at": (OPENS + timedelta(seconds=at)).isoformat()}
        for at, (who, most) in enumerate(pairs)
    ]
    answer = replay({"terms": document, "bids": bids})
    return answer["winner"], int(float(answer["price"]["amount"])) if answer["price"] else 0


def test_proxy_price_is_one_step_over_the_second_maximum() -> None:
    assert proxy_outcome([]) == (None, 0)
    assert proxy_outcome([("A", 500_000)]) == ("A", 100_000)
    two = [("A", 500_000), ("B", 300_000)]
    assert proxy_outcome(two) == ("A", 310_000)
    assert proxy_outcome([*two, ("B", 495_000)]) == ("A", 500_000)
    assert proxy_outcome([*two, ("B", 500_000)]) == ("A", 500_000)


@given(st.lists(st.tuples(st.sampled_from("ABCD"), st.integers(50_000, 900_000)), max_size=12))
def test_a_proxy_winner_never_pays_more_than_its_maximum(pairs: list[tuple[str, int]]) -> None:
    leader, price = proxy_outcome(pairs)
    if leader:
        assert price <= max(most for who, most in pairs if who == leader)


def test_a_deposit_is_five_to_twenty_per_cent_of_the_start() -> None:
    assert rules.deposit_required(yuan(100_000), 1000) == yuan(10_000)
    for outside in (499, 2001):
        with pytest.raises(ValueError):
            rules.deposit_required(yuan(100_000), outside)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"start": yuan(0)}, "amounts_must_be_positive"),
        ({"reserve": yuan(1)}, "reserve_below_start"),
        ({"reserve": Money(1, "USD")}, "one_currency"),
        ({"buy_now": yuan(99)}, "buy_now_below_reserve"),
        ({"closes_at": OPENS}, "must_close_after_opening"),
        ({"increments": ()}, "increments_must_ascend_and_end_open"),
        ({"increments": (rules.IncrementStep(yuan(5), yuan(1)),)}, "increments_must_ascend_and_end_open"),
    ],
)
def test_impossible_terms_are_named(changes: dict[str, object], fault: str) -> None:
    assert terms(**changes).faults() == [fault]
