"""The course of a published listing: paused, under offer, reserved, suspended, closed, withdrawn."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import session
from marketplace.core.errors import Problem, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.listings.listings import Listing, ListingStatus, find_listing, own_listing
from marketplace.listings.title_check import check_title
from marketplace.listings.wording import LISTING_SUSPENDED
from marketplace.notices.inbox import tell
from marketplace.registry.assets import Asset, find_asset
from marketplace.registry.consents import Consent

S = ListingStatus
SUSPENDABLE = (S.PUBLISHED, S.PAUSED, S.UNDER_OFFER, S.RESERVED)


class ListingNotOpen(Refused):
    """The listing takes no offers now."""

    message = _l("This listing takes no offers now (status: %(status)s).")


@dataclass(frozen=True)
class ListingMoved(Fact):
    """A listing went on to another status."""

    listing_id: UUID
    asset_id: UUID
    before: str
    after: str
    reason: str = ""


def _move(actor: Actor, listing: Listing, status: ListingStatus, now: datetime, reason: str = "") -> Listing:
    before = listing.status
    listing.become(status)
    listing.status_reason = reason
    if status in (S.CLOSED, S.WITHDRAWN):
        listing.ended_at = now
    session.flush()
    announce(actor, now, ListingMoved(listing.id, listing.asset_id, before.value, status.value, reason))
    return listing


def pause_listing(actor: Actor, listing_id: UUID, now: datetime) -> Listing:
    """Hide an own listing for a while."""
    return _move(actor, own_listing(actor, listing_id), S.PAUSED, now)


def withdraw_listing(actor: Actor, listing_id: UUID, now: datetime) -> Listing:
    """Take an own listing back for good, while no offer binds."""
    return _move(actor, own_listing(actor, listing_id), S.WITHDRAWN, now)


def mark_under_offer(actor: Actor, listing_id: UUID, now: datetime) -> Listing:
    """A live offer is on the table; the deals room says so."""
    listing = find_listing(listing_id, lock=True)
    return listing if listing.status is S.UNDER_OFFER else _move(actor, listing, S.UNDER_OFFER, now)


def reserve_listing(actor: Actor, listing_id: UUID, now: datetime) -> Listing:
    """A price was agreed: keep the asset for this deal, if the register still allows it."""
    listing = find_listing(listing_id, lock=True)
    require(listing.status in (S.PUBLISHED, S.UNDER_OFFER), ListingNotOpen(status=listing.status.value))
    check_title(listing, now)
    return _move(actor, listing, S.RESERVED, now)


def reopen_listing(actor: Actor, listing_id: UUID, now: datetime) -> Listing:
    """The offer lapsed or the deal fell through: everybody may offer again."""
    return _move(actor, find_listing(listing_id, lock=True), S.PUBLISHED, now)


def close_listing(actor: Actor, listing_id: UUID, now: datetime) -> Listing:
    """The deal is done, or the auction ended without a sale."""
    return _move(actor, find_listing(listing_id, lock=True), S.CLOSED, now)


def suspend_listing(actor: Actor, listing_id: UUID, reason: str, now: datetime) -> Listing:
    """The operator takes a listing off the market until its fault is mended."""
    require(actor.may("platform.operate"))
    return _suspend(actor, find_listing(listing_id, lock=True), reason, now)


def suspend_if_refused(actor: Actor, fact: Any, now: datetime) -> None:
    """Something changed in the register: listings of the asset that are no longer lawful go off the market at once."""
    _weigh_again(actor, Listing.asset_id == fact.asset_id, now)


def suspend_expired(now: datetime) -> None:
    """Offers of rights whose last day or whose pledgee's consent has passed go off the market by themselves."""
    ended = select(Asset.id).where(Asset.expires_on < now.date())
    lapsed = select(Consent.asset_id).where(Consent.expires_on < now.date(), Consent.withdrawn_at.is_(None))
    _weigh_again(SYSTEM, or_(Listing.asset_id.in_(ended), Listing.asset_id.in_(lapsed)), now)


def _weigh_again(actor: Actor, which: Any, now: datetime) -> None:
    open_ones = [status for status in SUSPENDABLE if status is not S.RESERVED]
    query = select(Listing).where(which, Listing.status.in_(open_ones)).order_by(Listing.id)
    for listing in session.execute(query.with_for_update()).scalars():
        try:
            check_title(listing, now)
        except Problem as refusal:
            _suspend(actor, listing, refusal.detail, now)


def _suspend(actor: Actor, listing: Listing, reason: str, now: datetime) -> Listing:
    _move(actor, listing, S.SUSPENDED, now, reason)
    title = find_asset(listing.asset_id).title
    tell(listing.organisation_id, LISTING_SUSPENDED, {"title": title, "reason": reason}, f"/listings/{listing.id}", now)
    return listing
