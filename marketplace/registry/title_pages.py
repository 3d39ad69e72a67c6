"""The chain of title as a page."""

from uuid import UUID

from flask import render_template, request

from marketplace.core.clock import market_day, now
from marketplace.core.http import optional_actor, public
from marketplace.registry.asset_view import day_asked
from marketplace.registry.assets import find_asset
from marketplace.registry.blueprints import pages
from marketplace.registry.extracts import belief_of, end_of_day
from marketplace.registry.policy import require_visible
from marketplace.registry.titles import WIDTH, drawing_of, findings_in_words, title_of


@pages.get("/assets/<uuid:asset_id>/title")
@public
def title_page(asset_id: UUID) -> str:
    """Who passed the right to whom, drawn and as a table, with every gap explained."""
    asset = require_visible(optional_actor(), find_asset(asset_id))
    as_of, known_on = day_asked(request.args.get("as_of")), day_asked(request.args.get("known_at"))
    today, belief = market_day(now()), belief_of(asset, as_of, end_of_day(known_on) if known_on else None)
    chain = title_of(belief.asset, as_of or today, belief.known_at)
    return render_template(
        "registry/title.html", asset=belief.asset, chain=chain, boxes=drawing_of(chain), width=WIDTH, as_of=as_of,
        known_on=known_on, today=today, words_for=findings_in_words,
    )  # fmt: skip
