"""Between a listing and its lot: the lot is announced with the listing, and the listing ends with the lot."""

from datetime import datetime

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.errors import require
from marketplace.deals import auction_rules as rules
from marketplace.deals.auction_announcing import announce_auction
from marketplace.deals.auction_closing import AuctionUnsold, LotHasBids, withdraw_lot
from marketplace.deals.auction_terms import terms_of_listing
from marketplace.deals.auctions import (
    AuctionStatus,
    find_auction,
)
from marketplace.deals.portfolio_assets import assets_of_lot, lot_of_listing
from marketplace.listings.course import ListingMoved, close_listing
from marketplace.listings.listings import ListingPublished, ListingStatus, find_listing
from marketplace.listings.terms import ListingMode

USUAL_DEPOSIT_BPS = 1_000


def announce_lot(_actor: Actor, fact: ListingPublished, now: datetime) -> None:
    """A listing to be auctioned by itself was published: announce its lot with the listing's own terms."""
    if fact.mode != ListingMode.AUCTION.value:
        return
    listing = find_listing(fact.listing_id)
    if listing.lot_rules.get("format") == rules.AuctionFormat.PORTFOLIO.value:
        return
    lot = (listing.id, listing.asset_id, listing.organisation_id)
    terms = terms_of_listing(listing.terms)
    deposit = listing.deposit or rules.deposit_required(terms.start, USUAL_DEPOSIT_BPS)
    announce_auction(SYSTEM, lot, terms, deposit, now, listing.lot_rules.get("priority_holders") or ())


def close_unsold_listing(_actor: Actor, fact: AuctionUnsold, now: datetime) -> None:
    """The lot found no buyer: the listing ends and the asset is free for another."""
    listing = find_listing(fact.listing_id)
    if listing.status in (ListingStatus.PUBLISHED, ListingStatus.UNDER_OFFER, ListingStatus.RESERVED):
        close_listing(SYSTEM, listing.id, now)


def follow_listing(_actor: Actor, fact: ListingMoved, now: datetime) -> None:
    """A lot without bids ends with its withdrawn listing; a lot with bids keeps its listing where it is.

    A portfolio lot ends as a whole: its other listings are closed with it.
    """
    if fact.after not in (ListingStatus.WITHDRAWN.value, ListingStatus.PAUSED.value):
        return
    known = lot_of_listing(fact.listing_id)
    if known is None or known.status is not AuctionStatus.OPEN:
        return
    require(fact.after == ListingStatus.WITHDRAWN.value, LotHasBids())
    withdraw_lot(find_auction(known.id, lock=True), now)
    for row in assets_of_lot(known.id):
        if row.listing_id != fact.listing_id:
            close_listing(SYSTEM, row.listing_id, now)
