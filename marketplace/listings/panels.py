"""The places on a listing's page that the deals room fills, and what listings show on an asset's page."""

from datetime import datetime
from typing import Any

from flask import render_template, url_for
from markupsafe import Markup

from marketplace.core.actor import Actor
from marketplace.core.http import Waiting, dashboard_provider
from marketplace.core.i18n import _
from marketplace.core.panels import Panel, PanelSlot
from marketplace.listings.cards import MOST_COMPARED
from marketplace.listings.due_diligence import missing_slots
from marketplace.listings.likeness import similar_assets
from marketplace.listings.listings import ListingStatus, own_listings, visible_listings_of_asset
from marketplace.listings.watchlists import watches
from marketplace.registry.assets import find_asset
from marketplace.registry.ownership import owns
from marketplace.registry.panels import asset_panels

listing_panels = PanelSlot()


def listing_panel(panel: Panel, order: int = 50) -> Panel:
    """Register a panel of the listing page; it is called with the actor (or nobody) and the listing."""
    return listing_panels.add(order)(panel)


@asset_panels.add(order=20)
def offers_panel(actor: Actor | None, asset: Any) -> Markup:
    """On an asset's page: how it is offered, and the way to offer or watch it."""
    own = actor is not None and actor.may("asset.manage") and owns(actor.organisation_id, asset.id)
    return Markup(
        render_template(
            "listings/_offers.html", asset=asset, actor=actor, own=own, offers=visible_listings_of_asset(asset.id),
            watched=watches(actor, asset.id),
        )
    )  # fmt: skip


@asset_panels.add(order=60)
def similar_panel(actor: Actor | None, asset: Any) -> Markup | None:
    """On an asset's page: others about the same thing, with the reason; nothing where nothing was learned."""
    found = similar_assets(actor, asset.id)
    if not found:
        return None
    return Markup(render_template("listings/_similar.html", asset=asset, found=found, most=MOST_COMPARED))


@dashboard_provider
def waiting(actor: Actor, _instant: datetime) -> list[Waiting]:
    """Drafts to finish and listings the register took off the market."""
    if not actor.may("asset.manage"):
        return []
    found = []
    for listing in own_listings(actor):
        link = url_for("listings.listing_page", listing_id=listing.id)
        title = find_asset(listing.asset_id).title
        if listing.status is ListingStatus.SUSPENDED:
            found.append(Waiting(_("Your listing of %(title)s is suspended", title=title), link))
        elif listing.status is ListingStatus.DRAFT and missing_slots(listing.due_diligence):
            found.append(Waiting(_("Finish the draft listing of %(title)s", title=title), link))
    return found
