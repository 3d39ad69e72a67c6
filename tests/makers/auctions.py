"""Lots and admitted bidders for tests."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.clock import now
from marketplace.core.money import Money
from marketplace.deals import auction_rules as rules
from marketplace.deals import bidders
from marketplace.deals.auction_announcing import announce_auction
from marketplace.deals.auctions import Auction
from marketplace.ledger import accounts, entries
from marketplace.ledger.entries import Posting
from tests.makers.identity import make_actor, make_organisation
from tests.makers.listings import make_listing


def yuan(amount: int) -> Money:
    """An amount in yuan."""
    return Money(amount * 100, "CNY")


def make_auction(seller: Actor | None = None, priority: Sequence[dict[str, Any]] = (), **changes: Any) -> Auction:
    """An open lot starting at ¥100,000 in steps of ¥10,000 that closes in two hours."""
    seller = seller or make_actor()
    assert seller.organisation_id is not None
    instant = now()
    fields: dict[str, Any] = {
        "start": yuan(100_000),
        "increments": (rules.IncrementStep(None, yuan(10_000)),),
        "opens_at": instant - timedelta(hours=1),
        "closes_at": instant + timedelta(hours=2),
    }
    terms = rules.LotTerms(**(fields | changes))
    listing = make_listing(seller)
    lot = (listing.id, listing.asset_id, listing.organisation_id)
    deposit = rules.deposit_required(terms.start, 1_000)
    return announce_auction(SYSTEM, lot, terms, deposit, min(instant, terms.closes_at - timedelta(seconds=1)), priority)


def fund_deposits(organisation_id: Any, amount: Money) -> None:
    """Money for deposits, as if it had been collected."""
    accounts.open_account("clearing:bank", amount.currency, "debit", floor_minor=None)
    account = bidders.deposits_account(organisation_id, amount.currency)
    entries.post(SYSTEM, f"fund:{uuid4()}", "test", [Posting("clearing:bank", account, amount)], now())


def make_bidder(auction: Auction, actor: Actor | None = None) -> Actor:
    """An actor admitted to the lot with its deposit held."""
    actor = actor or make_actor(make_organisation())
    fund_deposits(actor.organisation_id, auction.deposit)
    bidders.register_bidder(actor, auction.id, "bank_transfer", now())
    return actor
