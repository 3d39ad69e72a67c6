"""People and the organisations they act for."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, session
from marketplace.core.errors import NotFound
from marketplace.identity.organisations import Organisation, OrganisationStatus
from marketplace.identity.roles import Role, permissions_of


class Person(Model):
    """A human being who can sign in."""

    __tablename__ = "people"

    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(2), default="zh")


class Membership(Model):
    """A person's role in one organisation."""

    __tablename__ = "memberships"
    __table_args__ = (UniqueConstraint("person_id", "organisation_id"),)

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    role: Mapped[Role]


def members_of(organisation_id: UUID) -> list[Person]:
    """Everyone who may act for the organisation."""
    query = select(Person).join(Membership, Membership.person_id == Person.id)
    return list(session.execute(query.where(Membership.organisation_id == organisation_id)).scalars())


def actor_for(
    person_id: UUID,
    organisation_id: UUID,
    authenticated_at: datetime | None = None,
    second_factor: bool = False,
    via: str = "web",
) -> Actor:
    """The person acting for one of their organisations; not a member is 404."""
    membership = session.execute(
        select(Membership).where(Membership.person_id == person_id, Membership.organisation_id == organisation_id)
    ).scalar_one_or_none()
    if membership is None:
        raise NotFound()
    organisation = find(Organisation, organisation_id)
    return Actor(
        person_id=person_id,
        organisation_id=organisation_id,
        organisation_kind=organisation.kind.value,
        permissions=permissions_of(organisation.kind, membership.role),
        approved=organisation.status is OrganisationStatus.APPROVED,
        authenticated_at=authenticated_at,
        second_factor=second_factor,
        via=via,
    )
