"""What the worker does for the books."""

from marketplace.core.clock import database_now
from marketplace.core.jobs import every
from marketplace.ledger.entries import release_expired_holds


@every("*/1 * * * *", "ledger.release_expired_holds")
def release_holds() -> None:
    """Release every hold whose time is over."""
    release_expired_holds(database_now())
