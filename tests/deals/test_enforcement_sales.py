"""Enforcement sales: a notice long enough before the opening, floors, rounds in order, and nothing sold past them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.core.errors import NotAllowed, NotFound
from marketplace.core.money import Money
from marketplace.deals import enforcement_course, enforcement_sales
from marketplace.deals.auction_closing import settle_lot
from marketplace.deals.auctions import auction_of_listing
from marketplace.deals.enforcement_rules import NEXT, RULES, PlannedSale, SaleRound, faults_of, floor_of
from marketplace.deals.enforcement_sales import SaleStatus
from marketplace.deals.offers import buy_at_listed_price
from marketplace.listings.course import withdraw_listing
from marketplace.listings.listings import (
    ListingStatus,
    answer_due_diligence,
    change_listing,
    find_listing,
    publish_listing,
)
from marketplace.notices.inbox import unread_count
from marketplace.registry.consents import record_consent
from marketplace.registry.encumbrances import EncumbranceKind, encumber
from marketplace.registry.rules import LegalRefusal
from tests.makers.deals import SYSTEM
from tests.makers.identity import make_actor
from tests.makers.listings import ANSWERS, make_listing, make_owned_asset

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def yuan(amount: int) -> Money:
    return Money(amount * 100, "CNY")


PLAN = PlannedSale(
    SaleRound.FIRST, yuan(1_000_000), yuan(700_000), None, yuan(70_000), NOW + 30 * DAY, NOW + 31 * DAY
)  # fmt: skip


@pytest.mark.parametrize(("changes", "rules"), [
    ({}, []),
    ({"opens_at": NOW + 30 * DAY - timedelta(seconds=1)}, ["notice"]),
    ({"start": yuan(699_999), "deposit": None}, ["floor"]),
    ({"closes_at": NOW + 31 * DAY - timedelta(seconds=1)}, ["time"]),
    ({"deposit": yuan(34_999)}, ["deposit"]), ({"deposit": yuan(140_001)}, ["deposit"]), ({"deposit": None}, []),
    ({"priority_told_at": NOW - 3 * DAY}, []), ({"priority_told_at": NOW - 3 * DAY + timedelta(seconds=1)}, ["priority"]),
    ({"reserve": yuan(800_000)}, ["open_price"]), ({"reserve": yuan(700_000)}, []), ({"ascending": False}, ["open_price"]),
    ({"start": Money(1, "USD")}, ["currency"]),
    ({"round": SaleRound.SECOND, "earlier_start": yuan(700_000), "start": yuan(560_000), "deposit": None,
      "opens_at": NOW + 15 * DAY, "earlier_ended_at": NOW - 30 * DAY}, []),
    ({"round": SaleRound.SECOND, "earlier_start": yuan(700_000), "start": yuan(559_999), "deposit": None,
      "opens_at": NOW + 15 * DAY, "earlier_ended_at": NOW - 31 * DAY}, ["floor", "late"]),
])  # fmt: skip
def test_each_rule_of_a_round_is_kept_to_the_second_and_the_yuan(changes: dict[str, Any], rules: list[str]) -> None:
    assert [fault.rule for fault in faults_of(replace(PLAN, **changes), NOW)] == rules


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 10**12), st.integers(1, 10**12))
def test_the_floors_never_rise_and_never_fall_below_their_share(appraisal: int, earlier: int) -> None:
    value, before = Money(appraisal, "CNY"), Money(earlier, "CNY")
    first, second = floor_of(SaleRound.FIRST, value, None), floor_of(SaleRound.SECOND, value, before)
    assert first.amount_minor * 10 >= appraisal * 7 > (first.amount_minor - 1) * 10
    assert second.amount_minor * 10 >= earlier * 8 > (second.amount_minor - 1) * 10
    assert floor_of(SaleRound.PRIVATE, value, second) == second


GIVEN = {
    "appraisal": yuan(1_000_000), "appraised_on": date(2026, 11, 1), "appraiser": "虚构评估公司",
    "basis": "质押合同第八条", "taxes": "依法各自承担",
}  # fmt: skip


class Case:
    """A pledged right, its owner and its bank that agreed to the sale."""

    def __init__(self, consent: bool = True) -> None:
        self.owner, self.bank, self.neighbour = make_actor(), make_actor(kind="bank"), make_actor()
        self.asset = make_owned_asset(self.owner)
        pledge = encumber(
            SYSTEM, self.asset.id, EncumbranceKind.PLEDGE, self.bank.organisation_id, NOW.date(), None, "P1", NOW
        )
        if consent:
            record_consent(self.bank, pledge.id, "transfer", None, NOW)

    def draft(self, start: int, at: datetime, notice: timedelta, **terms: Any) -> Any:
        """A draft auction that opens when its notice has run."""
        listing = make_listing(
            self.owner, "auction", published=False, asset=self.asset, price=yuan(start), reserve=None,
            deposit=yuan(start // 10), opens_at=at + notice, closes_at=at + notice + DAY, **terms,
        )  # fmt: skip
        answer_due_diligence(self.owner, listing.id, ANSWERS, at)
        return listing

    def round(self, start: int, at: datetime, notice: timedelta, previous: Any = None, **terms: Any) -> Any:
        """A round, announced."""
        listing = self.draft(start, at, notice, **terms)
        sale = enforcement_sales.plan_sale(self.owner, listing.id, GIVEN, at, previous and previous.id)
        return enforcement_sales.publish_notice(self.owner, sale.id, at)

    def unsold(self, sale: Any) -> datetime:
        """Nobody bids."""
        lot = auction_of_listing(sale.listing_id)
        assert lot is not None
        settle_lot(lot, lot.closes_at)
        assert sale.status is SaleStatus.UNSOLD
        return lot.closes_at


def test_two_unsold_auctions_lead_to_a_sale_at_the_second_price(db: Any) -> None:
    case = Case()
    first = case.round(700_000, NOW, 30 * DAY)
    ended = case.unsold(first)
    second = case.round(560_000, ended, 15 * DAY, first)
    ended = case.unsold(second)
    listing = make_listing(case.owner, asset=case.asset, published=False, price=yuan(560_000))
    answer_due_diligence(case.owner, listing.id, ANSWERS, ended)
    sale = enforcement_sales.plan_sale(case.owner, listing.id, GIVEN, ended, second.id)
    enforcement_sales.publish_notice(case.owner, sale.id, ended)
    assert [one.round for one in (first, second, sale)] == list(SaleRound)
    buyer = replace(make_actor(), authenticated_at=ended + 20 * DAY)
    with db.begin_nested() as savepoint:
        with pytest.raises(enforcement_sales.SaleNotOpen):
            buy_at_listed_price(replace(buyer, authenticated_at=ended), listing.id, ended + timedelta(minutes=1))
        savepoint.rollback()
    deal = buy_at_listed_price(buyer, listing.id, ended + 20 * DAY)
    assert deal.price == yuan(560_000)


def test_a_sale_at_a_price_that_nobody_takes_ends_with_its_listing(db: Any) -> None:
    case = Case()
    first = case.round(700_000, NOW, 30 * DAY)
    second = case.round(560_000, ended := case.unsold(first), 15 * DAY, first)
    ended = case.unsold(second)
    listing = make_listing(case.owner, asset=case.asset, published=False, price=yuan(560_000))
    answer_due_diligence(case.owner, listing.id, ANSWERS, ended)
    sale = enforcement_sales.plan_sale(case.owner, listing.id, GIVEN, ended, second.id)
    enforcement_sales.publish_notice(case.owner, sale.id, ended)
    assert enforcement_course.drop_overdue_sales(ended + 74 * DAY) == 0
    assert enforcement_course.drop_overdue_sales(ended + 75 * DAY) == 1
    assert (sale.status, listing.status) == (SaleStatus.UNSOLD, ListingStatus.CLOSED)


def test_a_notice_too_short_or_a_price_too_low_is_refused_and_nothing_is_published(db: Any) -> None:
    case = Case()
    with pytest.raises(enforcement_sales.SaleRulesBroken) as refused:
        case.round(699_000, NOW, 29 * DAY)
    assert refused.value.params["rules"] == ["notice", "floor"]


def test_without_its_notice_or_the_creditors_consent_the_right_is_not_offered(db: Any) -> None:
    case = Case()
    listing = case.draft(700_000, NOW, 30 * DAY)
    sale = enforcement_sales.plan_sale(case.owner, listing.id, GIVEN, NOW)
    with db.begin_nested() as savepoint:
        with pytest.raises(enforcement_sales.NoticeMissing):
            publish_listing(case.owner, listing.id, NOW)
        savepoint.rollback()
    enforcement_sales.publish_notice(case.owner, sale.id, NOW)
    assert sale.status is SaleStatus.NOTICED
    with pytest.raises(LegalRefusal):
        Case(consent=False).round(700_000, NOW, 30 * DAY)


def test_terms_changed_after_the_notice_still_keep_it(db: Any) -> None:
    case = Case()
    sale = case.round(700_000, NOW, 31 * DAY)
    with pytest.raises(enforcement_sales.SaleRulesBroken):
        change_listing(case.owner, sale.listing_id, {"opens_at": NOW + 29 * DAY}, NOW + DAY)


def test_a_round_taken_back_opens_no_lower_one_and_rounds_are_not_skipped(db: Any) -> None:
    case = Case()
    first = case.round(700_000, NOW, 30 * DAY)
    again = case.draft(560_000, NOW, 15 * DAY)
    with pytest.raises(enforcement_sales.RoundNotOver):
        enforcement_sales.plan_sale(case.owner, again.id, GIVEN, NOW, first.id)
    withdraw_listing(case.owner, first.listing_id, NOW)
    assert first.status is SaleStatus.CANCELLED
    with pytest.raises(enforcement_sales.RoundNotOver):
        enforcement_sales.plan_sale(case.owner, again.id, GIVEN, NOW, first.id)
    assert set(NEXT.values()) == {SaleRound.SECOND, SaleRound.PRIVATE} and set(RULES) == set(SaleRound)


def test_holders_of_a_priority_right_are_told_three_days_before_the_notice(db: Any) -> None:
    case = Case()
    rules = {"priority_holders": [{"organisation_id": str(case.neighbour.organisation_id), "rank": 1}]}
    listing = case.draft(700_000, NOW, 34 * DAY, lot_rules=rules)
    sale = enforcement_sales.plan_sale(case.owner, listing.id, GIVEN, NOW)
    assert unread_count(case.neighbour) == 1
    with pytest.raises(enforcement_sales.SaleRulesBroken):
        enforcement_sales.publish_notice(case.owner, sale.id, NOW)
    assert enforcement_sales.publish_notice(case.owner, sale.id, NOW + 3 * DAY).noticed_at == NOW + 3 * DAY


def test_time_ends_what_nobody_announces(db: Any) -> None:
    case = Case()
    sale = enforcement_sales.plan_sale(case.owner, case.draft(700_000, NOW, 30 * DAY).id, GIVEN, NOW)
    assert enforcement_course.drop_overdue_sales(NOW + 89 * DAY) == 0
    assert enforcement_course.drop_overdue_sales(NOW + 90 * DAY) == 1
    assert sale.status is SaleStatus.CANCELLED
    publish_listing(case.owner, sale.listing_id, NOW)
    assert find_listing(sale.listing_id).status is ListingStatus.PUBLISHED


def test_a_later_round_given_up_is_planned_anew_while_its_time_runs(db: Any) -> None:
    case = Case()
    first = case.round(700_000, NOW, 30 * DAY)
    ended = case.unsold(first)
    second = case.round(560_000, ended, 15 * DAY, first)
    enforcement_sales.cancel_sale(case.owner, second.id, ended)
    again = case.round(600_000, ended + DAY, 15 * DAY, first)
    assert (again.round, again.status) == (SaleRound.SECOND, SaleStatus.NOTICED)
    other = case.draft(560_000, ended, 15 * DAY)
    with pytest.raises(enforcement_sales.RoundNotOver):
        enforcement_sales.plan_sale(case.owner, other.id, GIVEN, ended, first.id)


def test_a_holder_named_after_planning_is_told_and_has_three_days_too(db: Any) -> None:
    case = Case()
    listing = case.draft(700_000, NOW, 40 * DAY)
    sale = enforcement_sales.plan_sale(case.owner, listing.id, GIVEN, NOW)
    rules = {"priority_holders": [{"organisation_id": str(case.neighbour.organisation_id), "rank": 1}]}
    change_listing(case.owner, listing.id, {"lot_rules": rules}, NOW + DAY)
    change_listing(case.owner, listing.id, {"summary": "Changed again."}, NOW + 2 * DAY)
    assert unread_count(case.neighbour) == 1
    with pytest.raises(enforcement_sales.SaleRulesBroken) as refused:
        enforcement_sales.publish_notice(case.owner, sale.id, NOW + 3 * DAY)
    assert refused.value.params["rules"] == ["priority"]
    assert enforcement_sales.publish_notice(case.owner, sale.id, NOW + 4 * DAY).status is SaleStatus.NOTICED


def test_a_round_is_prepared_by_api(client: FlaskClient, sign_in: Any, db: Any) -> None:
    case = Case()
    listing = case.draft(600_000, NOW + timedelta(hours=1), 30 * DAY)
    db.commit()
    body = {"listing_id": str(listing.id), "appraisal": {"amount": "1000000.00", "currency": "CNY"},
            "appraised_on": "2026-11-01", "appraiser": "虚构评估公司", "basis": "合同第八条", "taxes": "各自承担"}  # fmt: skip

    def post(actor: Any, path: str, given: dict[str, Any]) -> Any:
        sign_in(client, actor)
        key = {"Idempotency-Key": uuid4().hex}
        return client.post(f"/api/v1/enforcement-sales{path}", json=given, headers=key)

    assert post(None, "", body).status_code == 401
    assert post(make_actor(), "", body).status_code == 404
    assert post(case.owner, "", body | {"appraisal": {"amount": "0", "currency": "CNY"}}).status_code == 422
    planned = post(case.owner, "", body)
    assert (planned.status_code, planned.json["round"], planned.json["status"]) == (201, "first", "planned")
    twice = post(case.owner, "", body)
    assert (twice.status_code, twice.json["code"]) == (409, "wrong_listing")
    refused = post(case.owner, f"/{planned.json['id']}/notice", {})
    assert (refused.status_code, refused.json["code"], refused.json["rules"]) == (409, "sale_rules_broken", ["floor"])


@settings(max_examples=300, deadline=None)
@given(
    st.integers(100, 10**11),
    st.lists(st.tuples(st.integers(-50, 50), *[st.integers(0, 70)] * 3), min_size=1, max_size=6),
)
def test_rounds_that_pass_keep_every_figure_whatever_is_tried(appraisal: int, tries: list[tuple[int, ...]]) -> None:
    """A creditor tries prices around the floor, notices and delays; what is announced keeps the articles by itself."""
    value, round_, before, ended = Money(appraisal, "CNY"), SaleRound.FIRST, None, None
    at = NOW
    for around, notice, delay, hours in tries:
        at += delay * DAY
        start = Money(max(1, floor_of(round_, value, before).amount_minor + around), "CNY")
        opens = at + notice * DAY
        plan = PlannedSale(round_, value, start, before, None, opens, opens + timedelta(hours=hours * 24),
                           earlier_ended_at=ended)  # fmt: skip
        if faults_of(plan, at):
            continue
        least = 70 if round_ is SaleRound.FIRST else 56
        assert start.amount_minor * 100 >= least * appraisal
        assert notice >= (30 if round_ is SaleRound.FIRST else 15)
        assert hours >= (60 if round_ is SaleRound.PRIVATE else 1)
        assert ended is None or at - ended <= (30 if round_ is SaleRound.SECOND else 60) * DAY
        if round_ not in NEXT:
            return
        round_, before, ended = NEXT[round_], start, plan.closes_at
        at = ended


def test_the_board_shows_what_is_announced_and_only_the_owner_prepares(
    client: FlaskClient, sign_in: Any, db: Any
) -> None:
    case, stranger = Case(), make_actor()
    listing = case.draft(700_000, NOW + timedelta(hours=1), 30 * DAY)
    db.commit()
    form = {"listing_id": str(listing.id), "appraisal": "1,000,000", "appraised_on": "2026-11-01",
            "appraiser": "虚构评估公司", "basis": "质押合同第八条", "taxes": "依法各自承担"}  # fmt: skip
    assert client.post("/enforcement-sales", data=form).status_code == 401
    sign_in(client, stranger)
    assert client.post("/enforcement-sales", data=form).status_code == 404
    sign_in(client, case.owner)
    assert "虚构评估公司" not in client.get("/enforcement-sales/new").text
    assert client.post("/enforcement-sales", data=form | {"appraisal": "much"}).status_code == 422
    assert client.post("/enforcement-sales", data=form | {"previous_id": "x"}).status_code == 422
    page = client.post("/enforcement-sales", data=form).headers["Location"]
    assert "Publish the notice" in client.get(page + "?lang=en").text
    sign_in(client, stranger)
    assert client.get(page).status_code == 404
    assert client.post(f"{page}/notice").status_code == 404
    sign_in(client, case.owner)
    assert client.post(f"{page}/notice").status_code == 303
    sign_in(client, None)
    assert "质押合同第八条" in client.get(page).text
    assert "700,000" in client.get("/enforcement-sales").text
    answer = client.get("/api/v1/enforcement-sales").json["items"][0]
    assert (answer["round"], answer["status"]) == ("first", "noticed")
    assert client.get(f"/api/v1/enforcement-sales/{answer['id']}").json["basis"] == "质押合同第八条"
    key = {"Idempotency-Key": "sale-1"}
    path = f"/api/v1/enforcement-sales/{answer['id']}/cancellation"
    assert client.post(path, headers=key).status_code == 401
    sign_in(client, case.owner)
    assert client.post(path, headers=key).json["status"] == "cancelled"
    again = client.post(f"/api/v1/enforcement-sales/{answer['id']}/notice", headers={"Idempotency-Key": "sale-2"})
    assert again.status_code == 409


def test_a_member_who_manages_no_assets_prepares_nothing(db: Any) -> None:
    case = Case()
    listing = case.draft(700_000, NOW, 30 * DAY)
    with pytest.raises((NotAllowed, NotFound)):
        enforcement_sales.plan_sale(case.bank, listing.id, GIVEN, NOW)
