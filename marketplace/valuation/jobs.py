"""What the worker does for valuation."""

from uuid import UUID

from marketplace.core.actor import SYSTEM
from marketplace.core.clock import now
from marketplace.core.jobs import task
from marketplace.valuation import batches


@task("valuation.step_batch")
def step_batch(batch_id: str) -> None:
    """Value the next rights of a batch."""
    batches.step_batch(SYSTEM, UUID(batch_id), now())
