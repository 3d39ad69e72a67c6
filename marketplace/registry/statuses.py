"""The status of a right changes here, each change announced, so that listings and loans can answer."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import session
from marketplace.core.events import Fact, announce
from marketplace.registry.assets import Asset, LegalStatus, find_asset


@dataclass(frozen=True)
class AssetStatusChanged(Fact):
    """The legal status of a right changed."""

    asset_id: UUID
    old: str
    new: str
    source: str


def set_status(actor: Actor, asset_id: UUID, status: LegalStatus, on: date | None, source: str, now: datetime) -> Asset:
    """Record what a source says of the right's status since a day."""
    asset = find_asset(asset_id, lock=True)
    old = asset.status
    asset.status, asset.status_on, asset.status_source, asset.changed_at = status, on, source, now
    session.flush()
    if old is not status:
        announce(actor, now, AssetStatusChanged(asset.id, old.value, status.value, source))
    return asset


def expire_rights(now: datetime) -> int:
    """Mark the rights whose ordinary term has ended; returns how many."""
    living = (LegalStatus.IN_FORCE, LegalStatus.PENDING, LegalStatus.UNKNOWN)
    query = select(Asset.id, Asset.expires_on).where(Asset.expires_on < now.date(), Asset.status.in_(living))
    ended = session.execute(query.limit(5000)).all()
    for asset_id, last_day in ended:
        set_status(SYSTEM, asset_id, LegalStatus.EXPIRED, last_day, "ordinary term has ended", now)
    return len(ended)
