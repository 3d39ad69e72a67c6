"""Who may ask for values and read them."""

from typing import TYPE_CHECKING

from marketplace.core.actor import Actor

if TYPE_CHECKING:
    from marketplace.valuation.reports import Indication


def may_read(actor: Actor, indication: "Indication") -> bool:
    """Whether the indication is the actor's organisation's own, or the platform's."""
    return indication.organisation_id is None or indication.organisation_id == actor.organisation_id
