"""A stranger recomputes winner and price from the published log alone."""

import copy
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.errors import Malformed
from marketplace.core.money import Money
from marketplace.deals import auction_log as log
from marketplace.deals import auction_rules as rules
from marketplace.deals import replay_ascending, replay_falling, replay_log, replay_sealed
from marketplace.deals.auction_replay import replay
from marketplace.deals.auction_terms import read_terms
from marketplace.deals.replay_log import LogBroken, read_instant

OPENS = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
CLOSES = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
GENESIS = "0" * 64
TERMS: dict[str, Any] = {
    "format": "english",
    "currency": "CNY",
    "start": "100000.00",
    "increments": [{"below": None, "step": "10000.00"}],
    "opens_at": "2026-11-22T09:00:00Z",
    "closes_at": "2026-11-22T12:00:00Z",
}


def bid(bidder: str, amount: str, at: str, **more: Any) -> dict[str, Any]:
    return {"bidder": bidder, "amount": amount, "at": f"2026-11-22T{at}Z", **more}


def as_event(row: dict[str, Any]) -> log.LogEvent:
    amount = row["amount"] and Money.parse(row["amount"]["amount"], "CNY")
    instants = (read_instant(row["occurred_at"]), read_instant(row["closes_at"]))
    return log.LogEvent(row["sequence"], row["kind"], *instants, row["bidder"], amount, row["detail"])


def published(bids: list[tuple[str, int, datetime]], reserve: int | None = None) -> dict[str, Any]:
    """A log as the marketplace publishes it after the close."""
    hidden = None if reserve is None else Money(reserve, "CNY")
    document = {**TERMS, "reserve_commitment": hidden and log.reserve_commitment(hidden, "salt")}
    terms = read_terms(document, hidden)
    state, events, previous = rules.opening_state(terms), [], GENESIS

    def append(kind: str, at: datetime, **more: Any) -> None:
        nonlocal previous
        event = log.LogEvent(len(events) + 1, kind, at, state.closes_at, previous_hash=previous, **more)
        events.append(event := replace(event, hash=event.computed_hash(previous)))
        previous = event.hash

    append("opened", OPENS, detail=log.terms_hash(document))
    for bidder, amount_minor, at in bids:
        amount = Money(amount_minor, "CNY")
        if rules.judge_bid(terms, state, bidder, amount, at) is rules.Verdict.ACCEPTED:
            state = rules.take_bid(terms, state, bidder, amount, at)
            append("bid", at, bidder=bidder, amount=amount)
    winner = rules.winner_of(terms, state)
    append("closed", state.closes_at, bidder=winner and winner[0], amount=winner and winner[1])
    revealed = hidden and {"amount": hidden.format(), "currency": "CNY", "salt": "salt"}
    return {"terms": document, "events": [log.event_document(one) for one in events], "reserve": revealed}


def test_attempted_bids_are_sorted_into_accepted_and_refused() -> None:
    answer = replay(
        {
            "terms": TERMS,
            "bids": [
                bid("A", "100000", "09:00:00"),
                bid("B", "105000", "10:00:00"),
                bid("B", "110000", "11:58:00"),
                bid("A", "120000", "12:02:59"),
                bid("B", "130000", "12:08:00"),
            ],
        }
    )
    assert answer["winner"] == "A"
    assert answer["price"] == {"amount": "120000.00", "currency": "CNY"}
    assert answer["closes_at"] == "2026-11-22T12:07:59.000000Z"
    assert [line["code"] for line in answer["refused"]] == ["bid_too_low", "lot_closed"]
    assert answer["refused"][0]["minimum_acceptable"] == "110000.00"


def test_a_published_log_replays_to_its_winner() -> None:
    answer = replay(published([("B1", 10_000_000, OPENS), ("B2", 12_000_000, OPENS)], reserve=12_000_000))
    assert (answer["status"], answer["winner"], answer["chain"]) == ("sold", "B2", "valid")


def test_a_log_under_its_reserve_is_unsold() -> None:
    answer = replay(published([("B1", 10_000_000, OPENS)], reserve=12_000_000))
    assert (answer["status"], answer["winner"], answer["leader"]) == ("unsold", None, "B1")


@pytest.mark.parametrize("field", ["amount", "bidder", "occurred_at", "closes_at", "hash", "previous_hash"])
def test_an_edited_event_breaks_the_chain(field: str) -> None:
    edited = published([("B1", 10_000_000, OPENS), ("B2", 12_000_000, OPENS)])
    changes = {"amount": {"amount": "1.00", "currency": "CNY"}, "bidder": "B9", "hash": "0" * 64}
    edited["events"][1][field] = changes.get(field, "2026-11-22T09:00:01Z" if field.endswith("_at") else "f" * 64)
    with pytest.raises(LogBroken):
        replay(edited)


def test_a_removed_event_and_changed_terms_are_found() -> None:
    whole = published([("B1", 10_000_000, OPENS), ("B2", 12_000_000, OPENS)])
    without = copy.deepcopy(whole)
    del without["events"][1]
    with pytest.raises(LogBroken):
        replay(without)
    with pytest.raises(LogBroken):
        replay({**whole, "terms": {**whole["terms"], "start": "1.00"}})


def test_a_rehashed_but_wrong_decision_is_found() -> None:
    forged = published([("B1", 10_000_000, OPENS), ("B2", 12_000_000, OPENS)])
    events = [as_event(row) for row in forged["events"]]
    events[2] = replace(events[2], amount=Money(10_000_001, "CNY"))
    previous, rehashed = GENESIS, []
    for event in events:
        event = replace(event, previous_hash=previous, hash=event.computed_hash(previous))
        previous = event.hash
        rehashed.append(log.event_document(event))
    with pytest.raises(LogBroken) as broken:
        replay({**forged, "events": rehashed})
    assert broken.value.params["sequence"] == 3


def test_a_revealed_reserve_must_be_the_one_committed_to() -> None:
    cheated = published([("B1", 10_000_000, OPENS)], reserve=12_000_000)
    cheated["reserve"]["amount"] = "100000.00"
    with pytest.raises(LogBroken):
        replay(cheated)


@given(
    st.lists(st.tuples(st.sampled_from(["B1", "B2", "B3"]), st.integers(1, 3_000), st.integers(0, 11_500)), max_size=30)
)
def test_any_history_replays_to_the_stored_result(attempts: list[tuple[str, int, int]]) -> None:
    bids = [(who, amount * 1_000_000, OPENS + timedelta(seconds=at)) for who, amount, at in attempts]
    document = published(sorted(bids, key=lambda one: one[2]))
    answer = replay(document)
    closing = document["events"][-1]
    assert (answer["winner"], answer["price"]) == (closing["bidder"], closing["amount"])
    amounts = [float(line["amount"]) for line in answer["accepted"]]
    assert amounts == sorted(set(amounts))
    assert answer["refused"] == []


def test_envelopes_replay_by_first_and_second_price() -> None:
    terms = {"format": "vickrey", "currency": "CNY", "start": "100", "closes_at": "2026-11-22T12:00:00Z"}
    bids = [bid("A", "300", "09:00:00"), bid("B", "500", "09:00:00"), bid("C", "900", "12:00:00")]
    assert replay({"terms": terms, "bids": bids})["price"]["amount"] == "300.00"
    first = replay({"terms": {**terms, "format": "sealed_first_price"}, "bids": bids})
    assert (first["winner"], first["price"]["amount"]) == ("B", "500.00")


def test_a_falling_price_goes_to_the_first_acceptance_of_the_running_stage() -> None:
    terms = {"format": "dutch", "currency": "CNY", "start": "26000", "opens_at": "2026-11-22T09:00:00Z"}
    events = [
        {"kind": "accept", "bidder": "A", "stage": 0, "occurred_at": "2026-11-22T09:06:00Z"},
        {"kind": "accept", "bidder": "B", "stage": 1, "occurred_at": "2026-11-22T09:06:00Z"},
        {"kind": "accept", "bidder": "C", "stage": 1, "occurred_at": "2026-11-22T09:06:01Z"},
    ]
    answer = replay({"terms": terms, "events": events})
    assert (answer["winner"], answer["price"]["amount"]) == ("B", "25740.00")
    assert [line["code"] for line in answer["refused"]] == ["stage_over", "lot_closed"]


def test_the_hybrid_gives_the_first_bidder_the_last_word() -> None:
    terms = {
        "format": "hybrid_dutch",
        "currency": "CNY",
        "start": "26000",
        "opens_at": "2026-11-22T09:00:00Z",
        "sealed_closes_at": "2026-11-22T10:00:00Z",
    }
    events = [
        {"kind": "accept", "bidder": "A", "stage": 0, "occurred_at": "2026-11-22T09:00:00Z"},
        {"kind": "sealed", "bidder": "B", "amount": "27000", "occurred_at": "2026-11-22T09:30:00Z"},
    ]
    assert replay({"terms": terms, "events": events})["winner"] == "B"
    best = {"kind": "best", "bidder": "A", "amount": "27000.01", "occurred_at": "2026-11-22T10:01:00Z"}
    assert replay({"terms": terms, "events": [*events, best]})["winner"] == "A"


def test_proxy_maxima_replay_to_one_step_over_the_second() -> None:
    bids = [bid("A", "500000", "09:00:00"), bid("B", "300000", "09:01:00")]
    answer = replay({"terms": {**TERMS, "format": "proxy"}, "bids": bids})
    assert (answer["winner"], answer["price"]["amount"]) == ("A", "310000.00")


@pytest.mark.parametrize(
    "case",
    [
        {},
        {"terms": {}},
        {"terms": TERMS},
        {"terms": {**TERMS, "format": "raffle"}, "bids": []},
        {"terms": {**TERMS, "start": "-5"}, "bids": []},
        {"terms": {**TERMS, "start": "NaN"}, "bids": []},
        {"terms": TERMS, "bids": [{"bidder": "A"}]},
        {"terms": TERMS, "bids": [bid("A", "1e5", "09:00:00")]},
        {"terms": TERMS, "bids": [{"bidder": "A", "amount": "100000", "at": "2026-11-22T09:00:00"}]},
    ],
)
def test_an_unreadable_case_is_malformed(case: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        replay(case)


def test_the_replay_shares_no_rule_with_the_live_auctions() -> None:
    modules = [replay_ascending, replay_falling, replay_log, replay_sealed]
    sources = [Path(str(module.__file__)).read_text() for module in modules]
    assert not [text for text in sources if re.search("auction_rules|auction_formats|core.db|sqlalchemy", text)]


def test_a_priority_holder_wins_at_an_equal_price_and_ranks_decide_between_holders() -> None:
    terms = {**TERMS, "format": "priority_right", "priority_holders": {"P1": 1, "P2": 2}}
    bids = [bid("A", "100000", "09:00:00"), bid("P2", "100000", "09:01:00"), bid("P1", "100000", "09:02:00")]
    bids += [bid("P2", "100000", "09:03:00"), bid("A", "100000", "09:04:00")]
    answer = replay({"terms": terms, "bids": bids})
    assert (answer["winner"], answer["price"]["amount"]) == ("P1", "100000.00")
    assert [line["bidder"] for line in answer["refused"]] == ["P2", "A"]


def test_equal_maxima_go_to_the_earlier_and_a_raised_one_keeps_the_price() -> None:
    terms = {**TERMS, "format": "proxy"}
    bids = [bid("A", "300000", "09:00:00"), bid("B", "300000", "09:01:00"), bid("A", "400000", "09:02:00")]
    answer = replay({"terms": terms, "bids": bids})
    assert (answer["winner"], answer["price"]["amount"]) == ("A", "300000.00")


def test_withdrawn_and_late_envelopes_do_not_count() -> None:
    terms = {"format": "sealed_first_price", "start": "100", "closes_at": "2026-11-22T12:00:00Z"}
    bids = [bid("A", "300", "09:00:00"), bid("B", "200", "09:00:00"), bid("A", "-1", "09:30:00")]
    answer = replay({"terms": terms, "bids": [*bids, bid("C", "900", "12:00:00")]})
    assert (answer["winner"], answer["live"]) == ("B", 1)
    assert [line["code"] for line in answer["refused"]] == ["lot_closed"]
