"""Watching pledged rights and realising them: what is found, who is told, and where the proceeds go."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from marketplace.core.actor import SYSTEM
from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.core.money import Money
from marketplace.financing.ageing import age_to
from marketplace.financing.enforcement import NotInDefault, divide_proceeds, realise_pledge
from marketplace.financing.loans import Loan, LoanStatus, find_loan, instalments_of
from marketplace.financing.monitoring import coverage_of, findings_of, pledges_to_watch, watch_pledge
from marketplace.financing.pledges import PledgeStatus, pledges_of_loan
from marketplace.financing.policy import WrongActor
from marketplace.financing.repayments import Receipt
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.ledger.accounts import balance
from marketplace.notices.inbox import Notice
from marketplace.registry.assets import LegalStatus, find_asset
from marketplace.registry.encumbrances import EncumbranceKind, encumber, open_encumbrances
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


def test_a_sound_right_is_looked_at_once_a_day_without_findings(parties: Parties) -> None:
    loan = make_running_loan(parties)
    pledge = pledges_of_loan(loan.id)[0]
    today = now().date()
    assert pledge.id in pledges_to_watch(today)
    check = watch_pledge(pledge.id, today, now())
    assert watch_pledge(pledge.id, today, now()).id == check.id
    assert pledge.id not in pledges_to_watch(today)
    assert "right_ended" not in check.findings


def test_a_preserved_right_alarms_the_lender_once(parties: Parties) -> None:
    loan = make_running_loan(parties)
    pledge, today = pledges_of_loan(loan.id)[0], now().date()
    encumber(
        SYSTEM, parties.asset_id, EncumbranceKind.PRESERVATION, None, today, today + timedelta(days=60), "court", now()
    )
    for days in (0, 1):
        check = watch_pledge(pledge.id, today + timedelta(days=days), now())
        assert "preservation" in check.findings
    told = select(Notice).where(Notice.person_id == parties.officer.person_id, Notice.kind == "pledge_weakened")
    assert len(list(session.execute(told).scalars())) == 1


def test_a_lapsed_right_and_a_thin_cover_are_found(parties: Parties) -> None:
    asset = find_asset(parties.asset_id)
    asset.status = LegalStatus.LAPSED
    assert findings_of(asset, now().date(), 10_000, now().date()) == ["right_ended", "coverage_low"]


def test_an_unknown_value_is_unknown_and_not_zero() -> None:
    assert coverage_of(None, cny(10)) is None
    assert coverage_of(cny(20), cny(10)) == 20_000


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
