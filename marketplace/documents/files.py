"""Files: each content stored once under its SHA-256, never overwritten, seen only by its owner and whom it is shown to."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.clock import database_now
from marketplace.core.db import Model, find, new_id, session
from marketplace.core.errors import NotFound, require
from marketplace.core.events import Fact, announce
from marketplace.documents.content_check import PDF, check_content, clean_name
from marketplace.documents.content_store import content_store


class FileContent(Model):
    """Bytes that were stored, by hash; the row is never changed."""

    __tablename__ = "file_contents"
    __table_args__ = (
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256_form"),
        CheckConstraint("size >= 0", name="size_not_negative"),
    )

    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    size: Mapped[int]
    media_type: Mapped[str] = mapped_column(String(120))


class StoredFile(Model):
    """One upload: a name, a purpose and an owner for some stored content; the row is never changed."""

    __tablename__ = "files"

    sha256: Mapped[str] = mapped_column(ForeignKey("file_contents.sha256"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(120))
    size: Mapped[int]
    purpose: Mapped[str] = mapped_column(String(60))
    owner_organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    stored_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    stored_at: Mapped[datetime]


class FileGrant(Model):
    """An organisation that may read a file of somebody else, until it expires or is revoked."""

    __tablename__ = "file_grants"
    __table_args__ = (UniqueConstraint("file_id", "organisation_id"),)

    file_id: Mapped[UUID] = mapped_column(ForeignKey("files.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    granted_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    def allows(self, now: datetime) -> bool:
        """Whether the grant still opens the file."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True)
class FileStored(Fact):
    """A file was stored."""

    file_id: UUID
    sha256: str


@dataclass(frozen=True)
class FileShown(Fact):
    """Another organisation may now read a file."""

    file_id: UUID
    organisation_id: UUID


@dataclass(frozen=True)
class FileHidden(Fact):
    """An organisation may no longer read a file."""

    file_id: UUID
    organisation_id: UUID


def store_file(
    actor: Actor, content: bytes, name: str, purpose: str, now: datetime, owner_organisation_id: UUID | None = None
) -> StoredFile:
    """Keep a file for its owner (the actor's organisation unless the platform stores it for somebody)."""
    own = actor.organisation_id
    owner = owner_organisation_id or own
    require(owner == own or _is_platform(actor))
    shown_name = clean_name(name)
    return _keep(actor, content, shown_name, check_content(content, shown_name), purpose, now, owner)


def store_own_pdf(
    content: bytes, name: str, purpose: str, now: datetime, owner_organisation_id: UUID | None
) -> StoredFile:
    """Keep a PDF that the marketplace typeset, sealed or stamped itself; it is not examined like a stranger's."""
    return _keep(SYSTEM, content, clean_name(name), PDF, purpose, now, owner_organisation_id)


def _keep(
    actor: Actor, content: bytes, name: str, media_type: str, purpose: str, now: datetime, owner: UUID | None
) -> StoredFile:
    sha256 = hashlib.sha256(content).hexdigest()
    content_store().put(sha256, content)
    session.execute(
        insert(FileContent)
        .values(id=new_id(), sha256=sha256, size=len(content), media_type=media_type)
        .on_conflict_do_nothing(index_elements=["sha256"])
    )
    file = StoredFile(
        sha256=sha256, name=name, media_type=media_type, size=len(content), purpose=purpose,
        owner_organisation_id=owner, stored_by=actor.person_id, stored_at=now,
    )  # fmt: skip
    session.add(file)
    session.flush()
    announce(actor, now, FileStored(file.id, sha256))
    return file


def find_file(actor: Actor, file_id: UUID, now: datetime | None = None) -> StoredFile:
    """The file's record, if the actor may see it; otherwise it does not exist for them."""
    file = find(StoredFile, file_id)
    require(may_see(actor, file, now), NotFound())
    return file


def read_file(actor: Actor, file_id: UUID, now: datetime | None = None) -> bytes:
    """The bytes of a file the actor may see."""
    return content_store().get(find_file(actor, file_id, now).sha256)


def may_see(actor: Actor, file: StoredFile, now: datetime | None = None) -> bool:
    """Owner, platform, or an organisation it is shown to."""
    if _is_platform(actor) or (actor.organisation_id and file.owner_organisation_id == actor.organisation_id):
        return True
    grant = session.execute(
        select(FileGrant).where(FileGrant.file_id == file.id, FileGrant.organisation_id == actor.organisation_id)
    ).scalar_one_or_none()
    return grant is not None and grant.allows(now or database_now())


def show_file(
    actor: Actor, file_id: UUID, organisation_id: UUID, now: datetime, expires_at: datetime | None = None
) -> None:
    """Let another organisation read the file; the owner or the platform decides."""
    file = find_file(actor, file_id, now)
    require(_is_platform(actor) or file.owner_organisation_id == actor.organisation_id)
    if organisation_id == file.owner_organisation_id:
        return
    values = {"granted_at": now, "expires_at": expires_at, "revoked_at": None}
    session.execute(
        insert(FileGrant)
        .values(id=new_id(), file_id=file_id, organisation_id=organisation_id, **values)
        .on_conflict_do_update(index_elements=["file_id", "organisation_id"], set_=values)
    )
    announce(actor, now, FileShown(file_id, organisation_id))


def hide_file(actor: Actor, file_id: UUID, organisation_id: UUID, now: datetime) -> None:
    """Take the permission back; the next request finds nothing."""
    file = find_file(actor, file_id, now)
    require(_is_platform(actor) or file.owner_organisation_id == actor.organisation_id)
    grant = session.execute(
        select(FileGrant)
        .where(FileGrant.file_id == file_id, FileGrant.organisation_id == organisation_id)
        .with_for_update()
    ).scalar_one_or_none()
    if grant is None:
        raise NotFound()
    grant.revoked_at = now
    announce(actor, now, FileHidden(file_id, organisation_id))


def files_seen_by(actor: Actor, purpose: str | None = None) -> list[StoredFile]:
    """The files the actor's organisation owns or is shown, newest first."""
    shown = select(FileGrant.file_id).where(
        FileGrant.organisation_id == actor.organisation_id, FileGrant.revoked_at.is_(None)
    )
    query = select(StoredFile).where(
        or_(StoredFile.owner_organisation_id == actor.organisation_id, StoredFile.id.in_(shown))
    )
    if purpose:
        query = query.where(StoredFile.purpose == purpose)
    return list(session.execute(query.order_by(StoredFile.id.desc()).limit(200)).scalars())


def _is_platform(actor: Actor) -> bool:
    return actor.may("system") or actor.may("platform.operate") or actor.may("platform.verify")
