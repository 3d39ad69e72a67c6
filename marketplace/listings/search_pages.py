"""Search as pages: results, what to try instead, and files."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlencode

from flask import Response, redirect, render_template, request, stream_with_context, url_for

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.errors import Malformed, NotFound
from marketplace.core.fields import is_clean
from marketplace.core.http import optional_actor, public
from marketplace.core.i18n import _l
from marketplace.listings import exports, labels
from marketplace.listings.blueprints import pages
from marketplace.listings.cards import Card, cards
from marketplace.listings.facets import FACET_NAMES
from marketplace.listings.highlighting import Sought, found_texts, marked, sought
from marketplace.listings.query import read_query
from marketplace.listings.query_form import BOXES, composed
from marketplace.listings.query_refusals import QueryUnreadable
from marketplace.listings.saved_searches import Cadence
from marketplace.listings.search import SearchPage, Sort, search_assets
from marketplace.listings.suggestions import Suggestion, suggestions
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
    """What the search page shows: results with the words to mark, what to try instead, or where the query fails."""

    wanted: SearchRequest
    page: SearchPage | None = None
    cards: Sequence[Card] = ()
    marks: Sought = field(default_factory=Sought)
    instead: Sequence[Suggestion] = ()
    fault: QueryUnreadable | None = None


def _results() -> Results:
    wanted, actor = search_request(), optional_actor()
    try:
        page = wanted.run(actor)
    except QueryUnreadable as fault:
        return Results(wanted, fault=fault)
    empty = page.total == 0 and bool(wanted.query or wanted.filters)
    instead = suggestions(wanted.query, wanted.filters, actor) if empty else ()
    marks = sought(read_query(wanted.query))
    return Results(wanted, page, cards([hit.asset_id for hit in page.items]), marks, instead)


def address_of(query: str, filters: dict[str, list[str]]) -> str:
    """The results page of a search."""
    pairs = [("q", query), *((name, value) for name, values in filters.items() for value in values)]
    return f"{url_for('listings.search_page')}?{urlencode(pairs)}"


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
        shown=partial(found_texts, wanted=results.marks), marked=partial(marked, wanted=results.marks),
        address_of=address_of, boxes=BOXES,
    )  # fmt: skip
    return html, results.fault.status if results.fault else 200


@pages.get("/search/fields")
@public
def search_by_fields() -> Any:
    """Separate boxes become one query, shown in the search box."""
    given = {name: value for name, value in request.args.items() if is_clean(value)}
    return redirect(address_of(composed(given), {}), code=303)


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
