"""The JSON API of portfolio lots."""

from typing import Any
from uuid import UUID

from marketplace.core.clock import now
from marketplace.core.http import current_actor, idempotent, needs, public
from marketplace.deals import portfolio_bids, portfolio_lots
from marketplace.deals.auction_schemas import AuctionOut
from marketplace.deals.blueprints import api
from marketplace.deals.portfolio_schemas import (
    PackageIn,
    PackageQuery,
    PackageQuoteOut,
    PlacedPackageOut,
    PortfolioIn,
    PortfolioOut,
)


@api.post("/auctions/portfolios")
@needs("asset.manage")
@idempotent
@api.input(PortfolioIn, arg_name="given")
@api.output(AuctionOut, status_code=201)
def offer_portfolio(given: dict[str, Any]) -> Any:
    """Offer own draft listings as one lot; similar marks that must move together form one part."""
    return portfolio_lots.offer_portfolio(current_actor(), given.pop("listing_ids"), given, now())


@api.get("/auctions/<uuid:auction_id>/parts")
@public
@api.output(PortfolioOut)
def show_parts(auction_id: UUID) -> Any:
    """The parts of a portfolio lot, what each and the whole cost now, and the combination that leads."""
    return portfolio_bids.portfolio_view(auction_id)


@api.get("/auctions/<uuid:auction_id>/quote")
@public
@api.input(PackageQuery, location="query", arg_name="wish")
@api.output(PackageQuoteOut)
def quote_package(auction_id: UUID, wish: dict[str, Any]) -> Any:
    """What a bid for these parts together must reach (``?parts=1&parts=3``)."""
    return portfolio_bids.quote_package(auction_id, wish["parts"])


@api.post("/auctions/<uuid:auction_id>/package-bids")
@needs("deal.trade")
@idempotent
@api.input(PackageIn, arg_name="bid")
@api.output(PlacedPackageOut, status_code=201)
def place_package_bid(auction_id: UUID, bid: dict[str, Any]) -> Any:
    """Bid one amount for some parts together, or for all."""
    return portfolio_bids.place_package_bid(current_actor(), auction_id, bid["parts"], bid["amount"], now())
