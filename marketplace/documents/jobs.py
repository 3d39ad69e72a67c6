"""What the worker does for documents by itself."""

from marketplace.core.clock import database_now
from marketplace.core.jobs import every
from marketplace.documents.signatures import expire_envelopes


@every("*/5 * * * *", "documents.expire_envelopes")
def close_overdue_envelopes() -> None:
    """Close envelopes that were not signed in time."""
    expire_envelopes(database_now())
