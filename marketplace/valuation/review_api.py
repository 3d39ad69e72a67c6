"""Reviews of values over the JSON API."""

from typing import Any
from uuid import UUID

from marketplace.core.clock import now
from marketplace.core.http import current_actor, idempotent, signed_in
from marketplace.valuation import reviews
from marketplace.valuation.blueprints import api
from marketplace.valuation.review_schemas import ReviewAnswerIn, ReviewIn, ReviewOut, ReviewPageOut


@api.post("/indications/<uuid:indication_id>/reviews")
@signed_in
@idempotent
@api.input(ReviewIn, arg_name="wish")
@api.output(ReviewOut, status_code=201)
def ask_review(indication_id: UUID, wish: dict[str, Any]) -> Any:
    """Ask a person to review an indication of one's own."""
    return reviews.ask_review(current_actor(), indication_id, wish["question"], now())


@api.get("/valuation-reviews")
@signed_in
@api.output(ReviewPageOut)
def review_board() -> dict[str, Any]:
    """Reviews I asked for; for a reviewer also what waits."""
    return {"items": reviews.review_board(current_actor())}


@api.get("/valuation-reviews/<uuid:review_id>")
@signed_in
@api.output(ReviewOut)
def show_review(review_id: UUID) -> Any:
    """One review."""
    return reviews.find_review(current_actor(), review_id)


@api.post("/valuation-reviews/<uuid:review_id>/take")
@signed_in
@idempotent
@api.output(ReviewOut)
def take_review(review_id: UUID) -> Any:
    """Take up a review that waits."""
    return reviews.take_review(current_actor(), review_id, now())


@api.post("/valuation-reviews/<uuid:review_id>/give-back")
@signed_in
@idempotent
@api.output(ReviewOut)
def give_back_review(review_id: UUID) -> Any:
    """Give back a review for somebody else to take."""
    return reviews.give_back_review(current_actor(), review_id, now())


@api.post("/valuation-reviews/<uuid:review_id>/answer")
@signed_in
@idempotent
@api.input(ReviewAnswerIn, arg_name="answer")
@api.output(ReviewOut)
def answer_review(review_id: UUID, answer: dict[str, Any]) -> Any:
    """Give one's opinion; other figures stand beside the model's."""
    return reviews.answer_review(current_actor(), review_id, answer, now())


@api.post("/valuation-reviews/<uuid:review_id>/withdraw")
@signed_in
@idempotent
@api.output(ReviewOut)
def withdraw_review(review_id: UUID) -> Any:
    """No longer want a review one asked for."""
    return reviews.withdraw_review(current_actor(), review_id, now())
