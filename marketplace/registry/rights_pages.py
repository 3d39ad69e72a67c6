"""The rights map as a page and its questions: who may do what, and may I grant this?"""

from datetime import date
from typing import Any
from uuid import UUID

from flask import render_template, request

from marketplace.core.actor import Actor
from marketplace.core.clock import market_day, now
from marketplace.core.errors import Malformed
from marketplace.core.http import optional_actor, public
from marketplace.core.i18n import _l
from marketplace.registry.acts import way_out
from marketplace.registry.assets import Asset, find_asset
from marketplace.registry.blueprints import pages
from marketplace.registry.fields_of_use import fields_in_words
from marketplace.registry.ownership import owns
from marketplace.registry.policy import require_visible
from marketplace.registry.rights import Instrument, Verdict, check_instrument
from marketplace.registry.rights_map import GRANTABLE, POWERS, holdings_of, still_free, strip_of

KIND_WORDS = {
    "licence": _l("A licence"),
    "transfer": _l("A transfer"),
    "pledge": _l("A pledge"),
    "open_licence": _l("An open licence"),
}
EXCLUSIVITY_WORDS = {
    "non_exclusive": _l("Non-exclusive licence"),
    "sole": _l("Sole licence"),
    "exclusive": _l("Exclusive licence"),
}


@pages.get("/assets/<uuid:asset_id>/rights")
@public
def rights_map(asset_id: UUID) -> str:
    """Who may do what, where, until when; what may still be granted; and the answer to a proposed grant."""
    actor = optional_actor()
    asset = require_visible(actor, find_asset(asset_id))
    on = market_day(now())
    grantor_id = actor.organisation_id if actor and owns(actor.organisation_id, asset.id) else None
    holdings = holdings_of(asset, on)
    return render_template(
        "registry/rights_map.html", asset=asset, today=on, powers=POWERS, kinds=KIND_WORDS,
        exclusivities=EXCLUSIVITY_WORDS, way_out=way_out, in_words=fields_in_words, asked=request.args, verdict=_verdict(actor, asset, on),
        holdings=[(holding, strip_of(holding, on, asset)) for holding in holdings],
        free=still_free(asset, grantor_id, on),
    )  # fmt: skip


def _verdict(actor: Actor | None, asset: Asset, on: date) -> Verdict | None:
    """The answer to the grant in the address, when one is asked about."""
    kind = request.args.get("kind", "")
    if not kind:
        return None
    if kind not in KIND_WORDS:
        raise Malformed("kind", _l("This kind of instrument is not known."))
    exclusivity = request.args.get("exclusivity") or None
    if exclusivity is not None and exclusivity not in GRANTABLE:
        raise Malformed("exclusivity", _l("Choose exclusive, sole or non-exclusive."))
    begins, ends = _day("begins_on"), _day("ends_on")
    if begins and ends and ends < begins:
        raise Malformed("ends_on", _l("The end must not lie before the beginning."))
    own = actor is not None and owns(actor.organisation_id, asset.id)
    instrument = Instrument(
        kind=kind, asset_id=asset.id, grantor_id=actor.organisation_id if own and actor else None,
        territory=_words("territory"), fields=_fields(), begins_on=begins, ends_on=ends,
        exclusivity=exclusivity if kind == "licence" else None,
    )  # fmt: skip
    return check_instrument(instrument, on)


def _words(name: str) -> tuple[str, ...]:
    text: Any = request.args.get(name, "")
    for separator in "，、;；":
        text = text.replace(separator, ",")
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _fields() -> tuple[str, ...]:
    """The fields of use, one after each comma; what is taken out of one stands behind it, as in «H04 except H04L; H04W»."""
    parts = request.args.get("fields", "").replace("，", ",").split(",")
    return tuple(part.strip() for part in parts if part.strip())


def _day(name: str) -> date | None:
    text = request.args.get(name, "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Malformed(name, _l("Write the day as 2026-11-22.")) from error
