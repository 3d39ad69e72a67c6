"""The licensor's right to have the books inspected once a year (Civil Code art. 846), and what is found."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.clock import market_day
from marketplace.core.db import Model, find, money_columns, session
from marketplace.core.errors import Malformed, NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.deals import policy
from marketplace.deals.deals import Deal, find_deal
from marketplace.deals.royalties import ask_for, pay_licensor, royalty_periods
from marketplace.payments.collections import Collection, PaymentCollected

SHORTFALL = "royalty_shortfall"


class AuditedThisYear(Refused):
    """The contract allows one inspection a year."""

    message = _l("The books were already asked for this year.")


class NothingToInspect(Refused):
    """The licence has no running royalty."""

    message = _l("This licence has no running royalty.")


class FindingDecided(Refused):
    """The licensee has answered already, or nothing was found yet."""

    message = _l("There is no open finding to answer.")


class RoyaltyAudit(Model):
    """One year's inspection of the licensee's books: by whom, what was missing, whether it was accepted."""

    __tablename__ = "royalty_audits"
    __table_args__ = (
        UniqueConstraint("deal_id", "year"),
        CheckConstraint("shortfall_minor >= 0", name="shortfall_not_negative"),
        CheckConstraint("accepted_at IS NULL OR found_at IS NOT NULL", name="accepted_after_found"),
    )

    deal_id: Mapped[UUID] = mapped_column(ForeignKey("deals.id"))
    year: Mapped[int]
    accountant: Mapped[str] = mapped_column(String(200))
    asked_at: Mapped[datetime]
    shortfall: Mapped[Money | None] = money_columns("shortfall", optional=True)
    file_id: Mapped[UUID | None] = mapped_column(ForeignKey("files.id"))
    found_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]


@dataclass(frozen=True)
class RoyaltyAuditAsked(Fact):
    """The licensor asked for the books."""

    deal_id: UUID
    audit_id: UUID


@dataclass(frozen=True)
class RoyaltyShortfallFound(Fact):
    """The accountant reported what was missing."""

    deal_id: UUID
    audit_id: UUID


@dataclass(frozen=True)
class RoyaltyShortfallAccepted(Fact):
    """The licensee accepts the finding and is asked to pay it."""

    deal_id: UUID
    audit_id: UUID


def ask_for_books(actor: Actor, deal_id: UUID, accountant: str, now: datetime) -> RoyaltyAudit:
    """The licensor names an independent accountant, once in a calendar year."""
    deal = find_deal(actor, deal_id, lock=True)
    policy.require_trader(actor)
    require(actor.organisation_id == deal.seller_id)
    require(bool(royalty_periods(actor, deal.id)), NothingToInspect())
    year = market_day(now).year
    require(all(audit.year != year for audit in audits_of(actor, deal.id)), AuditedThisYear())
    audit = RoyaltyAudit(deal_id=deal.id, year=year, accountant=accountant, asked_at=now)
    session.add(audit)
    session.flush()
    announce(actor, now, RoyaltyAuditAsked(deal.id, audit.id))
    return audit


def record_finding(actor: Actor, audit_id: UUID, shortfall: Money, file_id: UUID, now: datetime) -> RoyaltyAudit:
    """The licensor brings the accountant's report and what was missing; nothing missing ends the inspection."""
    audit, deal = _audit(actor, audit_id)
    require(actor.organisation_id == deal.seller_id)
    require(audit.found_at is None, FindingDecided())
    if shortfall.currency != deal.price.currency or shortfall.amount_minor < 0:
        raise Malformed("shortfall", _l("State the amount in %(currency)s.") % {"currency": deal.price.currency})
    audit.shortfall, audit.file_id, audit.found_at = shortfall, file_id, now
    if not shortfall.amount_minor:
        audit.accepted_at = now
    session.flush()
    announce(actor, now, RoyaltyShortfallFound(deal.id, audit.id))
    return audit


def record_typed_finding(actor: Actor, audit_id: UUID, typed: str, file_id: UUID, now: datetime) -> RoyaltyAudit:
    """The same from a form: the amount as typed is read in the licence's currency."""
    _found, deal = _audit(actor, audit_id)
    shortfall = Money.typed(typed, deal.price.currency, allow_zero=True)
    return record_finding(actor, audit_id, shortfall, file_id, now)


def accept_finding(actor: Actor, audit_id: UUID, now: datetime) -> RoyaltyAudit:
    """The licensee accepts what was found and is asked to pay it."""
    audit, deal = _audit(actor, audit_id)
    require(actor.organisation_id == deal.buyer_id)
    require(audit.found_at is not None and audit.accepted_at is None, FindingDecided())
    assert audit.shortfall is not None
    audit.accepted_at = now
    session.flush()
    announce(actor, now, RoyaltyShortfallAccepted(deal.id, audit.id))
    ask_for(deal, audit.shortfall, SHORTFALL, audit.id, now)
    return audit


def receive_shortfall(_actor: Actor, fact: PaymentCollected, now: datetime) -> None:
    """The missing royalty arrived and goes to the licensor."""
    if fact.purpose == SHORTFALL:
        audit = find(RoyaltyAudit, fact.paid_for_id)
        amount = find(Collection, fact.collection_id).amount
        pay_licensor(find(Deal, audit.deal_id), amount, f"{SHORTFALL}:{audit.id}", now)


def audits_of(actor: Actor, deal_id: UUID) -> list[RoyaltyAudit]:
    """The inspections of a licence, for its two sides and the platform."""
    deal = find_deal(actor, deal_id)
    query = select(RoyaltyAudit).where(RoyaltyAudit.deal_id == deal.id).order_by(RoyaltyAudit.year)
    return list(session.execute(query).scalars())


def _audit(actor: Actor, audit_id: UUID) -> tuple[RoyaltyAudit, Deal]:
    audit = find(RoyaltyAudit, audit_id, lock=True)
    deal = find(Deal, audit.deal_id)
    require(policy.may_see_sides(actor, deal.seller_id, deal.buyer_id), NotFound())
    policy.require_trader(actor)
    return audit, deal
