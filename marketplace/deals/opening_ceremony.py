"""Opening the envelopes of a closed lot: two officers, one after the other, each with a key of one's own."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from marketplace.core.actor import Actor
from marketplace.core.clock import database_now
from marketplace.core.db import session
from marketplace.core.errors import Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.jobs import enqueue
from marketplace.deals.auction_closing import settle_lot
from marketplace.deals.auction_outcome import outcome_of
from marketplace.deals.auction_rules import AuctionFormat
from marketplace.deals.auctions import Auction, AuctionStatus, find_auction
from marketplace.deals.envelopes import read_envelopes
from marketplace.deals.falling_prices import begin_last_word
from marketplace.deals.opening import give_share, may_open


class NotToBeOpened(Refused):
    """The lot still takes envelopes, or they are open already."""

    message = _l("The envelopes of this lot cannot be opened now.")


@dataclass(frozen=True)
class EnvelopesOpened(Fact):
    """Two officers opened the envelopes of a lot."""

    auction_id: UUID


def open_envelopes(actor: Actor, auction_id: UUID, private_key: str, now: datetime) -> Auction:
    """Give one's share of the key; with the second officer's the envelopes are read and the lot is decided."""
    require(may_open(actor))
    auction = find_auction(auction_id, lock=True)
    instant = database_now()
    require(auction.status is AuctionStatus.OPENING and instant >= auction.closes_at, NotToBeOpened())
    seed = give_share(actor, auction_id, private_key, instant)
    if seed is not None:
        read_envelopes(auction, seed, instant)
        announce(actor, instant, EnvelopesOpened(auction.id))
        _decide(auction, instant)
    return auction


def _decide(auction: Auction, now: datetime) -> None:
    """Sealed lots are decided at once; in the hybrid the first bidder may answer an envelope above its price."""
    decided = outcome_of(auction)
    hybrid = auction.format is AuctionFormat.HYBRID_DUTCH
    if hybrid and decided is not None and decided[0][0] != auction.leader_id:
        begin_last_word(auction, now)
        enqueue("auctions.close", at=auction.closes_at, auction_id=str(auction.id))
        return
    settle_lot(auction, now)


def lots_to_open(actor: Actor) -> list[Auction]:
    """Closed lots whose envelopes wait for officers."""
    require(may_open(actor))
    query = select(Auction).where(Auction.status == AuctionStatus.OPENING).order_by(Auction.closes_at).limit(100)
    return list(session.execute(query).scalars())
