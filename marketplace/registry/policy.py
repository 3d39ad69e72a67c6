"""Who may see what in the register."""

from marketplace.core.actor import Actor
from marketplace.core.errors import NotFound, require
from marketplace.registry.assets import Asset
from marketplace.registry.encumbrances import holds_encumbrance
from marketplace.registry.ownership import owns


def may_see_asset(actor: Actor | None, asset: Asset) -> bool:
    """What an office has published is public; an unpublished application is its owners' and creditors' alone."""
    if asset.publication_date is not None or asset.grant_date is not None or asset.demo:
        return True
    if actor is None:
        return False
    if actor.may("platform.operate") or actor.may("audit.read"):
        return True
    return owns(actor.organisation_id, asset.id) or holds_encumbrance(actor.organisation_id, asset.id)


def require_visible(actor: Actor | None, asset: Asset) -> Asset:
    """The asset, which does not exist for an actor who may not see it."""
    require(may_see_asset(actor, asset), NotFound())
    return asset
