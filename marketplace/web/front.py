"""What the front page shows: what is on offer now, and how much of it."""

from dataclasses import dataclass

from sqlalchemy import func, select

from marketplace.core.db import session
from marketplace.core.i18n import _
from marketplace.listings.listings import VISIBLE, Listing
from marketplace.listings.terms import ListingMode
from marketplace.registry.assets import Asset

NEWEST = 8


@dataclass(frozen=True)
class OnOffer:
    """One listing with the asset it offers."""

    listing: Listing
    asset: Asset


def newest_on_offer() -> list[OnOffer]:
    """The listings published last that everybody may see."""
    rows = session.execute(
        select(Listing, Asset)
        .join(Asset, Asset.id == Listing.asset_id)
        .where(Listing.status.in_(VISIBLE))
        .order_by(Listing.published_at.desc())
        .limit(NEWEST)
    )
    return [OnOffer(listing, asset) for listing, asset in rows]


def counts_on_offer() -> dict[ListingMode, int]:
    """How many visible listings there are of each mode."""
    rows = session.execute(select(Listing.mode, func.count()).where(Listing.status.in_(VISIBLE)).group_by(Listing.mode))
    counted = {mode: int(count) for mode, count in rows}
    return {mode: counted.get(mode, 0) for mode in ListingMode}


def mode_names() -> dict[str, str]:
    """What each mode is called in the page's language."""
    return {
        ListingMode.FIXED_PRICE.value: _("Fixed price"),
        ListingMode.AUCTION.value: _("Auction"),
        ListingMode.LICENCE.value: _("Licence"),
        ListingMode.OPEN_LICENCE.value: _("Open licence"),
    }
