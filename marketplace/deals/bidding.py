"""Bidding: one bid is one round trip to the database, which locks the lot, reads the clock, decides and records."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from marketplace.core.actor import Actor
from marketplace.core.db import ask, new_id, session
from marketplace.core.errors import NotAllowed, NotFound, Problem, require
from marketplace.core.idempotency import Claim, IdempotencyKeyReused, KeptAnswer
from marketplace.core.money import Money
from marketplace.deals import auction_closing
from marketplace.deals.auction_events import AuctionEvent
from marketplace.deals.auction_rules import AuctionFormat
from marketplace.deals.auctions import Auction, AuctionStatus, find_auction
from marketplace.deals.bid_refusals import (
    BidTooLow,
    BuyNowOver,
    DepositMissing,
    LotNotOpen,
    LotSuspended,
    NoOpenBids,
    NoProxyHere,
    WrongCurrency,
)
from marketplace.deals.bidders import Bidder, ConflictOfInterest, LotClosed, bidder_of, require_no_conflict
from marketplace.deals.portfolio_assets import assets_of_lot, package_bids
from marketplace.deals.portfolio_rules import best_combination
from marketplace.identity.verification import require_approved


@dataclass(frozen=True)
class Bid:
    """An accepted bid, as its bidder sees it; the receipt proves it to strangers."""

    id: UUID
    auction_id: UUID
    sequence: int
    amount: Money
    bidder_code: str
    placed_at: datetime
    closes_at: datetime
    hash: str
    receipt_id: UUID
    leads: bool


_PLACE = """
SELECT * FROM auction_place_bid(%(auction)s, %(organisation)s, %(person)s, %(kind)s, %(amount)s, %(currency)s, %(bid)s,
  %(audit)s, %(via)s)
"""
_PLACE_ONCE = """
SELECT * FROM auction_bid_once(%(scope)s, %(key)s, %(request_hash)s, %(shown)s, %(auction)s, %(organisation)s, %(person)s,
  %(kind)s, %(amount)s, %(currency)s, %(bid)s, %(audit)s, %(via)s)
"""


def place_bid(actor: Actor, auction_id: UUID, amount: Money, now: datetime) -> Bid:
    """Bid the amount the bidder named, no more; the server's clock after the lock decides (P3)."""
    return _place(actor, auction_id, amount, "bid")


def place_bid_once(actor: Actor, auction_id: UUID, amount: Money, claim: Claim) -> KeptAnswer:
    """The same, using up the request's key and keeping the answer in the same round trip; a repeat gets that answer."""
    given = _given(actor, auction_id, amount, "bid")
    try:
        row = ask(_PLACE_ONCE, **asdict(claim), shown=amount.format(), **given)
    except IntegrityError as error:  # one lot takes its bids in turn: only another request can have used the key
        raise IdempotencyKeyReused() from error
    if row.outcome == "reused":
        raise IdempotencyKeyReused()
    if row.outcome not in ("accepted", "replayed"):
        raise _refusal(actor, auction_id, row)
    return KeptAnswer(201, row.body, replayed=row.outcome == "replayed")


def set_maximum(actor: Actor, auction_id: UUID, amount: Money, now: datetime) -> Bid:
    """Let the marketplace bid for the bidder, one step over the others and never above this secret maximum."""
    return _place(actor, auction_id, amount, "maximum")


def buy_now(actor: Actor, auction_id: UUID, amount: Money, now: datetime) -> Bid:
    """Buy outright at the announced price while nobody has bid; the lot ends with it."""
    bid = _place(actor, auction_id, amount, "buy_now")
    auction_closing.settle_lot(find_auction(auction_id, lock=True), bid.placed_at)
    return bid


def place_typed_bid(actor: Actor, auction_id: UUID, typed: str, now: datetime) -> Bid:
    """A bid from a form: the amount as typed is read in the lot's currency."""
    return place_bid(actor, auction_id, _read(auction_id, typed), now)


def set_typed_maximum(actor: Actor, auction_id: UUID, typed: str, now: datetime) -> Bid:
    """The same for a secret maximum."""
    return set_maximum(actor, auction_id, _read(auction_id, typed), now)


def place_typed_purchase(actor: Actor, auction_id: UUID, typed: str, now: datetime) -> Bid:
    """The same for buying outright."""
    return buy_now(actor, auction_id, _read(auction_id, typed), now)


def _read(auction_id: UUID, typed: str) -> Money:
    return Money.typed(typed, find_auction(auction_id).start.currency)


def _place(actor: Actor, auction_id: UUID, amount: Money, kind: str) -> Bid:
    given = _given(actor, auction_id, amount, kind)
    row = ask(_PLACE, **given)
    if row.outcome != "accepted":
        raise _refusal(actor, auction_id, row)
    return Bid(
        given["bid"], auction_id, row.sequence, Money(row.amount_minor, row.currency), row.bidder_code,
        row.occurred_at, row.closes_at, row.hash, given["audit"], row.leads,
    )  # fmt: skip


def _given(actor: Actor, auction_id: UUID, amount: Money, kind: str) -> dict[str, Any]:
    """What the database needs to judge and record a bid of somebody who may trade."""
    require_approved(actor)
    require(actor.may("deal.trade") and actor.organisation_id is not None)
    return {
        "auction": auction_id, "organisation": actor.organisation_id, "person": actor.person_id, "kind": kind,
        "amount": amount.amount_minor, "currency": amount.currency, "bid": new_id(), "audit": new_id(),
        "via": actor.via,
    }  # fmt: skip


def _refusal(actor: Actor, auction_id: UUID, row: Any) -> Problem:
    match row.outcome:
        case "not_found":
            return NotFound()
        case "conflict_of_interest":
            return ConflictOfInterest()
        case "lot_closed":
            return LotClosed()
        case "lot_not_open":
            return LotNotOpen()
        case "lot_suspended":
            return LotSuspended()
        case "bid_too_low":
            return BidTooLow(minimum_acceptable=Money(row.minimum_minor, row.currency))
        case "wrong_currency":
            return WrongCurrency(currency=row.currency)
        case "buy_now_over":
            return BuyNowOver()
        case "no_open_bids":
            return NoOpenBids()
        case "no_proxy":
            return NoProxyHere()
    try:
        require_no_conflict(actor, find_auction(auction_id))
    except NotAllowed as conflict:
        return conflict
    return DepositMissing()


@dataclass(frozen=True)
class Standing:
    """Where a visitor stands on a lot, for the page's one sentence."""

    kind: str
    amount: Money | None = None
    collection_id: UUID | None = None
    code: str | None = None


def standing_of(actor: Actor | None, auction_id: UUID, now: datetime) -> Standing:
    """The visitor's own state on the lot: leading, outbid, admitted, waiting for the deposit, seller or stranger."""
    auction = find_auction(auction_id)
    if actor is None:
        return Standing("anonymous")
    if actor.organisation_id == auction.seller_id:
        return Standing("seller")
    bidder = bidder_of(auction_id, actor.organisation_id)
    if bidder is None:
        return Standing("unregistered")
    if auction.format is AuctionFormat.PORTFOLIO and bidder.status != "awaiting_deposit":
        return _portfolio_standing(auction, bidder)
    if auction.winner_id is not None and auction.winner_id == actor.organisation_id:
        return Standing("won", auction.price, code=bidder.code)
    if bidder.status == "awaiting_deposit":
        return Standing("awaiting_deposit", auction.deposit, bidder.collection_id, bidder.code)
    if auction.leader_id == actor.organisation_id:
        return Standing("leading", auction.high, code=bidder.code)
    return Standing("outbid" if has_bid(auction_id, actor.organisation_id) else "admitted", code=bidder.code)


def _portfolio_standing(auction: Auction, bidder: Bidder) -> Standing:
    """Over a portfolio lot: what the bidder bought, or its bids in the combination that leads."""
    bought = [row.price for row in assets_of_lot(auction.id) if row.winner_id == bidder.organisation_id and row.price]
    best = best_combination(package_bids(auction), len(auction.rules.parts))
    amounts = bought or [bid.amount for bid in best if bid.bidder == bidder.code]
    if amounts:
        total = Money(sum(amount.amount_minor for amount in amounts), auction.start.currency)
        return Standing("won" if bought else "leading", total, code=bidder.code)
    return Standing("outbid" if has_bid(auction.id, bidder.organisation_id) else "admitted", code=bidder.code)


def has_bid(auction_id: UUID, organisation_id: UUID | None) -> bool:
    """Whether the organisation has an accepted bid on the lot."""
    query = text("SELECT EXISTS (SELECT 1 FROM auction_events WHERE auction_id = :auction AND bidder_id = :bidder)")
    return bool(session.execute(query, {"auction": auction_id, "bidder": organisation_id}).scalar())


def outbid_lots(actor: Actor) -> list[Auction]:
    """Open lots on which the actor's organisation has bid and no longer leads."""
    mine = select(AuctionEvent.auction_id).where(AuctionEvent.bidder_id == actor.organisation_id)
    query = select(Auction).where(
        Auction.id.in_(mine),
        Auction.status == AuctionStatus.OPEN,
        Auction.format == AuctionFormat.ENGLISH,
        Auction.leader_id != actor.organisation_id,
    )
    return list(session.execute(query.order_by(Auction.closes_at).limit(20)).scalars())
