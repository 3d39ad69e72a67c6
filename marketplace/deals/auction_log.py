"""The published, hash-chained log of a lot, and its independent replay.

Anyone with the log recomputes winner and price from the rules alone. Each event's hash is the SHA-256 of the lines
``previous_hash, sequence, kind, occurred_at, bidder, amount_minor, currency, closes_at, detail`` (UTF-8, joined by a
line feed, absent values empty, times as ``2026-11-22T12:00:00.000000Z``); the first previous hash is 64 zeros.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.deals import auction_rules as rules


@dataclass(frozen=True)
class LogEvent:
    """One line of the log: opening, bid, outright purchase, close or default."""

    sequence: int
    kind: str
    occurred_at: datetime
    closes_at: datetime
    bidder: str | None = None
    amount: Money | None = None
    detail: str = ""
    previous_hash: str = ""
    hash: str = ""

    def computed_hash(self, previous_hash: str) -> str:
        """What the hash must be behind this previous hash."""
        fields = [
            previous_hash,
            str(self.sequence),
            self.kind,
            instant_text(self.occurred_at),
            self.bidder or "",
            "" if self.amount is None else str(self.amount.amount_minor),
            "" if self.amount is None else self.amount.currency,
            instant_text(self.closes_at),
            self.detail,
        ]
        return hashlib.sha256("\n".join(fields).encode()).hexdigest()


def instant_text(instant: datetime) -> str:
    """An instant as the log writes it: UTC with microseconds."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def terms_hash(terms: Mapping[str, Any]) -> str:
    """The fingerprint of the published terms (canonical JSON), carried by the opening event."""
    text = json.dumps(terms, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def reserve_commitment(reserve: Money, salt: str) -> str:
    """What is published about a hidden reserve before the close: a hash that binds the seller to the amount."""
    return hashlib.sha256(f"{reserve.amount_minor}|{reserve.currency}|{salt}".encode()).hexdigest()


def terms_document(terms: rules.EnglishTerms, commitment: str | None) -> dict[str, Any]:
    """The terms as published: the hidden reserve appears only as its commitment."""
    return {
        "format": (rules.AuctionFormat.PRIORITY_RIGHT if terms.priority_holders else rules.AuctionFormat.ENGLISH).value,
        "currency": terms.start.currency,
        "start": terms.start.format(),
        "increments": [
            {"below": None if row.below is None else row.below.format(), "step": row.step.format()}
            for row in terms.increments
        ],
        "opens_at": instant_text(terms.opens_at),
        "closes_at": instant_text(terms.closes_at),
        "soft_close_window_seconds": int(terms.soft_close_window.total_seconds()),
        "soft_close_extension_seconds": int(terms.soft_close_extension.total_seconds()),
        "extend_from": terms.extend_from.value,
        "max_extension_seconds": None if terms.max_extension is None else int(terms.max_extension.total_seconds()),
        "buy_now": None if terms.buy_now is None else terms.buy_now.format(),
        "reserve_commitment": commitment,
        "priority_holders": dict(terms.priority_holders) if terms.priority_holders else None,
    }


def read_terms(document: Mapping[str, Any], reserve: Money | None = None) -> rules.EnglishTerms:
    """The rules out of a published document; a public reserve may stand in it, a hidden one is passed in."""
    try:
        currency = document["currency"]
        limit = document.get("max_extension_seconds")
        if document.get("reserve") is not None:
            reserve = _money(document["reserve"], currency)
        terms = rules.EnglishTerms(
            start=_money(document["start"], currency),
            increments=_increments(document, currency),
            opens_at=read_instant(document["opens_at"]),
            closes_at=read_instant(document["closes_at"]),
            soft_close_window=timedelta(seconds=int(document.get("soft_close_window_seconds", 300))),
            soft_close_extension=timedelta(seconds=int(document.get("soft_close_extension_seconds", 300))),
            extend_from=rules.ExtendFrom(document.get("extend_from", "bid")),
            max_extension=None if limit is None else timedelta(seconds=int(limit)),
            reserve=reserve,
            buy_now=None if document.get("buy_now") is None else _money(document["buy_now"], currency),
            priority_holders=document.get("priority_holders"),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as fault:
        raise Malformed("terms", _l("The terms of the log cannot be read.")) from fault
    if faults := terms.faults():
        raise Malformed("terms", ", ".join(faults))
    return terms


def _increments(document: Mapping[str, Any], currency: str) -> tuple[rules.IncrementStep, ...]:
    rows = document.get("increments")
    if rows is None:
        return rules.default_increments(currency)
    if not isinstance(rows, list):
        return (rules.IncrementStep(None, _money(rows, currency)),)
    return tuple(
        rules.IncrementStep(
            None if row.get("below") is None else _money(row["below"], currency), _money(row["step"], currency)
        )
        for row in rows
    )


def read_instant(text: str) -> datetime:
    """An RFC 3339 instant; without an offset it is malformed."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise Malformed("occurred_at", _l("A time needs its offset from UTC."))
    return instant


def _money(value: object, currency: str) -> Money:
    if isinstance(value, Mapping):
        return Money.parse(str(value["amount"]), str(value["currency"]))
    return Money.parse(str(value), currency)


def event_document(event: LogEvent) -> dict[str, Any]:
    """One event as published."""
    return {
        "sequence": event.sequence,
        "kind": event.kind,
        "occurred_at": instant_text(event.occurred_at),
        "bidder": event.bidder,
        "amount": None
        if event.amount is None
        else {"amount": event.amount.format(), "currency": event.amount.currency},
        "closes_at": instant_text(event.closes_at),
        "detail": event.detail,
        "previous_hash": event.previous_hash,
        "hash": event.hash,
    }
