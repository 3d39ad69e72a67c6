"""Where a bank's loans stand in the platform's ledger: performing, overdue, non-performing, income and settlement.

The platform's books record obligations; the bank's own books stay the bank's.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from marketplace.core.actor import Actor
from marketplace.core.money import Money
from marketplace.financing.allocation import Allocation, Part
from marketplace.financing.loans import Loan
from marketplace.ledger.accounts import Side, open_account
from marketplace.ledger.entries import Posting, post

QUALITIES = ("performing", "overdue", "npl")


def open_bank_accounts(bank_id: UUID, currency: str) -> None:
    """Open the bank's accounts in this currency, or find them open."""
    for quality in QUALITIES:
        open_account(f"bank:{bank_id}:loans:{quality}", currency, Side.DEBIT, 0, bank_id)
    open_account(f"bank:{bank_id}:settlement", currency, Side.DEBIT, None, bank_id)
    for income in ("interest", "fees", "penalty"):
        open_account(f"bank:{bank_id}:income:{income}", currency, Side.CREDIT, 0, bank_id)


def book_draw(actor: Actor, loan: Loan, amount: Money, fee: Money, reference: str, now: datetime) -> None:
    """The loan, or a part of it, is paid out less its fee."""
    open_bank_accounts(loan.bank_id, loan.currency)
    post(actor, f"loan:{loan.id}:{reference}", "loan_disbursement", draw_postings(loan, amount, fee), now)


def draw_postings(loan: Loan, amount: Money, fee: Money) -> list[Posting]:
    """What is paid out becomes a loan; the fee kept is income."""
    postings = [_posting(loan.account, f"bank:{loan.bank_id}:settlement", amount - fee)]
    return postings + ([_posting(loan.account, f"bank:{loan.bank_id}:income:fees", fee)] if fee else [])


def book_repayment(actor: Actor, loan: Loan, repayment_id: UUID, allocation: Allocation, now: datetime) -> None:
    """What arrived, by what it paid."""
    postings = repayment_postings(loan, allocation)
    post(actor, f"loan:{loan.id}:repayment:{repayment_id}", "loan_repayment", postings, now)


def repayment_postings(loan: Loan, allocation: Allocation) -> list[Posting]:
    """Income and principal against the bank's settlement account."""
    settlement = f"bank:{loan.bank_id}:settlement"
    principal = f"bank:{loan.bank_id}:written_off" if loan.is_written_off else loan.account
    targets = {**_income(loan), Part.PRINCIPAL: principal}
    return [
        _posting(settlement, account, Money(allocation.total(part), loan.currency))
        for part, account in targets.items()
        if allocation.total(part)
    ]


def book_capitalisation(actor: Actor, loan: Loan, capitalised: dict[Part, int], reference: str, now: datetime) -> None:
    """Arrears of interest and charges become principal."""
    if postings := capitalisation_postings(loan, capitalised):
        post(actor, f"loan:{loan.id}:{reference}", "loan_capitalisation", postings, now)


def capitalisation_postings(loan: Loan, capitalised: dict[Part, int]) -> list[Posting]:
    """New principal against income, part by part."""
    return [
        _posting(loan.account, _income(loan)[part], Money(minor, loan.currency))
        for part, minor in capitalised.items()
        if minor
    ]


def _income(loan: Loan) -> dict[Part, str]:
    return {
        Part.PENALTY: f"bank:{loan.bank_id}:income:penalty",
        Part.FEES: f"bank:{loan.bank_id}:income:fees",
        Part.INTEREST: f"bank:{loan.bank_id}:income:interest",
    }


def move_quality(actor: Actor, loan: Loan, from_account: str, reference: str, now: datetime) -> None:
    """The outstanding principal moves to the account of its new quality."""
    if loan.account != from_account and loan.outstanding:
        movement: Sequence[Posting] = [_posting(loan.account, from_account, loan.outstanding)]
        post(actor, f"loan:{loan.id}:quality:{reference}", "loan_quality", movement, now)


def book_write_off(actor: Actor, loan: Loan, now: datetime) -> None:
    """The bank gives the principal up; the claim against the borrower remains outside these accounts."""
    open_account(f"bank:{loan.bank_id}:written_off", loan.currency, Side.DEBIT, 0, loan.bank_id)
    movement = [_posting(f"bank:{loan.bank_id}:written_off", loan.account, loan.outstanding)]
    post(actor, f"loan:{loan.id}:write_off", "loan_write_off", movement, now)


def _posting(debit: str, credit: str, amount: Money) -> Posting:
    return Posting(debit, credit, amount)
