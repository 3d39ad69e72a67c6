"""What the sale of a pledged right pays: the loan it secured, by the law's order, once, to the cent."""

from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.actor import SYSTEM
from marketplace.core.clock import now
from marketplace.core.money import Money
from marketplace.deals.deals import Deal
from marketplace.deals.settlement import PledgeePaid
from marketplace.financing.allocation import Owed, Part, allocate_proceeds
from marketplace.financing.due_dates import business_date
from marketplace.financing.enforcement import (
    realisations_of_loan,
    realise_pledge,
    take_sale_proceeds,
)
from marketplace.financing.loan_quality import write_off_loan
from marketplace.financing.loans import LoanStatus, find_loan, instalments_of
from marketplace.financing.pledges import PledgeStatus
from marketplace.financing.repayments import Receipt, record_repayment, repayments_of
from marketplace.ledger.accounts import balance
from marketplace.ledger.proofs import prove_books
from marketplace.registry.encumbrances import open_encumbrances
from marketplace.risk_pool.enrolments import enrolment_of_loan
from marketplace.risk_pool.recoveries import position_of, recoveries_of
from tests.makers.financing import cny
from tests.makers.pledged_sales import PledgedSale, make_pledged_sale


def minor(code: str) -> int:
    return balance(code, "CNY").posted.amount_minor


def paid_fact(case: PledgedSale, deal: Deal, amount: Money) -> PledgeePaid:
    pledge = case.pledge
    assert isinstance(pledge.encumbrance_id, UUID)
    return PledgeePaid(deal.id, pledge.encumbrance_id, pledge.lender_id, amount.amount_minor, amount.currency)


def is_burdened(case: PledgedSale) -> bool:
    return bool(open_encumbrances(case.parties.asset_id, case.sale.now.date()))


def test_a_sale_above_the_debt_pays_the_defaulted_loan_off_and_ends_the_pledge(db: Any) -> None:
    case = make_pledged_sale(failed=True)
    debt, bank = case.debt(), case.parties.officer.organisation_id
    income = sum(minor(f"bank:{bank}:income:{name}") for name in ("interest", "penalty"))
    deal = case.sell(cny(50_000), debt)
    loan = find_loan(case.loan.id)
    assert (loan.status, loan.outstanding.amount_minor) == (LoanStatus.PAID_OFF, 0)
    assert case.pledge.status is PledgeStatus.ENFORCED and not is_burdened(case)
    assert all(one.settled_on for one in instalments_of(loan.id))
    assert minor(f"bank:{bank}:loans:npl") == 0
    gained = sum(minor(f"bank:{bank}:income:{name}") for name in ("interest", "penalty")) - income
    assert gained == debt.amount_minor - 1_000_000
    [realisation] = realisations_of_loan(loan.id)
    assert (realisation.applied, realisation.surplus.amount_minor) == (debt, 0)
    assert realisation.bank_reference == f"deal:{deal.id}"
    assert prove_books()["balanced"] is True


def test_the_same_payment_announced_twice_repays_once(db: Any) -> None:
    case = make_pledged_sale(failed=True)
    deal = case.sell(cny(50_000), case.debt())
    before = (minor(f"bank:{case.parties.officer.organisation_id}:settlement"), len(repayments_of(case.loan.id)))
    take_sale_proceeds(SYSTEM, paid_fact(case, deal, cny(10_000)), now())
    after = (minor(f"bank:{case.parties.officer.organisation_id}:settlement"), len(repayments_of(case.loan.id)))
    assert before == after


def test_what_a_sale_does_not_cover_stays_a_debt_without_security(db: Any) -> None:
    case = make_pledged_sale(failed=True)
    debt = case.debt()
    case.sell(cny(6_000), debt)
    loan = find_loan(case.loan.id)
    assert loan.status is LoanStatus.DEFAULTED and case.pledge.status is PledgeStatus.ENFORCED
    assert case.debt() == debt - cny(6_000)
    [repayment] = repayments_of(loan.id)
    assert repayment.amount == cny(6_000)
    charges = sum(taken for part in repayment.applied.values() for name, taken in part.items() if name != "principal")
    assert charges == (debt - cny(10_000)).amount_minor
    assert loan.outstanding == debt - cny(6_000)
    rest = Receipt(amount=case.debt(), received_on=business_date(now()), bank_reference="LATER")
    record_repayment(case.parties.officer, loan.id, rest, now())
    assert find_loan(loan.id).status is LoanStatus.PAID_OFF


def test_a_bank_that_stated_too_much_owes_the_pledgor_the_difference(db: Any) -> None:
    case = make_pledged_sale(failed=True)
    debt = case.debt()
    case.sell(cny(50_000), debt + cny(700))
    [realisation] = realisations_of_loan(case.loan.id)
    assert (realisation.applied, realisation.surplus) == (debt, cny(700))
    assert minor(f"bank:{case.parties.officer.organisation_id}:surplus") == 70_000


def test_the_proceeds_prepay_a_loan_that_is_served_and_its_later_interest_falls(db: Any) -> None:
    case = make_pledged_sale(failed=False)
    before = instalments_of(case.loan.id)
    planned = [one.interest_minor for one in before]
    case.sell(cny(6_000), cny(6_000))
    loan, rows = find_loan(case.loan.id), instalments_of(case.loan.id)
    assert (loan.status, loan.outstanding) == (LoanStatus.PERFORMING, cny(4_000))
    assert case.pledge.status is PledgeStatus.RELEASED and not is_burdened(case)
    assert sum(one.principal_minor for one in rows) == 1_000_000
    assert [one.nr for one in rows if one.settled_on][-1] == 12
    open_rows = [one for one in rows if not one.settled_on]
    assert sum(one.owed.open[Part.PRINCIPAL] for one in open_rows) == 400_000
    assert all(one.interest_minor < planned[one.nr - 1] for one in open_rows)


def test_a_licence_fee_prepays_the_loan_and_the_pledge_stays(db: Any) -> None:
    case = make_pledged_sale(failed=False)
    case.sell(cny(2_000), cny(2_000), mode="licence")
    assert find_loan(case.loan.id).outstanding == cny(8_000)
    assert case.pledge.status is PledgeStatus.REGISTERED and is_burdened(case)


def test_a_pledgee_that_states_nothing_owed_gets_nothing_and_the_buyer_a_free_right(db: Any) -> None:
    case = make_pledged_sale(failed=False)
    case.sell(cny(6_000), cny(0))
    assert find_loan(case.loan.id).outstanding == cny(10_000)
    assert case.pledge.status is PledgeStatus.RELEASED and not is_burdened(case)


def test_what_a_compensated_loan_brings_is_shared_back_once(db: Any) -> None:
    case = make_pledged_sale(failed=True, compensated=True)
    assert case.claim is not None
    case.sell(cny(6_000), case.debt())
    [recovery] = recoveries_of(case.claim.id)
    shares = {one.party: one.amount for one in recovery.shares if one.amount}
    assert (recovery.received, recovery.source, shares) == (
        cny(6_000), "collateral", {"fund": cny(3_000), "bank": cny(3_000)},
    )  # fmt: skip
    rest = Receipt(amount=case.debt(), received_on=business_date(now()), bank_reference="LATER")
    record_repayment(case.parties.officer, case.loan.id, rest, now())
    enrolment = enrolment_of_loan(case.loan.id)
    assert enrolment is not None
    assert not any(position_of(case.claim, enrolment).still_borne.values())
    received = [one.received.amount_minor for one in recoveries_of(case.claim.id)]
    assert sum(received) == 1_000_000
    assert find_loan(case.loan.id).status is LoanStatus.PAID_OFF
    assert prove_books()["balanced"] is True


def test_costs_of_a_sale_outside_are_reimbursed_before_the_parties_share(db: Any) -> None:
    case = make_pledged_sale(failed=True, compensated=True)
    assert case.claim is not None
    receipt = Receipt(amount=cny(6_000), received_on=business_date(now()), bank_reference="COURT-1")
    realise_pledge(case.parties.approver, case.pledge.id, receipt, cny(1_000), now())
    [recovery] = recoveries_of(case.claim.id)
    shares = {one.party: one.amount for one in recovery.shares if one.amount}
    assert shares == {"fund": cny(2_500), "bank": cny(2_500), "enforcement_cost": cny(1_000)}


def test_a_bank_recovers_on_a_loan_it_wrote_off(db: Any) -> None:
    case = make_pledged_sale(failed=True)
    bank = case.parties.officer.organisation_id
    write_off_loan(case.parties.approver, case.loan.id, now())
    assert minor(f"bank:{bank}:written_off") == 1_000_000
    case.sell(cny(6_000), case.debt())
    loan = find_loan(case.loan.id)
    assert loan.status is LoanStatus.WRITTEN_OFF
    assert minor(f"bank:{bank}:written_off") == loan.outstanding.amount_minor < 500_000
    rest = Receipt(amount=case.debt(), received_on=business_date(now()), bank_reference="LATER")
    record_repayment(case.parties.officer, loan.id, rest, now())
    assert find_loan(loan.id).status is LoanStatus.PAID_OFF
    assert minor(f"bank:{bank}:written_off") == 0 and prove_books()["balanced"] is True


@given(st.lists(st.tuples(*[st.integers(0, 10**9)] * 4), min_size=1, max_size=12), st.integers(0, 10**11))
def test_proceeds_are_conserved_and_principal_comes_last(rows: list[tuple[int, ...]], amount: int) -> None:
    owed = [Owed(nr, dict(zip(Part, row, strict=True))) for nr, row in enumerate(rows, start=1)]
    found = allocate_proceeds(amount, owed)
    assert found.applied + found.rest == amount
    assert found.applied == min(amount, sum(map(sum, rows)))
    charges = sum(sum(row) for row in rows) - sum(row[3] for row in rows)
    assert found.total(Part.PRINCIPAL) == max(0, min(amount, sum(map(sum, rows))) - charges)
