"""A deposit lodged for an auction: it counts towards the price of the deal, and goes back if the closing fails."""

from datetime import datetime

from marketplace.core.actor import SYSTEM
from marketplace.deals.bidders import bidder_of, deposits_account
from marketplace.deals.deals import Deal
from marketplace.ledger import accounts, entries
from marketplace.ledger.entries import Posting
from marketplace.payments.collections import Collection, find_collection
from marketplace.payments.held_funds import held_account
from marketplace.payments.refunds import refunded, request_refund


def apply_to_price(deal: Deal, now: datetime) -> None:
    """The rest of the price has arrived: the lot's deposit joins it in the deal's account."""
    if deal.deposit_lodged and deal.origin_id is not None:
        lot = held_account("deposit", deal.origin_id, deal.price.currency)
        posting = Posting(lot, deal.held_account, deal.deposit)
        entries.post(SYSTEM, f"deal:{deal.id}:deposit", "deposit_applied", [posting], now)


def give_back(deal: Deal, now: datetime) -> None:
    """The closing failed after the deposit was applied: the buyer gets it back the way it came."""
    if not deal.deposit_lodged or deal.origin_id is None:
        return
    if accounts.balance(deal.held_account, deal.price.currency).posted < deal.price:
        return
    own = deposits_account(deal.buyer_id, deal.price.currency)
    posting = Posting(deal.held_account, own, deal.deposit)
    entries.post(SYSTEM, f"deal:{deal.id}:deposit:back", "deposit_returned", [posting], now)
    bidder = bidder_of(deal.origin_id, deal.buyer_id)
    if bidder is not None and bidder.collection_id is not None:
        collection: Collection = find_collection(SYSTEM, bidder.collection_id)
        remaining = collection.amount - refunded(collection)
        if remaining:
            request_refund(
                SYSTEM, collection.id, min(remaining, deal.deposit), own, f"deal:{deal.id}:deposit:refund", now
            )
