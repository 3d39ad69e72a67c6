"""A loan that runs: its books, its days, its arrears, its classes and its end."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.core.lifecycle import WrongStatus
from marketplace.core.money import Money
from marketplace.financing.ageing import LoanDay, age_to
from marketplace.financing.classification import LoanClass
from marketplace.financing.loan_quality import judge_loan, write_off_loan
from marketplace.financing.loans import (
    LoanStatus,
    find_loan,
    instalments_of,
    outstanding_principal,
)
from marketplace.financing.repayments import MoreThanDue, Receipt, ReceiptRecorded, payoff_of, record_repayment
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.ledger.accounts import balance
from tests.makers.financing import (
    Parties,
    cny,
    days_after,
    make_parties,
    make_running_loan,
    repay,
)


@pytest.fixture
def parties(db: Any) -> Parties:
    return make_parties()


def at_noon(day: Any) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def age(day: Any) -> int:
    return age_to(day, at_noon(day))


def books(parties: Parties) -> dict[str, int]:
    bank = parties.officer.organisation_id
    names = (
        "loans:performing",
        "loans:overdue",
        "loans:npl",
        "settlement",
        "income:interest",
        "income:fees",
        "income:penalty",
    )
    return {name: balance(f"bank:{bank}:{name}", "CNY").posted.amount_minor for name in names}


def test_a_disbursed_loan_stands_in_the_books_with_its_instalments(parties: Parties) -> None:
    loan = make_running_loan(parties, upfront_fee=cny(100))
    rows = instalments_of(loan.id)
    assert len(rows) == 12
    assert sum(row.principal_minor for row in rows) == loan.principal.amount_minor
    assert outstanding_principal(loan.id) == cny(10_000)
    found = books(parties)
    assert (found["loans:performing"], found["settlement"], found["income:fees"]) == (1_000_000, -990_000, 10_000)


def test_the_whole_schedule_paid_on_time_ends_the_loan(parties: Parties) -> None:
    loan = make_running_loan(parties)
    for row in instalments_of(loan.id):
        age(row.due_on)
        repay(parties, loan, row.total, row.due_on)
    loan = find_loan(loan.id)
    assert (loan.status, loan.outstanding.amount_minor, loan.loan_class) == (LoanStatus.PAID_OFF, 0, LoanClass.NORMAL)
    found = books(parties)
    interest = sum(row.interest_minor for row in instalments_of(loan.id))
    assert found["loans:performing"] == found["loans:overdue"] == found["loans:npl"] == 0
    assert found["income:interest"] == found["settlement"] == interest


def test_an_early_repayment_takes_exactly_the_payoff(parties: Parties) -> None:
    loan = make_running_loan(parties)
    on = days_after(loan, 10)
    age(on)
    payoff = payoff_of(loan, instalments_of(loan.id), on)
    first = instalments_of(loan.id)[0]
    assert cny(10_000) < payoff < cny(10_000) + first.money(first.interest_minor)
    with pytest.raises(MoreThanDue), session.begin_nested():
        repay(parties, loan, payoff + Money(1, "CNY"), on)
    repay(parties, loan, payoff, on)
    assert find_loan(loan.id).status is LoanStatus.PAID_OFF
    assert books(parties)["settlement"] == (payoff - cny(10_000)).amount_minor


def test_one_receipt_is_booked_once(parties: Parties) -> None:
    loan = make_running_loan(parties)
    receipt = Receipt(amount=cny(10), received_on=days_after(loan, 0), bank_reference="SLIP-1")
    record_repayment(parties.officer, loan.id, receipt, at_noon(days_after(loan, 0)))
    with pytest.raises(ReceiptRecorded):
        record_repayment(parties.officer, loan.id, receipt, at_noon(days_after(loan, 0)))


def test_a_loan_that_is_not_served_passes_through_the_five_tiers_and_defaults(parties: Parties) -> None:
    loan = make_running_loan(parties)
    due = instalments_of(loan.id)[0].due_on
    seen = {}
    for days in (0, 1, 90, 91, 271, 361):
        age(due + timedelta(days=days))
        session.expire_all()
        loan = find_loan(loan.id)
        seen[days] = (loan.status.value, loan.loan_class.value, loan.days_past_due)
    assert seen[0] == ("performing", "normal", 0)
    assert seen[1] == ("overdue", "special_mention", 1)
    assert seen[90] == ("overdue", "special_mention", 90)
    assert seen[91] == ("defaulted", "substandard", 91)
    assert seen[271] == ("defaulted", "doubtful", 271)
    assert seen[361] == ("defaulted", "loss", 361)
    found = books(parties)
    assert (found["loans:performing"], found["loans:overdue"], found["loans:npl"]) == (0, 0, 1_000_000)


def test_arrears_paid_with_penalty_make_the_loan_perform_again(parties: Parties) -> None:
    loan = make_running_loan(parties)
    row = instalments_of(loan.id)[0]
    on = row.due_on + timedelta(days=10)
    age(on)
    row = instalments_of(loan.id)[0]
    expected = 10 * round(row.principal_minor * loan.penalty_rate_bps / 3_600_000)
    assert row.penalty_minor == expected
    repay(parties, loan, row.total, on)
    session.expire_all()
    loan = find_loan(loan.id)
    assert (loan.status, loan.loan_class, loan.days_past_due) == (LoanStatus.PERFORMING, LoanClass.NORMAL, 0)
    found = books(parties)
    assert found["loans:overdue"] == 0
    assert found["loans:performing"] == loan.outstanding.amount_minor
    assert found["income:penalty"] == expected


def test_ageing_twice_changes_nothing(parties: Parties) -> None:
    loan = make_running_loan(parties)
    on = days_after(loan, 45)
    assert age(on) == 45
    before = [(row.nr, row.penalty_minor) for row in instalments_of(loan.id)]
    assert age(on) == 0
    assert [(row.nr, row.penalty_minor) for row in instalments_of(loan.id)] == before
    assert len(session.execute(select(LoanDay).where(LoanDay.loan_id == loan.id)).all()) == 45


def test_the_interest_of_the_days_sums_to_the_interest_of_the_period(parties: Parties) -> None:
    loan = make_running_loan(parties)
    first = instalments_of(loan.id)[0]
    age(first.due_on)
    days = session.execute(select(LoanDay.interest_minor).where(LoanDay.loan_id == loan.id)).scalars()
    assert sum(days) == first.interest_minor


def test_a_bank_judges_a_loan_worse_but_never_better(parties: Parties) -> None:
    loan = make_running_loan(parties)
    judge_loan(parties.officer, loan.id, LoanClass.SUBSTANDARD, now())
    assert find_loan(loan.id).loan_class is LoanClass.SUBSTANDARD
    assert books(parties)["loans:npl"] == 1_000_000
    judge_loan(parties.officer, loan.id, LoanClass.NORMAL, now())
    assert find_loan(loan.id).loan_class is LoanClass.NORMAL


def test_a_defaulted_loan_is_written_off_by_a_second_person(parties: Parties) -> None:
    loan = make_running_loan(parties)
    with pytest.raises(WrongStatus):
        write_off_loan(parties.approver, loan.id, now())
    age(instalments_of(loan.id)[0].due_on + timedelta(days=91))
    session.expire_all()
    with pytest.raises(SecondPersonNeeded):
        write_off_loan(parties.officer, loan.id, now())
    assert write_off_loan(parties.approver, loan.id, now()).status is LoanStatus.WRITTEN_OFF
    assert books(parties)["loans:npl"] == 0
