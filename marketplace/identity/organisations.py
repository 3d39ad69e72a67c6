"""Organisations: who they are, whether they are verified, and which of them belong together."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, money_columns, session
from marketplace.core.errors import Malformed, NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l, pick
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.identity.identifiers import IdentifierKind, canonical_identifier


class OrganisationAlreadyVerified(Refused):
    """Another organisation with this number was already verified."""

    message = _l("An organisation with this number is already verified. Ask its administrator for an invitation.")


class OrganisationFixed(Refused):
    """Facts that were verified are changed only after the verification was returned."""

    message = _l("These facts were submitted for verification and cannot be changed now.")


class OrganisationKind(StrEnum):
    """What an organisation does on the marketplace; a company may both hold and buy rights."""

    COMPANY = "company"
    BANK = "bank"
    POOL_ADMINISTRATOR = "pool_administrator"
    GUARANTOR = "guarantor"
    INSURER = "insurer"
    APPRAISER = "appraiser"
    SERVICE_PROVIDER = "service_provider"
    PLATFORM_OPERATOR = "platform_operator"
    AUDITOR = "auditor"


class OrganisationStatus(StrEnum):
    """How far the verification of an organisation has come."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    RETURNED = "returned"
    SUSPENDED = "suspended"


ORGANISATION_LIFECYCLE = Lifecycle(
    "organisation",
    {
        OrganisationStatus.DRAFT: {OrganisationStatus.SUBMITTED},
        OrganisationStatus.SUBMITTED: {OrganisationStatus.APPROVED, OrganisationStatus.RETURNED},
        OrganisationStatus.RETURNED: {OrganisationStatus.SUBMITTED},
        OrganisationStatus.APPROVED: {OrganisationStatus.SUSPENDED},
        OrganisationStatus.SUSPENDED: {OrganisationStatus.APPROVED},
    },
)


class Organisation(Model):
    """A legal person (or unit of one) that acts on the marketplace through its members."""

    __tablename__ = "organisations"
    __table_args__ = (
        Index(
            "uq_organisations_verified_number",
            "identifier_kind",
            "credit_code",
            unique=True,
            postgresql_where=text("status IN ('approved', 'suspended')"),
        ),
        Index("ix_organisations_status", "status", "submitted_at"),
        CheckConstraint("coalesce(name_zh, name_en, '') <> ''", name="has_a_name"),
        CheckConstraint("credit_code IS NULL OR credit_code = upper(credit_code)", name="number_canonical"),
        CheckConstraint("four_eyes_limit_minor IS NULL OR four_eyes_limit_minor >= 0", name="limit_not_negative"),
    )

    name_zh: Mapped[str | None] = mapped_column(String(300))
    name_en: Mapped[str | None] = mapped_column(String(300))
    kind: Mapped[OrganisationKind]
    identifier_kind: Mapped[IdentifierKind] = mapped_column(default=IdentifierKind.CREDIT_CODE)
    credit_code: Mapped[str | None] = mapped_column(String(40))
    controller_code: Mapped[str | None] = mapped_column(String(40), index=True)
    status: Mapped[OrganisationStatus] = mapped_column(default=OrganisationStatus.DRAFT)
    country: Mapped[str] = mapped_column(String(2), default="CN")
    region: Mapped[str | None] = mapped_column(String(80))
    parent_id: Mapped[UUID | None] = mapped_column(index=True)
    demo: Mapped[bool] = mapped_column(default=False)
    submitted_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[UUID | None]
    status_reason: Mapped[str | None] = mapped_column(String(1000))
    four_eyes_limit: Mapped[Money | None] = money_columns("four_eyes_limit", optional=True)

    @property
    def name(self) -> str:
        """The name in the reader's language, or in the language there is."""
        return pick({"zh": self.name_zh, "en": self.name_en})

    @property
    def is_approved(self) -> bool:
        """Whether the organisation may act."""
        return self.status is OrganisationStatus.APPROVED

    def may_be_corrected(self) -> bool:
        """Whether its registration facts can still be changed by itself."""
        return self.status in (OrganisationStatus.DRAFT, OrganisationStatus.RETURNED)

    def become(self, status: OrganisationStatus) -> None:
        """Take the next status, or refuse the step."""
        self.status = ORGANISATION_LIFECYCLE.check(self.status, status)

    def state(self) -> dict[str, Any]:
        """What an auditor compares before and after."""
        return {
            "name_zh": self.name_zh,
            "name_en": self.name_en,
            "kind": self.kind,
            "number": [self.identifier_kind, self.credit_code],
            "controller_code": self.controller_code,
            "country": self.country,
            "region": self.region,
            "status": self.status,
            "four_eyes_limit": self.four_eyes_limit,
        }


@dataclass(frozen=True, kw_only=True)
class Registration:
    """What an organisation says of itself when it registers."""

    kind: OrganisationKind
    identifier_kind: IdentifierKind
    number: str
    name_zh: str | None = None
    name_en: str | None = None
    country: str = "CN"
    region: str | None = None
    controller_code: str | None = None


@dataclass(frozen=True)
class OrganisationRegistered(Fact):
    """Somebody registered an organisation; it is a draft until verified."""

    organisation_id: UUID
    kind: str


@dataclass(frozen=True)
class OrganisationCorrected(Fact):
    """The organisation changed its registration facts before verification."""

    organisation_id: UUID


@dataclass(frozen=True)
class FourEyesLimitSet(Fact):
    """The organisation decided above which amount a second person must agree."""

    organisation_id: UUID
    limit: Money | None


def found_organisation(actor: Actor, registration: Registration, now: datetime) -> Organisation:
    """Put a new draft organisation on the register; its number is checked and kept in canonical form."""
    organisation = Organisation(kind=registration.kind)
    _write(organisation, registration)
    session.add(organisation)
    session.flush()
    announce(actor, now, OrganisationRegistered(organisation.id, organisation.kind.value), after=organisation.state())
    return organisation


def correct_organisation(actor: Actor, registration: Registration, now: datetime) -> Organisation:
    """Change the registration facts of one's own organisation while it is a draft or was returned."""
    require(actor.may("org.manage"))
    organisation = own_organisation(actor, lock=True)
    require(organisation.may_be_corrected(), OrganisationFixed())
    before = organisation.state()
    _write(organisation, registration)
    session.flush()
    announce(actor, now, OrganisationCorrected(organisation.id), before=before, after=organisation.state())
    return organisation


def _write(organisation: Organisation, registration: Registration) -> None:
    number = canonical_identifier(registration.identifier_kind, registration.number)
    refuse_verified_number(registration.identifier_kind, number, organisation.id)
    organisation.kind = registration.kind
    organisation.identifier_kind, organisation.credit_code = registration.identifier_kind, number
    organisation.name_zh, organisation.name_en = registration.name_zh or None, registration.name_en or None
    require(bool(organisation.name_zh or organisation.name_en), Malformed("name_zh", _l("Enter the name.")))
    organisation.country, organisation.region = registration.country, registration.region or None
    organisation.controller_code = (
        canonical_identifier(IdentifierKind.CREDIT_CODE, registration.controller_code, field="controller_code")
        if registration.controller_code
        else None
    )


def refuse_verified_number(kind: IdentifierKind, number: str, but_for: UUID | None) -> None:
    """Refuse a number under which another organisation was already verified."""
    query = select(Organisation.id).where(
        Organisation.identifier_kind == kind,
        Organisation.credit_code == number,
        Organisation.status.in_([OrganisationStatus.APPROVED, OrganisationStatus.SUSPENDED]),
    )
    if but_for is not None:
        query = query.where(Organisation.id != but_for)
    require(session.scalars(query).first() is None, OrganisationAlreadyVerified())


def set_four_eyes_limit(actor: Actor, limit: Money | None, now: datetime) -> Organisation:
    """Decide above which amount a payment or release needs a second person; none means every amount."""
    require(actor.may("org.manage"))
    organisation = own_organisation(actor, lock=True)
    organisation.four_eyes_limit = limit
    session.flush()
    announce(actor, now, FourEyesLimitSet(organisation.id, limit), after=organisation.state())
    return organisation


def own_organisation(actor: Actor, lock: bool = False) -> Organisation:
    """The organisation the actor acts for."""
    if actor.organisation_id is None:
        raise NotFound()
    return find(Organisation, actor.organisation_id, lock=lock)


def find_organisation(organisation_id: UUID) -> Organisation:
    """One organisation by its id."""
    return find(Organisation, organisation_id)


def organisation_by_number(number: str) -> Organisation | None:
    """The verified organisation with this registration number, however it is spaced."""
    folded = "".join(unicodedata.normalize("NFKC", number).split()).upper()
    query = select(Organisation).where(
        Organisation.credit_code == folded, Organisation.status == OrganisationStatus.APPROVED
    )
    return session.scalars(query.order_by(Organisation.id).limit(1)).first()


def names_of(organisation_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The names of these organisations in the reader's language."""
    wanted = set(organisation_ids)
    if not wanted:
        return {}
    query = select(Organisation.id, Organisation.name_zh, Organisation.name_en).where(Organisation.id.in_(wanted))
    return {row.id: pick({"zh": row.name_zh, "en": row.name_en}) for row in session.execute(query)}


def organisations_of_kind(kind: OrganisationKind, approved_only: bool = True) -> Sequence[Organisation]:
    """All organisations of a kind, for choosing a bank, an appraiser, a pool."""
    query = select(Organisation).where(Organisation.kind == kind).order_by(Organisation.id)
    if approved_only:
        query = query.where(Organisation.status == OrganisationStatus.APPROVED)
    found: Sequence[Organisation] = session.scalars(query).all()
    return found


def four_eyes_limit(organisation_id: UUID) -> Money | None:
    """The amount above which a second person must agree; none means every amount."""
    return find(Organisation, organisation_id).four_eyes_limit


def are_related(first_id: UUID, second_id: UUID) -> bool:
    """Whether two organisations are one interest: the same one, one control, a shared member or a shared mail domain."""
    from marketplace.identity.relations import are_related as related  # relations knows people, who know organisations

    return related(first_id, second_id)
