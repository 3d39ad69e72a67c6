"""What the worker does for valuation."""

from uuid import UUID

from marketplace.core.actor import SYSTEM
from marketplace.core.clock import database_now, now
from marketplace.core.jobs import every, task
from marketplace.valuation import batches, reviews


@task("valuation.step_batch")
def step_batch(batch_id: str) -> None:
    """Value the next rights of a batch."""
    batches.step_batch(SYSTEM, UUID(batch_id), now())


@every("40 2 * * *", "valuation.lapse_reviews")
def lapse_reviews() -> None:
    """End reviews nobody answered in time."""
    reviews.lapse_reviews(SYSTEM, database_now())
