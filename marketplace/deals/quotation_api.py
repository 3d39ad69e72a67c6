"""The JSON API of requests for quotation and negotiated tenders."""

from typing import Any
from uuid import UUID

from marketplace.core.clock import database_now
from marketplace.core.http import current_actor, idempotent, needs, signed_in
from marketplace.deals import quotations, quoting
from marketplace.deals.blueprints import api
from marketplace.deals.quotation_schemas import (
    ChoiceIn,
    FinalRoundIn,
    QuoteIn,
    RequestIn,
    RequestListOut,
    RequestOut,
    TenderIn,
)
from marketplace.deals.schemas import DealOut, ReasonIn


def _view(request: quotations.QuotationRequest) -> dict[str, Any]:
    fields = ("id", "asker_id", "is_tender", "question", "status", "asked_at", "ends_at", "end_reason", "deal_id")
    seats = quotations.seats_seen_by(current_actor(), request)
    return {name: getattr(request, name) for name in fields} | {"seats": seats}


@api.post("/quotations")
@needs("deal.trade")
@idempotent
@api.input(RequestIn, arg_name="asked")
@api.output(RequestOut, status_code=201)
def ask_for_quotes(asked: dict[str, Any]) -> Any:
    """Ask the holders of several listings for a quote; none sees the others."""
    given = (asked["listing_ids"], asked["question"], asked["ends_at"])
    return _view(quoting.ask_for_quotes(current_actor(), *given, database_now()))


@api.post("/listings/<uuid:listing_id>/tender")
@needs("deal.trade")
@idempotent
@api.input(TenderIn, arg_name="asked")
@api.output(RequestOut, status_code=201)
def invite_to_tender(listing_id: UUID, asked: dict[str, Any]) -> Any:
    """Invite buyers to quote for an own listing: a negotiated tender."""
    given = (asked["numbers"], asked["question"], asked["ends_at"])
    return _view(quoting.invite_to_tender(current_actor(), listing_id, *given, database_now()))


@api.get("/quotations")
@signed_in
@api.output(RequestListOut)
def list_requests() -> Any:
    """What my organisation asked and was asked."""
    return {"items": [_view(one) for one in quotations.requests_of(current_actor().organisation_id)]}


@api.get("/quotations/<uuid:request_id>")
@signed_in
@api.output(RequestOut)
def show_request(request_id: UUID) -> Any:
    """One request: the asker sees every quote, others their own."""
    return _view(quotations.find_request(current_actor(), request_id))


@api.post("/quotations/<uuid:request_id>/quotes/<uuid:listing_id>")
@needs("deal.trade")
@idempotent
@api.input(QuoteIn, arg_name="quote")
@api.output(RequestOut, status_code=201)
def quote_price(request_id: UUID, listing_id: UUID, quote: dict[str, Any]) -> Any:
    """Answer with a price, or improve the quote."""
    actor = current_actor()
    quoting.quote_price(actor, request_id, listing_id, quote["price"], quote["special_terms"], database_now())
    return _view(quotations.find_request(actor, request_id))


@api.post("/quotations/<uuid:request_id>/quotes/<uuid:listing_id>/withdrawal")
@needs("deal.trade")
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(RequestOut)
def decline_to_quote(request_id: UUID, listing_id: UUID, given: dict[str, Any]) -> Any:
    """Decline, or take the quote back, with the reason."""
    actor = current_actor()
    quoting.decline_to_quote(actor, request_id, listing_id, given["reason"], database_now())
    return _view(quotations.find_request(actor, request_id))


@api.post("/quotations/<uuid:request_id>/final-round")
@needs("deal.trade")
@idempotent
@api.input(FinalRoundIn, arg_name="given")
@api.output(RequestOut)
def call_final_round(request_id: UUID, given: dict[str, Any]) -> Any:
    """Ask for best and final quotes."""
    return _view(quoting.call_final_round(current_actor(), request_id, given["ends_at"], database_now()))


@api.post("/quotations/<uuid:request_id>/choice")
@needs("deal.trade")
@idempotent
@api.input(ChoiceIn, arg_name="choice")
@api.output(DealOut, status_code=201)
def choose_quote(request_id: UUID, choice: dict[str, Any]) -> Any:
    """Pick one quote and say why; the deal opens at once."""
    picked = (choice["listing_id"], choice["version"], choice["reason"])
    return quoting.choose_quote(current_actor(), request_id, *picked, database_now(), choice["buyer_id"])


@api.post("/quotations/<uuid:request_id>/cancellation")
@needs("deal.trade")
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(RequestOut)
def cancel_request(request_id: UUID, given: dict[str, Any]) -> Any:
    """Give the request up."""
    return _view(quoting.cancel_request(current_actor(), request_id, given["reason"], database_now()))
