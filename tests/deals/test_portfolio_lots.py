"""Portfolio lots: bids for the whole and for parts, the winning combination, and a deal for every asset sold."""

import random
import time
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.db import find
from marketplace.core.errors import Malformed, NotAllowed, NotFound
from marketplace.core.money import Money
from marketplace.deals import auction_closing, auction_events, auctions, recordal
from marketplace.deals.auction_changes import PortfolioStands
from marketplace.deals.auction_replay import replay
from marketplace.deals.auction_rules import AuctionFormat, IncrementStep, extended_close
from marketplace.deals.auctions import AuctionStatus
from marketplace.deals.bid_refusals import BidTooLow, DepositMissing, LotNotOpen, LotSuspended, WrongCurrency
from marketplace.deals.bidders import (
    BarredAfterDefault,
    BidderStatus,
    LotClosed,
    bidder_of,
    deposits_account,
    register_bidder,
)
from marketplace.deals.deals import Deal, DealStatus
from marketplace.deals.portfolio_assets import LotAssetStatus, assets_of_lot
from marketplace.deals.portfolio_bids import NoPartsHere, place_package_bid, portfolio_view, quote_package
from marketplace.deals.portfolio_lots import CompanionsMissing, DepositOutOfRange, NotAPortfolio, offer_portfolio
from marketplace.deals.portfolio_rules import (
    PackageBid,
    Part,
    amounts_to_lead,
    best_combination,
    grouped,
    minimum_for,
    package_text,
    shares_of,
    total_of,
)
from marketplace.deals.replay_log import LogBroken
from marketplace.deals.second_chances import (
    DefaultsByDeal,
    NoChanceOffered,
    accept_second_chance,
    declare_default,
    lapse_second_chances,
)
from marketplace.deals.shortfalls import BuyerDefault
from marketplace.ledger.accounts import balance
from marketplace.ledger.proofs import prove_books
from marketplace.listings.course import suspend_listing, withdraw_listing
from marketplace.listings.listings import Listing, ListingStatus, answer_due_diligence, change_listing, find_listing
from marketplace.payments.collections import confirm_transfer, find_collection
from marketplace.payments.refunds import refunded
from marketplace.registry.assets import find_asset
from tests.deals import paper_lots
from tests.deals.paper_lots import PaperLot, paper_terms
from tests.makers.auctions import make_auction, make_bidder, yuan
from tests.makers.deals import Parties
from tests.makers.identity import make_actor
from tests.makers.listings import ANSWERS, make_listing, make_owned_asset

PARTS = 4
EVERY = frozenset(range(1, PARTS + 1))


# --- the rule against a brute-force oracle -------------------------------------------------------------------------


def bid(parts: str, amount: int, place: int, bidder: str = "B1") -> PackageBid:
    return PackageBid(bidder, frozenset(map(int, parts)), Money(amount, "CNY"), place)


def oracle(bids: list[PackageBid]) -> tuple[PackageBid, ...]:
    """Try every set of accepted bids that share no part, and compare them as the published words say."""

    def merit(chosen: tuple[PackageBid, ...]) -> tuple[int, bool, list[int]]:
        whole = len(chosen) == 1 and chosen[0].parts == EVERY
        latest_first = sorted((one.place for one in chosen), reverse=True)
        return sum(one.amount.amount_minor for one in chosen), whole, [-place for place in latest_first]

    possible = [
        chosen
        for size in range(PARTS + 1)
        for chosen in combinations(bids, size)
        if sum(len(one.parts) for one in chosen) == len(frozenset().union(*(one.parts for one in chosen)))
    ]
    return tuple(sorted(max(possible, key=merit), key=lambda one: min(one.parts)))


packages = st.frozensets(st.sampled_from(sorted(EVERY)), min_size=1)
histories = st.lists(st.tuples(packages, st.integers(1, 12)), max_size=7).map(
    lambda rows: [PackageBid(f"B{n % 3}", parts, Money(amount, "CNY"), n) for n, (parts, amount) in enumerate(rows)]
)


@settings(max_examples=100, deadline=None)
@given(bids=histories)
def test_the_winning_combination_is_the_one_that_trying_every_combination_finds(bids: list[PackageBid]) -> None:
    assert best_combination(bids, PARTS) == oracle(bids)


@settings(max_examples=60, deadline=None)
@given(bids=histories, wanted=packages)
def test_the_amount_to_lead_is_the_smallest_that_wins(bids: list[PackageBid], wanted: frozenset[int]) -> None:
    parts = tuple(Part(Money(1, "CNY"), ("CN1",)) for _number in EVERY)
    steps = (IncrementStep(None, Money(1, "CNY")),)
    terms = paper_terms(start=Money(PARTS, "CNY"), increments=steps, format=AuctionFormat.PORTFOLIO, parts=parts)
    least = amounts_to_lead(terms, bids, [wanted])[wanted]

    def leads(amount: Money) -> bool:
        mine = PackageBid("ME", wanted, amount, 99)
        return mine in oracle([*bids, mine])

    assert leads(least)
    assert least == minimum_for(terms, bids, wanted) or not leads(least - Money(1, "CNY"))


def test_a_strangers_replay_of_a_thousand_histories_finds_the_same_winners() -> None:
    """I1 for each set of parts, I2 for each part, I5 and I7, over the pure rules and a log on paper."""
    for seed in range(1_000):
        replay_history(random.Random(seed))


def replay_history(dice: random.Random) -> None:
    parts = tuple(Part(paper_lots.yuan(100), (f"CN{number}",)) for number in EVERY)
    lot = PaperLot(paper_terms(start=paper_lots.yuan(400), format=AuctionFormat.PORTFOLIO, parts=parts))
    bids: list[PackageBid] = []
    at = paper_lots.OPENS
    for _attempt in range(dice.randrange(9)):
        wanted = frozenset(dice.sample(sorted(EVERY), dice.randint(1, PARTS)))
        raised, bidder = dice.randrange(4), dice.choice("ABC")
        at += timedelta(minutes=dice.choice((1, 10, 56, 61)))
        amount = minimum_for(lot.terms, bids, wanted) + paper_lots.yuan(5 * (raised - 1))
        if amount < minimum_for(lot.terms, bids, wanted) or at >= lot.closes_at:
            continue
        lot.closes_at = extended_close(lot.terms, lot.closes_at, at)
        lot.append("package", at, bidder, amount, package_text(wanted))
        bids.append(PackageBid(bidder, wanted, amount, len(lot.events)))
    best = best_combination(bids, PARTS)
    for won in best:
        lot.append("awarded", lot.closes_at, won.bidder, won.amount, package_text(won.parts))
    lot.append("closed", lot.closes_at, None, total_of(best, "CNY") if best else None)
    answer = lot.replayed()
    assert [(row["bidder"], row["parts"], row["sequence"]) for row in answer["winners"]] == [
        (won.bidder, won.numbers, won.place) for won in best
    ]
    assert len(answer["accepted"]) == len(bids)
    sold = [part for won in best for part in won.parts]
    assert len(sold) == len(set(sold))


@pytest.mark.parametrize("written", ["x", "", "2", "1,1"])
def test_an_award_that_does_not_follow_is_refused(written: str) -> None:
    parts = tuple(Part(paper_lots.yuan(100), ("CN1",)) for _number in EVERY)
    lot = PaperLot(paper_terms(start=paper_lots.yuan(400), format=AuctionFormat.PORTFOLIO, parts=parts))
    lot.append("package", paper_lots.OPENS, "A", paper_lots.yuan(100), "1")
    lot.append("awarded", lot.closes_at, "A", paper_lots.yuan(100), written)
    lot.append("closed", lot.closes_at, None, paper_lots.yuan(100))
    with pytest.raises((LogBroken, Malformed)):
        lot.replayed()


def test_ties_go_to_the_whole_then_to_what_was_complete_first() -> None:
    parts = [bid("12", 5, 1), bid("34", 5, 2)]
    whole = bid("1234", 10, 9)
    assert best_combination([*parts, whole], PARTS) == (whole,)
    crossing = [bid("13", 5, 3), bid("24", 5, 4)]
    assert best_combination(crossing + parts, PARTS) == tuple(parts)
    assert best_combination([bid("12", 5, 1), bid("12", 6, 2)], PARTS) == (bid("12", 6, 2),)
    assert best_combination([], PARTS) == ()


def test_ten_parts_with_every_package_bid_for_are_decided_quickly() -> None:
    bids = [
        PackageBid("B1", frozenset(n + 1 for n in range(10) if mask >> n & 1), Money(100 + mask % 97, "CNY"), mask)
        for mask in range(1, 1024)
    ]
    before = time.process_time()
    assert len(best_combination(bids, 10)) == 10
    assert time.process_time() - before < 2


def test_what_is_tied_together_directly_or_through_others_is_one_part() -> None:
    assert grouped(list("abcde"), [("a", "c"), ("e", "c")]) == [("a", "c", "e"), ("b",), ("d",)]
    shares = shares_of(Money(100, "CNY"), {"a": Money(1, "CNY"), "b": Money(2, "CNY")})
    assert (shares["a"].amount_minor, shares["b"].amount_minor) == (34, 66)


# --- offering ------------------------------------------------------------------------------------------------------


def drafts(seller: Actor, *starts: int, **asset: Any) -> list[Listing]:
    found = []
    for start in starts:
        listing = make_listing(
            seller, "auction", published=False, price=yuan(start), reserve=None, deposit=None,
            asset=make_owned_asset(seller, **asset) if asset else None,
        )  # fmt: skip
        answer_due_diligence(seller, listing.id, ANSWERS, now())
        found.append(listing)
    return found


def times(seconds: float = 7_200) -> dict[str, Any]:
    return {"opens_at": now() - timedelta(hours=1), "closes_at": now() + timedelta(seconds=seconds)}


def make_portfolio(seller: Actor, *starts: int, seconds: float = 7_200) -> auctions.Auction:
    chosen = drafts(seller, *(starts or (100_000, 200_000, 300_000)))
    return offer_portfolio(seller, [one.id for one in chosen], times(seconds), now())


def close(db: Any, auction: auctions.Auction) -> auctions.Auction:
    db.refresh(auction)
    auction_closing.settle_lot(auction, auction.closes_at + timedelta(seconds=1))
    return auction


def test_several_drafts_become_one_lot_and_are_published_with_it(db: Any) -> None:
    seller = make_actor()
    auction = make_portfolio(seller)
    rows = assets_of_lot(auction.id)
    assert (auction.start, auction.deposit) == (yuan(600_000), yuan(60_000))
    assert [row.part for row in rows] == [1, 2, 3]
    assert {find_listing(row.listing_id).status for row in rows} == {ListingStatus.PUBLISHED}
    assert [part["start"] for part in auction.terms["parts"]] == ["100000.00", "200000.00", "300000.00"]
    assert [quote.minimum for quote in (portfolio_view(auction.id).whole, quote_package(auction.id, [1, 3]))] == [
        yuan(600_000), yuan(400_000),
    ]  # fmt: skip


def test_similar_marks_are_one_part_and_none_is_left_outside(db: Any) -> None:
    seller = make_actor()
    mark = {"kind": "trademark", "nice_classes": ["9"]}
    one, other = (drafts(seller, 100_000, **mark, titles={"en": name})[0] for name in ("LANTERNX", "LANTERNX PRO"))
    rest = drafts(seller, 50_000, 60_000)
    with pytest.raises(CompanionsMissing), db.begin_nested():
        offer_portfolio(seller, [one.id, *(row.id for row in rest)], times(), now())
    with pytest.raises(NotAPortfolio), db.begin_nested():
        offer_portfolio(seller, [one.id, other.id], times(), now())
    auction = offer_portfolio(seller, [rest[0].id, one.id, rest[1].id, other.id], times(), now())
    parts = {row.listing_id: row.part for row in assets_of_lot(auction.id)}
    assert (parts[one.id], parts[other.id]) == (2, 2) and len(set(parts.values())) == 3
    assert auction.rules.parts[1].start == yuan(200_000)


def test_what_is_no_portfolio_is_refused(db: Any) -> None:
    seller = make_actor()
    one, other = drafts(seller, 100_000, 200_000)
    published = make_listing(seller)
    chosen = [one.id, other.id]
    refused: list[tuple[type[Exception], Actor, list[Any], dict[str, Any]]] = [
        (NotAPortfolio, seller, [one.id], times()),
        (NotAPortfolio, seller, [one.id, one.id], times()),
        (NotAPortfolio, seller, [one.id, published.id], times()),
        (NotFound, make_actor(), chosen, times()),
        (DepositOutOfRange, seller, chosen, times() | {"deposit": yuan(60_001)}),
        (DepositOutOfRange, seller, chosen, times() | {"deposit": yuan(14_999)}),
        (NotAPortfolio, seller, chosen, times() | {"deposit": Money(30_000_00, "USD")}),
        (Malformed, seller, chosen, {"opens_at": now(), "closes_at": now()}),
    ]
    for refusal, actor, listing_ids, given_terms in refused:
        with pytest.raises(refusal), db.begin_nested():
            offer_portfolio(actor, listing_ids, given_terms, now())


# --- bidding -------------------------------------------------------------------------------------------------------


def test_each_refused_bid_says_why(db: Any) -> None:
    seller = make_actor()
    auction = make_portfolio(seller)
    bidder = make_bidder(auction)
    placed = place_package_bid(bidder, auction.id, [1, 3], yuan(400_000), now())
    assert (placed.parts, placed.leads, auction.high) == ([1, 3], True, yuan(400_000))
    ordinary = make_auction()
    refused: list[tuple[type[Exception], Actor, Any, list[int], Money]] = [
        (BidTooLow, bidder, auction, [1, 3], yuan(409_999)),
        (BidTooLow, bidder, auction, [2], yuan(199_999)),
        (Malformed, bidder, auction, [], yuan(900_000)),
        (Malformed, bidder, auction, [1, 1], yuan(900_000)),
        (Malformed, bidder, auction, [4], yuan(900_000)),
        (WrongCurrency, bidder, auction, [1], Money(900_000_00, "USD")),
        (DepositMissing, make_actor(), auction, [1], yuan(100_000)),
        (NotAllowed, seller, auction, [1], yuan(100_000)),
        (NoPartsHere, make_bidder(ordinary), ordinary, [1], yuan(100_000)),
    ]
    for refusal, actor, lot, parts, amount in refused:
        with pytest.raises(refusal), db.begin_nested():
            place_package_bid(actor, lot.id, parts, amount, now())
    suspend_listing(make_actor(kind="platform_operator"), assets_of_lot(auction.id)[2].listing_id, "changed", now())
    with pytest.raises(LotSuspended), db.begin_nested():
        place_package_bid(bidder, auction.id, [1], yuan(100_000), now())


def test_a_bid_is_taken_in_its_time_only_and_a_late_one_moves_the_close(db: Any) -> None:
    seller = make_actor()
    soon = drafts(seller, 100_000, 200_000)
    later = {"opens_at": now() + timedelta(hours=1), "closes_at": now() + timedelta(hours=2)}
    unopened = offer_portfolio(seller, [one.id for one in soon], later, now())
    with pytest.raises(LotNotOpen), db.begin_nested():
        place_package_bid(make_bidder(unopened), unopened.id, [1], yuan(100_000), now())
    auction = make_portfolio(seller, seconds=60)
    bidder, before = make_bidder(auction), auction.closes_at
    placed = place_package_bid(bidder, auction.id, [1], yuan(100_000), now())
    assert placed.closes_at > before and auction.closes_at == placed.closes_at
    close(db, auction)
    with pytest.raises(LotClosed):
        place_package_bid(bidder, auction.id, [1], yuan(200_000), now())


def test_the_terms_stand_and_a_lot_without_bids_is_taken_back_as_a_whole(db: Any) -> None:
    seller = make_actor()
    auction, busy = make_portfolio(seller), make_portfolio(seller, 100_000, 100_000)
    rows = assets_of_lot(auction.id)
    with pytest.raises(PortfolioStands), db.begin_nested():
        change_listing(seller, rows[1].listing_id, {"price": yuan(1)}, now())
    bidder = make_bidder(auction)
    withdraw_listing(seller, rows[1].listing_id, now())
    assert auction.status is AuctionStatus.UNSOLD
    assert bidder_of(auction.id, bidder.organisation_id).status is BidderStatus.RETURNED  # type: ignore[union-attr]  # it was registered above
    assert [find_listing(row.listing_id).status.value for row in rows] == ["closed", "withdrawn", "closed"]
    assert replay(auction_events.published_log(auction.id))["status"] == "unsold"
    place_package_bid(make_bidder(busy), busy.id, [2], yuan(100_000), now())
    with pytest.raises(auction_closing.LotHasBids), db.begin_nested():
        withdraw_listing(seller, assets_of_lot(busy.id)[1].listing_id, now())


def test_the_database_itself_keeps_a_part_whole_and_its_bids_rising(db: Any) -> None:
    auction = make_portfolio(make_actor(), 100_000, 100_000)
    place_package_bid(make_bidder(auction), auction.id, [2], yuan(100_000), now())
    db.execute(text("UPDATE auction_lot_assets SET part = 1 WHERE part = 2"))
    sold = (
        "UPDATE auction_lot_assets SET status = 'sold', winner_id = gen_random_uuid(), price_minor = start_minor,"
        " deposit_minor = 0"
    )
    lower = (
        "INSERT INTO auction_events (id, auction_id, sequence, kind, occurred_at, bidder_id, bidder_code, amount_minor,"
        " amount_currency, closes_at, detail, previous_hash, hash) SELECT gen_random_uuid(), auction_id, 0, kind,"
        " clock_timestamp(), bidder_id, bidder_code, amount_minor, amount_currency, closes_at, detail, '', ''"
        " FROM auction_events WHERE kind = 'package'"
    )
    for statement in (sold, lower):
        with pytest.raises(IntegrityError), db.begin_nested():
            db.execute(text(statement))


# --- the close -----------------------------------------------------------------------------------------------------


def test_parts_together_above_the_whole_win_and_each_asset_gets_its_deal(db: Any) -> None:
    p = Parties()
    auction = make_portfolio(p.seller)
    whole, second = make_bidder(auction), make_bidder(auction)
    make_bidder(auction, p.buyer)
    place_package_bid(whole, auction.id, [1, 2, 3], yuan(700_000), now())
    place_package_bid(p.buyer, auction.id, [1, 3], yuan(500_000), now())
    assert quote_package(auction.id, [2]).to_lead == yuan(200_000) + Money(1, "CNY")
    assert place_package_bid(second, auction.id, [2], yuan(210_000), now()).leads
    close(db, auction)
    rows = assets_of_lot(auction.id)
    assert [(row.winner_code, row.price) for row in rows] == [
        ("B3", yuan(125_000)), ("B2", yuan(210_000)), ("B3", yuan(375_000)),
    ]  # fmt: skip
    assert (auction.status, auction.price, auction.winner_id) == (AuctionStatus.SOLD, yuan(710_000), None)
    assert [row.deposit for row in rows] == [yuan(10_000), yuan(20_000), yuan(30_000)]
    deposits = {one: balance(deposits_account(one.organisation_id, "CNY"), "CNY") for one in (whole, second, p.buyer)}
    assert [deposits[one].available for one in (whole, second, p.buyer)] == [yuan(60_000), yuan(40_000), yuan(20_000)]
    answer = replay(auction_events.published_log(auction.id))
    assert (answer["status"], answer["price"]["amount"], answer["winner"]) == ("sold", "710000.00", None)
    assert [(row["bidder"], row["parts"]) for row in answer["winners"]] == [("B3", [1, 3]), ("B2", [2])]
    for row in (rows[0], rows[2]):
        deal, p.now = find(Deal, row.deal_id), now()
        assert (deal.price, deal.deposit, deal.asset_id) == (row.price, row.deposit, row.asset_id)
    p.bring_to(DealStatus.RELEASED, find(Deal, rows[0].deal_id))
    assert [row.status.value for row in rows] == ["completed", "sold", "sold"]
    assert auction.status is AuctionStatus.SOLD
    assert prove_books()["balanced"] is True


def test_the_whole_wins_at_equal_totals_and_unsold_parts_go_back(db: Any) -> None:
    seller = make_actor()
    tied, partly, empty = (make_portfolio(seller, 100_000, 200_000) for _lot in range(3))
    one, other = make_bidder(tied), make_bidder(tied)
    place_package_bid(one, tied.id, [1], yuan(150_000), now())
    place_package_bid(one, tied.id, [2], yuan(250_000), now())
    place_package_bid(other, tied.id, [1, 2], yuan(400_000), now())
    close(db, tied)
    assert {row.winner_code for row in assets_of_lot(tied.id)} == {"B2"}
    payer, operator = make_actor(), make_actor(kind="platform_operator")
    paid = register_bidder(payer, partly.id, "bank_transfer", now()).collection_id
    assert paid is not None
    confirm_transfer(operator, paid, "BANK-1", partly.deposit, now())
    place_package_bid(payer, partly.id, [2], yuan(200_000), now())
    close(db, partly)
    assert refunded(find_collection(operator, paid)) == yuan(10_000)
    assert [row.status.value for row in assets_of_lot(partly.id)] == ["unsold", "sold"]
    assert find_listing(assets_of_lot(partly.id)[0].listing_id).status is ListingStatus.CLOSED
    assert close(db, empty).status is AuctionStatus.UNSOLD
    for lot in (tied, partly, empty):
        assert replay(auction_events.published_log(lot.id))["chain"] == "valid"


def test_an_unpaid_part_loses_its_share_of_the_deposit_and_nothing_else(db: Any) -> None:
    p = Parties()
    auction = make_portfolio(p.seller, 100_000, 200_000)
    make_bidder(auction, p.buyer)
    place_package_bid(p.buyer, auction.id, [1, 2], yuan(300_000), now())
    auction_closing.settle_lot(auction, now())
    first, second = assets_of_lot(auction.id)
    unpaid, paid = find(Deal, first.deal_id), find(Deal, second.deal_id)
    p.now = now()
    p.sign(unpaid)
    p.bring_to(DealStatus.FUNDS_HELD, paid)
    with pytest.raises(DefaultsByDeal), db.begin_nested():
        declare_default(p.operator, auction.id, now())
    recordal.close_overdue_deals(p.now + timedelta(days=11))
    assert (unpaid.status, first.status) == (DealStatus.CANCELLED, LotAssetStatus.UNSOLD)
    assert (second.status, auction.status) == (LotAssetStatus.COMPLETED, AuctionStatus.COMPLETED)
    assert find_listing(first.listing_id).status is ListingStatus.CLOSED
    assert balance(f"organisation:{p.seller.organisation_id}:payable", "CNY").posted == yuan(10_000)
    assert [one.kind for one in auction_events.events_of_auction(auction.id)][-2:] == ["closed", "defaulted"]
    anew = make_listing(
        p.seller, "auction", False, find_asset(first.asset_id), price=yuan(50_000), reserve=None, deposit=None
    )
    answer_due_diligence(p.seller, anew.id, ANSWERS, now())
    again = offer_portfolio(p.seller, [*(one.id for one in drafts(p.seller, 90_000)), anew.id], times(), now())
    with pytest.raises(BarredAfterDefault), db.begin_nested():
        register_bidder(p.buyer, again.id, "bank_transfer", now())
    assert prove_books()["balanced"] is True


def test_marks_that_move_together_end_together(db: Any) -> None:
    p = Parties()
    mark = {"kind": "trademark", "nice_classes": ["9"]}
    marks = [drafts(p.seller, 100_000, **mark, titles={"en": name})[0] for name in ("LANTERNX", "LANTERNX PRO")]
    chosen = [*marks, *drafts(p.seller, 100_000)]
    auction = offer_portfolio(p.seller, [one.id for one in chosen], times(), now())
    make_bidder(auction, p.buyer)
    place_package_bid(p.buyer, auction.id, [1, 2], yuan(300_000), now())
    auction_closing.settle_lot(auction, now())
    rows = assets_of_lot(auction.id)
    unpaid, paid, unsigned = (find(Deal, row.deal_id) for row in rows)
    p.now = now()
    p.pay(p.sign(paid))
    p.sign(unpaid)
    recordal.close_overdue_deals(p.now + timedelta(days=11))
    assert [one.status.value for one in (unpaid, paid, unsigned)] == ["cancelled", "refunding", "cancelled"]
    assert [row.status.value for row in rows] == ["unsold", "completed", "sold"]
    declare_default(p.operator, auction.id, now())
    assert (rows[2].status, auction.status) == (LotAssetStatus.UNSOLD, AuctionStatus.COMPLETED)
    recordal.approve_refund(p.second, paid.id, p.now)  # its own share of the deposit comes back with the price
    assert balance(deposits_account(paid.buyer_id, "CNY"), "CNY").posted == yuan(10_000)
    assert prove_books()["balanced"] is True


def test_a_part_gets_all_its_deals_or_waits_for_the_operator(db: Any) -> None:
    seller = make_actor()
    mark = {"kind": "trademark", "nice_classes": ["9"]}
    marks = [drafts(seller, 100_000, **mark, titles={"en": name})[0] for name in ("LANTERNX", "LANTERNX PRO")]
    chosen = [*marks, *drafts(seller, 100_000)]
    auction = offer_portfolio(seller, [one.id for one in chosen], times(), now())
    place_package_bid(make_bidder(auction), auction.id, [1, 2], yuan(300_000), now())
    operator = make_actor(kind="platform_operator")
    suspend_listing(operator, marks[1].id, "the register changed", now())
    auction_closing.settle_lot(auction, now())
    rows = assets_of_lot(auction.id)
    assert [row.deal_id is None for row in rows] == [True, True, False]
    find_listing(marks[1].id).status = ListingStatus.PUBLISHED
    auction_closing.open_held_up_deal(operator, auction.id, now())
    assert all(row.deal_id for row in rows)
    with pytest.raises(auction_closing.NothingHeldUp):
        auction_closing.open_held_up_deal(operator, auction.id, now())


def test_an_unpaid_part_is_offered_to_the_next_bidder_for_it(db: Any) -> None:
    p = Parties()
    auction = make_portfolio(p.seller, 100_000, 200_000)
    second, third = make_bidder(auction), make_bidder(auction)
    make_bidder(auction, p.buyer)
    place_package_bid(third, auction.id, [2], yuan(200_000), now())
    place_package_bid(second, auction.id, [2], yuan(210_000), now())
    place_package_bid(p.buyer, auction.id, [1, 2], yuan(360_000), now())
    auction_closing.settle_lot(auction, now())
    first, part = assets_of_lot(auction.id)
    p.now = now()
    p.bring_to(DealStatus.FUNDS_HELD, find(Deal, first.deal_id))
    unpaid = p.sign(find(Deal, part.deal_id))
    recordal.close_overdue_deals(p.now + timedelta(days=11))
    assert (unpaid.status, part.status, part.winner_id) == (DealStatus.CANCELLED, LotAssetStatus.DEFAULTED, None)
    assert auction.chance_id == second.organisation_id and auction.status is AuctionStatus.SOLD
    with pytest.raises(NoChanceOffered), db.begin_nested():
        accept_second_chance(third, auction.id, now())
    lapse_second_chances(p.now + timedelta(days=14))
    assert auction.chance_id == third.organisation_id
    accept_second_chance(third, auction.id, now())
    resold = find(Deal, part.deal_id)
    assert (resold.price, resold.buyer_id, resold.deposit_lodged) == (yuan(200_000), third.organisation_id, False)
    p.buyer, p.now = third, now()
    p.bring_to(DealStatus.FUNDS_HELD, resold)
    assert (part.status, auction.status) == (LotAssetStatus.COMPLETED, AuctionStatus.COMPLETED)
    [gap] = db.query(BuyerDefault).all()
    assert gap.gap_minor == yuan(240_000 - 20_000 - 200_000).amount_minor
    assert prove_books()["balanced"] is True


def test_an_altered_log_is_found_out(db: Any) -> None:
    auction = make_portfolio(make_actor(), 100_000, 200_000)
    place_package_bid(make_bidder(auction), auction.id, [1], yuan(100_000), now())
    place_package_bid(make_bidder(auction), auction.id, [1, 2], yuan(300_000), now())
    close(db, auction)
    log = auction_events.published_log(auction.id)
    assert replay(log)["winner"] == "B2"
    log["events"][1]["detail"] = "2"
    with pytest.raises(LogBroken):
        replay(log)


def test_attempts_are_replayed_with_the_reason_of_each_refusal() -> None:
    terms = {
        "format": "portfolio", "currency": "CNY", "start": "30.00", "parts": [{"start": "10.00"}, {"start": "20.00"}],
        "increments": [{"below": None, "step": "1.00"}],
        "opens_at": "2026-11-22T09:00:00Z", "closes_at": "2026-11-22T12:00:00Z",
    }  # fmt: skip
    attempts = [
        {"bidder": "A", "parts": [1], "amount": "10.00", "at": "2026-11-22T08:00:00Z"},
        {"bidder": "A", "parts": [1], "amount": "11.00", "at": "2026-11-22T10:00:00Z"},
        {"bidder": "B", "parts": [1], "amount": "11.50", "at": "2026-11-22T10:01:00Z"},
        {"bidder": "B", "parts": [2], "amount": "20.00", "at": "2026-11-22T10:02:00Z"},
        {"bidder": "C", "parts": [1, 2], "amount": "31.00", "at": "2026-11-22T11:58:00Z"},
        {"bidder": "D", "parts": [2], "amount": "25.00", "at": "2026-11-22T12:03:00Z"},
    ]
    answer = replay({"terms": terms, "bids": attempts})
    assert (answer["winner"], answer["price"]["amount"], answer["closes_at"]) == (
        "C", "31.00", "2026-11-22T12:03:00.000000Z",
    )  # fmt: skip
    assert [row["code"] for row in answer["refused"]] == ["lot_not_open", "bid_too_low", "lot_closed"]
    assert replay({"terms": terms, "bids": attempts[:4]})["winners"][1]["bidder"] == "B"
    for broken in ({"parts": []}, {"parts": [{"start": "0"}]}, {"parts": None}):
        with pytest.raises(Malformed):
            replay({"terms": terms | broken, "bids": attempts})
    with pytest.raises(Malformed):
        replay({"terms": terms, "bids": [attempts[0] | {"parts": [3]}]})
