"""What follows for an enforcement sale from its listing, its lot and time."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import find, session
from marketplace.core.errors import require
from marketplace.core.events import announce
from marketplace.deals.auction_closing import AuctionUnsold, AuctionWon
from marketplace.deals.deals import Deal, DealOpened
from marketplace.deals.enforcement_rules import RULES, SaleRound, floor_of
from marketplace.deals.enforcement_sales import (
    PLANNED_FOR,
    SALE_LIFECYCLE,
    EnforcementSale,
    NoticeMissing,
    SaleMoved,
    SaleNotOpen,
    SaleStatus,
    planned,
    require_rules_kept,
    sale_of_listing,
    tell_priority_holders,
)
from marketplace.listings.course import ListingMoved, close_listing
from marketplace.listings.listings import (
    Listing,
    ListingPublished,
    ListingStatus,
    ListingTermsChanged,
    find_listing,
)


def require_notice(_actor: Actor, fact: ListingPublished, _now: datetime) -> None:
    """A listing planned as an enforcement sale is not published without its notice."""
    sale = sale_of_listing(fact.listing_id)
    require(sale is None or sale.status is SaleStatus.NOTICED, NoticeMissing())


def keep_notice(_actor: Actor, fact: ListingTermsChanged, now: datetime) -> None:
    """Changed terms of an announced round still keep its notice; holders named later are told like the first."""
    sale = sale_of_listing(fact.listing_id)
    if sale is None:
        return
    if sale.noticed_at is not None:
        require_rules_kept(sale, find_listing(fact.listing_id), sale.noticed_at)
    elif sale.status is SaleStatus.PLANNED:
        tell_priority_holders(sale, find_listing(fact.listing_id), now)


def note_sold(actor: Actor, fact: AuctionWon, now: datetime) -> None:
    """The round found its buyer."""
    _end(actor, fact.listing_id, SaleStatus.SOLD, now)


def note_unsold(actor: Actor, fact: AuctionUnsold, now: datetime) -> None:
    """The round found none: the next may be planned."""
    _end(actor, fact.listing_id, SaleStatus.UNSOLD, now)


def note_listing(actor: Actor, fact: ListingMoved, now: datetime) -> None:
    """A round taken back is cancelled, never unsold; an offer at a price is sold when a deal closes its listing."""
    sale = sale_of_listing(fact.listing_id)
    if sale is None or sale.status is not SaleStatus.NOTICED:
        return
    if fact.after == ListingStatus.WITHDRAWN.value:
        _end(actor, fact.listing_id, SaleStatus.CANCELLED, now)
    elif fact.after == ListingStatus.CLOSED.value and sale.round is SaleRound.PRIVATE:
        _end(actor, fact.listing_id, SaleStatus.SOLD, now)


def require_open_sale(_actor: Actor, fact: DealOpened, now: datetime) -> None:
    """An offer at a price is taken neither before its notice has run nor below the floor."""
    sale = sale_of_listing(fact.listing_id)
    if sale is None or sale.round is not SaleRound.PRIVATE or sale.noticed_at is None:
        return
    terms = planned(sale, find_listing(fact.listing_id), sale.noticed_at)
    floor = floor_of(sale.round, sale.appraisal, terms.earlier_start)
    fair = find(Deal, fact.deal_id).price >= floor
    stands = sale.status is SaleStatus.NOTICED and terms.opens_at <= now
    require(stands and fair, SaleNotOpen(opens_at=terms.opens_at, floor=floor))


def _end(actor: Actor, listing_id: UUID, status: SaleStatus, now: datetime) -> None:
    sale = sale_of_listing(listing_id, lock=True)
    if sale is None or not SALE_LIFECYCLE.allows(sale.status, status):
        return
    sale.become(status, now)
    session.flush()
    announce(actor, now, SaleMoved(sale.id, status.value))


def drop_overdue_sales(now: datetime) -> int:
    """Rounds never announced are dropped; offers at a price whose time is over end unsold, with their listing."""
    private = RULES[SaleRound.PRIVATE]
    bound = (ListingStatus.UNDER_OFFER, ListingStatus.RESERVED)
    stale = (
        select(EnforcementSale)
        .join(Listing, Listing.id == EnforcementSale.listing_id)
        .where(
            ((EnforcementSale.status == SaleStatus.PLANNED) & (EnforcementSale.planned_at <= now - PLANNED_FOR))
            | (
                (EnforcementSale.status == SaleStatus.NOTICED)
                & (EnforcementSale.round == SaleRound.PRIVATE)
                & (EnforcementSale.noticed_at <= now - private.notice - private.open_for)
                & Listing.status.not_in(bound)
            )
        )
    )
    over = list(session.execute(stale.with_for_update(of=EnforcementSale, skip_locked=True)).scalars())
    for sale in over:
        status = SaleStatus.CANCELLED if sale.status is SaleStatus.PLANNED else SaleStatus.UNSOLD
        _end(SYSTEM, sale.listing_id, status, now)
        if find_listing(sale.listing_id).status is ListingStatus.PUBLISHED:
            close_listing(SYSTEM, sale.listing_id, now)
    return len(over)
