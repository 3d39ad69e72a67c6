"""Asking, quoting, the final round, and the buyer's choice."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import session
from marketplace.core.errors import Malformed, require
from marketplace.core.events import announce
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.deals import policy
from marketplace.deals.deals import Deal
from marketplace.deals.offers import ByAuctionOnly, WrongOfferCurrency, agree_on_quote
from marketplace.deals.quotations import (
    LONGEST_ROUND,
    MOST_SEATS,
    UNDECIDED,
    FinalRoundCalled,
    NoLiveQuote,
    QuotationAsked,
    QuotationEnded,
    QuotationRequest,
    QuotationSeat,
    Quote,
    QuoteMade,
    QuoteTakenBack,
    RequestStatus,
    RoundOver,
    SeatStatus,
    find_request,
)
from marketplace.deals.terms import DealTerms
from marketplace.identity.sign_in import require_fresh
from marketplace.listings.listings import Listing, find_listing, visible_listing
from marketplace.listings.terms import ListingMode

QUOTE_STANDS_FOR = timedelta(days=30)


def ask_for_quotes(
    actor: Actor, listing_ids: list[UUID], question: str, ends_at: datetime, now: datetime
) -> QuotationRequest:
    """Ask the holders of several listings at once for their price; none of them sees the others."""
    policy.require_trader(actor)
    chosen = list(dict.fromkeys(listing_ids))
    if not 1 <= len(chosen) <= MOST_SEATS:
        raise Malformed("listing_ids", _l("Choose one to thirty listings."))
    if not now < ends_at <= now + LONGEST_ROUND:
        raise Malformed("ends_at", _l("Quotes are due within sixty days from now."))
    assert actor.organisation_id is not None
    request = QuotationRequest(
        buyer_id=actor.organisation_id, question=question, status=RequestStatus.OPEN, asked_at=now, ends_at=ends_at,
        seats=[_seat(actor, listing_id) for listing_id in chosen],
    )  # fmt: skip
    session.add(request)
    session.flush()
    announce(actor, now, QuotationAsked(request.id, _sellers(request)))
    return request


def _seat(actor: Actor, listing_id: UUID) -> QuotationSeat:
    listing: Listing = visible_listing(actor, listing_id)
    assert actor.organisation_id is not None
    require(listing.mode is not ListingMode.AUCTION, ByAuctionOnly())
    require(listing.organisation_id != actor.organisation_id, policy.OwnListing())
    policy.require_unrelated(actor.organisation_id, listing.organisation_id)
    return QuotationSeat(
        listing_id=listing.id, asset_id=listing.asset_id, seller_id=listing.organisation_id,
        status=SeatStatus.INVITED, quotes=[],
    )  # fmt: skip


def _sellers(request: QuotationRequest) -> tuple[UUID, ...]:
    return tuple(sorted({seat.seller_id for seat in request.seats}))


def _own_seat(actor: Actor, request: QuotationRequest, listing_id: UUID) -> QuotationSeat:
    seat = request.seat_for(listing_id)
    require(seat.seller_id == actor.organisation_id)
    return seat


def quote_price(
    actor: Actor, request_id: UUID, listing_id: UUID, price: Money, special_terms: str, now: datetime
) -> QuotationSeat:
    """Quote for one's own listing, or improve one's quote; in the final round only who quoted before may."""
    policy.require_trader(actor)
    request = find_request(actor, request_id, lock=True)
    seat = _own_seat(actor, request, listing_id)
    require(request.takes_quotes(now), RoundOver())
    final = request.status is RequestStatus.BEST_AND_FINAL
    require(not final or bool(seat.quotes), RoundOver())
    listing = find_listing(listing_id)
    if listing.price is not None:
        require(price.currency == listing.price.currency, WrongOfferCurrency(currency=listing.price.currency))
    DealTerms.of_listing(listing, special_terms.strip()).require_lawful_words(now.date())
    seat.become(SeatStatus.QUOTED)
    quote = Quote(
        version=len(seat.quotes) + 1, price=price, special_terms=special_terms.strip(), final=final, made_at=now,
        valid_until=now + QUOTE_STANDS_FOR,
    )  # fmt: skip
    seat.quotes.append(quote)
    session.flush()
    announce(actor, now, QuoteMade(request.id, quote.id, request.buyer_id))
    return seat


def decline_to_quote(actor: Actor, request_id: UUID, listing_id: UUID, reason: str, now: datetime) -> QuotationSeat:
    """Say no, or take one's quote back, with the reason."""
    policy.require_trader(actor)
    request = find_request(actor, request_id, lock=True)
    seat = _own_seat(actor, request, listing_id)
    require(request.status in UNDECIDED, RoundOver())
    seat.become(SeatStatus.WITHDRAWN if seat.status is SeatStatus.QUOTED else SeatStatus.DECLINED, reason)
    session.flush()
    announce(actor, now, QuoteTakenBack(request.id, listing_id, request.buyer_id, reason))
    return seat


def call_final_round(actor: Actor, request_id: UUID, ends_at: datetime, now: datetime) -> QuotationRequest:
    """Ask everybody with a live quote for the best and final one."""
    request = _asked_by(actor, request_id)
    request.begin_final_round(ends_at, now)
    session.flush()
    sellers = tuple(sorted({seat.seller_id for seat in request.seats if seat.live_quote}))
    announce(actor, now, FinalRoundCalled(request.id, sellers))
    return request


def choose_quote(
    actor: Actor, request_id: UUID, listing_id: UUID, version: int, reason: str, now: datetime
) -> Deal:  # fmt: skip
    """Pick one quote and say why; it becomes the deal at once, the others are told they were not chosen."""
    require_fresh(actor, now)
    request = _asked_by(actor, request_id)
    seat = request.seat_for(listing_id)
    quote = seat.live_quote
    if quote is None or quote.version != version or now >= quote.valid_until:
        raise NoLiveQuote()
    seat.become(SeatStatus.CHOSEN, reason)
    request.become(RequestStatus.AWARDED, reason)
    session.flush()
    deal = agree_on_quote(actor, listing_id, quote.price, quote.special_terms, now)
    request.deal_id = deal.id
    announce(actor, now, QuotationEnded(request.id, request.status.value, _sellers(request)))
    return deal


def cancel_request(actor: Actor, request_id: UUID, reason: str, now: datetime) -> QuotationRequest:
    """Give the request up, with the reason."""
    request = _asked_by(actor, request_id)
    request.become(RequestStatus.CANCELLED, reason)
    session.flush()
    announce(actor, now, QuotationEnded(request.id, request.status.value, _sellers(request)))
    return request


def _asked_by(actor: Actor, request_id: UUID) -> QuotationRequest:
    policy.require_trader(actor)
    request = find_request(actor, request_id, lock=True)
    require(request.buyer_id == actor.organisation_id)
    return request


def pass_deadlines(now: datetime) -> int:
    """Move every request on whose time is over; returns how many."""
    query = select(QuotationRequest).where(QuotationRequest.status.in_(UNDECIDED), QuotationRequest.ends_at <= now)
    due = list(session.execute(query.limit(200).with_for_update(skip_locked=True)).scalars())
    for request in due:
        request.pass_deadline(now)
        session.flush()
        if request.status is RequestStatus.EXPIRED:
            announce(SYSTEM, now, QuotationEnded(request.id, request.status.value, _sellers(request)))
    return len(due)
