"""What the worker does for documents by itself."""

from uuid import UUID

from marketplace.core.clock import database_now
from marketplace.core.jobs import every, task
from marketplace.documents import stamping
from marketplace.documents.signatures import expire_envelopes


@every("*/5 * * * *", "documents.expire_envelopes")
def close_overdue_envelopes() -> None:
    """Close envelopes that were not signed in time."""
    expire_envelopes(database_now())


@task("documents.stamp_contract")
def stamp_contract(envelope_id: str) -> None:
    """Have a signed contract stamped by the independent authority."""
    stamping.stamp_contract(UUID(envelope_id), database_now())
