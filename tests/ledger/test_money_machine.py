"""Random money: whatever is tried in whatever order, the books agree with a simple model and prove themselves."""

from datetime import UTC, datetime
from typing import Any

import pytest
from apiflask import APIFlask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from marketplace.core.actor import SYSTEM
from marketplace.core.db import session
from marketplace.core.money import Money
from marketplace.ledger import accounts, entries
from marketplace.ledger.entries import Posting
from marketplace.ledger.proofs import prove_books

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CODES = ["a", "b", "c"]
AMOUNTS = st.integers(1, 120)


class MoneyMachine(RuleBasedStateMachine):
    """Three accounts with a floor, one source without; every act is mirrored in plain integers."""

    holds = Bundle("holds")
    posts = Bundle("posts")

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = session.begin_nested()
        self.number = 0
        self.posted = dict.fromkeys([*CODES, "source"], 0)
        self.pending = dict.fromkeys(CODES, 0)
        self.open_holds: dict[str, tuple[str, str, int]] = {}
        self.final: dict[str, tuple[str, str, int]] = {}
        self.reversed: set[str] = set()
        accounts.open_account("source", "CNY", "debit", floor_minor=None)
        for code in CODES:
            accounts.open_account(code, "CNY", "credit")

    def free(self, code: str) -> int:
        return 10**9 if code == "source" else self.posted[code] - self.pending[code]

    def move(self, debit: str, credit: str, amount: int) -> None:
        self.posted[debit] += amount if debit == "source" else -amount
        self.posted[credit] += -amount if credit == "source" else amount

    def named(self) -> str:
        self.number += 1
        return f"m{self.number}"

    @rule(credit=st.sampled_from(CODES), amount=AMOUNTS)
    def fund(self, credit: str, amount: int) -> None:
        entries.post(SYSTEM, self.named(), "fund", [Posting("source", credit, Money(amount, "CNY"))], NOW)
        self.move("source", credit, amount)

    @rule(target=posts, debit=st.sampled_from(CODES), credit=st.sampled_from([*CODES, "source"]), amount=AMOUNTS)
    def post(self, debit: str, credit: str, amount: int) -> str:
        name, posting = self.named(), Posting(debit, credit, Money(amount, "CNY"))
        if debit == credit:
            return name
        if self.free(debit) < amount:
            with pytest.raises(entries.InsufficientFunds):
                entries.post(SYSTEM, name, "sale", [posting], NOW)
            return name
        for _again in range(2):
            entries.post(SYSTEM, name, "sale", [posting], NOW)
        self.move(debit, credit, amount)
        self.final[name] = (debit, credit, amount)
        return name

    @rule(target=holds, debit=st.sampled_from(CODES), credit=st.sampled_from([*CODES, "source"]), amount=AMOUNTS)
    def hold(self, debit: str, credit: str, amount: int) -> str:
        name, posting = self.named(), Posting(debit, credit, Money(amount, "CNY"))
        if debit == credit:
            return name
        if self.free(debit) < amount:
            with pytest.raises(entries.InsufficientFunds):
                entries.hold(SYSTEM, name, "hold", [posting], NOW)
            return name
        entries.hold(SYSTEM, name, "hold", [posting], NOW)
        self.pending[debit] += amount
        self.open_holds[name] = (debit, credit, amount)
        return name

    @rule(name=holds, amount=AMOUNTS)
    def capture(self, name: str, amount: int) -> None:
        if name not in self.open_holds:
            with pytest.raises(Exception, match="not_found|hold_resolved"):
                entries.capture(SYSTEM, name, self.named(), NOW, amount=Money(amount, "CNY"))
            return
        debit, credit, held = self.open_holds[name]
        if amount > held:
            with pytest.raises(entries.ExceedsHold):
                entries.capture(SYSTEM, name, self.named(), NOW, amount=Money(amount, "CNY"))
            return
        entries.capture(SYSTEM, name, self.named(), NOW, amount=Money(amount, "CNY"))
        self.pending[debit] -= held
        self.move(debit, credit, amount)
        del self.open_holds[name]

    @rule(name=holds)
    def void(self, name: str) -> None:
        if name not in self.open_holds:
            with pytest.raises(Exception, match="not_found|hold_resolved"):
                entries.void(SYSTEM, name, self.named(), NOW)
            return
        entries.void(SYSTEM, name, self.named(), NOW)
        debit, _credit, held = self.open_holds.pop(name)
        self.pending[debit] -= held

    @rule(name=posts)
    def reverse(self, name: str) -> None:
        if name not in self.final:
            return
        debit, credit, amount = self.final[name]
        if name in self.reversed:
            with pytest.raises(entries.AlreadyReversed):
                entries.reverse(SYSTEM, name, self.named(), NOW)
        elif self.free(credit) < amount:
            with pytest.raises(entries.InsufficientFunds):
                entries.reverse(SYSTEM, name, self.named(), NOW)
        else:
            entries.reverse(SYSTEM, name, self.named(), NOW)
            self.move(credit, debit, amount)
            self.reversed.add(name)

    @invariant()
    def the_books_agree_with_the_model(self) -> None:
        for code in CODES:
            found = accounts.balance(code, "CNY")
            assert (found.posted.amount_minor, found.pending.amount_minor) == (self.posted[code], self.pending[code])
            assert found.available.amount_minor >= 0
        assert accounts.balance("source", "CNY").posted.amount_minor == self.posted["source"]

    def teardown(self) -> None:
        session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        assert prove_books()["faults"] == []
        session.execute(text("SET CONSTRAINTS ALL DEFERRED"))
        session.expunge_all()
        self.savepoint.rollback()


def test_money_behaves_like_its_model(app: APIFlask, db: Any) -> None:
    chosen = settings(max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(MoneyMachine, settings=chosen)
