"""Signature envelopes: one file, its signatories in order, and the evidence of each act."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import Model, find, session
from marketplace.core.errors import NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.documents.files import StoredFile, find_file, read_file, show_file, store_own_pdf
from marketplace.documents.seal import seal_pdf
from marketplace.documents.signing_evidence import SigningAct, certificate_pdf
from marketplace.identity.organisations import find_organisation
from marketplace.identity.sign_in import require_fresh
from marketplace.identity.verification import require_approved

SIGNING_TERM = timedelta(days=7)


class NotYourTurn(Refused):
    """Somebody else signs first."""

    message = _l("It is not your turn: another signatory comes first.")


class AlreadySigned(Refused):
    """This organisation has signed already."""

    message = _l("Your organisation has signed this already.")


class EnvelopeOver(Refused):
    """The time to sign has passed, or the envelope was closed."""

    message = _l("This can no longer be signed.")


class EnvelopeStatus(StrEnum):
    """How far the signing has come."""

    OPEN = "open"
    COMPLETED = "completed"
    DECLINED = "declined"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


E = EnvelopeStatus
ENVELOPE_LIFECYCLE = Lifecycle(
    "envelope",
    {
        E.OPEN: {E.COMPLETED, E.DECLINED, E.EXPIRED, E.CANCELLED},
        E.COMPLETED: set(),
        E.DECLINED: set(),
        E.EXPIRED: set(),
        E.CANCELLED: set(),
    },
)


@dataclass(frozen=True)
class ClientTrace:
    """From which network address and program somebody signed."""

    address: str | None = None
    program: str | None = None


class Signatory(Model):
    """One organisation's place in an envelope and what it did there."""

    __tablename__ = "signatories"
    __table_args__ = (
        UniqueConstraint("envelope_id", "position"),
        UniqueConstraint("envelope_id", "organisation_id"),
        CheckConstraint("(signed_at IS NULL) = (hash_after IS NULL)", name="signed_with_hash"),
        CheckConstraint("signed_at IS NULL OR declined_at IS NULL", name="signed_or_declined"),
    )

    envelope_id: Mapped[UUID] = mapped_column(ForeignKey("envelopes.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    position: Mapped[int]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    signed_at: Mapped[datetime | None]
    declined_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(String(1000))
    address: Mapped[str | None] = mapped_column(String(80))
    program: Mapped[str | None] = mapped_column(String(300))
    hash_before: Mapped[str | None] = mapped_column(String(64))
    hash_after: Mapped[str | None] = mapped_column(String(64))
    receipt_event_id: Mapped[UUID | None]


class Envelope(Model):
    """One file to be signed by several organisations in order."""

    __tablename__ = "envelopes"

    file_id: Mapped[UUID] = mapped_column(ForeignKey("files.id"))
    status: Mapped[EnvelopeStatus] = mapped_column(default=EnvelopeStatus.OPEN)
    opened_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    closed_at: Mapped[datetime | None]
    sealed_file_id: Mapped[UUID | None] = mapped_column(ForeignKey("files.id"))
    certificate_file_id: Mapped[UUID | None] = mapped_column(ForeignKey("files.id"))
    stamped_file_id: Mapped[UUID | None] = mapped_column(ForeignKey("files.id"))
    link: Mapped[str | None] = mapped_column(String(200))
    signatories: Mapped[list[Signatory]] = relationship(order_by=Signatory.position, lazy="selectin")

    @property
    def next_signatory(self) -> Signatory | None:
        """Whose turn it is."""
        return next((one for one in self.signatories if one.signed_at is None), None)

    def place_of(self, organisation_id: UUID | None) -> Signatory | None:
        """The organisation's place, if it is a signatory."""
        return next((one for one in self.signatories if one.organisation_id == organisation_id), None)

    def take_turn(self, organisation_id: UUID | None, now: datetime) -> Signatory:
        """The organisation's place if it may act now; otherwise the refusal says why."""
        place = self.place_of(organisation_id)
        if place is None:
            raise NotFound()
        require(place.signed_at is None, AlreadySigned())
        require(self.status is EnvelopeStatus.OPEN and now < self.expires_at, EnvelopeOver())
        require(place is self.next_signatory, NotYourTurn())
        return place


@dataclass(frozen=True)
class EnvelopeOpened(Fact):
    """A file was laid out for signing."""

    envelope_id: UUID


@dataclass(frozen=True)
class DocumentSigned(Fact):
    """One signatory signed."""

    envelope_id: UUID
    organisation_id: UUID
    hash_before: str
    hash_after: str


@dataclass(frozen=True)
class EnvelopeCompleted(Fact):
    """Everybody signed and the file is sealed."""

    envelope_id: UUID


@dataclass(frozen=True)
class EnvelopeDeclined(Fact):
    """A signatory declined."""

    envelope_id: UUID
    organisation_id: UUID


@dataclass(frozen=True)
class EnvelopeExpired(Fact):
    """Not everybody signed in time."""

    envelope_id: UUID


@dataclass(frozen=True)
class EnvelopeCancelled(Fact):
    """The reason for signing fell away."""

    envelope_id: UUID


def open_envelope(
    actor: Actor,
    file_id: UUID,
    signer_organisation_ids: Sequence[UUID],
    now: datetime,
    expires_at: datetime | None = None,
    link: str | None = None,
) -> Envelope:
    """Lay a PDF out for signing by these organisations, in this order; ``link`` is the page it belongs to."""
    find_file(actor, file_id, now)
    envelope = Envelope(file_id=file_id, opened_at=now, expires_at=expires_at or now + SIGNING_TERM, link=link)
    envelope.signatories = [
        Signatory(organisation_id=organisation_id, position=position)
        for position, organisation_id in enumerate(signer_organisation_ids, start=1)
    ]
    session.add(envelope)
    session.flush()
    for organisation_id in signer_organisation_ids:
        show_file(SYSTEM, file_id, organisation_id, now)
    announce(actor, now, EnvelopeOpened(envelope.id))
    return envelope


def find_envelope(actor: Actor, envelope_id: UUID, lock: bool = False) -> Envelope:
    """The envelope, for its signatories and the platform."""
    envelope = find(Envelope, envelope_id, lock=lock)
    platform = actor.may("system") or actor.may("platform.operate")
    require(platform or envelope.place_of(actor.organisation_id) is not None, NotFound())
    return envelope


def sign(actor: Actor, envelope_id: UUID, now: datetime, trace: ClientTrace | None = None) -> Envelope:
    """Sign in turn, freshly authenticated; the last signature seals the file."""
    envelope = find_envelope(actor, envelope_id, lock=True)
    require(actor.may("deal.sign"))
    require_approved(actor)
    require_fresh(actor, now)
    place = envelope.take_turn(actor.organisation_id, now)
    before = _chain_end(envelope, place)
    after = _take_signature(place, actor, trace or ClientTrace(), before, now)
    event = announce(actor, now, DocumentSigned(envelope.id, place.organisation_id, before, after))
    place.receipt_event_id = getattr(event, "id", None)
    if envelope.next_signatory is None:
        _complete(actor, envelope, now)
    return envelope


def decline(actor: Actor, envelope_id: UUID, reason: str, now: datetime) -> Envelope:
    """Refuse to sign, with the reason; nobody can sign afterwards."""
    envelope = find_envelope(actor, envelope_id, lock=True)
    require(actor.may("deal.sign"))
    place = envelope.take_turn(actor.organisation_id, now)
    place.person_id, place.declined_at, place.reason = actor.person_id, now, reason
    _close(envelope, EnvelopeStatus.DECLINED, now)
    announce(actor, now, EnvelopeDeclined(envelope.id, place.organisation_id))
    return envelope


def cancel_envelope(actor: Actor, envelope_id: UUID, now: datetime) -> None:
    """Withdraw an open envelope whose reason fell away; a closed one is left as it is."""
    envelope = find_envelope(actor, envelope_id, lock=True)
    if envelope.status is EnvelopeStatus.OPEN:
        _close(envelope, EnvelopeStatus.CANCELLED, now)
        announce(actor, now, EnvelopeCancelled(envelope.id))


def expire_envelopes(now: datetime) -> int:
    """Close every envelope whose time has passed; returns how many."""
    overdue = list(
        session.execute(
            select(Envelope)
            .where(Envelope.status == EnvelopeStatus.OPEN, Envelope.expires_at <= now)
            .with_for_update(skip_locked=True)
        ).scalars()
    )
    for envelope in overdue:
        _close(envelope, EnvelopeStatus.EXPIRED, now)
        announce(SYSTEM, now, EnvelopeExpired(envelope.id))
    return len(overdue)


def envelopes_waiting_for(organisation_id: UUID) -> list[Envelope]:
    """The open envelopes in which it is this organisation's turn."""
    query = (
        select(Envelope)
        .join(Signatory, Signatory.envelope_id == Envelope.id)
        .where(
            Envelope.status == EnvelopeStatus.OPEN,
            Signatory.organisation_id == organisation_id,
            Signatory.signed_at.is_(None),
        )
        .order_by(Envelope.id)
    )
    found = session.execute(query).scalars()
    return [one for one in found if one.next_signatory and one.next_signatory.organisation_id == organisation_id]


def _close(envelope: Envelope, status: EnvelopeStatus, now: datetime) -> None:
    envelope.status = ENVELOPE_LIFECYCLE.check(envelope.status, status)
    envelope.closed_at = now
    session.flush()


def _chain_end(envelope: Envelope, place: Signatory) -> str:
    earlier = [one.hash_after for one in envelope.signatories if one is not place and one.hash_after]
    return earlier[-1] if earlier else find(StoredFile, envelope.file_id).sha256


def _take_signature(place: Signatory, actor: Actor, trace: ClientTrace, before: str, now: datetime) -> str:
    """Write the signature down; its hash covers who, when, from where and the hash before it."""
    place.person_id, place.signed_at, place.hash_before = actor.person_id, now, before
    place.address, place.program = trace.address, (trace.program or "")[:300] or None
    act = {
        "before": before, "position": place.position, "organisation": str(place.organisation_id),
        "person": str(place.person_id), "at": now.isoformat(), "address": place.address, "program": place.program,
    }  # fmt: skip
    place.hash_after = hashlib.sha256(json.dumps(act, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    session.flush()
    return place.hash_after


def _complete(actor: Actor, envelope: Envelope, now: datetime) -> None:
    original = find(StoredFile, envelope.file_id)
    content, owner = (
        seal_pdf(read_file(SYSTEM, original.id, now), "Signed by all parties"),
        original.owner_organisation_id,
    )
    sealed = store_own_pdf(content, f"signed-{original.name}", "signed_contract", now, owner)
    acts = [_act_of(place) for place in envelope.signatories]
    proof = certificate_pdf(envelope.id, original, sealed, acts, now)
    certificate = store_own_pdf(proof, "signing-evidence.pdf", "signing_evidence", now, owner)
    for place in envelope.signatories:
        show_file(SYSTEM, sealed.id, place.organisation_id, now)
        show_file(SYSTEM, certificate.id, place.organisation_id, now)
    envelope.sealed_file_id, envelope.certificate_file_id = sealed.id, certificate.id
    _close(envelope, EnvelopeStatus.COMPLETED, now)
    announce(actor, now, EnvelopeCompleted(envelope.id))


def _act_of(place: Signatory) -> SigningAct:
    assert place.signed_at is not None and place.hash_after is not None
    organisation = find_organisation(place.organisation_id)
    return SigningAct(organisation, place.signed_at, place.address, place.program, place.hash_after)
