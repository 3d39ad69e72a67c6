"""Requests for quotation: many are asked, each quotes alone, one is chosen with a reason, and time ends every state."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from marketplace.core.errors import NotAllowed, NotFound, Refused
from marketplace.core.money import Money
from marketplace.deals import quotations, quoting
from marketplace.deals.deals import DealStatus
from marketplace.deals.offers import ByAuctionOnly, buy_at_listed_price
from marketplace.deals.policy import OwnListing
from marketplace.deals.quotations import UNDECIDED, QuotationRequest, QuotationSeat, Quote, RequestStatus, SeatStatus
from marketplace.deals.terms import VoidClauseProposed
from marketplace.identity.organisations import find_organisation
from marketplace.listings.course import ListingNotOpen
from marketplace.listings.listings import ListingStatus
from marketplace.notices.inbox import unread_count
from tests.makers.identity import make_actor
from tests.makers.listings import make_listing

NOW = datetime.now(UTC)
WEEK = timedelta(days=7)


def yuan(amount: int) -> Money:
    return Money(amount * 100, "CNY")


class Market:
    """One buyer, three holders with a listing each, and a request to all of them."""

    def __init__(self) -> None:
        self.buyer = make_actor()
        self.holders = [make_actor() for _number in range(3)]
        self.listings = [make_listing(holder) for holder in self.holders]
        self.asked = quoting.ask_for_quotes(
            self.buyer, [one.id for one in self.listings], "A lithium separator, China, five years.", NOW + WEEK, NOW
        )

    def quote(self, place: int, amount: int, words: str = "", at: datetime = NOW) -> None:
        quoting.quote_price(
            self.holders[place], self.asked.id, self.listings[place].id, yuan(amount), words, at
        )  # fmt: skip


def test_the_chosen_quote_becomes_a_deal_and_the_others_are_told(db: Any) -> None:
    market = Market()
    market.quote(0, 900_000)
    market.quote(1, 800_000, "Support included.")
    quoting.decline_to_quote(market.holders[2], market.asked.id, market.listings[2].id, "Not for China.", NOW)
    told = unread_count(market.holders[0])
    deal = quoting.choose_quote(market.buyer, market.asked.id, market.listings[1].id, 1, "Cheapest with support", NOW)
    assert (deal.price, deal.status, deal.buyer_id) == (yuan(800_000), DealStatus.SIGNING, market.buyer.organisation_id)
    assert deal.terms["special_terms"] == "Support included."
    assert market.listings[1].status is ListingStatus.RESERVED
    assert [seat.status.value for seat in market.asked.seats] == ["not_chosen", "chosen", "not_chosen"]
    assert (market.asked.status, market.asked.end_reason) == (RequestStatus.AWARDED, "Cheapest with support")
    assert unread_count(market.holders[0]) == told + 1
    with pytest.raises(quotations.RoundOver):
        market.quote(0, 700_000)


def test_the_final_round_takes_better_quotes_and_keeps_the_last_ones(db: Any) -> None:
    market = Market()
    with pytest.raises(quotations.NoLiveQuote):
        quoting.call_final_round(market.buyer, market.asked.id, NOW + WEEK, NOW)
    market.quote(0, 900_000)
    market.quote(1, 800_000)
    quoting.call_final_round(market.buyer, market.asked.id, NOW + 2 * WEEK, NOW)
    market.quote(0, 750_000)
    with pytest.raises(quotations.RoundOver):
        market.quote(2, 100_000)
    seats = market.asked.seats
    assert [seat.live_quote.price if seat.live_quote else None for seat in seats] == [
        yuan(750_000), yuan(800_000), None,
    ]  # fmt: skip
    assert seats[0].live_quote is not None
    assert seats[0].live_quote.final
    assert quoting.pass_deadlines(NOW + 3 * WEEK) == 1
    assert market.asked.status is RequestStatus.DECIDING
    with pytest.raises(quotations.NoLiveQuote):
        quoting.choose_quote(market.buyer, market.asked.id, market.listings[0].id, 1, "an older version", NOW)


def test_time_ends_a_request_nobody_answers_and_one_nobody_decides(db: Any) -> None:
    silent, undecided = Market(), Market()
    undecided.quote(0, 500_000)
    quoting.pass_deadlines(NOW + WEEK)
    assert (silent.asked.status, undecided.asked.status) == (RequestStatus.EXPIRED, RequestStatus.DECIDING)
    quoting.pass_deadlines(NOW + 4 * WEEK)
    assert undecided.asked.status is RequestStatus.EXPIRED


def test_who_may_not_ask_quote_or_choose(db: Any) -> None:
    market = Market()
    with pytest.raises(NotFound):
        quotations.find_request(make_actor(), market.asked.id)
    with pytest.raises(OwnListing):
        quoting.ask_for_quotes(market.holders[0], [market.listings[0].id], "Mine?", NOW + WEEK, NOW)
    with pytest.raises(NotAllowed):
        quoting.quote_price(market.holders[0], market.asked.id, market.listings[1].id, yuan(5), "", NOW)
    with pytest.raises(NotAllowed):
        quoting.choose_quote(market.holders[0], market.asked.id, market.listings[0].id, 1, "me", NOW)
    licence = make_listing(market.holders[0], "licence")
    asked = quoting.ask_for_quotes(market.buyer, [licence.id], "Licence?", NOW + WEEK, NOW)
    with pytest.raises(VoidClauseProposed):
        words = "被许可方不得质疑专利的有效性。"
        quoting.quote_price(market.holders[0], asked.id, licence.id, yuan(5), words, NOW)


def test_a_holder_sees_its_own_quote_only(client: FlaskClient, sign_in: Any, db: Any) -> None:
    market = Market()
    market.quote(0, 912_345)
    db.commit()
    addresses = (f"/quotations/{market.asked.id}", f"/api/v1/quotations/{market.asked.id}")
    assert client.get(addresses[1]).status_code == 401
    for actor, sees in ((market.buyer, True), (market.holders[0], True), (market.holders[1], False)):
        sign_in(client, actor)
        for address in addresses:
            assert ("912345" in client.get(address).text.replace(",", "")) is sees
    sign_in(client, make_actor())
    assert [client.get(address).status_code for address in addresses] == [404, 404]


def test_the_whole_request_by_api(client: FlaskClient, sign_in: Any, db: Any) -> None:
    buyer, holder = make_actor(), make_actor()
    listing = make_listing(holder)
    db.commit()

    def post(actor: Any, path: str, body: dict[str, Any]) -> Any:
        sign_in(client, actor)
        return client.post(f"/api/v1/quotations{path}", json=body, headers={"Idempotency-Key": uuid4().hex})

    until = (datetime.now(UTC) + WEEK).isoformat()
    malformed = post(buyer, "", {"listing_ids": [], "question": "?", "ends_at": until})
    assert malformed.status_code == 422
    asked = post(buyer, "", {"listing_ids": [str(listing.id)], "question": "Price?", "ends_at": until})
    assert asked.status_code == 201
    place = f"/{asked.json['id']}"
    price = {"price": {"amount": "500000.00", "currency": "CNY"}}
    assert post(holder, f"{place}/quotes/{listing.id}", price).status_code == 201
    assert post(buyer, f"{place}/final-round", {"ends_at": until}).json["status"] == "best_and_final"
    picked = post(buyer, f"{place}/choice", {"listing_id": str(listing.id), "version": 1, "reason": "The only one"})
    assert (picked.status_code, picked.json["price"]["amount"]) == (201, "500000.00")
    gone = post(buyer, f"{place}/cancellation", {"reason": "too late"})
    assert (gone.status_code, gone.json["code"]) == (409, "wrong_status")


def test_the_request_by_pages(client: FlaskClient, sign_in: Any, db: Any) -> None:
    buyer, holder = make_actor(), make_actor()
    listing = make_listing(holder)
    db.commit()
    sign_in(client, buyer)
    assert "Ask the holders" in client.get(f"/quotations/new?listing={listing.id}").text
    sent = client.post("/quotations", data={"listings": f"/listings/{listing.id}", "question": "Price?", "ends_at": ""})
    assert sent.status_code == 422
    form = {"listings": f"/listings/{listing.id}", "question": "Price?", "ends_at": f"{NOW + WEEK:%Y-%m-%dT%H:%M}"}
    place = client.post("/quotations", data=form).location
    sign_in(client, holder)
    assert client.post(f"{place}/quotes/{listing.id}", data={"amount": "500,000"}).status_code == 303
    sign_in(client, buyer)
    assert "500,000" in client.get(place).text
    assert "Price?" in client.get("/quotations").text
    chosen = client.post(f"{place}/choice", data={"listing_id": str(listing.id), "version": "1", "reason": "Good"})
    assert chosen.location.startswith("/deals/")


class Tender:
    """A holder that invites three buyers to quote for one listing."""

    def __init__(self, **terms: Any) -> None:
        self.holder, self.buyers = make_actor(), [make_actor() for _number in range(3)]
        self.listing = make_listing(self.holder, **terms)
        self.asked = self.invite(self.holder, self.buyers)

    def invite(self, actor: Any, buyers: list[Any]) -> QuotationRequest:
        numbers = [str(find_organisation(one.organisation_id).credit_code) for one in buyers]
        return quoting.invite_to_tender(actor, self.listing.id, numbers, "Best price and term.", NOW + WEEK, NOW)

    def quote(self, place: int, amount: int, at: datetime = NOW) -> None:
        quoting.quote_price(self.buyers[place], self.asked.id, self.listing.id, yuan(amount), "", at)

    def choose(self, actor: Any, place: int, version: int) -> Any:
        buyer_id = self.buyers[place].organisation_id
        return quoting.choose_quote(actor, self.asked.id, self.listing.id, version, "Surest buyer", NOW, buyer_id)


def test_a_tender_is_decided_by_the_holder_with_a_reason(db: Any) -> None:
    tender = Tender()
    assert [unread_count(buyer) for buyer in tender.buyers] == [1, 1, 1]
    tender.quote(0, 900_000)
    tender.quote(1, 800_000)
    quoting.call_final_round(tender.holder, tender.asked.id, NOW + 2 * WEEK, NOW)
    tender.quote(1, 850_000)
    with pytest.raises(quotations.RoundOver):
        tender.quote(2, 990_000)
    with pytest.raises(NotAllowed):
        tender.choose(tender.buyers[0], 0, 1)
    with pytest.raises(quotations.NoLiveQuote):
        tender.choose(tender.holder, 1, 1)
    deal = tender.choose(tender.holder, 1, 2)
    assert (deal.price, deal.buyer_id, deal.origin) == (yuan(850_000), tender.buyers[1].organisation_id, "tender")
    assert (deal.status, tender.listing.status) == (DealStatus.SIGNING, ListingStatus.RESERVED)
    assert [seat.status.value for seat in tender.asked.seats] == ["not_chosen", "chosen", "not_chosen"]
    assert (tender.asked.status, tender.asked.end_reason) == (RequestStatus.AWARDED, "Surest buyer")


def test_whom_a_tender_cannot_invite(db: Any) -> None:
    tender = Tender()
    with pytest.raises(OwnListing):
        tender.invite(tender.holder, [tender.holder])
    with pytest.raises(NotAllowed):
        tender.invite(make_actor(), tender.buyers)
    with pytest.raises(quoting.UnknownBuyer):
        quoting.invite_to_tender(tender.holder, tender.listing.id, ["91330000000000000X"], "?", NOW + WEEK, NOW)
    with pytest.raises(ByAuctionOnly):
        Tender(mode="auction")
    twice = tender.invite(tender.holder, [tender.buyers[0], tender.buyers[0]])
    assert len(twice.seats) == 1


def test_a_tender_on_a_listing_sold_meanwhile_opens_no_second_deal(db: Any) -> None:
    tender = Tender()
    tender.quote(0, 900_000)
    buy_at_listed_price(make_actor(), tender.listing.id, NOW)
    with pytest.raises(ListingNotOpen):
        tender.choose(tender.holder, 0, 1)


def test_a_tender_by_page_and_api_shows_each_buyer_its_own_quote(client: FlaskClient, sign_in: Any, db: Any) -> None:
    holder, first, second, stranger = (make_actor() for _number in range(4))
    listing = make_listing(holder)
    numbers = [str(find_organisation(one.organisation_id).credit_code) for one in (first, second)]
    db.commit()
    form = {"numbers": "\n".join(numbers), "question": "Best price?", "ends_at": f"{NOW + WEEK:%Y-%m-%dT%H:%M}"}
    page = f"/listings/{listing.id}/tender"
    assert client.post(page, data=form).status_code == 401
    sign_in(client, stranger)
    assert [client.get(page).status_code, client.post(page, data=form).status_code] == [403, 403]
    sign_in(client, holder)
    assert page in client.get(f"/listings/{listing.id}").text
    assert "Invite the buyers" in client.get(f"{page}?lang=en").text
    assert client.post(page, data=form | {"ends_at": "soon"}).status_code == 422
    place = client.post(page, data=form).headers["Location"]
    for actor, amount in ((first, "912,345"), (second, "823,456")):
        sign_in(client, actor)
        assert client.post(f"{place}/quotes/{listing.id}", data={"amount": amount}).status_code == 303
    shown = client.get(place).text
    assert "823,456" in shown and "912,345" not in shown
    sign_in(client, stranger)
    assert client.get(f"/api/v1{place}").status_code == 404
    sign_in(client, holder)
    listed = client.get(f"/api/v1{place}").json
    assert (listed["is_tender"], len(listed["seats"])) == (True, 2)
    chosen = {"listing_id": str(listing.id), "version": 1, "reason": "More", "buyer_id": str(first.organisation_id)}
    picked = client.post(f"/api/v1{place}/choice", json=chosen, headers={"Idempotency-Key": "t" * 20})
    assert (picked.status_code, picked.json["buyer_id"]) == (201, str(first.organisation_id))
    sign_in(client, first)
    assert f"/deals/{picked.json['id']}" in client.get(place).text
    sign_in(client, second)
    assert f"/deals/{picked.json['id']}" not in client.get(place).text


@pytest.mark.parametrize("actor", ["nobody", "malformed", "unknown", "good"])
def test_a_tender_is_opened_by_api(client: FlaskClient, sign_in: Any, db: Any, actor: str) -> None:
    holder, buyer = make_actor(), make_actor()
    listing = make_listing(holder)
    number = str(find_organisation(buyer.organisation_id).credit_code)
    db.commit()
    sign_in(client, None if actor == "nobody" else holder)
    numbers = {"malformed": [], "unknown": ["NO-SUCH-NUMBER"]}.get(actor, [number.lower()])
    body = {"numbers": numbers, "question": "?", "ends_at": (datetime.now(UTC) + WEEK).isoformat()}
    sent = client.post(f"/api/v1/listings/{listing.id}/tender", json=body, headers={"Idempotency-Key": "o" * 20})
    assert sent.status_code == {"nobody": 401, "malformed": 422, "unknown": 409, "good": 201}[actor]


class RequestMachine(RuleBasedStateMachine):
    """A request in memory: whatever anybody tries, at most one quote is chosen and time always ends it."""

    @initialize(holders=st.integers(1, 4))
    def ask(self, holders: int) -> None:
        self.at = NOW
        seats = [QuotationSeat(listing_id=uuid4(), status=SeatStatus.INVITED, quotes=[]) for _n in range(holders)]
        self.asked = QuotationRequest(status=RequestStatus.OPEN, asked_at=NOW, ends_at=NOW + WEEK, seats=seats)
        self.seen: list[RequestStatus] = []

    @rule(place=st.integers(0, 3), amount=st.integers(1, 10**9))
    def quote(self, place: int, amount: int) -> None:
        seat = self.asked.seats[place % len(self.asked.seats)]
        if not self.asked.takes_quotes(self.at):
            return
        seat.become(SeatStatus.QUOTED)
        seat.quotes.append(Quote(version=len(seat.quotes) + 1, price=yuan(amount), final=False, made_at=self.at))
        assert seat.live_quote is not None
        assert seat.live_quote.price == yuan(amount)

    @rule(place=st.integers(0, 3))
    def withdraw(self, place: int) -> None:
        seat = self.asked.seats[place % len(self.asked.seats)]
        if self.asked.status in UNDECIDED:
            target = SeatStatus.WITHDRAWN if seat.status is SeatStatus.QUOTED else SeatStatus.DECLINED
            self.try_to(lambda: seat.become(target, "why"))
            assert seat.live_quote is None

    @rule(days=st.integers(0, 30))
    def call_final_round(self, days: int) -> None:
        self.try_to(lambda: self.asked.begin_final_round(self.at + timedelta(days=days), self.at))

    @rule(place=st.integers(0, 3))
    def choose(self, place: int) -> None:
        seat = self.asked.seats[place % len(self.asked.seats)]
        if self.asked.status in UNDECIDED and seat.live_quote:
            seat.become(SeatStatus.CHOSEN, "best")
            self.asked.become(RequestStatus.AWARDED, "best")

    @rule()
    def give_up(self) -> None:
        self.try_to(lambda: self.asked.become(RequestStatus.CANCELLED, "no need"))

    @rule(hours=st.integers(1, 400))
    def time_passes(self, hours: int) -> None:
        self.at += timedelta(hours=hours)
        while self.asked.status in UNDECIDED and self.at >= self.asked.ends_at:
            before = (self.asked.status, self.asked.ends_at)
            self.asked.pass_deadline(self.at)
            assert (self.asked.status, self.asked.ends_at) != before

    def try_to(self, act: Any) -> None:
        try:
            act()
        except Refused:
            return

    @invariant()
    def at_most_one_is_chosen_and_an_end_is_final(self) -> None:
        if not hasattr(self, "asked"):
            return
        chosen = [seat for seat in self.asked.seats if seat.status is SeatStatus.CHOSEN]
        assert len(chosen) == (1 if self.asked.status is RequestStatus.AWARDED else 0)
        if self.seen and self.seen[-1] not in UNDECIDED:
            assert self.asked.status is self.seen[-1]
        if self.asked.status not in UNDECIDED:
            assert all(seat.status in (SeatStatus.CHOSEN, SeatStatus.NOT_CHOSEN) for seat in self.asked.seats)
        self.seen.append(self.asked.status)


def test_requests_keep_their_promises_whatever_is_tried() -> None:
    run_state_machine_as_test(
        RequestMachine, settings=settings(max_examples=1000, stateful_step_count=8, deadline=None)
    )  # fmt: skip
