"""Making, answering and accepting offers."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import session
from marketplace.core.errors import Refused, require
from marketplace.core.events import announce
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.deals import policy
from marketplace.deals.deals import Deal, DealOrigin, open_deal
from marketplace.deals.negotiations import (
    Negotiation,
    NegotiationEnded,
    NegotiationStatus,
    Offer,
    OfferAccepted,
    OfferMade,
    OfferStatus,
    find_negotiation,
)
from marketplace.deals.terms import DealTerms
from marketplace.identity.sign_in import require_fresh
from marketplace.listings.course import ListingNotOpen
from marketplace.listings.listings import Listing, ListingStatus, find_listing, visible_listing
from marketplace.listings.terms import ListingMode
from marketplace.registry.rights import require_allowed

OFFER_STANDS_FOR = timedelta(days=7)
LONGEST_OFFER = timedelta(days=60)


class WrongOfferCurrency(Refused):
    """The offer is not in the listing's currency."""

    message = _l("Offer in %(currency)s, the currency of the listing.")


class ByAuctionOnly(Refused):
    """This listing is sold by auction."""

    message = _l("This asset is sold by auction: bid there.")


class AlreadyNegotiating(Refused):
    """The same two sides already talk about this listing."""

    message = _l("You already negotiate about this listing: answer there.")


class NoListedPrice(Refused):
    """The listing names no price at which anybody may buy."""

    message = _l("This listing has no fixed price. Make an offer.")


def make_offer(
    actor: Actor, listing_id: UUID, price: Money, special_terms: str, now: datetime, expires_at: datetime | None = None
) -> Negotiation:
    """Open talks with a first offer on a listing's terms."""
    policy.require_trader(actor)
    listing = visible_listing(actor, listing_id)
    require_open(listing)
    require(listing.organisation_id != actor.organisation_id, policy.OwnListing())
    assert actor.organisation_id is not None
    require(open_talks_of(actor, listing_id) is None, AlreadyNegotiating())
    policy.require_unrelated(actor.organisation_id, listing.organisation_id)
    negotiation = Negotiation(
        listing_id=listing.id, asset_id=listing.asset_id, seller_id=listing.organisation_id,
        buyer_id=actor.organisation_id, status=NegotiationStatus.OPEN, offers=[],
    )  # fmt: skip
    session.add(negotiation)
    session.flush()
    _put_offer(actor, negotiation, listing, price, special_terms, now, expires_at)
    return negotiation


def counter_offer(
    actor: Actor,
    negotiation_id: UUID,
    version: int,
    price: Money,
    special_terms: str,
    now: datetime,
    expires_at: datetime | None = None,
) -> Negotiation:
    """Answer with other terms, or change one's own offer; the version on the table is superseded."""
    policy.require_trader(actor)
    negotiation = find_negotiation(actor, negotiation_id, lock=True)
    negotiation.require_live(version, now)
    listing = find_listing(negotiation.listing_id)
    require_open(listing)
    _put_offer(actor, negotiation, listing, price, special_terms, now, expires_at)
    return negotiation


def accept_offer(actor: Actor, negotiation_id: UUID, version: int, now: datetime) -> Deal:
    """Agree to the version on the table: the listing is kept for this deal and the contract is drawn up."""
    policy.require_trader(actor)
    require_fresh(actor, now)
    negotiation = find_negotiation(actor, negotiation_id, lock=True)
    offer = negotiation.offer_to_decide(actor.organisation_id, version, now)
    return _conclude(actor, negotiation, offer, now)


def buy_at_listed_price(actor: Actor, listing_id: UUID, now: datetime) -> Deal:
    """Take a fixed-price or open-licence listing at its published price: the holder has offered it to everybody."""
    require_fresh(actor, now)
    listing = visible_listing(actor, listing_id)
    fixed = listing.mode in (ListingMode.FIXED_PRICE, ListingMode.OPEN_LICENCE) and listing.price is not None
    require(fixed, NoListedPrice())
    assert listing.price is not None
    return agree_on_quote(actor, listing_id, listing.price, "", now)


def agree_on_quote(actor: Actor, listing_id: UUID, price: Money, special_terms: str, now: datetime) -> Deal:
    """The buyer takes the holder's own quote: an agreement without further talks."""
    talks = open_talks_of(actor, listing_id)
    if talks is None:
        negotiation = make_offer(actor, listing_id, price, special_terms, now)
    else:
        negotiation = find_negotiation(actor, talks.id, lock=True)
        negotiation.require_live(None, now)
        listing = find_listing(listing_id)
        require_open(listing)
        _put_offer(actor, negotiation, listing, price, special_terms, now, None)
    return _conclude(actor, negotiation, negotiation.require_live(None, now), now)


def reject_offer(actor: Actor, negotiation_id: UUID, version: int, reason: str, now: datetime) -> Negotiation:
    """Say no to the other side's offer, with the reason; the talks end."""
    policy.require_trader(actor)
    negotiation = find_negotiation(actor, negotiation_id, lock=True)
    negotiation.offer_to_decide(actor.organisation_id, version, now)
    return _end(actor, negotiation, OfferStatus.REJECTED, NegotiationStatus.REJECTED, now, reason)


def withdraw_offer(actor: Actor, negotiation_id: UUID, version: int, reason: str, now: datetime) -> Negotiation:
    """Take one's own offer back; the talks end."""
    policy.require_trader(actor)
    negotiation = find_negotiation(actor, negotiation_id, lock=True)
    negotiation.offer_to_take_back(actor.organisation_id, version, now)
    return _end(actor, negotiation, OfferStatus.WITHDRAWN, NegotiationStatus.WITHDRAWN, now, reason)


def expire_offers(now: datetime) -> int:
    """End every talk whose live offer ran out; returns how many."""
    overdue = select(Offer.negotiation_id).where(Offer.status == OfferStatus.LIVE, Offer.expires_at <= now)
    found = session.execute(
        select(Negotiation)
        .where(Negotiation.id.in_(overdue), Negotiation.status == NegotiationStatus.OPEN)
        .with_for_update(skip_locked=True)
    ).scalars()
    ended = [_end(SYSTEM, negotiation, OfferStatus.EXPIRED, NegotiationStatus.EXPIRED, now) for negotiation in found]
    return len(ended)


def open_talks_of(actor: Actor, listing_id: UUID) -> Negotiation | None:
    """The actor's open talks about a listing."""
    query = select(Negotiation).where(
        Negotiation.listing_id == listing_id,
        Negotiation.buyer_id == actor.organisation_id,
        Negotiation.status == NegotiationStatus.OPEN,
    )
    found: Negotiation | None = session.execute(query).scalar_one_or_none()
    return found


def require_open(listing: Listing) -> None:
    """Offers and quotes are taken on what is published and not auctioned."""
    require(listing.mode is not ListingMode.AUCTION, ByAuctionOnly())
    open_now = listing.status in (ListingStatus.PUBLISHED, ListingStatus.UNDER_OFFER)
    require(open_now, ListingNotOpen(status=listing.status.value))


def _put_offer(
    actor: Actor,
    negotiation: Negotiation,
    listing: Listing,
    price: Money,
    special_terms: str,
    now: datetime,
    expires_at: datetime | None,
) -> None:
    if listing.price is not None:
        require(price.currency == listing.price.currency, WrongOfferCurrency(currency=listing.price.currency))
    terms = DealTerms.of_listing(listing, special_terms.strip())
    terms.require_lawful_words(now.date())
    require_allowed(
        terms.instrument(listing.asset_id, negotiation.seller_id, negotiation.buyer_id, now.date()), now.date()
    )
    assert actor.organisation_id is not None
    until = min(expires_at or now + OFFER_STANDS_FOR, now + LONGEST_OFFER)
    offer = Offer(
        negotiation_id=negotiation.id, by_organisation_id=actor.organisation_id, by_person_id=actor.person_id,
        price=price, terms=terms.to_json(), status=OfferStatus.LIVE, made_at=now,
        expires_at=max(until, now + timedelta(hours=1)),
    )  # fmt: skip
    negotiation.clear_table(now)
    session.flush()
    negotiation.put(offer)
    session.flush()
    other = negotiation.other_side(actor.organisation_id)
    announce(actor, now, OfferMade(negotiation.id, offer.id, offer.version, other))


def _conclude(actor: Actor, negotiation: Negotiation, offer: Offer, now: datetime) -> Deal:
    negotiation.end(OfferStatus.ACCEPTED, NegotiationStatus.ACCEPTED, now)
    session.flush()
    deal = open_deal(
        actor,
        negotiation.listing_id,
        negotiation.buyer_id,
        offer.price,
        DealOrigin("offer", offer.id, offer.terms),
        now,
    )
    announce(actor, now, OfferAccepted(deal.id, negotiation.id, offer.version))
    return deal


def _end(
    actor: Actor, negotiation: Negotiation, of_offer: OfferStatus, status: NegotiationStatus, now: datetime,
    reason: str = "",
) -> Negotiation:  # fmt: skip
    negotiation.end(of_offer, status, now, reason)
    session.flush()
    told = negotiation.other_side(actor.organisation_id or negotiation.seller_id)
    announce(actor, now, NegotiationEnded(negotiation.id, status.value, told))
    return negotiation
