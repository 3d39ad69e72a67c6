"""A bank's page of its lending rules, and the indicative offers beside an owner's own rights and listings."""

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.formats import show_money
from marketplace.core.http import current_actor, idempotent, needs, page_form
from marketplace.core.i18n import _
from marketplace.core.money import Money
from marketplace.financing import criteria, indications
from marketplace.financing.criteria_schemas import CriteriaForm
from marketplace.financing.pages_blueprint import pages
from marketplace.financing.schemas import NothingIn
from marketplace.listings.panels import listing_panels
from marketplace.registry.ownership import owns
from marketplace.registry.panels import asset_panels


@pages.get("/financing/criteria")
@needs("loan.underwrite")
def show_criteria() -> str:
    """My bank's lending rules: in force, waiting, earlier, and how well offers kept them."""
    actor = current_actor()
    assert actor.organisation_id is not None
    return render_template(
        "financing/criteria.html",
        versions=criteria.criteria_of(actor),
        hits=indications.hit_rate_of(actor.organisation_id),
        minor=_yuan,
        limits=lambda rules: ", ".join(
            f"{field}: {_yuan(most)}" for field, most in rules.get("field_limits", {}).items()
        ),
    )


def _yuan(minor: int | None) -> str | None:
    return None if minor is None else show_money(Money(minor, "CNY"))


@pages.post("/financing/criteria")
@needs("loan.underwrite")
@idempotent
def prepare_criteria() -> Response:
    """Write a new version."""
    criteria.prepare_criteria(current_actor(), page_form(CriteriaForm), now())
    flash(_("The new version waits for a second person of your bank."), "good")
    return redirect(url_for("financing.show_criteria"), 303)


@pages.post("/financing/criteria/<uuid:criteria_id>/publication")
@needs("loan.approve")
@idempotent
def publish_criteria(criteria_id: UUID) -> Response:
    """Publish as the second person."""
    page_form(NothingIn)
    criteria.publish_criteria(current_actor(), criteria_id, now())
    flash(_("The rules are published; owners see what they say about their rights."), "good")
    return redirect(url_for("financing.show_criteria"), 303)


@asset_panels.add(order=60)
def asset_offers(actor: Actor | None, asset: Any) -> Markup | None:
    """Beside an own right: what banks would lend on it."""
    return _panel(actor, asset.id)


@listing_panels.add(order=60)
def listing_offers(actor: Actor | None, listing: Any) -> Markup | None:
    """Beside an own listing: what banks would lend on the right."""
    return _panel(actor, listing.asset_id)


def _panel(actor: Actor | None, asset_id: UUID) -> Markup | None:
    if actor is None or not actor.may("loan.apply") or not owns(actor.organisation_id, asset_id):
        return None
    found = indications.indicate_offers(actor, asset_id, now())
    return Markup(render_template("financing/_indications.html", found=found, asset_id=asset_id)) if found else None
