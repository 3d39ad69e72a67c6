"""Announcing a lot: its rules are checked, fixed and fingerprinted before the first bid."""

import secrets
from collections.abc import Mapping
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
from marketplace.deals.auctions import Auction, AuctionStatus, append_event

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
    terms: rules.EnglishTerms,
    deposit_bps: int,
    now: datetime,
    deposit: Money | None = None,
) -> Auction:
    """Announce the auction of a listing, given as (listing, asset, seller); its rules are fixed from here."""
    listing_id, asset_id, seller_id = listing
    require(actor.may("system") or (actor.organisation_id == seller_id and actor.may("asset.manage")))
    if faults := terms.faults():
        raise Malformed("terms", ", ".join(faults))
    require(terms.closes_at > now, Malformed("closes_at", _l("The close must lie in the future.")))
    known = session.execute(select(Auction.id).where(Auction.listing_id == listing_id)).first()
    require(known is None, AuctionExists())
    deposit = deposit or rules.deposit_required(terms.start, deposit_bps)
    salt = secrets.token_hex(16)
    hidden = None if terms.reserve is None else log.reserve_commitment(terms.reserve, salt)
    auction = _lot(terms, deposit, log.terms_document(terms, hidden), salt)
    auction.listing_id, auction.asset_id, auction.seller_id = listing_id, asset_id, seller_id
    session.add(auction)
    session.flush()
    append_event(auction, "opened", now, detail=log.terms_hash(auction.terms))
    enqueue("auctions.close", at=auction.closes_at, auction_id=str(auction.id))
    announce(actor, now, AuctionOpened(auction.id, listing_id, log.terms_hash(auction.terms)))
    return auction


def _lot(terms: rules.EnglishTerms, deposit: Money, document: dict[str, Any], salt: str) -> Auction:
    return Auction(
        status=AuctionStatus.OPEN,
        terms=document,
        start=terms.start,
        increment_bounds=[row.below.amount_minor if row.below else UNBOUNDED for row in terms.increments],
        increment_steps=[row.step.amount_minor for row in terms.increments],
        opens_at=terms.opens_at,
        first_closes_at=terms.closes_at,
        closes_at=terms.closes_at,
        window_seconds=int(terms.soft_close_window.total_seconds()),
        extension_seconds=int(terms.soft_close_extension.total_seconds()),
        extend_from=terms.extend_from.value,
        max_extension_seconds=None if terms.max_extension is None else int(terms.max_extension.total_seconds()),
        deposit=deposit,
        buy_now_minor=terms.buy_now and terms.buy_now.amount_minor,
        reserve_minor=terms.reserve and terms.reserve.amount_minor,
        reserve_salt=terms.reserve and salt,
    )


def terms_from(listing: Mapping[str, Any]) -> rules.EnglishTerms:
    """The rules of a lot from a listing's own terms (price, increments, reserve, times)."""
    price: Money = listing["price"]
    table = listing.get("increments") or {}
    step = table.get("step")
    steps = rules.default_increments(price.currency)
    if step is not None:
        steps = (rules.IncrementStep(None, Money.parse(str(step), price.currency)),)
    buy_now = table.get("buy_now")
    return rules.EnglishTerms(
        start=price,
        increments=steps,
        opens_at=listing["opens_at"],
        closes_at=listing["closes_at"],
        reserve=listing.get("reserve"),
        buy_now=None if buy_now is None else Money.parse(str(buy_now), price.currency),
        max_extension=None
        if not table.get("max_extension_seconds")
        else timedelta(seconds=table["max_extension_seconds"]),
    )
