"""What bidders and sellers are told about their lots."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from marketplace.core.actor import Actor
from marketplace.core.db import find, session
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.deals.auction_closing import AuctionUnsold, AuctionWon, SecondChanceOffered
from marketplace.deals.auctions import Auction, AuctionEvent, AuctionStatus, find_auction
from marketplace.deals.bidders import Bidder, DepositReturned
from marketplace.notices.inbox import tell
from marketplace.notices.wording import say

say(
    "outbid",
    subject=_l("You were outbid"),
    text=_l("Somebody bid more on your lot. The smallest bid now is %(minimum)s; the lot closes %(closes_at)s."),
)
say("lot_won", subject=_l("You won the lot"), text=_l("You bought the lot for %(price)s. The contract comes next."))
say("lot_sold", subject=_l("Your lot is sold"), text=_l("Your lot was sold for %(price)s. The contract comes next."))
say("lot_unsold", subject=_l("Your lot found no buyer"), text=_l("No bid reached the reserve, or nobody bid."))
say(
    "bid_deposit_returned",
    subject=_l("Your bid deposit is released"),
    text=_l("The lot went to somebody else or stayed unsold. Your deposit of %(amount)s is free again."),
)
say(
    "second_chance",
    subject=_l("A lot is offered to you"),
    text=_l("The buyer did not pay. You may buy the lot at your own bid of %(amount)s until %(until)s."),
)


def _link(auction_id: UUID) -> str:
    return f"/auctions/{auction_id}"


def tell_won(_actor: Actor, fact: AuctionWon, now: datetime) -> None:
    """Tell both sides of a sold lot."""
    tell(fact.buyer_id, "lot_won", {"price": fact.price}, _link(fact.auction_id), now)
    tell(fact.seller_id, "lot_sold", {"price": fact.price}, _link(fact.auction_id), now)


def tell_unsold(_actor: Actor, fact: AuctionUnsold, now: datetime) -> None:
    """Tell the seller that the lot stays unsold."""
    tell(find_auction(fact.auction_id).seller_id, "lot_unsold", {}, _link(fact.auction_id), now)


def tell_returned(_actor: Actor, fact: DepositReturned, now: datetime) -> None:
    """Tell a bidder that its deposit is free."""
    amount = find_auction(fact.auction_id).deposit
    bidder = find(Bidder, fact.bidder_id)
    tell(bidder.organisation_id, "bid_deposit_returned", {"amount": amount}, _link(fact.auction_id), now)


def tell_chance(_actor: Actor, fact: SecondChanceOffered, now: datetime) -> None:
    """Tell the next bidder that the lot is offered."""
    auction = find_auction(fact.auction_id)
    query = select(AuctionEvent).where(AuctionEvent.auction_id == auction.id, AuctionEvent.kind == "second_chance")
    offered = session.execute(query.order_by(AuctionEvent.sequence.desc()).limit(1)).scalar_one()
    params = {"amount": offered.amount, "until": auction.chance_until}
    tell(fact.bidder_id, "second_chance", params, _link(auction.id), now)


def tell_outbid(now: datetime) -> int:
    """Tell everybody overtaken since the last look; bids themselves carry no notice, so that they stay fast."""
    query = select(Auction.id).where(
        Auction.status == AuctionStatus.OPEN, Auction.last_sequence > Auction.told_sequence
    )
    told = 0
    for auction_id in list(session.execute(query.limit(200)).scalars()):
        auction = find_auction(auction_id, lock=True)
        overtaken = select(AuctionEvent.bidder_id).where(
            AuctionEvent.auction_id == auction_id,
            AuctionEvent.sequence >= auction.told_sequence,
            AuctionEvent.bidder_id != auction.leader_id,
        )
        minimum: Money = auction.minimum_acceptable
        for organisation_id in {one for one in session.execute(overtaken).scalars() if one is not None}:
            params = {"minimum": minimum, "closes_at": auction.closes_at}
            tell(organisation_id, "outbid", params, _link(auction_id), now)
            told += 1
        auction.told_sequence = auction.last_sequence
    return told
