"""The JSON API of negotiations and deals."""

from typing import Any
from uuid import UUID

from marketplace.core.clock import database_now, now
from marketplace.core.http import current_actor, idempotent, needs, signed_in
from marketplace.deals import (
    closing,
    cross_licence_api,
    enforcement_api,
    jobs,
    messages,
    negotiations,
    offers,
    overview,
    portfolio_api,
    quotation_api,
    recordal,
    royalty_api,
    settlement,
)
from marketplace.deals.blueprints import api
from marketplace.deals.schemas import (
    ClosingStepOut,
    CounterIn,
    DealListOut,
    DealOut,
    DealViewOut,
    DecisionIn,
    FilingIn,
    MessageIn,
    MessageOut,
    NegotiationListOut,
    NegotiationOut,
    NothingIn,
    OfferIn,
    PayoffIn,
    ProofIn,
    ReasonIn,
    RefusalIn,
    StepIn,
    VersionIn,
)

JOBS = (jobs, cross_licence_api, enforcement_api, portfolio_api, quotation_api, royalty_api)


@api.post("/listings/<uuid:listing_id>/offers")
@needs("deal.trade")
@idempotent
@api.input(OfferIn, arg_name="offer")
@api.output(NegotiationOut, status_code=201)
def make_offer(listing_id: UUID, offer: dict[str, Any]) -> Any:
    """Open talks about a listing with a first offer."""
    return offers.make_offer(
        current_actor(), listing_id, offer["price"], offer["special_terms"], database_now(), offer["expires_at"]
    )


@api.post("/listings/<uuid:listing_id>/purchases")
@needs("deal.trade")
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(DealOut, status_code=201)
def buy_at_listed_price(listing_id: UUID, nothing: dict[str, Any]) -> Any:
    """Take a listing at its published price."""
    return offers.buy_at_listed_price(current_actor(), listing_id, database_now())


@api.get("/negotiations")
@signed_in
@api.output(NegotiationListOut)
def list_negotiations() -> Any:
    """My organisation's talks on either side."""
    return {"items": negotiations.negotiations_of(current_actor().organisation_id)}


@api.get("/negotiations/<uuid:negotiation_id>")
@signed_in
@api.output(NegotiationOut)
def show_negotiation(negotiation_id: UUID) -> Any:
    """The talks with every version of the offers."""
    return negotiations.find_negotiation(current_actor(), negotiation_id)


@api.post("/negotiations/<uuid:negotiation_id>/offers")
@needs("deal.trade")
@idempotent
@api.input(CounterIn, arg_name="offer")
@api.output(NegotiationOut, status_code=201)
def counter_offer(negotiation_id: UUID, offer: dict[str, Any]) -> Any:
    """Answer the version on the table with other terms."""
    return offers.counter_offer(
        current_actor(),
        negotiation_id,
        offer["version"],
        offer["price"],
        offer["special_terms"],
        database_now(),
        offer["expires_at"],
    )


@api.post("/negotiations/<uuid:negotiation_id>/acceptance")
@needs("deal.trade")
@idempotent
@api.input(VersionIn, arg_name="choice")
@api.output(DealOut, status_code=201)
def accept_offer(negotiation_id: UUID, choice: dict[str, Any]) -> Any:
    """Accept the version on the table: a deal is opened."""
    return offers.accept_offer(current_actor(), negotiation_id, choice["version"], database_now())


@api.post("/negotiations/<uuid:negotiation_id>/rejection")
@needs("deal.trade")
@idempotent
@api.input(DecisionIn, arg_name="choice")
@api.output(NegotiationOut)
def reject_offer(negotiation_id: UUID, choice: dict[str, Any]) -> Any:
    """Reject the other side's offer."""
    return offers.reject_offer(current_actor(), negotiation_id, choice["version"], choice["reason"], database_now())


@api.post("/negotiations/<uuid:negotiation_id>/withdrawal")
@needs("deal.trade")
@idempotent
@api.input(DecisionIn, arg_name="choice")
@api.output(NegotiationOut)
def withdraw_offer(negotiation_id: UUID, choice: dict[str, Any]) -> Any:
    """Take one's own offer back."""
    return offers.withdraw_offer(current_actor(), negotiation_id, choice["version"], choice["reason"], database_now())


@api.post("/negotiations/<uuid:negotiation_id>/messages")
@needs("deal.trade")
@idempotent
@api.input(MessageIn, arg_name="message")
@api.output(MessageOut, status_code=201)
def send_message(negotiation_id: UUID, message: dict[str, Any]) -> Any:
    """Write to the other side."""
    return messages.send_message(current_actor(), negotiation_id, message["text"], message["file_ids"], now())


@api.get("/deals")
@signed_in
@api.output(DealListOut)
def list_deals() -> Any:
    """My organisation's deals; the operator sees all that are under way."""
    return {"items": overview.board(current_actor())}


@api.get("/deals/<uuid:deal_id>")
@signed_in
@api.output(DealViewOut)
def show_deal(deal_id: UUID) -> Any:
    """A deal with checklist, payments, held money and planned release."""
    return overview.deal_view(current_actor(), deal_id)


@api.post("/deals/<uuid:deal_id>/steps/<uuid:step_id>/completion")
@signed_in
@idempotent
@api.input(StepIn, arg_name="step")
@api.output(ClosingStepOut)
def complete_step(deal_id: UUID, step_id: UUID, step: dict[str, Any]) -> Any:
    """Say that a step is done, with its document."""
    return closing.complete_step(current_actor(), deal_id, step_id, step["file_id"], step["note"], now())


@api.post("/deals/<uuid:deal_id>/payoffs")
@signed_in
@idempotent
@api.input(PayoffIn, arg_name="payoff")
@api.output(PayoffIn, status_code=201)
def state_payoff(deal_id: UUID, payoff: dict[str, Any]) -> Any:
    """A pledgee states what it is owed and gets first."""
    return closing.state_payoff(
        current_actor(), deal_id, payoff["encumbrance_id"], payoff["outstanding"], payoff["reference"], now()
    )


@api.post("/deals/<uuid:deal_id>/filing")
@signed_in
@idempotent
@api.input(FilingIn, arg_name="filing")
@api.output(DealOut)
def file_recordal(deal_id: UUID, filing: dict[str, Any]) -> Any:
    """The parties applied to the office."""
    return recordal.file_recordal(
        current_actor(), deal_id, filing["number"], filing["filed_on"], filing["file_id"], now()
    )


@api.post("/deals/<uuid:deal_id>/proof")
@signed_in
@idempotent
@api.input(ProofIn, arg_name="proof")
@api.output(DealOut)
def upload_recordal_proof(deal_id: UUID, proof: dict[str, Any]) -> Any:
    """The office's document was uploaded."""
    return recordal.upload_recordal_proof(current_actor(), deal_id, proof["file_id"], now())


@api.post("/deals/<uuid:deal_id>/confirmation")
@needs("platform.operate")
@idempotent
@api.output(DealOut)
def confirm_recordal(deal_id: UUID) -> Any:
    """The operator checked the proof."""
    return recordal.confirm_recordal(current_actor(), deal_id, now())


@api.post("/deals/<uuid:deal_id>/recordal-refusal")
@needs("platform.operate")
@idempotent
@api.input(RefusalIn, arg_name="refusal")
@api.output(DealOut)
def report_recordal_refused(deal_id: UUID, refusal: dict[str, Any]) -> Any:
    """The office refused: everything paid will go back."""
    return recordal.report_recordal_refused(current_actor(), deal_id, refusal["reason"], refusal["file_id"], now())


@api.post("/deals/<uuid:deal_id>/release-proposal")
@needs("money.confirm")
@idempotent
@api.output(DealOut)
def propose_release(deal_id: UUID) -> Any:
    """One person asks for the release."""
    return settlement.propose_release(current_actor(), deal_id, now())


@api.post("/deals/<uuid:deal_id>/release")
@needs("money.approve")
@idempotent
@api.output(DealOut)
def approve_release(deal_id: UUID) -> Any:
    """A second person releases the money; the register changes with it."""
    return settlement.approve_release(current_actor(), deal_id, now())


@api.post("/deals/<uuid:deal_id>/end")
@signed_in
@idempotent
@api.input(ReasonIn, arg_name="end")
@api.output(DealOut)
def end_deal(deal_id: UUID, end: dict[str, Any]) -> Any:
    """Leave a deal that is being signed; later the operator ends it and everything goes back."""
    return recordal.end_deal(current_actor(), deal_id, end["reason"], now())


@api.post("/deals/<uuid:deal_id>/refund")
@needs("money.approve")
@idempotent
@api.output(DealOut)
def approve_refund(deal_id: UUID) -> Any:
    """A second person sends everything back."""
    return recordal.approve_refund(current_actor(), deal_id, now())
