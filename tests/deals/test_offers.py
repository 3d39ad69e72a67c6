"""Negotiation: one live offer, the version one saw, who decides, and when it is over."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from marketplace.core.errors import NotAllowed, NotFound, Problem
from marketplace.core.money import Money
from marketplace.deals import negotiations, offers
from marketplace.deals import negotiations as talks
from marketplace.deals.deals import Deal, DealStatus
from marketplace.deals.messages import messages_of, send_message
from marketplace.deals.policy import OwnListing, RelatedParties
from marketplace.deals.terms import VoidClauseProposed
from marketplace.identity.sign_in import ReauthenticationRequired
from marketplace.listings.listings import ListingStatus
from marketplace.registry.encumbrances import EncumbranceKind, encumber
from marketplace.registry.rules import LegalRefusal
from tests.makers.deals import PRICE, SYSTEM, Parties
from tests.makers.identity import make_actor, make_organisation


def test_a_counter_offer_supersedes_and_only_the_current_version_can_be_accepted(db: Any) -> None:
    p = Parties()
    negotiation = p.offer()
    offers.counter_offer(p.seller, negotiation.id, 1, Money(4_900_000_00, "CNY"), "", p.now)
    assert [offer.status.value for offer in negotiation.offers] == ["superseded", "live"]
    with pytest.raises(talks.OfferSuperseded) as refused:
        offers.accept_offer(p.seller, negotiation.id, 1, p.now)
    assert refused.value.params == {"current_version": 2}
    with pytest.raises(negotiations.NotYourOffer):
        offers.accept_offer(p.seller, negotiation.id, 2, p.now)
    deal = offers.accept_offer(p.buyer, negotiation.id, 2, p.now)
    assert deal.price == Money(4_900_000_00, "CNY") and deal.status is DealStatus.SIGNING
    assert p.listing.status is ListingStatus.RESERVED


def test_an_accepted_listing_takes_no_second_deal(db: Any) -> None:
    p = Parties()
    mine = p.offer()
    rival = make_actor()
    other = offers.make_offer(rival, p.listing.id, PRICE, "", p.now)
    offers.accept_offer(p.seller, mine.id, 1, p.now)
    with pytest.raises(Problem) as refused:
        offers.accept_offer(p.seller, other.id, 1, p.now)
    assert refused.value.code == "listing_not_open"
    with pytest.raises(talks.NegotiationOver):
        offers.accept_offer(p.seller, mine.id, 1, p.now)


def test_who_may_not_offer(db: Any) -> None:
    p = Parties()
    with pytest.raises(NotFound):
        talks.find_negotiation(p.stranger, p.offer().id)
    with pytest.raises(offers.AlreadyNegotiating):
        p.offer()
    with pytest.raises(OwnListing):
        offers.make_offer(p.seller, p.listing.id, PRICE, "", p.now)
    subsidiary = make_actor(make_organisation(parent_id=p.seller.organisation_id))
    with pytest.raises(RelatedParties):
        offers.make_offer(subsidiary, p.listing.id, PRICE, "", p.now)
    with pytest.raises(NotAllowed):
        offers.make_offer(make_actor(kind="appraiser"), p.listing.id, PRICE, "", p.now)
    with pytest.raises(offers.WrongOfferCurrency):
        offers.make_offer(make_actor(), p.listing.id, Money(1, "USD"), "", p.now)


def test_an_old_sign_in_does_not_accept(db: Any) -> None:
    p = Parties()
    negotiation = p.offer()
    with pytest.raises(ReauthenticationRequired):
        offers.accept_offer(p.seller, negotiation.id, 1, p.now + timedelta(minutes=30))


def test_void_words_are_refused_with_their_law(db: Any) -> None:
    p = Parties("licence")
    with pytest.raises(VoidClauseProposed) as refused:
        p.offer(Money(200_000_00, "CNY"), "被许可方不得质疑专利的有效性。")
    assert refused.value.params["rule_id"] == "CN-LIC-06-f"


def test_an_offer_expires_is_rejected_or_withdrawn_and_the_talks_end(db: Any) -> None:
    p = Parties()
    first = p.offer()
    with pytest.raises(negotiations.NotYourOffer):
        offers.reject_offer(p.buyer, first.id, 1, "no", p.now)
    offers.reject_offer(p.seller, first.id, 1, "too low", p.now)
    second = p.offer()
    offers.withdraw_offer(p.buyer, second.id, 1, "changed my mind", p.now)
    third = p.offer()
    assert offers.expire_offers(p.now + timedelta(days=8)) == 1
    states = [one.status.value for one in (first, second, third)]
    assert states == ["rejected", "withdrawn", "expired"] and third.offers[0].status.value == "expired"
    with pytest.raises(talks.NegotiationOver):
        offers.accept_offer(p.seller, third.id, 1, p.now)


def test_a_pledged_asset_is_not_sold_without_the_pledgee(db: Any) -> None:
    p = Parties()
    negotiation = p.offer()
    bank = make_actor(kind="bank")
    encumber(SYSTEM, p.listing.asset_id, EncumbranceKind.PLEDGE, bank.organisation_id, p.now.date(), None, "P1", p.now)
    with pytest.raises(Problem) as refused:
        offers.accept_offer(p.seller, negotiation.id, 1, p.now)
    assert isinstance(refused.value, LegalRefusal) and refused.value.rule.id == "CN-PLG-03"
    assert "444" in (refused.value.rule.article or "")


def test_a_fixed_price_is_taken_as_it_stands(db: Any) -> None:
    p = Parties()
    deal = offers.buy_at_listed_price(p.buyer, p.listing.id, p.now)
    assert deal.price == p.listing.price and deal.buyer_id == p.buyer.organisation_id


def test_two_licensees_may_take_a_non_exclusive_licence(db: Any) -> None:
    p = Parties("licence", exclusivity="non_exclusive")
    for buyer in (p.buyer, make_actor()):
        negotiation = offers.make_offer(buyer, p.listing.id, Money(200_000_00, "CNY"), "", p.now)
        offers.accept_offer(p.seller, negotiation.id, 1, p.now)
    assert p.listing.status is ListingStatus.PUBLISHED


@pytest.mark.parametrize("statement", [
    "UPDATE offers SET price_minor = 1", "DELETE FROM offers", "UPDATE negotiation_messages SET text = 'x'",
])  # fmt: skip
def test_offers_and_messages_are_never_changed_even_by_raw_sql(db: Any, statement: str) -> None:
    p = Parties()
    negotiation = p.offer()
    send_message(p.buyer, negotiation.id, "hello", [], p.now)
    with pytest.raises(DBAPIError, match="never changed"):
        db.execute(text(statement))


def test_the_database_allows_one_live_offer_and_one_open_talk(db: Any) -> None:
    p = Parties()
    negotiation = p.offer()
    columns = [column.name for column in talks.Offer.__table__.columns]
    chosen = ["gen_random_uuid()" if name == "id" else "2" if name == "version" else name for name in columns]
    copy = (
        f"INSERT INTO offers ({', '.join(columns)}) SELECT {', '.join(chosen)} FROM offers WHERE negotiation_id = :id"
    )
    with pytest.raises(IntegrityError), db.begin_nested():
        db.execute(text(copy), {"id": negotiation.id})


def test_a_message_reaches_the_other_side_with_its_files_and_contact_details_are_pointed_out(db: Any) -> None:
    p = Parties()
    negotiation = p.offer()
    file_id = p.document(p.buyer)
    send_message(p.buyer, negotiation.id, "Call 13812345678", [file_id], p.now)
    send_message(p.seller, negotiation.id, "价格可以商量", [], p.now)
    first, second = messages_of(negotiation)
    assert first.names_contact and not second.names_contact and first.file_ids == [str(file_id)]
    with pytest.raises(NotFound):
        send_message(p.stranger, negotiation.id, "x", [], p.now)


class NegotiationMachine(RuleBasedStateMachine):
    """Whatever both sides try: one live offer while open, none when over, at most one deal."""

    db: Any = None

    @initialize()
    def begin(self) -> None:
        self.p = Parties()
        self.negotiation = self.p.offer()
        self.ended: str | None = None
        self.later = self.p.now

    @rule(side=st.booleans(), act=st.sampled_from(["counter", "accept", "reject", "withdraw", "wait", "expire"]),
          behind=st.integers(0, 1), price=st.integers(1, 10**9))  # fmt: skip
    def act(self, side: bool, act: str, behind: int, price: int) -> None:
        actor = self.p.seller if side else self.p.buyer
        version = max(1, len(self.negotiation.offers) - behind)
        identity, now = self.negotiation.id, self.p.now
        try:
            if act == "counter":
                offers.counter_offer(actor, identity, version, Money(price, "CNY"), "", now)
            elif act == "accept":
                offers.accept_offer(actor, identity, version, now)
            elif act == "reject":
                offers.reject_offer(actor, identity, version, "r", now)
            elif act == "withdraw":
                offers.withdraw_offer(actor, identity, version, "w", now)
            elif act == "expire":
                offers.expire_offers(now + timedelta(days=8 if price % 3 == 0 else 1))
        except Problem:
            pass

    @invariant()
    def holds(self) -> None:
        if not hasattr(self, "negotiation"):
            return
        live = [offer for offer in self.negotiation.offers if offer.status.value == "live"]
        status = self.negotiation.status.value
        assert len(live) == (1 if status == "open" else 0)
        assert [offer.version for offer in self.negotiation.offers] == list(range(1, len(self.negotiation.offers) + 1))
        count = self.db.execute(
            select(func.count()).select_from(Deal).where(Deal.listing_id == self.negotiation.listing_id)
        ).scalar_one()
        assert count == (1 if status == "accepted" else 0)
        if self.ended:
            assert status == self.ended
        if status != "open":
            self.ended = status


def test_a_negotiation_keeps_its_promises_whatever_is_tried(db: Any) -> None:
    NegotiationMachine.db = db
    run_state_machine_as_test(
        NegotiationMachine,
        settings=settings(max_examples=8, stateful_step_count=12, deadline=None,
                          suppress_health_check=list(HealthCheck)),
    )  # fmt: skip
