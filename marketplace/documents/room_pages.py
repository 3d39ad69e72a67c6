"""The pages of data rooms: the room for its reader and its owner, a document page by page, the log."""

from uuid import UUID

from flask import Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from marketplace.core.clock import database_now, now
from marketplace.core.errors import Malformed
from marketplace.core.http import current_actor, idempotent, needs, page_form, signed_in
from marketplace.core.i18n import _, _l, pick
from marketplace.documents import data_rooms, files, room_access, room_reading
from marketplace.documents.blueprints import pages
from marketplace.documents.data_rooms import RoomLevel
from marketplace.documents.panels import as_copy, as_picture
from marketplace.documents.room_schemas import AccessForm, DocumentForm, PermissionIn
from marketplace.identity.organisations import names_of

LEVEL_WORDS = {
    RoomLevel.VIEW: _l("May view"),
    RoomLevel.DOWNLOAD: _l("May view and download"),
    RoomLevel.HIDDEN: _l("Hidden"),
}


@pages.get("/data-rooms/<uuid:room_id>")
@signed_in
def data_room(room_id: UUID) -> str:
    """The documents the reader may see; for the owner also who may enter and who read what."""
    actor, instant = current_actor(), database_now()
    room = room_access.enter_room(actor, room_id, instant)
    owns = actor.organisation_id == room.owner_id
    accesses = room_access.accesses_to(room.id) if owns else []
    readings = room_reading.readings_of(actor, room.id) if owns else []
    people = [room.owner_id, *(one.organisation_id for one in accesses), *(one.organisation_id for one, *_ in readings)]
    return render_template(
        "documents/data_room.html", room=room, title=pick(room.title), owns=owns, levels=LEVEL_WORDS, now=instant,
        documents=room_access.documents_for(actor, room, instant), accesses=accesses, readings=readings,
        names=names_of(people),
    )  # fmt: skip


@pages.get("/data-rooms/<uuid:room_id>/documents/<uuid:document_id>")
@signed_in
def room_document(room_id: UUID, document_id: UUID) -> str:
    """One document, page by page, each with the reader's mark."""
    instant = database_now()
    room, document, level = room_reading.readable_document(current_actor(), room_id, document_id, instant)
    page = min(max(request.args.get("page", 1, type=int), 1), document.pages)
    return render_template(
        "documents/room_document.html", room=room, document=document, page=page, level=level, title=pick(room.title)
    )


@pages.get("/data-rooms/<uuid:room_id>/documents/<uuid:document_id>/pages/<int:page>.png")
@signed_in
def room_page(room_id: UUID, document_id: UUID, page: int) -> Response:
    """One page as a marked picture."""
    return as_picture(room_reading.page_picture(current_actor(), room_id, document_id, page, database_now()))


@pages.get("/data-rooms/<uuid:room_id>/documents/<uuid:document_id>/copy.pdf")
@signed_in
def room_copy(room_id: UUID, document_id: UUID) -> Response:
    """The document as a marked PDF."""
    return as_copy(room_reading.marked_copy(current_actor(), room_id, document_id, database_now()))


@pages.post("/data-rooms/<uuid:room_id>/documents")
@needs("asset.manage")
@idempotent
def add_room_document(room_id: UUID) -> Answer:
    """Put a document into one's own room."""
    actor, level, sent = current_actor(), RoomLevel(page_form(DocumentForm)["level"]), request.files.get("file")
    data_rooms.own_room(actor, room_id)
    if sent is None or not sent.filename:
        raise Malformed("file", _l("Choose a file."))
    file = files.store_file(actor, sent.read(), sent.filename, "data_room", now())
    data_rooms.add_document(actor, room_id, file.id, level, now())
    return _back(room_id, _("The document is in the data room."))


@pages.post("/data-rooms/<uuid:room_id>/documents/<uuid:document_id>/removal")
@needs("asset.manage")
@idempotent
def remove_room_document(room_id: UUID, document_id: UUID) -> Answer:
    """Take a document out of one's own room."""
    data_rooms.remove_document(current_actor(), room_id, document_id, now())
    return _back(room_id, _("The document is taken out; nobody can open it any more."))


@pages.post("/data-rooms/<uuid:room_id>/documents/<uuid:document_id>/permission")
@needs("asset.manage")
@idempotent
def set_room_permission(room_id: UUID, document_id: UUID) -> Answer:
    """What every reader, or one organisation, may do with a document."""
    actor, given = current_actor(), page_form(PermissionIn)
    level, organisation_id = RoomLevel(given["level"]), given["organisation_id"]
    if organisation_id is None:
        data_rooms.set_level(actor, room_id, document_id, level, now())
    else:
        data_rooms.set_permission(actor, room_id, document_id, organisation_id, level, given["expires_at"], now())
    return _back(room_id, _("The permission is set."))


@pages.post("/data-rooms/<uuid:room_id>/accesses/<uuid:organisation_id>")
@needs("asset.manage")
@idempotent
def change_room_access(room_id: UUID, organisation_id: UUID) -> Answer:
    """Close the room to an organisation, or open it again."""
    open_ = page_form(AccessForm)["open"] == "yes"
    room_access.change_access(current_actor(), room_id, organisation_id, now(), open_=open_)
    return _back(room_id, _("The room is open to them.") if open_ else _("The room is closed to them."))


def _back(room_id: UUID, message: str) -> Answer:
    flash(message, "good")
    return redirect(url_for("documents.data_room", room_id=room_id), code=303)
