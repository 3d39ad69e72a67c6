"""The pages of requests for quotation and tenders: ask or invite many, quote, call the final round, pick one."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from marketplace.core.actor import Actor
from marketplace.core.clock import database_now
from marketplace.core.http import Waiting, current_actor, dashboard_provider, idempotent, needs, page_form, signed_in
from marketplace.core.i18n import _
from marketplace.deals import quotations, quoting
from marketplace.deals.blueprints import pages
from marketplace.deals.quotation_schemas import ChoiceIn, FinalRoundForm, QuoteForm, RequestForm, TenderForm
from marketplace.deals.schemas import ReasonIn
from marketplace.deals.step_words import REQUEST_KINDS, REQUEST_NAMES, SEAT_NAMES
from marketplace.deals.terms import typed_price
from marketplace.identity.organisations import names_of
from marketplace.listings.listings import ListingStatus, find_listing, own_listing
from marketplace.listings.panels import listing_panels
from marketplace.listings.terms import ListingMode
from marketplace.registry.assets import find_asset

BEIJING = ZoneInfo("Asia/Shanghai")
IDENTIFIER = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


@pages.get("/quotations")
@signed_in
def quotation_requests() -> str:
    """What my organisation asked and was asked."""
    actor = current_actor()
    return render_template(
        "deals/quotations.html",
        requests=quotations.requests_of(actor.organisation_id),
        mine=actor.organisation_id,
        status_names=REQUEST_NAMES,
        status_kinds=REQUEST_KINDS,
    )


@pages.get("/quotations/new")
@needs("deal.trade")
def new_quotation_request() -> str:
    """The form that asks."""
    return render_template("deals/quotation_new.html", chosen="\n".join(request.args.getlist("listing")))


@pages.post("/quotations")
@needs("deal.trade")
@idempotent
def ask_for_quotes() -> Response:
    """Ask the holders."""
    typed = page_form(RequestForm)
    listing_ids = [UUID(text) for text in IDENTIFIER.findall(typed["listings"].lower())]
    asked = quoting.ask_for_quotes(
        current_actor(), listing_ids, typed["question"], _from_beijing(typed["ends_at"]), database_now()
    )
    flash(_("The holders are asked. Each sees only its own quote."), "good")
    return _to(asked.id)


@pages.get("/listings/<uuid:listing_id>/tender")
@needs("deal.trade")
def new_tender(listing_id: UUID) -> str:
    """The form that invites buyers."""
    listing = own_listing(current_actor(), listing_id)
    return render_template("deals/tender_new.html", listing=listing, asset=find_asset(listing.asset_id))


@pages.post("/listings/<uuid:listing_id>/tender")
@needs("deal.trade")
@idempotent
def invite_to_tender(listing_id: UUID) -> Response:
    """Invite buyers to quote for an own listing."""
    typed = page_form(TenderForm)
    given = (typed["numbers"].split(), typed["question"], _from_beijing(typed["ends_at"]))
    asked = quoting.invite_to_tender(current_actor(), listing_id, *given, database_now())
    flash(_("The buyers are invited. Each sees only its own quote."), "good")
    return _to(asked.id)


@listing_panels.add(order=21)
def tender_panel(actor: Actor | None, listing: Any) -> Markup | None:
    """On one's own published listing: invite buyers to quote."""
    own = actor is not None and actor.organisation_id == listing.organisation_id and actor.may("deal.trade")
    open_now = listing.status in (ListingStatus.PUBLISHED, ListingStatus.UNDER_OFFER)
    if not own or not open_now or listing.mode is ListingMode.AUCTION:
        return None
    return Markup(render_template("deals/tender_panel.html", listing=listing))


def _from_beijing(typed: datetime) -> datetime:
    return typed.replace(tzinfo=BEIJING).astimezone(UTC)


def _to(request_id: UUID) -> Response:
    return redirect(url_for("deals.quotation_request", request_id=request_id), 303)


@pages.get("/quotations/<uuid:request_id>")
@signed_in
def quotation_request(request_id: UUID) -> str:
    """One request: every quote for the buyer, one's own for a holder, and the next act."""
    actor, instant = current_actor(), database_now()
    asked = quotations.find_request(actor, request_id)
    seats = quotations.seats_seen_by(actor, asked)
    return render_template(
        "deals/quotation.html",
        asked=asked,
        seats=sorted(seats, key=lambda seat: seat.live_quote.price.amount_minor if seat.live_quote else 2**63),
        assets={seat.listing_id: find_asset(seat.asset_id) for seat in asked.seats},
        names=names_of([asked.asker_id, *(asked.asked_in(seat) for seat in seats)]),
        asks=actor.organisation_id == asked.asker_id,
        takes_quotes=asked.takes_quotes(instant),
        undecided=asked.status in quotations.UNDECIDED,
        status_names=REQUEST_NAMES,
        status_kinds=REQUEST_KINDS,
        seat_names=SEAT_NAMES,
    )


@pages.post("/quotations/<uuid:request_id>/quotes/<uuid:listing_id>")
@needs("deal.trade")
@idempotent
def quote_price(request_id: UUID, listing_id: UUID) -> Response:
    """Quote."""
    typed = page_form(QuoteForm)
    price = typed_price(find_listing(listing_id), typed["amount"])
    quoting.quote_price(current_actor(), request_id, listing_id, price, typed["special_terms"], database_now())
    flash(_("Your quote has been sent. Others who were asked do not see it."), "good")
    return _to(request_id)


@pages.post("/quotations/<uuid:request_id>/quotes/<uuid:listing_id>/withdrawal")
@needs("deal.trade")
@idempotent
def decline_to_quote(request_id: UUID, listing_id: UUID) -> Response:
    """Decline, or take the quote back."""
    reason = page_form(ReasonIn)["reason"]
    quoting.decline_to_quote(current_actor(), request_id, listing_id, reason, database_now())
    return _to(request_id)


@pages.post("/quotations/<uuid:request_id>/final-round")
@needs("deal.trade")
@idempotent
def call_final_round(request_id: UUID) -> Response:
    """Ask for best and final quotes."""
    ends_at = _from_beijing(page_form(FinalRoundForm)["ends_at"])
    quoting.call_final_round(current_actor(), request_id, ends_at, database_now())
    flash(_("Everybody with a quote may improve it once more."), "good")
    return _to(request_id)


@pages.post("/quotations/<uuid:request_id>/choice")
@needs("deal.trade")
@idempotent
def choose_quote(request_id: UUID) -> Response:
    """Pick one quote."""
    picked = page_form(ChoiceIn)
    given = (picked["listing_id"], picked["version"], picked["reason"])
    deal = quoting.choose_quote(current_actor(), request_id, *given, database_now(), picked["buyer_id"])
    flash(_("Agreed. The contract is ready to be signed."), "good")
    return redirect(url_for("deals.deal", deal_id=deal.id), 303)


@pages.post("/quotations/<uuid:request_id>/cancellation")
@needs("deal.trade")
@idempotent
def cancel_request(request_id: UUID) -> Response:
    """Give the request up."""
    quoting.cancel_request(current_actor(), request_id, page_form(ReasonIn)["reason"], database_now())
    return _to(request_id)


@dashboard_provider
def quotes_waiting(actor: Actor, instant: datetime) -> list[Waiting]:
    """Requests that wait for the reader's quote, or for its choice."""
    if actor.organisation_id is None or not actor.may("deal.trade"):
        return []
    found = []
    for asked in quotations.requests_of(actor.organisation_id):
        url = url_for("deals.quotation_request", request_id=asked.id)
        if asked.asker_id == actor.organisation_id:
            if asked.status is quotations.RequestStatus.DECIDING:
                found.append(Waiting(_("Choose among the quotes"), url, asked.ends_at))
        elif asked.takes_quotes(instant) and _unanswered(asked, actor):
            found.append(Waiting(_("Answer a request for quotation"), url, asked.ends_at))
    return found


def _unanswered(asked: quotations.QuotationRequest, actor: Actor) -> bool:
    seats = quotations.seats_seen_by(actor, asked)
    return any(seat.status is quotations.SeatStatus.INVITED for seat in seats)
