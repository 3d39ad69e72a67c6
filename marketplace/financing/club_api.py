"""The JSON API of loans that several banks lend together."""

from typing import Any
from uuid import UUID

from marketplace.core.clock import now
from marketplace.core.http import current_actor, idempotent, needs, signed_in
from marketplace.financing import club_decisions, clubs, lenders, loans
from marketplace.financing import club_schemas as s
from marketplace.financing.api_blueprint import api
from marketplace.financing.schemas import NothingIn, ReasonIn


@api.get("/term-sheets/<uuid:term_sheet_id>/places")
@signed_in
@api.output(s.PlacesOut)
def show_places(term_sheet_id: UUID) -> Any:
    """The banks of an offer with their parts, for its lead and, once it is out, for the borrower."""
    return {"items": clubs.places_in(current_actor(), term_sheet_id)}


@api.post("/term-sheets/<uuid:term_sheet_id>/places")
@signed_in
@idempotent
@api.input(s.PlaceIn, arg_name="given")
@api.output(s.PlaceOut, status_code=201)
def propose_place(term_sheet_id: UUID, given: dict[str, Any]) -> Any:
    """Propose that another bank lends a part; the borrower is asked to allow it."""
    return clubs.propose_place(current_actor(), term_sheet_id, given["bank_id"], given["part"], now())


@api.get("/club-places")
@needs("loan.underwrite")
@api.output(s.PlacesOut)
def my_places() -> Any:
    """What my bank was asked to lend together with others."""
    organisation_id = current_actor().organisation_id
    found = clubs.places_for(organisation_id) if organisation_id else []
    return {"items": [place for place, _sheet, _application in found]}


@api.get("/club-places/<uuid:place_id>")
@signed_in
@api.output(s.PlaceOut)
def show_place(place_id: UUID) -> Any:
    """One place my bank was asked to take."""
    return clubs.find_place(current_actor(), place_id)


@api.post("/club-places/<uuid:place_id>/dropping")
@signed_in
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(s.PlaceOut)
def drop_place(place_id: UUID, nothing: dict[str, Any]) -> Any:
    """Take a place back as the lead bank."""
    return clubs.drop_place(current_actor(), place_id, now())


@api.post("/club-places/<uuid:place_id>/permission")
@signed_in
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(s.PlaceOut)
def allow_place(place_id: UUID, nothing: dict[str, Any]) -> Any:
    """Allow, as the borrower, that the bank reads the application and is asked."""
    return clubs.allow_place(current_actor(), place_id, now())


@api.post("/club-places/<uuid:place_id>/prohibition")
@signed_in
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(s.PlaceOut)
def forbid_place(place_id: UUID, given: dict[str, Any]) -> Any:
    """Keep the application from this bank, as the borrower."""
    return clubs.forbid_place(current_actor(), place_id, given["reason"], now())


@api.post("/club-places/<uuid:place_id>/recommendation")
@signed_in
@idempotent
@api.input(s.NoteIn, arg_name="given")
@api.output(s.PlaceOut)
def recommend_place(place_id: UUID, given: dict[str, Any]) -> Any:
    """Recommend to join, as the asked bank's officer."""
    return clubs.recommend_place(current_actor(), place_id, given["note"], now())


@api.post("/club-places/<uuid:place_id>/joining")
@signed_in
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(s.PlaceOut)
def join_club(place_id: UUID, nothing: dict[str, Any]) -> Any:
    """Join with the part, as the asked bank's approver."""
    return clubs.join_club(current_actor(), place_id, now())


@api.post("/club-places/<uuid:place_id>/declination")
@signed_in
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(s.PlaceOut)
def decline_place(place_id: UUID, given: dict[str, Any]) -> Any:
    """Lend no part."""
    return clubs.decline_place(current_actor(), place_id, given["reason"], now())


@api.get("/loans/<uuid:loan_id>/lenders")
@signed_in
@api.output(s.LendersOut)
def show_lenders(loan_id: UUID) -> Any:
    """The banks of a loan lent together, with what each committed and is owed."""
    return {"items": lenders.shares_of(loans.loan_for_party(current_actor(), loan_id))}


@api.get("/loans/<uuid:loan_id>/answers")
@signed_in
@api.output(s.VotesOut)
def show_answers(loan_id: UUID) -> Any:
    """What the banks of the loan answered, for these banks only."""
    return {"items": club_decisions.answers_seen_by(current_actor(), loan_id)}


@api.post("/loans/<uuid:loan_id>/answers")
@signed_in
@idempotent
@api.input(s.AnswerIn, arg_name="given")
@api.output(s.VoteOut, status_code=201)
def answer_club(loan_id: UUID, given: dict[str, Any]) -> Any:
    """Agree or disagree with what the agent is about to do."""
    return club_decisions.answer_club(current_actor(), loan_id, club_decisions.Answer(**given), now())
