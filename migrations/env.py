"""Alembic's environment: our models, a lock timeout, and the job queue's tables left alone."""

from typing import Any

from alembic import context
from sqlalchemy import text

from marketplace.app import load_models
from marketplace.core.db import Model, make_engine

load_models()


def include_name(name: str | None, kind: str, parents: Any) -> bool:
    """The job queue manages its own tables."""
    return not (kind == "table" and name and name.startswith("procrastinate_"))


def run() -> None:
    """Run the migrations on the given database."""
    database_url = context.config.attributes.get("database_url")
    if database_url is None:
        from marketplace.core.embedded_postgres import Cluster
        from marketplace.settings import Settings

        settings = Settings.from_environment()
        database_url = settings.database_url or Cluster(settings.home).use()
    engine = make_engine(database_url)
    with engine.connect() as connection:
        connection.execute(text("SET lock_timeout = '5s'"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Model.metadata,
            include_name=include_name,
            compare_type=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
