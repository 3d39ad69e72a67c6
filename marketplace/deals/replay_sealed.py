"""A stranger's replay of sealed lots: envelopes with published commitments, first or second price."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l
from marketplace.deals.replay_log import (
    Line,
    LogBroken,
    check_chain,
    check_close,
    currency_of,
    is_chained,
    minor,
    outcome,
    plain,
    read_instant,
    read_lines,
    revealed_reserve,
)

LODGED = ("bid", "sealed")
WITHDRAWN = ("withdrawn", "withdrawal")


def replay_sealed(case: Mapping[str, Any]) -> dict[str, Any]:
    """Winner and price of a sealed lot: the highest envelope in time, the earlier of equal ones."""
    terms, lines = case["terms"], read_lines(case)
    if is_chained(lines):
        check_chain(case, lines)
    currency = currency_of(terms)
    closes_at = read_instant(terms.get("closes_at"), "closes_at")
    reserve = revealed_reserve(case, currency)
    floor = max(minor(terms.get("reserve") or "0", currency), minor(terms.get("start") or "0", currency), reserve or 0)
    envelopes, refused = opened(lines, closes_at, terms.get("opens_at"))
    ranked = sorted(envelopes.items(), key=lambda pair: (-pair[1][0], pair[1][1], pair[1][2]))
    good = [(bidder, amount) for bidder, (amount, _at, _number) in ranked if amount >= floor]
    winner, price = (good[0][0], good[0][1]) if good else (None, None)
    if good and terms["format"] == "vickrey":
        price = max([floor, *[amount for _bidder, amount in good[1:2]]])
    closed = check_close(lines, winner, price, closes_at)
    answer = outcome(
        case, lines, winner, price, ascending=ascending(ranked, currency), live=len(envelopes),
        accepted=[_row(line) for line in lines if line.kind in LODGED and line.number not in refused],
        refused=[{**_row(line), "code": refused[line.number]} for line in lines if line.number in refused],
    )  # fmt: skip
    return answer if closed or not is_chained(lines) else answer | {"status": "open"}


def _row(line: Line) -> dict[str, Any]:
    shown = None if line.amount is None else plain(line.amount, line.currency)
    return {"sequence": line.number, "bidder": line.bidder, "amount": shown}


def ascending(ranked: Sequence[tuple[str, tuple[int, datetime, int]]], currency: str) -> list[dict[str, str]]:
    """The ranking from the lowest envelope to the highest."""
    return [{"bidder": bidder, "amount": plain(row[0], currency)} for bidder, row in reversed(ranked)]


Envelopes = dict[str, tuple[int, datetime, int]]


def opened(lines: Sequence[Line], closes_at: datetime, opens_at: object = None) -> tuple[Envelopes, dict[int, str]]:
    """The last envelope of each bidder that came in time and was not withdrawn, and why others do not count.

    In a published log a lodged line carries only its commitment; the amount comes from the line that reveals it.
    """
    revealed = {line.detail.partition(":")[0]: line for line in lines if line.kind == "revealed"}
    standing: dict[str, Line] = {}
    refused: dict[int, str] = {}
    for line in sorted((one for one in lines if one.kind in (*LODGED, *WITHDRAWN)), key=lambda one: one.at):
        if line.at >= closes_at or (opens_at is not None and line.at < read_instant(opens_at, "opens_at")):
            if line.hash:
                raise LogBroken(sequence=line.number, fault="an envelope out of time")
            refused[line.number] = "lot_closed" if line.at >= closes_at else "lot_not_open"
        elif line.kind in WITHDRAWN:
            standing.pop(str(line.bidder), None)
        elif line.bidder is None or (line.amount is None and not line.detail):
            raise Malformed(f"events[{line.number}]", _l("A bid needs its bidder and its amount."))
        else:
            standing[line.bidder] = line
    amounts = {bidder: (_amount(line, revealed, lines), line.at, line.number) for bidder, line in standing.items()}
    found = {bidder: (amount, at, number) for bidder, (amount, at, number) in amounts.items() if amount is not None}
    return found, refused


def _amount(line: Line, revealed: Mapping[str, Line], lines: Sequence[Line]) -> int | None:
    """The amount of a standing envelope; what was revealed must be what was committed to, by the same bidder."""
    if line.amount is not None:
        return line.amount
    shown = revealed.get(line.detail)
    if shown is None:
        _require_no_suppression(line, lines)
        return None
    salt = shown.detail.partition(":")[2]
    text = f"{shown.amount}|{shown.currency}|{shown.bidder}|{salt}"
    if shown.bidder != line.bidder or hashlib.sha256(text.encode()).hexdigest() != line.detail:
        raise LogBroken(sequence=shown.number, fault="the amount is not the one committed to")
    return shown.amount


def _require_no_suppression(line: Line, lines: Sequence[Line]) -> None:
    """Before the opening nothing is revealed; after it every standing envelope must be revealed or declared void."""
    spoilt = any(one.kind == "void" and one.detail == line.detail for one in lines)
    if any(one.kind == "closed" and one.detail not in ("withdrawn", "void") for one in lines) and not spoilt:
        raise LogBroken(sequence=line.number, fault="an envelope was suppressed")
