"""Watching what secures running loans, every night: each right, its fees and disputes, and whether its value covers the debt.

A batch of loans is one transaction that reads in bulk, so that a hundred thousand loans are looked at within minutes and
a job killed anywhere is simply started again. An unknown value stays unknown and is never counted as zero.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, UniqueConstraint, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import SYSTEM
from marketplace.core.db import Model, find, money_columns, new_id, session
from marketplace.core.events import Fact, announce
from marketplace.core.money import Money
from marketplace.financing.asset_values import values_of
from marketplace.financing.caps import HARD_CAP_BPS
from marketplace.financing.covenant_tests import signs_of_promises
from marketplace.financing.loans import RUNNING, Loan
from marketplace.financing.pledges import Pledge, PledgeStatus
from marketplace.financing.warning_signs import (
    FALLING_WITHIN_DAYS,
    FEE_SOON_DAYS,
    SIGNS,
    WarningLevel,
    level_of,
    ordered,
    score_of,
    signs_of_coverage,
    signs_of_days,
)
from marketplace.registry.assets import Asset, AssetKind
from marketplace.registry.encumbrances import Encumbrance, EncumbranceKind
from marketplace.registry.fees import FeeState, fee_state_of, upcoming_fees

LEAST_COVERAGE_BPS = 100_000_000 // HARD_CAP_BPS
"""Value over debt below which the rights no longer cover what they secure: the hard cap turned round."""
BATCH = 500
WATCHED = (EncumbranceKind.PRESERVATION, EncumbranceKind.INVALIDATION_PROCEEDINGS, EncumbranceKind.OWNERSHIP_DISPUTE)


class PledgeCheck(Model):
    """What was found on one pledged right on one day."""

    __tablename__ = "pledge_checks"
    __table_args__ = (UniqueConstraint("pledge_id", "day"),)

    pledge_id: Mapped[UUID] = mapped_column(ForeignKey("pledges.id"))
    day: Mapped[date] = mapped_column(Date)
    value: Mapped[Money | None] = money_columns("value", optional=True)
    findings: Mapped[list[str]]

    @property
    def words(self) -> list[str]:
        """What was found, in the page's language."""
        return [str(SIGNS[finding].words) for finding in self.findings]


class LoanCheck(Model):
    """How a loan and all that secures it stood on one day, and how loudly that warns."""

    __tablename__ = "loan_checks"
    __table_args__ = (
        UniqueConstraint("loan_id", "day"),
        CheckConstraint("score BETWEEN 0 AND 100", "score_of_hundred"),
    )

    loan_id: Mapped[UUID] = mapped_column(ForeignKey("loans.id"))
    day: Mapped[date] = mapped_column(Date)
    value: Mapped[Money | None] = money_columns("value", optional=True)
    debt: Mapped[Money] = money_columns("debt")
    coverage_bps: Mapped[int | None]
    required_bps: Mapped[int]
    score: Mapped[int]
    signs: Mapped[list[str]]

    @property
    def level(self) -> WarningLevel:
        """How closely the loan should be looked at."""
        return level_of(self.score)

    @property
    def reasons(self) -> list[tuple[str, int]]:
        """Every sign in the page's language with its weight, the heaviest first."""
        return [(str(SIGNS[sign].words), SIGNS[sign].points) for sign in self.signs]

    @property
    def is_short(self) -> bool:
        """Whether the value covers less of the debt than it must."""
        return self.coverage_bps is not None and self.coverage_bps < self.required_bps


@dataclass(frozen=True)
class SecurityWeakened(Fact):
    """Something new was found that weakens a loan or its security."""

    loan_id: UUID
    check_id: UUID
    score: int
    signs: str


@dataclass(frozen=True)
class Security:
    """One pledged right as it stands: the pledge, the right, its value, its disputes."""

    pledge: Pledge
    asset: Asset
    value: Money | None
    burdens: Sequence[EncumbranceKind]


def watch_batch(on: date, now: datetime, size: int = BATCH) -> int:
    """Look at the next running loans not looked at that day; answers how many, none when all have been."""
    loans = _to_watch(on, size)
    securities = securities_of([loan.id for loan in loans], on)
    highest, before = _highest_coverage(loans, on), _signs_before(loans, on)
    promises = signs_of_promises([loan.id for loan in loans])
    rights: list[dict[str, Any]] = []
    checks: list[tuple[dict[str, Any], set[str]]] = []
    for loan in loans:
        mine = securities.get(loan.id, [])
        found = {one.pledge.id: findings_of(one, on) for one in mine}
        rights += [_pledge_row(one, found[one.pledge.id], on) for one in mine]
        seen = [*promises.get(loan.id, []), *(sign for signs in found.values() for sign in signs)]
        check = _loan_row(loan, mine, seen, highest.get(loan.id), on)
        checks.append((check, set(check["signs"]) - before.get(loan.id, set())))
    _keep(PledgeCheck, rights)
    _keep(LoanCheck, [check for check, _fresh in checks])
    for check, fresh in checks:
        if fresh - {"fee_due_soon"}:
            signs = ",".join(ordered(fresh))
            announce(SYSTEM, now, SecurityWeakened(check["loan_id"], check["id"], check["score"], signs))
    return len(loans)


def watch_loan(loan_id: UUID, on: date, now: datetime) -> LoanCheck:
    """Bring the watch up to a day and read what it says of one loan."""
    while watch_batch(on, now):
        pass
    check = check_on(loan_id, on)
    assert check is not None
    return check


def securities_of(loan_ids: Sequence[UUID], on: date) -> dict[UUID, list[Security]]:
    """The registered pledges of several loans with what is known of each right, in four queries."""
    rows = session.execute(
        select(Pledge, Asset)
        .join(Asset, Asset.id == Pledge.asset_id)
        .where(Pledge.loan_id.in_(loan_ids), Pledge.status == PledgeStatus.REGISTERED)
        .order_by(Pledge.id)
    ).all()
    assets = {asset.id for _pledge, asset in rows}
    values, burdens = values_of(assets), _burdens(assets, on)
    found: dict[UUID, list[Security]] = {}
    for pledge, asset in rows:
        value = values.get(asset.id)
        known = value if value is not None and value.currency == pledge.secured.currency else None
        found.setdefault(pledge.loan_id, []).append(Security(pledge, asset, known, burdens.get(asset.id, [])))
    return found


def coverage_of(value: Money | None, debt: Money) -> int | None:
    """Value over debt in basis points; unknown while the value is, and when nothing is owed."""
    if value is None or not debt:
        return None
    return value.amount_minor * 10_000 // debt.amount_minor


def value_together(securities: Iterable[Security]) -> Money | None:
    """What the rights with a known value are worth together; unknown when no value is known."""
    known = [one.value for one in securities if one.value is not None]
    return sum(known[1:], known[0]) if known else None


def findings_of(one: Security, on: date) -> list[str]:
    """Everything about the right itself that weakens the security that day, the heaviest first."""
    asset, found = one.asset, [kind.value for kind in one.burdens]
    if not asset.is_in_force(on):
        found.append("right_ended")
    if fee_state_of(asset, on) is FeeState.LATE:
        found.append("fee_late")
    elif any(fee.due_on >= on for fee in upcoming_fees(asset, on, FEE_SOON_DAYS)):
        found.append("fee_due_soon")
    renewable = asset.kind is AssetKind.TRADEMARK
    if asset.expires_on is not None and asset.expires_on < one.pledge.ends_on and not renewable:
        found.append("ends_before_debt")
    if one.value is None:
        found.append("value_unknown")
    return ordered(found)


def check_on(loan_id: UUID, on: date) -> LoanCheck | None:
    """What was seen of a loan that day."""
    query = select(LoanCheck).where(LoanCheck.loan_id == loan_id, LoanCheck.day == on)
    found: LoanCheck | None = session.execute(query).scalar_one_or_none()
    return found


def checks_of_loan(loan_id: UUID, limit: int = 400) -> list[LoanCheck]:
    """What was seen of a loan, newest first."""
    query = select(LoanCheck).where(LoanCheck.loan_id == loan_id).order_by(LoanCheck.day.desc()).limit(limit)
    return list(session.execute(query).scalars())


def latest_check(pledge_id: UUID) -> PledgeCheck | None:
    """The last look at a pledged right."""
    query = select(PledgeCheck).where(PledgeCheck.pledge_id == pledge_id).order_by(PledgeCheck.day.desc()).limit(1)
    found: PledgeCheck | None = session.execute(query).scalar_one_or_none()
    return found


def find_loan_check(check_id: UUID) -> LoanCheck:
    """One night's look at a loan."""
    return find(LoanCheck, check_id)


def _to_watch(on: date, size: int) -> list[Loan]:
    looked = exists().where(LoanCheck.loan_id == Loan.id, LoanCheck.day == on)
    query = select(Loan).where(Loan.status.in_(RUNNING), ~looked).order_by(Loan.id).limit(size)
    return list(session.execute(query.with_for_update(skip_locked=True)).scalars())


def _burdens(asset_ids: Iterable[UUID], on: date) -> dict[UUID, list[EncumbranceKind]]:
    query = select(Encumbrance).where(
        Encumbrance.asset_id.in_(asset_ids), Encumbrance.kind.in_(WATCHED), Encumbrance.begins_on <= on
    )
    found: dict[UUID, list[EncumbranceKind]] = {}
    for burden in session.execute(query).scalars():
        if burden.stands_on(on, None):
            found.setdefault(burden.asset_id, []).append(burden.kind)
    return found


def _highest_coverage(loans: Sequence[Loan], on: date) -> dict[UUID, int]:
    query = (
        select(LoanCheck.loan_id, func.max(LoanCheck.coverage_bps))
        .where(
            LoanCheck.loan_id.in_([loan.id for loan in loans]),
            LoanCheck.day.between(on - timedelta(days=FALLING_WITHIN_DAYS), on - timedelta(days=1)),
        )
        .group_by(LoanCheck.loan_id)
    )
    return {loan_id: highest for loan_id, highest in session.execute(query) if highest is not None}


def _signs_before(loans: Sequence[Loan], on: date) -> dict[UUID, set[str]]:
    query = (
        select(LoanCheck.loan_id, LoanCheck.signs)
        .where(LoanCheck.loan_id.in_([loan.id for loan in loans]), LoanCheck.day < on)
        .distinct(LoanCheck.loan_id)
        .order_by(LoanCheck.loan_id, LoanCheck.day.desc())
    )
    return {loan_id: set(signs) for loan_id, signs in session.execute(query)}


def _pledge_row(one: Security, findings: list[str], on: date) -> dict[str, Any]:
    return {"id": new_id(), "pledge_id": one.pledge.id, "day": on, "findings": findings, **_money("value", one.value)}


def _loan_row(loan: Loan, mine: Sequence[Security], found: list[str], highest: int | None, on: date) -> dict[str, Any]:
    value = value_together(mine)
    coverage = coverage_of(value, loan.outstanding)
    signs = ordered(
        [*found, *signs_of_days(loan.days_past_due), *signs_of_coverage(coverage, LEAST_COVERAGE_BPS, highest)]
    )
    return {
        "id": new_id(), "loan_id": loan.id, "day": on, **_money("value", value), **_money("debt", loan.outstanding),
        "coverage_bps": coverage, "required_bps": LEAST_COVERAGE_BPS, "score": score_of(signs), "signs": signs,
    }  # fmt: skip


def _money(name: str, amount: Money | None) -> dict[str, Any]:
    return {
        f"{name}_minor": None if amount is None else amount.amount_minor,
        f"{name}_currency": None if amount is None else amount.currency,
    }


def _keep(kind: type[PledgeCheck] | type[LoanCheck], rows: list[dict[str, Any]]) -> None:
    """Write the rows that are not there yet: two nights at once look once."""
    if rows:
        session.execute(insert(kind).on_conflict_do_nothing(), rows)
