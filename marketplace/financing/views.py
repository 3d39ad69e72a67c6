"""What each side is shown: the lists and figures behind the pages and the API."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from marketplace.core.actor import Actor
from marketplace.core.db import session
from marketplace.core.money import Money
from marketplace.financing.applications import Application, applications_of, invitations_to
from marketplace.financing.classification import LoanClass
from marketplace.financing.lenders import shares_of_bank
from marketplace.financing.loans import OWING, Instalment, Loan, loans_of_bank, loans_of_borrower


def applications_seen_by(actor: Actor) -> list[Application]:
    """The applications of the acting organisation."""
    return applications_of(actor.organisation_id) if actor.organisation_id else []


def loans_seen_by(actor: Actor) -> list[Loan]:
    """The loans the acting organisation took or gave."""
    if actor.organisation_id is None:
        return []
    return loans_of_bank(actor.organisation_id) if lends(actor) else loans_of_borrower(actor.organisation_id)


def lends(actor: Actor) -> bool:
    """Whether the actor stands on the bank's side."""
    return actor.may("loan.underwrite") or actor.may("loan.approve") or actor.organisation_kind == "bank"


def invitation_facts(actor: Actor) -> list[dict[str, Any]]:
    """A bank's queue: what was asked, nothing of who else was asked."""
    if actor.organisation_id is None:
        return []
    return [
        {
            "id": invitation.id,
            "status": invitation.status,
            "amount": application.amount,
            "term_months": application.term_months,
            "purpose": application.purpose,
            "filed_at": application.filed_at,
        }
        for invitation, application in invitations_to(actor.organisation_id)
    ]


@dataclass(frozen=True)
class ClassShare:
    """One tier of a book: how many loans and how much is outstanding."""

    tier: LoanClass
    loans: int
    outstanding: Money


@dataclass(frozen=True)
class BookLine:
    """One loan in a bank's book, with the bank's own part where several lend together."""

    loan: Loan
    committed: Money
    outstanding: Money


def book_of(bank_id: UUID, loans: Sequence[Loan]) -> list[BookLine]:
    """The bank's part of each loan: the whole, or its share."""
    parts = shares_of_bank(bank_id)
    whole = {loan.id: (loan.principal, loan.outstanding) for loan in loans}
    own = {loan_id: (share.committed, share.outstanding) for loan_id, share in parts.items()}
    return [BookLine(loan, *(own.get(loan.id) or whole[loan.id])) for loan in loans]


def classification_strip(book: Sequence[BookLine], currency: str = "CNY") -> list[ClassShare]:
    """The book by the five tiers, in one currency."""
    owing = [line for line in book if line.loan.status in OWING and line.loan.currency == currency]
    return [
        ClassShare(
            tier,
            sum(line.loan.loan_class is tier for line in owing),
            Money(sum(line.outstanding.amount_minor for line in owing if line.loan.loan_class is tier), currency),
        )
        for tier in LoanClass
    ]


def next_due(instalments: Sequence[Instalment]) -> Instalment | None:
    """The oldest instalment that is not fully paid."""
    return next((one for one in instalments if one.settled_on is None), None)


def books_by_class() -> dict[str, int]:
    """How many loans are owed in each class, over all banks; no amounts and no names."""
    query = select(Loan.loan_class, func.count()).where(Loan.status.in_(OWING)).group_by(Loan.loan_class)
    return {tier.value: count for tier, count in session.execute(query).all()}
