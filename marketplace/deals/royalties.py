"""Running royalties of a licence: the licensee reports each quarter, pays, and the licensor receives it."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.clock import market_day
from marketplace.core.db import Model, find, money_columns, session
from marketplace.core.errors import Malformed, NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.deals import policy
from marketplace.deals.deals import Deal, DealReleased, find_deal
from marketplace.deals.royalty_rules import late_interest, periods, royalty_on
from marketplace.deals.terms import DealKind
from marketplace.payments.collections import Collection, Method, PaymentCollected, request_collection
from marketplace.payments.held_funds import held_account
from marketplace.payments.payouts import request_payout
from marketplace.registry.assets import find_asset

ROYALTY, INTEREST = "royalty", "royalty_interest"


class PeriodRunning(Refused):
    """The period has not ended."""

    message = _l("This period runs until %(day)s; report it afterwards.")


class RoyaltyStatus(StrEnum):
    """Whether a period was reported and paid."""

    OPEN = "open"
    REPORTED = "reported"
    PAID = "paid"


ROYALTY_LIFECYCLE = Lifecycle(
    "royalty",
    {
        RoyaltyStatus.OPEN: {RoyaltyStatus.REPORTED},
        RoyaltyStatus.REPORTED: {RoyaltyStatus.PAID},
        RoyaltyStatus.PAID: set(),
    },
)


class RoyaltyPeriod(Model):
    """One reporting period of one licence: what was sold, what is owed for it, when it was paid."""

    __tablename__ = "royalty_periods"
    __table_args__ = (
        UniqueConstraint("deal_id", "number"),
        CheckConstraint("ends_on >= begins_on AND due_on > ends_on", name="days_in_order"),
        CheckConstraint("base_minor >= 0 AND royalty_minor BETWEEN 0 AND base_minor", name="amounts_sane"),
        CheckConstraint("(status = 'open') = (reported_at IS NULL)", name="reported_has_time"),
    )

    deal_id: Mapped[UUID] = mapped_column(ForeignKey("deals.id"))
    number: Mapped[int]
    begins_on: Mapped[date]
    ends_on: Mapped[date]
    due_on: Mapped[date] = mapped_column(index=True)
    rate_bps: Mapped[int]
    status: Mapped[RoyaltyStatus] = mapped_column(default=RoyaltyStatus.OPEN)
    base: Mapped[Money | None] = money_columns("base", optional=True)
    royalty: Mapped[Money | None] = money_columns("royalty", optional=True)
    interest: Mapped[Money | None] = money_columns("interest", optional=True)
    note: Mapped[str] = mapped_column(String(500), default="")
    file_id: Mapped[UUID | None] = mapped_column(ForeignKey("files.id"))
    reported_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    reported_at: Mapped[datetime | None]
    paid_on: Mapped[date | None]
    reminded_at: Mapped[datetime | None]

    def become(self, status: RoyaltyStatus) -> None:
        """Move on, or refuse."""
        self.status = ROYALTY_LIFECYCLE.check(self.status, status)


@dataclass(frozen=True)
class RoyaltiesBegan(Fact):
    """A licence with a running royalty began; its reporting periods stand."""

    deal_id: UUID
    periods: int


@dataclass(frozen=True)
class RoyaltyReported(Fact):
    """The licensee reported a period."""

    deal_id: UUID
    period_id: UUID


@dataclass(frozen=True)
class RoyaltyPaid(Fact):
    """A period's royalty, or the interest on it, was paid and goes to the licensor."""

    deal_id: UUID
    period_id: UUID
    purpose: str


def begin_royalties(actor: Actor, fact: DealReleased, now: datetime) -> None:
    """When a licence with a running royalty stands, lay out its reporting periods."""
    deal = find(Deal, fact.deal_id)
    terms = deal.agreed
    if deal.kind is not DealKind.LICENCE or not terms.royalty_bps:
        return
    begin = market_day(now)
    end = terms.ends_on(begin) or find_asset(deal.asset_id).expires_on
    if end is None or end < begin:
        return
    laid_out = periods(begin, end)
    session.add_all(
        RoyaltyPeriod(
            deal_id=deal.id, number=one.number, begins_on=one.begins_on, ends_on=one.ends_on, due_on=one.due_on,
            rate_bps=terms.royalty_bps, status=RoyaltyStatus.OPEN,
        )
        for one in laid_out
    )  # fmt: skip
    session.flush()
    announce(actor, now, RoyaltiesBegan(deal.id, len(laid_out)))


def report_royalty(
    actor: Actor, deal_id: UUID, number: int, base: Money, file_id: UUID | None, note: str, now: datetime
) -> RoyaltyPeriod:
    """The licensee states what an ended period brought; the royalty is computed and asked for."""
    deal = find_deal(actor, deal_id)
    policy.require_trader(actor)
    require(actor.organisation_id == deal.buyer_id)
    period = period_numbered(deal.id, number, lock=True)
    require(market_day(now) > period.ends_on, PeriodRunning(day=period.ends_on))
    if base.currency != deal.price.currency or base.amount_minor < 0:
        raise Malformed("base", _l("State the amount in %(currency)s.") % {"currency": deal.price.currency})
    period.become(RoyaltyStatus.REPORTED)
    period.base, period.royalty = base, royalty_on(base, period.rate_bps)
    period.file_id, period.note = file_id, note
    period.reported_by, period.reported_at = actor.person_id, now
    session.flush()
    announce(actor, now, RoyaltyReported(deal.id, period.id))
    if period.royalty.amount_minor:
        ask_for(deal, period.royalty, ROYALTY, period.id, now)
    else:
        period.become(RoyaltyStatus.PAID)
        period.paid_on = market_day(now)
    return period


def receive_royalty(actor: Actor, fact: PaymentCollected, now: datetime) -> None:
    """Money for a period arrived: late days bear interest, and the money goes to the licensor."""
    if fact.purpose not in (ROYALTY, INTEREST):
        return
    period = find(RoyaltyPeriod, fact.paid_for_id, lock=True)
    deal = find(Deal, period.deal_id)
    paid = find(Collection, fact.collection_id).amount
    if fact.purpose == ROYALTY:
        period.become(RoyaltyStatus.PAID)
        period.paid_on = market_day(now)
        period.interest = late_interest(paid, period.due_on, period.paid_on)
        if period.interest.amount_minor:
            ask_for(deal, period.interest, INTEREST, period.id, now)
    session.flush()
    pay_licensor(deal, paid, f"{fact.purpose}:{period.id}", now)
    announce(actor, now, RoyaltyPaid(deal.id, period.id, fact.purpose))


def ask_for(deal: Deal, amount: Money, purpose: str, subject_id: UUID, now: datetime) -> Collection:
    """Ask the licensee to pay into this licence's own supervised account."""
    account = held_account("royalty", deal.id, amount.currency)
    return request_collection(SYSTEM, deal.buyer_id, amount, purpose, subject_id, Method.BANK_TRANSFER, account, now)


def pay_licensor(deal: Deal, amount: Money, reference: str, now: datetime) -> None:
    """Set the money aside for the licensor; a second person at the platform lets it go."""
    account = held_account("royalty", deal.id, amount.currency)
    request_payout(SYSTEM, deal.seller_id, amount, account, reference, now, subject_id=deal.id)


def royalty_periods(actor: Actor, deal_id: UUID) -> list[RoyaltyPeriod]:
    """The reporting periods of a licence, for its two sides and the platform."""
    deal = find_deal(actor, deal_id)
    query = select(RoyaltyPeriod).where(RoyaltyPeriod.deal_id == deal.id)
    return list(session.execute(query.order_by(RoyaltyPeriod.number)).scalars())


def period_numbered(deal_id: UUID, number: int, lock: bool = False) -> RoyaltyPeriod:
    """One period of a licence."""
    query = select(RoyaltyPeriod).where(RoyaltyPeriod.deal_id == deal_id, RoyaltyPeriod.number == number)
    query = query.with_for_update().execution_options(populate_existing=True) if lock else query
    found: RoyaltyPeriod | None = session.execute(query).scalar_one_or_none()
    if found is None:
        raise NotFound()
    return found


def unreported_periods(on: date, buyer_id: UUID | None = None) -> list[tuple[RoyaltyPeriod, Deal]]:
    """Periods that have ended without a report, of one licensee or of all."""
    query = (
        select(RoyaltyPeriod, Deal)
        .join(Deal, Deal.id == RoyaltyPeriod.deal_id)
        .where(RoyaltyPeriod.status == RoyaltyStatus.OPEN, RoyaltyPeriod.ends_on < on)
        .order_by(RoyaltyPeriod.due_on)
        .limit(200)
    )
    if buyer_id is not None:
        query = query.where(Deal.buyer_id == buyer_id)
    return [(period, deal) for period, deal in session.execute(query)]
