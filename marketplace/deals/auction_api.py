"""The JSON API of auctions."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint

from marketplace.core.clock import now
from marketplace.core.http import (
    CursorIn,
    answer_kept,
    current_actor,
    current_claim,
    idempotent,
    idempotent_unread,
    idempotent_within,
    needs,
    public,
    signed_in,
)
from marketplace.deals import (
    auction_changes,
    auction_closing,
    auction_events,
    auction_jobs,
    auctions,
    bidders,
    bidding,
    envelopes,
    falling_prices,
    opening_ceremony,
    second_chances,
)
from marketplace.deals.auction_schemas import (
    AuctionOut,
    AuctionPageOut,
    BidderOut,
    BidIn,
    BidOut,
    EnvelopeOut,
    LineOut,
    LogOut,
    NothingIn,
    RegistrationIn,
    ShareIn,
    StageIn,
)

api = APIBlueprint("auctions_api", __name__, url_prefix="/api/v1", tag="auctions")
JOBS = auction_jobs


@api.get("/auctions")
@public
@api.input(CursorIn, location="query", arg_name="page")
@api.output(AuctionPageOut)
def list_auctions(page: dict[str, Any]) -> dict[str, Any]:
    """Lots that take bids or soon will."""
    return auctions.open_auctions(page["after"], page["limit"])


@api.get("/auctions/<uuid:auction_id>")
@public
@api.output(AuctionOut)
def show_auction(auction_id: UUID) -> Any:
    """One lot: its rules, where it stands, and the smallest next bid."""
    return auctions.find_auction(auction_id)


@api.get("/auctions/<uuid:auction_id>/log")
@public
@api.output(LogOut)
def show_log(auction_id: UUID) -> dict[str, Any]:
    """The hash-chained log with bidder codes: anybody recomputes winner and price from it."""
    return auction_events.published_log(auction_id)


@api.post("/auctions/<uuid:auction_id>/registration")
@needs("deal.trade")
@idempotent
@api.input(RegistrationIn, arg_name="wish")
@api.output(BidderOut, status_code=201)
def register(auction_id: UUID, wish: dict[str, Any]) -> Any:
    """Register to bid: the deposit is held, or asked for."""
    return bidders.register_bidder(current_actor(), auction_id, wish["method"], now())


@api.post("/auctions/<uuid:auction_id>/bids")
@needs("deal.trade")
@idempotent_within
@api.input(BidIn, arg_name="bid")
@api.output(BidOut, status_code=201)
def place_bid(auction_id: UUID, bid: dict[str, Any]) -> Any:
    """Bid on an open lot."""
    return answer_kept(bidding.place_bid_once(current_actor(), auction_id, bid["amount"], current_claim()))


@api.post("/auctions/<uuid:auction_id>/purchase")
@needs("deal.trade")
@idempotent
@api.input(BidIn, arg_name="bid")
@api.output(BidOut, status_code=201)
def buy_now(auction_id: UUID, bid: dict[str, Any]) -> Any:
    """Buy outright at the announced price while nobody has bid."""
    return bidding.buy_now(current_actor(), auction_id, bid["amount"], now())


@api.post("/auctions/<uuid:auction_id>/default")
@needs("platform.operate")
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(AuctionOut)
def declare_default(auction_id: UUID, nothing: dict[str, Any]) -> Any:
    """The buyer did not pay: forfeit the deposit and offer the lot to the next bidder."""
    return second_chances.declare_default(current_actor(), auction_id, now())


@api.post("/auctions/<uuid:auction_id>/deal")
@needs("platform.operate")
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(AuctionOut)
def open_held_up_deal(auction_id: UUID, nothing: dict[str, Any]) -> Any:
    """Try again to open the deal of a sold lot."""
    return auction_closing.open_held_up_deal(current_actor(), auction_id, now())


@api.post("/auctions/<uuid:auction_id>/second-chance")
@needs("deal.trade")
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(AuctionOut)
def accept_second_chance(auction_id: UUID, nothing: dict[str, Any]) -> Any:
    """Buy at one's own highest bid after the buyer's default."""
    return second_chances.accept_second_chance(current_actor(), auction_id, now())


@api.post("/auctions/<uuid:auction_id>/maximum")
@needs("deal.trade")
@idempotent_unread
@api.input(BidIn, arg_name="bid")
@api.output(BidOut, status_code=201)
def set_maximum(auction_id: UUID, bid: dict[str, Any]) -> Any:
    """Leave a secret maximum: the marketplace bids one step over the others, never above it."""
    return bidding.set_maximum(current_actor(), auction_id, bid["amount"], now())


@api.post("/auctions/<uuid:auction_id>/confirmation")
@needs("deal.trade")
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(LineOut, status_code=201)
def confirm_bid(auction_id: UUID, nothing: dict[str, Any]) -> Any:
    """Let one's bid count again under the changed terms."""
    return auction_changes.confirm_bid(current_actor(), auction_id, now())


@api.post("/auctions/<uuid:auction_id>/envelope")
@needs("deal.trade")
@idempotent_unread
@api.input(BidIn, arg_name="bid")
@api.output(EnvelopeOut, status_code=201)
def lodge_envelope(auction_id: UUID, bid: dict[str, Any]) -> Any:
    """Lodge a sealed bid, or replace one's own; nobody can read it before the opening."""
    return envelopes.lodge_envelope(current_actor(), auction_id, bid["amount"], now())


@api.post("/auctions/<uuid:auction_id>/envelope/withdrawal")
@needs("deal.trade")
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(LineOut)
def withdraw_envelope(auction_id: UUID, nothing: dict[str, Any]) -> Any:
    """Take one's sealed bid back before the close."""
    return envelopes.withdraw_envelope(current_actor(), auction_id, now())


@api.post("/auctions/<uuid:auction_id>/opening")
@signed_in
@idempotent
@api.input(ShareIn, arg_name="given")
@api.output(AuctionOut)
def open_envelopes(auction_id: UUID, given: dict[str, Any]) -> Any:
    """An opening officer gives a share of the lot's key; the second one opens the envelopes."""
    return opening_ceremony.open_envelopes(current_actor(), auction_id, given["private_key"], now())


@api.post("/auctions/<uuid:auction_id>/acceptance")
@needs("deal.trade")
@idempotent
@api.input(StageIn, arg_name="given")
@api.output(LineOut, status_code=201)
def accept_price(auction_id: UUID, given: dict[str, Any]) -> Any:
    """Accept the falling price of the running stage."""
    return falling_prices.accept_price(current_actor(), auction_id, given["stage"], now())


@api.post("/auctions/<uuid:auction_id>/last-word")
@needs("deal.trade")
@idempotent
@api.input(BidIn, arg_name="bid")
@api.output(LineOut, status_code=201)
def answer_envelopes(auction_id: UUID, bid: dict[str, Any]) -> Any:
    """Exceed the best envelope, as the one who accepted the falling price."""
    return falling_prices.answer_envelopes(current_actor(), auction_id, bid["amount"], now())
