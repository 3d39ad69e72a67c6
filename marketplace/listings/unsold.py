"""Offers that end without a sale are told to the valuation room: they teach how likely an offer sells."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from marketplace.core.actor import Actor
from marketplace.listings.course import ListingMoved
from marketplace.listings.listings import ListingStatus, find_listing
from marketplace.valuation.sales import Purpose
from marketplace.valuation.unsold_offers import record_unsold

TRIED_FOR = timedelta(days=30)
"""An offer taken back sooner was not tried: the market had no time to answer it."""


def note_taken_back(actor: Actor, fact: ListingMoved, now: datetime) -> None:
    """A holder takes an offer back that stood long enough; what the register took off the market says nothing."""
    if fact.after == ListingStatus.WITHDRAWN and fact.before != ListingStatus.SUSPENDED:
        _note(actor, fact.listing_id, TRIED_FOR, now)


def note_unsold_lot(actor: Actor, fact: Any, now: datetime) -> None:
    """A lot found no buyer."""
    _note(actor, fact.listing_id, timedelta(0), now)


def _note(actor: Actor, listing_id: UUID, least: timedelta, now: datetime) -> None:
    listing = find_listing(listing_id)
    if listing.published_at is not None and now - listing.published_at >= least:
        purpose = Purpose.TRANSFER if listing.is_sale else Purpose.LICENCE
        record_unsold(actor, listing.asset_id, purpose, f"listing:{listing.id}", listing.published_at, now)
