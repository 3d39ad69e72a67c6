"""What a pool may know of a bank's loan: the figures that decide enrolment and claim, read from the loan itself."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from uuid import UUID

from sqlalchemy import select

from marketplace.core.db import session
from marketplace.core.errors import NotFound
from marketplace.core.money import Money
from marketplace.financing.loans import Loan, instalments_of
from marketplace.financing.pledges import PledgeStatus, pledges_of_loan
from marketplace.registry.assets import Asset

SUBSTANDARD = ("substandard", "doubtful", "loss")
"""The classes of a non-performing loan, mildest first."""


@dataclass(frozen=True, kw_only=True)
class LoanSeen:
    """One loan as the pool sees it on a day."""

    loan_id: UUID
    bank_id: UUID
    borrower_id: UUID
    principal: Money
    outstanding: Money
    ip_share: Fraction | None
    term_months: int
    asset_kinds: frozenset[str]
    pledge_registered: bool
    disbursed_on: date | None
    overdue_days: int
    loan_class: str
    is_club: bool = False
    rate_bps: int = 0
    interest_paid: tuple[tuple[int, Money], ...] = ()

    def interest_within(self, months: int | None) -> Money:
        """The interest really paid for the first months of the loan, or for all of them."""
        counted = [paid for month, paid in self.interest_paid if months is None or month <= months]
        return sum(counted, Money.zero(self.principal.currency))

    @property
    def is_overdue(self) -> bool:
        """Whether anything due was missed."""
        return self.overdue_days > 0


Reader = Callable[[UUID, date], LoanSeen | None]


def seen_in_books(loan_id: UUID, _on: date) -> LoanSeen | None:
    """The loan as financing keeps it, with its pledges."""
    loan = session.get(Loan, loan_id)
    if loan is None:
        return None
    pledges = pledges_of_loan(loan_id)
    kinds = select(Asset.kind).where(Asset.id.in_([pledge.asset_id for pledge in pledges]))
    return LoanSeen(
        loan_id=loan.id,
        bank_id=loan.bank_id,
        borrower_id=loan.borrower_id,
        principal=loan.principal,
        outstanding=loan.outstanding,
        ip_share=Fraction(loan.ip_secured.amount_minor, loan.principal.amount_minor),
        term_months=loan.term_months,
        asset_kinds=frozenset(kind.value for kind in session.execute(kinds).scalars()),
        pledge_registered=bool(pledges) and all(pledge.status is PledgeStatus.REGISTERED for pledge in pledges),
        disbursed_on=loan.disbursed_on,
        overdue_days=loan.days_past_due,
        loan_class=loan.loan_class.value,
        is_club=loan.is_club,
        rate_bps=loan.rate_bps,
        interest_paid=tuple(
            (each.nr * loan.every_months, each.money(each.paid_interest_minor)) for each in instalments_of(loan.id)
        ),
    )


_readers: list[Reader] = [seen_in_books]


def read_loans_with(reader: Reader) -> Reader:
    """Look loans up with another function; rules are tried out on loans that no bank has made."""
    _readers[:] = [reader]
    return reader


def loan_seen(loan_id: UUID, on: date) -> LoanSeen:
    """The loan as it stands on this day; unknown is 404."""
    for reader in _readers:
        seen = reader(loan_id, on)
        if seen is not None:
            return seen
    raise NotFound()
