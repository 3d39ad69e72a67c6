"""Is this process ready to serve?"""

from functools import cache

from flask import current_app

from marketplace.core.migrating import current_revision, newest_revision

expected_revision = cache(newest_revision)


def readiness() -> tuple[dict[str, str], int]:
    """Ready when the database answers and is migrated to the revision of this code."""
    revision = current_revision(current_app.extensions["engine"])
    if revision != expected_revision():
        return {"status": "migrations missing", "revision": str(revision)}, 503
    return {"status": "ready"}, 200
