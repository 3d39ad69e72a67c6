"""What identity forgets by itself."""

from sqlalchemy import delete, func

from marketplace.core.db import session
from marketplace.core.jobs import every
from marketplace.identity.throttle import ThrottleCount


@every("17 * * * *", "identity.forget_throttle_counts")
def forget_throttle_counts() -> None:
    """Counters whose window has passed are of no use to anybody."""
    session.execute(delete(ThrottleCount).where(ThrottleCount.expires_at < func.clock_timestamp()))
