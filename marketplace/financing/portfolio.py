"""A book of loans seen from several sides: by field, region, bank and year of lending, with cover, arrears and warnings."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import select

from marketplace.core.db import session
from marketplace.core.money import Money
from marketplace.financing.classification import LoanClass
from marketplace.financing.lenders import LoanShare, shares_of_bank
from marketplace.financing.loans import RUNNING, Loan, lent_by
from marketplace.financing.monitoring import LoanCheck, Security, coverage_of, securities_of, value_together
from marketplace.identity.organisations import Organisation
from marketplace.registry.assets import Asset


class Cut(StrEnum):
    """The side from which a book is seen."""

    FIELD = "field"
    REGION = "region"
    BANK = "bank"
    VINTAGE = "vintage"


@dataclass(frozen=True)
class Position:
    """One running loan with what it is looked at for."""

    loan_id: UUID
    bank_id: UUID
    borrower_id: UUID
    region: str
    field: str
    vintage: str
    principal: Money
    outstanding: Money
    value: Money | None
    score: int
    days_past_due: int
    loan_class: LoanClass

    @property
    def coverage_bps(self) -> int | None:
        """The value over the debt; unknown while the value is."""
        return coverage_of(self.value, self.outstanding)


@dataclass(frozen=True)
class Part:
    """The loans of one field, region, bank or year."""

    key: str
    loans: int
    outstanding: Money
    value: Money
    overdue: Money
    failed: Money
    unvalued: int
    coverage_bps: int | None
    score: int
    share_bps: int


KEYS: dict[Cut, Callable[[Position], str]] = {
    Cut.FIELD: lambda position: position.field,
    Cut.REGION: lambda position: position.region,
    Cut.BANK: lambda position: str(position.bank_id),
    Cut.VINTAGE: lambda position: position.vintage,
}


def divide_book(positions: Sequence[Position], cut: Cut, currency: str = "CNY") -> list[Part]:
    """The book in parts, the largest first; the parts sum to the book."""
    mine = [position for position in positions if position.outstanding.currency == currency]
    whole = sum(position.outstanding.amount_minor for position in mine)
    groups: dict[str, list[Position]] = {}
    for position in mine:
        groups.setdefault(KEYS[cut](position), []).append(position)
    parts = [_part(key, group, whole, currency) for key, group in groups.items()]
    return sorted(parts, key=lambda part: (-part.outstanding.amount_minor, part.key))


def _part(key: str, group: Sequence[Position], whole: int, currency: str) -> Part:
    def total(amounts: Iterable[Money | None]) -> Money:
        return Money(sum(amount.amount_minor for amount in amounts if amount is not None), currency)

    outstanding = total(position.outstanding for position in group)
    valued = [position for position in group if position.value is not None]
    owed = outstanding.amount_minor
    return Part(
        key=key,
        loans=len(group),
        outstanding=outstanding,
        value=total(position.value for position in group),
        overdue=total(position.outstanding for position in group if position.days_past_due),
        failed=total(position.outstanding for position in group if position.loan_class.is_non_performing),
        unvalued=len(group) - len(valued),
        coverage_bps=coverage_of(
            total(position.value for position in valued), total(position.outstanding for position in valued)
        )
        if valued
        else None,
        score=sum(position.score * position.outstanding.amount_minor for position in group) // owed if owed else 0,
        share_bps=owed * 10_000 // whole if whole else 0,
    )


def positions_of(on: date, *conditions: Any) -> list[Position]:
    """The running loans that fulfil the conditions, in a handful of queries however many they are.

    A loan that several banks lend together counts once, whole and with its agent.
    """
    rows = session.execute(
        select(Loan, Organisation.region)
        .join(Organisation, Organisation.id == Loan.borrower_id)
        .where(Loan.status.in_(RUNNING), *conditions)
        .order_by(Loan.id)
    ).all()
    ids = [loan.id for loan, _region in rows]
    securities, scores = securities_of(ids, on), latest_scores(ids)
    return [_position(loan, region, securities.get(loan.id, []), scores.get(loan.id, 0)) for loan, region in rows]


def positions_of_bank(bank_id: UUID, on: date) -> list[Position]:
    """A bank's running loans; of a loan it lends with others its own part, with the same part of the security."""
    parts = shares_of_bank(bank_id)
    return [
        _part_of(one, parts[one.loan_id]) if one.loan_id in parts else one for one in positions_of(on, lent_by(bank_id))
    ]


def _part_of(whole: Position, share: LoanShare) -> Position:
    held = Fraction(share.outstanding.amount_minor, whole.outstanding.amount_minor or 1)
    value = None if whole.value is None else whole.value.times(held)
    return replace(
        whole, bank_id=share.bank_id, principal=share.committed, outstanding=share.outstanding, value=value
    )  # fmt: skip


def _position(loan: Loan, region: str | None, secured: Sequence[Security], score: int) -> Position:
    lent = loan.disbursed_on or loan.agreed_on
    return Position(
        loan_id=loan.id,
        bank_id=loan.bank_id,
        borrower_id=loan.borrower_id,
        region=region or "—",
        field=field_of(secured[0].asset) if secured else "—",
        vintage=f"{lent.year} Q{(lent.month + 2) // 3}",
        principal=loan.principal,
        outstanding=loan.outstanding,
        value=value_together(secured),
        score=score,
        days_past_due=loan.days_past_due,
        loan_class=loan.loan_class,
    )


def latest_scores(loan_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The newest early-warning score of several loans."""
    query = select(LoanCheck.loan_id, LoanCheck.score).where(LoanCheck.loan_id.in_(loan_ids))
    newest = query.distinct(LoanCheck.loan_id).order_by(LoanCheck.loan_id, LoanCheck.day.desc())
    return {row.loan_id: row.score for row in session.execute(newest)}


def loudest_of_bank(bank_id: UUID, on: date, limit: int = 50) -> list[tuple[LoanCheck, Loan]]:
    """The running loans of a bank that warn, the loudest first, as the last night saw them."""
    newest = (
        select(LoanCheck)
        .join(Loan, Loan.id == LoanCheck.loan_id)
        .where(lent_by(bank_id), Loan.status.in_(RUNNING), LoanCheck.day <= on)
        .distinct(LoanCheck.loan_id)
        .order_by(LoanCheck.loan_id, LoanCheck.day.desc())
        .subquery()
    )
    query = (
        select(LoanCheck, Loan)
        .join(newest, newest.c.id == LoanCheck.id)
        .join(Loan, Loan.id == LoanCheck.loan_id)
        .where(LoanCheck.score > 0)
        .order_by(LoanCheck.score.desc(), LoanCheck.loan_id)
        .limit(limit)
    )
    return [(check, loan) for check, loan in session.execute(query)]


def field_of(asset: Asset) -> str:
    """The class of the international classification a right lies in; for rights outside it, the kind of right."""
    return str(asset.ipc[0])[:3] if asset.ipc else asset.kind.value
