"""The JSON API of listings and search."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import Response

from marketplace.core.clock import now
from marketplace.core.http import current_actor, idempotent, needs, optional_actor, public, signed_in
from marketplace.listings import course, exports, listings, saved_searches, schemas, watchlists
from marketplace.listings.cards import search_answer
from marketplace.listings.request_state import search_request
from marketplace.listings.search import search_assets

api = APIBlueprint("listings_api", __name__, url_prefix="/api/v1", tag="listings")


@api.get("/search")
@public
@api.output(schemas.SearchOut)
def search() -> dict[str, Any]:
    """Search assets by the query language, with filters (`kind=invention`, `kind=-design`), facets and a cursor."""
    wanted = search_request()
    return search_answer(search_assets(actor=optional_actor(), **wanted.arguments()))


@api.get("/search/export.<string:form>")
@public
def export_search(form: str) -> Response:
    """The results as a file: csv, xlsx or json, at most 50,000 rows."""
    return exports.exported(form, optional_actor(), search_request(), now())


@api.get("/listings/<uuid:listing_id>")
@public
@api.output(schemas.ListingOut)
def show_listing(listing_id: UUID) -> listings.Listing:
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
def draft_listing(given: dict[str, Any]) -> listings.Listing:
    """Begin to offer an own asset."""
    return listings.draft_listing(current_actor(), given.pop("asset_id"), given, now())


@api.patch("/listings/<uuid:listing_id>")
@signed_in
@api.input(schemas.TermsIn(partial=True), arg_name="changes")
@api.output(schemas.ListingOut)
def change_listing(listing_id: UUID, changes: dict[str, Any]) -> listings.Listing:
    """Change the terms; a published listing gets a new version."""
    return listings.change_listing(current_actor(), listing_id, changes, now())


@api.put("/listings/<uuid:listing_id>/due-diligence")
@signed_in
@api.input(schemas.DueDiligenceIn, arg_name="given")
@api.output(schemas.ListingOut)
def answer_due_diligence(listing_id: UUID, given: dict[str, Any]) -> listings.Listing:
    """Answer the five due-diligence questions, or mark them not available."""
    return listings.answer_due_diligence(current_actor(), listing_id, given, now())


@api.post("/listings/<uuid:listing_id>/publication")
@signed_in
@idempotent
@api.output(schemas.ListingOut)
def publish_listing(listing_id: UUID) -> listings.Listing:
    """Show the listing to everybody, after the title check."""
    return listings.publish_listing(current_actor(), listing_id, now())


@api.post("/listings/<uuid:listing_id>/pause")
@signed_in
@idempotent
@api.output(schemas.ListingOut)
def pause_listing(listing_id: UUID) -> listings.Listing:
    """Hide the listing for a while."""
    return course.pause_listing(current_actor(), listing_id, now())


@api.post("/listings/<uuid:listing_id>/withdrawal")
@signed_in
@idempotent
@api.output(schemas.ListingOut)
def withdraw_listing(listing_id: UUID) -> listings.Listing:
    """Take the listing back for good."""
    return course.withdraw_listing(current_actor(), listing_id, now())


@api.post("/listings/<uuid:listing_id>/suspension")
@needs("platform.operate")
@idempotent
@api.input(schemas.ReasonIn, arg_name="given")
@api.output(schemas.ListingOut)
def suspend_listing(listing_id: UUID, given: dict[str, Any]) -> listings.Listing:
    """The operator takes a listing off the market."""
    return course.suspend_listing(current_actor(), listing_id, given["reason"], now())


@api.get("/listings/<uuid:listing_id>/versions")
@public
@api.output(schemas.VersionsOut)
def show_versions(listing_id: UUID) -> dict[str, Any]:
    """The published versions with what changed."""
    return {"items": listings.visible_versions(optional_actor(), listing_id)}


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
def save_search(given: dict[str, Any]) -> saved_searches.SavedSearch:
    """Be told of assets that newly match, each once."""
    return saved_searches.save_search(current_actor(), now=now(), **given)


@api.delete("/saved-searches/<uuid:saved_search_id>")
@signed_in
@api.output({}, status_code=204)
def delete_saved_search(saved_search_id: UUID) -> str:
    """Stop a saved search."""
    saved_searches.delete_saved_search(current_actor(), saved_search_id, now())
    return ""
