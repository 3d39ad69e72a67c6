"""Work the register leaves for later: checking and bringing in uploaded files."""

from uuid import UUID

from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.core.jobs import enqueue, every, task
from marketplace.registry import fee_calendar, import_runs, owner_names, statuses


@task("registry.check_import")
def check_import(run_id: str) -> None:
    """Report what an uploaded file would change."""
    import_runs.check_import(UUID(run_id), now())


@task("registry.bring_in")
def bring_in(run_id: str) -> None:
    """Bring a confirmed file into the register; each batch is its own transaction, so progress is seen."""
    import_runs.bring_in(UUID(run_id), now(), session.commit)
    enqueue("registry.compare_owner_names")


@every("* * * * *", "registry.resume_imports")
def resume_imports() -> None:
    """Imports that a stopped server left behind are taken up where they stand."""
    for run_id, status in import_runs.silent_imports(now()):
        waiting = status is import_runs.ImportStatus.UPLOADED
        enqueue("registry.check_import" if waiting else "registry.bring_in", run_id=str(run_id))


@every("40 0 * * *", "registry.compare_owner_names")
def compare_owner_names() -> None:
    """Owner names that are probably one party are put before the operator."""
    owner_names.find_name_pairs(now())


@every("20 0 * * *", "registry.expire_rights")
def expire_rights() -> None:
    """Rights whose last day has passed are marked as expired."""
    statuses.expire_rights(now())


@every("10 1 * * *", "registry.remind_of_fees")
def remind_of_fees() -> None:
    """Owners are told of fees that come near, fall due or may be late."""
    fee_calendar.remind_of_fees(now())
