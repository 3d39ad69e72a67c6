"""Watch lists: an organisation is told when the terms of a listing it watches change."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, new_id, session
from marketplace.core.errors import require
from marketplace.listings.listings import Listing, ListingTermsChanged
from marketplace.listings.wording import LISTING_CHANGED
from marketplace.notices.inbox import tell
from marketplace.registry.assets import Asset, find_asset


class Watch(Model):
    """One asset an organisation keeps an eye on."""

    __tablename__ = "watches"
    __table_args__ = (UniqueConstraint("organisation_id", "asset_id"),)

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"), index=True)


def watch_asset(actor: Actor, asset_id: UUID) -> None:
    """Put an asset on the organisation's watch list; twice is once."""
    require(actor.organisation_id is not None)
    asset = find_asset(asset_id)
    row = {"id": new_id(), "organisation_id": actor.organisation_id, "asset_id": asset.id}
    session.execute(insert(Watch).values(row).on_conflict_do_nothing())


def unwatch_asset(actor: Actor, asset_id: UUID) -> None:
    """Take an asset off the watch list."""
    require(actor.organisation_id is not None)
    session.execute(delete(Watch).where(Watch.organisation_id == actor.organisation_id, Watch.asset_id == asset_id))


def watches(actor: Actor | None, asset_id: UUID) -> bool:
    """Whether the actor's organisation watches the asset."""
    if actor is None or actor.organisation_id is None:
        return False
    query = select(Watch.id).where(Watch.organisation_id == actor.organisation_id, Watch.asset_id == asset_id)
    return session.execute(query).first() is not None


def watched_assets(actor: Actor) -> list[Asset]:
    """The organisation's watch list, newest first."""
    query = select(Asset).join(Watch, Watch.asset_id == Asset.id).where(Watch.organisation_id == actor.organisation_id)
    return list(session.execute(query.order_by(Watch.id.desc()).limit(500)).scalars())


def tell_watchers(_actor: Actor, fact: ListingTermsChanged, now: datetime) -> None:
    """New terms of a published listing are told to everybody who watches the asset, but not to the holder."""
    listing = find(Listing, fact.listing_id)
    if not listing.is_visible:
        return
    query = select(Watch.organisation_id).where(Watch.asset_id == listing.asset_id)
    for organisation_id in session.execute(query).scalars():
        if organisation_id != listing.organisation_id:
            title = find_asset(listing.asset_id).title
            tell(organisation_id, LISTING_CHANGED, {"title": title}, f"/listings/{listing.id}/versions", now)
