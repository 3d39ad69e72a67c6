"""Journals and their lines as stored, and the refusals of the books."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    CHAR,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    Uuid,
    func,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Model, session
from marketplace.core.errors import NotFound, Problem, Refused
from marketplace.core.i18n import _l
from marketplace.ledger.accounts import AccountUnknown


class InsufficientFunds(Refused):
    """The available balance would fall below the account's floor."""

    message = _l("There is not enough available on %(account)s.")


class ReferenceReused(Refused):
    """The reference stands for another movement."""

    message = _l("The reference %(reference)s was already used for another movement.")


class NotHeld(Refused):
    """The journal named is no hold."""

    message = _l("Nothing is held under this reference.")


class HoldResolved(Refused):
    """The hold was captured or released before."""

    message = _l("This hold was already resolved by %(reference)s.")


class HoldExpired(Refused):
    """The hold ran out before it was captured."""

    message = _l("The hold %(reference)s has expired.")


class ExceedsHold(Refused):
    """More was to be captured than was held."""

    message = _l("More than was held under %(reference)s.")


class AlreadyReversed(Refused):
    """A journal is reversed once."""

    message = _l("This movement was already reversed by %(reference)s.")


class CannotReverse(Refused):
    """Only final movements are reversed; a hold is released instead."""

    message = _l("Only a final movement can be reversed; release a hold instead.")


class Phase(StrEnum):
    """Whether a journal moves money, holds it, or resolves a hold."""

    SINGLE = "single"
    PENDING = "pending"
    CAPTURE = "capture"
    VOID = "void"


class Journal(Model):
    """One movement: at least two lines that balance, under a reference used once."""

    __tablename__ = "ledger_journals"
    __table_args__ = (
        UniqueConstraint("id", "line_count"),
        CheckConstraint("(phase IN ('capture', 'void')) = (pending_id IS NOT NULL)", name="resolution"),
    )

    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    reference: Mapped[str] = mapped_column(unique=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str]
    phase: Mapped[Phase]
    pending_id: Mapped[UUID | None] = mapped_column(ForeignKey("ledger_journals.id"), unique=True)
    reverses_id: Mapped[UUID | None] = mapped_column(ForeignKey("ledger_journals.id"), unique=True)
    line_count: Mapped[int] = mapped_column(SmallInteger)
    person_id: Mapped[UUID | None]
    organisation_id: Mapped[UUID | None]
    at: Mapped[datetime]
    expires_at: Mapped[datetime | None] = mapped_column(index=True)


ENTRIES = Table(
    "ledger_entries",
    Model.metadata,
    Column("journal_id", Uuid, primary_key=True),
    Column("line", SmallInteger, primary_key=True),
    Column("line_count", SmallInteger, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("entity", String, nullable=False),
    Column("currency", CHAR(3), nullable=False),
    Column("side", String(6), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("balance_after_minor", BigInteger, nullable=False),
    Column("account_version", BigInteger, nullable=False),
    ForeignKeyConstraint(["journal_id", "line_count"], ["ledger_journals.id", "ledger_journals.line_count"]),
    ForeignKeyConstraint(
        ["account_id", "entity", "currency"],
        ["ledger_accounts.id", "ledger_accounts.entity", "ledger_accounts.currency"],
    ),
    UniqueConstraint("account_id", "account_version"),
)


def find_journal(reference: str) -> Journal:
    """The movement under this reference."""
    journal: Journal | None = session.execute(
        select(Journal).where(Journal.reference == reference)
    ).scalar_one_or_none()
    if journal is None:
        raise NotFound()
    return journal


def refusal_for(outcome: str, detail: str) -> Problem:
    """The refusal behind an outcome of the database function ``ledger_post``."""
    match outcome:
        case "insufficient_funds":
            return InsufficientFunds(account=detail)
        case "unknown_account":
            return AccountUnknown(account=detail)
        case "reference_reused":
            return ReferenceReused(reference=detail)
        case "already_capture" | "already_void":
            return HoldResolved(reference=detail, by=outcome.removeprefix("already_"))
        case "hold_expired":
            return HoldExpired(reference=detail)
        case "exceeds_hold":
            return ExceedsHold(reference=detail)
        case "already_reversed":
            return AlreadyReversed(reference=detail)
        case _:
            return NotHeld()
