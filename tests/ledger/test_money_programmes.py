"""A thousand little programmes of money, each run by PostgreSQL in one statement and beside it by a model of plain
integers that knows nothing of the books.

Checked in every programme: M1 amounts are whole minor units of one currency; M2 every journal that was written is
balanced (the deferred guards run at the end of each programme); M3 all entries of each currency sum to zero, no
account with a floor goes below it, and what is held is not available; M4 a reference repeated with the same content
writes nothing, with other content it is refused. That entries cannot be changed or deleted (M2) is tried in
test_database_guards, that held money is never the platform's (M5) in deals/test_paper_machines, and that shares add up
to the cent (M6) in deals/test_waterfall and risk_pool. test_money_machine tries the same through the use cases.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from marketplace.core.db import session
from marketplace.ledger import accounts

NOW = datetime(2026, 11, 23, tzinfo=UTC)
CODES = ("a", "b", "c", "source")
CURRENCIES = ("CNY", "USD")

SIDES = st.permutations(CODES).map(lambda order: (order[0], order[1]))
MOVES = st.tuples(
    st.sampled_from(["post", "fund", "hold", "post", "capture", "void", "reverse", "repeat", "falsify"]),
    SIDES, st.sampled_from(CURRENCIES), st.integers(1, 60), st.integers(0, 9),
)  # fmt: skip

RUN = text("""
    SELECT r.outcome FROM (
        SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:refs AS text[]), CAST(:hashes AS text[]),
                             CAST(:phases AS text[]), CAST(:pendings AS uuid[]), CAST(:reverses AS uuid[]),
                             CAST(:debits AS text[]), CAST(:credits AS text[]), CAST(:currencies AS text[]),
                             CAST(:amounts AS bigint[])) WITH ORDINALITY
            AS o (id, ref, hash, phase, pending, reverses, debit, credit, currency, amount, n)
    ) AS o CROSS JOIN LATERAL ledger_post(
        o.id, o.ref, o.hash, 'test', o.phase, o.pending, o.reverses, NULL, NULL, :at, NULL,
        CASE WHEN o.amount IS NULL THEN '{}' ELSE ARRAY['platform', 'platform'] END,
        CASE WHEN o.amount IS NULL THEN '{}' ELSE ARRAY[o.debit, o.credit] END,
        CASE WHEN o.amount IS NULL THEN '{}' ELSE ARRAY[o.currency, o.currency] END,
        CASE WHEN o.amount IS NULL THEN '{}' ELSE ARRAY['debit', 'credit'] END,
        CASE WHEN o.amount IS NULL THEN '{}' ELSE ARRAY[o.amount, o.amount] END
    ) AS r ORDER BY o.n
""")
BALANCES = text("""
    SELECT code, currency, posted_credit_minor - posted_debit_minor,
           CASE normal_side WHEN 'credit' THEN pending_debit_minor ELSE pending_credit_minor END
    FROM ledger_accounts WHERE code IN ('a', 'b', 'c', 'source')
""")
SUMS = text("""
    SELECT coalesce(sum(CASE e.side WHEN 'debit' THEN e.amount_minor ELSE -e.amount_minor END), 0)
    FROM ledger_entries AS e JOIN ledger_journals AS j ON j.id = e.journal_id GROUP BY e.currency
""")


@dataclass
class Line:
    """One act as it is given to the database, and what the model expects of it."""

    id: UUID
    ref: str
    content: str
    phase: str
    debit: str
    credit: str
    currency: str
    amount: int | None
    pending: UUID | None = None
    reverses: UUID | None = None
    expected: str = ""


@dataclass
class Model:
    """The books as plain integers: credits minus debits of each account, and what is held."""

    totals: dict[tuple[str, str], int] = field(default_factory=lambda: {(a, c): 0 for a in CODES for c in CURRENCIES})
    held: dict[tuple[str, str], int] = field(default_factory=lambda: {(a, c): 0 for a in CODES for c in CURRENCIES})
    lines: list[Line] = field(default_factory=list)
    holds: dict[UUID, str] = field(default_factory=dict)
    reversed: set[UUID] = field(default_factory=set)

    def free(self, code: str, currency: str) -> float:
        if code == "source":
            return float("inf")
        return self.totals[code, currency] - self.held[code, currency]

    def move(self, line: Line) -> None:
        assert line.amount is not None
        self.totals[line.debit, line.currency] -= line.amount
        self.totals[line.credit, line.currency] += line.amount

    def keep(self, kind: str, line: Line) -> None:
        self.lines.append(line)
        line.expected = self.judge(kind, line)

    def judge(self, kind: str, line: Line) -> str:
        assert line.amount is not None or line.phase == "void"
        if line.phase in ("capture", "void"):
            return self.resolve(line)
        if line.reverses is not None and line.reverses in self.reversed:
            return "already_reversed"
        if self.free(line.debit, line.currency) < (line.amount or 0):
            return "insufficient_funds"
        if line.phase == "pending":
            self.held[line.debit, line.currency] += line.amount or 0
            if line.credit == "source":
                self.held[line.credit, line.currency] += line.amount or 0
            if line.debit == "source":
                self.held[line.debit, line.currency] -= line.amount or 0
            self.holds[line.id] = "open"
        else:
            self.move(line)
            if line.reverses is not None:
                self.reversed.add(line.reverses)
        return "posted"

    def resolve(self, line: Line) -> str:
        assert line.pending is not None
        held = next(one for one in self.lines if one.id == line.pending)
        assert held.amount is not None
        if self.holds[line.pending] != "open":
            return f"already_{self.holds[line.pending]}"
        if line.phase == "capture" and (line.amount or 0) > held.amount:
            return "exceeds_hold"
        if held.debit != "source":
            self.held[held.debit, held.currency] -= held.amount
        if held.credit == "source":
            self.held[held.credit, held.currency] -= held.amount
        self.holds[line.pending] = line.phase
        if line.phase == "capture":
            self.move(line)
        return "posted"

    def written(self, *phases: str) -> list[Line]:
        return [one for one in self.lines if one.expected == "posted" and one.phase in phases]

    def add(self, kind: str, sides: tuple[str, str], currency: str, amount: int, at: int) -> None:
        """One more act, if there is anything it can be done to."""
        debit, credit = ("source", next(one for one in sides if one != "source")) if kind == "fund" else sides
        line = Line(uuid4(), f"r{len(self.lines)}", f"h{len(self.lines)}", "single", debit, credit, currency, amount)
        if kind in ("post", "fund", "hold"):
            line.phase = "pending" if kind == "hold" else "single"
            self.keep(kind, line)
            return
        earlier = {"capture": self.written("pending"), "void": self.written("pending")}.get(
            kind, self.written("single", "capture")
        )
        if not earlier:
            return
        chosen = earlier[at % len(earlier)]
        if kind in ("capture", "void"):
            line.phase, line.pending = kind, chosen.id
            line.debit, line.credit, line.currency = chosen.debit, chosen.credit, chosen.currency
            line.amount = amount if kind == "capture" else None
            self.keep(kind, line)
        elif kind == "reverse":
            line.reverses = chosen.id
            line.debit, line.credit, line.currency = chosen.credit, chosen.debit, chosen.currency
            line.amount = chosen.amount
            self.keep(kind, line)
        else:
            self.repeat(chosen, falsified=kind == "falsify")

    def repeat(self, chosen: Line, falsified: bool) -> None:
        content = "another" if falsified else chosen.content
        self.lines.append(
            Line(uuid4(), chosen.ref, content, "single", chosen.debit, chosen.credit, chosen.currency, chosen.amount,
                 expected="reference_reused" if falsified else "replayed")
        )  # fmt: skip


@settings(max_examples=1_000, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(st.lists(MOVES, min_size=1, max_size=14))
def _a_programme_agrees_with_the_model(moves: list[Any]) -> None:
    model = Model()
    for move in moves:
        model.add(*move)
    lines = model.lines
    if not lines:
        return
    names = ("ids", "refs", "hashes", "phases", "pendings", "reverses", "debits", "credits", "currencies", "amounts")
    columns = ("id", "ref", "content", "phase", "pending", "reverses", "debit", "credit", "currency", "amount")
    values = {name: [getattr(line, of) for line in lines] for name, of in zip(names, columns, strict=True)}
    connection = session.connection()
    with connection.begin_nested() as savepoint:
        outcomes = list(connection.execute(RUN, values | {"at": NOW}).scalars())
        assert outcomes == [line.expected for line in lines]
        connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        for code, currency, total, pending in connection.execute(BALANCES):
            assert (total, pending) == (model.totals[code, currency], model.held[code, currency]), (code, currency)
            assert code == "source" or total - pending >= 0
        assert set(connection.execute(SUMS).scalars()) <= {0}
        connection.execute(text("SET CONSTRAINTS ALL DEFERRED"))
        savepoint.rollback()


def test_a_thousand_programmes_agree_with_a_model_of_plain_integers(db: Any) -> None:
    for currency in CURRENCIES:
        accounts.open_account("source", currency, "debit", floor_minor=None)
        for code in CODES[:3]:
            accounts.open_account(code, currency, "credit")
    session.flush()
    _a_programme_agrees_with_the_model()
