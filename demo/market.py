"""Listings of the fictional rights, and auctions in progress with admitted bidders and bids."""

import random
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from demo.people import Cast
from demo.sizes import Size
from marketplace.core.actor import SYSTEM
from marketplace.core.money import Money
from marketplace.deals import auctions, bidders, bidding
from marketplace.ledger import accounts, entries
from marketplace.ledger.entries import Posting
from marketplace.listings.listings import answer_due_diligence, draft_listing, publish_listing
from marketplace.listings.terms import Exclusivity, FeeScheme, ListingMode
from marketplace.registry.assets import find_asset

LICENCE_MONTHS = (12, 24, 36)
ANSWERS = {
    "title": "DEMO register extract", "fees": "DEMO: paid for this year", "burdens": "DEMO: none",
    "validity": "DEMO: no proceedings", "inventors_not_available": True,
}  # fmt: skip


def make_market(dice: random.Random, cast: Cast, owned: dict[str, list[UUID]], size: Size, now: datetime) -> int:
    """Publish the listings, the first of them as auctions that are open now; answers how many."""
    offers = _chosen(cast, owned)[: size.listings]
    for nr, (company, asset_id) in enumerate(offers):
        terms = _auction(dice, nr, now) if nr < size.auctions else _terms(dice, nr, _months_left(asset_id, now.date()))
        published = now - timedelta(days=10) if nr < size.auctions else now
        actor = cast.officers[company]
        listing = draft_listing(actor, asset_id, terms, published)
        answer_due_diligence(actor, listing.id, ANSWERS, published)
        publish_listing(actor, listing.id, published)
        if nr < size.auctions:
            _bid(dice, cast, company, listing.id, now)
    return len(offers)


def _chosen(cast: Cast, owned: dict[str, list[UUID]]) -> list[tuple[str, UUID]]:
    """Every company's first assets in turn, so that each keeps most of its assets unlisted."""
    turns = max(len(assets) for assets in owned.values())
    return [
        (company, owned[company][turn])
        for turn in range(turns)
        for company in cast.companies
        if turn < len(owned[company])
    ]


def _months_left(asset_id: UUID, on: date) -> int:
    """How long the right still lives, in whole months; no licence may outlive it."""
    ends = find_asset(asset_id).expires_on
    return max((ends - on).days // 31, 0) if ends else max(LICENCE_MONTHS)


def _terms(dice: random.Random, nr: int, months_left: int) -> dict[str, Any]:
    price = Money(dice.randrange(8, 800) * 1_000_000, "CNY")
    lawful = [months for months in LICENCE_MONTHS if months <= months_left]
    if nr % 4 == 0 and lawful:
        return {
            "mode": ListingMode.LICENCE, "fee_scheme": FeeScheme.ENTRY_AND_ROYALTY, "price": price,
            "royalty_bps": dice.choice((200, 300, 450)), "exclusivity": dice.choice(list(Exclusivity)),
            "territory": ["CN"], "term_months": dice.choice(lawful), "summary": "DEMO",
        }  # fmt: skip
    return {"mode": ListingMode.FIXED_PRICE, "price": price, "summary": "DEMO", "financing_welcome": nr % 3 == 0}


def _auction(dice: random.Random, nr: int, now: datetime) -> dict[str, Any]:
    start = Money(dice.randrange(20, 100) * 1_000_000, "CNY")
    return {
        "mode": ListingMode.AUCTION, "price": start, "reserve": Money(start.amount_minor * 12 // 10, "CNY"),
        "deposit": Money(start.amount_minor // 10, "CNY"), "opens_at": now - timedelta(days=1),
        "closes_at": now + timedelta(hours=2 + 5 * nr), "summary": "DEMO",
    }  # fmt: skip


def _bid(dice: random.Random, cast: Cast, seller: str, listing_id: UUID, now: datetime) -> None:
    """Two or three other companies pay their deposit and outbid each other."""
    auction = auctions.auction_of_listing(listing_id)
    assert auction is not None
    rivals = dice.sample([key for key in cast.companies if key != seller], dice.choice((2, 3)))
    accounts.open_account("clearing:bank", "CNY", "debit", floor_minor=None)
    for rival in rivals:
        organisation_id = cast.organisations[rival].id
        account = bidders.deposits_account(organisation_id, "CNY")
        lines = [Posting("clearing:bank", account, auction.deposit)]
        entries.post(SYSTEM, f"demo:deposit:{auction.id}:{organisation_id}", "demo_deposit", lines, now)
        bidders.register_bidder(cast.officers[rival], auction.id, "bank_transfer", now)
    for rival in rivals:
        lowest = auctions.find_auction(auction.id, lock=True).minimum_acceptable
        bidding.place_bid(cast.officers[rival], auction.id, lowest, now)
