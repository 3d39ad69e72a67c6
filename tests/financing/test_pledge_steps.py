"""From signed contracts to a registered pledge and its release: nothing is paid out before, nothing is let go alone."""

from typing import Any

import pytest

from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.core.errors import NotFound
from marketplace.documents.signatures import decline
from marketplace.financing.agreements import cancel_loan
from marketplace.financing.classification import LoanClass
from marketplace.financing.disbursement import LoanContractNotSigned, disburse_loan
from marketplace.financing.loan_quality import judge_loan, write_off_loan
from marketplace.financing.loans import (
    LoanStatus,
    find_loan,
    loan_for_party,
)
from marketplace.financing.pledges import (
    ContractNotSigned,
    LoanStillOwed,
    PledgeStatus,
    approve_release,
    ask_release,
    file_pledge,
    pledge_for_party,
    pledges_of_loan,
)
from marketplace.financing.policy import WrongActor
from marketplace.financing.repayments import Receipt, record_repayment
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.registry.encumbrances import EncumbranceKind, open_encumbrances
from marketplace.registry.rules import LegalRefusal
from tests.makers.financing import (
    Parties,
    cny,
    make_agreed_loan,
    make_bank,
    make_parties,
    make_pledged_loan,
    make_running_loan,
    sign_contracts,
)


@pytest.fixture
def parties(db: Any) -> Parties:
    return make_parties()


def test_a_pledge_is_filed_only_when_both_have_signed(parties: Parties) -> None:
    loan = make_agreed_loan(parties)
    pledge = pledges_of_loan(loan.id)[0]
    with pytest.raises(ContractNotSigned):
        file_pledge(parties.officer, pledge.id, "F1", now())
    sign_contracts(parties, loan)
    assert file_pledge(parties.officer, pledge.id, "F1", now()).status is PledgeStatus.FILED


def test_a_pledge_burdens_the_right_from_its_registration_only(parties: Parties) -> None:
    loan = make_agreed_loan(parties)
    assert open_encumbrances(parties.asset_id, now().date()) == []
    sign_contracts(parties, loan)
    assert open_encumbrances(parties.asset_id, now().date()) == []
    from tests.makers.financing import register

    register(parties, pledges_of_loan(loan.id)[0])
    burden = open_encumbrances(parties.asset_id, now().date())[0]
    assert (burden.kind, burden.holder_id) == (EncumbranceKind.PLEDGE, parties.officer.organisation_id)


def test_nothing_is_paid_out_before_the_pledge_is_registered(parties: Parties) -> None:
    loan = make_agreed_loan(parties)
    with pytest.raises(LoanContractNotSigned), session.begin_nested():
        disburse_loan(parties.approver, loan.id, now())
    sign_contracts(parties, loan)
    with pytest.raises(LegalRefusal) as refusal, session.begin_nested():
        disburse_loan(parties.approver, loan.id, now())
    assert refusal.value.rule.id == "CN-PLG-02"


def test_the_person_who_prepared_the_offer_does_not_pay_it_out(parties: Parties) -> None:
    loan = make_pledged_loan(parties)
    with pytest.raises(SecondPersonNeeded):
        disburse_loan(parties.officer, loan.id, now())


@pytest.mark.parametrize("act", ["disburse", "register", "release", "repay", "judge", "write_off", "cancel"])
def test_the_borrower_cannot_do_what_is_the_lenders(parties: Parties, act: str) -> None:
    loan = make_agreed_loan(parties)
    pledge = pledges_of_loan(loan.id)[0]
    borrower = parties.holder
    receipt = Receipt(amount=cny(1), received_on=now().date(), bank_reference="x")
    acts: dict[str, Any] = {
        "disburse": lambda: disburse_loan(borrower, loan.id, now()),
        "register": lambda: file_pledge(borrower, pledge.id, "F", now()),
        "release": lambda: ask_release(borrower, pledge.id, "", now()),
        "repay": lambda: record_repayment(borrower, loan.id, receipt, now()),
        "judge": lambda: judge_loan(borrower, loan.id, LoanClass.LOSS, now()),
        "write_off": lambda: write_off_loan(borrower, loan.id, now()),
        "cancel": lambda: cancel_loan(borrower, loan.id, now()),
    }
    with pytest.raises(WrongActor) as refusal:
        acts[act]()
    assert (refusal.value.status, refusal.value.code) == (403, "wrong_actor")


@pytest.mark.parametrize("act", ["loan", "pledge", "disburse", "repay"])
def test_a_loan_does_not_exist_for_another_bank(parties: Parties, act: str) -> None:
    loan = make_agreed_loan(parties)
    rival = make_bank()[0]
    acts: dict[str, Any] = {
        "loan": lambda: loan_for_party(rival, loan.id),
        "pledge": lambda: pledge_for_party(rival, pledges_of_loan(loan.id)[0].id),
        "disburse": lambda: disburse_loan(rival, loan.id, now()),
        "repay": lambda: record_repayment(
            rival, loan.id, Receipt(amount=cny(1), received_on=now().date(), bank_reference="x"), now()
        ),
    }
    with pytest.raises(NotFound):
        acts[act]()


def test_a_pledge_is_not_released_while_money_is_owed(parties: Parties) -> None:
    loan = make_running_loan(parties)
    pledge = pledges_of_loan(loan.id)[0]
    with pytest.raises(LoanStillOwed):
        ask_release(parties.officer, pledge.id, "", now())


def test_the_lender_lets_a_right_go_by_two_people(parties: Parties) -> None:
    loan = make_running_loan(parties)
    pledge = pledges_of_loan(loan.id)[0]
    ask_release(parties.officer, pledge.id, "Replaced by other security", now())
    assert pledge.status is PledgeStatus.REGISTERED
    with pytest.raises(SecondPersonNeeded):
        approve_release(parties.officer, pledge.id, now())
    approve_release(parties.approver, pledge.id, now())
    assert pledge.status is PledgeStatus.RELEASED
    assert open_encumbrances(parties.asset_id, now().date()) == []


def test_a_contract_that_is_declined_frees_the_right(parties: Parties) -> None:
    loan = make_agreed_loan(parties)
    assert loan.envelope_id is not None
    decline(parties.holder, loan.envelope_id, "Terms changed", now())
    assert find_loan(loan.id).status is LoanStatus.CANCELLED
    assert pledges_of_loan(loan.id)[0].status is PledgeStatus.CANCELLED
    assert make_agreed_loan(parties).status is LoanStatus.APPROVED
