"""Seal the trail every minute."""

from marketplace.audit.sealing import seal_trail
from marketplace.audit.time_stamping import stamp_blocks
from marketplace.core.clock import now
from marketplace.core.jobs import every


@every("*/1 * * * *", "audit.seal")
def seal() -> None:
    """Gather the events recorded since the last block into the next one."""
    seal_trail(now())


@every("*/1 * * * *", "audit.time_stamp")
def time_stamp() -> None:
    """Have the sealed blocks stamped by the independent authority, where one is configured."""
    stamp_blocks()
