"""A stranger's replay of ascending lots: open bids, priority rights, buying outright, proxy maxima.

Written apart from the rules that decide live bids: plain integers, its own reading of the published terms.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l
from marketplace.deals.replay_log import (
    AFTERWARDS,
    Line,
    LogBroken,
    amount_document,
    check_chain,
    check_close,
    currency_of,
    instant_text,
    is_chained,
    minor,
    outcome,
    plain,
    read_instant,
    read_lines,
    revealed_reserve,
)

USUAL_STEPS = ((10_000_00, 100_00), (100_000_00, 1_000_00), (1_000_000_00, 10_000_00), (10_000_000_00, 50_000_00))
LAST_USUAL_STEP = 100_000_00


@dataclass(frozen=True)
class Terms:
    """What a published terms document says about an ascending lot."""

    currency: str
    start: int
    steps: tuple[tuple[int | None, int], ...]
    opens_at: datetime
    closes_at: datetime
    window: timedelta
    extension: timedelta
    from_bid: bool
    limit: timedelta | None
    reserve: int | None
    buy_now: int | None
    ranks: Mapping[str, int]
    proxy: bool

    def step(self, price: int) -> int:
        """The smallest raise over a price."""
        return next(step for below, step in self.steps if below is None or price < below)


def read_terms(document: Mapping[str, Any], reserve: int | None) -> Terms:
    """Read the published document; a public reserve stands in it, a hidden one was revealed."""
    try:
        currency = currency_of(document)
        start = minor(document["start"], currency)
        public = document.get("reserve")
        limit = document.get("max_extension_seconds")
        holders = document.get("priority_holders") or {}
        terms = Terms(
            currency=currency,
            start=start,
            steps=_steps(document.get("increments"), currency),
            opens_at=read_instant(document["opens_at"], "opens_at"),
            closes_at=read_instant(document["closes_at"], "closes_at"),
            window=timedelta(seconds=int(document.get("soft_close_window_seconds", 300))),
            extension=timedelta(seconds=int(document.get("soft_close_extension_seconds", 300))),
            from_bid=document.get("extend_from", "bid") == "bid",
            limit=None if limit is None else timedelta(seconds=int(limit)),
            reserve=reserve if public is None else minor(public, currency),
            buy_now=None if document.get("buy_now") is None else minor(document["buy_now"], currency),
            ranks=_ranks(holders),
            proxy=document.get("format") == "proxy" or bool(document.get("proxy")),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as fault:
        raise Malformed("terms", _l("The terms of the log cannot be read.")) from fault
    _require_sound(terms)
    return terms


def _ranks(holders: object) -> dict[str, int]:
    if isinstance(holders, Mapping):
        return {str(name): int(rank) for name, rank in holders.items()}
    return {str(name): place for place, name in enumerate(list(holders), start=1)}  # type: ignore[call-overload]  # a JSON list; anything else raises TypeError


def _steps(rows: object, currency: str) -> tuple[tuple[int | None, int], ...]:
    if rows is None:
        return (*USUAL_STEPS, (None, LAST_USUAL_STEP))
    if not isinstance(rows, list):
        return ((None, minor(rows, currency)),)
    return tuple(
        (None if row.get("below") is None else minor(row["below"], currency), minor(row["step"], currency))
        for row in rows
    )


def _require_sound(terms: Terms) -> None:
    bounds = [below for below, _step in terms.steps if below is not None]
    table = terms.steps and terms.steps[-1][0] is None and len(bounds) == len(terms.steps) - 1
    if terms.start <= 0 or not table or bounds != sorted(set(bounds)) or any(step <= 0 for _below, step in terms.steps):
        raise Malformed("terms", _l("The terms of the log cannot be read."))
    if terms.closes_at <= terms.opens_at:
        raise Malformed("terms", _l("The terms of the log cannot be read."))


@dataclass
class Lot:
    """A lot as it is being replayed."""

    terms: Terms
    chained: bool
    closes_at: datetime
    high: int | None = None
    leader: str | None = None
    bids: int = 0
    over: bool = False
    maximum: int = 0
    pressed: int | None = None
    standing: dict[str, int] = field(default_factory=dict)
    unconfirmed: dict[str, int] = field(default_factory=dict)
    accepted: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)

    def minimum(self) -> int:
        """The smallest amount the next bidder may name."""
        return self.terms.start if self.high is None else self.high + self.terms.step(self.high)

    def fault(self, line: Line, amount: int) -> str | None:
        """Why the rules refuse this line, or nothing."""
        if self.over or line.at >= self.closes_at:
            return "lot_closed"
        if line.at < self.terms.opens_at:
            return "lot_not_open"
        if line.currency != self.terms.currency:
            return "wrong_currency"
        if line.kind == "buy_now":
            return None if self.bids == 0 and amount == self.terms.buy_now else "buy_now_over"
        if amount >= self.minimum() or self._equal_by_priority(line.bidder, amount) or self._overtakes(amount):
            return None
        return "bid_too_low"

    def _equal_by_priority(self, bidder: str | None, amount: int) -> bool:
        """A priority holder may equal the bid of somebody ranked behind (法释〔2016〕18号 art. 21)."""
        ranks = self.terms.ranks
        if bidder is None or bidder not in ranks or self.leader is None or amount != self.high:
            return False
        return self.leader not in ranks or ranks[bidder] < ranks[self.leader]

    def _overtakes(self, amount: int) -> bool:
        """On a published proxy lot a maximum may end less than a step above the exhausted one it overtakes."""
        return self.pressed is not None and self.high is not None and amount > self.high == self.pressed

    def extend(self, at: datetime) -> None:
        """Soft close: a late bid moves the end later, never earlier, within the announced limit."""
        if at < self.closes_at - self.terms.window:
            return
        moved = (at if self.terms.from_bid else self.closes_at) + self.terms.extension
        if self.terms.limit is not None:
            moved = min(moved, self.terms.closes_at + self.terms.limit)
        self.closes_at = max(self.closes_at, moved)

    def take(self, line: Line, amount: int) -> None:
        """The line counts."""
        self.high, self.leader, self.bids, self.pressed = amount, line.bidder, self.bids + 1, None
        self.standing[str(line.bidder)] = amount
        if line.kind == "buy_now":
            self.over = True
        elif line.kind != "confirmed":
            self.extend(line.at)
        if self.chained and line.closes_at != self.closes_at:
            raise LogBroken(sequence=line.number, fault="closing time")
        self.accepted.append({**_row(line, amount, self.terms.currency), "closes_at": instant_text(self.closes_at)})

    def refuse(self, line: Line, amount: int, code: str) -> None:
        """The line does not count; in a chained log it should not be there."""
        if self.chained:
            raise LogBroken(sequence=line.number, fault=f"accepted against the rules ({code})")
        low = {"minimum_acceptable": plain(self.minimum(), self.terms.currency)} if code == "bid_too_low" else {}
        self.refused.append({**_row(line, amount, self.terms.currency), "code": code, **low})


def _row(line: Line, amount: int, currency: str) -> dict[str, Any]:
    return {"sequence": line.number, "bidder": line.bidder, "amount": plain(amount, currency)}


def replay_ascending(case: Mapping[str, Any]) -> dict[str, Any]:
    """Winner and price of an ascending lot from its published log or from the attempts."""
    lines = read_lines(case)
    chained = is_chained(lines)
    if chained:
        check_chain(case, lines)
    reserve = revealed_reserve(case, currency_of(case["terms"]))
    documents = [*case.get("earlier_terms", []), case["terms"]]
    lot = Lot(terms := read_terms(documents[0], reserve), chained, terms.closes_at)
    following = documents[1:]
    for line in lines:
        if line.kind == "closed":
            break
        if line.kind == "terms_changed":
            _change_terms(lot, read_terms(following.pop(0), reserve), line)
        elif line.kind not in ("opened", *AFTERWARDS):
            _decide(lot, line)
    met = lot.high is not None and lot.high >= (lot.terms.reserve or 0)
    winner = lot.leader if met else None
    closed = check_close(lines, winner, lot.high if winner else None, None if lot.over else lot.closes_at)
    answer = _answer(case, lines, lot, winner, met)
    return answer if closed or not chained or lot.over else answer | {"status": "open"}


def _answer(case: Mapping[str, Any], lines: Sequence[Line], lot: Lot, winner: str | None, met: bool) -> dict[str, Any]:
    return outcome(
        case, lines, winner, lot.high, highest=amount_document(lot.high, lot.terms.currency), leader=lot.leader,
        reserve_met=met, closes_at=instant_text(lot.closes_at), accepted=lot.accepted, refused=lot.refused,
    )  # fmt: skip


def _decide(lot: Lot, line: Line) -> None:
    if line.kind not in ("bid", "buy_now", "automatic", "confirmed"):
        raise LogBroken(sequence=line.number, fault="unknown kind of event")
    if line.bidder is None or line.amount is None:
        raise Malformed(f"events[{line.number}]", _l("A bid needs its bidder and its amount."))
    amount = line.amount
    if line.kind == "confirmed":
        _confirm(lot, line, amount)
    elif line.kind == "automatic":
        _answer_for_leader(lot, line, amount)
    elif lot.terms.proxy and not lot.chained and line.kind == "bid":
        _take_maximum(lot, line, amount)
    elif code := lot.fault(line, amount):
        lot.refuse(line, amount, code)
    else:
        before = (lot.leader, lot.high)
        lot.take(line, amount)
        lot.unconfirmed.pop(line.bidder, None)
        if lot.terms.proxy and before[0] not in (None, line.bidder):
            lot.accepted[-1]["overtook"] = before[0]


def _answer_for_leader(lot: Lot, line: Line, amount: int) -> None:
    """The machine's line for a maximum: pressed to its end by the next bid, or one step over the bid before it."""
    challenger = lot.accepted[-1].get("overtook") if lot.accepted else None
    high = lot.high or 0
    if not lot.terms.proxy or (line.bidder not in (lot.leader, challenger)) or amount < high:
        raise LogBroken(sequence=line.number, fault="an automatic bid without a maximum")
    if line.bidder == challenger:
        if amount > high + lot.terms.step(high):
            raise LogBroken(sequence=line.number, fault="an automatic bid above what was needed")
        lot.take(line, amount)
        return
    lot.take(line, amount)
    lot.pressed = amount


def _take_maximum(lot: Lot, line: Line, amount: int) -> None:
    """An attempted maximum: price is the second maximum plus a step, at most the first; the earlier of equals leads."""
    if line.bidder == lot.leader and amount > lot.maximum and lot.fault(line, lot.minimum()) is None:
        lot.maximum = amount
        lot.extend(line.at)
        lot.accepted.append({**_row(line, amount, lot.terms.currency), "closes_at": instant_text(lot.closes_at)})
        return
    code = "bid_too_low" if line.bidder == lot.leader else lot.fault(line, amount)
    if code:
        lot.refuse(line, amount, code)
        return
    standing, leader, price = lot.maximum, lot.leader, lot.minimum()
    lot.take(line, amount)
    if leader is None:
        lot.high, lot.maximum = price, amount
    elif amount > standing:
        lot.high, lot.maximum = min(amount, max(price, standing + lot.terms.step(standing))), amount
    else:
        lot.high, lot.leader = min(standing, amount + lot.terms.step(amount)), leader


def _change_terms(lot: Lot, terms: Terms, line: Line) -> None:
    """New terms: standing bids do not count until their bidders confirm them."""
    lot.unconfirmed, lot.standing = lot.unconfirmed | lot.standing, {}
    lot.terms, lot.closes_at = terms, max(lot.closes_at, terms.closes_at)
    lot.high = lot.leader = lot.pressed = None
    lot.bids, lot.accepted = 0, []
    if lot.chained and line.closes_at != lot.closes_at:
        raise LogBroken(sequence=line.number, fault="closing time")


def _confirm(lot: Lot, line: Line, amount: int) -> None:
    """A bid confirmed under the new terms counts again; it leads only if it is the highest."""
    if lot.unconfirmed.pop(str(line.bidder), None) != amount or amount < lot.terms.start:
        raise LogBroken(sequence=line.number, fault="nothing to confirm")
    lot.standing[str(line.bidder)] = amount
    if lot.high is None or amount > lot.high:
        lot.take(line, amount)
