"""Between a won lot and its deal: the deal is opened, and its outcome ends the auction."""

from datetime import datetime

from sqlalchemy import select

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import find, session
from marketplace.deals.auction_closing import AuctionWon, complete_auction, record_deal
from marketplace.deals.auctions import AuctionStatus, find_auction
from marketplace.deals.bidders import BidderStatus, bidder_of
from marketplace.deals.deals import (
    OVER,
    Deal,
    DealCancelled,
    DealFundsHeld,
    DealOrigin,
    DealRefunding,
    DealStatus,
    open_deal,
)
from marketplace.deals.portfolio_assets import LotAsset, asset_of_listing
from marketplace.deals.portfolio_awards import complete_asset
from marketplace.deals.recordal import NOT_PAID_IN_TIME, OPERATING_SYSTEM, end_deal
from marketplace.deals.second_chances import BuyerDefaulted, declare_default, default_part
from marketplace.deals.shortfalls import settle_gaps


def open_deal_for_winner(_actor: Actor, fact: AuctionWon, now: datetime) -> None:
    """A lot was won: bind seller and winner to the price; the deposit counts towards it."""
    auction, asset = find_auction(fact.auction_id), asset_of_listing(fact.listing_id)
    bidder = bidder_of(auction.id, fact.buyer_id)
    lodged = auction.deposit if bidder is not None and bidder.status is BidderStatus.APPLIED else None
    if asset is not None:
        lodged = asset.deposit or None
    origin = DealOrigin("auction", fact.auction_id, lodged_deposit=lodged)
    deal = open_deal(SYSTEM, fact.listing_id, fact.buyer_id, fact.price, origin, now)
    record_deal(SYSTEM, asset or auction, deal.id, now)


def complete_lot(_actor: Actor, fact: DealFundsHeld, now: datetime) -> None:
    """The winner has paid: nothing more can happen to the lot."""
    deal = find(Deal, fact.deal_id)
    if deal.origin != "auction" or deal.origin_id is None:
        return
    asset = asset_of_listing(deal.listing_id)
    if asset is None:
        complete_auction(SYSTEM, deal.origin_id, now)
    else:
        complete_asset(find_auction(deal.origin_id, lock=True), asset)
    settle_gaps(deal.asset_id, deal.seller_id, deal.price, now)


def default_lot(_actor: Actor, fact: DealCancelled, now: datetime) -> None:
    """The winner did not pay in time: the deposit is forfeited and the next bidder gets a chance."""
    deal = find(Deal, fact.deal_id)
    if deal.origin != "auction" or deal.origin_id is None or fact.reason != NOT_PAID_IN_TIME:
        return
    auction, asset = find_auction(deal.origin_id, lock=True), asset_of_listing(deal.listing_id)
    if asset is not None:
        default_part(auction, asset.part, now)
    elif auction.status is AuctionStatus.SOLD:
        declare_default(SYSTEM, deal.origin_id, now)


def end_part(_actor: Actor, fact: DealCancelled | DealRefunding, now: datetime) -> None:
    """What must move together moves together: a part's other deals end too, unless their right has moved already."""
    asset = asset_of_listing(find(Deal, fact.deal_id).listing_id)
    if asset is None or asset.deal_id != fact.deal_id:
        return
    beyond = (*OVER, DealStatus.REFUNDING, DealStatus.RECORDAL_PROVEN)
    others = (
        select(Deal.id)
        .join(LotAsset, LotAsset.deal_id == Deal.id)
        .where(LotAsset.auction_id == asset.auction_id, LotAsset.part == asset.part, Deal.status.not_in(beyond))
    )
    for deal_id in session.execute(others).scalars().all():
        end_deal(OPERATING_SYSTEM, deal_id, "what must move with it is not sold", now)


def end_defaulted_deal(_actor: Actor, fact: BuyerDefaulted, now: datetime) -> None:
    """The operator declared the winner in default: its deal is off before the next bidder is asked."""
    query = select(Deal).where(Deal.origin == "auction", Deal.origin_id == fact.auction_id, Deal.status.not_in(OVER))
    for deal in session.execute(query.with_for_update()).scalars():
        end_deal(OPERATING_SYSTEM, deal.id, "buyer in default", now)
