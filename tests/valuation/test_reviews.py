"""Reviews: independent, answered once, both figures kept, ended in time, unseen by others."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import session
from marketplace.core.errors import Malformed, NotAllowed, NotFound, Refused
from marketplace.core.lifecycle import WrongStatus
from marketplace.valuation import reviews
from marketplace.valuation.reports import Indication, indicate_value
from marketplace.valuation.reviews import ReviewAlreadyAsked, ReviewerNotIndependent, ReviewStatus
from tests.makers.identity import make_actor
from tests.makers.registry import make_asset

pytestmark = pytest.mark.usefixtures("db")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SignIn = Callable[..., FlaskClient]
FIGURES = {"opinion": "The claims are narrow.", "low": "10.00", "middle": "20.00", "high": "30.00"}


def asked() -> tuple[Actor, Indication, reviews.ValuationReview]:
    owner = make_actor()
    indication = indicate_value(owner, make_asset().id, "transfer", NOW)
    return owner, indication, reviews.ask_review(owner, indication.id, "Are the claims broad?", NOW)


def appraiser() -> Actor:
    return make_actor(kind="appraiser")


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


def test_a_review_is_taken_and_answered_and_both_figures_stay() -> None:
    _owner, indication, review = asked()
    reviewer = appraiser()
    reviews.take_review(reviewer, review.id, NOW)
    before = indication.middle
    answered = reviews.answer_review(reviewer, review.id, FIGURES, NOW)
    assert answered.status is ReviewStatus.ANSWERED and str(answered.middle) != str(before)
    assert indication.middle == before
    with pytest.raises(WrongStatus):
        reviews.answer_review(reviewer, review.id, FIGURES, NOW)


def test_one_review_at_a_time_and_only_of_ones_own_value() -> None:
    owner, indication, _review = asked()
    with pytest.raises(ReviewAlreadyAsked):
        reviews.ask_review(owner, indication.id, "Again?", NOW)
    with pytest.raises(NotFound):
        reviews.ask_review(make_actor(), indication.id, "Mine?", NOW)


def test_nobody_with_an_interest_and_nobody_without_the_permission_reviews() -> None:
    owner, _indication, review = asked()
    with pytest.raises(NotAllowed):
        reviews.take_review(make_actor(), review.id, NOW)
    colleague = replace(owner, permissions=frozenset({"appraise"}))
    with pytest.raises(ReviewerNotIndependent):
        reviews.take_review(colleague, review.id, NOW)


@pytest.mark.parametrize("changes", [{"low": None}, {"low": "25.00"}, {"high": "5.00"}, {"middle": None, "high": None}])
def test_figures_come_in_order_and_together_or_not_at_all(changes: dict[str, str | None]) -> None:
    review = asked()[2]
    reviewer = appraiser()
    reviews.take_review(reviewer, review.id, NOW)
    with pytest.raises(Malformed):
        reviews.answer_review(reviewer, review.id, FIGURES | changes, NOW)


def test_a_review_given_back_waits_for_another_and_a_late_one_ends() -> None:
    owner, indication, review = asked()
    first, second = appraiser(), appraiser()
    reviews.take_review(first, review.id, NOW)
    reviews.give_back_review(first, review.id, NOW)
    reviews.take_review(second, review.id, NOW)
    with pytest.raises(NotFound):
        reviews.answer_review(first, review.id, FIGURES, NOW)
    assert reviews.lapse_reviews(SYSTEM, NOW + timedelta(days=13)) == 0
    assert reviews.lapse_reviews(SYSTEM, NOW + timedelta(days=15)) == 1
    assert review.status is ReviewStatus.LAPSED
    again = reviews.ask_review(owner, indication.id, "Anybody?", NOW)
    assert reviews.withdraw_review(owner, again.id, NOW).status is ReviewStatus.WITHDRAWN


@pytest.mark.parametrize("acts", ["take withdraw", "answer", "take answer withdraw", "withdraw take", "lapse take"])
def test_steps_out_of_order_are_refused(acts: str) -> None:
    owner, _indication, review = asked()
    reviewer = appraiser()
    steps: dict[str, Callable[[], object]] = {
        "take": lambda: reviews.take_review(reviewer, review.id, NOW),
        "answer": lambda: reviews.answer_review(reviewer, review.id, FIGURES, NOW),
        "withdraw": lambda: reviews.withdraw_review(owner, review.id, NOW),
        "lapse": lambda: reviews.lapse_reviews(SYSTEM, NOW + timedelta(days=15)),
    }
    *before, last = acts.split()
    for act in before:
        steps[act]()
    if acts == "take withdraw":
        steps[last]()
        assert review.status is ReviewStatus.WITHDRAWN
    else:
        with pytest.raises((Refused, NotFound)):
            steps[last]()


@pytest.mark.parametrize(
    "change", ["status = 'answered'", "low_minor = 5, low_currency = 'CNY', middle_minor = 4, middle_currency = 'CNY'"]
)
def test_the_database_refuses_an_answer_without_opinion_and_figures_out_of_order(change: str) -> None:
    asked()
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(text(f"UPDATE valuation_reviews SET {change}"))


def test_reviews_over_the_api_and_what_others_may_not(client: FlaskClient, sign_in: SignIn) -> None:
    owner, stranger, reviewer = make_actor(), make_actor(), appraiser()
    indication = indicate_value(owner, make_asset().id, "transfer", NOW)
    session.commit()
    address = f"/api/v1/indications/{indication.id}/reviews"
    assert client.post(address, json={"question": "?"}, headers=key()).status_code == 401
    sign_in(client, stranger)
    assert client.post(address, json={"question": "?"}, headers=key()).status_code == 404
    sign_in(client, owner)
    assert client.post(address, json={"question": ""}, headers=key()).status_code == 422
    made = client.post(address, json={"question": "Broad?"}, headers=key())
    session.commit()
    assert made.status_code == 201 and made.json["status"] == "asked"
    one = f"/api/v1/valuation-reviews/{made.json['id']}"
    assert client.post(f"{one}/take", headers=key()).status_code == 403
    sign_in(client, stranger)
    assert client.get(one).status_code == 404
    sign_in(client, reviewer)
    assert [item["id"] for item in client.get("/api/v1/valuation-reviews").json["items"]] == [made.json["id"]]
    assert client.post(f"{one}/take", headers=key()).json["status"] == "taken"
    answer = client.post(f"{one}/answer", json=FIGURES, headers=key())
    assert answer.status_code == 200 and answer.json["middle"]["amount"] == "20.00"
    assert client.post(f"{one}/withdraw", headers=key()).status_code == 404


def test_the_pages_lead_from_the_report_to_an_opinion(client: FlaskClient, sign_in: SignIn) -> None:
    owner, reviewer = make_actor(), appraiser()
    indication = indicate_value(owner, make_asset().id, "transfer", NOW)
    sign_in(client, owner)
    assert "Ask a person to review" in client.get(f"/valuations/{indication.id}").get_data(as_text=True)
    form = {"question": "Are the claims broad?", "idempotency_key": uuid4().hex}
    page = client.post(f"/valuations/{indication.id}/reviews", data=form).location
    assert "Withdraw the request" in client.get(page).get_data(as_text=True)
    sign_in(client, reviewer)
    assert page in client.get("/valuations/reviews").get_data(as_text=True)
    assert client.post(f"{page}/take", data={"idempotency_key": uuid4().hex}).status_code == 303
    assert "Give the opinion" in client.get(page).get_data(as_text=True)
    client.post(f"{page}/answer", data=FIGURES | {"idempotency_key": uuid4().hex})
    sign_in(client, owner)
    assert "The claims are narrow." in client.get(f"{page}?lang=zh").get_data(as_text=True)
    assert "20.00" in client.get(f"/valuations/{indication.id}").get_data(as_text=True)
