"""What the asset page shows to this visitor on this day."""

from datetime import date
from typing import Any

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l
from marketplace.registry.acts import acts_on
from marketplace.registry.assets import Asset
from marketplace.registry.consents import CONSENT_ACTS, consented_acts
from marketplace.registry.conveyances import conveyances_of
from marketplace.registry.encumbrances import open_encumbrances
from marketplace.registry.extracts import belief_of, end_of_day
from marketplace.registry.fees import upcoming_fees
from marketplace.registry.owner_names import other_names_of
from marketplace.registry.ownership import owners_of
from marketplace.registry.panels import asset_panels
from marketplace.registry.register_events import events_of
from marketplace.registry.rules import find_rule
from marketplace.registry.security_chains import security_on_asset
from marketplace.registry.similar_marks import companions_of


def day_asked(text: str | None) -> date | None:
    """The day in the page's address, if one is asked for."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as wrong:
        raise Malformed("as_of", _l("Write the day as 2026-11-22.")) from wrong


def view_of(asset: Asset, actor: Actor | None, as_of: date | None, known_on: date | None = None) -> dict[str, Any]:
    """The asset page's content: facts for everyone, acts for its owner; as of a day, by what was known on a day.

    A page of another day shows the register alone: what is offered, valued and lent today is no fact of that day.
    """
    today, of_today = now().date(), as_of is None and known_on is None
    belief = belief_of(asset, as_of, end_of_day(known_on) if known_on else None)
    asset, on, known_at = belief.asset, belief.on, belief.known_at
    owners = owners_of(asset.id, as_of=belief.moment, known_at=known_at)
    mine = actor is not None and any(owner.organisation_id == actor.organisation_id for owner in owners)
    burdens = open_encumbrances(asset.id, on, known_at)
    consents = consented_acts([burden.id for burden in burdens], on)
    return {
        "asset": asset,
        "status": _status(asset, on),
        "owners": owners,
        "other_names": other_names_of([owner.name for owner in owners], known_at),
        "mine": mine,
        "claimable": of_today and not mine and any(owner.organisation_id is None for owner in owners),
        "burdens": burdens,
        "companions": companions_of(asset, on),
        "together_rule": find_rule("CN-TRF-04", on, asset.scope),
        "consents": consents,
        "consent_acts": CONSENT_ACTS,
        "events": list(reversed(events_of(asset.id, on, known_at)))[:200],
        "conveyances": conveyances_of(asset, known_at)[-50:],
        "fees": upcoming_fees(asset, on),
        "acts": acts_on(asset, actor.organisation_id, today)
        if mine and actor and actor.organisation_id and of_today
        else [],
        "panels": asset_panels.render(actor, asset) if of_today else [],
        "security": security_on_asset(asset, on, known_at),
        "as_of": as_of,
        "known_on": known_on,
        "reconstructed": not of_today and known_at is None,
        "today": today,
    }


def _status(asset: Asset, on: date) -> dict[str, Any]:
    return {
        "status": asset.status_at(on).value,
        "on": asset.status_on.isoformat() if asset.status_on else None,
        "source": asset.status_source,
    }
