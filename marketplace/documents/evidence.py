"""Evidence: which file proves what, attached once and for good."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, session
from marketplace.core.events import Fact, announce
from marketplace.documents.files import find_file


class Evidence(Model):
    """A file attached to the thing it proves; the row is never changed."""

    __tablename__ = "evidence"
    __table_args__ = (UniqueConstraint("file_id", "subject_id", "kind"),)

    file_id: Mapped[UUID] = mapped_column(ForeignKey("files.id"))
    subject_id: Mapped[UUID] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(String(60))
    attached_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    attached_at: Mapped[datetime]


@dataclass(frozen=True)
class EvidenceAttached(Fact):
    """A file was attached as proof of something."""

    proven_id: UUID
    file_id: UUID
    kind: str


def attach_evidence(actor: Actor, file_id: UUID, subject_id: UUID, kind: str, now: datetime) -> Evidence:
    """Attach a file the actor may see to the thing it proves."""
    find_file(actor, file_id, now)
    evidence = Evidence(file_id=file_id, subject_id=subject_id, kind=kind, attached_by=actor.person_id, attached_at=now)
    session.add(evidence)
    session.flush()
    announce(actor, now, EvidenceAttached(subject_id, file_id, kind))
    return evidence


def evidence_for(subject_id: UUID) -> list[Evidence]:
    """Everything attached to one thing, oldest first; the caller has checked that the reader may see the thing."""
    query = select(Evidence).where(Evidence.subject_id == subject_id).order_by(Evidence.id)
    return list(session.execute(query).scalars())
