"""The fee calendar: what falls due for a right or an organisation, as iCalendar under a private address, with notices."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, session
from marketplace.core.errors import NotAllowed, NotFound, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _, _l
from marketplace.notices.inbox import tell
from marketplace.notices.wording import say
from marketplace.registry.assets import Asset, find_asset
from marketplace.registry.fee_rules import Deadline, coming_deadlines
from marketplace.registry.fees import FeeState
from marketplace.registry.ownership import OwnershipShare, assets_of
from marketplace.registry.terms import after_months

STAGES = (60, 30, 0)
LATE_STAGES = (-1, -2, -3, -4, -5)
say(
    "fee_due",
    subject=_l("A fee falls due on %(due_on)s"),
    text=_l(
        "%(asset)s: fee of year %(year)s, due on %(due_on)s, payable late until %(late_until)s. No payment is proven."
    ),
)
say(
    "fee_late",
    subject=_l("A fee may be late"),
    text=_l(
        "%(asset)s: the fee of year %(year)s was due on %(due_on)s. No payment is proven; the last day is %(late_until)s."
    ),
)


class FeeCalendar(Model):
    """The private address under which an organisation's calendar is read; only its hash is kept."""

    __tablename__ = "fee_calendars"
    __table_args__ = (
        Index("uq_fee_calendars_organisation_id", "organisation_id", unique=True),
        Index("uq_fee_calendars_address_sha256", "address_sha256", unique=True),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    address_sha256: Mapped[str] = mapped_column(String(64))


class FeeReminder(Model):
    """One notice about one fee, so that nobody is told twice."""

    __tablename__ = "fee_reminders"
    __table_args__ = (Index("uq_fee_reminders", "asset_id", "due_on", "stage", unique=True),)

    asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"))
    due_on: Mapped[date]
    stage: Mapped[int]


@dataclass(frozen=True)
class FeeCalendarOpened(Fact):
    """An organisation has a new private calendar address; the one before no longer answers."""

    organisation_id: UUID


def open_fee_calendar(actor: Actor, now: datetime) -> str:
    """A fresh private address for the organisation's calendar; the one before no longer answers."""
    require(actor.may("asset.manage") and actor.organisation_id is not None, NotAllowed())
    assert actor.organisation_id is not None
    secret = secrets.token_urlsafe(24)
    row = session.execute(
        select(FeeCalendar).where(FeeCalendar.organisation_id == actor.organisation_id).with_for_update()
    ).scalar_one_or_none()
    if row is None:
        session.add(FeeCalendar(organisation_id=actor.organisation_id, address_sha256=_digest(secret)))
    else:
        row.address_sha256 = _digest(secret)
    session.flush()
    announce(actor, now, FeeCalendarOpened(actor.organisation_id))
    return secret


def calendar_at(secret: str, now: datetime) -> str:
    """The calendar behind a private address."""
    query = select(FeeCalendar.organisation_id).where(FeeCalendar.address_sha256 == _digest(secret))
    organisation_id = session.execute(query).scalar_one_or_none()
    if organisation_id is None:
        raise NotFound()
    return calendar_text(deadlines_of_organisation(organisation_id, now.date()), now)


def deadlines_of_organisation(organisation_id: UUID, on: date) -> list[tuple[Asset, Deadline]]:
    """What the organisation's rights owe in the next thirteen months, the nearest first."""
    found = [(asset, item) for asset in assets_of(organisation_id) for item in coming_deadlines(asset, on)]
    return sorted(found, key=lambda pair: (pair[1].fee.due_on, pair[0].label))


def calendar_of_asset(asset: Asset, now: datetime) -> str:
    """The calendar of one right."""
    return calendar_text([(asset, item) for item in coming_deadlines(asset, now.date())], now)


def calendar_text(entries: Iterable[tuple[Asset, Deadline]], now: datetime) -> str:
    """RFC 5545: an all-day event on each due day and on each last day of late payment."""
    days: list[tuple[str, date, str]] = []
    for asset, item in entries:
        if item.fee.state is FeeState.PAID:
            continue
        words = {"asset": f"{asset.label} {asset.title}", "year": item.fee.year}
        due, last = (
            _("Fee of year %(year)s due: %(asset)s", **words),
            _("Last day, late: fee %(year)s of %(asset)s", **words),
        )
        days.append((f"{asset.id}-{item.fee.due_on}-due", item.fee.due_on, due))
        days.append((f"{asset.id}-{item.fee.due_on}-late", item.fee.grace_until, last))
    return calendar_of_days(days, now)


def calendar_of_days(days: Iterable[tuple[str, date, str]], now: datetime) -> str:
    """RFC 5545: an all-day event for each name, day and summary."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//IP marketplace//fee calendar//EN", "METHOD:PUBLISH"]
    for uid, day, summary in days:
        lines += _event(uid, day, summary, now)
    return "".join(f"{folded}\r\n" for line in [*lines, "END:VCALENDAR"] for folded in _fold(line))


def remind_of_fees(now: datetime) -> int:
    """Tell the owners of every fee that has come into a new stage: 60 and 30 days before, the day, each late month."""
    held = select(OwnershipShare.asset_id).where(
        OwnershipShare.organisation_id.is_not(None), OwnershipShare.known_to.is_(None), OwnershipShare.held_to.is_(None)
    )
    told = 0
    for asset_id in session.execute(held.distinct().order_by(OwnershipShare.asset_id)).scalars().all():
        asset = find_asset(asset_id)
        for item in coming_deadlines(asset, now.date(), max(STAGES)):
            stage = stage_of(item.fee.due_on, now.date())
            if item.fee.state is not FeeState.PAID and stage is not None and _is_new(asset_id, item.fee.due_on, stage):
                session.add(FeeReminder(asset_id=asset_id, due_on=item.fee.due_on, stage=stage))
                _tell_owners(asset, item, "fee_late" if stage < 0 else "fee_due", now)
                told += 1
    session.flush()
    return told


def stage_of(due_on: date, on: date) -> int | None:
    """The stage a fee has come to that day: 60, 30 or 0 days before, or minus the month of lateness."""
    late = [stage for stage in LATE_STAGES if on > after_months(due_on, -stage)]
    if late:
        return late[-1]
    if on >= due_on:
        return 0
    return next((stage for stage in (30, 60) if (due_on - on).days <= stage), None)


def _tell_owners(asset: Asset, item: Deadline, kind: str, now: datetime) -> None:
    query = select(OwnershipShare.organisation_id).where(
        OwnershipShare.asset_id == asset.id, OwnershipShare.organisation_id.is_not(None),
        OwnershipShare.known_to.is_(None), OwnershipShare.held_to.is_(None),
    )  # fmt: skip
    params = {
        "asset": asset.label, "year": str(item.fee.year), "due_on": item.fee.due_on.isoformat(),
        "late_until": item.fee.grace_until.isoformat(),
    }  # fmt: skip
    for organisation_id in session.execute(query.distinct()).scalars():
        if organisation_id is not None:
            tell(organisation_id, kind, params, f"/assets/{asset.id}#fees", now)


def _is_new(asset_id: UUID, due_on: date, stage: int) -> bool:
    query = select(FeeReminder.id).where(
        FeeReminder.asset_id == asset_id, FeeReminder.due_on == due_on, FeeReminder.stage == stage
    )
    return session.execute(query).first() is None


def _event(uid: str, day: date, summary: str, now: datetime) -> list[str]:
    text = summary.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return [
        "BEGIN:VEVENT", f"UID:{uid}", f"DTSTAMP:{now.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{day:%Y%m%d}", f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}",
        "SUMMARY:" + " ".join(text.split()), "TRANSP:TRANSPARENT", "END:VEVENT",
    ]  # fmt: skip


def _fold(line: str) -> list[str]:
    """Lines of at most 75 octets, broken between characters; a continuation begins with a space."""
    folded, part = [], ""
    for character in line:
        if len((part + character).encode()) > 75:
            folded.append(part)
            part = " "
        part += character
    return [*folded, part]


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
