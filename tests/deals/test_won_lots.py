"""A won lot becomes a deal: the deposit counts towards the price, default forfeits it, a failed closing returns it."""

from datetime import timedelta
from typing import Any

from marketplace.core.clock import now
from marketplace.core.db import find
from marketplace.deals import recordal, settlement
from marketplace.deals.auction_closing import settle_lot
from marketplace.deals.auctions import AuctionStatus
from marketplace.deals.bidders import deposits_account
from marketplace.deals.bidding import place_bid
from marketplace.deals.deals import Deal, DealStatus
from marketplace.ledger.accounts import balance
from marketplace.ledger.proofs import prove_books
from tests.makers.auctions import make_auction, make_bidder, yuan
from tests.makers.deals import Parties


def make_won(db: Any, p: Parties) -> tuple[Any, Deal]:
    auction = make_auction(p.seller)
    make_bidder(auction, p.buyer)
    place_bid(p.buyer, auction.id, yuan(150_000), now())
    db.refresh(auction)
    settle_lot(auction, now())
    assert auction.deal_id is not None
    p.now = now()
    return auction, find(Deal, auction.deal_id)


def test_a_won_lot_becomes_a_deal_and_its_deposit_is_part_of_the_price(db: Any) -> None:
    p = Parties()
    auction, deal = make_won(db, p)
    assert deal.price == yuan(150_000) and deal.deposit == auction.deposit
    p.sign(deal)
    assert [one.amount for one in settlement.collections_of(deal)] == [deal.price - auction.deposit]
    p.pay(deal)
    assert deal.status is DealStatus.FUNDS_HELD and settlement.held(deal) == deal.price
    assert auction.status is AuctionStatus.COMPLETED
    p.bring_to(DealStatus.RELEASED, deal)
    assert prove_books()["balanced"] is True


def test_a_winner_who_does_not_pay_loses_the_deposit(db: Any) -> None:
    p = Parties()
    auction, deal = make_won(db, p)
    p.sign(deal)
    recordal.close_overdue_deals(p.now + timedelta(days=11))
    assert deal.status is DealStatus.CANCELLED and auction.status is AuctionStatus.UNSOLD
    assert balance(f"organisation:{p.seller.organisation_id}:payable", "CNY").posted == auction.deposit


def test_a_failed_closing_returns_the_deposit_too(db: Any) -> None:
    p = Parties()
    auction, deal = make_won(db, p)
    p.bring_to(DealStatus.RECORDAL_FILED, deal)
    recordal.report_recordal_refused(p.operator, deal.id, "refused", p.document(p.operator), p.now)
    recordal.approve_refund(p.second, deal.id, p.now)
    assert settlement.held(deal).amount_minor == 0
    assert balance(deposits_account(deal.buyer_id, "CNY"), "CNY").posted == auction.deposit
    assert prove_books()["balanced"] is True
