"""The JSON API of data rooms."""

from typing import Any
from uuid import UUID

from flask import Response

from marketplace.core.clock import database_now, now
from marketplace.core.http import current_actor, idempotent, needs, signed_in
from marketplace.documents import data_rooms, files, room_access, room_reading, room_schemas
from marketplace.documents.blueprints import api
from marketplace.documents.data_rooms import RoomLevel
from marketplace.documents.panels import as_copy, as_picture


@api.get("/data-rooms/<uuid:room_id>")
@signed_in
@api.output(room_schemas.RoomOut)
def show_room(room_id: UUID) -> Any:
    """The room with the documents its reader may see."""
    return _shown(room_id)


@api.post("/data-rooms/<uuid:room_id>/documents")
@needs("asset.manage")
@idempotent
@api.input(room_schemas.DocumentIn, location="form_and_files", arg_name="given")
@api.output(room_schemas.DocumentOut, status_code=201)
def add_document(room_id: UUID, given: dict[str, Any]) -> Any:
    """Put a document into one's own room."""
    actor, sent = current_actor(), given["file"]
    data_rooms.own_room(actor, room_id)
    file = files.store_file(actor, sent.read(), sent.filename or "file", "data_room", now())
    return data_rooms.add_document(actor, room_id, file.id, RoomLevel(given["level"]), now())


@api.delete("/data-rooms/<uuid:room_id>/documents/<uuid:document_id>")
@needs("asset.manage")
@api.output({}, status_code=204)
def remove_document(room_id: UUID, document_id: UUID) -> Any:
    """Take a document out of one's own room."""
    data_rooms.remove_document(current_actor(), room_id, document_id, now())
    return ""


@api.put("/data-rooms/<uuid:room_id>/documents/<uuid:document_id>/permission")
@needs("asset.manage")
@api.input(room_schemas.PermissionIn, arg_name="given")
@api.output(room_schemas.RoomOut)
def set_permission(room_id: UUID, document_id: UUID, given: dict[str, Any]) -> Any:
    """What one organisation, or every reader, may do with a document."""
    actor, level, organisation_id = current_actor(), RoomLevel(given["level"]), given["organisation_id"]
    if organisation_id is None:
        data_rooms.set_level(actor, room_id, document_id, level, now())
    else:
        data_rooms.set_permission(actor, room_id, document_id, organisation_id, level, given["expires_at"], now())
    return _shown(room_id)


@api.get("/data-rooms/<uuid:room_id>/documents/<uuid:document_id>/content")
@signed_in
def download_copy(room_id: UUID, document_id: UUID) -> Response:
    """The document as a PDF that carries its reader's mark."""
    return as_copy(room_reading.marked_copy(current_actor(), room_id, document_id, database_now()))


@api.get("/data-rooms/<uuid:room_id>/documents/<uuid:document_id>/pages/<int:page>")
@signed_in
def show_page(room_id: UUID, document_id: UUID, page: int) -> Response:
    """One page as a picture that carries its reader's mark."""
    return as_picture(room_reading.page_picture(current_actor(), room_id, document_id, page, database_now()))


@api.put("/data-rooms/<uuid:room_id>/accesses/<uuid:organisation_id>")
@needs("asset.manage")
@api.input(room_schemas.AccessIn, arg_name="given")
@api.output(room_schemas.AccessOut)
def change_access(room_id: UUID, organisation_id: UUID, given: dict[str, Any]) -> Any:
    """Open the room to an organisation that signed, close it, or limit it in time."""
    actor, expires_at = current_actor(), given["expires_at"]
    return room_access.change_access(actor, room_id, organisation_id, now(), open_=given["open"], expires_at=expires_at)


@api.get("/data-rooms/<uuid:room_id>/readings")
@needs("asset.manage")
@api.output(room_schemas.ReadingsOut)
def list_readings(room_id: UUID) -> Any:
    """Who read what, newest first."""
    return {"items": [reading for reading, _name, _person in room_reading.readings_of(current_actor(), room_id)]}


def _shown(room_id: UUID) -> dict[str, Any]:
    actor, instant = current_actor(), database_now()
    room = room_access.enter_room(actor, room_id, instant)
    documents = [
        {"id": document.id, "name": document.name, "pages": document.pages, "level": level.value}
        for document, level in room_access.documents_for(actor, room, instant)
    ]
    return {"id": room.id, "subject_id": room.subject_id, "owner_id": room.owner_id, "documents": documents}
