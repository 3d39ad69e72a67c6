"""The migrations make exactly the tables the models describe."""

from alembic import command

from marketplace.core.migrating import alembic_config
from tests.conftest import Server


def test_migrations_match_the_models(server: Server) -> None:
    url = server.migrated()
    command.check(alembic_config(url))
    server.drop(url)
