"""Needs: published for a time, matched with assets in both directions with reasons, answered, and ended by time."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.core.db import session
from marketplace.core.errors import Malformed, NotAllowed, NotFound, Refused
from marketplace.core.lifecycle import WrongStatus
from marketplace.core.money import Money
from marketplace.identity.roles import Role
from marketplace.identity.verification import KycRequired
from marketplace.listings import need_alerts, need_answers, need_matches, needs
from marketplace.listings.indexing import Follower
from marketplace.listings.need_scores import WEIGHTS, Candidate, Part, WantedRight, Wish, weigh
from marketplace.listings.needs import NeedStatus
from marketplace.notices.inbox import notices_of, unread_count
from tests.makers.identity import make_actor, make_organisation
from tests.makers.listings import make_listing, make_owned_asset

NOW = datetime.now(UTC)
NOON = NOW.replace(hour=4)
TODAY = NOW.date()
BATTERY = {"zh": "一种锂离子电池负极材料的制备方法"}


def yuan(amount: int) -> Money:
    return Money(amount * 100, "CNY")


def wanted(**changes: Any) -> dict[str, Any]:
    """What a buyer types."""
    return {
        "title": "锂离子电池负极材料", "text": "石墨负极材料的制备方法", "classes": ["H01M 4/36"], "territory": ["CN"],
        "wanted_right": WantedRight.TRANSFER, "budget_low": None, "budget_high": yuan(6_000_000),
        "budget_shown": False, "closes_at": NOW + timedelta(days=30),
    } | changes  # fmt: skip


def battery(owner: Any, **changes: Any) -> Any:
    """An own asset about batteries."""
    return make_owned_asset(owner, titles=BATTERY, abstracts={}, ipc=["H01M4/36"], cpc=[], **changes)


CANDIDATE = Candidate(
    words=frozenset({"电池", "负极"}), classes=("H01M4/36",), office="CN", kind="invention", alive=True,
    expires_on=date(TODAY.year + 12, 1, 1), offers=((WantedRight.TRANSFER, yuan(100)),),
)  # fmt: skip
WISH = Wish({"电池": 100, "负极": 100}, ("H01M4/36",), ("CN",), WantedRight.TRANSFER, (None, yuan(100)))


def test_what_answers_in_everything_has_a_hundred_points_and_each_part_says_why() -> None:
    match = weigh(WISH, CANDIDATE, TODAY)
    assert (match.score, match.is_match, match.missing) == (100, True, ())
    assert {each.part: each.points for each in match.parts} == WEIGHTS
    assert all(str(each.reason.text) for each in match.parts)


def test_a_firm_wish_is_never_outweighed_and_is_named_first() -> None:
    abroad = weigh(WISH, replace(CANDIDATE, office="US"), TODAY)
    assert (abroad.score, abroad.is_match, abroad.is_near) == (100, False, True)
    assert abroad.missing[0].params == {"office": "US", "wanted": "CN"}
    assert not weigh(WISH, replace(CANDIDATE, alive=False), TODAY).is_match
    assert weigh(WISH, replace(CANDIDATE, office="US", kind="software"), TODAY).is_match


PRICES = st.one_of(st.none(), st.integers(1, 10**9).map(lambda minor: Money(minor, "CNY")))
CANDIDATES = st.builds(
    Candidate,
    words=st.frozensets(st.sampled_from("abcdefgh"), max_size=8),
    classes=st.lists(st.sampled_from(["H01M4/36", "H01M10/05", "G06N3/02", "A61K39/395"]), max_size=3).map(tuple),
    office=st.sampled_from(["CN", "US"]), kind=st.just("invention"), alive=st.booleans(),
    expires_on=st.one_of(st.none(), st.dates(date(2000, 1, 1), date(2060, 1, 1))),
    offers=st.lists(st.tuples(st.sampled_from(WantedRight), PRICES), max_size=3).map(tuple),
    likeness_percent=st.one_of(st.none(), st.integers(0, 100)),
)  # fmt: skip
WISHES = st.builds(
    Wish,
    words=st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 900), min_size=1),
    classes=st.lists(st.sampled_from(["H01M", "H01M4/36", "G06N"]), max_size=2).map(tuple),
    territory=st.lists(st.sampled_from(["CN", "US"]), max_size=2).map(tuple),
    right=st.sampled_from(WantedRight), budget=st.tuples(st.none(), PRICES),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(WISHES, CANDIDATES)
def test_the_score_is_the_sum_of_its_parts_and_one_who_is_not_told_the_budget_learns_nothing(
    wish: Wish, candidate: Candidate
) -> None:
    """Score in 0..100 and from known parts alone; no part above its weight; a non-match with points says what is
    missing or has too few in all; the score without the budget is the same whatever the budget."""
    match = weigh(wish, candidate, TODAY)
    known = [(each.points, each.weight) for each in match.parts if each.points is not None]
    assert all(0 <= points <= weight for points, weight in known)
    points, total = sum(points for points, _ in known), sum(weight for _, weight in known)
    assert abs(match.score * total - 100 * points) * 2 <= total
    assert match.is_match == (match.score >= 50 and not match.obstacles)
    if match.is_match:
        assert match.missing == ()
    blind = weigh(wish.without_budget(), candidate, TODAY)
    assert Part.PRICE not in {each.part for each in blind.parts}


def test_a_buyer_publishes_and_sees_what_answers_and_why_the_rest_does_not(follower: Follower) -> None:
    holder, buyer = make_actor(), make_actor()
    good, foreign = battery(holder), battery(holder, office="US", number="US11000001B2")
    dear = make_listing(holder, asset=good, price=yuan(9_000_000))
    need = needs.publish_need(buyer, wanted(), NOW)
    session.commit()
    follower.catch_up()
    matched, near = need_matches.assets_for(buyer, need, NOW)
    assert [each.card.asset.id for each in matched] == [good.id]
    assert "quarter above" in str(next(each for each in matched[0].match.parts if each.part is Part.PRICE).reason.text)
    assert [each.card.asset.id for each in near] == [foreign.id]
    assert near[0].match.missing[0].params["office"] == "US"
    assert dear.is_visible


def test_a_hidden_budget_is_not_learned_from_the_holders_score(follower: Follower) -> None:
    holder, buyer = make_actor(), make_actor()
    make_listing(holder, asset=battery(holder), price=yuan(5_000_000))
    scores = []
    for high in (yuan(100), yuan(9_000_000)):
        need = needs.publish_need(buyer, wanted(budget_high=high), NOW)
        session.flush()
        follower.catch_up()
        matched, near = need_matches.needs_for(holder, NOW)
        assert near == []
        scores.append(next(each.match for each in matched if each.need.id == need.id))
        assert need.budget_for(holder) == (None, None)
        assert need.budget_for(buyer) == (None, high)
    assert scores[0].score == scores[1].score
    assert Part.PRICE not in {each.part for each in scores[0].parts}


def test_holders_who_asked_are_told_once_and_by_day(follower: Follower) -> None:
    holder, silent, buyer = make_actor(), make_actor(), make_actor()
    battery(holder)
    battery(silent)
    need_alerts.ask_for_alerts(holder)
    needs.publish_need(buyer, wanted(), NOON - timedelta(hours=1))
    session.commit()
    follower.catch_up()
    assert need_alerts.tell_holders(NOON.replace(hour=15)) == 0
    assert need_alerts.tell_holders(NOON) == 1
    assert need_alerts.tell_holders(NOON) == 0
    assert (unread_count(holder), unread_count(silent)) == (1, 0)
    assert "100" in notices_of(holder)[0].words.text
    need_alerts.stop_alerts(holder)
    needs.publish_need(buyer, wanted(), NOON)
    assert need_alerts.tell_holders(NOON) == 0


def test_an_answer_reaches_the_buyer_alone_and_the_choice_ends_the_need(db: Any) -> None:
    holder, rival, buyer = make_actor(), make_actor(), make_actor()
    listing, other = make_listing(holder), make_listing(rival)
    need = needs.publish_need(buyer, wanted(), NOW)
    answer = need_answers.answer_need(holder, need.id, listing.id, "With drawings.", NOW)
    need_answers.answer_need(rival, need.id, other.id, "", NOW)
    assert unread_count(buyer) == 2
    assert [one.id for one, _listing in need_answers.answers_seen_by(holder, need)] == [answer.id]
    assert len(need_answers.answers_seen_by(buyer, need)) == 2
    assert need_answers.answers_seen_by(None, need) == []
    with pytest.raises(need_answers.AnsweredAlready):
        need_answers.answer_need(holder, need.id, listing.id, "", NOW)
    told = unread_count(rival)
    need_answers.choose_answer(buyer, need.id, answer.id, NOW)
    assert (need.status, answer.chosen_at) == (NeedStatus.MET, NOW)
    assert unread_count(rival) == told + 1
    with pytest.raises(needs.NeedOver):
        need_answers.answer_need(rival, need.id, other.id, "", NOW)


def test_who_may_not_answer_or_publish_is_refused(db: Any) -> None:
    holder, buyer = make_actor(), make_actor()
    need = needs.publish_need(buyer, wanted(), NOW)
    hidden = make_listing(holder, published=False)
    with pytest.raises(need_answers.ListingHidden):
        need_answers.answer_need(holder, need.id, hidden.id, "", NOW)
    with pytest.raises(NotFound):
        need_answers.answer_need(holder, need.id, make_listing().id, "", NOW)
    with pytest.raises(need_answers.OwnNeed):
        need_answers.answer_need(buyer, need.id, make_listing(buyer).id, "", NOW)
    with pytest.raises(KycRequired):
        needs.publish_need(make_actor(make_organisation(status="draft")), wanted(), NOW)
    with pytest.raises(NotAllowed):
        needs.publish_need(make_actor(role=Role.VIEWER), wanted(), NOW)
    with pytest.raises(NotFound):
        needs.withdraw_need(holder, need.id, "", NOW)
    with pytest.raises(NotAllowed):
        needs.remove_need(buyer, need.id, "", NOW)


@pytest.mark.parametrize(
    "fault",
    [
        {"closes_at": NOW}, {"closes_at": NOW + timedelta(days=400)}, {"budget_low": yuan(7_000_000)},
        {"budget_low": Money(1, "USD")},
    ],
)  # fmt: skip
def test_a_need_that_contradicts_itself_is_malformed(db: Any, fault: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        needs.publish_need(make_actor(), wanted(**fault), NOW)


def test_a_need_ends_by_time_by_its_buyer_or_by_the_operator_and_only_once(db: Any) -> None:
    buyer, operator = make_actor(), make_actor(kind="platform_operator")
    first, second, third = (needs.publish_need(buyer, wanted(), NOW) for _ in range(3))
    needs.withdraw_need(buyer, first.id, "Bought elsewhere", NOW)
    needs.remove_need(operator, second.id, "An advertisement", NOW)
    assert needs.expire_needs(NOW + timedelta(days=29)) == 0
    assert needs.expire_needs(NOW + timedelta(days=30)) == 1
    assert [one.status.value for one in (first, second, third)] == ["withdrawn", "withdrawn", "expired"]
    for need in (first, second, third):
        with pytest.raises((Refused, WrongStatus)):
            needs.withdraw_need(buyer, need.id, "", NOW)


def _typed(**changes: str) -> dict[str, str]:
    return {
        "title": "Battery anode", "text": "Lithium battery anode", "classes": "h01m 4/36，G06N", "territory": "cn",
        "wanted_right": "sole", "budget_high": "5000", "closes_at": f"{NOW + timedelta(days=5):%Y-%m-%dT%H:%M}",
    } | changes  # fmt: skip


def test_the_pages_from_form_to_choice(client: FlaskClient, sign_in: Any, follower: Follower) -> None:
    holder, buyer = make_actor(), make_actor()
    listing = make_listing(holder, asset=battery(holder))
    session.commit()
    assert client.get("/needs/new").status_code == 302
    sign_in(client, buyer)
    assert client.get("/needs/new").status_code == 200
    assert client.post("/needs", data=_typed(classes="battery")).status_code == 422
    made = client.post("/needs", data=_typed())
    assert made.status_code == 303
    page = made.headers["Location"]
    need = needs.needs_of(buyer.organisation_id)[0]
    assert (need.classes, need.territory, need.budget_high) == (["H01M 4/36", "G06N"], ["CN"], yuan(5_000))
    session.commit()
    follower.catch_up()
    assert "锂离子电池" in client.get(page).text
    assert "5,000" in client.get(page).text
    sign_in(client, holder)
    assert "5,000" not in client.get(page).text
    assert client.get("/needs").status_code == 200
    assert "Battery anode" in client.get("/needs/matching").text
    assert client.post("/needs/alerts").status_code == 303
    assert need_alerts.wants_alerts(holder)
    assert client.post("/needs/alerts/end").status_code == 303
    assert client.post(f"{page}/answers", data={"listing_id": str(listing.id), "text": "See."}).status_code == 303
    assert client.post(f"{page}/choice", data={"answer_id": str(listing.id)}).status_code == 404
    assert client.post(f"{page}/removal", data={"reason": "x"}).status_code == 403
    sign_in(client, buyer)
    answer = need_answers.answers_seen_by(buyer, need)[0][0]
    assert f"listing={listing.id}" in client.get(page).text
    assert client.post(f"{page}/choice", data={"answer_id": str(answer.id)}).status_code == 303
    assert need.status is NeedStatus.MET


def test_the_api_publishes_matches_answers_and_ends(client: FlaskClient, sign_in: Any, follower: Follower) -> None:
    holder, buyer = make_actor(), make_actor()
    listing = make_listing(holder, asset=battery(holder))
    given = {
        "title": "锂离子电池负极", "text": "负极材料", "wanted_right": "transfer", "territory": ["CN"],
        "closes_at": (NOW + timedelta(days=3)).isoformat(), "budget_high": {"amount": "9.00", "currency": "CNY"},
    }  # fmt: skip
    session.commit()
    assert client.post("/api/v1/needs", json=given).status_code == 401
    sign_in(client, buyer)
    keyed = {"Idempotency-Key": "need-1"}
    assert client.post("/api/v1/needs", json=given | {"closes_at": "soon"}, headers=keyed).status_code == 422
    made = client.post("/api/v1/needs", json=given, headers={"Idempotency-Key": "need-2"})
    assert made.status_code == 201
    need_id = made.json["id"]
    session.commit()
    follower.catch_up()
    found = client.get(f"/api/v1/needs/{need_id}/matches").json["matched"]
    assert [one["asset_id"] for one in found] == [str(listing.asset_id)]
    assert {part["part"] for part in found[0]["parts"]} == {"words", "right", "price", "life"}
    sign_in(client, holder)
    assert client.get(f"/api/v1/needs/{need_id}/matches").status_code == 404
    assert client.get("/api/v1/needs/matching-my-assets").json["matched"][0]["need_id"] == need_id
    assert client.get(f"/api/v1/needs/{need_id}").json["budget_high"] is None
    answered = client.post(
        f"/api/v1/needs/{need_id}/answers", json={"listing_id": str(listing.id)}, headers={"Idempotency-Key": "a-1"}
    )
    assert answered.status_code == 201
    assert client.put("/api/v1/need-alerts").status_code == 204
    assert client.delete("/api/v1/need-alerts").status_code == 204
    assert client.get("/api/v1/needs").json["items"][0]["id"] == need_id
    over = client.post(f"/api/v1/needs/{need_id}/withdrawal", json={}, headers={"Idempotency-Key": "w-1"})
    assert over.status_code == 404
    sign_in(client, buyer)
    chosen = {"answer_id": answered.json["id"]}
    met = client.post(f"/api/v1/needs/{need_id}/choice", json=chosen, headers={"Idempotency-Key": "c-1"})
    assert met.json["status"] == "met"
    again = client.post(f"/api/v1/needs/{need_id}/withdrawal", json={}, headers={"Idempotency-Key": "w-2"})
    assert (again.status_code, again.json["code"]) == (409, "need_over")
    gone = client.post(f"/api/v1/needs/{need_id}/removal", json={}, headers={"Idempotency-Key": "r-1"})
    assert gone.status_code == 403
