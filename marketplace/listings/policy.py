"""Who may see and manage a listing."""

from typing import TYPE_CHECKING

from marketplace.core.actor import Actor

if TYPE_CHECKING:
    from marketplace.listings.listings import Listing


def may_see(actor: Actor | None, listing: "Listing") -> bool:
    """Everybody sees what is published; the rest exists for its own organisation and the operator."""
    return listing.is_visible or is_own(actor, listing) or (actor is not None and actor.may("platform.operate"))


def may_manage(actor: Actor | None, listing: "Listing") -> bool:
    """Members of the holder who manage its assets."""
    return actor is not None and is_own(actor, listing) and actor.may("asset.manage")


def is_own(actor: Actor | None, listing: "Listing") -> bool:
    """Whether the actor acts for the organisation that offers the asset."""
    return actor is not None and actor.organisation_id is not None and actor.organisation_id == listing.organisation_id
