"""Bank statements: every booked movement is matched to what was asked or sent, or waits where two people look.

Money that cannot be matched lies in ``suspense:bank`` until two people agree whose it is, so that the books always
say what the bank says.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, money_columns, session
from marketplace.core.errors import Problem, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.ledger import accounts, entries
from marketplace.ledger.entries import Posting
from marketplace.ledger.journals import ENTRIES, Journal
from marketplace.payments.camt053 import Line, Statement, read_statements
from marketplace.payments.collections import Collection, confirm_transfer
from marketplace.payments.payouts import BANK, Payout, PayoutStatus
from marketplace.payments.refunds import Refund, RefundStatus

SUSPENSE_IN, SUSPENSE_OUT = "suspense:bank:in", "suspense:bank:out"
_REFERENCE = re.compile(r"\bP[0-9A-F]{10}\b")
_ORDER = re.compile(r"\b[0-9a-f]{32}\b")


class StatementThere(Refused):
    """The same statement was taken before."""

    message = _l("Statement %(number)s of this account was imported before.")


class StatementMissing(Refused):
    """A statement between the last one and this one is missing."""

    message = _l("The opening balance %(opening)s is not the last closing balance %(closing)s: a statement is missing.")


class LineStatus(StrEnum):
    """Whether it is known what a movement was for."""

    UNMATCHED = "unmatched"
    PROPOSED = "proposed"
    MATCHED = "matched"
    SETTLED = "settled"


LINE_LIFECYCLE = Lifecycle(
    "bank line",
    {
        LineStatus.UNMATCHED: {LineStatus.PROPOSED},
        LineStatus.PROPOSED: {LineStatus.SETTLED, LineStatus.MATCHED, LineStatus.UNMATCHED},
        LineStatus.MATCHED: set(),
        LineStatus.SETTLED: set(),
    },
)


class BankStatement(Model):
    """One imported statement of one account of the platform."""

    __tablename__ = "bank_statements"
    __table_args__ = (UniqueConstraint("account", "number"),)

    account: Mapped[str] = mapped_column(String(40))
    number: Mapped[str] = mapped_column(String(80))
    sha256: Mapped[str] = mapped_column(String(64))
    opening: Mapped[Money] = money_columns("opening")
    closing: Mapped[Money] = money_columns("closing")
    closed_on: Mapped[date]
    imported_by: Mapped[UUID | None]
    imported_at: Mapped[datetime]


class BankLine(Model):
    """One booked movement of a statement and what became of it."""

    __tablename__ = "bank_lines"
    __table_args__ = (
        UniqueConstraint("statement_id", "position"),
        CheckConstraint("amount_minor <> 0", name="amount_moves"),
        CheckConstraint("decided_by IS NULL OR decided_by <> proposed_by", name="two_people"),
        CheckConstraint("(status IN ('proposed', 'settled')) <= (proposal IS NOT NULL)", name="proposal_there"),
    )

    statement_id: Mapped[UUID] = mapped_column(ForeignKey("bank_statements.id"), index=True)
    position: Mapped[int]
    amount: Mapped[Money] = money_columns("amount")
    booked_on: Mapped[date]
    reference: Mapped[str] = mapped_column(String(80))
    end_to_end: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(String(500))
    other_party: Mapped[str] = mapped_column(String(200))
    status: Mapped[LineStatus] = mapped_column(default=LineStatus.UNMATCHED, index=True)
    matched_id: Mapped[UUID | None] = mapped_column(index=True)
    note: Mapped[str | None] = mapped_column(String(300))
    proposal: Mapped[str | None] = mapped_column(String(20))
    proposed_collection_id: Mapped[UUID | None] = mapped_column(ForeignKey("collections.id"))
    proposed_by: Mapped[UUID | None]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]

    @property
    def came_in(self) -> bool:
        """Whether money came rather than went."""
        return self.amount.amount_minor > 0

    @property
    def size(self) -> Money:
        """The amount without its direction."""
        return self.amount if self.came_in else Money(-self.amount.amount_minor, self.amount.currency)

    @property
    def suspense_reference(self) -> str:
        """The journal under which the money lies until it is known what it was for."""
        return f"bank-line:{self.id}:suspense"

    def become(self, status: LineStatus) -> None:
        """Move along the lifecycle, or refuse."""
        self.status = LINE_LIFECYCLE.check(self.status, status)


@dataclass(frozen=True)
class StatementImported(Fact):
    """A bank statement was taken into the books."""

    statement_id: UUID
    sha256: str
    unmatched: int


def import_statements(actor: Actor, content: bytes, now: datetime) -> list[BankStatement]:
    """Take every statement of a camt.053 file, match its lines, and put the rest where two people look."""
    require(actor.may("money.confirm"))
    digest = sha256(content).hexdigest()
    return [_import(actor, statement, digest, now) for statement in read_statements(content)]


def lines_with(status: LineStatus, limit: int = 200) -> list[BankLine]:
    """The lines that stand so, oldest first."""
    query = select(BankLine).where(BankLine.status == status).order_by(BankLine.id).limit(limit)
    return list(session.execute(query).scalars())


def newest_statements(limit: int = 50) -> list[BankStatement]:
    """The statements imported last."""
    query = select(BankStatement).order_by(BankStatement.id.desc()).limit(limit)
    return list(session.execute(query).scalars())


def _import(actor: Actor, given: Statement, digest: str, now: datetime) -> BankStatement:
    _require_next(given)
    statement = BankStatement(
        account=given.account, number=given.number, sha256=digest, opening=given.opening, closing=given.closing,
        closed_on=given.closed_on, imported_by=actor.person_id, imported_at=now,
    )  # fmt: skip
    session.add(statement)
    session.flush()
    lines = _put_lines(statement, given.lines)
    for line in lines:
        _match(actor, line, now)
    unmatched = sum(line.status is LineStatus.UNMATCHED for line in lines)
    announce(actor, now, StatementImported(statement.id, digest, unmatched))
    return statement


def _require_next(given: Statement) -> None:
    """The statement continues the account's last one and was not taken before."""
    of_account = select(BankStatement).where(BankStatement.account == given.account)
    earlier = of_account.where(BankStatement.number == given.number)
    require(session.execute(earlier).scalar_one_or_none() is None, StatementThere(number=given.number))
    last = session.execute(of_account.order_by(BankStatement.id.desc()).limit(1).with_for_update()).scalar_one_or_none()
    if last is not None:
        require(last.closing == given.opening, StatementMissing(opening=given.opening, closing=last.closing))


def _put_lines(statement: BankStatement, given: Sequence[Line]) -> list[BankLine]:
    lines = [
        BankLine(
            statement_id=statement.id, position=position, amount=line.amount, booked_on=line.booked_on,
            reference=line.reference, end_to_end=line.end_to_end, text=line.text, other_party=line.other_party,
            status=LineStatus.UNMATCHED,
        )
        for position, line in enumerate(given, start=1)
        if line.amount.amount_minor
    ]  # fmt: skip
    session.add_all(lines)
    session.flush()
    return lines


def _match(actor: Actor, line: BankLine, now: datetime) -> None:
    """Find what the movement was for by its reference and amount; without certainty it goes into suspense."""
    matched = _match_arrival(actor, line, now) if line.came_in else _match_departure(line)
    matched = matched or _match_booking(line)
    if matched is not None:
        line.status, line.matched_id = LineStatus.MATCHED, matched
        session.flush()
        return
    hold_in_suspense(actor, line, now)


def _match_arrival(actor: Actor, line: BankLine, now: datetime) -> UUID | None:
    by_hand = session.execute(select(Collection).where(Collection.bank_reference == line.reference))
    confirmed = by_hand.scalar_one_or_none()
    if confirmed is not None and confirmed.amount == line.amount:
        return UUID(str(confirmed.id))
    for reference in _REFERENCE.findall(f"{line.end_to_end} {line.text}"):
        found = session.execute(select(Collection).where(Collection.reference == reference)).scalar_one_or_none()
        if found is None:
            continue
        try:
            with session.begin_nested():
                confirm_transfer(actor, found.id, line.reference, line.amount, now)
            return UUID(str(found.id))
        except Problem as problem:
            line.note = problem.detail[:300]
    return None


def _match_departure(line: BankLine) -> UUID | None:
    """A payout, a refund or money given back carries its id in the end-to-end reference."""
    for digits in _ORDER.findall(f"{line.end_to_end} {line.text}"):
        order = UUID(digits)
        payout, refund, back = session.get(Payout, order), session.get(Refund, order), session.get(BankLine, order)
        sent = payout is not None and payout.status is PayoutStatus.SENT and payout.amount == line.size
        returned = refund is not None and refund.status is RefundStatus.SENT and refund.amount == line.size
        given_back = back is not None and back.proposal == "give_back" and back.amount == line.size
        if (sent or returned or given_back) and not _is_matched(order):
            return order
    return None


def _match_booking(line: BankLine) -> UUID | None:
    """A movement another room booked under the bank's own reference: the same account, amount and direction."""
    query = (
        select(Journal.id)
        .join(ENTRIES, ENTRIES.c.journal_id == Journal.id)
        .join(accounts.Account, accounts.Account.id == ENTRIES.c.account_id)
        .where(
            accounts.Account.entity == accounts.PLATFORM, accounts.Account.code == BANK, accounts.Account.currency == line.amount.currency,
            ENTRIES.c.amount_minor == line.size.amount_minor,
            ENTRIES.c.side == ("debit" if line.came_in else "credit"),
            Journal.reference.endswith(":" + line.reference, autoescape=True),
        )
    )  # fmt: skip
    return next((found for found in session.execute(query).scalars() if not _is_matched(found)), None)


def _is_matched(identity: UUID) -> bool:
    return session.execute(select(BankLine.id).where(BankLine.matched_id == identity)).first() is not None


def hold_in_suspense(actor: Actor, line: BankLine, now: datetime) -> None:
    """Book the movement as the bank did, with the other side in suspense."""
    currency = line.amount.currency
    accounts.open_account(BANK, currency, "debit", floor_minor=None)
    accounts.open_account(SUSPENSE_IN, currency, "credit")
    accounts.open_account(SUSPENSE_OUT, currency, "debit")
    posting = Posting(BANK, SUSPENSE_IN, line.size) if line.came_in else Posting(SUSPENSE_OUT, BANK, line.size)
    entries.post(actor, line.suspense_reference, "bank_line", [posting], now)


def find_line(line_id: UUID) -> BankLine:
    """A line, locked for a decision."""
    return find(BankLine, line_id, lock=True)
