"""Who may trade, and who sees a negotiation or a deal."""

from uuid import UUID

from marketplace.core.actor import Actor
from marketplace.core.errors import Refused, require
from marketplace.core.i18n import _l
from marketplace.identity.organisations import are_related
from marketplace.identity.verification import require_approved


class OwnListing(Refused):
    """Nobody trades with themselves."""

    message = _l("This is your own listing.")


class RelatedParties(Refused):
    """Two organisations under common control may not trade here without the operator's review."""

    message = _l("You and the holder belong together; ask the operator to review this trade first.")


def require_trader(actor: Actor) -> None:
    """Only a verified organisation's trader makes or answers offers."""
    require_approved(actor)
    require(actor.may("deal.trade") and actor.organisation_id is not None)


def require_unrelated(one_id: UUID, other_id: UUID) -> None:
    """Refuse trade between related organisations."""
    require(not are_related(one_id, other_id), RelatedParties())


def may_see_sides(actor: Actor, seller_id: UUID, buyer_id: UUID) -> bool:
    """The two sides and the platform."""
    return actor.organisation_id in (seller_id, buyer_id) or is_platform(actor)


def is_platform(actor: Actor) -> bool:
    """The operator's people and the system itself."""
    return actor.may("platform.operate") or actor.may("system")
