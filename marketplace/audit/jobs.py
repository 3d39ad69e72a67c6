"""Seal the trail every minute."""

from marketplace.audit.sealing import seal_trail
from marketplace.core.clock import now
from marketplace.core.jobs import every


@every("*/1 * * * *", "audit.seal")
def seal() -> None:
    """Gather the events recorded since the last block into the next one."""
    seal_trail(now())
