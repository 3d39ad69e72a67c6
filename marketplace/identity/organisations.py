"""Organisations: who trades, lends, shares losses or oversees here."""

from collections.abc import Iterable
from enum import StrEnum
from uuid import UUID

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Model, find, money_columns, session
from marketplace.core.i18n import pick
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money


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
    """How far the operator's verification has come."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    RETURNED = "returned"
    SUSPENDED = "suspended"


S = OrganisationStatus
ORGANISATION_LIFECYCLE = Lifecycle(
    "organisation",
    {
        S.DRAFT: {S.SUBMITTED},
        S.SUBMITTED: {S.APPROVED, S.RETURNED},
        S.RETURNED: {S.SUBMITTED},
        S.APPROVED: {S.SUSPENDED},
        S.SUSPENDED: {S.APPROVED},
    },
)


class Organisation(Model):
    """A legal person (or a natural person in business) that acts on the marketplace."""

    __tablename__ = "organisations"

    kind: Mapped[OrganisationKind]
    status: Mapped[OrganisationStatus] = mapped_column(default=OrganisationStatus.DRAFT)
    name_zh: Mapped[str | None] = mapped_column(String(300))
    name_en: Mapped[str | None] = mapped_column(String(300))
    credit_code: Mapped[str | None] = mapped_column(String(40), unique=True)
    country: Mapped[str] = mapped_column(String(2), default="CN")
    region: Mapped[str | None] = mapped_column(String(80))
    parent_id: Mapped[UUID | None]
    four_eyes_limit: Mapped[Money | None] = money_columns("four_eyes_limit", optional=True)
    demo: Mapped[bool] = mapped_column(default=False)

    @property
    def name(self) -> str:
        """The name in the page's language."""
        return pick({"zh": self.name_zh, "en": self.name_en})


def find_organisation(organisation_id: UUID) -> Organisation:
    """The organisation, or 404."""
    return find(Organisation, organisation_id)


def names_of(organisation_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The names of several organisations in the page's language."""
    wanted = set(organisation_ids)
    if not wanted:
        return {}
    found = session.execute(select(Organisation).where(Organisation.id.in_(wanted))).scalars()
    return {organisation.id: organisation.name for organisation in found}


def four_eyes_limit(organisation_id: UUID) -> Money | None:
    """The amount above which a second person must agree; none means every amount."""
    return find_organisation(organisation_id).four_eyes_limit
