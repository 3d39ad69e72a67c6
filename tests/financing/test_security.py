"""Realising pledged rights: who may, and where the proceeds go."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.core.money import Money
from marketplace.financing.ageing import age_to
from marketplace.financing.enforcement import NotInDefault, divide_proceeds, realise_pledge
from marketplace.financing.loans import Loan, LoanStatus, find_loan, instalments_of
from marketplace.financing.pledges import PledgeStatus, pledges_of_loan
from marketplace.financing.policy import WrongActor
from marketplace.financing.repayments import Receipt
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.ledger.accounts import balance
from marketplace.registry.encumbrances import open_encumbrances
from tests.makers.financing import Parties, cny, make_parties, make_running_loan


@pytest.fixture
def parties(db: Any) -> Parties:
    return make_parties()


def defaulted(parties: Parties) -> tuple[Loan, datetime]:
    loan = make_running_loan(parties)
    on = instalments_of(loan.id)[0].due_on + timedelta(days=95)
    at = datetime(on.year, on.month, on.day, 12, tzinfo=UTC)
    age_to(on, at)
    session.expire_all()
    return find_loan(loan.id), at


def proceeds(amount: Money, at: datetime) -> Receipt:
    return Receipt(amount=amount, received_on=at.date(), bank_reference="SALE-1")


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 10**12))
def test_proceeds_are_divided_without_losing_a_cent(total: int, costs: int, debt: int) -> None:
    if costs > total:
        return
    division = divide_proceeds(Money(total, "CNY"), Money(costs, "CNY"), Money(debt, "CNY"))
    assert division.costs + division.applied + division.surplus == Money(total, "CNY")
    assert division.applied.amount_minor == min(total - costs, debt)
    assert division.surplus.amount_minor == 0 or division.applied.amount_minor == debt


def test_a_pledge_is_realised_only_in_default_by_a_second_person_of_the_lender(parties: Parties) -> None:
    loan = make_running_loan(parties)
    pledge = pledges_of_loan(loan.id)[0]
    with pytest.raises(NotInDefault):
        realise_pledge(parties.approver, pledge.id, proceeds(cny(1), now()), cny(0), now())
    with pytest.raises(WrongActor):
        realise_pledge(parties.holder, pledge.id, proceeds(cny(1), now()), cny(0), now())


def fresh(actor: Any, at: datetime) -> Any:
    from dataclasses import replace

    return replace(actor, authenticated_at=at)


def test_the_surplus_of_a_sale_belongs_to_the_pledgor(parties: Parties) -> None:
    loan, at = defaulted(parties)
    pledge = pledges_of_loan(loan.id)[0]
    with pytest.raises(SecondPersonNeeded):
        realise_pledge(fresh(parties.officer, at), pledge.id, proceeds(cny(15_000), at), cny(500), at)
    done = realise_pledge(fresh(parties.approver, at), pledge.id, proceeds(cny(15_000), at), cny(500), at)
    assert done.costs + done.applied + done.surplus == cny(15_000)
    assert cny(10_000) < done.applied < cny(10_500)
    assert find_loan(loan.id).status is LoanStatus.PAID_OFF
    assert pledge.status is PledgeStatus.ENFORCED
    assert open_encumbrances(parties.asset_id, at.date()) == []
    bank = parties.officer.organisation_id
    assert balance(f"bank:{bank}:surplus", "CNY").posted == done.surplus
    assert balance(f"bank:{bank}:loans:npl", "CNY").posted == cny(0)


def test_a_shortfall_stays_a_debt(parties: Parties) -> None:
    loan, at = defaulted(parties)
    pledge = pledges_of_loan(loan.id)[0]
    done = realise_pledge(fresh(parties.approver, at), pledge.id, proceeds(cny(4_000), at), cny(400), at)
    assert (done.applied, done.surplus) == (cny(3_600), cny(0))
    loan = find_loan(loan.id)
    assert loan.status is LoanStatus.DEFAULTED
    assert cny(6_400) < loan.outstanding < cny(10_000)
    bank = parties.officer.organisation_id
    assert balance(f"bank:{bank}:loans:npl", "CNY").posted == loan.outstanding
