"""The place of the data room on a listing's page, and the two acts there."""

from typing import Any
from uuid import UUID

from flask import redirect, render_template, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from marketplace.core.actor import Actor
from marketplace.core.clock import database_now, now
from marketplace.core.http import current_actor, idempotent, needs
from marketplace.documents.data_rooms import documents_in, room_of
from marketplace.documents.room_access import access_of
from marketplace.listings.blueprints import pages
from marketplace.listings.listing_rooms import ask_to_read, open_listing_room
from marketplace.listings.panels import listing_panels
from marketplace.listings.policy import may_manage


@pages.post("/listings/<uuid:listing_id>/data-room")
@needs("asset.manage")
@idempotent
def open_data_room(listing_id: UUID) -> Response:
    """Open the data room of one's own listing."""
    room = open_listing_room(current_actor(), listing_id, now())
    return redirect(url_for("documents.data_room", room_id=room.id), 303)


@pages.post("/listings/<uuid:listing_id>/data-room/access")
@needs("deal.trade")
@idempotent
def ask_for_data_room(listing_id: UUID) -> Response:
    """Get the undertaking to sign, or the room when it is signed."""
    access = ask_to_read(current_actor(), listing_id, database_now())
    if access.admitted_at:
        return redirect(url_for("documents.data_room", room_id=access.room_id), 303)
    return redirect(url_for("documents.sign_page", envelope_id=access.envelope_id), 303)


@listing_panels.add(order=40)
def data_room_panel(actor: Actor | None, listing: Any) -> Markup | None:
    """On a listing's page: the way into its data room, or the way to open one."""
    room, manages = room_of(listing.id), may_manage(actor, listing)
    if not manages and (room is None or not documents_in(room.id)):
        return None
    access = access_of(room.id, actor.organisation_id) if room and actor else None
    entered = access is not None and access.opens(database_now())
    return Markup(
        render_template(
            "listings/_data_room.html", listing=listing, room=room, manages=manages, access=access, entered=entered
        )
    )
