"""What a person keeps of searching: saved searches with their alerts, and the watch list."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.urls import iri_to_uri

from marketplace.core.clock import now
from marketplace.core.http import current_actor, idempotent, page_form, public, signed_in
from marketplace.core.i18n import _
from marketplace.listings import labels, saved_searches, watchlists
from marketplace.listings.blueprints import pages
from marketplace.listings.cards import cards
from marketplace.listings.schemas import SavedSearchForm


@pages.get("/watchlist")
@signed_in
def watchlist_page() -> str:
    """The assets the organisation keeps an eye on."""
    watched = watchlists.watched_assets(current_actor())
    return render_template("listings/watchlist.html", cards=cards([asset.id for asset in watched]), labels=labels)


@pages.post("/assets/<uuid:asset_id>/watch")
@signed_in
def watch_asset(asset_id: UUID) -> Any:
    """Watch an asset."""
    watchlists.watch_asset(current_actor(), asset_id)
    flash(_("The asset is on your watch list."), "good")
    return redirect(url_for("listings.watchlist_page"), code=303)


@pages.post("/assets/<uuid:asset_id>/unwatch")
@signed_in
def unwatch_asset(asset_id: UUID) -> Any:
    """Stop watching an asset."""
    watchlists.unwatch_asset(current_actor(), asset_id)
    return redirect(url_for("listings.watchlist_page"), code=303)


@pages.get("/saved-searches")
@signed_in
def saved_searches_page() -> str:
    """One's own saved searches."""
    saved = saved_searches.saved_searches_of(current_actor())
    return render_template("listings/saved_searches.html", saved=saved, labels=labels, address=saved_address)


def saved_address(saved: saved_searches.SavedSearch) -> str:
    """The results page of a saved search."""
    filters: MultiDict[str, str] = MultiDict(saved.filters)
    return iri_to_uri(
        f"{url_for('listings.search_page')}?{urlencode([('q', saved.query), *filters.items(multi=True)])}"
    )


@pages.post("/saved-searches")
@signed_in
@idempotent
def save_search() -> Any:
    """Keep the search and be told of new matches."""
    given = page_form(SavedSearchForm)
    filters: dict[str, list[str]] = {}
    for pair in given["filter"]:
        name, _sign, value = pair.partition("=")
        filters.setdefault(name, []).append(value)
    saved_searches.save_search(current_actor(), given["name"], given["query"], filters, given["cadence"], now())
    flash(_("The search is saved. You will be told of each new match once."), "good")
    return redirect(url_for("listings.saved_searches_page"), code=303)


@pages.get("/saved-searches/<uuid:saved_search_id>")
@signed_in
def saved_search_page(saved_search_id: UUID) -> str:
    """What a saved search found last."""
    found = saved_searches.newest_matches(current_actor(), saved_search_id)
    return render_template("listings/saved_search.html", cards=cards(found), labels=labels)


@pages.post("/saved-searches/<uuid:saved_search_id>/delete")
@signed_in
def delete_saved_search(saved_search_id: UUID) -> Any:
    """Stop a saved search."""
    saved_searches.delete_saved_search(current_actor(), saved_search_id, now())
    return redirect(url_for("listings.saved_searches_page"), code=303)


@pages.get("/unsubscribe/<string:token>")
@public
def unsubscribe_page(token: str) -> str:
    """Ask before a saved search is stopped, so that a mail scanner does not stop it."""
    return render_template("listings/unsubscribe.html", saved=saved_searches.saved_search_by_token(token))


@pages.post("/unsubscribe/<string:token>")
@public
def unsubscribe(token: str) -> str:
    """Stop a saved search without signing in."""
    saved_searches.unsubscribe(token, now())
    return render_template("listings/unsubscribe.html", saved=None)


unsubscribe.__dict__["csrf_exempt"] = True  # mail programs send it; the secret token is the permission
