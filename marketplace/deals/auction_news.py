"""What bidders and sellers are told about their lots."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from marketplace.core.actor import Actor
from marketplace.core.db import find, session
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.deals.auction_changes import LotTermsChanged, waiting_for_confirmation
from marketplace.deals.auction_closing import AuctionUnsold, AuctionWon, OpeningDue
from marketplace.deals.auction_events import AuctionEvent
from marketplace.deals.auction_rules import AuctionFormat
from marketplace.deals.auctions import Auction, AuctionStatus, find_auction
from marketplace.deals.bidders import Bidder, DepositReturned
from marketplace.deals.opening_ceremony import EnvelopesOpened
from marketplace.deals.second_chances import SecondChanceOffered
from marketplace.identity.organisations import OrganisationKind, organisations_of_kind
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
    "lot_terms_changed",
    subject=_l("The terms of your lot changed"),
    text=_l(
        "Your bid does not count for now. Read the new terms; if you hold to your bid, confirm it, or lodge a sealed one"
        " again."
    ),
)
say(
    "opening_due",
    subject=_l("Sealed bids wait for their opening"),
    text=_l("A lot is closed. Two opening officers must open its sealed bids before %(until)s."),
)
say(
    "last_word",
    subject=_l("The sealed bids are opened"),
    text=_l("See the best sealed bid. If it exceeds the price you accepted, you may answer it once."),
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


def tell_terms_changed(_actor: Actor, fact: LotTermsChanged, now: datetime) -> None:
    """Tell everybody who bid that the bid counts only when confirmed."""
    for organisation_id in waiting_for_confirmation(fact.auction_id):
        tell(organisation_id, "lot_terms_changed", {}, _link(fact.auction_id), now)


def tell_opening_due(_actor: Actor, fact: OpeningDue, now: datetime) -> None:
    """Tell the operator that a lot waits for two opening officers."""
    until = find_auction(fact.auction_id).opening_until
    for operator in organisations_of_kind(OrganisationKind.PLATFORM_OPERATOR):
        tell(operator.id, "opening_due", {"until": until}, "/auctions/openings", now)


def tell_last_word(_actor: Actor, fact: EnvelopesOpened, now: datetime) -> None:
    """Tell the one who accepted the falling price that an envelope exceeds it."""
    auction = find_auction(fact.auction_id)
    if auction.format is AuctionFormat.HYBRID_DUTCH and auction.leader_id is not None:
        tell(auction.leader_id, "last_word", {}, _link(auction.id), now)


def tell_outbid(now: datetime) -> int:
    """Tell everybody overtaken since the last look; bids themselves carry no notice, so that they stay fast."""
    query = select(Auction.id).where(
        Auction.status == AuctionStatus.OPEN,
        Auction.format == AuctionFormat.ENGLISH,
        Auction.last_sequence > Auction.told_sequence,
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
