"""Pledges: agreed by contract, filed with the office, real only from registration, released by the lender."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.clock import market_day
from marketplace.core.db import Model, find, money_columns, session
from marketplace.core.errors import Malformed, NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.documents.signatures import EnvelopeCompleted
from marketplace.financing import policy
from marketplace.financing.club_votes import forget_votes, require_club_agrees
from marketplace.financing.loans import Loan, find_loan
from marketplace.identity.four_eyes import SecondPersonNeeded, needs_second_person
from marketplace.identity.sign_in import require_fresh
from marketplace.registry.assets import Asset
from marketplace.registry.encumbrances import EncumbranceKind, encumber, lift_encumbrance


class ContractNotSigned(Refused):
    """The office registers only a signed contract."""

    message = _l("The pledge contract is not signed by both parties yet.")


class LoanStillOwed(Refused):
    """A pledge secures what is still owed."""

    message = _l("%(outstanding)s is still owed. The lender may release it only with a reason and a second person.")


class ReleaseNotAsked(Refused):
    """Nobody asked for this release."""

    message = _l("A first person of the bank must ask for the release.")


class AssetAlreadyPledged(Refused):
    """A Chinese patent is pledged once."""

    message = _l("%(asset)s is already pledged or about to be.")


class PledgeStatus(StrEnum):
    """How far a pledge has come; it exists in law only while registered."""

    AGREED = "agreed"
    FILED = "filed"
    REGISTERED = "registered"
    REFUSED = "refused"
    RELEASED = "released"
    ENFORCED = "enforced"
    CANCELLED = "cancelled"


P = PledgeStatus
PLEDGE_LIFECYCLE = Lifecycle(
    "pledge",
    {
        P.AGREED: {P.FILED, P.CANCELLED},
        P.FILED: {P.REGISTERED, P.REFUSED},
        P.REFUSED: {P.FILED, P.CANCELLED},
        P.REGISTERED: {P.RELEASED, P.ENFORCED},
        P.RELEASED: set(),
        P.ENFORCED: set(),
        P.CANCELLED: set(),
    },
)
OPEN = (P.AGREED, P.FILED, P.REGISTERED)


class Pledge(Model):
    """One right as security for one loan."""

    __tablename__ = "pledges"
    __table_args__ = (
        CheckConstraint("(encumbrance_id IS NULL) = (registered_on IS NULL)", "registered_with_burden"),
        CheckConstraint("status <> 'registered' OR registered_on IS NOT NULL", "registered_has_day"),
        Index("uq_pledges_one_a_loan", "loan_id", "asset_id", unique=True),
        Index(
            "uq_pledges_one_open",
            "asset_id",
            unique=True,
            postgresql_where=text("single_pledge AND status IN ('agreed', 'filed', 'registered')"),
        ),
    )

    loan_id: Mapped[UUID] = mapped_column(ForeignKey("loans.id"))
    asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"), index=True)
    pledgor_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    lender_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    status: Mapped[PledgeStatus] = mapped_column(default=PledgeStatus.AGREED)
    secured: Mapped[Money] = money_columns("secured")
    single_pledge: Mapped[bool]
    maximum: Mapped[bool] = mapped_column(default=False)
    ends_on: Mapped[date] = mapped_column(Date)
    waived: Mapped[list[str]] = mapped_column(default=list)
    envelope_id: Mapped[UUID | None] = mapped_column(ForeignKey("envelopes.id"), index=True)
    signed_at: Mapped[datetime | None]
    filing_number: Mapped[str | None] = mapped_column(String(80))
    filed_on: Mapped[date | None] = mapped_column(Date)
    registration_number: Mapped[str | None] = mapped_column(String(80))
    registered_on: Mapped[date | None] = mapped_column(Date)
    refusal_reason: Mapped[str | None] = mapped_column(String(500))
    encumbrance_id: Mapped[UUID | None] = mapped_column(ForeignKey("encumbrances.id"))
    release_asked_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    release_reason: Mapped[str | None] = mapped_column(String(500))
    released_on: Mapped[date | None] = mapped_column(Date)

    def become(self, status: PledgeStatus) -> None:
        """Move to the next status of the table."""
        self.status = PLEDGE_LIFECYCLE.check(self.status, status)


@dataclass(frozen=True)
class PledgeFiled(Fact):
    """The pledge was filed with the office."""

    pledge_id: UUID


@dataclass(frozen=True)
class PledgeRegistered(Fact):
    """The office registered the pledge: from here it exists in law."""

    pledge_id: UUID


@dataclass(frozen=True)
class PledgeRefused(Fact):
    """The office refused to register the pledge."""

    pledge_id: UUID


@dataclass(frozen=True)
class ReleaseAsked(Fact):
    """A first person of the bank asked to release the pledge."""

    pledge_id: UUID


@dataclass(frozen=True)
class PledgeReleased(Fact):
    """The right is free again."""

    pledge_id: UUID


def file_pledge(actor: Actor, pledge_id: UUID, filing_number: str, now: datetime) -> Pledge:
    """Record that the signed contract was filed with the office."""
    pledge = pledge_for_lender(actor, pledge_id)
    require(pledge.signed_at is not None, ContractNotSigned())
    pledge.become(PledgeStatus.FILED)
    pledge.filing_number, pledge.filed_on = filing_number, now.date()
    session.flush()
    announce(actor, now, PledgeFiled(pledge.id))
    return pledge


def register_pledge(
    actor: Actor, pledge_id: UUID, registration_number: str, registered_on: date, now: datetime
) -> Pledge:
    """Record the office's registration; only now does the pledge burden the right."""
    pledge = pledge_for_lender(actor, pledge_id)
    if registered_on > market_day(now) or (pledge.filed_on and registered_on < pledge.filed_on):
        raise Malformed("registered_on", _l("The registration lies between the filing and today."))
    PLEDGE_LIFECYCLE.check(pledge.status, PledgeStatus.REGISTERED)
    burden = encumber(
        actor,
        pledge.asset_id,
        EncumbranceKind.PLEDGE,
        pledge.lender_id,
        registered_on,
        pledge.ends_on,
        registration_number,
        now,
        grantor_id=pledge.pledgor_id,
        terms={"page": f"/financing/loans/{pledge.loan_id}"},
    )
    pledge.registration_number, pledge.registered_on = registration_number, registered_on
    pledge.encumbrance_id = burden.id
    pledge.become(PledgeStatus.REGISTERED)
    session.flush()
    announce(actor, now, PledgeRegistered(pledge.id))
    return pledge


def note_refusal(actor: Actor, pledge_id: UUID, reason: str, now: datetime) -> Pledge:
    """Record that the office refused the registration."""
    pledge = pledge_for_lender(actor, pledge_id)
    pledge.become(PledgeStatus.REFUSED)
    pledge.refusal_reason = reason
    session.flush()
    announce(actor, now, PledgeRefused(pledge.id))
    return pledge


def ask_release(actor: Actor, pledge_id: UUID, reason: str, now: datetime) -> Pledge:
    """The lender lets the right go: at once when nothing is owed and no second person is needed, otherwise on request."""
    pledge = pledge_for_lender(actor, pledge_id)
    require_fresh(actor, now)
    loan = find_loan(pledge.loan_id, lock=True)
    PLEDGE_LIFECYCLE.check(pledge.status, PledgeStatus.RELEASED)
    require(not loan.outstanding or bool(reason), LoanStillOwed(outstanding=loan.outstanding))
    pledge.release_asked_by, pledge.release_reason = actor.person_id, reason or None
    forget_votes(pledge.id)
    session.flush()
    announce(actor, now, ReleaseAsked(pledge.id))
    if not _second_person_needed(pledge, loan):
        end_pledge(actor, pledge, PledgeStatus.RELEASED, pledge.registration_number or "", now)
    return pledge


def approve_release(actor: Actor, pledge_id: UUID, now: datetime) -> Pledge:
    """The second person of the bank agrees and the right is free."""
    pledge = pledge_for_lender(actor, pledge_id)
    require(actor.may("loan.approve"))
    require_fresh(actor, now)
    require(pledge.release_asked_by is not None, ReleaseNotAsked())
    loan = find_loan(pledge.loan_id, lock=True)
    if _second_person_needed(pledge, loan):
        require(actor.person_id is not None and actor.person_id != pledge.release_asked_by, SecondPersonNeeded())
    require(not loan.outstanding or bool(pledge.release_reason), LoanStillOwed(outstanding=loan.outstanding))
    if loan.outstanding:
        require_club_agrees(loan, pledge.id)
    end_pledge(actor, pledge, PledgeStatus.RELEASED, pledge.registration_number or "", now)
    return pledge


def note_signature(actor: Actor, fact: EnvelopeCompleted, now: datetime) -> None:
    """Both parties signed the pledge contract: its pledges may be filed."""
    query = select(Pledge).where(Pledge.envelope_id == fact.envelope_id).with_for_update()
    for pledge in session.execute(query).scalars():
        pledge.signed_at = now
    session.flush()


def pledge_for_party(actor: Actor, pledge_id: UUID, lock: bool = False) -> Pledge:
    """The pledge for its two parties; for everybody else it does not exist."""
    pledge = find(Pledge, pledge_id, lock=lock)
    parties = (pledge.pledgor_id, pledge.lender_id)
    seen = actor.organisation_id in parties or policy.may_see_loan(actor, find_loan(pledge.loan_id))
    require(seen, NotFound())
    return pledge


def pledge_for_lender(actor: Actor, pledge_id: UUID) -> Pledge:
    """The locked pledge for an act of the lender; the borrower is told that the act is not theirs."""
    pledge = pledge_for_party(actor, pledge_id, lock=True)
    require(policy.is_lender(actor, pledge.lender_id), policy.WrongActor())
    require(actor.may("loan.underwrite") or actor.may("loan.approve"))
    return pledge


def end_pledge(actor: Actor, pledge: Pledge, ending: PledgeStatus, reference: str, now: datetime) -> None:
    """The locked pledge no longer burdens the right: released by the lender, or spent by its enforcement."""
    pledge.become(ending)
    pledge.released_on = now.date()
    if pledge.encumbrance_id is not None:
        lift_encumbrance(actor, pledge.encumbrance_id, now, reference=reference)
    session.flush()
    if ending is PledgeStatus.RELEASED:
        announce(actor, now, PledgeReleased(pledge.id))


def pledge_of_encumbrance(encumbrance_id: UUID) -> Pledge | None:
    """The locked pledge behind an entry of the register, if it secures a loan made here."""
    query = select(Pledge).where(Pledge.encumbrance_id == encumbrance_id).with_for_update()
    found: Pledge | None = session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    return found


def pledges_of_loan(loan_id: UUID) -> list[Pledge]:
    """Everything that secures the loan."""
    return list(session.execute(select(Pledge).where(Pledge.loan_id == loan_id).order_by(Pledge.id)).scalars())


def pledges_of_lender(lender_id: UUID) -> list[tuple[Pledge, Asset, Loan]]:
    """The bank's pledge register, newest first."""
    rows = session.execute(
        select(Pledge, Asset, Loan)
        .join(Asset, Asset.id == Pledge.asset_id)
        .join(Loan, Loan.id == Pledge.loan_id)
        .where(Pledge.lender_id == lender_id)
        .order_by(Pledge.id.desc())
        .limit(500)
    )
    return [(pledge, asset, loan) for pledge, asset, loan in rows]


def require_free(asset: Asset) -> None:
    """Refuse a second pledge of a right that is pledged once."""
    query = select(Pledge.id).where(Pledge.asset_id == asset.id, Pledge.single_pledge, Pledge.status.in_(OPEN))
    require(session.execute(query).first() is None, AssetAlreadyPledged(asset=asset.label))


def _second_person_needed(pledge: Pledge, loan: Loan) -> bool:
    return bool(loan.outstanding) or needs_second_person(pledge.lender_id, loan.principal)
