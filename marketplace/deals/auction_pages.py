"""The pages of auctions: they work without JavaScript and refresh themselves with it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import current_app, flash, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.formats import show_money
from marketplace.core.http import (
    Waiting,
    current_actor,
    dashboard_provider,
    idempotent,
    idempotent_unread,
    needs,
    optional_actor,
    page_form,
    public,
)
from marketplace.core.i18n import _
from marketplace.deals import (
    auction_changes,
    auction_events,
    auctions,
    bidders,
    bidding,
    envelopes,
    falling_prices,
    live_lots,
    portfolio_assets,
    portfolio_pages,
    sealed_pages,
    second_chances,
)
from marketplace.deals.auction_blueprint import pages
from marketplace.deals.auction_schemas import BidForm, NothingIn, RegistrationIn
from marketplace.deals.auctions import AuctionStatus
from marketplace.deals.secret_maxima import own_maximum
from marketplace.listings.panels import listing_panels
from marketplace.registry.assets import find_asset

SEALED = sealed_pages


@pages.get("/auctions")
@public
def list_auctions() -> str:
    """Lots that take bids or soon will."""
    page = auctions.open_auctions(request.args.get("after"), 50)
    titles = {lot.id: find_asset(lot.asset_id).titles for lot in page["items"]}
    return render_template("deals/auctions.html", page=page, titles=titles, now=now())


def _view(auction_id: UUID) -> dict[str, Any]:
    auction, instant, actor = auctions.find_auction(auction_id), now(), optional_actor()
    return {
        "auction": auction,
        "asset": find_asset(auction.asset_id),
        "events": [one for one in reversed(auction_events.events_of_auction(auction_id)) if one.kind != "opened"],
        "standing": bidding.standing_of(actor, auction_id, instant),
        "mine": actor.organisation_id if actor else None,
        "maximum": own_maximum(actor, auction),
        "unconfirmed": auction_changes.unconfirmed_bid(auction, actor.organisation_id if actor else None),
        "figures": live_lots.figures(auction, instant),
        "stream": f"{current_app.extensions['settings'].live_url}/stream/auctions/{auction.id}",
        "envelopes": len(envelopes.standing_envelopes(auction_id)),
        "sealed": _takes_envelopes(auction, instant),
        "best": falling_prices.best_envelope(auction) if auction.status is AuctionStatus.LAST_WORD else None,
        **portfolio_pages.shown_parts(auction),
        "open": auction.is_open(instant),
        "now": instant,
    }


def _takes_envelopes(auction: auctions.Auction, instant: datetime) -> bool:
    span = auction.rules.sealed_span
    taken = auction.format.is_sealed or auction.leader_id is not None
    return span is not None and span[0] <= instant < span[1] and taken and auction.status is AuctionStatus.OPEN


@pages.get("/auctions/<uuid:auction_id>")
@public
def show_auction(auction_id: UUID) -> str:
    """One lot: price, time left, my state, the next bid, the log, the rules in plain words."""
    return render_template("deals/auction.html", **_view(auction_id))


@pages.get("/auctions/<uuid:auction_id>/live")
@public
def live(auction_id: UUID) -> str:
    """The part of the page that changes, asked for every five seconds."""
    return render_template("deals/auction_live.html", **_view(auction_id))


@pages.post("/auctions/<uuid:auction_id>/registration")
@needs("deal.trade")
@idempotent
def register(auction_id: UUID) -> Response:
    """Register to bid."""
    method = page_form(RegistrationIn)["method"]
    bidder = bidders.register_bidder(current_actor(), auction_id, method, now())
    if bidder.collection_id and bidder.status is bidders.BidderStatus.AWAITING_DEPOSIT:
        return redirect(url_for("payments.pay", collection_id=bidder.collection_id), 303)
    flash(_("You are admitted. Your bidder code is %(code)s.", code=bidder.code), "good")
    return redirect(url_for("auctions.show_auction", auction_id=auction_id), 303)


@pages.post("/auctions/<uuid:auction_id>/bids")
@needs("deal.trade")
@idempotent
def place_bid(auction_id: UUID) -> Response:
    """Bid the amount typed."""
    bid = bidding.place_typed_bid(current_actor(), auction_id, page_form(BidForm)["amount"], now())
    if bid.leads:
        flash(_("Your bid of %(amount)s stands. You lead.", amount=show_money(bid.amount)), "good")
    else:
        flash(_("Your bid of %(amount)s was answered at once by a higher maximum.", amount=show_money(bid.amount)))
    return redirect(url_for("auctions.show_auction", auction_id=auction_id), 303)


@pages.post("/auctions/<uuid:auction_id>/purchase")
@needs("deal.trade")
@idempotent
def buy_now(auction_id: UUID) -> Response:
    """Buy outright at the price shown."""
    bid = bidding.place_typed_purchase(current_actor(), auction_id, page_form(BidForm)["amount"], now())
    flash(_("You bought this lot for %(amount)s.", amount=show_money(bid.amount)), "good")
    return redirect(url_for("auctions.show_auction", auction_id=auction_id), 303)


@pages.post("/auctions/<uuid:auction_id>/second-chance")
@needs("deal.trade")
@idempotent
def accept_second_chance(auction_id: UUID) -> Response:
    """Buy at one's own highest bid after the buyer's default."""
    page_form(NothingIn)
    second_chances.accept_second_chance(current_actor(), auction_id, now())
    return redirect(url_for("auctions.show_auction", auction_id=auction_id), 303)


@pages.post("/auctions/<uuid:auction_id>/maximum")
@needs("deal.trade")
@idempotent_unread
def set_maximum(auction_id: UUID) -> Response:
    """Leave a secret maximum."""
    bid = bidding.set_typed_maximum(current_actor(), auction_id, page_form(BidForm)["amount"], now())
    flash(_("You lead.") if bid.leads else _("Another bidder's maximum is higher than yours."), "good")
    return redirect(url_for("auctions.show_auction", auction_id=auction_id), 303)


@pages.post("/auctions/<uuid:auction_id>/confirmation")
@needs("deal.trade")
@idempotent
def confirm_bid(auction_id: UUID) -> Response:
    """Let one's bid count under the changed terms."""
    page_form(NothingIn)
    auction_changes.confirm_bid(current_actor(), auction_id, now())
    flash(_("Your bid counts again."), "good")
    return redirect(url_for("auctions.show_auction", auction_id=auction_id), 303)


@listing_panels.add(order=10)
def auction_panel(_actor: Actor | None, listing: Any) -> Markup | None:
    """On a listing that is auctioned: where its lot stands."""
    auction = portfolio_assets.lot_of_listing(listing.id)
    return None if auction is None else Markup(render_template("deals/auction_panel.html", auction=auction))


@dashboard_provider
def waiting(actor: Actor, instant: datetime) -> list[Waiting]:
    """Bids to confirm under changed terms, lots on which the reader was outbid, and second chances to answer."""
    unconfirmed = auction_changes.lots_to_confirm(actor)
    return (
        [
            Waiting(
                _("Confirm your bid under the changed terms"),
                url_for("auctions.show_auction", auction_id=lot.id),
                lot.closes_at,
            )
            for lot in unconfirmed
        ]
        + [
            Waiting(
                _("You were outbid: %(amount)s is the smallest bid now", amount=show_money(lot.minimum_acceptable)),
                url_for("auctions.show_auction", auction_id=lot.id),
                lot.closes_at,
            )
            for lot in bidding.outbid_lots(actor)
            if lot not in unconfirmed
        ]
        + [
            Waiting(
                _("A lot is offered to you at your bid"),
                url_for("auctions.show_auction", auction_id=lot.id),
                lot.chance_until,
            )
            for lot in second_chances.chances_of(actor)
        ]
    )
