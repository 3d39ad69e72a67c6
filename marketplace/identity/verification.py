"""Verification of organisations: the unapproved may look, not act."""

from marketplace.core.actor import Actor
from marketplace.core.errors import NotAllowed, require
from marketplace.core.i18n import _l


class KycRequired(NotAllowed):
    """The acting organisation has not been verified."""

    message = _l("Your organisation must be verified before it can do this.")


def require_approved(actor: Actor) -> None:
    """Go on only when the acting organisation was approved by the operator."""
    require(actor.approved, KycRequired())
