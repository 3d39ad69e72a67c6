"""The life of a loan on paper, a thousand times: whatever is done to it, books, schedule and balance say the same."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from marketplace.core.errors import Problem
from marketplace.core.money import Money
from marketplace.financing import loan_changes
from marketplace.financing.allocation import Part, allocate
from marketplace.financing.bank_books import capitalisation_postings, draw_postings, repayment_postings
from marketplace.financing.classification import LoanClass, classify, days_past_due
from marketplace.financing.clauses import Clauses, RepaymentOrder
from marketplace.financing.loan_changes import Restructuring
from marketplace.financing.loan_terms import LoanTerms, RepaymentMethod
from marketplace.financing.loans import Instalment, Loan, LoanStatus
from marketplace.financing.repayments import payoff_of, run_up
from marketplace.financing.schedules import Row
from marketplace.ledger.entries import Posting

START = date(2026, 1, 5)
BANK = UUID(int=7)


def cny(minor: int) -> Money:
    return Money(minor, "CNY")


def blank_row(nr: int, begins: date, due: date) -> Instalment:
    return Instalment(
        nr=nr, begins_on=begins, counts_from=begins, carried_minor=0, due_on=due, currency="CNY", settled_on=None,
        principal_minor=0, interest_minor=0, fees_minor=0, penalty_minor=0, paid_principal_minor=0,
        paid_interest_minor=0, paid_fees_minor=0, paid_penalty_minor=0,
    )  # fmt: skip


_PLANNED: dict[RepaymentMethod, list[Row]] = {}


def standing_in(quality: str) -> str:
    """The account of the bank in which the loan stands."""
    return f"bank:{BANK}:loans:{quality}"


def loan_on_paper(method: RepaymentMethod, undrawn: int = 0, **clauses: Any) -> tuple[Loan, list[Instalment]]:
    """A loan of twelve months paid out on the first working day of 2026, in memory only."""
    loan = Loan(
        bank_id=BANK, status=LoanStatus.PERFORMING, principal=cny(1_200_000 + undrawn), undrawn=cny(undrawn),
        outstanding=cny(1_200_000), upfront_fee=cny(700), rate_bps=480, penalty_rate_bps=720, term_months=12,
        method=method, every_months=1, clauses=Clauses(**clauses), days_past_due=0, loan_class=LoanClass.NORMAL,
        judged_class=None, disbursed_on=START,
    )  # fmt: skip
    terms = LoanTerms(amount=cny(1_200_000), rate_bps=480, term_months=12, method=method, upfront_fee=cny(0))
    rows, begins = [], START
    for planned in _PLANNED.setdefault(method, terms.schedule(START) if method not in _PLANNED else []):
        row = blank_row(planned.nr, begins, planned.due_date)
        row.principal_minor, row.interest_minor = planned.principal, planned.interest
        rows.append(row)
        begins = planned.due_date
    loan.matures_on = begins
    return loan, rows


class LoanOnPaper(RuleBasedStateMachine):
    """Draws, repayments, early repayments, new rates, extensions and restructurings in any order, with the books."""

    def __init__(self) -> None:
        super().__init__()
        self.loan, self.rows = loan_on_paper(
            RepaymentMethod.EQUAL_INSTALMENTS, 300_000, prepayment_fee_bps=50,
            repayment_order=RepaymentOrder.PRINCIPAL_FIRST,
        )  # fmt: skip
        self.today, self.books, self.received = START, Counter[str](), 0
        self.post(draw_postings(self.loan, self.loan.outstanding, self.loan.upfront_fee, BANK))
        self.lent = 1_200_000

    def post(self, postings: Sequence[Posting]) -> None:
        for one in postings:
            self.books[one.debit_code] += one.amount.amount_minor
            self.books[one.credit_code] -= one.amount.amount_minor

    def attempt(self, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except Problem:
            return None

    def restate(self) -> None:
        """What the night does with days past due, class, status and account."""
        loan, before = self.loan, self.loan.quality
        open_days = [one.due_on for one in self.rows if one.settled_on is None]
        loan.days_past_due = days_past_due(min(open_days, default=None), self.today)
        loan.loan_class = classify(loan.days_past_due, loan.judged_class)
        if loan.quality != before and loan.outstanding:
            self.post([Posting(standing_in(loan.quality), standing_in(before), loan.outstanding)])
        if not open_days:
            loan.status = LoanStatus.PAID_OFF
        late = LoanStatus.DEFAULTED if loan.days_past_due > 90 else LoanStatus.OVERDUE
        if loan.status is not LoanStatus.PAID_OFF:
            loan.status = late if loan.days_past_due else LoanStatus.PERFORMING

    @rule(method=st.sampled_from(RepaymentMethod))
    def the_method_is_agreed_anew_before_anything_happens(self, method: RepaymentMethod) -> None:
        if self.today == START and not self.received:
            self.rows[:] = loan_on_paper(method)[1] if self.lent == 1_200_000 else self.rows
            self.loan.method = method if self.lent == 1_200_000 else self.loan.method

    @rule(days=st.integers(1, 75))
    def time_passes(self, days: int) -> None:
        for one in self.rows:
            late = min((self.today + timedelta(days=days) - one.due_on).days, days)
            if one.settled_on is None and late > 0:
                one.penalty_minor += (one.principal_minor - one.paid_principal_minor) * 720 * late // 3_600_000
        self.today += timedelta(days=days)
        self.restate()

    def book(self, allocation: Any) -> None:
        self.post(repayment_postings(self.loan, {part: allocation.total(part) for part in Part}, BANK))
        for one in self.rows:
            one.take(allocation.parts.get(one.nr, {}), self.today)
        self.received += allocation.applied
        self.loan.outstanding -= cny(allocation.total(Part.PRINCIPAL))
        self.restate()

    @rule(minor=st.integers(1, 2_000_000))
    def something_is_paid(self, minor: int) -> None:
        due = [one for one in self.rows if one.settled_on is None]
        self.book(allocate(minor, [one.owed for one in due[:1]], self.loan.clauses.repayment_order.parts))

    @rule(minor=st.integers(1, 900_000), shorten=st.booleans())
    def a_part_is_paid_early(self, minor: int, shorten: bool) -> None:
        done = self.attempt(
            lambda: loan_changes.prepay(self.loan, self.rows, cny(minor), self.today, shorten, blank_row)
        )
        if done is not None:
            assert done.applied == minor
            self.book(done)

    @rule(minor=st.integers(1, 400_000))
    def a_part_is_drawn(self, minor: int) -> None:
        before = self.loan.outstanding
        self.attempt(lambda: loan_changes.draw(self.loan, self.rows, cny(minor), self.today, blank_row))
        if self.loan.outstanding != before:
            self.lent += minor
            self.post(draw_postings(self.loan, cny(minor), cny(0), BANK))

    @rule(rate_bps=st.integers(0, 2_000))
    def the_rate_moves(self, rate_bps: int) -> None:
        if self.loan.status is not LoanStatus.PAID_OFF:
            loan_changes.reset_rate(self.loan, self.rows, rate_bps, self.today, blank_row)

    @rule(months=st.integers(1, 24), rate_bps=st.integers(0, 2_000))
    def more_time_is_given(self, months: int, rate_bps: int) -> None:
        self.attempt(lambda: loan_changes.extend(self.loan, self.rows, months, rate_bps, self.today, blank_row))

    @rule(
        months=st.integers(0, 24), method=st.sampled_from(RepaymentMethod), grace=st.integers(0, 6), more=st.booleans()
    )
    def it_is_restructured(self, months: int, method: RepaymentMethod, grace: int, more: bool) -> None:
        owed = sum(one.open_minor for one in self.rows)
        interest = sum(max(one.interest_minor, 0) for one in self.rows if one.due_on <= self.today)
        wanted = Restructuring(
            more_months=months, rate_bps=0, method=method, grace_periods=grace, capitalises=more
        )  # fmt: skip
        done = self.attempt(lambda: loan_changes.restructure(self.loan, self.rows, wanted, self.today, blank_row))
        if done is not None:
            self.post(capitalisation_postings(self.loan, done, BANK))
            self.restate()
            assert self.loan.days_past_due == 0
            assert self.loan.loan_class is not LoanClass.NORMAL
            assert sum(one.open_minor for one in self.rows) <= owed + interest

    @invariant()
    def books_schedule_and_balance_agree(self) -> None:
        loan, rows = self.loan, self.rows
        assert sum(one.principal_minor for one in rows) == (loan.principal - loan.undrawn).amount_minor
        unpaid = sum(one.principal_minor - one.paid_principal_minor for one in rows)
        assert unpaid == loan.outstanding.amount_minor
        standing = sum(held for code, held in self.books.items() if ":loans:" in code)
        assert standing == unpaid and self.books[standing_in(loan.quality)] == unpaid
        assert not sum(self.books.values())
        settlement = self.books[f"bank:{BANK}:settlement"]
        assert settlement == self.received - self.lent + loan.upfront_fee.amount_minor

    @invariant()
    def every_instalment_is_sound(self) -> None:
        days = [one.due_on for one in self.rows if one.settled_on is None]
        assert days == sorted(set(days))
        for one in self.rows:
            assert min(one.owed.open.values()) >= 0
            assert one.due_on > one.begins_on and one.counts_from >= one.begins_on and one.carried_minor >= 0
            assert (one.settled_on is None) == (one.open_minor > 0)
            assert 0 <= run_up(one, self.today) <= one.interest_minor

    @invariant()
    def the_payoff_is_never_less_than_the_principal_nor_more_than_everything(self) -> None:
        payoff = payoff_of(self.loan, self.rows, self.today)
        assert self.loan.outstanding <= payoff <= cny(sum(one.open_minor for one in self.rows))


LIVES = settings(
    max_examples=1_000, stateful_step_count=7, deadline=None, suppress_health_check=list(HealthCheck), database=None
)  # fmt: skip


def test_a_loan_lives_a_thousand_lives_and_loses_no_cent() -> None:
    run_state_machine_as_test(LoanOnPaper, settings=LIVES)  # type: ignore[no-untyped-call]


def test_an_early_repayment_lowers_the_instalments_or_ends_the_loan_sooner() -> None:
    on = START + timedelta(days=31)
    for shorten in (False, True):
        loan, rows = loan_on_paper(RepaymentMethod.EQUAL_INSTALMENTS)
        rows[0].take({Part.INTEREST: rows[0].interest_minor, Part.PRINCIPAL: rows[0].principal_minor}, on)
        before = rows[2].total.amount_minor
        loan_changes.prepay(loan, rows, cny(400_000), rows[0].due_on, shorten, blank_row)
        left = [one for one in rows if one.settled_on is None]
        if shorten:
            assert len(left) < 11 and left[1].total.amount_minor in range(before - 2, before + 3)
        else:
            assert len(left) == 11 and left[1].total.amount_minor < before * 2 // 3 + 5_000


def test_what_ran_up_before_a_new_rate_stays_and_the_payoff_does_not_jump() -> None:
    loan, rows = loan_on_paper(RepaymentMethod.BULLET)
    on = START + timedelta(days=14)
    before = payoff_of(loan, rows, on)
    loan_changes.reset_rate(loan, rows, 960, on, blank_row)
    assert payoff_of(loan, rows, on) == before
    assert rows[1].interest_minor == 9_600
    assert rows[0].interest_minor > rows[0].carried_minor > 0


def test_an_extension_moves_the_maturity_without_repaying_first() -> None:
    loan, rows = loan_on_paper(RepaymentMethod.BULLET)
    for row in rows[:-1]:
        row.take({Part.INTEREST: row.interest_minor}, row.due_on)
    last = rows[-1].due_on
    loan_changes.extend(loan, rows, 6, 500, rows[-2].due_on + timedelta(days=1), blank_row)
    assert loan.matures_on is not None and (loan.matures_on - last).days > 150
    assert rows[11].principal_minor == 0 and rows[-1].principal_minor == 1_200_000
    assert loan.term_months == 18


def test_a_restructured_loan_stays_under_observation_and_may_capitalise_its_arrears() -> None:
    loan, rows = loan_on_paper(RepaymentMethod.EQUAL_INSTALMENTS)
    on = rows[1].due_on + timedelta(days=3)
    loan.status, loan.loan_class = LoanStatus.OVERDUE, LoanClass.SUBSTANDARD
    wanted = Restructuring(more_months=12, rate_bps=400, method=RepaymentMethod.EQUAL_INSTALMENTS, capitalises=True)
    arrears = sum(one.interest_minor for one in rows[:2])
    assert loan_changes.restructure(loan, rows, wanted, on, blank_row)[Part.INTEREST] == arrears
    assert loan.outstanding == cny(1_200_000 + arrears)
    assert loan.judged_class is LoanClass.SUBSTANDARD
