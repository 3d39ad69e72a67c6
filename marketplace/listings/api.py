"""The JSON API of listings and search."""

from typing import Any
from uuid import UUID

from flask import Response

from marketplace.core.clock import database_now, now
from marketplace.core.http import current_actor, idempotent, needs, optional_actor, public, signed_in
from marketplace.documents.room_schemas import AccessOut, RoomOut
from marketplace.listings import (
    course,
    jobs,
    listing_rooms,
    listings,
    need_api,
    saved_searches,
    schemas,
    versions,
    watchlists,
)
from marketplace.listings.blueprints import api
from marketplace.listings.cards import search_answer
from marketplace.listings.likeness import similar_answer
from marketplace.listings.search_pages import exported, search_request


@api.get("/search")
@public
@api.output(schemas.SearchOut)
def search() -> dict[str, Any]:
    """Search assets by the query language, with filters (`kind=invention`, `kind=-design`), facets and a cursor."""
    return search_answer(search_request().run(optional_actor()))


@api.get("/search/export.<string:form>")
@public
def export_search(form: str) -> Response:
    """The results as a file: csv, xlsx or json, at most 50,000 rows."""
    return exported(form)


@api.get("/assets/<uuid:asset_id>/similar")
@public
@api.output(schemas.SimilarAssetsOut)
def show_similar(asset_id: UUID) -> dict[str, Any]:
    """Assets whose texts are about the same thing, each with the shared words and classes that say why."""
    return similar_answer(optional_actor(), asset_id)


@api.get("/listings/<uuid:listing_id>")
@public
@api.output(schemas.ListingOut)
def show_listing(listing_id: UUID) -> Any:
    """One listing; a draft exists for its own organisation only."""
    return listings.visible_listing(optional_actor(), listing_id)


@api.get("/listings")
@needs("asset.manage")
@api.output(schemas.ListingsOut)
def my_listings() -> dict[str, Any]:
    """Every listing of the acting organisation."""
    return {"items": listings.own_listings(current_actor())}


@api.post("/listings")
@signed_in
@idempotent
@api.input(schemas.ListingIn, arg_name="given")
@api.output(schemas.ListingOut, status_code=201)
def draft_listing(given: dict[str, Any]) -> Any:
    """Begin to offer an own asset."""
    return listings.draft_listing(current_actor(), given.pop("asset_id"), given, now())


@api.patch("/listings/<uuid:listing_id>")
@signed_in
@api.input(schemas.TermsIn(partial=True), arg_name="changes")
@api.output(schemas.ListingOut)
def change_listing(listing_id: UUID, changes: dict[str, Any]) -> Any:
    """Change the terms; a published listing gets a new version."""
    return listings.change_listing(current_actor(), listing_id, changes, now())


@api.put("/listings/<uuid:listing_id>/due-diligence")
@signed_in
@api.input(schemas.DueDiligenceIn, arg_name="given")
@api.output(schemas.ListingOut)
def answer_due_diligence(listing_id: UUID, given: dict[str, Any]) -> Any:
    """Answer the five due-diligence questions, or mark them not available."""
    return listings.answer_due_diligence(current_actor(), listing_id, given, now())


@api.post("/listings/<uuid:listing_id>/publication")
@signed_in
@idempotent
@api.output(schemas.ListingOut)
def publish_listing(listing_id: UUID) -> Any:
    """Show the listing to everybody, after the title check."""
    return listings.publish_listing(current_actor(), listing_id, now())


@api.post("/listings/<uuid:listing_id>/pause")
@signed_in
@idempotent
@api.output(schemas.ListingOut)
def pause_listing(listing_id: UUID) -> Any:
    """Hide the listing for a while."""
    return course.pause_listing(current_actor(), listing_id, now())


@api.post("/listings/<uuid:listing_id>/withdrawal")
@signed_in
@idempotent
@api.output(schemas.ListingOut)
def withdraw_listing(listing_id: UUID) -> Any:
    """Take the listing back for good."""
    return course.withdraw_listing(current_actor(), listing_id, now())


@api.post("/listings/<uuid:listing_id>/suspension")
@needs("platform.operate")
@idempotent
@api.input(schemas.ReasonIn, arg_name="given")
@api.output(schemas.ListingOut)
def suspend_listing(listing_id: UUID, given: dict[str, Any]) -> Any:
    """The operator takes a listing off the market."""
    return course.suspend_listing(current_actor(), listing_id, given["reason"], now())


@api.get("/listings/<uuid:listing_id>/versions")
@public
@api.output(schemas.VersionsOut)
def show_versions(listing_id: UUID) -> dict[str, Any]:
    """The published versions with what changed."""
    return {"items": versions.versions_of(listings.visible_listing(optional_actor(), listing_id).id)}


@api.put("/watches/<uuid:asset_id>")
@signed_in
@api.output({}, status_code=204)
def watch_asset(asset_id: UUID) -> str:
    """Watch an asset."""
    watchlists.watch_asset(current_actor(), asset_id)
    return ""


@api.delete("/watches/<uuid:asset_id>")
@signed_in
@api.output({}, status_code=204)
def unwatch_asset(asset_id: UUID) -> str:
    """Stop watching an asset."""
    watchlists.unwatch_asset(current_actor(), asset_id)
    return ""


@api.get("/saved-searches")
@signed_in
@api.output(schemas.SavedSearchesOut)
def list_saved_searches() -> dict[str, Any]:
    """One's own saved searches."""
    return {"items": saved_searches.saved_searches_of(current_actor())}


@api.post("/saved-searches")
@signed_in
@idempotent
@api.input(schemas.SavedSearchIn, arg_name="given")
@api.output(schemas.SavedSearchOut, status_code=201)
def save_search(given: dict[str, Any]) -> Any:
    """Be told of assets that newly match, each once."""
    return saved_searches.save_search(current_actor(), now=now(), **given)


@api.delete("/saved-searches/<uuid:saved_search_id>")
@signed_in
@api.output({}, status_code=204)
def delete_saved_search(saved_search_id: UUID) -> str:
    """Stop a saved search."""
    saved_searches.delete_saved_search(current_actor(), saved_search_id, now())
    return ""


__all__ = ["api", "jobs", "need_api"]


@api.post("/listings/<uuid:listing_id>/data-room")
@needs("asset.manage")
@idempotent
@api.output(RoomOut, status_code=201)
def open_data_room(listing_id: UUID) -> Any:
    """Open the data room of one's own listing."""
    return listing_rooms.open_listing_room(current_actor(), listing_id, now())


@api.post("/listings/<uuid:listing_id>/data-room/access")
@needs("deal.trade")
@idempotent
@api.output(AccessOut, status_code=201)
def ask_for_data_room(listing_id: UUID) -> Any:
    """Get the confidentiality undertaking to sign; its envelope's signature opens the room."""
    return listing_rooms.ask_to_read(current_actor(), listing_id, database_now())
