"""Reading a published log as a stranger would: its own parsing and hashing, nothing of the rules that decide live bids.

Each event's hash is the SHA-256 of the lines ``previous_hash, sequence, kind, occurred_at, bidder, amount_minor,
currency, closes_at, detail`` (UTF-8, joined by a line feed, absent values empty, times as
``2026-11-22T12:00:00.000000Z``); the first previous hash is 64 zeros.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from marketplace.core.errors import Malformed, Refused
from marketplace.core.i18n import _l
from marketplace.core.money import Money


class LogBroken(Refused):
    """A published log whose chain or whose decisions do not hold."""

    message = _l("The log does not hold at event %(sequence)s: %(fault)s.")


@dataclass(frozen=True)
class Line:
    """One line of a log; amounts in minor units of the lot's currency."""

    number: int
    kind: str
    at: datetime
    closes_at: datetime
    bidder: str | None
    amount: int | None
    currency: str
    detail: str
    stage: int | None
    previous_hash: str
    hash: str

    def computed_hash(self, previous_hash: str) -> str:
        """What the hash must be behind this previous hash."""
        amount = ("", "") if self.amount is None else (str(self.amount), self.currency)
        fields = [
            previous_hash, str(self.number), self.kind, instant_text(self.at), self.bidder or "", *amount,
            instant_text(self.closes_at), self.detail,
        ]  # fmt: skip
        return hashlib.sha256("\n".join(fields).encode()).hexdigest()


def instant_text(instant: datetime) -> str:
    """An instant as logs write it: UTC with microseconds."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read_instant(text: object, field: str = "occurred_at") -> datetime:
    """An RFC 3339 instant; without an offset it is malformed."""
    try:
        instant = datetime.fromisoformat(str(text))
    except ValueError as fault:
        raise Malformed(field, _l("This is not a time.")) from fault
    if instant.tzinfo is None:
        raise Malformed(field, _l("A time needs its offset from UTC."))
    return instant


def minor(value: object, currency: str) -> int:
    """An amount in minor units, written plainly or as {amount, currency}."""
    if isinstance(value, Mapping):
        if str(value.get("currency", currency)) != currency:
            raise Malformed("amount", _l("The amount is in another currency than the lot."))
        value = value.get("amount")
    return Money.parse(str(value), currency).amount_minor


def amount_document(amount: int | None, currency: str) -> dict[str, str] | None:
    """An amount as answered."""
    return None if amount is None else {"amount": Money(amount, currency).format(), "currency": currency}


def plain(amount: int, currency: str) -> str:
    """An amount as a plain decimal."""
    return Money(amount, currency).format()


def read_lines(case: Mapping[str, Any]) -> list[Line]:
    """The lines of a case, whether a published log (``events``) or a list of attempts (``bids``)."""
    rows = case.get("events", case.get("bids"))
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise Malformed("events", _l("A log needs its terms and its events."))
    currency = currency_of(case["terms"])
    return [_line(row, currency, number) for number, row in enumerate(rows, start=1)]


def currency_of(terms: Mapping[str, Any]) -> str:
    """The currency a lot is sold in."""
    start = terms.get("start")
    named = terms.get("currency") or (start.get("currency") if isinstance(start, Mapping) else None)
    return str(named or "CNY")


def _line(row: Mapping[str, Any], currency: str, number: int) -> Line:
    try:
        at = read_instant(row.get("occurred_at") or row.get("at") or row["time"])
        amount, own = row.get("amount", row.get("maximum")), currency
        if isinstance(amount, Mapping):
            own = str(amount["currency"])
        withdrawn = str(amount) == "-1"
        return Line(
            number=int(row.get("sequence", number)),
            kind=str(row.get("kind", "bid")) if not withdrawn else "withdrawn",
            at=at,
            closes_at=read_instant(row["closes_at"]) if row.get("closes_at") else at,
            bidder=None if row.get("bidder") is None else str(row["bidder"]),
            amount=None if amount is None or withdrawn else minor(amount, own),
            currency=own,
            detail=str(row.get("detail") or ""),
            stage=None if row.get("stage") is None else int(row["stage"]),
            previous_hash=str(row.get("previous_hash") or ""),
            hash=str(row.get("hash") or ""),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise Malformed(f"events[{number}]", _l("This event of the log cannot be read.")) from fault


def is_chained(lines: Sequence[Line]) -> bool:
    """Whether the log carries hashes (a list of attempts does not)."""
    return any(line.hash for line in lines)


def check_chain(case: Mapping[str, Any], lines: Sequence[Line]) -> None:
    """Every hash follows from its line and its predecessor; openings and changes carry the terms' fingerprints."""
    previous = "0" * 64
    for number, line in enumerate(lines, start=1):
        if line.number != number:
            raise LogBroken(sequence=number, fault="sequence")
        if line.previous_hash != previous or line.computed_hash(previous) != line.hash:
            raise LogBroken(sequence=number, fault="hash mismatch")
        previous = line.hash
    if not lines or lines[0].kind != "opened":
        raise LogBroken(sequence=1, fault="a log begins with its opening")
    carried = [line for line in lines if line.kind in ("opened", "terms_changed")]
    known = [*case.get("earlier_terms", []), case["terms"]]
    if len(carried) != len(known):
        raise LogBroken(sequence=1, fault="terms do not match the opening")
    for line, terms in zip(carried, known, strict=True):
        if line.detail != terms_fingerprint(terms):
            raise LogBroken(sequence=line.number, fault="terms do not match the opening")


def terms_fingerprint(terms: Mapping[str, Any]) -> str:
    """The fingerprint of published terms: SHA-256 of their canonical JSON."""
    text = json.dumps(terms, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def revealed_reserve(case: Mapping[str, Any], currency: str) -> int | None:
    """A hidden reserve is published at the close with its salt and must match what was committed to."""
    revealed = case.get("reserve")
    if not isinstance(revealed, Mapping):
        return None
    amount = minor(revealed, currency)
    text = f"{amount}|{currency}|{revealed.get('salt', '')}"
    committed = [terms.get("reserve_commitment") for terms in (*case.get("earlier_terms", []), case["terms"])]
    if hashlib.sha256(text.encode()).hexdigest() != committed[-1]:
        raise LogBroken(sequence=1, fault="the reserve is not the one committed to")
    return amount


def outcome(
    case: Mapping[str, Any], lines: Sequence[Line], winner: str | None, price: int | None, **more: Any
) -> dict[str, Any]:
    """The answer of every replay: sold or unsold, winner and price, and what else the format tells."""
    chained, currency = is_chained(lines), currency_of(case["terms"])
    return {
        "status": "sold" if winner is not None else "unsold",
        "winner": winner,
        "price": amount_document(price if winner is not None else None, currency),
        **more,
        "chain": "valid" if chained else "absent",
        "head": lines[-1].hash if chained and lines else None,
    }


AFTERWARDS = frozenset({"defaulted", "second_chance"})
"""What may still be logged once the lot is closed."""


def check_close(lines: Sequence[Line], winner: str | None, price: int | None, not_before: datetime | None) -> bool:
    """Whether a chained log is closed; its last word must name the winner and price that follow from the rules."""
    closed = next((line for line in lines if line.kind == "closed"), None)
    if closed is None:
        return False
    for line in lines[closed.number :]:
        if line.kind not in AFTERWARDS:
            raise LogBroken(sequence=line.number, fault="an event after the close")
    withdrawn = closed.detail == "withdrawn" and winner is None
    if not_before is not None and closed.at < not_before and not withdrawn:
        raise LogBroken(sequence=closed.number, fault="closed too early")
    expected = (None, None) if closed.detail in ("withdrawn", "void") else (winner, price)
    if (closed.bidder, closed.amount) != expected:
        raise LogBroken(sequence=closed.number, fault="the winner or the price does not follow from the bids")
    return True
