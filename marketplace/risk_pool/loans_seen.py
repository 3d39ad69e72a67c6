"""What a pool may know of a bank's loan: the figures that decide enrolment and claim, read from the loan itself."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from uuid import UUID

from marketplace.core.errors import NotFound
from marketplace.core.money import Money

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

    @property
    def is_overdue(self) -> bool:
        """Whether anything due was missed."""
        return self.overdue_days > 0


Reader = Callable[[UUID, date], LoanSeen | None]

_readers: list[Reader] = []


def read_loans_with(reader: Reader) -> Reader:
    """Register the function that looks a loan up."""
    _readers[:] = [reader]
    return reader


def loan_seen(loan_id: UUID, on: date) -> LoanSeen:
    """The loan as it stands on this day; unknown is 404."""
    for reader in _readers:
        seen = reader(loan_id, on)
        if seen is not None:
            return seen
    raise NotFound()
