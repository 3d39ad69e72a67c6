"""The data room of a listing: its owner opens it, a reader asks for the way in."""

from datetime import datetime
from uuid import UUID

from marketplace.core.actor import Actor
from marketplace.core.errors import NotFound
from marketplace.documents.data_rooms import DataRoom, open_room, room_of
from marketplace.documents.room_access import RoomAccess, ask_for_access
from marketplace.listings import listings
from marketplace.registry.assets import find_asset


def open_listing_room(actor: Actor, listing_id: UUID, now: datetime) -> DataRoom:
    """The data room of an own listing, named after the right it offers."""
    listing = listings.own_listing(actor, listing_id)
    asset = find_asset(listing.asset_id)
    title = {"zh": f"{asset.titles.get('zh') or asset.title}（{asset.label}）", "en": f"{asset.title} ({asset.label})"}
    return open_room(actor, listing.id, listing.organisation_id, title, f"/listings/{listing.id}", now)


def ask_to_read(actor: Actor, listing_id: UUID, now: datetime) -> RoomAccess:
    """The confidentiality undertaking of a visible listing's room, laid out for the asker's signature."""
    room = room_of(listings.visible_listing(actor, listing_id).id)
    if room is None:
        raise NotFound()
    return ask_for_access(actor, room.id, now)
