"""Reading in a data room: every page and copy carries its reader's mark and is written into the owner's log."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, new_id, session
from marketplace.core.errors import NotFound, require
from marketplace.core.events import Fact, announce
from marketplace.documents import watermark
from marketplace.documents.content_store import content_store
from marketplace.documents.data_rooms import DataRoom, RoomDocument, RoomLevel, documents_in, own_room
from marketplace.documents.files import StoredFile
from marketplace.documents.room_access import enter_room, level_for
from marketplace.identity.organisations import find_organisation
from marketplace.identity.people import Person


class ReadingAct(StrEnum):
    """How a document was read."""

    VIEWED = "viewed"
    DOWNLOADED = "downloaded"


class RoomReading(Model):
    """One page or copy somebody was given; the row is never changed."""

    __tablename__ = "data_room_readings"
    __table_args__ = (CheckConstraint("(act = 'viewed') = (page IS NOT NULL)", name="a_view_is_of_a_page"),)

    document_id: Mapped[UUID] = mapped_column(ForeignKey("data_room_documents.id"), index=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    act: Mapped[ReadingAct]
    page: Mapped[int | None]
    mark: Mapped[str] = mapped_column(String(400))
    read_at: Mapped[datetime]


@dataclass(frozen=True)
class RoomDocumentDownloaded(Fact):
    """A marked copy left the room."""

    document_id: UUID
    organisation_id: UUID
    mark: str


@dataclass(frozen=True)
class Copy:
    """What a reader is given."""

    name: str
    content: bytes


def page_picture(actor: Actor, room_id: UUID, document_id: UUID, page: int, now: datetime) -> bytes:
    """One page as a marked picture, for readers who may view."""
    room, document, _level = readable_document(actor, room_id, document_id, now)
    require(1 <= page <= document.pages, NotFound())
    mark = _log(actor, room, document, ReadingAct.VIEWED, page, now)
    file = _file(document)
    return watermark.marked_picture(content_store().get(file.sha256), file.media_type, page, mark)


def marked_copy(actor: Actor, room_id: UUID, document_id: UUID, now: datetime) -> Copy:
    """The whole document as a marked PDF, for readers who may download."""
    room, document, level = readable_document(actor, room_id, document_id, now)
    require(level is RoomLevel.DOWNLOAD, NotFound())
    mark = _log(actor, room, document, ReadingAct.DOWNLOADED, None, now)
    file = _file(document)
    content = watermark.marked_copy(content_store().get(file.sha256), file.media_type, document.pages, mark)
    announce(actor, now, RoomDocumentDownloaded(document.id, _reader(actor), mark))
    return Copy(document.name.rsplit(".", 1)[0] + ".pdf", content)


def readable_document(
    actor: Actor, room_id: UUID, document_id: UUID, now: datetime
) -> tuple[DataRoom, RoomDocument, RoomLevel]:
    """A document of a room this reader may see; anything else does not exist for them."""
    room = enter_room(actor, room_id, now)
    document = next((one for one in documents_in(room.id) if one.id == document_id), None)
    if document is None:
        raise NotFound()
    level = level_for(actor, room, document, now)
    require(level is not RoomLevel.HIDDEN, NotFound())
    return room, document, level


def readings_of(actor: Actor, room_id: UUID, limit: int = 500) -> list[tuple[RoomReading, str, str]]:
    """The newest readings of a room with the document's and the reader's name, for its owner."""
    room = own_room(actor, room_id)
    query = (
        select(RoomReading, RoomDocument.name, Person.name)
        .join(RoomDocument, RoomDocument.id == RoomReading.document_id)
        .outerjoin(Person, Person.id == RoomReading.person_id)
        .where(RoomDocument.room_id == room.id)
        .order_by(RoomReading.id.desc())
        .limit(limit)
    )
    return [(reading, name, person or "") for reading, name, person in session.execute(query)]


def _log(actor: Actor, room: DataRoom, document: RoomDocument, act: ReadingAct, page: int | None, now: datetime) -> str:
    """Write the reading down and answer the mark its copy carries; the owner's own reading is not logged."""
    identity = new_id()
    mark = _mark(actor, identity, now)
    if actor.organisation_id != room.owner_id:
        session.add(
            RoomReading(
                id=identity, document_id=document.id, organisation_id=_reader(actor), person_id=actor.person_id,
                act=act, page=page, mark=mark, read_at=now,
            )
        )  # fmt: skip
        session.flush()
    return mark


def _mark(actor: Actor, identity: UUID, now: datetime) -> str:
    """Who reads, for whom, when, and the short number under which the log knows this copy."""
    person = session.get(Person, actor.person_id) if actor.person_id else None
    organisation = find_organisation(_reader(actor))
    names = [organisation.name_zh or organisation.name_en, person.name or person.email if person else ""]
    parts = [*filter(None, names), f"{now:%Y-%m-%d %H:%M} UTC", identity.hex[-8:].upper()]
    return " · ".join(parts)[:400]


def _reader(actor: Actor) -> UUID:
    require(actor.organisation_id is not None, NotFound())
    assert actor.organisation_id is not None
    return actor.organisation_id


def _file(document: RoomDocument) -> StoredFile:
    file = session.get(StoredFile, document.file_id)
    assert file is not None
    return file
