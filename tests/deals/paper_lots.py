"""Lots on paper: the pure rules decide, a published log is written, and a stranger's replay must agree."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from marketplace.core.money import Money
from marketplace.deals import auction_log as log
from marketplace.deals import auction_rules as rules
from marketplace.deals.auction_replay import replay
from marketplace.deals.auction_terms import terms_document
from marketplace.deals.replay_log import LogBroken

OPENS = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
CLOSES = OPENS + timedelta(hours=1)


def yuan(amount: int) -> Money:
    return Money(amount * 100, "CNY")


def paper_terms(**changes: Any) -> rules.LotTerms:
    usual: dict[str, Any] = {
        "start": yuan(100), "increments": (rules.IncrementStep(yuan(200), yuan(10)), rules.IncrementStep(None, yuan(30))),
        "opens_at": OPENS, "closes_at": CLOSES,
    }  # fmt: skip
    return rules.LotTerms(**(usual | changes))


@dataclass
class PaperLot:
    """Terms and the log so far."""

    terms: rules.LotTerms
    closes_at: datetime = CLOSES
    events: list[log.LogEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        hidden = self.terms.reserve
        commitment = None if hidden is None else log.reserve_commitment(hidden, "salt")
        self.document = terms_document(self.terms, commitment)
        self.closes_at = self.terms.last_close
        self.append("opened", OPENS, detail=log.terms_hash(self.document))

    def append(
        self, kind: str, at: datetime, bidder: str | None = None, amount: Money | None = None, detail: str = ""
    ) -> None:
        previous = self.events[-1].hash if self.events else "0" * 64
        event = log.LogEvent(len(self.events) + 1, kind, at, self.closes_at, bidder, amount, detail, previous)
        self.events.append(replace(event, hash=event.computed_hash(previous)))

    def replayed(self) -> dict[str, Any]:
        hidden = self.terms.reserve
        revealed = hidden and {"amount": hidden.format(), "currency": "CNY", "salt": "salt"}
        events = [log.event_document(one) for one in self.events]
        return replay({"terms": self.document, "events": events, "reserve": revealed})

    def require_closed(self, kind: str, bidder: str, amount: Money | None, detail: str = "") -> None:
        """A line behind the close makes the log worthless, however well it is chained (I6)."""
        kept, at = list(self.events), self.events[-1].occurred_at
        self.append(kind, at, bidder, amount, detail)
        with pytest.raises(LogBroken):
            self.replayed()
        self.events = kept
