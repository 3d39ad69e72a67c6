"""The end of a portfolio lot: who bought which asset at which price, and how each of these sales ends."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from marketplace.core.actor import SYSTEM
from marketplace.core.clock import database_now
from marketplace.core.db import session
from marketplace.core.money import Money
from marketplace.deals import portfolio_rules as rules
from marketplace.deals.auction_events import append_event
from marketplace.deals.auctions import Auction, AuctionStatus
from marketplace.deals.bidders import Bidder, forfeit_share, settle_deposits
from marketplace.deals.portfolio_assets import LotAsset, LotAssetStatus, assets_of_lot, package_bids
from marketplace.deals.shortfalls import BuyerDefault

S = LotAssetStatus


def award_parts(auction: Auction, now: datetime) -> Sequence[LotAsset]:
    """Decide a locked lot: every asset has its buyer or stays unsold, and every bidder's deposit is settled.

    A winning bid is divided among its assets in proportion to what they start at, and so is the deposit: what of it
    belongs to assets not won goes back at once.
    """
    rows = assets_of_lot(auction.id)
    winners = rules.best_combination(package_bids(auction), len(auction.rules.parts))
    deposits = rules.shares_of(auction.deposit, {str(row.id): row.start for row in rows})
    known = _organisations(auction.id)
    kept: dict[UUID, Money] = {}
    for bid in winners:
        buyer = known[bid.bidder]
        bought = [row for row in rows if row.part in bid.parts]
        prices = rules.shares_of(bid.amount, {str(row.id): row.start for row in bought})
        for row in bought:
            price = prices[str(row.id)]
            deposit = min(deposits[str(row.id)], price)
            row.winner_id, row.winner_code = buyer, bid.bidder
            row.price_minor, row.deposit_minor = price.amount_minor, deposit.amount_minor
            row.become(S.SOLD)
            kept[buyer] = kept.get(buyer, Money.zero(deposit.currency)) + deposit
        append_event(auction, "awarded", now, (buyer, bid.bidder), bid.amount, rules.package_text(bid.parts))
    total = rules.total_of(winners, auction.start.currency) if winners else None
    append_event(auction, "closed", now, None, total)
    leave_rest_unsold(rows)
    settle_deposits(auction, kept, now)
    return rows


def leave_rest_unsold(rows: Sequence[LotAsset]) -> None:
    """What nobody bought stays with the seller."""
    for row in rows:
        if row.status is S.OFFERED:
            row.become(S.UNSOLD)
    session.flush()


def _organisations(auction_id: UUID) -> dict[str, UUID]:
    query = select(Bidder.code, Bidder.organisation_id).where(Bidder.auction_id == auction_id)
    return {row.code: row.organisation_id for row in session.execute(query)}


def complete_asset(auction: Auction, row: LotAsset) -> None:
    """The buyer of one asset has paid; the lot is over when every sale of it is."""
    row.become(S.COMPLETED)
    _end_if_over(auction)


def default_asset(auction: Auction, row: LotAsset, now: datetime) -> None:
    """The buyer of one asset did not pay: its share of the deposit goes to the seller, and the rest of a gap is owed."""
    assert row.winner_id is not None
    assert row.price is not None
    forfeited = row.deposit
    if forfeited:
        forfeit_share(SYSTEM, auction, row.winner_id, forfeited, f"lot-asset:{row.id}:forfeited", now)
    append_event(auction, "defaulted", database_now(), (row.winner_id, row.winner_code or ""), row.price, str(row.part))
    default = BuyerDefault(
        auction_id=auction.id, asset_id=row.asset_id, seller_id=auction.seller_id, buyer_id=row.winner_id,
        price=row.price, forfeited=forfeited,
    )  # fmt: skip
    session.add(default)
    row.become(S.DEFAULTED)
    row.winner_id = row.winner_code = row.price_minor = row.deposit_minor = None
    session.flush()


def free_parts(auction: Auction) -> frozenset[int]:
    """The parts whose every sale defaulted: they can be sold again."""
    rows = assets_of_lot(auction.id)
    return frozenset(row.part for row in rows) - {row.part for row in rows if row.status is not S.DEFAULTED}


def give_up_parts(auction: Auction) -> list[LotAsset]:
    """Nobody is left to buy what defaulted: it stays unsold."""
    given_up = [row for row in assets_of_lot(auction.id) if row.status is S.DEFAULTED]
    for row in given_up:
        row.become(S.UNSOLD)
    _end_if_over(auction)
    return given_up


def resell_parts(auction: Auction, buyer: tuple[UUID, str], parts: frozenset[int], amount: Money) -> None:
    """The next bidder takes defaulted parts at its own bid; its deposit went back at the close."""
    rows = [row for row in assets_of_lot(auction.id) if row.part in parts]
    prices = rules.shares_of(amount, {str(row.id): row.start for row in rows})
    for row in rows:
        row.become(S.SOLD)
        row.winner_id, row.winner_code = buyer
        row.price_minor, row.deposit_minor, row.deal_id = prices[str(row.id)].amount_minor, 0, None
    session.flush()


def _end_if_over(auction: Auction) -> None:
    """When no sale is under way any more, the lot is over: completed if anything was paid, else unsold."""
    session.flush()
    states = {row.status for row in assets_of_lot(auction.id)}
    if S.SOLD in states or S.DEFAULTED in states:
        return
    if S.COMPLETED in states:
        auction.become(AuctionStatus.COMPLETED)
    else:
        auction.become(AuctionStatus.DEFAULTED)
        auction.become(AuctionStatus.UNSOLD)
        auction.price_minor = None
    session.flush()
