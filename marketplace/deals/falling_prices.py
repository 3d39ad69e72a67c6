"""Falling prices: the first to accept buys; in the hybrid, others then seal bids and the first has the last word."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from marketplace.core.actor import Actor
from marketplace.core.clock import database_now
from marketplace.core.errors import Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.deals import auction_formats as formats
from marketplace.deals.auction_closing import settle_lot
from marketplace.deals.auction_events import AuctionEvent, append_event
from marketplace.deals.auction_outcome import outcome_of
from marketplace.deals.auction_rules import AuctionFormat
from marketplace.deals.auctions import Auction, AuctionStatus, find_auction
from marketplace.deals.bid_refusals import BidTooLow, DepositMissing, LotNotOpen, WrongCurrency
from marketplace.deals.bidders import BidderStatus, LotClosed, bidder_of, require_no_conflict
from marketplace.deals.falling_rules import asking_at
from marketplace.identity.verification import require_approved


class NotFalling(Refused):
    """The price of this lot does not fall."""

    message = _l("The price of this lot does not fall: bid on it.")


class StageOver(Refused):
    """The price fell while the acceptance was on its way; nobody is bound to a price not seen."""

    message = _l("The price has changed to %(price)s (stage %(stage)s). Accept again if you want it at this price.")


class LastWordNotYours(Refused):
    """Only the one who accepted the falling price may answer the envelopes, and only once they are opened."""

    message = _l("Only the bidder who accepted the falling price may answer the envelopes now.")


@dataclass(frozen=True)
class PriceAccepted(Fact):
    """A falling price was accepted."""

    auction_id: UUID
    event_id: UUID


@dataclass(frozen=True)
class EnvelopesAnswered(Fact):
    """The first bidder outbid the best envelope."""

    auction_id: UUID
    event_id: UUID


def accept_price(actor: Actor, auction_id: UUID, stage: int, now: datetime) -> AuctionEvent:
    """Buy at the running stage's price; an acceptance of a finished stage is refused, and only the first one counts."""
    require_approved(actor)
    require(actor.may("deal.trade"))
    auction = find_auction(auction_id, lock=True)
    instant = database_now()
    require(auction.format.is_falling, NotFalling())
    require_no_conflict(actor, auction)
    require(instant >= auction.opens_at, LotNotOpen())
    asking = asking_at(auction.rules, instant)
    if asking is None or auction.status is not AuctionStatus.OPEN or auction.leader_id is not None:
        raise LotClosed()
    bidder = bidder_of(auction_id, actor.organisation_id)
    if bidder is None or bidder.status is not BidderStatus.ADMITTED:
        raise DepositMissing()
    current = formats.accepts_dutch(stage, asking.stage, taken=False)
    require(current, StageOver(stage=asking.stage, price=asking.price))
    who = (bidder.organisation_id, bidder.code)
    event = append_event(auction, "accepted", instant, who, asking.price, detail=str(stage))
    auction.leader_id, auction.leader_code = who
    auction.high_minor, auction.bid_count = asking.price.amount_minor, 1
    announce(actor, instant, PriceAccepted(auction.id, event.id))
    if auction.format is AuctionFormat.DUTCH:
        settle_lot(auction, instant)
    return event


def begin_last_word(auction: Auction, now: datetime) -> None:
    """The opened envelopes exceed the falling price: its acceptor may answer for the announced time."""
    plan = auction.rules.falling
    assert plan is not None
    auction.become(AuctionStatus.LAST_WORD)
    auction.closes_at = max(auction.closes_at, now + plan.pause + plan.best_bid_time)


def best_envelope(auction: Auction) -> Money | None:
    """What the last word has to exceed."""
    found = outcome_of(auction)
    return None if found is None else found[1]


def answer_envelopes(actor: Actor, auction_id: UUID, amount: Money, now: datetime) -> AuctionEvent:
    """The last word: exceed the best envelope and buy; the lot ends with it."""
    require_approved(actor)
    require(actor.may("deal.trade"))
    auction = find_auction(auction_id, lock=True)
    instant = database_now()
    require(auction.status is AuctionStatus.LAST_WORD, LastWordNotYours())
    require(auction.leader_id == actor.organisation_id, LastWordNotYours())
    require(instant < auction.closes_at, LotClosed())
    require(amount.currency == auction.start.currency, WrongCurrency(currency=auction.start.currency))
    best = best_envelope(auction)
    assert best is not None
    code = auction.leader_code or ""
    require(formats.best_bid_counts(code, code, amount, best), BidTooLow(minimum_acceptable=best))
    assert actor.organisation_id is not None
    event = append_event(auction, "best", instant, (actor.organisation_id, code), amount)
    auction.high_minor, auction.bid_count = amount.amount_minor, auction.bid_count + 1
    announce(actor, instant, EnvelopesAnswered(auction.id, event.id))
    settle_lot(auction, instant)
    return event


def answer_typed(actor: Actor, auction_id: UUID, typed: str, now: datetime) -> AuctionEvent:
    """The last word from a form: the amount as typed is read in the lot's currency."""
    return answer_envelopes(actor, auction_id, Money.typed(typed, find_auction(auction_id).start.currency), now)
