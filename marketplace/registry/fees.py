"""Fees that keep a right alive: what falls due when, with grace and surcharge; paid only by evidence.

Sources: CNIPA fee table (domain rules 1.3), 35 USC 41(b) for the US windows, EPC rule 51 for the EPO,
Singapore Patents Rules for renewal from the fifth year. Amounts that were not verified are left out.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from marketplace.core.money import Money
from marketplace.registry.assets import Asset, AssetKind, LegalStatus
from marketplace.registry.terms import add_years, after_months

_INVENTION_CNY = ((3, 900), (6, 1200), (9, 2000), (12, 4000), (15, 6000), (20, 8000))
_SHORT_CNY = ((3, 600), (5, 900), (8, 1200), (10, 2000), (15, 3000))
RENEWAL_CNY = 500


class FeeState(StrEnum):
    """What evidence says of a fee; without evidence it is unknown."""

    PAID = "paid"
    DUE = "due"
    LATE = "late"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class FeeDue:
    """One fee of one right: which year it keeps alive, by when, and until when it can still be paid late."""

    year: int
    due_on: date
    grace_until: date
    amount: Money | None
    state: FeeState
    note: str = ""


def fees_of(asset: Asset, on: date, proven: frozenset[int] = frozenset()) -> list[FeeDue]:
    """Every fee of the right's life by the tables we know, with what evidence says of each; none after its end."""
    rows = [row for row in _schedule(asset) if not (_has_ended(asset, on) and row.due_on > (asset.status_on or on))]
    return [
        replace(row, state=FeeState.PAID, note="office event") if row.year in proven else _with_state(asset, row, on)
        for row in rows
    ]


def _has_ended(asset: Asset, on: date) -> bool:
    """A right that came to its end early owes nothing for later years; an expired mark may still be renewed late."""
    return asset.status_at(on) in (
        LegalStatus.LAPSED, LegalStatus.INVALIDATED, LegalStatus.REFUSED, LegalStatus.WITHDRAWN,
    )  # fmt: skip


def upcoming_fees(asset: Asset, on: date, within_days: int = 400) -> list[FeeDue]:
    """The fees a careful holder looks at now: due soon, or still payable late."""
    horizon = on + timedelta(days=within_days)
    return [row for row in fees_of(asset, on) if row.grace_until >= on and row.due_on <= horizon]


def fee_state_of(asset: Asset, on: date) -> FeeState:
    """Whether the right is in a late period, by evidence only."""
    notices = asset.facts.get("fees", [])
    states = {str(notice.get("state")) for notice in notices}
    if "surcharge" in states and any(
        (notice.get("due_on") or "") >= on.isoformat() for notice in notices if notice.get("state") == "surcharge"
    ):
        return FeeState.LATE
    if any(
        notice.get("state") == "due"
        and "年费" in str(notice.get("name"))
        and (notice.get("due_on") or "9") < on.isoformat()
        for notice in notices
    ):
        return FeeState.LATE
    paid = [notice for notice in notices if notice.get("state") == "paid" and "年费" in str(notice.get("name"))]
    return FeeState.PAID if paid else FeeState.UNKNOWN


def annuity_cny(kind: AssetKind, year: int) -> Money | None:
    """The Chinese annual fee of a patent year, without any reduction."""
    table = _INVENTION_CNY if kind is AssetKind.INVENTION else _SHORT_CNY
    amount = next((amount for last, amount in table if year <= last), None)
    return Money(amount * 100, "CNY") if amount else None


def _schedule(asset: Asset) -> list[FeeDue]:
    if asset.kind is AssetKind.TRADEMARK:
        return _trademark(asset)
    if asset.application_date is None:
        return []
    if asset.office == "CN":
        return _chinese(asset)
    if asset.office == "US" and asset.kind is AssetKind.INVENTION:
        return _american(asset)
    first = {"EP": 3, "SG": 5, "WO": 0}.get(asset.office, 0)
    return _yearly(asset, first) if first else []


def _chinese(asset: Asset) -> list[FeeDue]:
    """Patent years count from filing; the fee of a year is due when the year before it ends."""
    filed, ends = asset.application_date, asset.expires_on
    if filed is None or ends is None or asset.grant_date is None:
        return []
    first = (
        asset.grant_date.year
        - filed.year
        + (1 if asset.grant_date >= add_years(filed, asset.grant_date.year - filed.year) else 0)
    )
    last = ends.year - filed.year
    return [
        FeeDue(
            year=year,
            due_on=add_years(filed, year - 1),
            grace_until=after_months(add_years(filed, year - 1), 6),
            amount=annuity_cny(asset.kind, year),
            state=FeeState.UNKNOWN,
        )
        for year in range(max(first, 1) + 1, last + 1)
    ]


def _american(asset: Asset) -> list[FeeDue]:
    """Maintenance fees 3.5, 7.5 and 11.5 years after grant, six months late with surcharge."""
    granted = asset.grant_date
    if granted is None:
        return []
    return [
        FeeDue(years, after_months(add_years(granted, years), 6), add_years(granted, years + 1), None, FeeState.UNKNOWN)
        for years in (3, 7, 11)
    ]


def _yearly(asset: Asset, first: int) -> list[FeeDue]:
    filed, ends = asset.application_date, asset.expires_on
    if filed is None or ends is None:
        return []
    rows = []
    for year in range(first, ends.year - filed.year + 1):
        due = add_years(filed, year - 1)
        if asset.office == "EP":
            due = _month_end(due)
        rows.append(FeeDue(year, due, after_months(due, 6), None, FeeState.UNKNOWN))
    return rows


def _trademark(asset: Asset) -> list[FeeDue]:
    """Renewal falls due with the end of each ten years, six months late at the latest."""
    if asset.expires_on is None:
        return []
    amount = Money(RENEWAL_CNY * 100 * max(1, len(asset.nice_classes)), "CNY") if asset.office == "CN" else None
    return [FeeDue(10, asset.expires_on, after_months(asset.expires_on, 6), amount, FeeState.UNKNOWN)]


def _with_state(asset: Asset, row: FeeDue, on: date) -> FeeDue:
    """Evidence of payment around the due day makes a fee paid; a right known to stand proves earlier years."""
    for notice in asset.facts.get("fees", []):
        paid_on = notice.get("paid_on")
        named = f"第{row.year}年" in str(notice.get("name"))
        if notice.get("state") == "paid" and paid_on and named:
            return FeeDue(row.year, row.due_on, row.grace_until, row.amount, FeeState.PAID, "office receipt")
    if row.due_on > on:
        return FeeDue(row.year, row.due_on, row.grace_until, row.amount, FeeState.DUE)
    return row


def _month_end(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1) - timedelta(days=1)
