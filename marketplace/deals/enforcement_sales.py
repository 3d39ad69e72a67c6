"""Enforcement sales: a pledged right sold to pay its creditor, in rounds, each announced long enough before it opens."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, money_columns, session
from marketplace.core.errors import NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.deals.enforcement_rules import NEXT, RULES, PlannedSale, SaleRound, faults_of
from marketplace.deals.wording import PRIORITY_SALE
from marketplace.listings.course import withdraw_listing
from marketplace.listings.listings import (
    Listing,
    ListingStatus,
    find_listing,
    own_listing,
    publish_listing,
)
from marketplace.listings.terms import ListingMode
from marketplace.notices.inbox import tell
from marketplace.registry.assets import find_asset

PLANNED_FOR = timedelta(days=90)
"""A planned sale whose notice was never published is dropped after so long."""


class SaleRulesBroken(Refused):
    """The sale would break the rules of its round."""

    message = _l("This sale cannot be announced: %(faults)s")


class NoticeMissing(Refused):
    """An enforcement sale is published with its notice, not like any listing."""

    message = _l("Publish this listing with the notice of its enforcement sale.")


class SaleNotOpen(Refused):
    """An offer at a price opens when its notice has run, and not below the floor."""

    message = _l("This sale opens on %(opens_at)s at %(floor)s or more.")


class WrongListing(Refused):
    """The listing does not fit the round."""

    message = _l("The first two rounds are auctions, the last is an offer at a fixed price; use a draft listing of it.")


class RoundNotOver(Refused):
    """The next round follows an unsold one of the same right."""

    message = _l("The earlier round must have ended unsold, with the same right, and nothing planned after it.")


class SaleStatus(StrEnum):
    """How one round stands."""

    PLANNED = "planned"
    NOTICED = "noticed"
    SOLD = "sold"
    UNSOLD = "unsold"
    CANCELLED = "cancelled"


S = SaleStatus
SALE_LIFECYCLE = Lifecycle(
    "enforcement_sale",
    {
        S.PLANNED: {S.NOTICED, S.CANCELLED},
        S.NOTICED: {S.SOLD, S.UNSOLD, S.CANCELLED},
        S.SOLD: {S.UNSOLD},
        S.UNSOLD: set(),
        S.CANCELLED: set(),
    },
)


class EnforcementSale(Model):
    """One round of selling one right for its creditor."""

    __tablename__ = "enforcement_sales"
    __table_args__ = (
        CheckConstraint("appraisal_minor > 0", name="appraisal_above_zero"),
        CheckConstraint("(round = 'first') = (previous_id IS NULL)", name="later_rounds_follow"),
        CheckConstraint("status = 'planned' OR status = 'cancelled' OR noticed_at IS NOT NULL", name="noticed"),
        Index("ix_enforcement_sales_status", "status"),
        Index(
            "uq_enforcement_sales_listing", "listing_id", unique=True, postgresql_where=text("status <> 'cancelled'")
        ),
        Index(
            "uq_enforcement_sales_previous", "previous_id", unique=True, postgresql_where=text("status <> 'cancelled'")
        ),
    )

    asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"), index=True)
    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listings.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    previous_id: Mapped[UUID | None] = mapped_column(ForeignKey("enforcement_sales.id"))
    round: Mapped[SaleRound]
    status: Mapped[SaleStatus] = mapped_column(default=SaleStatus.PLANNED)
    appraisal: Mapped[Money] = money_columns("appraisal")
    appraised_on: Mapped[date] = mapped_column(Date)
    appraiser: Mapped[str] = mapped_column(String(200))
    basis: Mapped[str] = mapped_column(String(1000))
    taxes: Mapped[str] = mapped_column(Text)
    priority_told: Mapped[list[str]] = mapped_column(JSONB, default=list)
    priority_told_at: Mapped[datetime | None]
    planned_at: Mapped[datetime]
    noticed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    def become(self, status: SaleStatus, now: datetime) -> None:
        """Move on."""
        self.status = SALE_LIFECYCLE.check(self.status, status)
        if status is not SaleStatus.NOTICED:
            self.ended_at = now


@dataclass(frozen=True)
class SalePlanned(Fact):
    """A round was prepared."""

    sale_id: UUID
    listing_id: UUID
    round: str


@dataclass(frozen=True)
class SaleMoved(Fact):
    """A round was announced, or ended."""

    sale_id: UUID
    status: str


def plan_sale(
    actor: Actor, listing_id: UUID, given: Mapping[str, Any], now: datetime, previous_id: UUID | None = None
) -> EnforcementSale:
    """Prepare a round on an own draft listing; holders of a priority right are told at once."""
    listing = own_listing(actor, listing_id)
    previous = None if previous_id is None else find(EnforcementSale, previous_id, lock=True)
    round_ = SaleRound.FIRST if previous is None else _round_after(previous, listing)
    wanted = ListingMode.FIXED_PRICE if round_ is SaleRound.PRIVATE else ListingMode.AUCTION
    fits = listing.mode is wanted and listing.status is ListingStatus.DRAFT
    require(fits and sale_of_listing(listing.id) is None, WrongListing())
    sale = EnforcementSale(
        asset_id=listing.asset_id, listing_id=listing.id, organisation_id=listing.organisation_id, round=round_,
        previous_id=previous_id, priority_told=[], planned_at=now, **given,
    )  # fmt: skip
    session.add(sale)
    session.flush()
    tell_priority_holders(sale, listing, now)
    announce(actor, now, SalePlanned(sale.id, listing.id, round_.value))
    return sale


def tell_priority_holders(sale: EnforcementSale, listing: Listing, now: datetime) -> None:
    """Tell each holder named on the draft once; the three days run from the last one told."""
    named = [str(one["organisation_id"]) for one in listing.lot_rules.get("priority_holders", ())]
    new = [one for one in dict.fromkeys(named) if one not in sale.priority_told]
    if not new:
        return
    for organisation_id in new:
        params = {"title": find_asset(sale.asset_id).title}
        tell(UUID(organisation_id), PRIORITY_SALE, params, "/enforcement-sales", now)
    sale.priority_told, sale.priority_told_at = [*sale.priority_told, *new], now
    session.flush()


def _round_after(previous: EnforcementSale, listing: Listing) -> SaleRound:
    require(previous.organisation_id == listing.organisation_id, NotFound())
    follows = (EnforcementSale.previous_id == previous.id) & (EnforcementSale.status != SaleStatus.CANCELLED)
    taken = session.execute(select(EnforcementSale.id).where(follows)).first()
    free = previous.status is SaleStatus.UNSOLD and previous.round in NEXT and taken is None
    require(free and previous.asset_id == listing.asset_id, RoundNotOver())
    return NEXT[previous.round]


def publish_notice(actor: Actor, sale_id: UUID, now: datetime) -> EnforcementSale:
    """Announce the round: the listing is published with it, if every rule and the creditor's consent allow it."""
    sale = find(EnforcementSale, sale_id, lock=True)
    listing = own_listing(actor, sale.listing_id)
    require_rules_kept(sale, listing, now)
    sale.become(SaleStatus.NOTICED, now)
    sale.noticed_at = now
    session.flush()
    publish_listing(actor, listing.id, now)
    announce(actor, now, SaleMoved(sale.id, sale.status.value))
    return sale


def require_rules_kept(sale: EnforcementSale, listing: Listing, notice_at: datetime) -> None:
    """Refuse what breaks the rules of the round, naming each."""
    found = faults_of(planned(sale, listing, notice_at), notice_at)
    words = " ".join(str(fault.message) for fault in found)
    require(not found, SaleRulesBroken(faults=words, rules=[fault.rule for fault in found]))


def planned(sale: EnforcementSale, listing: Listing, notice_at: datetime) -> PlannedSale:
    """The round as the rules weigh it; an offer at a price opens when its notice has run and stays for its time."""
    assert listing.price is not None
    previous = None if sale.previous_id is None else find(EnforcementSale, sale.previous_id)
    rule = RULES[sale.round]
    opens_at = listing.opens_at or notice_at + rule.notice
    return PlannedSale(
        round=sale.round, appraisal=sale.appraisal, start=listing.price,
        earlier_start=None if previous is None else find_listing(previous.listing_id).price, deposit=listing.deposit,
        opens_at=opens_at, closes_at=listing.closes_at or opens_at + rule.open_for,
        priority_told_at=sale.priority_told_at, earlier_ended_at=None if previous is None else previous.ended_at,
        reserve=listing.reserve, ascending=listing.lot_rules.get("format", "english") == "english",
    )  # fmt: skip


def cancel_sale(actor: Actor, sale_id: UUID, now: datetime) -> EnforcementSale:
    """Give a round up: the debt was paid, or the sale was ordered wrongly; a lot with bids runs to its end."""
    sale = find(EnforcementSale, sale_id, lock=True)
    listing = own_listing(actor, sale.listing_id)
    sale.become(SaleStatus.CANCELLED, now)
    if listing.status is not ListingStatus.WITHDRAWN:
        withdraw_listing(actor, listing.id, now)
    session.flush()
    announce(actor, now, SaleMoved(sale.id, sale.status.value))
    return sale


def sale_of_listing(listing_id: UUID, lock: bool = False) -> EnforcementSale | None:
    """The round a listing belongs to, if it is an enforcement sale that was not given up."""
    stands = EnforcementSale.status != SaleStatus.CANCELLED
    query = select(EnforcementSale).where(EnforcementSale.listing_id == listing_id, stands)
    found: EnforcementSale | None = session.execute(query.with_for_update() if lock else query).scalar_one_or_none()
    return found


def find_sale(actor: Actor | None, sale_id: UUID) -> EnforcementSale:
    """A round; what is only planned exists for its own organisation and the operator."""
    sale = find(EnforcementSale, sale_id)
    mine = actor is not None and (actor.organisation_id == sale.organisation_id or actor.may("platform.operate"))
    require(mine or sale.noticed_at is not None, NotFound())
    return sale


def announced_sales() -> list[EnforcementSale]:
    """The notice board: every announced round, newest first."""
    query = select(EnforcementSale).where(EnforcementSale.noticed_at.is_not(None))
    return list(session.execute(query.order_by(EnforcementSale.noticed_at.desc()).limit(100)).scalars())


def sales_of(organisation_id: UUID | None) -> list[EnforcementSale]:
    """Every round of an organisation, newest first."""
    query = select(EnforcementSale).where(EnforcementSale.organisation_id == organisation_id)
    return list(session.execute(query.order_by(EnforcementSale.id.desc()).limit(100)).scalars())
