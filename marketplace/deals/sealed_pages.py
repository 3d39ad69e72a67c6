"""Pages of sealed bids and falling prices: the envelope, the acceptance, the last word, the opening ceremony."""

from uuid import UUID

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from marketplace.core.clock import now
from marketplace.core.formats import show_money
from marketplace.core.http import current_actor, idempotent, idempotent_unread, needs, page_form, signed_in
from marketplace.core.i18n import _
from marketplace.deals import envelopes, falling_prices, opening, opening_ceremony
from marketplace.deals.auction_blueprint import pages
from marketplace.deals.auction_schemas import BidForm, NothingIn, ShareIn, StageForm
from marketplace.registry.assets import find_asset


def _to_lot(auction_id: UUID) -> Response:
    return redirect(url_for("auctions.show_auction", auction_id=auction_id), 303)


@pages.post("/auctions/<uuid:auction_id>/envelope")
@needs("deal.trade")
@idempotent_unread
def lodge_envelope(auction_id: UUID) -> Response:
    """Lodge a sealed bid."""
    lodged = envelopes.lodge_typed_envelope(current_actor(), auction_id, page_form(BidForm)["amount"], now())
    flash(_("Your sealed bid is lodged. Its commitment begins with %(begin)s.", begin=lodged.commitment[:12]), "good")
    return _to_lot(auction_id)


@pages.post("/auctions/<uuid:auction_id>/envelope/withdrawal")
@needs("deal.trade")
@idempotent
def withdraw_envelope(auction_id: UUID) -> Response:
    """Take the sealed bid back."""
    page_form(NothingIn)
    envelopes.withdraw_envelope(current_actor(), auction_id, now())
    flash(_("Your sealed bid is withdrawn."), "good")
    return _to_lot(auction_id)


@pages.post("/auctions/<uuid:auction_id>/acceptance")
@needs("deal.trade")
@idempotent
def accept_price(auction_id: UUID) -> Response:
    """Accept the price shown."""
    event = falling_prices.accept_price(current_actor(), auction_id, page_form(StageForm)["stage"], now())
    price = "" if event.amount is None else show_money(event.amount)
    flash(_("You accepted the price of %(amount)s.", amount=price), "good")
    return _to_lot(auction_id)


@pages.post("/auctions/<uuid:auction_id>/last-word")
@needs("deal.trade")
@idempotent
def answer_envelopes(auction_id: UUID) -> Response:
    """Exceed the best envelope."""
    falling_prices.answer_typed(current_actor(), auction_id, page_form(BidForm)["amount"], now())
    return _to_lot(auction_id)


@pages.get("/auctions/openings")
@signed_in
def openings() -> str:
    """For opening officers: closed lots whose envelopes wait, and one's own key."""
    actor = current_actor()
    lots = opening_ceremony.lots_to_open(actor)
    return render_template(
        "deals/openings.html",
        lots=lots,
        titles={lot.id: find_asset(lot.asset_id).titles for lot in lots},
        shares={lot.id: opening.shares_of(lot.id) for lot in lots},
        mine={lot.id: opening.share_of(actor, lot.id) for lot in lots},
        officer=opening.officer_of(actor),
        private_key=None,
    )


@pages.post("/auctions/openings/key")
@signed_in
def name_officer() -> str:
    """Take on openings: the private key is shown this once and is kept nowhere, so the answer is not remembered."""
    page_form(NothingIn)
    officer, private_key = opening.name_officer(current_actor(), now())
    return render_template(
        "deals/openings.html", lots=[], titles={}, shares={}, mine={}, officer=officer, private_key=private_key
    )


@pages.post("/auctions/<uuid:auction_id>/opening")
@signed_in
@idempotent
def open_envelopes(auction_id: UUID) -> Response:
    """Give one's share of the lot's key."""
    opening_ceremony.open_envelopes(current_actor(), auction_id, page_form(ShareIn)["private_key"], now())
    flash(_("Your share is given."), "good")
    return redirect(url_for("auctions.openings"), 303)
