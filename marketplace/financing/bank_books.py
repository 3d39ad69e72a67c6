"""Where a bank's loans stand in the platform's ledger: performing, overdue, non-performing, income and settlement.

The platform's books record obligations; the bank's own books stay the bank's. Of a loan that several banks lend
together each lender's accounts show its own part, divided by what each is owed.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from marketplace.core.actor import Actor
from marketplace.core.db import session
from marketplace.core.money import Money
from marketplace.financing.allocation import Allocation, Part
from marketplace.financing.lenders import capitalise, lenders_of, pay_out, shares_of, take_in
from marketplace.financing.loans import Loan
from marketplace.ledger.accounts import Side, open_account
from marketplace.ledger.entries import Posting, post

QUALITIES = ("performing", "overdue", "npl")
INCOME = {Part.PENALTY: "penalty", Part.FEES: "fees", Part.INTEREST: "interest"}


def open_bank_accounts(bank_id: UUID, currency: str) -> None:
    """Open the bank's accounts in this currency, or find them open."""
    for quality in QUALITIES:
        open_account(_loans(bank_id, quality), currency, Side.DEBIT, 0, bank_id)
    open_account(f"bank:{bank_id}:settlement", currency, Side.DEBIT, None, bank_id)
    for income in INCOME.values():
        open_account(f"bank:{bank_id}:income:{income}", currency, Side.CREDIT, 0, bank_id)


def book_draw(actor: Actor, loan: Loan, amount: Money, fee: Money, reference: str, now: datetime) -> None:
    """The loan, or a part of it, is paid out less its fee; each lender pays by what it has still to pay out."""
    shares = shares_of(loan)
    parts = pay_out(shares, amount, fee) if shares else [(amount, fee)]
    postings = []
    for bank_id, (part, kept) in zip(lenders_of(loan), parts, strict=True):
        open_bank_accounts(bank_id, loan.currency)
        postings += draw_postings(loan, part, kept, bank_id)
    session.flush()
    post(actor, f"loan:{loan.id}:{reference}", "loan_disbursement", postings, now)


def draw_postings(loan: Loan, amount: Money, fee: Money, bank_id: UUID) -> list[Posting]:
    """What one lender pays out becomes its loan; the fee kept is its income."""
    account = _loans(bank_id, loan.quality)
    return _moved(
        (account, f"bank:{bank_id}:settlement", (amount - fee).amount_minor),
        (account, f"bank:{bank_id}:income:fees", fee.amount_minor),
        currency=loan.currency,
    )


def book_repayment(actor: Actor, loan: Loan, repayment_id: UUID, allocation: Allocation, now: datetime) -> None:
    """What arrived, by what it paid."""
    paid, shares = {part: allocation.total(part) for part in Part}, shares_of(loan)
    parts = take_in(shares, paid) if shares else [paid]
    postings = []
    for bank_id, own in zip(lenders_of(loan), parts, strict=True):
        postings += repayment_postings(loan, own, bank_id)
    session.flush()
    post(actor, f"loan:{loan.id}:repayment:{repayment_id}", "loan_repayment", postings, now)


def repayment_postings(loan: Loan, paid: Mapping[Part, int], bank_id: UUID) -> list[Posting]:
    """One lender's income and principal against its settlement account, in minor units by part."""
    principal = f"bank:{bank_id}:written_off" if loan.is_written_off else _loans(bank_id, loan.quality)
    targets = {**_income(bank_id), Part.PRINCIPAL: principal}
    return _moved(
        *((f"bank:{bank_id}:settlement", account, paid.get(part, 0)) for part, account in targets.items()),
        currency=loan.currency,
    )


def book_capitalisation(actor: Actor, loan: Loan, capitalised: dict[Part, int], reference: str, now: datetime) -> None:
    """Arrears of interest and charges become principal."""
    shares = shares_of(loan)
    parts = capitalise(shares, capitalised) if shares else [capitalised]
    postings = []
    for bank_id, own in zip(lenders_of(loan), parts, strict=True):
        postings += capitalisation_postings(loan, own, bank_id)
    session.flush()
    if postings:
        post(actor, f"loan:{loan.id}:{reference}", "loan_capitalisation", postings, now)


def capitalisation_postings(loan: Loan, capitalised: Mapping[Part, int], bank_id: UUID) -> list[Posting]:
    """One lender's new principal against income, part by part, in minor units."""
    account, income = _loans(bank_id, loan.quality), _income(bank_id)
    return _moved(*((account, income[part], minor) for part, minor in capitalised.items()), currency=loan.currency)


def move_quality(actor: Actor, loan: Loan, from_quality: str, reference: str, now: datetime) -> None:
    """The outstanding principal moves to the account of its new quality."""
    if loan.quality != from_quality and loan.outstanding:
        moved = [(_loans(bank_id, loan.quality), _loans(bank_id, from_quality), owed) for bank_id, owed in _owed(loan)]
        post(
            actor, f"loan:{loan.id}:quality:{reference}", "loan_quality", _moved(*moved, currency=loan.currency), now
        )  # fmt: skip


def book_write_off(actor: Actor, loan: Loan, now: datetime) -> None:
    """The lenders give the principal up; the claim against the borrower remains outside these accounts."""
    moved = []
    for bank_id, owed in _owed(loan):
        open_account(f"bank:{bank_id}:written_off", loan.currency, Side.DEBIT, 0, bank_id)
        moved.append((f"bank:{bank_id}:written_off", _loans(bank_id, loan.quality), owed))
    post(actor, f"loan:{loan.id}:write_off", "loan_write_off", _moved(*moved, currency=loan.currency), now)


def _owed(loan: Loan) -> list[tuple[UUID, int]]:
    """What each lender is owed of the principal, in minor units."""
    held = [(share.bank_id, share.outstanding.amount_minor) for share in shares_of(loan)]
    return held or [(loan.bank_id, loan.outstanding.amount_minor)]


def _loans(bank_id: UUID, quality: str) -> str:
    return f"bank:{bank_id}:loans:{quality}"


def _income(bank_id: UUID) -> dict[Part, str]:
    return {part: f"bank:{bank_id}:income:{name}" for part, name in INCOME.items()}


def _moved(*lines: tuple[str, str, int], currency: str) -> list[Posting]:
    """A posting for every line that moves something."""
    return [Posting(debit, credit, Money(minor, currency)) for debit, credit, minor in lines if minor]
