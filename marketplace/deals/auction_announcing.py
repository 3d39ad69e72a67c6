"""Announcing a lot: its rules are checked, fixed and fingerprinted before the first bid."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from marketplace.core.actor import Actor
from marketplace.core.db import session
from marketplace.core.errors import Malformed, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.jobs import enqueue
from marketplace.core.money import Money
from marketplace.deals import auction_log as log
from marketplace.deals import auction_rules as rules
from marketplace.deals.auction_events import append_event
from marketplace.deals.auction_terms import require_sound, terms_document
from marketplace.deals.auctions import Auction, AuctionStatus
from marketplace.deals.bidders import Bidder, BidderStatus
from marketplace.deals.opening import keep_shares, make_opening_key

UNBOUNDED = 2**63 - 1


class AuctionExists(Refused):
    """A listing is auctioned once."""

    message = _l("This listing is already being auctioned.")


@dataclass(frozen=True)
class AuctionOpened(Fact):
    """A lot was announced with its rules."""

    auction_id: UUID
    listing_id: UUID
    terms_hash: str


def announce_auction(
    actor: Actor,
    listing: tuple[UUID, UUID, UUID],
    terms: rules.LotTerms,
    deposit: Money,
    now: datetime,
    priority: Sequence[Mapping[str, Any]] = (),
) -> Auction:
    """Announce the auction of a listing, given as (listing, asset, seller); its rules are fixed from here.

    ``priority`` names the holders of priority rights in the order of their codes: organisation_id and rank.
    """
    listing_id, asset_id, seller_id = listing
    require(actor.may("system") or (actor.organisation_id == seller_id and actor.may("asset.manage")))
    require_sound(terms)
    require(terms.closes_at > now, Malformed("closes_at", _l("The close must lie in the future.")))
    known = session.execute(select(Auction.id).where(Auction.listing_id == listing_id)).first()
    require(known is None, AuctionExists())
    auction = Auction(status=AuctionStatus.OPEN, listing_id=listing_id, asset_id=asset_id, seller_id=seller_id)
    set_terms(auction, terms)
    auction.deposit, auction.first_closes_at, auction.closes_at = deposit, terms.last_close, terms.last_close
    if terms.sealed_span is not None:
        auction.opening_key, sealed_shares = make_opening_key()
    session.add(auction)
    session.flush()
    if terms.sealed_span is not None:
        keep_shares(auction.id, sealed_shares)
    _name_priority_holders(auction, priority)
    append_event(auction, "opened", now, detail=log.terms_hash(auction.terms))
    enqueue("auctions.close", at=auction.closes_at, auction_id=str(auction.id))
    announce(actor, now, AuctionOpened(auction.id, listing_id, log.terms_hash(auction.terms)))
    return auction


def set_terms(auction: Auction, terms: rules.LotTerms) -> None:
    """Write the terms into the lot: the published document, and the columns in which the database decides bids."""
    hidden = terms.reserve is not None and not terms.reserve_public
    salt = secrets.token_hex(16) if hidden else None
    commitment = log.reserve_commitment(terms.reserve, salt) if terms.reserve and salt else None
    auction.terms = terms_document(terms, commitment)
    auction.format, auction.proxy = terms.format, terms.proxy
    auction.start, auction.opens_at = terms.start, terms.opens_at
    auction.increment_bounds = [row.below.amount_minor if row.below else UNBOUNDED for row in terms.increments]
    auction.increment_steps = [row.step.amount_minor for row in terms.increments]
    auction.window_seconds = int(terms.soft_close_window.total_seconds())
    auction.extension_seconds = int(terms.soft_close_extension.total_seconds())
    auction.extend_from = terms.extend_from.value
    auction.max_extension_seconds = _seconds(terms.max_extension)
    auction.buy_now_minor = _minor(terms.buy_now)
    auction.reserve_minor = _minor(terms.reserve)
    auction.reserve_salt = salt


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else int(span.total_seconds())


def _minor(amount: Money | None) -> int | None:
    return None if amount is None else amount.amount_minor


def _name_priority_holders(auction: Auction, priority: Sequence[Mapping[str, Any]]) -> None:
    """Holders of a priority right are expected under their own codes; each decides alone whether to register."""
    for place, holder in enumerate(priority, start=1):
        session.add(
            Bidder(
                auction_id=auction.id,
                organisation_id=UUID(str(holder["organisation_id"])),
                code=f"P{place}",
                rank=int(holder["rank"]),
                status=BidderStatus.EXPECTED,
            )  # fmt: skip
        )
    session.flush()
