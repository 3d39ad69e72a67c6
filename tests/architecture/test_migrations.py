"""The migrations make exactly the tables the models describe."""

from alembic import command
from alembic.script import ScriptDirectory

from marketplace.core.migrating import alembic_config, newest_revision
from tests.conftest import Server


def test_migrations_match_the_models(server: Server) -> None:
    url = server.migrated()
    command.check(alembic_config(url))
    server.drop(url)


def test_the_newest_revision_is_the_head_of_the_chain() -> None:
    assert ScriptDirectory.from_config(alembic_config("")).get_heads() == [newest_revision()]
