"""What the asset page shows to this visitor on this day."""

from datetime import date, datetime, timedelta
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
from marketplace.registry.extracts import extract_of
from marketplace.registry.fees import upcoming_fees
from marketplace.registry.ownership import owners_of
from marketplace.registry.panels import asset_panels
from marketplace.registry.register_events import events_of


def day_asked(text: str | None) -> date | None:
    """The day in the page's address, if one is asked for."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as wrong:
        raise Malformed("as_of", _l("Write the day as 2026-11-22.")) from wrong


def view_of(asset: Asset, actor: Actor | None, as_of: date | None) -> dict[str, Any]:
    """The asset page's content: facts for everyone, acts for its owner."""
    today = now().date()
    on = as_of or today
    moment = _end_of(on) if as_of else now()
    owners = owners_of(asset.id, as_of=moment)
    mine = actor is not None and any(owner.organisation_id == actor.organisation_id for owner in owners)
    burdens = open_encumbrances(asset.id, on)
    consents = consented_acts([burden.id for burden in burdens], on)
    return {
        "asset": asset,
        "status": extract_of(asset, as_of)["legal_status"] if as_of else _status(asset, today),
        "owners": owners,
        "mine": mine,
        "claimable": not mine and any(owner.organisation_id is None for owner in owners),
        "burdens": burdens,
        "consents": consents,
        "consent_acts": CONSENT_ACTS,
        "events": list(reversed(events_of(asset.id, on)))[:200],
        "conveyances": conveyances_of(asset)[-50:],
        "fees": upcoming_fees(asset, on),
        "acts": acts_on(asset, actor.organisation_id, today)
        if mine and actor and actor.organisation_id and not as_of
        else [],
        "panels": asset_panels.render(actor, asset),
        "as_of": as_of,
        "today": today,
    }


def _status(asset: Asset, on: date) -> dict[str, Any]:
    return {
        "status": asset.status_at(on).value,
        "on": asset.status_on.isoformat() if asset.status_on else None,
        "source": asset.status_source,
    }


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), now().tzinfo) - timedelta(microseconds=1)
