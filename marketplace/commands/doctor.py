"""Is this installation sound?"""

import importlib.util
import shutil
import sys
from datetime import UTC, datetime

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import text

from marketplace.commands.output import say
from marketplace.core.db import session
from marketplace.core.migrating import current_revision, newest_revision
from marketplace.settings import Settings


@click.command("doctor")
@with_appcontext
def doctor() -> None:
    """Check database version and character type, fonts, secrets, clock and migrations."""
    settings: Settings = current_app.extensions["settings"]
    version, ctype, instant = session.execute(
        text(
            "SELECT current_setting('server_version_num')::int, "
            "(SELECT COALESCE(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale', d.datctype) "
            "FROM pg_database d WHERE d.datname = current_database()), clock_timestamp()"
        )
    ).one()
    revision = current_revision(current_app.extensions["engine"])
    checks = {
        "database_version": {"value": version, "good": version >= 150000},
        "database_ctype": {"value": ctype, "good": "utf" in str(ctype).lower()},
        "migrations": {"value": revision, "good": revision == newest_revision()},
        "clock_skew_seconds": _skew(instant),
        "secret_key": {"value": f"{len(settings.secret_key)} characters", "good": len(settings.secret_key) >= 32},
        "fonts": {
            "value": "pylopdf-fonts-zh-cn",
            "good": importlib.util.find_spec("pylopdf_fonts_zh_cn") is not None or bool(shutil.which("fc-list")),
        },
        "card_payments": {"value": "on" if settings.stripe_secret_key else "off", "good": True},
        "home": {"value": str(settings.home), "good": settings.home.exists()},
    }
    sound = all(check["good"] for check in checks.values())
    say({"sound": sound, "checks": checks})
    sys.exit(0 if sound else 1)


def _skew(instant: datetime) -> dict[str, object]:
    seconds = abs((datetime.now(UTC) - instant).total_seconds())
    return {"value": round(seconds, 3), "good": seconds < 2}
