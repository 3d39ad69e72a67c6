"""Verification of organisations: the unapproved may look, not act; the operator approves, returns or suspends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, session
from marketplace.core.errors import Malformed, NotAllowed, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.identity.organisations import (
    Organisation,
    OrganisationFixed,
    OrganisationStatus,
    own_organisation,
    refuse_verified_number,
)


class KycRequired(NotAllowed):
    """The acting organisation has not been verified."""

    message = _l("Your organisation must be verified before it can do this.")


class LicenceDocumentMissing(Refused):
    """A registration is examined only with its licence document."""

    message = _l("Add your business licence before you submit the registration.")


class OwnOrganisationRefused(NotAllowed):
    """Nobody verifies the organisation they are a member of."""

    message = _l("You cannot decide about your own organisation. Another verifier must do this.")


class LicenceKind(StrEnum):
    """What an uploaded document proves."""

    BUSINESS_LICENCE = "business_licence"
    FINANCIAL_LICENCE = "financial_licence"
    AUTHORISATION = "authorisation"
    OTHER = "other"


LICENCE_LABELS: dict[LicenceKind, Any] = {
    LicenceKind.BUSINESS_LICENCE: _l("Business licence"),
    LicenceKind.FINANCIAL_LICENCE: _l("Financial or appraisal licence"),
    LicenceKind.AUTHORISATION: _l("Letter of authorisation"),
    LicenceKind.OTHER: _l("Another document"),
}


STATUS_WORDS: dict[OrganisationStatus, tuple[Any, str]] = {
    OrganisationStatus.DRAFT: (_l("Draft"), "info"),
    OrganisationStatus.SUBMITTED: (_l("Being verified"), "wait"),
    OrganisationStatus.APPROVED: (_l("Verified"), "good"),
    OrganisationStatus.RETURNED: (_l("Returned for correction"), "stop"),
    OrganisationStatus.SUSPENDED: (_l("Suspended by the operator"), "stop"),
}
"""Each status in words, and the kind of sign it is shown with."""


class LicenceDocument(Model):
    """A document an organisation gave for its verification; the file itself is kept by the documents room."""

    __tablename__ = "licence_documents"
    __table_args__ = (UniqueConstraint("organisation_id", "file_id"),)

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    file_id: Mapped[UUID]
    file_name: Mapped[str] = mapped_column(String(300))
    kind: Mapped[LicenceKind]
    added_by_id: Mapped[UUID | None]
    added_at: Mapped[datetime]


@dataclass(frozen=True)
class LicenceDocumentAdded(Fact):
    """An organisation added a document for its verification."""

    organisation_id: UUID
    file_id: UUID
    kind: str


@dataclass(frozen=True)
class OrganisationSubmitted(Fact):
    """An organisation asks to be verified."""

    organisation_id: UUID


@dataclass(frozen=True)
class OrganisationApproved(Fact):
    """The operator verified the organisation: it may act."""

    organisation_id: UUID


@dataclass(frozen=True)
class OrganisationReturned(Fact):
    """The operator returned the registration for correction."""

    organisation_id: UUID
    reason: str


@dataclass(frozen=True)
class OrganisationSuspended(Fact):
    """The operator stopped a verified organisation from acting."""

    organisation_id: UUID
    reason: str


@dataclass(frozen=True)
class OrganisationReinstated(Fact):
    """The operator lifted a suspension."""

    organisation_id: UUID


def require_approved(actor: Actor) -> None:
    """Go on only when the acting organisation was approved by the operator."""
    require(actor.approved, KycRequired())


def add_licence_document(
    actor: Actor, file_id: UUID, file_name: str, kind: LicenceKind, now: datetime
) -> LicenceDocument:
    """Give a stored file as proof for one's own organisation's verification."""
    require(actor.may("org.manage"))
    organisation = own_organisation(actor, lock=True)
    require(organisation.status is not OrganisationStatus.SUBMITTED, OrganisationFixed())
    document = LicenceDocument(
        organisation_id=organisation.id,
        file_id=file_id,
        file_name=file_name[:300],
        kind=kind,
        added_by_id=actor.person_id,
        added_at=now,
    )
    session.add(document)
    session.flush()
    announce(actor, now, LicenceDocumentAdded(organisation.id, file_id, kind.value))
    return document


def submit_organisation(actor: Actor, now: datetime) -> Organisation:
    """Ask the operator to verify one's own organisation; its licence must be there."""
    require(actor.may("org.manage"))
    organisation = own_organisation(actor, lock=True)
    before = organisation.state()
    organisation.become(OrganisationStatus.SUBMITTED)
    require(bool(licence_documents_of(organisation.id)), LicenceDocumentMissing())
    require(organisation.credit_code is not None, Malformed("credit_code", _l("Enter the registration number.")))
    organisation.submitted_at, organisation.status_reason = now, None
    session.flush()
    announce(actor, now, OrganisationSubmitted(organisation.id), before=before, after=organisation.state())
    return organisation


def approve_organisation(actor: Actor, organisation_id: UUID, now: datetime) -> Organisation:
    """Verify an organisation: from now on its members may act; its number is now taken."""
    organisation, before = _for_decision(actor, organisation_id)
    require(organisation.status is not OrganisationStatus.SUSPENDED, OrganisationFixed())
    refuse_verified_number(organisation.identifier_kind, str(organisation.credit_code), organisation.id)
    organisation.become(OrganisationStatus.APPROVED)
    _decide(organisation, actor, None, now)
    announce(actor, now, OrganisationApproved(organisation.id), before=before, after=organisation.state())
    return organisation


def return_organisation(actor: Actor, organisation_id: UUID, reason: str, now: datetime) -> Organisation:
    """Send a registration back with the reason; the organisation corrects it and submits again."""
    organisation, before = _for_decision(actor, organisation_id)
    organisation.become(OrganisationStatus.RETURNED)
    _decide(organisation, actor, reason, now)
    announce(actor, now, OrganisationReturned(organisation.id, reason), before=before, after=organisation.state())
    return organisation


def suspend_organisation(actor: Actor, organisation_id: UUID, reason: str, now: datetime) -> Organisation:
    """Stop a verified organisation from acting, with the reason."""
    organisation, before = _for_decision(actor, organisation_id)
    organisation.become(OrganisationStatus.SUSPENDED)
    _decide(organisation, actor, reason, now)
    announce(actor, now, OrganisationSuspended(organisation.id, reason), before=before, after=organisation.state())
    return organisation


def reinstate_organisation(actor: Actor, organisation_id: UUID, now: datetime) -> Organisation:
    """Let a suspended organisation act again."""
    organisation, before = _for_decision(actor, organisation_id)
    require(organisation.status is OrganisationStatus.SUSPENDED, OrganisationFixed())
    organisation.become(OrganisationStatus.APPROVED)
    _decide(organisation, actor, None, now)
    announce(actor, now, OrganisationReinstated(organisation.id), before=before, after=organisation.state())
    return organisation


def _for_decision(actor: Actor, organisation_id: UUID) -> tuple[Organisation, dict[str, Any]]:
    require(actor.may("platform.verify"))
    require(actor.organisation_id != organisation_id, OwnOrganisationRefused())
    organisation = find(Organisation, organisation_id, lock=True)
    return organisation, organisation.state()


def _decide(organisation: Organisation, actor: Actor, reason: str | None, now: datetime) -> None:
    organisation.decided_at, organisation.decided_by_id, organisation.status_reason = now, actor.person_id, reason
    session.flush()


def licence_documents_of(organisation_id: UUID) -> Sequence[LicenceDocument]:
    """The documents given for an organisation's verification, oldest first."""
    query = select(LicenceDocument).where(LicenceDocument.organisation_id == organisation_id)
    found: Sequence[LicenceDocument] = session.scalars(query.order_by(LicenceDocument.id)).all()
    return found


def may_read_licence_document(actor: Actor, file_id: UUID) -> bool:
    """Verifiers read every licence document, members those of their own organisation."""
    query = select(LicenceDocument).where(LicenceDocument.file_id == file_id)
    documents: Sequence[LicenceDocument] = session.scalars(query).all()
    if not documents:
        return False
    return actor.may("platform.verify") or any(found.organisation_id == actor.organisation_id for found in documents)


def organisations_with_status(actor: Actor, status: OrganisationStatus) -> Sequence[Organisation]:
    """The operator's queue: organisations of one status, the longest waiting first."""
    require(actor.may("platform.verify"))
    query = select(Organisation).where(Organisation.status == status)
    found: Sequence[Organisation] = session.scalars(
        query.order_by(Organisation.submitted_at, Organisation.id).limit(200)
    ).all()
    return found


def verified_namesakes(organisation: Organisation) -> Sequence[Organisation]:
    """Other organisations under the same number, which a verifier must see before deciding."""
    query = select(Organisation).where(
        Organisation.id != organisation.id,
        Organisation.credit_code == organisation.credit_code,
        Organisation.identifier_kind == organisation.identifier_kind,
    )
    found: Sequence[Organisation] = session.scalars(query.order_by(Organisation.id)).all()
    return found
