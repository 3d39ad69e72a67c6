"""Invitations: an administrator asks somebody by e-mail to join with one role, once, within seven days."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, session
from marketplace.core.errors import Gone, NotAllowed, NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.identity.organisations import Organisation, own_organisation
from marketplace.identity.people import (
    AlreadyMember,
    Membership,
    Person,
    canonical_email,
    join_organisation,
    membership_of,
    person_with_email,
)
from marketplace.identity.roles import Role

OPEN_FOR = timedelta(days=7)


class InvitationUsed(Gone):
    """The invitation was accepted, withdrawn, or is older than seven days."""

    message = _l("This invitation was already used, withdrawn, or is older than seven days. Ask for a new one.")


class InvitationForAnother(NotAllowed):
    """An invitation is accepted only by the person it was sent to."""

    message = _l("This invitation was sent to another e-mail address. Sign in with that address.")


class InvitationPending(Refused):
    """The address was invited already and has not answered."""

    message = _l("This address has an open invitation. Withdraw it first to send another.")


class Invitation(Model):
    """One open place in an organisation, for one address and one role."""

    __tablename__ = "invitations"
    __table_args__ = (
        Index(
            "uq_invitations_open",
            "organisation_id",
            "email",
            unique=True,
            postgresql_where=text("accepted_at IS NULL AND withdrawn_at IS NULL"),
        ),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    email: Mapped[str] = mapped_column(String(254))
    role: Mapped[Role]
    language: Mapped[str] = mapped_column(String(2), default="zh")
    invited_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    sent_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]

    def is_open(self, now: datetime) -> bool:
        """Whether it can still be accepted."""
        return self.accepted_at is None and self.withdrawn_at is None and now < self.expires_at


@dataclass(frozen=True)
class MemberInvited(Fact):
    """An organisation invited somebody."""

    organisation_id: UUID
    invitation_id: UUID
    role: str


@dataclass(frozen=True)
class InvitationWithdrawn(Fact):
    """An organisation took an invitation back."""

    organisation_id: UUID
    invitation_id: UUID


def invite_member(actor: Actor, email: str, role: Role, language: str, now: datetime) -> Invitation:
    """Invite somebody to one's own organisation; the letter is sent by a job."""
    require(actor.may("org.manage"))
    organisation = own_organisation(actor, lock=True)
    address = canonical_email(email)
    known = person_with_email(address)
    require(known is None or membership_of(known.id, organisation.id) is None, AlreadyMember())
    for earlier in open_invitations(organisation.id):
        if earlier.email == address:
            require(not earlier.is_open(now), InvitationPending())
            earlier.withdrawn_at = now
    session.flush()
    invitation = Invitation(
        organisation_id=organisation.id,
        email=address,
        role=role,
        language=language,
        invited_by_id=actor.person_id,
        sent_at=now,
        expires_at=now + OPEN_FOR,
    )
    session.add(invitation)
    session.flush()
    announce(actor, now, MemberInvited(organisation.id, invitation.id, role.value))
    return invitation


def withdraw_invitation(actor: Actor, invitation_id: UUID, now: datetime) -> Invitation:
    """Take back an invitation of one's own organisation that nobody has accepted."""
    require(actor.may("org.manage"))
    invitation = find(Invitation, invitation_id, lock=True)
    require(invitation.organisation_id == actor.organisation_id, NotFound())
    require(invitation.accepted_at is None and invitation.withdrawn_at is None, InvitationUsed())
    invitation.withdrawn_at = now
    session.flush()
    announce(actor, now, InvitationWithdrawn(invitation.organisation_id, invitation.id))
    return invitation


def accept_invitation(person: Person, token: str, secret_key: str, now: datetime) -> Membership:
    """Join with the role of the invitation, whatever else was sent along; it cannot be used a second time."""
    invitation = invitation_with(token, secret_key, now, lock=True)
    require(person.email == invitation.email, InvitationForAnother())
    organisation = find(Organisation, invitation.organisation_id)
    actor = Actor(person_id=person.id, organisation_id=organisation.id)
    invitation.accepted_at = now
    return join_organisation(actor, person, organisation, invitation.role, now)


def invitation_token(invitation_id: UUID, secret_key: str) -> str:
    """The secret of an invitation's link, made from its id and our key, so it is stored nowhere."""
    proof = hmac.new(b"invitation:" + secret_key.encode(), invitation_id.bytes, sha256).hexdigest()
    return f"{invitation_id.hex}-{proof}"


def invitation_with(token: str, secret_key: str, now: datetime, lock: bool = False) -> Invitation:
    """The open invitation behind a link; a wrong link is 404, a used or old one is 410."""
    try:
        invitation_id = UUID(hex=token.partition("-")[0])
    except ValueError as error:
        raise NotFound() from error
    require(hmac.compare_digest(token.encode(), invitation_token(invitation_id, secret_key).encode()), NotFound())
    invitation = find(Invitation, invitation_id, lock=lock)
    require(invitation.is_open(now), InvitationUsed())
    return invitation


def open_invitations(organisation_id: UUID) -> Sequence[Invitation]:
    """Invitations of an organisation that were neither accepted nor withdrawn."""
    query = select(Invitation).where(
        Invitation.organisation_id == organisation_id,
        Invitation.accepted_at.is_(None),
        Invitation.withdrawn_at.is_(None),
    )
    found: Sequence[Invitation] = session.scalars(query.order_by(Invitation.id)).all()
    return found
