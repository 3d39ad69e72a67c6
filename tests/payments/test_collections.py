"""Money asked of an organisation, confirmed by a second person, booked once."""

from typing import Any
from uuid import uuid4

import pytest

from marketplace.core.actor import SYSTEM
from marketplace.core.clock import now
from marketplace.core.errors import NotAllowed, NotFound
from marketplace.core.lifecycle import WrongStatus
from marketplace.core.money import Money
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.ledger import accounts
from marketplace.ledger.entries import InsufficientFunds, ReferenceReused
from marketplace.ledger.proofs import prove_books
from marketplace.payments import collections, held_funds, payouts, refunds
from marketplace.payments.stripe_gateway import CardPaymentsOff
from tests.makers.identity import make_actor, make_organisation
from tests.makers.payments import make_collected, make_collection


@pytest.fixture
def people(db: Any) -> Any:
    """A payer, and an operator's two people."""
    operators = make_organisation("platform_operator")
    return make_actor(), make_actor(operators), make_actor(operators)


def yuan(amount: int) -> Money:
    return Money(amount * 100, "CNY")


def test_a_confirmed_transfer_is_booked_to_its_account_once(people: Any) -> None:
    payer, operator, _second = people
    collection = make_collection(payer)
    collections.confirm_transfer(operator, collection.id, "B-1", collection.amount, now())
    assert accounts.balance(collection.credit_account, "CNY").available == collection.amount
    with pytest.raises(WrongStatus):
        collections.confirm_transfer(operator, collection.id, "B-2", collection.amount, now())
    assert prove_books()["faults"] == []


def test_the_one_who_asked_may_not_confirm(people: Any) -> None:
    payer, operator, second = people
    collection = make_collection(payer, actor=operator)
    with pytest.raises(SecondPersonNeeded):
        collections.confirm_transfer(operator, collection.id, "B-1", collection.amount, now())
    collections.confirm_transfer(second, collection.id, "B-1", collection.amount, now())


def test_only_a_confirming_person_confirms(people: Any) -> None:
    payer, _operator, _second = people
    with pytest.raises(NotAllowed):
        collections.confirm_transfer(payer, make_collection(payer).id, "B-1", yuan(1000), now())


@pytest.mark.parametrize("wrong", [Money(99_999, "CNY"), Money(100_001, "CNY"), Money(100_000, "USD")])
def test_a_wrong_amount_or_currency_is_refused(people: Any, wrong: Money) -> None:
    payer, operator, _second = people
    collection = make_collection(payer)
    with pytest.raises(collections.WrongAmount):
        collections.confirm_transfer(operator, collection.id, "B-1", wrong, now())
    assert accounts.balance(collection.credit_account, "CNY").posted == yuan(0)


def test_one_line_of_the_bank_statement_pays_once(people: Any) -> None:
    payer, operator, _second = people
    first, other = make_collection(payer), make_collection(payer)
    collections.confirm_transfer(operator, first.id, "B-1", first.amount, now())
    with pytest.raises(collections.BankReferenceUsed):
        collections.confirm_transfer(operator, other.id, "B-1", other.amount, now())


def test_a_strangers_payment_does_not_exist(people: Any) -> None:
    payer, _operator, _second = people
    with pytest.raises(NotFound):
        collections.find_collection(make_actor(), make_collection(payer).id)


def test_without_stripe_cards_are_refused_and_transfers_work(people: Any) -> None:
    payer, _operator, _second = people
    with pytest.raises(CardPaymentsOff):
        make_collection(payer, method="card")
    collection = make_collection(payer)
    with pytest.raises(CardPaymentsOff):
        collections.choose_method(payer, collection.id, "card", now())


def test_a_cancelled_payment_is_not_confirmed_by_transfer(people: Any) -> None:
    payer, operator, _second = people
    collection = make_collection(payer)
    collections.cancel_collection(payer, collection.id, now())
    assert collection not in collections.awaiting_transfers()
    with pytest.raises(WrongStatus):
        collections.cancel_collection(payer, collection.id, now())
    assert operator.may("money.confirm")


def test_refunds_never_exceed_what_came(people: Any) -> None:
    payer, operator, _second = people
    collection = make_collected(payer, operator)
    held = collection.credit_account
    first = refunds.request_refund(SYSTEM, collection.id, yuan(600), held, "r-1", now())
    assert refunds.request_refund(SYSTEM, collection.id, yuan(600), held, "r-1", now()).id == first.id
    with pytest.raises(ReferenceReused):
        refunds.request_refund(SYSTEM, collection.id, yuan(1), held, "r-1", now())
    with pytest.raises(refunds.RefundTooLarge):
        refunds.request_refund(SYSTEM, collection.id, yuan(401), held, "r-2", now())
    refunds.request_refund(SYSTEM, collection.id, yuan(400), held, "r-3", now())
    assert accounts.balance(held, "CNY").posted == yuan(0)
    assert prove_books()["faults"] == []


def test_what_has_not_arrived_is_not_refunded(people: Any) -> None:
    payer, _operator, _second = people
    collection = make_collection(payer)
    with pytest.raises(refunds.NotCollected):
        refunds.request_refund(SYSTEM, collection.id, yuan(1), collection.credit_account, "r-1", now())


def test_a_payout_is_set_aside_then_leaves_with_a_second_person(people: Any) -> None:
    payer, operator, second = people
    held = make_collected(payer, operator).credit_account
    seller = make_organisation()
    payout = payouts.request_payout(operator, seller.id, yuan(900), held, "pay-1", now())
    assert payout.status is payouts.PayoutStatus.REQUESTED
    assert accounts.balance(held, "CNY").available == yuan(100)
    with pytest.raises(SecondPersonNeeded):
        payouts.approve_payout(operator, payout.id, now())
    payouts.approve_payout(second, payout.id, now())
    assert accounts.balance(held, "CNY").posted == yuan(100)
    with pytest.raises(WrongStatus):
        payouts.reject_payout(second, payout.id, now())
    assert payouts.request_payout(operator, seller.id, yuan(900), held, "pay-1", now()).id == payout.id
    assert prove_books()["faults"] == []


def test_a_rejected_payout_gives_the_money_back_to_its_account(people: Any) -> None:
    payer, operator, second = people
    held = make_collected(payer, operator).credit_account
    payout = payouts.request_payout(operator, uuid4(), yuan(1000), held, "pay-1", now())
    payouts.reject_payout(second, payout.id, now())
    assert accounts.balance(held, "CNY").available == yuan(1000)


def test_a_payout_below_the_limit_leaves_at_once(people: Any) -> None:
    payer, operator, _second = people
    held = make_collected(payer, operator).credit_account
    small = make_actor(make_organisation("platform_operator", four_eyes_limit=yuan(500)))
    assert payouts.request_payout(small, uuid4(), yuan(500), held, "p-1", now()).status is payouts.PayoutStatus.SENT
    assert payouts.request_payout(small, uuid4(), yuan(499), held, "p-2", now()).status is payouts.PayoutStatus.SENT
    with pytest.raises(InsufficientFunds):
        payouts.request_payout(small, uuid4(), yuan(2), held, "p-3", now())


def test_a_strange_approver_is_refused(people: Any) -> None:
    payer, operator, _second = people
    held = make_collected(payer, operator).credit_account
    payout = payouts.request_payout(operator, uuid4(), yuan(900), held, "pay-1", now())
    with pytest.raises(NotAllowed):
        payouts.approve_payout(make_actor(), payout.id, now())


def test_the_fee_leaves_held_funds_for_the_platform(people: Any) -> None:
    payer, operator, _second = people
    held = make_collected(payer, operator).credit_account
    fee = yuan(25)
    held_funds.charge_fee(SYSTEM, held, fee, "fee-1", now())
    held_funds.charge_fee(SYSTEM, held, fee, "fee-1", now())
    assert accounts.balance("platform:fees", "CNY").posted == yuan(25)
