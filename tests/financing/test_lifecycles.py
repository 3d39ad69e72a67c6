"""Random lives of applications, pledges and loans: only moves of the tables happen, and no cent is lost."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import func, select

from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.core.errors import Problem
from marketplace.core.lifecycle import Lifecycle, WrongStatus
from marketplace.core.money import Money
from marketplace.financing.ageing import age_to
from marketplace.financing.agreements import accept_term_sheet, cancel_loan
from marketplace.financing.applications import APPLICATION_LIFECYCLE, INVITATION_LIFECYCLE
from marketplace.financing.classification import LoanClass, classify
from marketplace.financing.covenant_tests import TEST_LIFECYCLE
from marketplace.financing.disbursement import disburse_loan
from marketplace.financing.loan_quality import judge_loan, write_off_loan
from marketplace.financing.loans import LOAN_LIFECYCLE, RUNNING, LoanStatus, find_loan, instalments_of
from marketplace.financing.pledges import (
    PLEDGE_LIFECYCLE,
    approve_release,
    ask_release,
    file_pledge,
    note_refusal,
    pledges_of_loan,
    register_pledge,
)
from marketplace.financing.repayments import Receipt, payoff_of, record_repayment
from marketplace.financing.term_sheets import TERM_SHEET_LIFECYCLE
from marketplace.ledger.accounts import Account
from tests.makers.financing import make_parties, make_running_loan, make_term_sheet, sign_contracts

TABLES = [
    APPLICATION_LIFECYCLE,
    INVITATION_LIFECYCLE,
    TERM_SHEET_LIFECYCLE,
    LOAN_LIFECYCLE,
    PLEDGE_LIFECYCLE,
    TEST_LIFECYCLE,
]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_move_outside_the_table_is_refused(app: APIFlask, table: Lifecycle[Any]) -> None:
    with app.app_context():
        for before in table.moves:
            for after in type(before):
                if table.allows(before, after):
                    assert table.check(before, after) is after
                else:
                    with pytest.raises(WrongStatus):
                        table.check(before, after)


class LoanLife(RuleBasedStateMachine):
    """A running loan that is paid, missed, judged and written off in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.parties = make_parties()
        self.loan_id = make_running_loan(self.parties, term_months=3, upfront_fee=Money(700, "CNY")).id
        self.today: date = find_loan(self.loan_id).disbursed_on or now().date()
        self.status = LoanStatus.PERFORMING
        self.slips = 0

    def attempt(self, act: Any) -> None:
        """Do it, or take a refusal as it comes; a refused act leaves nothing behind."""
        try:
            with session.begin_nested():
                act()
        except Problem:
            session.expire_all()

    def at(self) -> datetime:
        return datetime(self.today.year, self.today.month, self.today.day, 12, tzinfo=UTC)

    def pay(self, amount: Money) -> None:
        self.slips += 1
        if amount.amount_minor > 0:
            receipt = Receipt(amount=amount, received_on=self.today, bank_reference=f"S{self.slips}")
            self.attempt(lambda: record_repayment(self.parties.officer, self.loan_id, receipt, self.at()))

    @rule(days=st.integers(1, 60))
    def time_passes(self, days: int) -> None:
        self.today += timedelta(days=days)
        age_to(self.today, self.at())
        session.expire_all()

    @rule(minor=st.integers(1, 1_200_000))
    def somebody_pays_something(self, minor: int) -> None:
        self.pay(Money(minor, "CNY"))

    @rule()
    def the_next_instalment_is_paid(self) -> None:
        row = next((one for one in instalments_of(self.loan_id) if one.settled_on is None), None)
        if row is not None:
            self.pay(Money(row.open_minor, "CNY"))

    @precondition(lambda self: find_loan(self.loan_id).status in RUNNING)
    @rule()
    def everything_is_paid(self) -> None:
        loan = find_loan(self.loan_id)
        self.pay(payoff_of(loan, instalments_of(loan.id), self.today))

    @rule(tier=st.sampled_from(LoanClass))
    def the_bank_judges(self, tier: LoanClass) -> None:
        self.attempt(lambda: judge_loan(self.parties.officer, self.loan_id, tier, self.at()))

    @rule()
    def the_bank_writes_off(self) -> None:
        self.attempt(lambda: write_off_loan(self.parties.approver, self.loan_id, now()))

    @invariant()
    def only_moves_of_the_table_happened(self) -> None:
        current = find_loan(self.loan_id).status
        reached, seen = {self.status}, set()
        while reached - seen:
            step = (reached - seen).pop()
            seen.add(step)
            reached |= LOAN_LIFECYCLE.moves[step]
        assert current in reached
        self.status = current

    @invariant()
    def the_loan_its_instalments_and_the_books_agree(self) -> None:
        loan, rows = find_loan(self.loan_id), instalments_of(self.loan_id)
        assert sum(row.principal_minor for row in rows) == loan.principal.amount_minor
        paid = sum(row.paid_principal_minor for row in rows)
        assert loan.outstanding.amount_minor == loan.principal.amount_minor - paid
        bank = self.parties.officer.organisation_id
        accounts = {row.code: row for row in session.execute(
            select(Account).where(Account.owner_id == bank).execution_options(populate_existing=True)).scalars()}  # fmt: skip
        standing = {
            name: accounts[f"bank:{bank}:loans:{name}"].balance.posted.amount_minor
            for name in ("performing", "overdue", "npl")
        }
        if loan.status is not LoanStatus.WRITTEN_OFF:
            assert sum(standing.values()) == loan.outstanding.amount_minor
            if loan.outstanding:
                assert standing[loan.quality] == loan.outstanding.amount_minor
        income = accounts[f"bank:{bank}:income:interest"].balance.posted.amount_minor
        assert income == sum(row.paid_interest_minor for row in rows)

    @invariant()
    def the_class_is_never_better_than_the_days(self) -> None:
        loan = find_loan(self.loan_id)
        order = list(LoanClass)
        assert order.index(loan.loan_class) >= order.index(classify(loan.days_past_due))

    @invariant()
    def the_ledger_sums_to_zero(self) -> None:
        total = session.execute(select(func.sum(Account.posted_debit_minor - Account.posted_credit_minor))).scalar_one()
        assert (total or 0) == 0


class PledgeLife(RuleBasedStateMachine):
    """Contract, filing, registration, refusal, disbursement, release and cancellation in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.parties = make_parties()
        self.loan_id = accept_term_sheet(self.parties.holder, make_term_sheet(self.parties).id, [], now()).id
        self.loan_status = LoanStatus.APPROVED
        self.pledge_status = pledges_of_loan(self.loan_id)[0].status

    def attempt(self, act: Any) -> None:
        try:
            with session.begin_nested():
                act()
        except Problem:
            session.expire_all()
        loan, pledge = find_loan(self.loan_id), pledges_of_loan(self.loan_id)[0]
        assert loan.status is self.loan_status or LOAN_LIFECYCLE.allows(self.loan_status, loan.status)
        assert pledge.status is self.pledge_status or PLEDGE_LIFECYCLE.allows(self.pledge_status, pledge.status)
        assert loan.status not in RUNNING or pledge.registered_on is not None
        assert (pledge.encumbrance_id is None) == (pledge.registered_on is None)
        self.loan_status, self.pledge_status = loan.status, pledge.status

    @property
    def pledge_id(self) -> Any:
        return pledges_of_loan(self.loan_id)[0].id

    @rule()
    def both_sign(self) -> None:
        self.attempt(lambda: sign_contracts(self.parties, find_loan(self.loan_id)))

    @rule()
    def it_is_filed(self) -> None:
        self.attempt(lambda: file_pledge(self.parties.officer, self.pledge_id, "F1", now()))

    @rule()
    def it_is_registered(self) -> None:
        self.attempt(lambda: register_pledge(self.parties.officer, self.pledge_id, "Y1", now().date(), now()))

    @rule()
    def it_is_refused(self) -> None:
        self.attempt(lambda: note_refusal(self.parties.officer, self.pledge_id, "Name differs", now()))

    @rule()
    def it_is_paid_out(self) -> None:
        self.attempt(lambda: disburse_loan(self.parties.approver, self.loan_id, now()))

    @rule(reason=st.sampled_from(["", "Other security"]))
    def a_release_is_asked(self, reason: str) -> None:
        self.attempt(lambda: ask_release(self.parties.officer, self.pledge_id, reason, now()))

    @rule()
    def a_release_is_approved(self) -> None:
        self.attempt(lambda: approve_release(self.parties.approver, self.pledge_id, now()))

    @rule()
    def the_loan_is_given_up(self) -> None:
        self.attempt(lambda: cancel_loan(self.parties.approver, self.loan_id, now()))


@pytest.fixture
def apart(db: Any) -> Iterator[None]:
    """One transaction for the whole machine."""
    yield


LIVES = settings(
    max_examples=6, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck), database=None
)  # fmt: skip


def test_a_loan_lives_by_its_table_and_loses_no_cent(apart: None) -> None:
    run_state_machine_as_test(LoanLife, settings=LIVES)  # type: ignore[no-untyped-call]


def test_a_pledge_lives_by_its_table_and_is_real_only_when_registered(apart: None) -> None:
    run_state_machine_as_test(PledgeLife, settings=LIVES)  # type: ignore[no-untyped-call]
