"""The inbox and who wants letters."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004_notices"
down_revision = "0003_audit"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "mail_preferences",
        *_key(),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("wants_mail", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("person_id", name="uq_mail_preferences_person_id"),
    )
    op.create_table(
        "notices",
        *_key(),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid()),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("params", postgresql.JSONB(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True)),
        sa.Column("mailed_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("link LIKE '/%' AND link NOT LIKE '//%'", name="ck_notices_link_stays_here"),
    )
    op.create_index("ix_notices_person", "notices", ["person_id", "organisation_id", "id"])
    op.create_index(
        "ix_notices_unread", "notices", ["person_id", "organisation_id"], postgresql_where=sa.text("read_at IS NULL")
    )


def downgrade() -> None:
    """Drop the tables."""
    for table in ("notices", "mail_preferences"):
        op.drop_table(table)


def _key() -> tuple[sa.Column[object], sa.Column[object]]:
    return (
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    )
