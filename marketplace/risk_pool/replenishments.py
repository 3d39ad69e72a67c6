"""Replenishments: money that reached a pool, with who paid it and why; it counts when a second person confirmed it."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.clock import market_day
from marketplace.core.db import Model, find, money_columns, session
from marketplace.core.errors import Malformed, NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.identity.organisations import find_organisation
from marketplace.identity.sign_in import require_fresh
from marketplace.ledger.accounts import Side, open_account
from marketplace.ledger.entries import Posting, post
from marketplace.risk_pool import policy
from marketplace.risk_pool.pools import CLEARING, Pool


class ReplenishmentDiffers(Refused):
    """The bank reference is known with other particulars."""

    message = _l("The transfer %(reference)s is already recorded with other particulars: %(amount)s. Refuse that record first.")  # fmt: skip


class SponsorKind(StrEnum):
    """Whose money it is: an organisation known here, a public budget, the account's own interest, or another body."""

    ORGANISATION = "organisation"
    CENTRAL_BUDGET = "central_budget"
    PROVINCIAL_BUDGET = "provincial_budget"
    CITY_BUDGET = "city_budget"
    DISTRICT_BUDGET = "district_budget"
    ACCOUNT_INTEREST = "account_interest"
    OTHER_BODY = "other_body"


class Reason(StrEnum):
    """Why money comes in."""

    YEARLY_BUDGET = "yearly_budget"
    ADDED_BUDGET = "added_budget"
    INTEREST = "interest"
    DONATION = "donation"
    RETURNED_MONEY = "returned_money"
    CONTRIBUTION = "contribution"


class Purpose(StrEnum):
    """What the money may be spent on: sharing losses, or aid for interest and fees."""

    FUND = "fund"
    SUBSIDY = "subsidy"


class ReplenishmentStatus(StrEnum):
    """Whether the money counts."""

    RECORDED = "recorded"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


S = ReplenishmentStatus
REPLENISHMENT_LIFECYCLE = Lifecycle(
    "replenishment", {S.RECORDED: {S.CONFIRMED, S.REFUSED}, S.CONFIRMED: set(), S.REFUSED: set()}
)


class Replenishment(Model):
    """One transfer that reached a pool's supervised account."""

    __tablename__ = "risk_pool_replenishments"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("confirmed_by IS NULL OR confirmed_by <> recorded_by", name="second_person"),
        CheckConstraint("(status = 'confirmed') = (confirmed_by IS NOT NULL)", name="confirmed_by_somebody"),
        CheckConstraint("(status = 'refused') = (refused_by IS NOT NULL)", name="refused_by_somebody"),
        CheckConstraint("(sponsor_kind = 'organisation') = (sponsor_id IS NOT NULL)", name="sponsor_known"),
        CheckConstraint("sponsor_kind <> 'other_body' OR sponsor_name <> ''", name="sponsor_named"),
        CheckConstraint("(sponsor_kind = 'account_interest') = (reason = 'interest')", name="interest_of_the_account"),
        Index(
            "uq_risk_pool_replenishments_reference", "pool_id", "bank_reference", unique=True,
            postgresql_where=text("status <> 'refused'"),
        ),
    )  # fmt: skip

    pool_id: Mapped[UUID] = mapped_column(ForeignKey("risk_pools.id"), index=True)
    purpose: Mapped[Purpose]
    sponsor_kind: Mapped[SponsorKind]
    sponsor_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"))
    sponsor_name: Mapped[str] = mapped_column(String(200), default="")
    reason: Mapped[Reason]
    note: Mapped[str] = mapped_column(String(1000), default="")
    amount: Mapped[Money] = money_columns("amount")
    received_on: Mapped[date]
    bank_reference: Mapped[str] = mapped_column(String(100))
    status: Mapped[ReplenishmentStatus] = mapped_column(default=S.RECORDED)
    recorded_by: Mapped[UUID]
    recorded_at: Mapped[datetime]
    confirmed_by: Mapped[UUID | None]
    confirmed_at: Mapped[datetime | None]
    refused_by: Mapped[UUID | None]
    refused_because: Mapped[str | None] = mapped_column(String(1000))

    @property
    def reference(self) -> str:
        """The ledger reference of the money."""
        return f"pool:{self.pool_id}:replenishment:{self.id}"

    def tells_the_same(self, told: "Told") -> bool:
        """Whether the transfer was recorded with these particulars; the note may be worded anew."""
        return Told(**{name: getattr(self, name) for name in Told.__dataclass_fields__} | {"note": told.note}) == told


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the account statement and the payer say of a transfer."""

    amount: Money
    bank_reference: str
    received_on: date
    reason: Reason
    sponsor_kind: SponsorKind
    sponsor_id: UUID | None = None
    sponsor_name: str = ""
    purpose: Purpose = Purpose.FUND
    note: str = ""

    def require_sound(self, pool: Pool, today: date) -> None:
        """The money is the pool's kind, came on a day that has been, and its payer fits the reason."""
        if self.amount.currency != pool.currency or self.amount.amount_minor <= 0:
            raise Malformed("amount", _l("The pool keeps another currency."))
        if self.received_on > today:
            raise Malformed("received_on", _l("This day lies ahead."))
        if not self.bank_reference:
            raise Malformed("bank_reference", _l("State the bank's reference of the transfer."))
        if (self.sponsor_kind is SponsorKind.ORGANISATION) != (self.sponsor_id is not None):
            raise Malformed("sponsor_id", _l("Name the organisation that paid, and only where one paid."))
        if self.sponsor_kind is SponsorKind.OTHER_BODY and not self.sponsor_name:
            raise Malformed("sponsor_name", _l("Name the body that paid."))
        if (self.sponsor_kind is SponsorKind.ACCOUNT_INTEREST) != (self.reason is Reason.INTEREST):
            raise Malformed("reason", _l("Interest comes from the account itself, and the account pays nothing else."))


@dataclass(frozen=True)
class ReplenishmentRecorded(Fact):
    """Somebody recorded money that reached the pool; it does not count yet."""

    pool_id: UUID
    replenishment_id: UUID
    amount_minor: int
    reference: str


@dataclass(frozen=True)
class PoolReplenished(Fact):
    """A second person confirmed money that came into the pool: from here it counts."""

    pool_id: UUID
    replenishment_id: UUID
    amount_minor: int
    reference: str


@dataclass(frozen=True)
class ReplenishmentRefused(Fact):
    """Recorded money was found not to be there, or not so."""

    pool_id: UUID
    replenishment_id: UUID
    reason: str


def record_replenishment(actor: Actor, pool_id: UUID, told: Told, now: datetime) -> Replenishment:
    """Record a transfer with its payer and reason; the same transfer told again is the same record."""
    pool = _administered(actor, pool_id)
    told = replace(told, bank_reference=" ".join(told.bank_reference.split()), sponsor_name=told.sponsor_name.strip())
    told.require_sound(pool, market_day(now))
    known = _live(pool.id, told.bank_reference)
    if known is not None:
        require(known.tells_the_same(told), ReplenishmentDiffers(reference=known.bank_reference, amount=known.amount))
        return known
    if told.sponsor_id is not None:
        find_organisation(told.sponsor_id)
    made = Replenishment(pool_id=pool.id, recorded_by=actor.person_id, recorded_at=now, **vars(told))
    session.add(made)
    session.flush()
    minor = made.amount.amount_minor
    announce(actor, now, ReplenishmentRecorded(pool.id, made.id, minor, made.bank_reference))
    return made


def confirm_replenishment(actor: Actor, replenishment_id: UUID, now: datetime) -> Replenishment:
    """Confirm, as a second person who looked at the account statement, that the money is there: it counts from now."""
    found, pool = _found(actor, replenishment_id)
    require(policy.may_decide(actor, pool))
    require(actor.person_id != found.recorded_by, SecondPersonNeeded())
    require_fresh(actor, now)
    found.status = REPLENISHMENT_LIFECYCLE.check(found.status, S.CONFIRMED)
    found.confirmed_by, found.confirmed_at = actor.person_id, now
    into = pool.account(found.purpose.value)
    open_account(CLEARING, pool.currency, Side.DEBIT, None)
    open_account(into, pool.currency, Side.CREDIT, 0, pool.administrator_id)
    kind = "pool_replenished" if found.purpose is Purpose.FUND else "subsidy_funded"
    post(actor, found.reference, kind, [Posting(CLEARING, into, found.amount)], now)
    announce(actor, now, PoolReplenished(pool.id, found.id, found.amount.amount_minor, found.bank_reference))
    return found


def refuse_replenishment(actor: Actor, replenishment_id: UUID, reason: str, now: datetime) -> Replenishment:
    """Find a recorded transfer wrong, with the reason; the same reference can then be recorded rightly."""
    found, pool = _found(actor, replenishment_id)
    require(policy.may_review(actor, pool) or policy.may_decide(actor, pool))
    found.status = REPLENISHMENT_LIFECYCLE.check(found.status, S.REFUSED)
    found.refused_by, found.refused_because = actor.person_id, reason
    session.flush()
    announce(actor, now, ReplenishmentRefused(pool.id, found.id, reason))
    return found


def _administered(actor: Actor, pool_id: UUID) -> Pool:
    pool = find(Pool, pool_id, lock=True)
    require(policy.administers(actor, pool), NotFound())
    require(policy.may_review(actor, pool) or policy.may_decide(actor, pool))
    return pool


def _found(actor: Actor, replenishment_id: UUID) -> tuple[Replenishment, Pool]:
    pool = find(Pool, find(Replenishment, replenishment_id).pool_id, lock=True)
    require(policy.administers(actor, pool), NotFound())
    return find(Replenishment, replenishment_id, lock=True), pool


def _live(pool_id: UUID, bank_reference: str) -> Replenishment | None:
    query = select(Replenishment).where(
        Replenishment.pool_id == pool_id, Replenishment.bank_reference == bank_reference, Replenishment.status != S.REFUSED
    )  # fmt: skip
    found: Replenishment | None = session.execute(query).scalar_one_or_none()
    return found
