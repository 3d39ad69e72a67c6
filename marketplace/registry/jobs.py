"""Work the register leaves for later: checking and bringing in uploaded files."""

from uuid import UUID

from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.core.jobs import every, task
from marketplace.registry import import_runs, statuses


@task("registry.check_import")
def check_import(run_id: str) -> None:
    """Report what an uploaded file would change."""
    import_runs.check_import(UUID(run_id), now())


@task("registry.bring_in")
def bring_in(run_id: str) -> None:
    """Bring a confirmed file into the register; each batch is its own transaction, so progress is seen."""
    import_runs.bring_in(UUID(run_id), now(), session.commit)


@every("20 0 * * *", "registry.expire_rights")
def expire_rights() -> None:
    """Rights whose last day has passed are marked as expired."""
    statuses.expire_rights(now())
