"""Watching what secures running loans: the right itself, its fees, disputes, and whether its value still covers the debt."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Date, ForeignKey, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import SYSTEM
from marketplace.core.db import Model, find, money_columns, session
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.financing.caps import HARD_CAP_BPS
from marketplace.financing.loans import RUNNING, Loan
from marketplace.financing.pledges import Pledge, PledgeStatus
from marketplace.registry.assets import Asset, AssetKind, find_asset
from marketplace.registry.encumbrances import EncumbranceKind, open_encumbrances
from marketplace.registry.fees import FeeState, fee_state_of
from marketplace.valuation.reports import latest_indication

LEAST_COVERAGE_BPS = 100_000_000 // HARD_CAP_BPS
"""Value over debt below which a right no longer covers what it secures: the hard cap turned round."""

FINDINGS = {
    "right_ended": _l("The right is no longer in force"),
    "fee_late": _l("A fee of the right is late"),
    "preservation": _l("A court has preserved the right"),
    "invalidation_proceedings": _l("Invalidation proceedings were started"),
    "ownership_dispute": _l("The ownership is disputed"),
    "ends_before_debt": _l("The right ends before the debt"),
    "coverage_low": _l("The value no longer covers the debt"),
}
WATCHED = (EncumbranceKind.PRESERVATION, EncumbranceKind.INVALIDATION_PROCEEDINGS, EncumbranceKind.OWNERSHIP_DISPUTE)


class PledgeCheck(Model):
    """What was found on one pledged right on one day; an unknown value stays unknown."""

    __tablename__ = "pledge_checks"
    __table_args__ = (UniqueConstraint("pledge_id", "day"),)

    pledge_id: Mapped[UUID] = mapped_column(ForeignKey("pledges.id"))
    day: Mapped[date] = mapped_column(Date)
    value: Mapped[Money | None] = money_columns("value", optional=True)
    debt: Mapped[Money] = money_columns("debt")
    coverage_bps: Mapped[int | None]
    findings: Mapped[list[str]]

    @property
    def words(self) -> list[str]:
        """What was found, in the page's language."""
        return [str(FINDINGS[finding]) for finding in self.findings]


@dataclass(frozen=True)
class PledgeWeakened(Fact):
    """Something new was found that weakens the security of a loan."""

    pledge_id: UUID
    findings: str


def watch_pledge(pledge_id: UUID, on: date, now: datetime) -> PledgeCheck:
    """Look at one pledged right once a day; what is new is announced."""
    pledge = find(Pledge, pledge_id, lock=True)
    done = _check_on(pledge_id, on)
    if done is not None:
        return done
    loan, asset = find(Loan, pledge.loan_id), find_asset(pledge.asset_id)
    seen = latest_indication(asset.id, purpose="pledge") or latest_indication(asset.id)
    value = seen.middle if seen is not None and seen.middle.currency == loan.currency else None
    coverage = coverage_of(value, loan.outstanding)
    before = latest_check(pledge_id)
    check = PledgeCheck(
        pledge_id=pledge_id,
        day=on,
        value=value,
        debt=loan.outstanding,
        coverage_bps=coverage,
        findings=findings_of(asset, pledge.ends_on, coverage, on),
    )
    session.add(check)
    session.flush()
    fresh = [finding for finding in check.findings if before is None or finding not in before.findings]
    if fresh:
        announce(SYSTEM, now, PledgeWeakened(pledge_id, ",".join(fresh)))
    return check


def coverage_of(value: Money | None, debt: Money) -> int | None:
    """Value over debt in basis points; unknown while the value is, and when nothing is owed."""
    if value is None or not debt:
        return None
    return value.amount_minor * 10_000 // debt.amount_minor


def findings_of(asset: Asset, debt_ends_on: date, coverage_bps: int | None, on: date) -> list[str]:
    """Everything that weakens the security that day."""
    found = []
    if not asset.is_in_force(on):
        found.append("right_ended")
    if fee_state_of(asset, on) is FeeState.LATE:
        found.append("fee_late")
    found += sorted({burden.kind.value for burden in open_encumbrances(asset.id, on) if burden.kind in WATCHED})
    renewable = asset.kind is AssetKind.TRADEMARK
    if asset.expires_on is not None and asset.expires_on < debt_ends_on and not renewable:
        found.append("ends_before_debt")
    if coverage_bps is not None and coverage_bps < LEAST_COVERAGE_BPS:
        found.append("coverage_low")
    return found


def pledges_to_watch(on: date, limit: int = 200) -> list[UUID]:
    """Registered pledges of running loans not looked at that day."""
    looked = select(PledgeCheck.pledge_id).where(PledgeCheck.day == on)
    query = (
        select(Pledge.id)
        .join(Loan, Loan.id == Pledge.loan_id)
        .where(Pledge.status == PledgeStatus.REGISTERED, Loan.status.in_(RUNNING), Pledge.id.not_in(looked))
        .order_by(Pledge.id)
        .limit(limit)
    )
    return list(session.execute(query).scalars())


def latest_check(pledge_id: UUID) -> PledgeCheck | None:
    """The last look at a pledged right."""
    query = select(PledgeCheck).where(PledgeCheck.pledge_id == pledge_id).order_by(PledgeCheck.day.desc()).limit(1)
    found: PledgeCheck | None = session.execute(query).scalar_one_or_none()
    return found


def _check_on(pledge_id: UUID, on: date) -> PledgeCheck | None:
    query = select(PledgeCheck).where(PledgeCheck.pledge_id == pledge_id, PledgeCheck.day == on)
    found: PledgeCheck | None = session.execute(query).scalar_one_or_none()
    return found
