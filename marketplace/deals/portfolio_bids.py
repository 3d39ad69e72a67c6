"""Bids on a portfolio lot: for the whole or for any of its parts, each binding by itself until the close."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from marketplace.core.actor import Actor
from marketplace.core.clock import database_now
from marketplace.core.db import new_id, session
from marketplace.core.errors import Malformed, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.deals import auction_rules as rules
from marketplace.deals import portfolio_rules as portfolio
from marketplace.deals.auction_events import append_event
from marketplace.deals.auctions import Auction, AuctionStatus, find_auction
from marketplace.deals.bid_refusals import BidTooLow, DepositMissing, LotNotOpen, LotSuspended, WrongCurrency
from marketplace.deals.bidders import BidderStatus, LotClosed, bidder_of, require_no_conflict
from marketplace.deals.portfolio_assets import LotAsset, assets_of_lot, package_bids
from marketplace.identity.verification import require_approved
from marketplace.listings.listings import Listing, ListingStatus


class NoPartsHere(Refused):
    """The lot is one asset, sold as it is."""

    message = _l("This lot is not sold in parts.")


@dataclass(frozen=True)
class PackageBidPlaced(Fact):
    """A bid for some parts of a portfolio lot was accepted."""

    auction_id: UUID
    bid_id: UUID


@dataclass(frozen=True)
class PlacedPackage:
    """An accepted bid for parts, as its bidder sees it."""

    id: UUID
    auction_id: UUID
    sequence: int
    parts: list[int]
    amount: Money
    bidder_code: str
    placed_at: datetime
    closes_at: datetime
    hash: str
    receipt_id: UUID | None
    leads: bool


def place_package_bid(
    actor: Actor, auction_id: UUID, parts: Collection[int], amount: Money, now: datetime
) -> PlacedPackage:
    """Bid one amount for these parts together; the server's clock after the lock decides (P3)."""
    require_approved(actor)
    require(actor.may("deal.trade"))
    auction = find_auction(auction_id, lock=True)
    instant = database_now()
    require(auction.format is rules.AuctionFormat.PORTFOLIO, NoPartsHere())
    require_no_conflict(actor, auction)
    require(auction.status is AuctionStatus.OPEN and instant < auction.closes_at, LotClosed())
    require(instant >= auction.opens_at, LotNotOpen())
    terms, wanted = auction.rules, _wanted(auction, parts)
    require(not _suspended(auction.id), LotSuspended())
    bidder = bidder_of(auction_id, actor.organisation_id)
    if bidder is None or bidder.status is not BidderStatus.ADMITTED:
        raise DepositMissing()
    require(amount.currency == terms.start.currency, WrongCurrency(currency=terms.start.currency))
    bids = package_bids(auction)
    minimum = portfolio.minimum_for(terms, bids, wanted)
    require(amount >= minimum, BidTooLow(minimum_acceptable=minimum))
    auction.closes_at = rules.extended_close(terms, auction.closes_at, instant)
    who = (bidder.organisation_id, bidder.code)
    bid_id = new_id()
    receipt_id = getattr(announce(actor, instant, PackageBidPlaced(auction.id, bid_id)), "id", None)
    event = append_event(
        auction, "package", instant, who, amount, portfolio.package_text(wanted),
        id=bid_id, person_id=actor.person_id, audit_event_id=receipt_id,
    )  # fmt: skip
    mine = portfolio.PackageBid(bidder.code, wanted, amount, event.sequence)
    best = portfolio.best_combination([*bids, mine], len(terms.parts))
    auction.high_minor = portfolio.total_of(best, amount.currency).amount_minor
    auction.bid_count += 1
    return PlacedPackage(
        event.id, auction.id, event.sequence, sorted(wanted), amount, bidder.code, instant, auction.closes_at,
        event.hash, receipt_id, mine in best,
    )  # fmt: skip


def place_typed_package(
    actor: Actor, auction_id: UUID, parts: Collection[int], typed: str, now: datetime
) -> PlacedPackage:
    """The same from a form: the amount as typed is read in the lot's currency."""
    amount = Money.typed(typed, find_auction(auction_id).start.currency)
    return place_package_bid(actor, auction_id, parts, amount, now)


def _wanted(auction: Auction, parts: Collection[int]) -> frozenset[int]:
    wanted = frozenset(parts)
    if not wanted or len(wanted) != len(parts) or not wanted <= set(range(1, len(auction.rules.parts) + 1)):
        raise Malformed("parts", _l("Name one or more parts of this lot, each once."))
    return wanted


def _suspended(auction_id: UUID) -> bool:
    """Whether the register forbids the sale of any asset of the lot for now."""
    query = (
        select(LotAsset.id)
        .join(Listing, Listing.id == LotAsset.listing_id)
        .where(LotAsset.auction_id == auction_id, Listing.status == ListingStatus.SUSPENDED)
    )
    return session.execute(query.limit(1)).first() is not None


@dataclass(frozen=True)
class Quote:
    """What a set of parts costs now: the standing bid for it, the smallest next one, and what it takes to win."""

    parts: list[int]
    standing: Money | None
    minimum: Money
    to_lead: Money


@dataclass(frozen=True)
class PartView:
    """One part as everybody sees it."""

    number: int
    start: Money
    assets: list[LotAsset]
    quote: Quote


@dataclass(frozen=True)
class PortfolioView:
    """A portfolio lot as everybody sees it: its parts, the whole, and the bids that win together for now."""

    parts: list[PartView]
    whole: Quote
    leading: list[portfolio.PackageBid]


def portfolio_view(auction_id: UUID) -> PortfolioView:
    """The parts of a lot, what each and the whole cost now, and the combination that leads (at the close: that won)."""
    auction = find_auction(auction_id)
    require(auction.format is rules.AuctionFormat.PORTFOLIO, NoPartsHere())
    terms, bids, assets = auction.rules, package_bids(auction), assets_of_lot(auction_id)
    numbers = range(1, len(terms.parts) + 1)
    *single, whole = _quotes(terms, bids, [*(frozenset({number}) for number in numbers), frozenset(numbers)])
    parts = [
        PartView(number, part.start, [row for row in assets if row.part == number], quote)
        for number, part, quote in zip(numbers, terms.parts, single, strict=True)
    ]
    return PortfolioView(parts, whole, list(portfolio.best_combination(bids, len(terms.parts))))


def quote_package(auction_id: UUID, parts: Collection[int]) -> Quote:
    """What a bid for these parts together must reach, and what it takes to win with it now."""
    auction = find_auction(auction_id)
    require(auction.format is rules.AuctionFormat.PORTFOLIO, NoPartsHere())
    return _quotes(auction.rules, package_bids(auction), [_wanted(auction, parts)])[0]


def _quotes(terms: rules.LotTerms, bids: list[portfolio.PackageBid], wished: Sequence[frozenset[int]]) -> list[Quote]:
    standing, to_lead = portfolio.standing_bids(bids), portfolio.amounts_to_lead(terms, bids, wished)
    return [
        Quote(
            sorted(wanted), standing[wanted].amount if wanted in standing else None,
            portfolio.minimum_for(terms, bids, wanted), to_lead[wanted],
        )
        for wanted in wished
    ]  # fmt: skip
