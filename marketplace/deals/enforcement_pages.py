"""The pages of enforcement sales: the notice board, one notice, and preparing a round."""

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from marketplace.core.clock import database_now
from marketplace.core.errors import Malformed
from marketplace.core.http import current_actor, idempotent, needs, optional_actor, page_form, public
from marketplace.core.i18n import _, _l
from marketplace.deals import enforcement_rules, enforcement_sales
from marketplace.deals.blueprints import pages
from marketplace.deals.enforcement_schemas import SaleForm
from marketplace.deals.step_words import SALE_KINDS, SALE_NAMES, SALE_ROUNDS
from marketplace.identity.organisations import names_of
from marketplace.listings.listings import ListingStatus, find_listing, own_listings
from marketplace.registry.assets import find_asset

WORDS = {"round_names": SALE_ROUNDS, "status_names": SALE_NAMES, "status_kinds": SALE_KINDS}


@pages.get("/enforcement-sales")
@public
def enforcement_board() -> str:
    """Every announced round, and one's own that are prepared."""
    actor = optional_actor()
    found = enforcement_sales.announced_sales()
    own = enforcement_sales.sales_of(actor.organisation_id) if actor and actor.organisation_id else []
    shown = {sale.id: sale for sale in [*found, *own]}.values()
    titles = {sale.id: find_asset(sale.asset_id).title for sale in shown}
    prices = {sale.id: find_listing(sale.listing_id).price for sale in shown}
    return render_template(
        "deals/enforcement_sales.html", sales=shown, titles=titles, prices=prices, actor=actor, **WORDS
    )  # fmt: skip


@pages.get("/enforcement-sales/new")
@needs("asset.manage")
def new_enforcement_sale() -> str:
    """The form that prepares a round."""
    actor = current_actor()
    drafts = [one for one in own_listings(actor) if one.status is ListingStatus.DRAFT]
    unsold = [
        sale for sale in enforcement_sales.sales_of(actor.organisation_id)
        if sale.status is enforcement_sales.SaleStatus.UNSOLD and sale.round in enforcement_rules.NEXT
    ]  # fmt: skip
    titles = {one.id: find_asset(one.asset_id).title for one in drafts}
    titles |= {one.id: find_asset(one.asset_id).title for one in unsold}
    return render_template(
        "deals/enforcement_new.html", drafts=drafts, unsold=unsold, titles=titles, **_rules(), **WORDS
    )  # fmt: skip


def _rules() -> dict[str, Any]:
    return {"rules": enforcement_rules.RULES, "source": enforcement_rules.COURT_SALES, "house": enforcement_rules.HOUSE}


@pages.post("/enforcement-sales")
@needs("asset.manage")
@idempotent
def plan_enforcement_sale() -> Response:
    """Prepare a round."""
    given = page_form(SaleForm)
    listing_id, previous = given.pop("listing_id"), given.pop("previous_id")
    previous_id = _identity(previous) if previous else None
    sale = enforcement_sales.plan_sale(current_actor(), listing_id, given, database_now(), previous_id)
    return _to(sale.id)


def _identity(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as fault:
        raise Malformed("previous_id", _l("Choose a round from the list.")) from fault


@pages.get("/enforcement-sales/<uuid:sale_id>")
@public
def enforcement_sale(sale_id: UUID) -> str:
    """The notice: the right, its appraisal, price and times, priority, taxes, and the rules it keeps."""
    actor = optional_actor()
    sale = enforcement_sales.find_sale(actor, sale_id)
    listing, at = find_listing(sale.listing_id), sale.noticed_at or database_now()
    terms = enforcement_sales.planned(sale, listing, at)
    return render_template(
        "deals/enforcement_sale.html", sale=sale, listing=listing, asset=find_asset(sale.asset_id), terms=terms,
        rule=enforcement_rules.RULES[sale.round],
        floor=enforcement_rules.floor_of(sale.round, sale.appraisal, terms.earlier_start),
        faults=[] if sale.noticed_at else enforcement_rules.faults_of(terms, at),
        mine=actor is not None and actor.organisation_id == sale.organisation_id and actor.may("asset.manage"),
        names=names_of([sale.organisation_id]), priority=len(listing.lot_rules.get("priority_holders", ())),
        **_rules(), **WORDS,
    )  # fmt: skip


@pages.post("/enforcement-sales/<uuid:sale_id>/notice")
@needs("asset.manage")
@idempotent
def publish_enforcement_notice(sale_id: UUID) -> Response:
    """Announce the round."""
    enforcement_sales.publish_notice(current_actor(), sale_id, database_now())
    flash(_("The notice is published, and the listing with it."), "good")
    return _to(sale_id)


@pages.post("/enforcement-sales/<uuid:sale_id>/cancellation")
@needs("asset.manage")
@idempotent
def cancel_enforcement_sale(sale_id: UUID) -> Response:
    """Give a round up."""
    enforcement_sales.cancel_sale(current_actor(), sale_id, database_now())
    return _to(sale_id)


def _to(sale_id: UUID) -> Response:
    return redirect(url_for("deals.enforcement_sale", sale_id=sale_id), 303)
