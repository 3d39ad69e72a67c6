"""Journals: every movement of money, balanced, written once, corrected only by its reversal."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import aliased

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import new_id, session
from marketplace.core.errors import Malformed
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.ledger.accounts import PLATFORM, Account, AccountUnknown, Side
from marketplace.ledger.journals import (
    ENTRIES,
    AlreadyReversed,
    CannotReverse,
    ExceedsHold,
    HoldExpired,
    HoldResolved,
    InsufficientFunds,
    Journal,
    NotHeld,
    Phase,
    ReferenceReused,
    find_journal,
    refusal_for,
)


@dataclass(frozen=True)
class JournalReversed(Fact):
    """A movement was taken back by its mirror image."""

    journal_id: UUID
    reversal_id: UUID
    reference: str


@dataclass(frozen=True)
class Posting:
    """An amount moved between two accounts: debit one, credit the other."""

    debit_code: str
    credit_code: str
    amount: Money
    entity: str = PLATFORM

    def lines(self) -> list[tuple[str, str, str, str, int]]:
        """The two lines: entity, account, currency, side, amount in minor units."""
        minor, currency = self.amount.amount_minor, self.amount.currency
        return [
            (self.entity, self.debit_code, currency, Side.DEBIT.value, minor),
            (self.entity, self.credit_code, currency, Side.CREDIT.value, minor),
        ]

    def require_sound(self) -> None:
        """An amount above zero between two different accounts."""
        if not 0 < self.amount.amount_minor < 2**62:
            raise Malformed("amount", _l("Enter an amount above zero."))
        if self.debit_code == self.credit_code:
            raise Malformed("postings", _l("Money moves between two different accounts."))


def post(actor: Actor, reference: str, kind: str, postings: Sequence[Posting], now: datetime) -> Journal:
    """Move money; the same reference with the same content answers the first journal."""
    return _write(actor, _Writing(reference, kind, Phase.SINGLE, tuple(postings)), now)


def hold(
    actor: Actor,
    reference: str,
    kind: str,
    postings: Sequence[Posting],
    now: datetime,
    expires_at: datetime | None = None,
) -> Journal:
    """Set money aside: it is no longer available, and nobody has received it yet."""
    return _write(actor, _Writing(reference, kind, Phase.PENDING, tuple(postings), expires_at=expires_at), now)


def capture(actor: Actor, hold_reference: str, reference: str, now: datetime, amount: Money | None = None) -> Journal:
    """Carry out what was held, wholly or (for a hold of one posting) in part; the rest becomes available again."""
    held = find_journal(hold_reference)
    postings = postings_of(held)
    if amount is not None:
        if len(postings) != 1:
            raise Malformed("amount", _l("Only a hold of one posting is captured in part."))
        postings = [replace(postings[0], amount=amount)]
    return _write(actor, _Writing(reference, held.kind, Phase.CAPTURE, tuple(postings), pending_id=held.id), now)


def void(actor: Actor, hold_reference: str, reference: str, now: datetime) -> Journal:
    """Release what was held."""
    held = find_journal(hold_reference)
    return _write(actor, _Writing(reference, held.kind, Phase.VOID, (), pending_id=held.id), now)


def reverse(actor: Actor, original_reference: str, reference: str, now: datetime) -> Journal:
    """Take a movement back by its mirror image; both stay in the books."""
    original = find_journal(original_reference)
    if original.phase not in (Phase.SINGLE, Phase.CAPTURE):
        raise CannotReverse()
    mirrored = tuple(Posting(one.credit_code, one.debit_code, one.amount, one.entity) for one in postings_of(original))
    reversal = _write(actor, _Writing(reference, original.kind, Phase.SINGLE, mirrored, reverses_id=original.id), now)
    announce(actor, now, JournalReversed(original.id, reversal.id, reference))
    return reversal


def release_expired_holds(now: datetime) -> int:
    """Release every hold whose time is over; answers how many."""
    resolved = aliased(Journal)
    expired = session.execute(
        select(Journal.reference)
        .outerjoin(resolved, resolved.pending_id == Journal.id)
        .where(Journal.phase == Phase.PENDING, Journal.expires_at <= now, resolved.id.is_(None))
        .order_by(Journal.expires_at)
        .limit(500)
    ).scalars()
    references = list(expired)
    for reference in references:
        void(SYSTEM, reference, f"{reference}:expired", now)
    return len(references)


def postings_of(journal: Journal) -> list[Posting]:
    """A journal's lines as the postings they came from."""
    rows = session.execute(
        select(ENTRIES.c.entity, Account.code, ENTRIES.c.currency, ENTRIES.c.amount_minor)
        .join(Account, Account.id == ENTRIES.c.account_id)
        .where(ENTRIES.c.journal_id == journal.id)
        .order_by(ENTRIES.c.line)
    ).all()
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return [Posting(debit[1], credit[1], Money(debit[3], debit[2]), debit[0]) for debit, credit in pairs]


@dataclass(frozen=True)
class _Writing:
    """What is to be written, and its fingerprint."""

    reference: str
    kind: str
    phase: Phase
    postings: tuple[Posting, ...]
    pending_id: UUID | None = None
    reverses_id: UUID | None = None
    expires_at: datetime | None = None

    def request_hash(self) -> str:
        lines = [line for posting in self.postings for line in posting.lines()]
        content = [
            self.kind,
            self.phase.value,
            str(self.pending_id),
            str(self.reverses_id),
            str(self.expires_at),
            lines,
        ]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


_POST = text(
    "SELECT journal_id, outcome, detail FROM ledger_post(:id, :reference, :hash, :kind, :phase, :pending, :reverses, "
    ":person, :organisation, :at, :expires, CAST(:entities AS text[]), CAST(:codes AS text[]), "
    "CAST(:currencies AS text[]), CAST(:sides AS text[]), CAST(:amounts AS bigint[]))"
)


def _write(actor: Actor, writing: _Writing, now: datetime) -> Journal:
    if not writing.postings and writing.phase is not Phase.VOID:
        raise Malformed("postings", _l("A movement needs at least one posting."))
    for posting in writing.postings:
        posting.require_sound()
    lines = [line for posting in writing.postings for line in posting.lines()]
    columns = [list(column) for column in zip(*lines, strict=True)] or [[], [], [], [], []]
    values: dict[str, Any] = dict(
        zip(("entities", "codes", "currencies", "sides", "amounts"), columns, strict=True),
        id=new_id(), reference=writing.reference, hash=writing.request_hash(), kind=writing.kind,
        phase=writing.phase.value, pending=writing.pending_id, reverses=writing.reverses_id,
        person=actor.person_id, organisation=actor.organisation_id, at=now, expires=writing.expires_at,
    )  # fmt: skip
    session.flush()
    journal_id, outcome, detail = session.execute(_POST, values).one()
    if outcome not in ("posted", "replayed"):
        raise refusal_for(outcome, detail)
    journal = session.get(Journal, journal_id)
    assert journal is not None
    return journal


__all__ = [
    "AccountUnknown", "AlreadyReversed", "CannotReverse", "ExceedsHold", "HoldExpired", "HoldResolved", "InsufficientFunds", "Journal",
    "JournalReversed", "NotHeld", "Phase", "Posting", "ReferenceReused", "capture", "find_journal", "hold", "post",
    "postings_of", "release_expired_holds", "reverse", "void",
]  # fmt: skip
