"""A stranger's replay of falling prices: the plain Dutch lot, and the hybrid with its sealed round and last word."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
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
)
from marketplace.deals.replay_sealed import Envelopes, opened

TAKEN = ("accept", "accepted")
HALF = 5_000
WHOLE = 10_000


def falling_price(start: int, step_bps: int, stage: int, floor: int) -> int:
    """The price of a stage: every stage takes off the same half-up rounded share of the first price."""
    return max(start - stage * ((start * step_bps + HALF) // WHOLE), floor, 0)


def replay_falling(case: Mapping[str, Any]) -> dict[str, Any]:
    """First valid acceptance wins at its stage's price; in the hybrid the others seal and the first answers."""
    terms, lines = case["terms"], read_lines(case)
    chained = is_chained(lines)
    if chained:
        check_chain(case, lines)
    taken, price, refused = _acceptance(terms, lines)
    if terms["format"] == "dutch" or taken is None or price is None:
        winner = None if taken is None else taken.bidder
        closed = check_close(lines, winner, price, None)
        answer = outcome(
            case, lines, winner, price, accepted=[] if taken is None else [_row(taken, price)],
            refused=refused,
        )  # fmt: skip
        return answer if closed or not chained else answer | {"status": "open"}
    return _hybrid(case, lines, taken, price, refused)


def _row(line: Line, price: int | None) -> dict[str, Any]:
    shown = None if price is None else plain(price, line.currency)
    return {"sequence": line.number, "bidder": line.bidder, "amount": shown}


def _acceptance(
    terms: Mapping[str, Any], lines: Sequence[Line]
) -> tuple[Line | None, int | None, list[dict[str, Any]]]:
    """The first acceptance of the stage that was running, its price, and the others."""
    try:
        currency = currency_of(terms)
        start, floor = minor(terms["start"], currency), minor(terms.get("floor") or "0", currency)
        opens_at = read_instant(terms["opens_at"], "opens_at")
        stage_time = timedelta(seconds=int(terms.get("step_seconds", 305)))
        step_bps = int(terms.get("step_bps", 100))
        ends_at = read_instant(terms["dutch_ends_at"]) if terms.get("dutch_ends_at") else None
    except (KeyError, TypeError, ValueError) as fault:
        raise Malformed("terms", _l("The terms of the log cannot be read.")) from fault
    taken, price, refused = None, None, []
    for line in (one for one in lines if one.kind in TAKEN):
        stage = (line.at - opens_at) // stage_time
        asking = falling_price(start, step_bps, max(stage, 0), floor)
        code = _refusal(line, stage, asking, taken, ends_at)
        if code is None:
            taken, price = line, asking
        elif line.hash:
            raise LogBroken(sequence=line.number, fault=f"accepted against the rules ({code})")
        else:
            refused.append({"bidder": line.bidder, "code": code})
    return taken, price, refused


def _refusal(line: Line, stage: int, asking: int, taken: Line | None, ends_at: datetime | None) -> str | None:
    if taken is not None or (ends_at is not None and line.at >= ends_at):
        return "lot_closed"
    if stage < 0:
        return "lot_not_open"
    named = line.stage if line.stage is not None else (int(line.detail) if line.detail.isdigit() else None)
    if (named is not None and named != stage) or (line.amount is not None and line.amount != asking):
        return "stage_over"
    return None


def _hybrid(
    case: Mapping[str, Any], lines: Sequence[Line], taken: Line, price: int, refused: list[dict[str, Any]]
) -> dict[str, Any]:
    """The highest latest amount wins; only envelopes above the falling price and an answer above them all count."""
    terms, currency = case["terms"], currency_of(case["terms"])
    first = str(taken.bidder)
    sealed_until = read_instant(terms.get("sealed_closes_at"), "sealed_closes_at")
    envelopes, late = opened(lines, sealed_until, terms.get("sealed_opens_at"))
    standing: Envelopes = {bidder: row for bidder, row in envelopes.items() if bidder != first and row[0] > price}
    top = max([price, *[row[0] for row in standing.values()]])
    standing[first] = (price, taken.at, taken.number)
    for line in (one for one in lines if one.kind == "best"):
        if line.bidder == first and line.amount is not None and line.amount > top:
            standing[first], top = (line.amount, taken.at, taken.number), line.amount
        elif line.hash:
            raise LogBroken(sequence=line.number, fault="accepted against the rules (best_bid_refused)")
        else:
            refused.append({"bidder": line.bidder, "code": "best_bid_refused"})
    ranked = sorted(standing.items(), key=lambda pair: (-pair[1][0], pair[1][1], pair[1][2]))
    winner, final = ranked[0][0], ranked[0][1][0]
    closed = check_close(lines, winner, final, None)
    answer = outcome(
        case, lines, winner, final,
        ascending=[{"bidder": bidder, "amount": plain(row[0], currency)} for bidder, row in reversed(ranked)],
        live=len(standing), refused=[*refused, *({"sequence": number, "code": code} for number, code in late.items())],
    )  # fmt: skip
    return answer if closed or not is_chained(lines) else answer | {"status": "open"}
