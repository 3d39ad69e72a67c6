"""Loans in every state, for tests."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.money import Money
from marketplace.documents.signatures import sign
from marketplace.financing.agreements import accept_term_sheet
from marketplace.financing.applications import Application, Invitation, Wish, file_application, invitations_of
from marketplace.financing.disbursement import disburse_loan
from marketplace.financing.loan_terms import RepaymentMethod
from marketplace.financing.loans import Loan
from marketplace.financing.pledges import Pledge, file_pledge, pledges_of_loan, register_pledge
from marketplace.financing.repayments import Receipt, Repayment, record_repayment
from marketplace.financing.term_sheets import Offer, TermSheet, ValuationBasis, approve_term_sheet, prepare_term_sheet
from marketplace.identity.organisations import find_organisation
from tests.makers.identity import make_actor, make_organisation
from tests.makers.registry import make_asset

_numbers = count(1)


@dataclass
class Parties:
    """A holder with a right, and a bank with an officer and an approver."""

    holder: Actor
    officer: Actor
    approver: Actor
    asset_id: Any


def cny(yuan: int) -> Money:
    """So many yuan."""
    return Money(yuan * 100, "CNY")


def make_bank() -> tuple[Actor, Actor]:
    """Two people of one bank."""
    bank = make_organisation("bank")
    return make_actor(bank), make_actor(bank)


def make_parties() -> Parties:
    """Everybody a loan needs."""
    holder = make_actor()
    officer, approver = make_bank()
    assert holder.organisation_id is not None
    asset = make_asset(find_organisation(holder.organisation_id))
    return Parties(holder, officer, approver, asset.id)


def make_application(parties: Parties, *banks: Actor, **changes: Any) -> Application:
    """The holder asks the bank (and others) for a small loan."""
    asked = [actor.organisation_id for actor in (parties.officer, *banks)]
    fields: dict[str, Any] = {
        "asset_ids": [parties.asset_id],
        "amount": cny(10_000),
        "term_months": 12,
        "purpose": "Working capital for a fictional product line",
        "bank_ids": asked,
    }
    return file_application(parties.holder, Wish(**(fields | changes)), now())


def invitation_of(application: Application, bank: Actor) -> Invitation:
    """The bank's invitation."""
    return next(one for one in invitations_of(application.id) if one.bank_id == bank.organisation_id)


def make_offer(**changes: Any) -> Offer:
    """Plain terms."""
    fields: dict[str, Any] = {
        "amount": cny(10_000),
        "rate_bps": 435,
        "term_months": 12,
        "method": RepaymentMethod.EQUAL_INSTALMENTS,
        "assessed_value": cny(100_000),
        "value_basis": ValuationBasis.BANK_INTERNAL,
        "upfront_fee": cny(0),
    }
    return Offer(**(fields | changes))


def make_term_sheet(
    parties: Parties, application: Application | None = None, bank: tuple[Actor, Actor] | None = None, **changes: Any
) -> TermSheet:
    """An offer the borrower can take."""
    officer, approver = bank or (parties.officer, parties.approver)
    application = application or make_application(parties, officer)
    sheet = prepare_term_sheet(officer, invitation_of(application, officer).id, make_offer(**changes), now())
    return approve_term_sheet(approver, sheet.id, now())


def make_agreed_loan(parties: Parties, **changes: Any) -> Loan:
    """An accepted offer whose contracts lie ready to sign."""
    return accept_term_sheet(parties.holder, make_term_sheet(parties, **changes).id, [], now())


def sign_contracts(parties: Parties, loan: Loan) -> None:
    """Both parties sign the facility and the pledge contract."""
    pledge = pledges_of_loan(loan.id)[0]
    for envelope_id in (loan.envelope_id, pledge.envelope_id):
        assert envelope_id is not None
        sign(parties.holder, envelope_id, now())
        sign(parties.officer, envelope_id, now())


def make_pledged_loan(parties: Parties, **changes: Any) -> Loan:
    """A signed loan whose pledge is registered."""
    loan = make_agreed_loan(parties, **changes)
    sign_contracts(parties, loan)
    for pledge in pledges_of_loan(loan.id):
        register(parties, pledge)
    return loan


def register(parties: Parties, pledge: Pledge) -> Pledge:
    """File the pledge and have it registered."""
    number = next(_numbers)
    file_pledge(parties.officer, pledge.id, f"F{number:06d}", now())
    return register_pledge(parties.officer, pledge.id, f"Y2026{number:06d}", now().date(), now())


def make_running_loan(parties: Parties, **changes: Any) -> Loan:
    """A loan that was paid out today."""
    return disburse_loan(parties.approver, make_pledged_loan(parties, **changes).id, now())


def repay(parties: Parties, loan: Loan, amount: Money, on: date, at: datetime | None = None) -> Repayment:
    """The bank confirms a receipt of that day."""
    receipt = Receipt(amount=amount, received_on=on, bank_reference=f"R{next(_numbers)}")
    return record_repayment(
        parties.officer, loan.id, receipt, at or datetime(on.year, on.month, on.day, 12, tzinfo=UTC)
    )


def days_after(loan: Loan, days: int) -> date:
    """So many days after the disbursement."""
    assert loan.disbursed_on is not None
    return loan.disbursed_on + timedelta(days=days)
