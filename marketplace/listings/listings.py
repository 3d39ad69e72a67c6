"""Listings: an asset offered for sale or licence, from draft to closed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, money_columns, session
from marketplace.core.errors import NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.identity.verification import require_approved
from marketplace.listings import policy
from marketplace.listings.due_diligence import answers, require_complete
from marketplace.listings.terms import (
    LICENCE_MODES,
    SALE_MODES,
    TERM_FIELDS,
    Exclusivity,
    FeeScheme,
    ListingMode,
    RoyaltyBase,
    check_terms,
    differences,
)
from marketplace.listings.title_check import check_title, require_owner
from marketplace.listings.versions import version_of
from marketplace.registry.assets import find_asset


class AlreadyListed(Refused):
    """The asset is already offered in the same way."""

    message = _l("This asset is already offered in this way; change or withdraw that listing first.")


class ListingNotEditable(Refused):
    """The listing is beyond the point where its terms can be changed."""

    message = _l("These terms cannot be changed now (status: %(status)s).")


class ListingStatus(StrEnum):
    """How far a listing has come."""

    DRAFT = "draft"
    REVIEW = "review"
    PUBLISHED = "published"
    PAUSED = "paused"
    UNDER_OFFER = "under_offer"
    RESERVED = "reserved"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


S = ListingStatus
LISTING_LIFECYCLE = Lifecycle(
    "listing",
    {
        S.DRAFT: {S.REVIEW, S.WITHDRAWN},
        S.REVIEW: {S.PUBLISHED, S.DRAFT, S.WITHDRAWN},
        S.PUBLISHED: {S.PAUSED, S.UNDER_OFFER, S.RESERVED, S.SUSPENDED, S.CLOSED, S.WITHDRAWN},
        S.PAUSED: {S.PUBLISHED, S.SUSPENDED, S.WITHDRAWN},
        S.UNDER_OFFER: {S.PUBLISHED, S.RESERVED, S.SUSPENDED, S.CLOSED},
        S.RESERVED: {S.PUBLISHED, S.SUSPENDED, S.CLOSED},
        S.SUSPENDED: {S.PUBLISHED, S.CLOSED, S.WITHDRAWN},
        S.CLOSED: set(),
        S.WITHDRAWN: set(),
    },
)
VISIBLE = frozenset({S.PUBLISHED, S.UNDER_OFFER, S.RESERVED})
"""Statuses in which everybody may see the listing."""
LIVE = VISIBLE | {S.REVIEW, S.PAUSED, S.SUSPENDED}
"""Statuses in which the listing still claims the asset."""

_LIVE_SQL = "status IN ({})".format(", ".join(f"'{status.value}'" for status in sorted(LIVE)))
_SALE_SQL = "mode IN ('auction', 'fixed_price')"


class Listing(Model):
    """One offer of one asset by its holder."""

    __tablename__ = "listings"
    __table_args__ = (
        CheckConstraint("price_minor > 0", name="price_above_zero"),
        CheckConstraint("reserve_minor >= price_minor", name="reserve_not_below_start"),
        CheckConstraint("deposit_minor > 0 AND deposit_minor * 5 <= price_minor", name="deposit_at_most_a_fifth"),
        CheckConstraint("reserve_currency = price_currency AND deposit_currency = price_currency", name="one_currency"),
        CheckConstraint("royalty_bps BETWEEN 1 AND 10000", name="royalty_is_a_share"),
        CheckConstraint("term_months BETWEEN 1 AND 600", name="term_in_reason"),
        CheckConstraint("closes_at > opens_at", name="closes_after_it_opens"),
        CheckConstraint("mode NOT IN ('auction', 'fixed_price') OR price_minor IS NOT NULL", name="sale_has_a_price"),
        CheckConstraint("mode <> 'auction' OR (opens_at IS NOT NULL AND closes_at IS NOT NULL)", name="auction_times"),
        CheckConstraint(
            "mode NOT IN ('licence', 'open_licence') OR (fee_scheme IS NOT NULL AND exclusivity IS NOT NULL)",
            name="licence_has_a_fee",
        ),
        CheckConstraint("mode <> 'open_licence' OR exclusivity = 'non_exclusive'", name="open_is_not_exclusive"),
        CheckConstraint("version >= 1", name="version_counts_from_one"),
        Index("uq_listings_one_sale", "asset_id", unique=True, postgresql_where=text(f"{_LIVE_SQL} AND {_SALE_SQL}")),
        Index(
            "uq_listings_one_licence", "asset_id", "mode", "exclusivity", unique=True,
            postgresql_where=text(f"{_LIVE_SQL} AND NOT ({_SALE_SQL})"),
        ),
        Index("ix_listings_organisation", "organisation_id", "status"),
        Index("ix_listings_asset", "asset_id"),
    )  # fmt: skip

    asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    mode: Mapped[ListingMode]
    status: Mapped[ListingStatus] = mapped_column(default=ListingStatus.DRAFT)
    summary: Mapped[str] = mapped_column(Text, default="")
    price: Mapped[Money | None] = money_columns("price", optional=True)
    reserve: Mapped[Money | None] = money_columns("reserve", optional=True)
    deposit: Mapped[Money | None] = money_columns("deposit", optional=True)
    lot_rules: Mapped[dict[str, Any]] = mapped_column(default=dict)
    opens_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    exclusivity: Mapped[Exclusivity | None]
    territory: Mapped[list[str]] = mapped_column(default=list)
    fields_of_use: Mapped[list[str]] = mapped_column(default=list)
    term_months: Mapped[int | None]
    fee_scheme: Mapped[FeeScheme | None]
    royalty_bps: Mapped[int | None]
    royalty_base: Mapped[RoyaltyBase | None]
    ceiling_reason: Mapped[str] = mapped_column(String(1000), default="")
    financing_welcome: Mapped[bool] = mapped_column(default=False)
    due_diligence: Mapped[dict[str, Any]] = mapped_column(default=dict)
    version: Mapped[int] = mapped_column(default=1)
    published_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    status_reason: Mapped[str] = mapped_column(Text, default="")

    @property
    def terms(self) -> dict[str, Any]:
        """Everything the holder decided."""
        return {name: getattr(self, name) for name in TERM_FIELDS}

    @property
    def is_visible(self) -> bool:
        """Whether everybody may see it."""
        return self.status in VISIBLE

    @property
    def is_sale(self) -> bool:
        """Whether ownership is on offer."""
        return self.mode in SALE_MODES

    def set_terms(self, changes: Mapping[str, Any]) -> None:
        """Take over the stated terms, leaving the others, and refuse what contradicts itself."""
        terms = {**self.terms, **changes}
        if terms["mode"] in LICENCE_MODES:
            terms["exclusivity"] = terms["exclusivity"] or Exclusivity.NON_EXCLUSIVE
        check_terms(terms)
        for name in TERM_FIELDS:
            setattr(self, name, terms[name])

    def become(self, status: ListingStatus) -> None:
        """Move on in the lifecycle."""
        self.status = LISTING_LIFECYCLE.check(self.status, status)


@dataclass(frozen=True)
class ListingDrafted(Fact):
    """A holder began a listing."""

    listing_id: UUID
    asset_id: UUID


@dataclass(frozen=True)
class ListingPublished(Fact):
    """Everybody may see the listing from now on."""

    listing_id: UUID
    asset_id: UUID
    mode: str
    version: int


@dataclass(frozen=True)
class ListingTermsChanged(Fact):
    """A published listing has new terms: offers and bids made on the old ones need reconfirmation."""

    listing_id: UUID
    version: int
    changed: tuple[str, ...]


@dataclass(frozen=True)
class DueDiligenceAnswered(Fact):
    """The holder answered the questions buyers ask."""

    listing_id: UUID


def find_listing(listing_id: UUID, lock: bool = False) -> Listing:
    """The listing, or 404; who may see it is the caller's question (see visible_listing)."""
    return find(Listing, listing_id, lock=lock)


def visible_listing(actor: Actor | None, listing_id: UUID) -> Listing:
    """The listing as this visitor may see it; a draft exists for its own organisation only."""
    listing = find_listing(listing_id)
    require(policy.may_see(actor, listing), NotFound())
    return listing


def draft_listing(actor: Actor, asset_id: UUID, terms: Mapping[str, Any], now: datetime) -> Listing:
    """Begin to offer an own asset; nobody else sees it before it is published."""
    require_approved(actor)
    require(actor.may("asset.manage") and actor.organisation_id is not None)
    asset = find_asset(asset_id)
    listing = Listing(asset_id=asset.id, organisation_id=actor.organisation_id, mode=terms["mode"])
    for name in TERM_FIELDS:
        setattr(listing, name, _UNSTATED.get(name))
    listing.set_terms(terms)
    require_owner(actor.organisation_id, asset.id, now.date())
    session.add(listing)
    session.flush()
    announce(actor, now, ListingDrafted(listing.id, asset.id))
    return listing


_UNSTATED: dict[str, Any] = {
    "summary": "", "lot_rules": {}, "territory": [], "fields_of_use": [], "ceiling_reason": "",
    "financing_welcome": False,
}  # fmt: skip


def publish_listing(actor: Actor, listing_id: UUID, now: datetime) -> Listing:
    """Show the listing to everybody, once the title is clear and all five due-diligence slots are answered."""
    listing = own_listing(actor, listing_id)
    require_approved(actor)
    require_complete(listing.due_diligence)
    check_title(listing, now)
    require(not _listed_alike(listing), AlreadyListed())
    if listing.status is ListingStatus.DRAFT:
        listing.become(ListingStatus.REVIEW)
    listing.become(ListingStatus.PUBLISHED)
    if listing.published_at is None:
        listing.published_at = now
        session.add(version_of(listing, actor.person_id, {}, now))
    listing.status_reason = ""
    session.flush()
    announce(actor, now, ListingPublished(listing.id, listing.asset_id, listing.mode.value, listing.version))
    return listing


def change_listing(actor: Actor, listing_id: UUID, changes: Mapping[str, Any], now: datetime) -> Listing:
    """Change the terms; a listing that was ever published gets a new version that watchers can compare."""
    listing = own_listing(actor, listing_id)
    editable = (ListingStatus.DRAFT, ListingStatus.REVIEW, ListingStatus.PUBLISHED, ListingStatus.PAUSED)
    require(listing.status in editable, ListingNotEditable(status=listing.status.value))
    before = listing.terms
    listing.set_terms(changes)
    changed = differences(before, listing.terms)
    if not changed:
        return listing
    if listing.published_at is not None:
        check_title(listing, now)
        require(not {"mode"} & set(changed), ListingNotEditable(status=listing.status.value))
        listing.version += 1
        session.add(version_of(listing, actor.person_id, changed, now))
    session.flush()
    announce(actor, now, ListingTermsChanged(listing.id, listing.version, tuple(sorted(changed))), after=changed)
    return listing


def own_listing(actor: Actor, listing_id: UUID) -> Listing:
    """The locked listing of the actor's own organisation; anybody else's does not exist for them."""
    listing = find_listing(listing_id, lock=True)
    require(policy.may_see(actor, listing), NotFound())
    require(policy.may_manage(actor, listing))
    return listing


def own_listings(actor: Actor) -> list[Listing]:
    """Every listing of the acting organisation, newest first."""
    return listings_of(actor.organisation_id) if actor.organisation_id else []


def listings_of(organisation_id: UUID) -> list[Listing]:
    """Every listing of an organisation, newest first."""
    query = select(Listing).where(Listing.organisation_id == organisation_id)
    return list(session.execute(query.order_by(Listing.id.desc())).scalars())


def visible_listings_of_asset(asset_id: UUID) -> list[Listing]:
    """What everybody may see of this asset's offers, newest first."""
    query = select(Listing).where(Listing.asset_id == asset_id, Listing.status.in_(VISIBLE))
    return list(session.execute(query.order_by(Listing.id.desc())).scalars())


def _listed_alike(listing: Listing) -> bool:
    query = select(Listing.id).where(
        Listing.asset_id == listing.asset_id, Listing.id != listing.id, Listing.status.in_(LIVE)
    )
    if listing.is_sale:
        query = query.where(Listing.mode.in_(SALE_MODES))
    else:
        query = query.where(Listing.mode == listing.mode, Listing.exclusivity == listing.exclusivity)
    return session.execute(query.limit(1)).first() is not None


def answer_due_diligence(actor: Actor, listing_id: UUID, given: Mapping[str, Any], now: datetime) -> Listing:
    """Answer the five questions of due diligence."""
    listing = own_listing(actor, listing_id)
    listing.due_diligence = answers(given, now)
    session.flush()
    announce(actor, now, DueDiligenceAnswered(listing.id))
    return listing
