"""Applications: a holder asks chosen banks for a loan against its rights; each bank sees only its own invitation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, money_columns, session
from marketplace.core.errors import Malformed, NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.financing import policy
from marketplace.financing.asset_values import value_seen
from marketplace.financing.caps import Cap, joint_cap, lending_cap, require_within
from marketplace.identity.organisations import Organisation, OrganisationKind, OrganisationStatus
from marketplace.identity.verification import require_approved
from marketplace.registry.assets import Asset, find_asset
from marketplace.registry.ownership import owns
from marketplace.valuation.reports import Indication

LONGEST_TERM_MONTHS = 60
OPEN_FOR = timedelta(days=90)


class RightNotInForce(Refused):
    """A right that is not in force secures nothing."""

    message = _l("%(asset)s is not in force and cannot secure a loan.")


class ApplicationClosed(Refused):
    """The application no longer takes answers."""

    message = _l("This application is closed.")


class ApplicationStatus(StrEnum):
    """How far a search for a loan has come."""

    OPEN = "open"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class InvitationStatus(StrEnum):
    """How one bank has answered."""

    INVITED = "invited"
    OFFERED = "offered"
    DECLINED = "declined"
    CLOSED = "closed"


A, I = ApplicationStatus, InvitationStatus  # noqa: E741
APPLICATION_LIFECYCLE = Lifecycle(
    "financing_application",
    {A.OPEN: {A.ACCEPTED, A.WITHDRAWN, A.EXPIRED}, A.ACCEPTED: set(), A.WITHDRAWN: set(), A.EXPIRED: set()},
)
INVITATION_LIFECYCLE = Lifecycle(
    "financing_invitation",
    {
        I.INVITED: {I.OFFERED, I.DECLINED, I.CLOSED},
        I.OFFERED: {I.DECLINED, I.CLOSED},
        I.DECLINED: set(),
        I.CLOSED: set(),
    },
)


class Application(Model):
    """One request for a loan against rights."""

    __tablename__ = "financing_applications"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint(f"term_months BETWEEN 1 AND {LONGEST_TERM_MONTHS}", name="term"),
    )

    borrower_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    status: Mapped[ApplicationStatus] = mapped_column(default=ApplicationStatus.OPEN)
    amount: Mapped[Money] = money_columns("amount")
    term_months: Mapped[int]
    purpose: Mapped[str] = mapped_column(String(500))
    filed_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    filed_at: Mapped[datetime]

    def require_open(self) -> None:
        """Refuse when the application no longer takes answers."""
        require(self.status is ApplicationStatus.OPEN, ApplicationClosed())

    def become(self, status: ApplicationStatus) -> None:
        """Move to the next status of the table."""
        self.status = APPLICATION_LIFECYCLE.check(self.status, status)


class Collateral(Model):
    """One right offered as security, with its value as it was seen when the application was filed."""

    __tablename__ = "financing_collateral"
    __table_args__ = (UniqueConstraint("application_id", "asset_id"),)

    application_id: Mapped[UUID] = mapped_column(ForeignKey("financing_applications.id"))
    asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"), index=True)
    low: Mapped[Money | None] = money_columns("low", optional=True)
    middle: Mapped[Money | None] = money_columns("middle", optional=True)
    high: Mapped[Money | None] = money_columns("high", optional=True)
    indication_id: Mapped[UUID | None]


class Invitation(Model):
    """One bank's place in an application; sealed from every other bank."""

    __tablename__ = "financing_invitations"
    __table_args__ = (UniqueConstraint("application_id", "bank_id"),)

    application_id: Mapped[UUID] = mapped_column(ForeignKey("financing_applications.id"))
    bank_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    status: Mapped[InvitationStatus] = mapped_column(default=InvitationStatus.INVITED)
    reason: Mapped[str | None] = mapped_column(String(500))

    def become(self, status: InvitationStatus) -> None:
        """Move to the next status of the table."""
        self.status = INVITATION_LIFECYCLE.check(self.status, status)


@dataclass(frozen=True)
class ApplicationFiled(Fact):
    """A holder asked banks for a loan."""

    application_id: UUID


@dataclass(frozen=True)
class ApplicationWithdrawn(Fact):
    """The holder no longer asks."""

    application_id: UUID


@dataclass(frozen=True)
class InvitationDeclined(Fact):
    """A bank will make no offer."""

    invitation_id: UUID


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the holder asks for, in five fields."""

    asset_ids: Sequence[UUID]
    amount: Money
    term_months: int
    purpose: str
    bank_ids: Sequence[UUID]


def file_application(actor: Actor, wish: Wish, now: datetime) -> Application:
    """Ask the chosen banks for a loan against own rights; the amount must lie within what the values carry."""
    require(actor.may("loan.apply"))
    require_approved(actor)
    assets = [_own_asset(actor, asset_id, now.date()) for asset_id in dict.fromkeys(wish.asset_ids)]
    banks = _banks(wish.bank_ids)
    values = {asset.id: value_seen(actor, asset, now) for asset in assets}
    require_within(wish.amount, cap_of([(asset, values[asset.id]) for asset in assets]))
    application = Application(
        borrower_id=actor.organisation_id,
        amount=wish.amount,
        term_months=wish.term_months,
        purpose=wish.purpose,
        filed_by=actor.person_id,
        filed_at=now,
    )
    session.add(application)
    session.flush()
    for asset in assets:
        session.add(_collateral(application, asset, values[asset.id]))
    session.add_all([Invitation(application_id=application.id, bank_id=bank_id) for bank_id in banks])
    session.flush()
    announce(actor, now, ApplicationFiled(application.id))
    return application


def withdraw_application(actor: Actor, application_id: UUID, now: datetime) -> Application:
    """Ask no longer; every bank's invitation closes."""
    application = find(Application, application_id, lock=True)
    require(policy.is_borrower(actor, application), NotFound())
    require(actor.may("loan.apply"))
    application.become(ApplicationStatus.WITHDRAWN)
    close_invitations(application.id)
    announce(actor, now, ApplicationWithdrawn(application.id))
    return application


def decline_invitation(actor: Actor, invitation_id: UUID, reason: str, now: datetime) -> Invitation:
    """The bank will make no offer, for this reason."""
    invitation = find_invitation(actor, invitation_id, lock=True)
    require(actor.may("loan.underwrite"))
    invitation.become(InvitationStatus.DECLINED)
    invitation.reason = reason
    session.flush()
    announce(actor, now, InvitationDeclined(invitation.id))
    return invitation


def expire_applications(now: datetime) -> int:
    """Close every application nobody decided on for ninety days; answers how many."""
    overdue = session.execute(
        select(Application)
        .where(Application.status == ApplicationStatus.OPEN, Application.filed_at < now - OPEN_FOR)
        .with_for_update(skip_locked=True)
    ).scalars()
    count = 0
    for application in overdue:
        application.become(ApplicationStatus.EXPIRED)
        close_invitations(application.id)
        count += 1
    return count


def find_application(actor: Actor, application_id: UUID, lock: bool = False) -> Application:
    """The application for its borrower; a bank reads its own invitation instead, anybody else sees nothing."""
    application = find(Application, application_id, lock=lock)
    require(policy.is_borrower(actor, application) or policy.oversees(actor), NotFound())
    return application


def find_invitation(actor: Actor, invitation_id: UUID, lock: bool = False) -> Invitation:
    """The bank's own invitation; for every other bank it does not exist."""
    invitation = find(Invitation, invitation_id, lock=lock)
    require(policy.is_lender(actor, invitation.bank_id), NotFound())
    return invitation


def invitations_to(bank_id: UUID) -> list[tuple[Invitation, Application]]:
    """The bank's queue, newest first."""
    rows = session.execute(
        select(Invitation, Application)
        .join(Application, Application.id == Invitation.application_id)
        .where(Invitation.bank_id == bank_id)
        .order_by(Invitation.id.desc())
        .limit(200)
    )
    return [(invitation, application) for invitation, application in rows]


def invitations_of(application_id: UUID) -> list[Invitation]:
    """Every bank asked; only for the borrower and the rules, never shown to a bank."""
    return list(
        session.execute(
            select(Invitation).where(Invitation.application_id == application_id).order_by(Invitation.id)
        ).scalars()
    )


def applications_of(borrower_id: UUID) -> list[Application]:
    """What the holder asked for, newest first."""
    query = select(Application).where(Application.borrower_id == borrower_id).order_by(Application.id.desc())
    return list(session.execute(query.limit(200)).scalars())


def collateral_of(application_id: UUID) -> list[tuple[Collateral, Asset]]:
    """The rights offered as security."""
    rows = session.execute(
        select(Collateral, Asset)
        .join(Asset, Asset.id == Collateral.asset_id)
        .where(Collateral.application_id == application_id)
        .order_by(Collateral.id)
    )
    return [(collateral, asset) for collateral, asset in rows]


def close_invitations(application_id: UUID) -> None:
    """No bank is asked any longer."""
    for invitation in invitations_of(application_id):
        if INVITATION_LIFECYCLE.allows(invitation.status, InvitationStatus.CLOSED):
            invitation.become(InvitationStatus.CLOSED)
    session.flush()


def banks_to_choose() -> list[Organisation]:
    """The verified banks."""
    query = select(Organisation).where(
        Organisation.kind == OrganisationKind.BANK, Organisation.status == OrganisationStatus.APPROVED
    )
    return list(session.execute(query.order_by(Organisation.name_en, Organisation.id)).scalars())


def cap_of(rights: Sequence[tuple[Asset, Indication | None]]) -> Cap | None:
    """What may be lent against these rights together; unknown as long as one value is unknown."""
    caps = [lending_cap(asset.kind, value) for asset, value in rights if value is not None]
    return joint_cap(caps) if len(caps) == len(rights) else None


def _collateral(application: Application, asset: Asset, seen: Indication | None) -> Collateral:
    """The right with its value frozen as it is seen now."""
    if seen is None:
        return Collateral(application_id=application.id, asset_id=asset.id)
    return Collateral(
        application_id=application.id,
        asset_id=asset.id,
        low=seen.low,
        middle=seen.middle,
        high=seen.high,
        indication_id=seen.id,
    )


def _own_asset(actor: Actor, asset_id: UUID, on: date) -> Asset:
    asset = find_asset(asset_id)
    require(owns(actor.organisation_id, asset.id), NotFound())
    require(asset.is_in_force(on), RightNotInForce(asset=asset.label))
    return asset


def _banks(bank_ids: Sequence[UUID]) -> list[UUID]:
    wanted = list(dict.fromkeys(bank_ids))
    known = {bank.id for bank in banks_to_choose()}
    if not wanted or not set(wanted) <= known:
        raise Malformed("bank_ids", _l("Choose at least one verified bank."))
    return wanted
