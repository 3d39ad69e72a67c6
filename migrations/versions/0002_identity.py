"""People, organisations and memberships."""

import sqlalchemy as sa
from alembic import op

revision = "0002_identity"
down_revision = "0001_core"

KINDS = (
    "company", "bank", "pool_administrator", "guarantor", "insurer", "appraiser", "service_provider",
    "platform_operator", "auditor",
)  # fmt: skip


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "organisations",
        *_key(),
        sa.Column(
            "kind",
            sa.Enum(*KINDS, native_enum=False, create_constraint=True, length=40, name="organisationkind"),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "submitted",
                "approved",
                "returned",
                "suspended",
                native_enum=False,
                create_constraint=True,
                length=40,
                name="organisationstatus",
            ),
            nullable=False,
        ),
        sa.Column("name_zh", sa.String(300)),
        sa.Column("name_en", sa.String(300)),
        sa.Column("credit_code", sa.String(40), unique=True),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("region", sa.String(80)),
        sa.Column("parent_id", sa.Uuid()),
        sa.Column("four_eyes_limit_minor", sa.BigInteger()),
        sa.Column("four_eyes_limit_currency", sa.CHAR(3)),
        sa.Column("demo", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "people",
        *_key(),
        sa.Column("email", sa.String(254), nullable=False, unique=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
    )
    op.create_table(
        "memberships",
        *_key(),
        sa.Column("person_id", sa.Uuid(), sa.ForeignKey("people.id"), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False, index=True),
        sa.Column(
            "role",
            sa.Enum(
                "administrator",
                "officer",
                "approver",
                "viewer",
                native_enum=False,
                create_constraint=True,
                length=40,
                name="role",
            ),
            nullable=False,
        ),
        sa.UniqueConstraint("person_id", "organisation_id"),
    )


def downgrade() -> None:
    """Drop the tables."""
    for table in ("memberships", "people", "organisations"):
        op.drop_table(table)


def _key() -> tuple[sa.Column[object], sa.Column[object]]:
    return (
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    )
