"""The job queue and the memory of exactly-once requests."""

import sqlalchemy as sa
from alembic import op
from procrastinate import SyncPsycopgConnector
from procrastinate.schema import SchemaManager

revision = "0001_core"
down_revision = None


def upgrade() -> None:
    """Make the queue's tables and the idempotency keys."""
    op.get_bind().connection.driver_connection.execute(SchemaManager(SyncPsycopgConnector()).get_schema())
    op.create_table(
        "idempotency_keys",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request_hash", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.BigInteger()),
        sa.Column("media_type", sa.String()),
        sa.Column("location", sa.String()),
        sa.Column("body", sa.LargeBinary()),
        sa.UniqueConstraint("scope", "key"),
    )
    op.create_index(op.f("ix_idempotency_keys_at"), "idempotency_keys", ["at"])


def downgrade() -> None:
    """The first migration is not undone."""
    raise RuntimeError("the first migration is not undone: drop the database instead")
