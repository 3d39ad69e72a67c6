"""Bringing a database to the newest migration."""

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

ROOT = Path(__file__).resolve().parents[2]


def alembic_config(database_url: str) -> Any:
    """Alembic's configuration from setup.cfg for this database."""
    from alembic.config import Config

    config = Config(str(ROOT / "setup.cfg"))
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["database_url"] = database_url
    return config


def newest_revision() -> str:
    """The revision the code expects: migrations form one numbered chain, each named as its file."""
    return max(file.stem for file in (ROOT / "migrations" / "versions").glob("[0-9]*.py"))


def current_revision(engine: Engine) -> str | None:
    """The revision the database is at; none for an empty database."""
    with engine.connect() as connection:
        if connection.execute(text("SELECT to_regclass('alembic_version')")).scalar_one() is None:
            return None
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
        return None if revision is None else str(revision)


def migrate(engine: Engine, database_url: str) -> None:
    """Run every missing migration; several processes starting together take turns."""
    if current_revision(engine) == newest_revision():
        return
    from alembic import command

    with engine.connect() as turn:
        turn.execute(text("SELECT pg_advisory_lock(72616)"))
        if current_revision(engine) != newest_revision():
            command.upgrade(alembic_config(database_url), "head")
        turn.execute(text("SELECT pg_advisory_unlock(72616)"))
