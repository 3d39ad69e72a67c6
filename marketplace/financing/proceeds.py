"""What the proceeds of a pledged right pay: the whole debt after default, an early repayment before it.

Civil Code art. 444: the proceeds of a right sold with the pledgee's consent prepay the debt. Art. 561: what enforcement
brings pays costs, then interest, then principal.
"""

from collections.abc import Sequence
from datetime import date, datetime

from marketplace.core.actor import Actor
from marketplace.core.money import Money
from marketplace.financing.allocation import Allocation, Part, allocate, allocate_proceeds
from marketplace.financing.loans import Instalment, Loan, instalments_of
from marketplace.financing.repayments import (
    Booking,
    Receipt,
    Repayment,
    book_receipt,
    fall_due_at_once,
    payoff_of,
    run_up,
)


def debt_on(loan: Loan, on: date) -> Money:
    """What ends the loan on this day; nothing once it has ended."""
    return payoff_of(loan, instalments_of(loan.id), on)


def pay_from_proceeds(actor: Actor, loan: Loan, receipt: Receipt, costs: Money, now: datetime) -> Repayment:
    """Book proceeds up to the debt into the locked loan; what is missing stays a debt of the borrower."""
    instalments, on = instalments_of(loan.id), receipt.received_on
    whole = receipt.amount == payoff_of(loan, instalments, on)
    if whole or loan.failed:
        fall_due_at_once(instalments, on)
        allocation = allocate_proceeds(receipt.amount.amount_minor, [one.owed for one in _unsettled(instalments)])
    else:
        allocation = prepay(instalments, receipt.amount.amount_minor, on)
    return book_receipt(actor, loan, Booking(receipt, allocation, early=True, costs=costs), now)


def prepay(instalments: Sequence[Instalment], amount: int, on: date) -> Allocation:
    """Pay what is due, then principal from the last instalment backwards; interest falls with the balance.

    Units: minor units. The term becomes shorter; interest that ran up until the day stays due on its day. Fractions
    of a cent of the lowered interest are left out.
    """
    due = allocate(amount, [one.owed for one in _unsettled(instalments) if one.due_on <= on])
    parts, rest = dict(due.parts), due.rest
    future = [one for one in _unsettled(instalments) if one.due_on > on]
    _lower_interest(future, rest, on)
    for one in reversed(future):
        taken = min(rest, one.owed.open[Part.PRINCIPAL])
        if taken:
            parts[one.nr] = {Part.PRINCIPAL: taken}
            rest -= taken
    return Allocation(parts, rest)


def _lower_interest(future: Sequence[Instalment], prepaid: int, on: date) -> None:
    """Charge each later period on what is left of its balance."""
    balance = sum(one.owed.open[Part.PRINCIPAL] for one in future)
    for one in future:
        fixed = max(run_up(one, on), one.paid_interest_minor)
        left = max(balance - prepaid, 0)
        one.interest_minor = fixed + (one.interest_minor - fixed) * left // balance if balance else one.interest_minor
        balance -= one.owed.open[Part.PRINCIPAL]


def _unsettled(instalments: Sequence[Instalment]) -> list[Instalment]:
    return [one for one in instalments if one.settled_on is None]
