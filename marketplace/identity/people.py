"""People and their memberships: a person acts for one organisation at a time, with the role they have there."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from flask_security import UserMixin
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.mutable import MutableList
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, session
from marketplace.core.errors import NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.identity.organisations import Organisation
from marketplace.identity.roles import Role, permissions_of


class AlreadyMember(Refused):
    """The person is a member of this organisation already."""

    message = _l("This person is a member already.")


class LastAdministrator(Refused):
    """An organisation always keeps somebody who can manage it."""

    message = _l("An organisation needs at least one administrator. Make somebody else administrator first.")


class Person(Model, UserMixin):  # type: ignore[misc]  # Flask-Security's own columns and methods
    """A human being who signs in."""

    __tablename__ = "people"
    __table_args__ = (
        CheckConstraint("email = lower(email)", name="email_canonical"),
        CheckConstraint("language IN ('zh', 'en')", name="language_known"),
    )

    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(2), default="zh")
    active: Mapped[bool] = mapped_column(default=True)
    demo: Mapped[bool] = mapped_column(default=False)
    password: Mapped[str | None] = mapped_column(String(255))
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True, default=lambda: uuid4().hex)
    tf_totp_secret: Mapped[str | None] = mapped_column(String(500))
    totp_offered_secret: Mapped[str | None] = mapped_column(String(500))
    totp_last_counter: Mapped[int | None]
    mf_recovery_codes: Mapped[list[str]] = mapped_column(MutableList.as_mutable(JSONB), default=list)

    @property
    def is_persona(self) -> bool:
        """Whether this is a fictional person of a demo, without a password."""
        return self.demo and self.password is None

    @property
    def has_second_factor(self) -> bool:
        """Whether the person set up one-time codes."""
        return self.tf_totp_secret is not None


class Membership(Model):
    """A person's role in one organisation, from when and until when."""

    __tablename__ = "memberships"
    __table_args__ = (
        Index(
            "uq_memberships_live",
            "person_id",
            "organisation_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_memberships_organisation_id", "organisation_id"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    role: Mapped[Role]
    ended_at: Mapped[datetime | None]


@dataclass(frozen=True)
class MemberJoined(Fact):
    """A person became a member of an organisation."""

    organisation_id: UUID
    person_id: UUID
    role: str


@dataclass(frozen=True)
class RoleChanged(Fact):
    """A member has another role now."""

    organisation_id: UUID
    person_id: UUID
    role: str


@dataclass(frozen=True)
class MemberRemoved(Fact):
    """A person is no longer a member; their sessions and keys for this organisation have ended."""

    organisation_id: UUID
    person_id: UUID


def canonical_email(text: str) -> str:
    """An e-mail address as it is stored and compared."""
    return unicodedata.normalize("NFKC", text).strip().lower()


def person_with_email(email: str) -> Person | None:
    """The person who signs in with this address."""
    found: Person | None = session.scalars(select(Person).where(Person.email == canonical_email(email))).first()
    return found


def join_organisation(
    actor: Actor, person: Person, organisation: Organisation, role: Role, now: datetime
) -> Membership:
    """Make a person a member of an organisation with this role."""
    require(membership_of(person.id, organisation.id) is None, AlreadyMember())
    membership = Membership(person_id=person.id, organisation_id=organisation.id, role=role)
    session.add(membership)
    session.flush()
    announce(actor, now, MemberJoined(organisation.id, person.id, role.value))
    return membership


def change_role(actor: Actor, person_id: UUID, role: Role, now: datetime) -> Membership:
    """Give a member of one's own organisation another role."""
    organisation, membership = _own_member(actor, person_id)
    _keep_an_administrator(membership, following=role)
    before = {"role": membership.role}
    membership.role = role
    session.flush()
    announce(actor, now, RoleChanged(organisation.id, person_id, role.value), before=before, after={"role": role})
    return membership


def remove_member(actor: Actor, person_id: UUID, now: datetime) -> Membership:
    """End a membership of one's own organisation; from this moment the person's sessions and keys for it are dead."""
    organisation, membership = _own_member(actor, person_id)
    _keep_an_administrator(membership, following=None)
    membership.ended_at = now
    session.flush()
    announce(actor, now, MemberRemoved(organisation.id, person_id))
    return membership


def _own_member(actor: Actor, person_id: UUID) -> tuple[Organisation, Membership]:
    require(actor.may("org.manage"))
    organisation: Organisation | None = session.scalars(
        select(Organisation).where(Organisation.id == actor.organisation_id).with_for_update()
    ).first()
    membership = membership_of(person_id, organisation.id) if organisation else None
    if organisation is None or membership is None:
        raise NotFound()
    return organisation, membership


def _keep_an_administrator(membership: Membership, following: Role | None) -> None:
    if membership.role is not Role.ADMINISTRATOR or following is Role.ADMINISTRATOR:
        return
    others = [
        other
        for other, _person in people_in(membership.organisation_id)
        if other.role is Role.ADMINISTRATOR and other.person_id != membership.person_id
    ]
    require(bool(others), LastAdministrator())


def membership_of(person_id: UUID, organisation_id: UUID) -> Membership | None:
    """The live membership of a person in an organisation."""
    found: Membership | None = session.scalars(
        select(Membership).where(
            Membership.person_id == person_id,
            Membership.organisation_id == organisation_id,
            Membership.ended_at.is_(None),
        )
    ).first()
    return found


def members_of(organisation_id: UUID) -> list[Person]:
    """Everyone who may act for the organisation."""
    return [person for _membership, person in people_in(organisation_id)]


def people_in(organisation_id: UUID) -> Sequence[tuple[Membership, Person]]:
    """The members of an organisation with who they are."""
    query = (
        select(Membership, Person)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.organisation_id == organisation_id, Membership.ended_at.is_(None))
        .order_by(Membership.id)
    )
    return [(membership, person) for membership, person in session.execute(query)]


def organisations_of(person_id: UUID) -> Sequence[tuple[Membership, Organisation]]:
    """The organisations a person can act for."""
    query = (
        select(Membership, Organisation)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(Membership.person_id == person_id, Membership.ended_at.is_(None))
        .order_by(Membership.id)
    )
    return [(membership, organisation) for membership, organisation in session.execute(query)]


def actor_of(
    membership: Membership,
    organisation: Organisation,
    authenticated_at: datetime | None = None,
    second_factor: bool = False,
    via: str = "web",
) -> Actor:
    """The person of this membership acting for this organisation."""
    return Actor(
        person_id=membership.person_id,
        organisation_id=organisation.id,
        organisation_kind=organisation.kind.value,
        permissions=permissions_of(organisation.kind, membership.role),
        approved=organisation.is_approved,
        authenticated_at=authenticated_at,
        second_factor=second_factor,
        via=via,
    )


def actor_for(
    person_id: UUID,
    organisation_id: UUID,
    authenticated_at: datetime | None = None,
    second_factor: bool = False,
    via: str = "web",
) -> Actor:
    """The person acting for one of their organisations; not a member is 404."""
    membership = membership_of(person_id, organisation_id)
    organisation = session.get(Organisation, organisation_id)
    if membership is None or organisation is None:
        raise NotFound()
    return actor_of(membership, organisation, authenticated_at=authenticated_at, second_factor=second_factor, via=via)
