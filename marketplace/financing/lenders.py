"""The banks that lend one loan together (银团): what each committed, what of it is undrawn and what it is still owed.

The lead bank is the agent (代理行): it pays out, collects and holds the pledge for all. Every cent that moves is divided
among the lenders in the books, so that each bank's accounts show its own part. A loan of one bank has no shares.
Source: Measures for the administration of syndicated loans (银团贷款业务管理办法, 2024).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Model, money_columns, same_currency, session
from marketplace.core.money import Money
from marketplace.financing.allocation import Part

if TYPE_CHECKING:
    from marketplace.financing.loans import Loan


class LoanShare(Model):
    """One lender's part of a loan that several banks lend together."""

    __tablename__ = "loan_shares"
    __table_args__ = (
        UniqueConstraint("loan_id", "bank_id"),
        CheckConstraint("committed_minor > 0", "committed_positive"),
        CheckConstraint(
            "outstanding_minor >= 0 AND undrawn_minor >= 0 AND outstanding_minor + undrawn_minor <= committed_minor",
            "outstanding",
        ),
        same_currency("committed", "undrawn", "outstanding"),
    )

    loan_id: Mapped[UUID] = mapped_column(ForeignKey("loans.id"))
    bank_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    committed: Mapped[Money] = money_columns("committed")
    undrawn: Mapped[Money] = money_columns("undrawn")
    outstanding: Mapped[Money] = money_columns("outstanding")


def shares_of(loan: Loan) -> list[LoanShare]:
    """Every lender's part, the agent's first; empty for a loan of one bank."""
    if not loan.is_club:
        return []
    found = session.execute(select(LoanShare).where(LoanShare.loan_id == loan.id).order_by(LoanShare.id)).scalars()
    return sorted(found, key=lambda share: share.bank_id != loan.bank_id)


def lenders_of(loan: Loan) -> list[UUID]:
    """The banks of the loan, the agent first."""
    return [share.bank_id for share in shares_of(loan)] or [loan.bank_id]


def lends_part(organisation_id: UUID | None, loan: Loan) -> bool:
    """Whether the organisation is one of several banks that lend the loan."""
    return any(share.bank_id == organisation_id for share in shares_of(loan))


def shares_of_bank(bank_id: UUID) -> dict[UUID, LoanShare]:
    """The bank's part of every loan it lends together with others, by loan."""
    found = session.execute(select(LoanShare).where(LoanShare.bank_id == bank_id)).scalars()
    return {share.loan_id: share for share in found}


def share_out(loan: Loan, commitments: Sequence[tuple[UUID, Money]]) -> None:
    """Write down who lends how much of an agreed loan; the parts sum to it."""
    loan.is_club = len(commitments) > 1
    session.flush()
    if loan.is_club:
        nothing = Money.zero(loan.currency)
        session.add_all(
            LoanShare(loan_id=loan.id, bank_id=bank_id, committed=part, undrawn=part, outstanding=nothing)
            for bank_id, part in commitments
        )
        session.flush()


def split_by_weights(minor: int, weights: Sequence[int]) -> list[int]:
    """Divide minor units by integer weights exactly: every part rounded down, the rest cent by cent to the largest
    remainders, at equal remainders to the first.

    No part of an amount up to the sum of the weights is larger than its weight, so that nobody is paid more than it is
    owed and the last repayment leaves every lender at nothing. Raises ``ValueError`` when the weights sum to zero.
    """
    whole = sum(weights)
    if whole <= 0 or minor < 0:
        raise ValueError("weights must sum to more than zero and the amount cannot be negative")
    parts = [minor * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda place: (-(minor * weights[place] % whole), place))
    for place in by_remainder[: minor - sum(parts)]:
        parts[place] += 1
    return parts


def pay_out(shares: Sequence[LoanShare], amount: Money, fee: Money) -> list[tuple[Money, Money]]:
    """Each lender's part of what is paid out, by what it has still to pay out, and of the fee kept, by what it pays."""
    parts = split_by_weights(amount.amount_minor, [share.undrawn.amount_minor for share in shares])
    kept = split_by_weights(fee.amount_minor, parts)
    for share, part in zip(shares, parts, strict=True):
        share.undrawn -= Money(part, amount.currency)
        share.outstanding += Money(part, amount.currency)
    return [(Money(part, amount.currency), Money(own, amount.currency)) for part, own in zip(parts, kept, strict=True)]


def take_in(shares: Sequence[LoanShare], paid: Mapping[Part, int]) -> list[dict[Part, int]]:
    """Each lender's part of what was received, part by part in minor units, by what it is owed."""
    divided = _divided(shares, paid)
    for share, parts in zip(shares, divided, strict=True):
        share.outstanding -= Money(parts.get(Part.PRINCIPAL, 0), share.outstanding.currency)
    return divided


def capitalise(shares: Sequence[LoanShare], capitalised: Mapping[Part, int]) -> list[dict[Part, int]]:
    """Each lender's part of arrears that become principal, by what it is owed; what it committed grows with it."""
    divided = _divided(shares, capitalised)
    for share, parts in zip(shares, divided, strict=True):
        grown = Money(sum(parts.values()), share.outstanding.currency)
        share.committed += grown
        share.outstanding += grown
    return divided


def _divided(shares: Sequence[LoanShare], minor_by_part: Mapping[Part, int]) -> list[dict[Part, int]]:
    weights = [share.outstanding.amount_minor for share in shares]
    if not any(weights):
        weights = [share.committed.amount_minor for share in shares]
    columns = {part: split_by_weights(minor, weights) for part, minor in minor_by_part.items()}
    return [{part: column[place] for part, column in columns.items()} for place in range(len(shares))]
