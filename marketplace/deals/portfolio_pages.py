"""The pages of portfolio lots: offering one, its parts on the lot's page, and bidding for them."""

from datetime import UTC
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from marketplace.core.clock import now
from marketplace.core.formats import show_money
from marketplace.core.http import current_actor, idempotent, needs, page_form
from marketplace.core.i18n import _
from marketplace.deals import portfolio_bids, portfolio_lots
from marketplace.deals.auction_blueprint import pages
from marketplace.deals.auction_rules import AuctionFormat
from marketplace.deals.auctions import Auction
from marketplace.deals.portfolio_schemas import PackageForm, PortfolioForm
from marketplace.registry.assets import find_asset
from marketplace.registry.similar_marks import companions_of

BEIJING = ZoneInfo("Asia/Shanghai")


@pages.get("/auctions/portfolios/new")
@needs("asset.manage")
def new_portfolio() -> str:
    """Choose own draft listings, and the lot's times and deposit."""
    drafts = portfolio_lots.drafts_for_portfolio(current_actor())
    assets = {one.id: find_asset(one.asset_id) for one in drafts}
    along = {one.id: companions_of(assets[one.id], now().date()) for one in drafts}
    return render_template("deals/portfolio_new.html", drafts=drafts, assets=assets, along=along)


@pages.post("/auctions/portfolios")
@needs("asset.manage")
@idempotent
def offer_portfolio() -> Response:
    """Offer the chosen listings as one lot."""
    given = page_form(PortfolioForm)
    for name in ("opens_at", "closes_at"):
        given[name] = given[name].replace(tzinfo=BEIJING).astimezone(UTC)
    auction = portfolio_lots.offer_portfolio(current_actor(), given.pop("listing_ids"), given, now())
    flash(_("The portfolio is announced, and its listings are published."), "good")
    return redirect(url_for("auctions.show_auction", auction_id=auction.id), 303)


@pages.post("/auctions/<uuid:auction_id>/package-bids")
@needs("deal.trade")
@idempotent
def place_package_bid(auction_id: UUID) -> Response:
    """Bid for the parts chosen."""
    typed = page_form(PackageForm)
    bid = portfolio_bids.place_typed_package(current_actor(), auction_id, typed["parts"], typed["amount"], now())
    if bid.leads:
        flash(_("Your bid of %(amount)s stands and is among the leading ones.", amount=show_money(bid.amount)), "good")
    else:
        flash(
            _("Your bid of %(amount)s stands, but other bids together bring more now.", amount=show_money(bid.amount))
        )
    return redirect(url_for("auctions.show_auction", auction_id=auction_id), 303)


def shown_parts(auction: Auction) -> dict[str, Any]:
    """What the page of a lot shows of its parts; nothing for a lot of one asset."""
    if auction.format is not AuctionFormat.PORTFOLIO:
        return {"portfolio": None}
    view = portfolio_bids.portfolio_view(auction.id)
    assets = {row.asset_id: find_asset(row.asset_id) for part in view.parts for row in part.assets}
    return {"portfolio": view, "part_assets": assets}
