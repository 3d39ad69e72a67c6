"""Signing in, and proving again who one is before a sensitive act."""

from datetime import datetime, timedelta

from marketplace.core.actor import Actor
from marketplace.core.errors import NotAllowed, require
from marketplace.core.i18n import _l

FRESH_FOR = timedelta(minutes=15)


class ReauthenticationRequired(NotAllowed):
    """The last proof of identity is too old for this act."""

    message = _l("Confirm your password again before you do this.")


def require_fresh(actor: Actor, now: datetime) -> None:
    """Go on only when the person proved who they are within the last 15 minutes."""
    proven = actor.authenticated_at
    require(proven is not None and now - proven <= FRESH_FOR, ReauthenticationRequired())
