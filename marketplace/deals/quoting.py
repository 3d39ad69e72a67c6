"""Asking, inviting, quoting, the final round, and the choice."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import session
from marketplace.core.errors import Malformed, Refused, require
from marketplace.core.events import announce
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.deals import policy
from marketplace.deals.deals import Deal, DealOrigin, open_deal
from marketplace.deals.offers import ByAuctionOnly, WrongOfferCurrency, agree_on_quote, require_open
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
from marketplace.identity.organisations import organisation_by_number
from marketplace.identity.sign_in import require_fresh
from marketplace.listings.listings import Listing, find_listing, own_listing, visible_listing
from marketplace.listings.terms import ListingMode

QUOTE_STANDS_FOR = timedelta(days=30)


class UnknownBuyer(Refused):
    """Somebody invited is not a verified organisation."""

    message = _l("No verified organisation has the number %(number)s.")


def ask_for_quotes(
    actor: Actor, listing_ids: list[UUID], question: str, ends_at: datetime, now: datetime
) -> QuotationRequest:
    """Ask the holders of several listings at once for their price; none of them sees the others."""
    policy.require_trader(actor)
    chosen = list(dict.fromkeys(listing_ids))
    if not 1 <= len(chosen) <= MOST_SEATS:
        raise Malformed("listing_ids", _l("Choose one to thirty listings."))
    _require_round(ends_at, now)
    assert actor.organisation_id is not None
    request = QuotationRequest(
        asker_id=actor.organisation_id, question=question, status=RequestStatus.OPEN, asked_at=now, ends_at=ends_at,
        seats=[_seat(actor, listing_id) for listing_id in chosen],
    )  # fmt: skip
    return _send(actor, request, now)


def invite_to_tender(
    actor: Actor, listing_id: UUID, numbers: list[str], question: str, ends_at: datetime, now: datetime
) -> QuotationRequest:
    """Invite buyers, by registration number, to quote for one's own listing; the holder picks with a reason."""
    policy.require_trader(actor)
    listing = own_listing(actor, listing_id)
    require_open(listing)
    _require_round(ends_at, now)
    buyers = list(dict.fromkeys(_invited(number) for number in numbers))
    if not 1 <= len(buyers) <= MOST_SEATS:
        raise Malformed("numbers", _l("Invite one to thirty buyers."))
    request = QuotationRequest(
        asker_id=listing.organisation_id, question=question, status=RequestStatus.OPEN, asked_at=now, ends_at=ends_at,
        seats=[_new_seat(listing, buyer_id) for buyer_id in buyers],
    )  # fmt: skip
    return _send(actor, request, now)


def _invited(number: str) -> UUID:
    found = organisation_by_number(number)
    if found is None:
        raise UnknownBuyer(number=number)
    return found.id


def _require_round(ends_at: datetime, now: datetime) -> None:
    if not now < ends_at <= now + LONGEST_ROUND:
        raise Malformed("ends_at", _l("Quotes are due within sixty days from now."))


def _send(actor: Actor, request: QuotationRequest, now: datetime) -> QuotationRequest:
    session.add(request)
    session.flush()
    announce(actor, now, QuotationAsked(request.id, _asked(request), request.is_tender))
    return request


def _seat(actor: Actor, listing_id: UUID) -> QuotationSeat:
    listing: Listing = visible_listing(actor, listing_id)
    assert actor.organisation_id is not None
    require(listing.mode is not ListingMode.AUCTION, ByAuctionOnly())
    return _new_seat(listing, actor.organisation_id)


def _new_seat(listing: Listing, buyer_id: UUID) -> QuotationSeat:
    require(listing.organisation_id != buyer_id, policy.OwnListing())
    policy.require_unrelated(buyer_id, listing.organisation_id)
    return QuotationSeat(
        listing_id=listing.id, asset_id=listing.asset_id, seller_id=listing.organisation_id, buyer_id=buyer_id,
        status=SeatStatus.INVITED, quotes=[],
    )  # fmt: skip


def _asked(request: QuotationRequest) -> tuple[UUID, ...]:
    return tuple(sorted({request.asked_in(seat) for seat in request.seats}))


def _own_seat(actor: Actor, request: QuotationRequest, listing_id: UUID) -> QuotationSeat:
    seat = request.seat_for(listing_id, actor.organisation_id)
    require(request.asked_in(seat) == actor.organisation_id)
    return seat


def quote_price(
    actor: Actor, request_id: UUID, listing_id: UUID, price: Money, special_terms: str, now: datetime
) -> QuotationSeat:
    """Answer with a price, or improve it; in the final round only who quoted before may."""
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
    announce(actor, now, QuoteMade(request.id, quote.id, request.asker_id))
    return seat


def decline_to_quote(actor: Actor, request_id: UUID, listing_id: UUID, reason: str, now: datetime) -> QuotationSeat:
    """Say no, or take one's quote back, with the reason."""
    policy.require_trader(actor)
    request = find_request(actor, request_id, lock=True)
    seat = _own_seat(actor, request, listing_id)
    require(request.status in UNDECIDED, RoundOver())
    seat.become(SeatStatus.WITHDRAWN if seat.status is SeatStatus.QUOTED else SeatStatus.DECLINED, reason)
    session.flush()
    announce(actor, now, QuoteTakenBack(request.id, listing_id, request.asker_id, reason))
    return seat


def call_final_round(actor: Actor, request_id: UUID, ends_at: datetime, now: datetime) -> QuotationRequest:
    """Ask everybody with a live quote for the best and final one."""
    request = _asked_by(actor, request_id)
    request.begin_final_round(ends_at, now)
    session.flush()
    quoted = tuple(sorted({request.asked_in(seat) for seat in request.seats if seat.live_quote}))
    announce(actor, now, FinalRoundCalled(request.id, quoted))
    return request


def choose_quote(
    actor: Actor, request_id: UUID, listing_id: UUID, version: int, reason: str, now: datetime,
    buyer_id: UUID | None = None,
) -> Deal:  # fmt: skip
    """Pick one quote (of one buyer, in a tender) and say why; it becomes the deal at once and the others are told."""
    require_fresh(actor, now)
    request = _asked_by(actor, request_id)
    seat = request.seat_for(listing_id, buyer_id)
    quote = seat.live_quote
    if quote is None or quote.version != version or now >= quote.valid_until:
        raise NoLiveQuote()
    seat.become(SeatStatus.CHOSEN, reason)
    request.become(RequestStatus.AWARDED, reason)
    session.flush()
    deal = _agree(actor, request, seat, quote, now)
    request.deal_id = deal.id
    announce(actor, now, QuotationEnded(request.id, request.status.value, _asked(request)))
    return deal


def _agree(actor: Actor, request: QuotationRequest, seat: QuotationSeat, quote: Quote, now: datetime) -> Deal:
    """A buyer takes the holder's quote, or the holder takes a buyer's."""
    if not request.is_tender:
        return agree_on_quote(actor, seat.listing_id, quote.price, quote.special_terms, now)
    listing = find_listing(seat.listing_id, lock=True)
    require_open(listing)
    policy.require_unrelated(seat.buyer_id, seat.seller_id)
    terms = DealTerms.of_listing(listing, quote.special_terms)
    terms.require_lawful_words(now.date())
    return open_deal(
        actor, listing.id, seat.buyer_id, quote.price, DealOrigin("tender", quote.id, terms.to_json()), now
    )


def cancel_request(actor: Actor, request_id: UUID, reason: str, now: datetime) -> QuotationRequest:
    """Give the request up, with the reason."""
    request = _asked_by(actor, request_id)
    request.become(RequestStatus.CANCELLED, reason)
    session.flush()
    announce(actor, now, QuotationEnded(request.id, request.status.value, _asked(request)))
    return request


def _asked_by(actor: Actor, request_id: UUID) -> QuotationRequest:
    policy.require_trader(actor)
    request = find_request(actor, request_id, lock=True)
    require(request.asker_id == actor.organisation_id)
    return request


def pass_deadlines(now: datetime) -> int:
    """Move every request on whose time is over; returns how many."""
    query = select(QuotationRequest).where(QuotationRequest.status.in_(UNDECIDED), QuotationRequest.ends_at <= now)
    due = list(session.execute(query.limit(200).with_for_update(skip_locked=True)).scalars())
    for request in due:
        request.pass_deadline(now)
        session.flush()
        if request.status is RequestStatus.EXPIRED:
            announce(SYSTEM, now, QuotationEnded(request.id, request.status.value, _asked(request)))
    return len(due)
