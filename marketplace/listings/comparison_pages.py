"""Comparing assets side by side."""

from urllib.parse import urlencode
from uuid import UUID

from flask import render_template, request, url_for

from marketplace.core.errors import NotFound
from marketplace.core.http import public
from marketplace.listings import labels
from marketplace.listings.blueprints import pages
from marketplace.listings.cards import MOST_COMPARED, cards
from marketplace.listings.comparison import differing, shared_classes
from marketplace.listings.numbers import asset_ids_by_number


@pages.get("/compare")
@public
def compare_page() -> str:
    """Up to five assets side by side; the whole comparison stands in the address."""
    typed = request.args.get("number", "").strip()
    added = asset_ids_by_number(typed)[:1]
    chosen = list(dict.fromkeys([*_identities("asset"), *added]))[:MOST_COMPARED]
    compared = cards(chosen)
    return render_template(
        "listings/compare.html", cards=compared, labels=labels, most=MOST_COMPARED, differing=differing(compared),
        shared=shared_classes(compared), only=request.args.get("only") == "differences", comparison=address_of,
        unknown_number=typed if typed and not added else "",
    )  # fmt: skip


def address_of(asset_ids: list[UUID], only: bool = False) -> str:
    """The comparison of these assets, with every fact or with those alone in which they differ."""
    pairs = [("asset", str(each)) for each in asset_ids] + ([("only", "differences")] if only else [])
    return f"{url_for('listings.compare_page')}?{urlencode(pairs)}"


def _identities(name: str) -> list[UUID]:
    try:
        return [UUID(text) for text in request.args.getlist(name)[:50]]
    except ValueError as error:
        raise NotFound() from error
