"""Listings for tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from marketplace.core.actor import Actor
from marketplace.core.money import Money
from marketplace.identity.organisations import find_organisation
from marketplace.listings.listings import Listing, answer_due_diligence, draft_listing, publish_listing
from marketplace.listings.terms import Exclusivity, FeeScheme, ListingMode
from marketplace.registry.assets import Asset
from tests.makers.identity import make_actor
from tests.makers.registry import make_asset

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)

TERMS: dict[ListingMode, dict[str, Any]] = {
    ListingMode.FIXED_PRICE: {"price": Money(5_000_000_00, "CNY")},
    ListingMode.AUCTION: {
        "price": Money(1_000_000_00, "CNY"),
        "reserve": Money(1_500_000_00, "CNY"),
        "deposit": Money(100_000_00, "CNY"),
        "opens_at": NOW + timedelta(days=7),
        "closes_at": NOW + timedelta(days=8),
    },
    ListingMode.LICENCE: {
        "fee_scheme": FeeScheme.ENTRY_AND_ROYALTY,
        "price": Money(200_000_00, "CNY"),
        "royalty_bps": 300,
        "exclusivity": Exclusivity.EXCLUSIVE,
        "territory": ["CN"],
        "term_months": 36,
    },
    ListingMode.OPEN_LICENCE: {"fee_scheme": FeeScheme.LUMP_SUM, "price": Money(100_000_00, "CNY"), "term_months": 24},
}
ANSWERS = {"title": "Register extract of 2026-11-20", "fees": "Paid until 2027", "burdens": "None",
           "validity": "No proceedings", "inventors_not_available": True}  # fmt: skip


def make_owned_asset(owner: Actor, **changes: Any) -> Asset:
    """An asset in force that belongs to the actor's organisation alone."""
    assert owner.organisation_id is not None
    return make_asset(find_organisation(owner.organisation_id), **changes)


def make_listing(
    owner: Actor | None = None,
    mode: str = "fixed_price",
    published: bool = True,
    asset: Asset | None = None,
    **terms: Any,
) -> Listing:
    """A listing of an own asset, published unless told otherwise."""
    owner = owner or make_actor()
    chosen = ListingMode(mode)
    listing = draft_listing(owner, (asset or make_owned_asset(owner)).id, {"mode": chosen} | TERMS[chosen] | terms, NOW)
    if published:
        answer_due_diligence(owner, listing.id, ANSWERS, NOW)
        publish_listing(owner, listing.id, NOW)
    return listing
