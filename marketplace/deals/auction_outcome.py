"""Who bought a lot at which price, by the rules of its format."""

from uuid import UUID

from sqlalchemy import select

from marketplace.core.db import session
from marketplace.core.money import Money
from marketplace.deals import auction_formats as formats
from marketplace.deals.auction_rules import AuctionFormat
from marketplace.deals.auctions import Auction
from marketplace.deals.bidders import Bidder
from marketplace.deals.envelopes import opened_bids

Winner = tuple[tuple[UUID, str], Money]


def outcome_of(auction: Auction) -> Winner | None:
    """The winner (organisation, code) and the price, or None when the lot stays unsold."""
    if auction.format.is_sealed:
        return _of_envelopes(auction)
    if auction.leader_id is None or auction.high is None or not auction.reserve_met:
        return None
    if auction.format is AuctionFormat.HYBRID_DUTCH:
        return _of_hybrid(auction)
    return (auction.leader_id, auction.leader_code or ""), auction.high


def _of_envelopes(auction: Auction) -> Winner | None:
    floor = max(auction.start, auction.reserve or auction.start)
    second_price = auction.format is AuctionFormat.VICKREY
    return _named(auction, formats.open_envelopes(opened_bids(auction), auction.closes_at, floor, second_price))


def _of_hybrid(auction: Auction) -> Winner | None:
    span = auction.rules.sealed_span
    assert span is not None
    assert auction.high is not None
    first = auction.leader_code or ""
    return _named(auction, formats.hybrid_outcome(first, auction.high, opened_bids(auction), None, span[1]))


def _named(auction: Auction, outcome: formats.SealedOutcome) -> Winner | None:
    if outcome.winner is None or outcome.price is None:
        return None
    query = select(Bidder.organisation_id).where(Bidder.auction_id == auction.id, Bidder.code == outcome.winner)
    return (session.execute(query).scalar_one(), outcome.winner), outcome.price
