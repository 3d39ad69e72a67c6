"""The pages of needs: what is sought, what answers it and why, and the answers."""

from datetime import UTC
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from marketplace.core.clock import database_now, now
from marketplace.core.http import current_actor, idempotent, needs, optional_actor, page_form, public, signed_in
from marketplace.core.i18n import _
from marketplace.identity.organisations import names_of
from marketplace.listings import labels, need_alerts, need_answers, need_matches
from marketplace.listings import needs as needs_room
from marketplace.listings.blueprints import pages
from marketplace.listings.listings import VISIBLE, own_listings
from marketplace.listings.need_schemas import AnswerIn, ChosenIn, EndIn, NeedForm
from marketplace.registry.assets import find_asset

BEIJING = ZoneInfo("Asia/Shanghai")


@pages.get("/needs")
@public
def needs_page() -> str:
    """What is sought now."""
    actor = optional_actor()
    found = needs_room.open_needs(database_now())
    own = needs_room.needs_of(actor.organisation_id) if actor and actor.organisation_id else []
    return render_template(
        "listings/needs.html", found=found, own=own, actor=actor, names=names_of([need.organisation_id for need in found]),
        alerts=need_alerts.wants_alerts(actor), labels=labels,
    )  # fmt: skip


@pages.get("/needs/new")
@needs("deal.trade")
def new_need_page() -> str:
    """The form that says what is sought."""
    return render_template("listings/need_new.html", labels=labels)


@pages.post("/needs")
@needs("deal.trade")
@idempotent
def publish_need() -> Response:
    """Publish it."""
    given = page_form(NeedForm)
    given["closes_at"] = given["closes_at"].replace(tzinfo=BEIJING).astimezone(UTC)
    need = needs_room.publish_need(current_actor(), given, database_now())
    flash(_("Published. Holders whose assets match are told if they asked for it."), "good")
    return _to(need.id)


@pages.get("/needs/matching")
@needs("asset.manage")
def matching_needs_page() -> str:
    """The needs my own assets answer."""
    matched, near = need_matches.needs_for(current_actor(), now())
    return render_template("listings/needs_matching.html", matched=matched, near=near, labels=labels)


@pages.get("/needs/<uuid:need_id>")
@public
def need_page(need_id: UUID) -> str:
    """One need: for the buyer what answers it and why, for a holder the form to answer."""
    actor, need = optional_actor(), needs_room.find_need(need_id)
    matched: list[Any] = []
    near: list[Any] = []
    if actor is not None and need.is_of(actor):
        matched, near = need_matches.assets_for(actor, need, now())
    answers = need_answers.answers_seen_by(actor, need)
    offers = [] if actor is None or need.is_of(actor) else [one for one in own_listings(actor) if one.status in VISIBLE]
    shown = [listing for _answer, listing in answers] + offers
    return render_template(
        "listings/need.html", need=need, actor=actor, matched=matched, near=near, answers=answers, offers=offers,
        budget=need.budget_for(actor), takes_answers=need.takes_answers(database_now()), labels=labels,
        assets={listing.id: find_asset(listing.asset_id) for listing in shown},
        names=names_of([need.organisation_id, *(answer.organisation_id for answer, _listing in answers)]),
    )  # fmt: skip


@pages.post("/needs/<uuid:need_id>/answers")
@needs("asset.manage")
@idempotent
def answer_need(need_id: UUID) -> Response:
    """Show the buyer an own listing."""
    given = page_form(AnswerIn)
    need_answers.answer_need(current_actor(), need_id, given["listing_id"], given["text"], database_now())
    flash(_("The buyer sees your listing. Nobody else sees your answer."), "good")
    return _to(need_id)


@pages.post("/needs/<uuid:need_id>/choice")
@needs("deal.trade")
@idempotent
def choose_answer(need_id: UUID) -> Response:
    """Pick an answer."""
    need_answers.choose_answer(current_actor(), need_id, page_form(ChosenIn)["answer_id"], database_now())
    flash(_("The need is met. Make your offer at the listing."), "good")
    return _to(need_id)


@pages.post("/needs/<uuid:need_id>/withdrawal")
@needs("deal.trade")
@idempotent
def withdraw_need(need_id: UUID) -> Response:
    """Seek no longer."""
    needs_room.withdraw_need(current_actor(), need_id, page_form(EndIn)["reason"], database_now())
    return _to(need_id)


@pages.post("/needs/<uuid:need_id>/removal")
@needs("platform.operate")
@idempotent
def remove_need(need_id: UUID) -> Response:
    """The operator takes a need away."""
    needs_room.remove_need(current_actor(), need_id, page_form(EndIn)["reason"], database_now())
    return _to(need_id)


@pages.post("/needs/alerts")
@signed_in
def ask_for_alerts() -> Response:
    """Be told of needs one's assets answer."""
    need_alerts.ask_for_alerts(current_actor())
    flash(_("You will be told of each need your assets answer, once, by day."), "good")
    return redirect(url_for("listings.needs_page"), 303)


@pages.post("/needs/alerts/end")
@signed_in
def stop_alerts() -> Response:
    """Hear no more of needs."""
    need_alerts.stop_alerts(current_actor())
    return redirect(url_for("listings.needs_page"), 303)


def _to(need_id: UUID) -> Response:
    return redirect(url_for("listings.need_page", need_id=need_id), 303)
