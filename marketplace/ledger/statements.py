"""Statements: what moved on an organisation's own accounts, line by line, with the balance after each."""

import csv
import io
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, tuple_

from marketplace.core.actor import Actor
from marketplace.core.clock import MARKET_TIME
from marketplace.core.db import session
from marketplace.core.errors import Malformed, require
from marketplace.core.i18n import _, _l
from marketplace.core.money import Money
from marketplace.ledger.accounts import Account, accounts_of
from marketplace.ledger.journals import ENTRIES, Journal, Phase

EXPORT_AT_MOST = 50_000


@dataclass(frozen=True)
class StatementLine:
    """One line of a statement: positive is more on the account, negative is less."""

    cursor: str
    at: datetime
    account: str
    reference: str
    kind: str
    phase: str
    amount: Money
    balance: Money


def my_accounts(actor: Actor) -> list[Account]:
    """The accounts of the actor's organisation, with what is available on each."""
    _require_reader(actor)
    return [] if actor.organisation_id is None else accounts_of(actor.organisation_id)


def statement(actor: Actor, since: date | None, until: date | None, after: str | None, limit: int) -> dict[str, Any]:
    """A page of the organisation's statement, newest first."""
    _require_reader(actor)
    query = _lines(actor.organisation_id, since, until)
    if after is not None:
        journal, line = _cursor(after)
        query = query.where(tuple_(ENTRIES.c.journal_id, ENTRIES.c.line) < (journal, line))
    rows = [_line(row) for row in session.execute(query.limit(limit + 1))]
    return {"items": rows[:limit], "next": rows[limit - 1].cursor if len(rows) > limit else None}


def statement_csv(actor: Actor, since: date | None, until: date | None) -> str:
    """The statement as a spreadsheet file; no cell can be taken for a formula."""
    _require_reader(actor)
    out = io.StringIO()
    writer = csv.writer(out)
    heads = (_("Time"), _("Account"), _("Reference"), _("Kind"), _("Amount"), _("Balance"), _("Currency"))
    writer.writerow([str(head) for head in heads])
    query = _lines(actor.organisation_id, since, until).limit(EXPORT_AT_MOST)
    for line in map(_line, session.execute(query)):
        cells = (line.account, line.reference, line.kind)
        harmless = ["'" + cell if cell[:1] in "=+-@\t\r" else cell for cell in cells]
        figures = (line.amount.format(), line.balance.format(), line.amount.currency)
        writer.writerow([line.at.isoformat(), *harmless, *figures])
    return "\ufeff" + out.getvalue()


def all_lines(actor: Actor, since: date | None, until: date | None, at_most: int) -> list[StatementLine]:
    """Every line of a period, the oldest first, but no more of the newest than asked for."""
    _require_reader(actor)
    query = _lines(actor.organisation_id, since, until).limit(at_most)
    return [_line(row) for row in session.execute(query)][::-1]


def _require_reader(actor: Actor) -> None:
    require(actor.may("money.pay") or actor.may("money.approve") or actor.may("org.manage"))


def _lines(owner_id: UUID | None, since: date | None, until: date | None) -> Select[Any]:
    query = (
        select(
            ENTRIES.c.journal_id, ENTRIES.c.line, Journal.at, Account.code, Journal.reference, Journal.kind,
            Journal.phase, ENTRIES.c.side, Account.normal_side, ENTRIES.c.amount_minor,
            ENTRIES.c.balance_after_minor, ENTRIES.c.currency,
        )
        .join(Journal, Journal.id == ENTRIES.c.journal_id)
        .join(Account, Account.id == ENTRIES.c.account_id)
        .where(Account.owner_id == owner_id)
        .order_by(ENTRIES.c.journal_id.desc(), ENTRIES.c.line.desc())
    )  # fmt: skip
    if since is not None:
        query = query.where(Journal.at >= _midnight(since))
    if until is not None:
        query = query.where(Journal.at < _midnight(until + timedelta(days=1)))
    return query


def _line(row: Any) -> StatementLine:
    signed = row.amount_minor if row.side == row.normal_side.value else -row.amount_minor
    return StatementLine(
        cursor=f"{row.journal_id}.{row.line}",
        at=row.at,
        account=row.code,
        reference=row.reference,
        kind=row.kind,
        phase=Phase(row.phase).value,
        amount=Money(signed, row.currency),
        balance=Money(row.balance_after_minor, row.currency),
    )


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=MARKET_TIME)


def _cursor(text: str) -> tuple[UUID, int]:
    try:
        journal, line = text.split(".")
        return UUID(journal), int(line)
    except ValueError as fault:
        raise Malformed("after", _l("This is not a cursor.")) from fault
