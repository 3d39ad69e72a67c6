"""Search as pages: results, comparison, saved searches, watch list, files."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Response, flash, redirect, render_template, request, stream_with_context, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.urls import iri_to_uri

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.errors import Malformed, NotFound
from marketplace.core.fields import is_clean
from marketplace.core.http import current_actor, idempotent, optional_actor, page_form, public, signed_in
from marketplace.core.i18n import _, _l
from marketplace.listings import exports, labels, saved_searches, watchlists
from marketplace.listings.blueprints import pages
from marketplace.listings.cards import MOST_COMPARED, Card, cards
from marketplace.listings.facets import FACET_NAMES
from marketplace.listings.query_refusals import QueryUnreadable
from marketplace.listings.saved_searches import Cadence
from marketplace.listings.schemas import SavedSearchForm
from marketplace.listings.search import SearchPage, Sort, search_assets
from marketplace.listings.vocabulary import FIELDS

OTHER_ARGUMENTS = ("q", "sort", "group", "after", "limit", "lang")


@dataclass(frozen=True)
class SearchRequest:
    """A search as it stands in the address."""

    query: str
    filters: dict[str, list[str]]
    sort: Sort | None
    grouped: bool
    after: str | None
    limit: int

    def run(self, actor: Actor | None) -> SearchPage:
        """Search for this visitor."""
        return search_assets(self.query, self.filters, actor, self.limit, self.after, self.sort, self.grouped)


def search_request() -> SearchRequest:
    """Read the address; anything that is not a search argument is a filter."""
    given = request.args
    for name, value in given.items(multi=True):
        if not (is_clean(name) and is_clean(value)):
            raise Malformed(name, _l("This contains characters that are not text."))
    filters = {name: [value for value in given.getlist(name) if value] for name in given if name not in OTHER_ARGUMENTS}
    return SearchRequest(
        query=given.get("q", ""),
        filters={name: values for name, values in filters.items() if values},
        sort=_sort(given.get("sort")),
        grouped=given.get("group") == "1",
        after=given.get("after") or None,
        limit=_limit(given.get("limit")),
    )


def _sort(text: str | None) -> Sort | None:
    try:
        return Sort(text) if text else None
    except ValueError as error:
        raise Malformed("sort", _l("There is no such order.")) from error


def _limit(text: str | None) -> int:
    number = int(text) if text and text.isascii() and text.isdigit() and len(text) < 5 else (20 if not text else 0)
    if not 1 <= number <= 200:
        raise Malformed("limit", _l("A page has 1 to 200 rows."))
    return number


@dataclass(frozen=True)
class Results:
    """What the search page shows: results, or where the query stops making sense."""

    wanted: SearchRequest
    page: SearchPage | None
    cards: list[Card]
    fault: QueryUnreadable | None = None


def _results() -> Results:
    wanted = search_request()
    try:
        page = wanted.run(optional_actor())
    except QueryUnreadable as fault:
        return Results(wanted, None, [], fault)
    return Results(wanted, page, cards([hit.asset_id for hit in page.items]))


def address_with(name: str, value: str, present: bool) -> str:
    """This search with a filter value put in or taken out, from its first page."""
    pairs = [(key, each) for key, each in request.args.items(multi=True) if key not in ("after", "lang")]
    pairs = [
        pair for pair in pairs if pair not in ((name, value), (name, "-" + value), (name, value.removeprefix("-")))
    ]
    if present:
        pairs.append((name, value))
    return f"{request.path}?{urlencode(pairs)}"


def export_address(form: str) -> str:
    """This search as a file."""
    pairs = [(key, each) for key, each in request.args.items(multi=True) if key not in ("after", "limit", "lang")]
    return f"{url_for('listings.export_results', form=form)}?{urlencode(pairs)}"


@pages.get("/search")
@public
def search_page() -> tuple[str, int]:
    """The front door: one box, facets, results; the whole state stands in the address."""
    results = _results()
    html = render_template(
        "listings/search.html", results=results, labels=labels, facet_names=FACET_NAMES, sorts=list(Sort),
        fields=FIELDS, address_with=address_with, export_address=export_address, cadences=list(Cadence),
    )  # fmt: skip
    return html, results.fault.status if results.fault else 200


@pages.get("/search/export.<string:form>")
@public
def export_results(form: str) -> Response:
    """The results as a file."""
    return exported(form)


def exported(form: str) -> Response:
    """The results of this address as a streamed file, at most 50,000 rows."""
    if form not in exports.FORMS:
        raise NotFound()
    wanted = search_request()
    write, media_type = exports.FORMS[form]
    rows = exports.found_cards(wanted.query, wanted.filters, optional_actor(), wanted.sort)
    asked = " ".join([wanted.query, *(f"{name}={value}" for name, all_ in wanted.filters.items() for value in all_)])
    about = exports.origin(asked.strip(), now())
    answer = Response(stream_with_context(write(rows, about)), content_type=media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="assets-{now():%Y%m%d-%H%M%S}.{form}"'
    return answer


@pages.get("/compare")
@public
def compare_page() -> str:
    """Up to five assets side by side."""
    chosen = list(dict.fromkeys(_identities("asset")))[:MOST_COMPARED]
    return render_template("listings/compare.html", cards=cards(chosen), labels=labels, most=MOST_COMPARED)


def _identities(name: str) -> list[UUID]:
    try:
        return [UUID(text) for text in request.args.getlist(name)[:50]]
    except ValueError as error:
        raise NotFound() from error


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
