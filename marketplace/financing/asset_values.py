"""What a right is worth for lending: the marketplace's own indication, frozen where it is used."""

from datetime import datetime

from marketplace.core.actor import Actor
from marketplace.core.errors import Refused
from marketplace.registry.assets import Asset
from marketplace.valuation.reports import Indication, indicate_value, latest_indication


def known_value(actor: Actor, asset: Asset) -> Indication | None:
    """The holder's newest indication, for pledging where there is one; none is made."""
    return latest_indication(asset.id, actor, purpose="pledge") or latest_indication(asset.id, actor)


def value_seen(actor: Actor, asset: Asset, now: datetime) -> Indication | None:
    """The holder's newest indication, made now where there is none; unknown is none, never zero."""
    found = known_value(actor, asset)
    if found is not None:
        return found
    try:
        return indicate_value(actor, asset.id, "pledge", now)
    except Refused:
        return None
