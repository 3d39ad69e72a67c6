"""What a right is worth for lending: the marketplace's own indication, frozen where it is used."""

from datetime import datetime

from marketplace.core.actor import Actor
from marketplace.core.errors import Refused
from marketplace.registry.assets import Asset
from marketplace.valuation.reports import Indication, indicate_value, latest_indication


def value_seen(actor: Actor, asset: Asset, now: datetime) -> Indication | None:
    """The holder's newest indication for pledging, made now where there is none; unknown is none, never zero."""
    found = latest_indication(asset.id, actor, purpose="pledge") or latest_indication(asset.id, actor)
    if found is not None:
        return found
    try:
        return indicate_value(actor, asset.id, "pledge", now)
    except Refused:
        return None
