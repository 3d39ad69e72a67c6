"""Offers are told to the valuation room, when they are published and how they end: they teach how likely one sells."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from marketplace.core.actor import Actor
from marketplace.listings.course import ListingMoved
from marketplace.listings.listings import ListingPublished, ListingStatus, find_listing
from marketplace.valuation.published_offers import OfferOutcome, end_offer, note_offer
from marketplace.valuation.sales import Purpose

TRIED_FOR = timedelta(days=30)
"""An offer taken back sooner was not tried: the market had no time to answer it."""


def note_published(_actor: Actor, fact: ListingPublished, _now: datetime) -> None:
    """Everybody may answer the offer from now on."""
    listing = find_listing(fact.listing_id)
    if listing.published_at is not None:
        purpose = Purpose.TRANSFER if listing.is_sale else Purpose.LICENCE
        note_offer(listing.asset_id, purpose, _reference(listing.id), listing.published_at)


def note_taken_back(actor: Actor, fact: ListingMoved, now: datetime) -> None:
    """An offer leaves the market without a deal: one that stood long enough found no buyer.

    What the register took off the market, and what was hardly tried, says nothing. A reserved listing closes with its
    deal, and the deal tells.
    """
    over = fact.after == ListingStatus.WITHDRAWN or (
        fact.after == ListingStatus.CLOSED and fact.before != ListingStatus.RESERVED
    )
    published = find_listing(fact.listing_id).published_at
    if not over or published is None:
        return
    tried = now - published >= TRIED_FOR and fact.before != ListingStatus.SUSPENDED
    end_offer(actor, _reference(fact.listing_id), OfferOutcome.UNSOLD if tried else OfferOutcome.SET_ASIDE, now)


def note_unsold_lot(actor: Actor, fact: Any, now: datetime) -> None:
    """A lot found no buyer."""
    end_offer(actor, _reference(fact.listing_id), OfferOutcome.UNSOLD, now)


def note_sold(actor: Actor, listing_id: UUID, related: bool, now: datetime) -> None:
    """A deal of the offer was completed; one between related parties was no answer of the market."""
    end_offer(actor, _reference(listing_id), OfferOutcome.SET_ASIDE if related else OfferOutcome.SOLD, now)


def _reference(listing_id: UUID) -> str:
    return f"listing:{listing_id}"
