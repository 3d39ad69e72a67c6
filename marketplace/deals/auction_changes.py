"""Changed terms of a running lot: standing bids count again only when their bidders confirm them (ProZorro)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from marketplace.core.actor import Actor
from marketplace.core.clock import database_now
from marketplace.core.db import session
from marketplace.core.errors import Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.deals import auction_log as log
from marketplace.deals import auction_rules as rules
from marketplace.deals.auction_announcing import set_terms
from marketplace.deals.auction_events import AuctionEvent, append_event
from marketplace.deals.auction_terms import require_sound, terms_of_listing
from marketplace.deals.auctions import RUNNING, Auction, AuctionStatus, find_auction
from marketplace.deals.bid_refusals import BidTooLow, DepositMissing
from marketplace.deals.bidders import BidderStatus, LotClosed, bidder_of, priority_ranks, require_no_conflict
from marketplace.deals.envelopes import standing_envelopes
from marketplace.deals.portfolio_assets import lot_of_listing
from marketplace.deals.secret_maxima import forget_maxima
from marketplace.listings.listings import ListingTermsChanged, find_listing

HARMLESS = frozenset({"financing_welcome"})
BIDS = ("bid", "automatic", "buy_now", "confirmed")


class TermsStand(Refused):
    """Some terms of a running lot cannot change any more."""

    message = _l(
        "The lot is running: its format, currency, deposit and priority holders stand, it cannot close earlier, the "
        "deposit must stay 5 to 20 %% of the start price, and nothing changes once a falling price is accepted."
    )


class PortfolioStands(Refused):
    """The terms of a portfolio lot never change: each bid was weighed against all others under them."""

    message = _l("The terms of a portfolio lot stand; withdraw it while nobody has bid, and offer it anew.")


class NothingToConfirm(Refused):
    """No bid of this organisation waits for confirmation."""

    message = _l("No bid of yours waits for your confirmation.")


@dataclass(frozen=True)
class LotTermsChanged(Fact):
    """A running lot has new terms."""

    auction_id: UUID
    terms_version: int
    terms_hash: str


@dataclass(frozen=True)
class BidConfirmed(Fact):
    """A bidder holds to the bid under the new terms."""

    auction_id: UUID
    event_id: UUID


def follow_terms(actor: Actor, fact: ListingTermsChanged, now: datetime) -> None:
    """The listing of a running lot was changed: the lot takes over its terms."""
    known = lot_of_listing(fact.listing_id)
    if known is None or known.status not in RUNNING or set(fact.changed) <= HARMLESS:
        return
    require(known.format is not rules.AuctionFormat.PORTFOLIO, PortfolioStands())
    auction, listing = find_auction(known.id, lock=True), find_listing(fact.listing_id)
    named = {UUID(one["organisation_id"]): one["rank"] for one in listing.lot_rules.get("priority_holders", ())}
    require("deposit" not in fact.changed and named == priority_ranks(auction.id), TermsStand())
    terms = terms_of_listing(listing.terms)
    change_terms(actor, auction, terms, database_now())


def change_terms(actor: Actor, auction: Auction, terms: rules.LotTerms, now: datetime) -> None:
    """Put new terms on a locked lot; what was bid under the old ones does not count for now."""
    require_sound(terms)
    require(_may_change(auction, terms, now), TermsStand())
    for envelope, bidder in standing_envelopes(auction.id):
        envelope.standing = False
        append_event(auction, "withdrawn", now, (bidder.organisation_id, bidder.code), detail="terms_changed")
    auction.earlier_terms = [*auction.earlier_terms, auction.terms]
    set_terms(auction, terms)
    auction.terms_version += 1
    auction.first_closes_at = terms.last_close
    auction.closes_at = max(auction.closes_at, terms.last_close)
    auction.high_minor = auction.leader_id = auction.leader_code = None
    auction.bid_count = 0
    forget_maxima(auction)
    session.flush()
    fingerprint = log.terms_hash(auction.terms)
    append_event(auction, "terms_changed", now, detail=fingerprint)
    announce(actor, now, LotTermsChanged(auction.id, auction.terms_version, fingerprint))


def _may_change(auction: Auction, terms: rules.LotTerms, now: datetime) -> bool:
    before, deposit = auction.rules, auction.deposit
    return (
        auction.status is AuctionStatus.OPEN
        and now < auction.closes_at
        and terms.format is before.format
        and terms.priority_holders == before.priority_holders
        and terms.start.currency == deposit.currency
        and terms.last_close >= before.last_close
        and deposit.amount_minor * 20 + 20 >= terms.start.amount_minor >= deposit.amount_minor * 5 - 5
        and not (auction.format.is_falling and auction.leader_id is not None)
    )


def unconfirmed_bid(auction: Auction, organisation_id: UUID | None) -> AuctionEvent | None:
    """The organisation's last bid, if it was made under terms that have changed since."""
    if auction.terms_version == 1 or organisation_id is None:
        return None
    changed = select(func.max(AuctionEvent.sequence)).where(
        AuctionEvent.auction_id == auction.id, AuctionEvent.kind == "terms_changed"
    )
    query = (
        select(AuctionEvent)
        .where(AuctionEvent.auction_id == auction.id, AuctionEvent.bidder_id == organisation_id,
               AuctionEvent.kind.in_(BIDS))
        .order_by(AuctionEvent.sequence.desc())
        .limit(1)
    )  # fmt: skip
    last: AuctionEvent | None = session.execute(query).scalar_one_or_none()
    return last if last is not None and last.sequence < (session.execute(changed).scalar() or 0) else None


def lots_to_confirm(actor: Actor) -> list[Auction]:
    """Open lots with changed terms on which the actor's organisation has a bid it has not confirmed."""
    mine = select(AuctionEvent.auction_id).where(AuctionEvent.bidder_id == actor.organisation_id)
    query = select(Auction).where(
        Auction.id.in_(mine), Auction.status == AuctionStatus.OPEN, Auction.terms_version > 1
    )  # fmt: skip
    lots = session.execute(query.order_by(Auction.closes_at).limit(20)).scalars()
    return [lot for lot in lots if unconfirmed_bid(lot, actor.organisation_id) is not None]


def confirm_bid(actor: Actor, auction_id: UUID, now: datetime) -> AuctionEvent:
    """Hold to one's bid under the new terms; it leads if it is the highest confirmed one."""
    require(actor.may("deal.trade"))
    auction = find_auction(auction_id, lock=True)
    instant = database_now()
    require_no_conflict(actor, auction)
    require(auction.status is AuctionStatus.OPEN and instant < auction.closes_at, LotClosed())
    bidder = bidder_of(auction_id, actor.organisation_id)
    if bidder is None or bidder.status is not BidderStatus.ADMITTED:
        raise DepositMissing()
    earlier = unconfirmed_bid(auction, actor.organisation_id)
    if earlier is None or earlier.amount is None:
        raise NothingToConfirm()
    amount = earlier.amount
    require(amount >= auction.start, BidTooLow(minimum_acceptable=auction.start))
    who = (bidder.organisation_id, bidder.code)
    event = append_event(auction, "confirmed", instant, who, amount)
    auction.bid_count += 1
    if auction.high is None or amount > auction.high:
        auction.leader_id, auction.leader_code = who
        auction.high_minor = amount.amount_minor
    announce(actor, instant, BidConfirmed(auction.id, event.id))
    return event


def waiting_for_confirmation(auction_id: UUID) -> set[UUID]:
    """Who bid on the lot under terms that no longer hold."""
    query = select(AuctionEvent.bidder_id).where(
        AuctionEvent.auction_id == auction_id, AuctionEvent.bidder_id.is_not(None)
    )
    return {one for one in session.execute(query).scalars() if one is not None}
