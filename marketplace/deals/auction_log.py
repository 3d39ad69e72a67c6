"""The published, hash-chained log of a lot: anyone with it recomputes winner and price from the rules alone.

Each event's hash is the SHA-256 of the lines
``previous_hash, sequence, kind, occurred_at, bidder, amount_minor, currency, closes_at, detail`` (UTF-8, joined by a
line feed, absent values empty, times as ``2026-11-22T12:00:00.000000Z``); the first previous hash is 64 zeros.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from marketplace.core.money import Money


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
