"""The pages of reviews: the board, one review with the value it is about, and its steps."""

from uuid import UUID

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from marketplace.core.clock import now
from marketplace.core.http import current_actor, idempotent, page_form, signed_in
from marketplace.core.i18n import _
from marketplace.registry.assets import find_asset
from marketplace.valuation import drawing, policy, reviews
from marketplace.valuation.blueprints import pages
from marketplace.valuation.review_schemas import ReviewAnswerIn, ReviewIn


@pages.get("/valuations/reviews")
@signed_in
def review_board() -> str:
    """Reviews asked for, and for reviewers those that wait."""
    actor = current_actor()
    return render_template(
        "valuation/reviews.html", reviews=reviews.review_board(actor), reviewer=policy.may_review(actor)
    )


@pages.get("/valuations/reviews/<uuid:review_id>")
@signed_in
def show_review(review_id: UUID) -> str:
    """One review beside the value it is about."""
    actor = current_actor()
    review = reviews.find_review(actor, review_id)
    indication = reviews.reviewed_indication(actor, review)
    return render_template(
        "valuation/review.html",
        review=review,
        indication=indication,
        asset=find_asset(indication.asset_id),
        bars=drawing.interval_bars(indication.answer),
        width=drawing.WIDTH,
        asker=review.organisation_id == actor.organisation_id,
        mine=policy.may_review(actor) and review.reviewer_organisation_id == actor.organisation_id,
    )


@pages.post("/valuations/<uuid:indication_id>/reviews")
@signed_in
@idempotent
def ask_review(indication_id: UUID) -> Response:
    """Ask for a person's look."""
    wish = page_form(ReviewIn)
    review = reviews.ask_review(current_actor(), indication_id, wish["question"], now())
    flash(_("A reviewer will look at it within 14 days."), "good")
    return redirect(url_for("valuation.show_review", review_id=review.id), 303)


@pages.post("/valuations/reviews/<uuid:review_id>/take")
@signed_in
@idempotent
def take_review(review_id: UUID) -> Response:
    """Take it up."""
    reviews.take_review(current_actor(), review_id, now())
    return redirect(url_for("valuation.show_review", review_id=review_id), 303)


@pages.post("/valuations/reviews/<uuid:review_id>/give-back")
@signed_in
@idempotent
def give_back_review(review_id: UUID) -> Response:
    """Give it back."""
    reviews.give_back_review(current_actor(), review_id, now())
    return redirect(url_for("valuation.review_board"), 303)


@pages.post("/valuations/reviews/<uuid:review_id>/answer")
@signed_in
@idempotent
def answer_review(review_id: UUID) -> Response:
    """Give the opinion."""
    reviews.answer_review(current_actor(), review_id, page_form(ReviewAnswerIn), now())
    flash(_("Your opinion stands beside the model's figures."), "good")
    return redirect(url_for("valuation.show_review", review_id=review_id), 303)


@pages.post("/valuations/reviews/<uuid:review_id>/withdraw")
@signed_in
@idempotent
def withdraw_review(review_id: UUID) -> Response:
    """No longer want it."""
    reviews.withdraw_review(current_actor(), review_id, now())
    return redirect(url_for("valuation.show_review", review_id=review_id), 303)
