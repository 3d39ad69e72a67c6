"""Term sheets: a bank's offer, approved by a second person above its limit, sealed from every other bank."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, money_columns, same_currency, session
from marketplace.core.errors import Malformed, NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money, percentage
from marketplace.financing import policy
from marketplace.financing.applications import (
    INVITATION_LIFECYCLE,
    Application,
    Invitation,
    InvitationStatus,
    find_application,
    find_invitation,
)
from marketplace.financing.caps import HARD_CAP_BPS, Cap, require_within
from marketplace.financing.clauses import Clauses, clause_columns, clause_rule
from marketplace.financing.club_places import filled_places, require_complete
from marketplace.financing.loan_terms import LoanTerms, RepaymentMethod
from marketplace.financing.reference_rates import rate_on
from marketplace.identity.four_eyes import needs_second_person, require_second_person
from marketplace.identity.verification import require_approved

INTERNAL_VALUATION_LIMIT = Money(1_000_000_000, "CNY")
"""Up to ten million yuan a bank may value by itself or by agreement (pilot plan of 2025)."""


class OfferExpired(Refused):
    """The offer was not taken in time."""

    message = _l("This offer expired on %(day)s.")


class OfferOutstanding(Refused):
    """The bank has an offer on this application already."""

    message = _l("Your bank has an offer on this application already; withdraw it first.")


class ValuationBasis(StrEnum):
    """Where the value the bank lends against comes from."""

    EXTERNAL_APPRAISAL = "external_appraisal"
    BANK_INTERNAL = "bank_internal"
    NEGOTIATED = "negotiated"
    PLATFORM_MODEL = "platform_model"


class TermSheetStatus(StrEnum):
    """How far an offer has come."""

    PREPARED = "prepared"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    NOT_CHOSEN = "not_chosen"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


T = TermSheetStatus
TERM_SHEET_LIFECYCLE = Lifecycle(
    "term_sheet",
    {
        T.PREPARED: {T.OFFERED, T.WITHDRAWN, T.NOT_CHOSEN, T.EXPIRED},
        T.OFFERED: {T.ACCEPTED, T.NOT_CHOSEN, T.WITHDRAWN, T.EXPIRED},
        T.ACCEPTED: set(),
        T.NOT_CHOSEN: set(),
        T.WITHDRAWN: set(),
        T.EXPIRED: set(),
    },
)
LIVE = (T.PREPARED, T.OFFERED)


class TermSheet(Model):
    """One bank's offer on one application, with the bank's own judgement of the security."""

    __tablename__ = "term_sheets"
    __table_args__ = (
        CheckConstraint("amount_minor > 0 AND ip_secured_minor > 0 AND ip_secured_minor <= amount_minor", "amounts"),
        CheckConstraint("rate_bps BETWEEN 0 AND 3600 AND penalty_rate_bps BETWEEN 0 AND 7200", "rates"),
        CheckConstraint("pool_cover_bps BETWEEN 0 AND 10000", "pool_cover"),
        CheckConstraint("upfront_fee_minor >= 0 AND upfront_fee_minor < amount_minor", "upfront_fee"),
        clause_rule(),
        CheckConstraint("own_part_minor > 0 AND own_part_minor <= amount_minor", "own_part"),
        same_currency("amount", "own_part", "upfront_fee", "ip_secured", "assessed_value"),
        Index(
            "uq_term_sheets_one_accepted", "application_id", unique=True, postgresql_where=text("status = 'accepted'")
        ),
        Index(
            "uq_term_sheets_one_live_a_bank",
            "invitation_id",
            unique=True,
            postgresql_where=text("status IN ('prepared', 'offered')"),
        ),
    )

    application_id: Mapped[UUID] = mapped_column(ForeignKey("financing_applications.id"), index=True)
    invitation_id: Mapped[UUID] = mapped_column(ForeignKey("financing_invitations.id"))
    bank_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    status: Mapped[TermSheetStatus] = mapped_column(default=TermSheetStatus.PREPARED)
    together: Mapped[bool] = mapped_column(default=False)
    amount: Mapped[Money] = money_columns("amount")
    own_part: Mapped[Money] = money_columns("own_part")
    rate_bps: Mapped[int]
    penalty_rate_bps: Mapped[int]
    term_months: Mapped[int]
    method: Mapped[RepaymentMethod]
    every_months: Mapped[int] = mapped_column(default=1)
    upfront_fee: Mapped[Money] = money_columns("upfront_fee")
    ip_secured: Mapped[Money] = money_columns("ip_secured")
    pool_cover_bps: Mapped[int] = mapped_column(default=0)
    clauses: Mapped[Clauses] = clause_columns()
    conditions: Mapped[str] = mapped_column(String(1000), default="")
    assessed_value: Mapped[Money] = money_columns("assessed_value")
    value_basis: Mapped[ValuationBasis]
    note: Mapped[str] = mapped_column(String(2000), default="")
    maximum_pledge: Mapped[bool] = mapped_column(default=False)
    file_seen: Mapped[dict[str, Any]] = mapped_column(default=dict)
    effective_cost_bps: Mapped[int]
    valid_until: Mapped[date] = mapped_column(Date)
    prepared_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    prepared_at: Mapped[datetime]
    approved_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    offered_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]

    @property
    def terms(self) -> LoanTerms:
        """What the schedule and the cost follow from."""
        return LoanTerms(
            amount=self.amount,
            rate_bps=self.rate_bps,
            term_months=self.term_months,
            method=self.method,
            every_months=self.every_months,
            upfront_fee=self.upfront_fee,
            grace_periods=self.clauses.grace_periods,
        )

    @property
    def is_club(self) -> bool:
        """Whether other banks lend a part."""
        return self.own_part != self.amount

    @property
    def was_offered(self) -> bool:
        """Whether the borrower was ever shown this offer."""
        return self.offered_at is not None

    def become(self, status: TermSheetStatus) -> None:
        """Move to the next status of the table."""
        self.status = TERM_SHEET_LIFECYCLE.check(self.status, status)

    def require_valid(self, on: date) -> None:
        """Refuse an offer whose time is over."""
        require(on <= self.valid_until, OfferExpired(day=self.valid_until))


@dataclass(frozen=True)
class TermSheetPrepared(Fact):
    """A bank's officer prepared an offer that a second person must approve."""

    term_sheet_id: UUID


@dataclass(frozen=True)
class TermSheetOffered(Fact):
    """A bank made an offer."""

    term_sheet_id: UUID


@dataclass(frozen=True)
class TermSheetWithdrawn(Fact):
    """A bank took its offer back."""

    term_sheet_id: UUID


@dataclass(frozen=True, kw_only=True)
class Offer:
    """The terms as the bank's officer enters them."""

    amount: Money
    rate_bps: int
    term_months: int
    method: RepaymentMethod
    assessed_value: Money
    value_basis: ValuationBasis
    upfront_fee: Money
    every_months: int = 1
    ip_secured: Money | None = None
    penalty_rate_bps: int | None = None
    pool_cover_bps: int = 0
    clauses: Clauses = field(default_factory=Clauses)
    conditions: str = ""
    note: str = ""
    valid_days: int = 30
    together: bool = False
    maximum_pledge: bool = False

    @property
    def terms(self) -> LoanTerms:
        """What the schedule and the cost follow from."""
        return LoanTerms(
            amount=self.amount,
            rate_bps=self.rate_bps,
            term_months=self.term_months,
            method=self.method,
            every_months=self.every_months,
            upfront_fee=self.upfront_fee,
            grace_periods=self.clauses.grace_periods,
        )


def prepare_term_sheet(actor: Actor, invitation_id: UUID, offer: Offer, now: datetime) -> TermSheet:
    """Enter an offer; within the bank's limit it goes out at once, above it a second person approves first.

    An offer to be made together with other banks waits in any case until its places are taken.
    """
    invitation = find_invitation(actor, invitation_id, lock=True)
    require(actor.may("loan.underwrite"))
    require_approved(actor)
    find(Application, invitation.application_id).require_open()
    require(_live_of(invitation.id) is None, OfferOutstanding())
    offer = replace(offer, rate_bps=rate_on(offer.clauses, offer.rate_bps, now.date()))
    _require_sound(offer)
    sheet = TermSheet(
        application_id=invitation.application_id,
        invitation_id=invitation.id,
        bank_id=invitation.bank_id,
        together=offer.together,
        maximum_pledge=offer.maximum_pledge,
        amount=offer.amount,
        own_part=offer.amount,
        rate_bps=offer.rate_bps,
        penalty_rate_bps=offer.rate_bps * 3 // 2 if offer.penalty_rate_bps is None else offer.penalty_rate_bps,
        term_months=offer.term_months,
        method=offer.method,
        every_months=offer.every_months,
        upfront_fee=offer.upfront_fee,
        ip_secured=offer.ip_secured or offer.amount,
        pool_cover_bps=offer.pool_cover_bps,
        clauses=offer.clauses,
        conditions=offer.conditions,
        assessed_value=offer.assessed_value,
        value_basis=offer.value_basis,
        note=offer.note,
        effective_cost_bps=offer.terms.effective_cost_bps(now.date()),
        valid_until=now.date() + timedelta(days=offer.valid_days),
        prepared_by=actor.person_id,
        prepared_at=now,
    )
    session.add(sheet)
    session.flush()
    announce(actor, now, TermSheetPrepared(sheet.id))
    if not offer.together and not needs_second_person(invitation.bank_id, offer.amount):
        _send_out(actor, sheet, invitation, now)
    return sheet


def approve_term_sheet(actor: Actor, term_sheet_id: UUID, now: datetime) -> TermSheet:
    """The second person of the bank agrees and the offer goes out."""
    sheet = find_term_sheet(actor, term_sheet_id, lock=True)
    require(policy.is_lender(actor, sheet.bank_id), policy.WrongActor())
    require(actor.may("loan.approve"))
    require_second_person(actor, sheet.prepared_by, sheet.amount)
    find(Application, sheet.application_id, lock=True).require_open()
    sheet.require_valid(now.date())
    require_complete(sheet.amount, sheet.own_part, filled_places(sheet.id))
    _send_out(actor, sheet, find(Invitation, sheet.invitation_id, lock=True), now)
    return sheet


def withdraw_term_sheet(actor: Actor, term_sheet_id: UUID, now: datetime) -> TermSheet:
    """Take an offer back that nobody has accepted."""
    sheet = find_term_sheet(actor, term_sheet_id, lock=True)
    require(policy.is_lender(actor, sheet.bank_id), policy.WrongActor())
    require(actor.may("loan.underwrite"))
    sheet.become(TermSheetStatus.WITHDRAWN)
    sheet.decided_at = now
    session.flush()
    announce(actor, now, TermSheetWithdrawn(sheet.id))
    return sheet


def expire_term_sheets(on: date, now: datetime) -> int:
    """Close every offer whose time is over; answers how many."""
    overdue = session.execute(
        select(TermSheet)
        .where(TermSheet.status.in_(LIVE), TermSheet.valid_until < on)
        .with_for_update(skip_locked=True)
    ).scalars()
    count = 0
    for sheet in overdue:
        sheet.become(TermSheetStatus.EXPIRED)
        sheet.decided_at = now
        count += 1
    session.flush()
    return count


def find_term_sheet(actor: Actor, term_sheet_id: UUID, lock: bool = False) -> TermSheet:
    """The offer for its bank, and once it is out for the borrower; for everybody else it does not exist."""
    sheet = find(TermSheet, term_sheet_id, lock=lock)
    borrower_id = find(Application, sheet.application_id).borrower_id
    require(policy.may_see_term_sheet(actor, sheet, borrower_id), NotFound())
    return sheet


def offers_on(actor: Actor, application_id: UUID) -> list[TermSheet]:
    """The offers the borrower compares, the cheapest by effective yearly cost first."""
    application = find_application(actor, application_id)
    query = select(TermSheet).where(TermSheet.application_id == application.id, TermSheet.offered_at.is_not(None))
    return list(session.execute(query.order_by(TermSheet.effective_cost_bps, TermSheet.id)).scalars())


def sheets_of_invitation(invitation: Invitation) -> list[TermSheet]:
    """The bank's own offers on an application, newest first."""
    query = select(TermSheet).where(TermSheet.invitation_id == invitation.id).order_by(TermSheet.id.desc())
    return list(session.execute(query).scalars())


def sheets_awaiting_approval(bank_id: UUID) -> list[TermSheet]:
    """Offers that wait for the bank's second person."""
    query = select(TermSheet).where(TermSheet.bank_id == bank_id, TermSheet.status == TermSheetStatus.PREPARED)
    return list(session.execute(query.order_by(TermSheet.id)).scalars())


def _send_out(actor: Actor, sheet: TermSheet, invitation: Invitation, now: datetime) -> None:
    sheet.become(TermSheetStatus.OFFERED)
    sheet.approved_by, sheet.offered_at = actor.person_id, now
    if INVITATION_LIFECYCLE.allows(invitation.status, InvitationStatus.OFFERED):
        invitation.become(InvitationStatus.OFFERED)
    session.flush()
    announce(actor, now, TermSheetOffered(sheet.id))


def _live_of(invitation_id: UUID) -> TermSheet | None:
    query = select(TermSheet).where(TermSheet.invitation_id == invitation_id, TermSheet.status.in_(LIVE))
    found: TermSheet | None = session.execute(query).scalar_one_or_none()
    return found


def _require_sound(offer: Offer) -> None:
    """Terms that fit together, within what the bank's own valuation carries."""
    if offer.term_months % offer.every_months:
        raise Malformed("every_months", _l("The term must be a whole number of repayment periods."))
    offer.clauses.require_sound(offer.term_months // offer.every_months)
    if offer.upfront_fee >= offer.amount:
        raise Malformed("upfront_fee", _l("The fee must be smaller than the loan."))
    if offer.ip_secured is not None and offer.ip_secured > offer.amount:
        raise Malformed("ip_secured", _l("The part secured by rights cannot exceed the loan."))
    require_within(offer.amount, Cap(percentage(offer.assessed_value, HARD_CAP_BPS), "hard_cap"))
    internal = offer.value_basis in (ValuationBasis.BANK_INTERNAL, ValuationBasis.NEGOTIATED)
    if internal and offer.amount.currency == INTERNAL_VALUATION_LIMIT.currency:
        require_within(offer.amount, Cap(INTERNAL_VALUATION_LIMIT, "internal_valuation_limit"))
