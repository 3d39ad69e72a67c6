"""Portfolio lots: several own assets offered together, to be bought as a whole or in parts."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from marketplace.core.actor import Actor
from marketplace.core.db import session
from marketplace.core.errors import Malformed, Refused, require
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.deals import auction_rules as rules
from marketplace.deals.auction_announcing import announce_auction
from marketplace.deals.auctions import Auction
from marketplace.deals.portfolio_assets import LotAsset
from marketplace.deals.portfolio_rules import MOST_PARTS, Part, grouped
from marketplace.listings.listings import (
    Listing,
    ListingStatus,
    change_listing,
    own_listing,
    own_listings,
    publish_listing,
)
from marketplace.listings.terms import ListingMode
from marketplace.registry.assets import Asset, find_asset
from marketplace.registry.similar_marks import companions_of

FORMAT = rules.AuctionFormat.PORTFOLIO
MOST_ASSETS = 40
USUAL_DEPOSIT_BPS = 1_000


class NotAPortfolio(Refused):
    """What is chosen cannot be sold in one lot."""

    message = _l("A portfolio lot takes 2 to 40 own draft listings for auction in one currency, in 2 to 10 parts.")


class CompanionsMissing(Refused):
    """A mark would leave behind the similar marks that must move with it."""

    message = _l("Similar marks are transferred together (Trademark Law, art. 42): add %(marks)s to the lot.")


class DepositOutOfRange(Refused):
    """A bid deposit has its limits."""

    message = _l("The deposit must be 5 to 20 %% of the start prices together.")


def offer_portfolio(actor: Actor, listing_ids: Sequence[UUID], given: Mapping[str, Any], now: datetime) -> Auction:
    """Announce own draft listings as one lot: each is published, and marks that must move together form one part.

    ``given`` holds opens_at, closes_at and the deposit of each bidder (absent: a tenth of the start prices).
    """
    require(2 <= len(listing_ids) <= MOST_ASSETS and len(set(listing_ids)) == len(listing_ids), NotAPortfolio())
    locked = {one: own_listing(actor, one) for one in sorted(listing_ids)}
    listings = [locked[one] for one in listing_ids]
    require(all(_fits(one) for one in listings), NotAPortfolio())
    require(len({one.price.currency for one in listings if one.price}) == 1, NotAPortfolio())
    parts = _parts_of(listings, now.date())
    terms = _terms_of(parts, given)
    deposit = given.get("deposit") or rules.deposit_required(terms.start, USUAL_DEPOSIT_BPS)
    require(deposit.currency == terms.start.currency, NotAPortfolio())
    require(_in_range(deposit, terms.start), DepositOutOfRange())
    common = {
        "opens_at": terms.opens_at, "closes_at": terms.closes_at, "reserve": None, "deposit": None,
        "lot_rules": {"format": FORMAT.value},
    }  # fmt: skip
    for listing in listings:
        change_listing(actor, listing.id, common, now)
        publish_listing(actor, listing.id, now)
    lead = listings[0]
    auction = announce_auction(actor, (lead.id, lead.asset_id, lead.organisation_id), terms, deposit, now)
    for number, part in enumerate(parts, start=1):
        for listing in part:
            session.add(
                LotAsset(
                    auction_id=auction.id,
                    part=number,
                    listing_id=listing.id,
                    asset_id=listing.asset_id,
                    start=listing.price,
                )  # fmt: skip
            )
    session.flush()
    return auction


def _fits(listing: Listing) -> bool:
    return listing.mode is ListingMode.AUCTION and listing.status is ListingStatus.DRAFT and listing.price is not None


def _in_range(deposit: Money, start: Money) -> bool:
    return deposit.amount_minor * 20 >= start.amount_minor >= deposit.amount_minor * 5


def _parts_of(listings: Sequence[Listing], on: date) -> list[tuple[Listing, ...]]:
    """The listings part by part; similar marks are never parted, and none may be left outside."""
    of_asset = {str(one.asset_id): one for one in listings}
    require(len(of_asset) == len(listings), NotAPortfolio())
    ties: list[tuple[str, str]] = []
    missing: dict[UUID, Asset] = {}
    for listing in listings:
        for other in companions_of(find_asset(listing.asset_id), on):
            if str(other.id) in of_asset:
                ties.append((str(listing.asset_id), str(other.id)))
            else:
                missing[other.id] = other
    require(not missing, CompanionsMissing(marks=", ".join(mark.label for mark in missing.values())))
    found = [tuple(of_asset[asset] for asset in part) for part in grouped(list(of_asset), ties)]
    require(2 <= len(found) <= MOST_PARTS, NotAPortfolio())
    return found


def _terms_of(parts: Sequence[Sequence[Listing]], given: Mapping[str, Any]) -> rules.LotTerms:
    if given["closes_at"] <= given["opens_at"]:
        raise Malformed("closes_at", _l("The auction must close after it opens."))
    written = tuple(Part(_sum(part), tuple(find_asset(listing.asset_id).label for listing in part)) for part in parts)
    total = Money(sum(part.start.amount_minor for part in written), written[0].start.currency)
    return rules.LotTerms(
        start=total, increments=rules.default_increments(total.currency), opens_at=given["opens_at"],
        closes_at=given["closes_at"], format=FORMAT, parts=written,
    )  # fmt: skip


def _sum(part: Sequence[Listing]) -> Money:
    prices = [listing.price for listing in part if listing.price is not None]
    return Money(sum(price.amount_minor for price in prices), prices[0].currency)


def drafts_for_portfolio(actor: Actor) -> list[Listing]:
    """The actor's draft listings that could be sold in a portfolio lot."""
    return [listing for listing in own_listings(actor) if _fits(listing)]
