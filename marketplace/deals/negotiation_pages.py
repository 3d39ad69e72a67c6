"""The pages of negotiation: the offer form on a listing, the talks, messages."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from marketplace.core.actor import Actor
from marketplace.core.clock import database_now, now
from marketplace.core.http import Waiting, current_actor, dashboard_provider, idempotent, needs, page_form, signed_in
from marketplace.core.i18n import _
from marketplace.deals import messages, negotiations, offers, talks_record
from marketplace.deals.blueprints import pages
from marketplace.deals.schemas import DecisionIn, MessageForm, NothingIn, OfferForm, VersionIn
from marketplace.deals.step_words import NEGOTIATION_KINDS, NEGOTIATION_NAMES, OFFER_NAMES
from marketplace.deals.terms import DealTerms, typed_price
from marketplace.deals.wording import EXCLUSIVITIES
from marketplace.documents.files import store_file
from marketplace.identity.organisations import names_of
from marketplace.listings.listings import ListingStatus, find_listing, visible_listing
from marketplace.listings.panels import listing_panels
from marketplace.listings.terms import ListingMode
from marketplace.registry.assets import find_asset


@pages.post("/listings/<uuid:listing_id>/offers")
@needs("deal.trade")
@idempotent
def make_offer(listing_id: UUID) -> Response:
    """Make a first offer."""
    typed = page_form(OfferForm)
    actor = current_actor()
    price = typed_price(visible_listing(actor, listing_id), typed["amount"])
    negotiation = offers.make_offer(actor, listing_id, price, typed["special_terms"], database_now())
    flash(_("Your offer is on the table."), "good")
    return redirect(url_for("deals.negotiation", negotiation_id=negotiation.id), 303)


@pages.post("/listings/<uuid:listing_id>/purchase")
@needs("deal.trade")
@idempotent
def buy_at_listed_price(listing_id: UUID) -> Response:
    """Take a listing at its published price."""
    page_form(NothingIn)
    deal = offers.buy_at_listed_price(current_actor(), listing_id, database_now())
    return redirect(url_for("deals.deal", deal_id=deal.id), 303)


@pages.get("/negotiations/<uuid:negotiation_id>")
@signed_in
def negotiation(negotiation_id: UUID) -> str:
    """The talks: what is on the table, what was before, messages, and the one next act."""
    actor = current_actor()
    talks = negotiations.find_negotiation(actor, negotiation_id)
    live = talks.live_offer
    return render_template(
        "deals/negotiation.html",
        talks=talks,
        live=live,
        terms=DealTerms.from_json((live or talks.offers[-1]).terms),
        asset=find_asset(talks.asset_id),
        names=names_of([talks.seller_id, talks.buyer_id]),
        messages=messages.messages_of(talks),
        mine=actor.organisation_id,
        may_decide=live is not None and live.by_organisation_id != actor.organisation_id and _is_side(actor, talks),
        may_act=live is not None and now() < live.expires_at and _is_side(actor, talks) and actor.may("deal.trade"),
        currency=(live or talks.offers[-1]).price.currency,
        status_names=NEGOTIATION_NAMES,
        status_kinds=NEGOTIATION_KINDS,
        offer_names=OFFER_NAMES,
        exclusivities=EXCLUSIVITIES,
    )


@pages.get("/negotiations/<uuid:negotiation_id>/messages.csv")
@signed_in
def talks_csv(negotiation_id: UUID) -> Response:
    """The questions and answers as a table."""
    content = talks_record.talks_csv(current_actor(), negotiation_id, now())
    headers = {"Content-Disposition": f'attachment; filename="talks-{negotiation_id}.csv"'}
    return Response(content, content_type="text/csv; charset=utf-8", headers=headers)


@pages.get("/negotiations/<uuid:negotiation_id>/messages.pdf")
@signed_in
def talks_pdf(negotiation_id: UUID) -> Response:
    """The questions and answers as a PDF."""
    content = talks_record.talks_pdf(current_actor(), negotiation_id, now())
    headers = {"Content-Disposition": f'attachment; filename="talks-{negotiation_id}.pdf"'}
    return Response(content, content_type="application/pdf", headers=headers)


@pages.post("/negotiations/<uuid:negotiation_id>/offers")
@needs("deal.trade")
@idempotent
def counter_offer(negotiation_id: UUID) -> Response:
    """Answer with other terms."""
    typed, actor = page_form(OfferForm), current_actor()
    talks = negotiations.find_negotiation(actor, negotiation_id)
    price = typed_price(find_listing(talks.listing_id), typed["amount"])
    offers.counter_offer(actor, negotiation_id, typed["version"] or 0, price, typed["special_terms"], database_now())
    flash(_("Your offer is on the table."), "good")
    return redirect(url_for("deals.negotiation", negotiation_id=negotiation_id), 303)


@pages.post("/negotiations/<uuid:negotiation_id>/acceptance")
@needs("deal.trade")
@idempotent
def accept_offer(negotiation_id: UUID) -> Response:
    """Accept the version on the table."""
    version = page_form(VersionIn)["version"]
    deal = offers.accept_offer(current_actor(), negotiation_id, version, database_now())
    flash(_("Agreed. The contract is ready to be signed."), "good")
    return redirect(url_for("deals.deal", deal_id=deal.id), 303)


@pages.post("/negotiations/<uuid:negotiation_id>/rejection")
@needs("deal.trade")
@idempotent
def reject_offer(negotiation_id: UUID) -> Response:
    """Reject the other side's offer."""
    choice = page_form(DecisionIn)
    offers.reject_offer(current_actor(), negotiation_id, choice["version"], choice["reason"], database_now())
    return redirect(url_for("deals.negotiation", negotiation_id=negotiation_id), 303)


@pages.post("/negotiations/<uuid:negotiation_id>/withdrawal")
@needs("deal.trade")
@idempotent
def withdraw_offer(negotiation_id: UUID) -> Response:
    """Take one's own offer back."""
    choice = page_form(DecisionIn)
    offers.withdraw_offer(current_actor(), negotiation_id, choice["version"], choice["reason"], database_now())
    return redirect(url_for("deals.negotiation", negotiation_id=negotiation_id), 303)


@pages.post("/negotiations/<uuid:negotiation_id>/messages")
@needs("deal.trade")
@idempotent
def send_message(negotiation_id: UUID) -> Response:
    """Write to the other side, with attachments."""
    text, actor, instant = page_form(MessageForm)["text"], current_actor(), now()
    sent = [file for file in request.files.getlist("files") if file.filename]
    negotiations.find_negotiation(actor, negotiation_id)
    file_ids = [store_file(actor, one.read(), one.filename or "file", "message", instant).id for one in sent]
    messages.send_message(actor, negotiation_id, text, file_ids, instant)
    return redirect(url_for("deals.negotiation", negotiation_id=negotiation_id), 303)


@listing_panels.add(order=20)
def offer_panel(actor: Actor | None, listing: Any) -> Markup | None:
    """On a listing that is not auctioned: make an offer, or buy at the listed price."""
    open_now = listing.status in (ListingStatus.PUBLISHED, ListingStatus.UNDER_OFFER)
    own = actor is not None and actor.organisation_id == listing.organisation_id
    if listing.mode is ListingMode.AUCTION or not open_now or own:
        return None
    talks = offers.open_talks_of(actor, listing.id) if actor is not None else None
    fixed = listing.mode in (ListingMode.FIXED_PRICE, ListingMode.OPEN_LICENCE) and listing.price is not None
    html = render_template(
        "deals/offer_panel.html",
        listing=listing,
        talks=talks,
        fixed=fixed,
        may_trade=actor is not None and actor.may("deal.trade"),
        currency=listing.price.currency if listing.price else "CNY",
    )
    return Markup(html)


@dashboard_provider
def offers_waiting(actor: Actor, _now: datetime) -> list[Waiting]:
    """Offers of the other side that wait for the reader's answer."""
    if actor.organisation_id is None or not actor.may("deal.trade"):
        return []
    found = []
    for talks in negotiations.negotiations_of(actor.organisation_id):
        live = talks.live_offer
        if live is not None and live.by_organisation_id != actor.organisation_id:
            url = url_for("deals.negotiation", negotiation_id=talks.id)
            found.append(Waiting(_("Answer an offer"), url, live.expires_at))
    return found


def _is_side(actor: Actor, talks: negotiations.Negotiation) -> bool:
    return actor.organisation_id in (talks.seller_id, talks.buyer_id)
