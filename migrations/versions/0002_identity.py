"""People, organisations, memberships, sessions, keys, invitations and licence documents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002_identity"
down_revision = "0001_core"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "organisations",
        *_key(),
        sa.Column("name_zh", sa.String(length=300)),
        sa.Column("name_en", sa.String(length=300)),
        sa.Column(
            "kind",
            sa.Enum(
                "company",
                "bank",
                "pool_administrator",
                "guarantor",
                "insurer",
                "appraiser",
                "service_provider",
                "platform_operator",
                "auditor",
                name="organisationkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "identifier_kind",
            sa.Enum(
                "credit_code",
                "lei",
                "sg_uen",
                "foreign",
                name="identifierkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("credit_code", sa.String(length=40)),
        sa.Column("controller_code", sa.String(length=40)),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "submitted",
                "approved",
                "returned",
                "suspended",
                name="organisationstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("region", sa.String(length=80)),
        sa.Column("parent_id", sa.Uuid()),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True)),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("decided_by_id", sa.Uuid()),
        sa.Column("status_reason", sa.String(length=1000)),
        sa.Column("four_eyes_limit_minor", sa.BigInteger()),
        sa.Column("four_eyes_limit_currency", sa.CHAR(length=3)),
        sa.CheckConstraint("coalesce(name_zh, name_en, '') <> ''", name="ck_organisations_has_a_name"),
        sa.CheckConstraint(
            "credit_code IS NULL OR credit_code = upper(credit_code)", name="ck_organisations_number_canonical"
        ),
        sa.CheckConstraint(
            "four_eyes_limit_minor IS NULL OR four_eyes_limit_minor >= 0", name="ck_organisations_limit_not_negative"
        ),
    )
    op.create_index("ix_organisations_controller_code", "organisations", ["controller_code"])
    op.create_index("ix_organisations_parent_id", "organisations", ["parent_id"])
    op.create_index("ix_organisations_status", "organisations", ["status", "submitted_at"])
    op.create_index(
        "uq_organisations_verified_number",
        "organisations",
        ["identifier_kind", "credit_code"],
        unique=True,
        postgresql_where=sa.text("status IN ('approved', 'suspended')"),
    )
    op.create_table(
        "people",
        *_key(),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("password", sa.String(length=255)),
        sa.Column("fs_uniquifier", sa.String(length=64), nullable=False),
        sa.Column("tf_totp_secret", sa.String(length=500)),
        sa.Column("totp_offered_secret", sa.String(length=500)),
        sa.Column("totp_last_counter", sa.BigInteger()),
        sa.Column("mf_recovery_codes", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("language IN ('zh', 'en')", name="ck_people_language_known"),
        sa.CheckConstraint("email = lower(email)", name="ck_people_email_canonical"),
        sa.UniqueConstraint("email", name="uq_people_email"),
        sa.UniqueConstraint("fs_uniquifier", name="uq_people_fs_uniquifier"),
    )
    op.create_table(
        "throttle_counts",
        *_key(),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("key", name="uq_throttle_counts_key"),
        prefixes=["UNLOGGED"],
    )
    op.create_table(
        "api_keys",
        *_key(),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", postgresql.JSONB(), nullable=False),
        sa.Column("second_factor", sa.Boolean(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("length(key_hash) = 64", name="ck_api_keys_key_hashed"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_api_keys_organisation_id_organisations"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_api_keys_person_id_people"),
        sa.UniqueConstraint("prefix", name="uq_api_keys_prefix"),
    )
    op.create_index(
        "uq_api_keys_live_name",
        "api_keys",
        ["organisation_id", "name"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "invitations",
        *_key(),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "administrator",
                "officer",
                "approver",
                "viewer",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("invited_by_id", sa.Uuid()),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True)),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["invited_by_id"], ["people.id"], name="fk_invitations_invited_by_id_people"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_invitations_organisation_id_organisations"
        ),
    )
    op.create_index(
        "uq_invitations_open",
        "invitations",
        ["organisation_id", "email"],
        unique=True,
        postgresql_where=sa.text("accepted_at IS NULL AND withdrawn_at IS NULL"),
    )
    op.create_table(
        "licence_documents",
        *_key(),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sa.String(length=300), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "business_licence",
                "financial_licence",
                "authorisation",
                "other",
                name="licencekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("added_by_id", sa.Uuid()),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_licence_documents_organisation_id_organisations"
        ),
        sa.UniqueConstraint("organisation_id", "file_id", name="uq_licence_documents_organisation_id_file_id"),
    )
    op.create_table(
        "memberships",
        *_key(),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "administrator",
                "officer",
                "approver",
                "viewer",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_memberships_organisation_id_organisations"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_memberships_person_id_people"),
    )
    op.create_index("ix_memberships_organisation_id", "memberships", ["organisation_id"])
    op.create_index(
        "uq_memberships_live",
        "memberships",
        ["person_id", "organisation_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "sign_in_sessions",
        *_key(),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid()),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("authenticated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("second_factor", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("browser", sa.String(length=300), nullable=False),
        sa.Column("address", sa.String(length=60), nullable=False),
        sa.CheckConstraint("length(token_hash) = 64", name="ck_sign_in_sessions_token_hashed"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_sign_in_sessions_organisation_id_organisations"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_sign_in_sessions_person_id_people"),
        sa.UniqueConstraint("token_hash", name="uq_sign_in_sessions_token_hash"),
    )
    op.create_index(
        "ix_sign_in_sessions_live", "sign_in_sessions", ["person_id"], postgresql_where=sa.text("ended_at IS NULL")
    )

    acts = (
        "abnormal_filings", "bad_faith_marks", "agency_violation", "false_documents", "broken_undertaking",
        "decision_not_performed",
    )  # fmt: skip
    statuses = ("recorded", "in_force", "refused", "repaired")
    checked = {"native_enum": False, "create_constraint": True, "length": 40}
    op.create_table(
        "credit_flags",
        *_key(),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("act", sa.Enum(*acts, name="dishonestact", **checked), nullable=False),
        sa.Column("status", sa.Enum(*statuses, name="flagstatus", **checked), nullable=False),
        sa.Column("authority", sa.String(length=200), nullable=False),
        sa.Column("decision_number", sa.String(length=100), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=500), nullable=False),
        sa.Column("recorded_by", sa.Uuid()),
        sa.Column("confirmed_by", sa.Uuid()),
        sa.Column("ended_reason", sa.String(length=500)),
        sa.CheckConstraint("ends_on > decided_on", name="ck_credit_flags_period"),
        sa.CheckConstraint("confirmed_by IS NULL OR confirmed_by <> recorded_by", name="ck_credit_flags_two_people"),
        sa.CheckConstraint(
            "status NOT IN ('in_force', 'repaired') OR confirmed_by IS NOT NULL", name="ck_credit_flags_confirmed"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_credit_flags_organisation_id_organisations"
        ),
        sa.ForeignKeyConstraint(["recorded_by"], ["people.id"], name="fk_credit_flags_recorded_by_people"),
        sa.ForeignKeyConstraint(["confirmed_by"], ["people.id"], name="fk_credit_flags_confirmed_by_people"),
        sa.UniqueConstraint(
            "organisation_id", "authority", "decision_number",
            name="uq_credit_flags_organisation_id_authority_decision_number",
        ),
    )  # fmt: skip
    op.create_index("ix_credit_flags_organisation_id", "credit_flags", ["organisation_id"])


def downgrade() -> None:
    """Drop the tables."""
    for table in (
        "credit_flags",
        "sign_in_sessions",
        "memberships",
        "licence_documents",
        "invitations",
        "api_keys",
        "throttle_counts",
        "people",
        "organisations",
    ):
        op.drop_table(table)


def _key() -> tuple[sa.Column[object], sa.Column[object]]:
    return (
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    )
