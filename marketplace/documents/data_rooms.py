"""Data rooms: the documents an owner shows to those who promised confidence, each with its own permission."""

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, session
from marketplace.core.errors import NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.documents import watermark
from marketplace.documents.content_check import FileRefused
from marketplace.documents.files import StoredFile, find_file, read_file
from marketplace.identity.verification import require_approved

MOST_DOCUMENTS = 200


class RoomFull(Refused):
    """A data room holds a limited number of documents."""

    message = _l("A data room holds at most %(most)s documents.")


class DocumentThere(Refused):
    """The same file is in the room already."""

    message = _l("This file is in the data room already.")


class RoomLevel(StrEnum):
    """What a reader may do with one document."""

    HIDDEN = "hidden"
    VIEW = "view"
    DOWNLOAD = "download"


class DataRoom(Model):
    """The room of one subject (a listing): whose it is and the page it belongs to."""

    __tablename__ = "data_rooms"

    subject_id: Mapped[UUID] = mapped_column(unique=True)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    title: Mapped[dict[str, str]]
    link: Mapped[str] = mapped_column(String(200))
    opened_at: Mapped[datetime]


class RoomDocument(Model):
    """One file in a room, with what every admitted reader may do with it."""

    __tablename__ = "data_room_documents"
    __table_args__ = (
        Index(
            "uq_data_room_documents_file",
            "room_id",
            "file_id",
            unique=True,
            postgresql_where=text("removed_at IS NULL"),
        ),
        CheckConstraint("pages BETWEEN 1 AND 300", name="pages_counted"),
    )

    room_id: Mapped[UUID] = mapped_column(ForeignKey("data_rooms.id"), index=True)
    file_id: Mapped[UUID] = mapped_column(ForeignKey("files.id"))
    name: Mapped[str] = mapped_column(String(200))
    pages: Mapped[int]
    level: Mapped[RoomLevel] = mapped_column(default=RoomLevel.VIEW)
    added_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class DocumentPermission(Model):
    """What one organisation may do with one document, when it differs from the rest, and until when."""

    __tablename__ = "data_room_permissions"
    __table_args__ = (UniqueConstraint("document_id", "organisation_id"),)

    document_id: Mapped[UUID] = mapped_column(ForeignKey("data_room_documents.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    level: Mapped[RoomLevel]
    expires_at: Mapped[datetime | None]

    def level_at(self, now: datetime) -> RoomLevel:
        """The level while the permission lasts; an expired one hides the document."""
        return self.level if self.expires_at is None or now < self.expires_at else RoomLevel.HIDDEN


@dataclass(frozen=True)
class DataRoomOpened(Fact):
    """A data room was opened for a subject."""

    room_id: UUID
    about_id: UUID


@dataclass(frozen=True)
class RoomDocumentAdded(Fact):
    """A document was put into a data room."""

    room_id: UUID
    document_id: UUID
    sha256: str


@dataclass(frozen=True)
class RoomDocumentRemoved(Fact):
    """A document was taken out of a data room."""

    room_id: UUID
    document_id: UUID


@dataclass(frozen=True)
class RoomPermissionSet(Fact):
    """What readers, or one organisation, may do with a document was decided."""

    room_id: UUID
    document_id: UUID
    organisation_id: UUID | None
    level: str


def open_room(
    actor: Actor, subject_id: UUID, owner_id: UUID, title: dict[str, str], link: str, now: datetime
) -> DataRoom:
    """The room of a subject, opened by its owner; a second time the same room."""
    require(actor.organisation_id == owner_id and actor.may("asset.manage"))
    require_approved(actor)
    there = room_of(subject_id)
    if there is not None:
        return there
    room = DataRoom(subject_id=subject_id, owner_id=owner_id, title=title, link=link, opened_at=now)
    session.add(room)
    session.flush()
    announce(actor, now, DataRoomOpened(room.id, subject_id))
    return room


def room_of(subject_id: UUID) -> DataRoom | None:
    """The room of a subject, if one was opened."""
    found: DataRoom | None = session.execute(
        select(DataRoom).where(DataRoom.subject_id == subject_id)
    ).scalar_one_or_none()
    return found


def own_room(actor: Actor, room_id: UUID, lock: bool = False) -> DataRoom:
    """The room, for those who manage it; for everybody else there is none."""
    room = find(DataRoom, room_id, lock=lock)
    require(actor.organisation_id == room.owner_id and actor.may("asset.manage"), NotFound())
    return room


def add_document(actor: Actor, room_id: UUID, file_id: UUID, level: RoomLevel, now: datetime) -> RoomDocument:
    """Put one of the owner's stored files into the room, once it is proven to be readable page by page."""
    room = own_room(actor, room_id, lock=True)
    file = find_file(actor, file_id, now)
    require(file.owner_organisation_id == room.owner_id, NotFound())
    there = documents_in(room.id)
    require(len(there) < MOST_DOCUMENTS, RoomFull(most=MOST_DOCUMENTS))
    require(all(document.file_id != file.id for document in there), DocumentThere())
    document = RoomDocument(
        room_id=room.id, file_id=file.id, name=file.name, pages=_pages_of(actor, file), level=level, added_at=now
    )
    session.add(document)
    session.flush()
    announce(actor, now, RoomDocumentAdded(room.id, document.id, file.sha256))
    return document


def remove_document(actor: Actor, room_id: UUID, document_id: UUID, now: datetime) -> None:
    """Take a document out; the next request of a reader finds nothing."""
    room, document = _own_document(actor, room_id, document_id)
    document.removed_at = now
    announce(actor, now, RoomDocumentRemoved(room.id, document.id))


def set_level(actor: Actor, room_id: UUID, document_id: UUID, level: RoomLevel, now: datetime) -> None:
    """What every admitted reader may do with the document, unless decided otherwise for one."""
    room, document = _own_document(actor, room_id, document_id)
    before, document.level = document.level, level
    fact = RoomPermissionSet(room.id, document.id, None, level.value)
    announce(actor, now, fact, before={"level": before}, after={"level": level})


def set_permission(
    actor: Actor,
    room_id: UUID,
    document_id: UUID,
    organisation_id: UUID,
    level: RoomLevel,
    expires_at: datetime | None,
    now: datetime,
) -> None:
    """What one organisation may do with the document, and until when."""
    room, document = _own_document(actor, room_id, document_id)
    own = permission_of(document.id, organisation_id)
    if own is None:
        own = DocumentPermission(document_id=document.id, organisation_id=organisation_id)
        session.add(own)
    own.level, own.expires_at = level, expires_at
    session.flush()
    announce(actor, now, RoomPermissionSet(room.id, document.id, organisation_id, level.value))


def documents_in(room_id: UUID) -> list[RoomDocument]:
    """The documents that are in the room now, oldest first."""
    query = select(RoomDocument).where(RoomDocument.room_id == room_id, RoomDocument.removed_at.is_(None))
    return list(session.execute(query.order_by(RoomDocument.id)).scalars())


def permission_of(document_id: UUID, organisation_id: UUID) -> DocumentPermission | None:
    """What was decided for one organisation alone."""
    found: DocumentPermission | None = session.execute(
        select(DocumentPermission).where(
            DocumentPermission.document_id == document_id, DocumentPermission.organisation_id == organisation_id
        )
    ).scalar_one_or_none()
    return found


def _own_document(actor: Actor, room_id: UUID, document_id: UUID) -> tuple[DataRoom, RoomDocument]:
    room = own_room(actor, room_id, lock=True)
    document = next((one for one in documents_in(room.id) if one.id == document_id), None)
    if document is None:
        raise NotFound()
    return room, document


def _pages_of(actor: Actor, file: StoredFile) -> int:
    """How many pages the file has, tried in a process of its own; what cannot carry a mark is refused."""
    ending = watermark.FORMATS.get(file.media_type)
    if ending is None:
        raise FileRefused(_l("A data room takes PDF, PNG and JPEG: every copy carries its reader's name."))
    with tempfile.NamedTemporaryFile(suffix=f".{ending}") as trial:
        trial.write(read_file(actor, file.id))
        trial.flush()
        tried = subprocess.run(
            [sys.executable, "-I", str(Path(watermark.__file__)), trial.name],
            capture_output=True, text=True, check=False, timeout=3 * watermark.TRIAL_SECONDS,
        )  # fmt: skip
    if tried.returncode:
        raise FileRefused(_l("This file cannot be read page by page: it is damaged, encrypted or too long."))
    return int(tried.stdout)
