"""A stranger's replay of portfolio lots: which bids for the whole and for parts win together."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l
from marketplace.deals.replay_ascending import Lot, Terms, read_terms
from marketplace.deals.replay_log import (
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
    read_lines,
)

BIDS = ("package", "bid")
Chosen = tuple[Line, ...]
MOST_PARTS = 10


def replay_portfolio(case: Mapping[str, Any]) -> dict[str, Any]:
    """The winning bids of a portfolio lot, with their parts and amounts; the price is their total."""
    lines = _with_parts(case)
    if is_chained(lines):
        check_chain(case, lines)
    terms, starts = read_terms(case["terms"], None), _starts(case["terms"])
    accepted, refused, closes_at = _judge(terms, starts, lines)
    winners = winning(accepted, frozenset(starts))
    total = sum(line.amount or 0 for line in winners) or None
    closed = check_close(lines, None, total, closes_at)
    if closed:
        _check_awards(lines, winners, starts)
    buyers = {line.bidder for line in winners}
    answer = outcome(
        case, lines, winners[0].bidder if len(buyers) == 1 else None, total, closes_at=instant_text(closes_at),
        winners=[_row(line) for line in winners], accepted=[_row(line) for line in accepted],
        refused=[{**_row(line), "code": code} for line, code in refused],
    )  # fmt: skip
    answer |= {"status": "sold" if winners else "unsold", "price": amount_document(total, terms.currency)}
    return answer if closed or not is_chained(lines) else answer | {"status": "open"}


def _with_parts(case: Mapping[str, Any]) -> list[Line]:
    """The lines of the case; an attempt may name its parts as a list instead of in the log's own writing."""
    lines = read_lines(case)
    rows = case.get("events", case.get("bids")) or []
    return [
        replace(line, detail=",".join(map(str, row["parts"]))) if isinstance(row.get("parts"), list) else line
        for line, row in zip(lines, rows, strict=True)
    ]


def _starts(terms: Mapping[str, Any]) -> dict[int, int]:
    """What each part starts at, in minor units."""
    try:
        currency = currency_of(terms)
        starts = {number: minor(row["start"], currency) for number, row in enumerate(terms["parts"], start=1)}
    except (KeyError, TypeError, AttributeError) as fault:
        raise Malformed("terms", _l("The terms of the log cannot be read.")) from fault
    if not 1 <= len(starts) <= MOST_PARTS or any(start <= 0 for start in starts.values()):
        raise Malformed("terms", _l("The terms of the log cannot be read."))
    return starts


def _parts_of(line: Line, starts: Mapping[int, int]) -> frozenset[int]:
    named = line.detail.split(",")
    found = frozenset(int(one) for one in named if one.isascii() and one.isdigit() and len(one) < 4)
    if len(found) != len(named) or not found <= set(starts):
        raise Malformed(f"events[{line.number}]", _l("Name one or more parts of this lot, each once."))
    return found


def _judge(
    terms: Terms, starts: Mapping[int, int], lines: Sequence[Line]
) -> tuple[list[Line], list[tuple[Line, str]], datetime]:
    """The bids that count, those that do not and why, and when the lot closes after them."""
    lot = Lot(terms, is_chained(lines), terms.closes_at)
    highest: dict[frozenset[int], int] = {}
    accepted: list[Line] = []
    refused: list[tuple[Line, str]] = []
    for line in (one for one in lines if one.kind in BIDS):
        if line.bidder is None or line.amount is None:
            raise Malformed(f"events[{line.number}]", _l("A bid needs its bidder and its amount."))
        parts = _parts_of(line, starts)
        minimum = sum(starts[part] for part in parts)
        if parts in highest:
            minimum = highest[parts] + terms.step(highest[parts])
        code = _refusal(lot, line, minimum)
        if code is None:
            lot.extend(line.at)
            highest[parts] = line.amount
            accepted.append(line)
        else:
            refused.append((line, code))
        if lot.chained and (code is not None or line.closes_at != lot.closes_at):
            raise LogBroken(sequence=line.number, fault=code or "closing time")
    return accepted, refused, lot.closes_at


def _refusal(lot: Lot, line: Line, minimum: int) -> str | None:
    if line.at >= lot.closes_at:
        return "lot_closed"
    if line.at < lot.terms.opens_at:
        return "lot_not_open"
    if line.currency != lot.terms.currency:
        return "wrong_currency"
    return "bid_too_low" if (line.amount or 0) < minimum else None


def winning(bids: Sequence[Line], every: frozenset[int]) -> Chosen:
    """The bids of the greatest total that share no part, in the order of their parts.

    At equal totals the bid for the whole goes first, then whichever stood complete earlier.
    """
    last = {_named(line): line for line in bids}

    @cache
    def best(free: frozenset[int]) -> Chosen:
        if not free:
            return ()
        part = max(free)
        options = [best(free - {part})]
        options += [(*best(free - parts), line) for parts, line in last.items() if part in parts and parts <= free]
        return max(options, key=lambda chosen: _rank(chosen, every))

    return tuple(sorted(best(every), key=lambda line: sorted(_named(line))))


def _rank(chosen: Chosen, every: frozenset[int]) -> tuple[int, bool, list[int]]:
    """What decides between two combinations: the total, being the whole, and the latest bids (earlier is better)."""
    whole = len(chosen) == 1 and _named(chosen[0]) == every
    return sum(line.amount or 0 for line in chosen), whole, [-number for number in sorted(_numbers(chosen))[::-1]]


def _numbers(chosen: Chosen) -> list[int]:
    return [line.number for line in chosen]


def _named(line: Line) -> frozenset[int]:
    return frozenset(int(one) for one in line.detail.split(","))


def _check_awards(lines: Sequence[Line], winners: Chosen, starts: Mapping[int, int]) -> None:
    """The awards written at the close are exactly the bids that follow from the rules."""
    found = [line for line in lines if line.kind == "awarded"]
    if winners and any(line.kind == "closed" and line.detail for line in lines):
        raise LogBroken(sequence=lines[-1].number, fault="a lot with bids was not decided")
    expected = [(line.bidder, line.amount, _named(line)) for line in winners]
    if [(line.bidder, line.amount, _parts_of(line, starts)) for line in found] != expected:
        raise LogBroken(sequence=lines[-1].number, fault="the winner or the price does not follow from the bids")


def _row(line: Line) -> dict[str, Any]:
    shown = None if line.amount is None else plain(line.amount, line.currency)
    return {"sequence": line.number, "bidder": line.bidder, "parts": sorted(_named(line)), "amount": shown}
