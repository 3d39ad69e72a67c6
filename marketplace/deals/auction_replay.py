"""Replay a published log with the rules alone: winner, price, accepted and refused events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.deals import auction_formats as formats
from marketplace.deals import auction_log as log
from marketplace.deals import auction_rules as rules


@dataclass
class Replay:
    """A lot as it is being replayed."""

    terms: rules.EnglishTerms
    chained: bool
    state: rules.LotState
    accepted: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    closing: log.LogEvent | None = None

    def apply(self, event: log.LogEvent) -> None:
        """Decide one event again; in a chained log a decision that differs breaks it."""
        if event.kind in ("opened", "defaulted", "second_chance"):
            return
        if self.closing is not None:
            raise log.LogBroken(sequence=event.sequence, fault="an event after the close")
        if event.kind == "closed":
            self.closing = event
        elif event.kind in ("bid", "buy_now"):
            self._decide(event)
        else:
            raise log.LogBroken(sequence=event.sequence, fault="unknown kind of event")

    def _decide(self, event: log.LogEvent) -> None:
        if event.bidder is None or event.amount is None:
            raise Malformed(f"events[{event.sequence}]", _l("A bid needs its bidder and its amount."))
        bidder, amount, at = event.bidder, event.amount, event.occurred_at
        if event.kind == "buy_now":
            verdict, after = (
                rules.judge_buy_now(self.terms, self.state, amount, at),
                rules.take_buy_now(self.state, bidder, amount, at),
            )
        else:
            verdict, after = (
                rules.judge_bid(self.terms, self.state, bidder, amount, at),
                rules.take_bid(self.terms, self.state, bidder, amount, at),
            )
        line = {"sequence": event.sequence, "bidder": bidder, "amount": amount.format()}
        if verdict is not rules.Verdict.ACCEPTED:
            self._refuse(event, verdict, line)
            return
        self.state = after
        if self.chained and event.closes_at != self.state.closes_at:
            raise log.LogBroken(sequence=event.sequence, fault="closing time")
        self.accepted.append({**line, "closes_at": log.instant_text(self.state.closes_at)})

    def _refuse(self, event: log.LogEvent, verdict: rules.Verdict, line: dict[str, Any]) -> None:
        if self.chained:
            raise log.LogBroken(sequence=event.sequence, fault=f"accepted against the rules ({verdict.value})")
        refusal = {**line, "code": verdict.value}
        if verdict is rules.Verdict.BID_TOO_LOW:
            refusal["minimum_acceptable"] = rules.minimum_acceptable(self.terms, self.state.high).format()
        self.refused.append(refusal)


def replay(case: Mapping[str, Any]) -> dict[str, Any]:
    """The result of one log (``terms`` and ``events``), of attempted bids (``terms`` and ``bids``) or of envelopes."""
    if not isinstance(case, Mapping) or not isinstance(case.get("terms"), Mapping):
        raise Malformed("terms", _l("A log needs its terms and its events."))
    kind = case["terms"].get("format", rules.AuctionFormat.ENGLISH.value)
    if kind in (rules.AuctionFormat.ENGLISH.value, rules.AuctionFormat.PRIORITY_RIGHT.value):
        return _replay_ascending(case)
    if kind in (rules.AuctionFormat.SEALED_FIRST_PRICE.value, rules.AuctionFormat.VICKREY.value):
        return _replay_sealed(case)
    if kind == rules.AuctionFormat.PROXY.value:
        return _replay_proxy(case)
    if kind in (rules.AuctionFormat.DUTCH.value, rules.AuctionFormat.HYBRID_DUTCH.value):
        return _replay_dutch(case)
    raise Malformed("terms", _l("This auction format is not known."))


def _events(case: Mapping[str, Any]) -> list[log.LogEvent]:
    rows = case.get("events", case.get("bids"))
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise Malformed("events", _l("A log needs its terms and its events."))
    currency = str(case["terms"].get("currency", "CNY"))
    return [log.read_event(row, currency, number) for number, row in enumerate(rows, start=1)]


def _replay_ascending(case: Mapping[str, Any]) -> dict[str, Any]:
    document, events = case["terms"], _events(case)
    chained = any(event.hash for event in events)
    if chained:
        log.check_chain(document, events)
    run = Replay(terms := log.read_terms(document, _revealed_reserve(case)), chained, rules.opening_state(terms))
    for event in events:
        run.apply(event)
    winner = rules.winner_of(terms, run.state)
    if chained and run.closing is not None:
        _check_close(run, run.closing, winner)
    status = "sold" if winner else "unsold"
    return {
        "status": status if run.closing is not None or not chained or run.state.ended else "open",
        "winner": winner[0] if winner else None,
        "price": _document(winner[1] if winner else None),
        "highest": _document(run.state.high),
        "leader": run.state.leader,
        "reserve_met": rules.reserve_is_met(terms, run.state),
        "closes_at": log.instant_text(run.state.closes_at),
        "accepted": run.accepted,
        "refused": run.refused,
        "chain": "valid" if chained else "absent",
        "head": events[-1].hash if chained and events else None,
    }


def _revealed_reserve(case: Mapping[str, Any]) -> Money | None:
    """A hidden reserve is published at the close with its salt and must match what was committed to."""
    revealed = case.get("reserve")
    if not isinstance(revealed, Mapping):
        return None
    amount = Money.parse(str(revealed["amount"]), str(revealed["currency"]))
    if log.reserve_commitment(amount, str(revealed.get("salt", ""))) != case["terms"].get("reserve_commitment"):
        raise log.LogBroken(sequence=1, fault="the reserve is not the one committed to")
    return amount


def _check_close(run: Replay, event: log.LogEvent, winner: tuple[str, Money] | None) -> None:
    withdrawn = event.detail == "withdrawn" and run.state.bids == 0
    if event.occurred_at < run.state.closes_at and not run.state.ended and not withdrawn:
        raise log.LogBroken(sequence=event.sequence, fault="closed too early")
    if (event.bidder, event.amount) != (winner or (None, None)):
        raise log.LogBroken(sequence=event.sequence, fault="the winner or the price does not follow from the bids")


def _replay_sealed(case: Mapping[str, Any]) -> dict[str, Any]:
    terms = case["terms"]
    currency = str(terms.get("currency", "CNY"))
    floor = Money.parse(str(terms.get("reserve") or terms.get("start") or "0"), currency)
    outcome = formats.open_envelopes(
        _envelopes(case),
        log.read_instant(str(terms.get("closes_at"))),
        floor,
        second_price=terms["format"] == rules.AuctionFormat.VICKREY.value,
    )
    return _outcome_document(outcome)


def _envelopes(case: Mapping[str, Any]) -> list[formats.SealedBid]:
    events = [event for event in _events(case) if event.kind in ("bid", "sealed", "withdrawal")]
    return [formats.SealedBid(event.bidder or "", event.amount, event.occurred_at) for event in events]


def _replay_proxy(case: Mapping[str, Any]) -> dict[str, Any]:
    terms = log.read_terms(case["terms"])
    maxima = [
        rules.Maximum(event.bidder or "", event.amount, event.occurred_at)
        for event in _events(case)
        if event.amount is not None and terms.opens_at <= event.occurred_at < terms.closes_at
    ]
    standing = rules.proxy_standing(terms, maxima)
    sold = standing is not None and (terms.reserve is None or standing[1] >= terms.reserve)
    return {
        "status": "sold" if sold else "unsold",
        "winner": standing[0] if standing and sold else None,
        "price": _document(standing[1] if standing and sold else None),
    }


def _replay_dutch(case: Mapping[str, Any]) -> dict[str, Any]:
    """First valid acceptance wins at the stage's price; in the hybrid the others then seal, the first answers."""
    terms = case["terms"]
    start = Money.parse(str(terms["start"]), str(terms.get("currency", "CNY")))
    opens_at = log.read_instant(str(terms["opens_at"]))
    stage_seconds = timedelta(seconds=int(terms.get("step_seconds", 305)))
    floor = Money.parse(str(terms.get("floor", "0")), start.currency)
    winner, price, refused = None, None, []
    for row in case.get("events", []):
        if row.get("kind") != "accept":
            continue
        current = (log.read_instant(row["occurred_at"]) - opens_at) // stage_seconds
        if formats.accepts_dutch(int(row.get("stage", current)), current, winner is not None):
            winner = row["bidder"]
            price = formats.dutch_price(start, int(terms.get("step_bps", 100)), current, floor)
        else:
            refused.append({"bidder": row.get("bidder"), "code": "lot_closed" if winner else "stage_over"})
    if terms["format"] == rules.AuctionFormat.DUTCH.value or winner is None or price is None:
        return {
            "status": "sold" if winner else "unsold",
            "winner": winner,
            "price": _document(price),
            "refused": refused,
        }
    others = {**case, "events": [row for row in case["events"] if row.get("kind") in ("sealed", "withdrawal")]}
    answers = [event for event in _events(case) if event.kind == "best" and event.bidder == winner]
    best = answers[-1].amount if answers else None
    sealed_until = log.read_instant(str(terms["sealed_closes_at"]))
    return _outcome_document(formats.hybrid_outcome(winner, price, _envelopes(others), best, sealed_until))


def _outcome_document(outcome: formats.SealedOutcome) -> dict[str, Any]:
    return {
        "status": "sold" if outcome.winner else "unsold",
        "winner": outcome.winner,
        "price": _document(outcome.price),
        "ascending": [{"bidder": bidder, "amount": amount.format()} for bidder, amount in outcome.ascending],
    }


def _document(amount: Money | None) -> dict[str, str] | None:
    return None if amount is None else {"amount": amount.format(), "currency": amount.currency}
