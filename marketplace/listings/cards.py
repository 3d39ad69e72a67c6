"""Search results as people compare them: the asset with its owners, burdens and offers."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select

from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.listings.asset_documents import among, pledged_among, visible_listings_among
from marketplace.listings.listings import Listing
from marketplace.listings.search import SearchPage
from marketplace.registry.assets import Asset, LegalStatus
from marketplace.registry.ownership import OwnershipShare

MOST_COMPARED = 5
"""So many assets stand side by side."""


@dataclass(frozen=True)
class Card:
    """One asset as a row of results."""

    asset: Asset
    owners: tuple[str, ...]
    pledged: bool
    listings: tuple[Listing, ...]
    today: date
    owner_ids: frozenset[UUID] = frozenset()

    @property
    def status(self) -> LegalStatus:
        """The legal status today."""
        return self.asset.status_at(self.today)

    @property
    def years_left(self) -> int | None:
        """Whole years until the right ends; nothing for a right that ended or whose end is unknown."""
        if self.asset.expires_on is None or self.asset.expires_on < self.today:
            return None
        return int((self.asset.expires_on - self.today).days // 365.25)


def cards(asset_ids: Sequence[UUID]) -> list[Card]:
    """The cards of these assets in their order; one that is gone is left out."""
    wanted = list(asset_ids)
    today = now().date()
    assets = {asset.id: asset for asset in session.execute(select(Asset).where(among(Asset.id, wanted))).scalars()}
    owners: dict[UUID, list[str]] = defaultdict(list)
    owner_ids: dict[UUID, set[UUID]] = defaultdict(set)
    query = select(OwnershipShare.asset_id, OwnershipShare.name, OwnershipShare.organisation_id).where(
        among(OwnershipShare.asset_id, wanted), OwnershipShare.known_to.is_(None), OwnershipShare.held_to.is_(None)
    )
    for asset_id, name, organisation_id in session.execute(query.order_by(OwnershipShare.id)):
        owners[asset_id].append(name)
        if organisation_id is not None:
            owner_ids[asset_id].add(organisation_id)
    pledged, listings = pledged_among(wanted, today), visible_listings_among(wanted)
    return [
        Card(
            assets[each], tuple(owners[each]), each in pledged, tuple(listings[each]), today, frozenset(owner_ids[each])
        )
        for each in wanted
        if each in assets
    ]


def search_answer(page: SearchPage) -> dict[str, Any]:
    """A page of results as the API gives it."""
    scores = {hit.asset_id: hit.score for hit in page.items}
    items = [
        {
            "asset_id": card.asset.id,
            "score": scores[card.asset.id],
            "label": card.asset.label,
            "title": card.asset.titles,
            "kind": card.asset.kind.value,
            "status": card.status.value,
            "status_on": card.asset.status_on,
            "expires_on": card.asset.expires_on,
            "owners": list(card.owners),
            "pledged": card.pledged,
            "listings": [offer(listing) for listing in card.listings],
        }
        for card in cards([hit.asset_id for hit in page.items])
    ]
    return {
        "items": items,
        "total": page.total,
        "facets": page.facets,
        "next": page.next,
        "milliseconds": page.milliseconds,
        "sort": page.sort.value,
        "truncated": page.truncated,
        "estimated": page.estimated,
    }


def offer(listing: Listing) -> dict[str, Any]:
    """One offer in short."""
    price = listing.price
    return {
        "id": str(listing.id),
        "mode": listing.mode.value,
        "status": listing.status.value,
        "exclusivity": listing.exclusivity.value if listing.exclusivity else None,
        "price": {"amount": price.format(), "currency": price.currency} if price else None,
    }
