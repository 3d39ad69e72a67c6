"""Deals: an agreed price on its way from contract to released money."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, or_, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import Model, find, money_columns, same_currency, session
from marketplace.core.errors import NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.deals import policy
from marketplace.deals.terms import DealKind, DealTerms
from marketplace.deals.waterfall import earnest_money
from marketplace.listings.course import ListingNotOpen, reserve_listing
from marketplace.listings.listings import ListingStatus, find_listing
from marketplace.payments.fee_schedule import success_fee
from marketplace.registry.rights import require_allowed

DEPOSIT_BPS = 1_000
"""The deposit asked of the buyer: ten per cent of the price."""


class DealPriceInvalid(Refused):
    """A deal needs a price above zero."""

    message = _l("The price of a deal must be above zero.")


class DealStatus(StrEnum):
    """How far a deal has come."""

    SIGNING = "signing"
    AWAITING_FUNDS = "awaiting_funds"
    FUNDS_HELD = "funds_held"
    RECORDAL_FILED = "recordal_filed"
    RECORDAL_PROVEN = "recordal_proven"
    RELEASED = "released"
    REFUNDING = "refunding"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"


S = DealStatus
DEAL_LIFECYCLE = Lifecycle(
    "deal",
    {
        S.SIGNING: {S.AWAITING_FUNDS, S.CANCELLED},
        S.AWAITING_FUNDS: {S.FUNDS_HELD, S.CANCELLED, S.REFUNDING},
        S.FUNDS_HELD: {S.RECORDAL_FILED, S.REFUNDING},
        S.RECORDAL_FILED: {S.RECORDAL_PROVEN, S.FUNDS_HELD, S.REFUNDING},
        S.RECORDAL_PROVEN: {S.RELEASED, S.REFUNDING},
        S.REFUNDING: {S.REFUNDED},
        S.RELEASED: set(),
        S.REFUNDED: set(),
        S.CANCELLED: set(),
    },
)
TERM_OF = {
    S.SIGNING: timedelta(days=7),
    S.AWAITING_FUNDS: timedelta(days=10),
    S.FUNDS_HELD: timedelta(days=75),
    S.RECORDAL_FILED: timedelta(days=180),
    S.RECORDAL_PROVEN: timedelta(days=3),
    S.REFUNDING: timedelta(days=3),
}
"""How long a deal may stay in each status; then it is closed, refunded, or the operator is called."""
OVER = frozenset({S.RELEASED, S.REFUNDED, S.CANCELLED})


class Deal(Model):
    """One sale or licence of one asset between two organisations."""

    __tablename__ = "deals"
    __table_args__ = (
        CheckConstraint("seller_id <> buyer_id", name="two_sides"),
        CheckConstraint("price_minor > 0", name="price_above_zero"),
        CheckConstraint("deposit_minor BETWEEN 0 AND price_minor", name="deposit_within_price"),
        CheckConstraint("fee_minor BETWEEN 0 AND price_minor", name="fee_within_price"),
        CheckConstraint("inventor_bps BETWEEN 0 AND 10000", name="inventor_share"),
        CheckConstraint(
            "release_approved_by IS NULL OR release_approved_by <> release_proposed_by", name="released_by_two"
        ),
        CheckConstraint(
            "refund_approved_by IS NULL OR refund_approved_by <> refund_started_by", name="refunded_by_two"
        ),
        CheckConstraint(
            "status <> 'released' OR (release_approved_by IS NOT NULL AND recordal_proven_at IS NOT NULL)",
            name="released_after_proof",
        ),
        same_currency("price", "deposit", "fee"),
        Index(
            "uq_deals_one_transfer", "asset_id", unique=True,
            postgresql_where=text("kind = 'transfer' AND status NOT IN ('released', 'refunded', 'cancelled')"),
        ),
        Index(
            "uq_deals_origin", "origin", "origin_id", "asset_id", unique=True,
            postgresql_where=text("origin_id IS NOT NULL AND status NOT IN ('refunded', 'cancelled')"),
        ),
        Index("ix_deals_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    )  # fmt: skip

    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listings.id"), index=True)
    asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"), index=True)
    seller_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    kind: Mapped[DealKind]
    price: Mapped[Money] = money_columns("price")
    deposit: Mapped[Money] = money_columns("deposit")
    fee: Mapped[Money] = money_columns("fee")
    deposit_lodged: Mapped[bool] = mapped_column(default=False)
    terms: Mapped[dict[str, Any]]
    origin: Mapped[str] = mapped_column(String(20))
    origin_id: Mapped[UUID | None]
    status: Mapped[DealStatus] = mapped_column(default=DealStatus.SIGNING)
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    contract_file_id: Mapped[UUID | None] = mapped_column(ForeignKey("files.id"))
    envelope_id: Mapped[UUID | None] = mapped_column(ForeignKey("envelopes.id"), unique=True)
    inventor_bps: Mapped[int] = mapped_column(default=0)
    recordal_number: Mapped[str] = mapped_column(String(120), default="")
    recordal_filed_on: Mapped[date | None] = mapped_column(Date)
    recordal_proven_at: Mapped[datetime | None]
    release_proposed_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    release_approved_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    refund_started_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    refund_approved_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    end_reason: Mapped[str] = mapped_column(Text, default="")
    ended_at: Mapped[datetime | None]

    @property
    def held_account(self) -> str:
        """The account in which this deal's money is held."""
        return f"held:deal:{self.id}"

    @property
    def balance_due(self) -> Money:
        """What the buyer pays besides the deposit."""
        return self.price - self.deposit

    @property
    def to_collect(self) -> Money:
        """What the buyer still brings: a deposit lodged for an auction is there already."""
        return self.balance_due if self.deposit_lodged else self.price

    @property
    def agreed(self) -> DealTerms:
        """The terms besides the price."""
        return DealTerms.from_json(self.terms)

    def become(self, status: DealStatus, now: datetime, reason: str = "") -> None:
        """Move on; each status brings its own deadline."""
        self.status = DEAL_LIFECYCLE.check(self.status, status)
        self.due_at = now + TERM_OF[status] if status in TERM_OF else None
        if status in OVER:
            self.ended_at = now
        if reason:
            self.end_reason = reason


@dataclass(frozen=True)
class DealOrigin:
    """Where a deal comes from: an offer, an auction, an enforcement; once only for each asset."""

    kind: str
    subject_id: UUID | None = None
    terms: dict[str, Any] | None = None
    lodged_deposit: Money | None = None


@dataclass(frozen=True)
class DealOpened(Fact):
    """A price was agreed and the contract drawn up."""

    deal_id: UUID
    listing_id: UUID
    origin: str


@dataclass(frozen=True)
class DealCancelled(Fact):
    """The deal ended before any money was held."""

    deal_id: UUID
    reason: str


@dataclass(frozen=True)
class DealFundsHeld(Fact):
    """The whole price is held."""

    deal_id: UUID


@dataclass(frozen=True)
class RecordalFiled(Fact):
    """The parties applied to the office."""

    deal_id: UUID


@dataclass(frozen=True)
class RecordalProven(Fact):
    """The office's proof was checked: the right has moved."""

    deal_id: UUID


@dataclass(frozen=True)
class DealReleased(Fact):
    """The held money went to everybody it belongs to, and the register says who owns or may use the right."""

    deal_id: UUID


@dataclass(frozen=True)
class DealRefunding(Fact):
    """The closing failed; the buyer gets everything back."""

    deal_id: UUID
    reason: str


@dataclass(frozen=True)
class DealRefunded(Fact):
    """Everything the buyer paid went back."""

    deal_id: UUID


def open_deal(
    actor: Actor, listing_id: UUID, buyer_id: UUID, price: Money, origin: DealOrigin | str, now: datetime
) -> Deal:
    """Bind both sides to a price: the listing is kept for the deal if the law still allows the act.

    Called by offers, auctions (``DealOrigin("auction", auction_id)``) and enforcement sales. A pledged asset is
    refused here unless the pledgee's consent is recorded.
    """
    source = DealOrigin(origin) if isinstance(origin, str) else origin
    require(price.amount_minor > 0, DealPriceInvalid())
    listing = find_listing(listing_id, lock=True)
    terms = DealTerms.from_json(source.terms) if source.terms else DealTerms.of_listing(listing)
    on = now.date()
    require_allowed(terms.instrument(listing.asset_id, listing.organisation_id, buyer_id, on), on)
    if keeps_others_out(terms):
        require(not _is_taken(listing_id), ListingNotOpen(status=listing.status.value))
        if listing.status is not ListingStatus.RESERVED:
            reserve_listing(SYSTEM, listing_id, now)
    deal = Deal(
        listing_id=listing_id, asset_id=listing.asset_id, seller_id=listing.organisation_id, buyer_id=buyer_id,
        kind=terms.kind, price=price, deposit=source.lodged_deposit or earnest_money(price, DEPOSIT_BPS),
        deposit_lodged=source.lodged_deposit is not None, fee=success_fee(price, on),
        terms=terms.to_json(), origin=source.kind, origin_id=source.subject_id, status=DealStatus.SIGNING,
        opened_at=now, due_at=now + TERM_OF[DealStatus.SIGNING], inventor_bps=0,
    )  # fmt: skip
    session.add(deal)
    session.flush()
    announce(actor, now, DealOpened(deal.id, listing_id, source.kind))
    return deal


def keeps_others_out(terms: DealTerms) -> bool:
    """Whether nobody else can have the same while this deal is open; a non-exclusive licence leaves room."""
    return terms.kind is DealKind.TRANSFER or terms.exclusivity in ("exclusive", "sole")


def _is_taken(listing_id: UUID) -> bool:
    """Whether another deal on this listing is under way."""
    query = select(Deal.id).where(Deal.listing_id == listing_id, Deal.status.not_in(OVER))
    return session.execute(query.limit(1)).first() is not None


def find_deal(actor: Actor, deal_id: UUID, lock: bool = False) -> Deal:
    """The deal, for its two sides and the platform; for others it does not exist."""
    deal = find(Deal, deal_id, lock=lock)
    require(policy.may_see_sides(actor, deal.seller_id, deal.buyer_id), NotFound())
    return deal


def deals_of(organisation_id: UUID | None) -> list[Deal]:
    """The deals of an organisation on either side, newest first."""
    query = select(Deal).where(or_(Deal.seller_id == organisation_id, Deal.buyer_id == organisation_id))
    return list(session.execute(query.order_by(Deal.id.desc()).limit(200)).scalars())


def open_deals() -> list[Deal]:
    """Every deal that is under way, the most urgent first; for the operator."""
    query = select(Deal).where(Deal.status.not_in(OVER)).order_by(Deal.due_at).limit(200)
    return list(session.execute(query).scalars())
