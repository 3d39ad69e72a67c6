"""Files by content hash, who may see them, evidence, and signature envelopes."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005_documents"
down_revision = "0004_notices"

NEVER_CHANGED = """
CREATE FUNCTION documents_never_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% rows are never changed or removed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""
SIGNED_IS_SIGNED = """
CREATE FUNCTION signatory_stays_signed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (OLD.signed_at IS NOT NULL AND (NEW.signed_at, NEW.hash_before, NEW.hash_after,
        NEW.organisation_id, NEW.position) IS DISTINCT FROM (OLD.signed_at, OLD.hash_before, OLD.hash_after,
        OLD.organisation_id, OLD.position)) THEN
        RAISE EXCEPTION 'a signature is never changed or removed' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.signed_at IS NOT NULL AND EXISTS (SELECT 1 FROM signatories earlier WHERE earlier.envelope_id =
        NEW.envelope_id AND earlier.position < NEW.position AND earlier.signed_at IS NULL) THEN
        RAISE EXCEPTION 'signatories sign in order' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$
"""


TABLES = (
    "data_room_accesses", "data_room_readings", "data_room_permissions", "data_room_documents", "data_rooms",
    "signatories", "envelopes", "evidence", "file_grants", "files", "file_contents",
)  # fmt: skip


def upgrade() -> None:
    """Make the tables and their guards."""
    _file_contents()
    _files()
    _file_grants()
    _evidence()
    _envelopes()
    _signatories()
    _data_rooms()
    _data_room_accesses()
    op.execute(NEVER_CHANGED)
    op.execute(SIGNED_IS_SIGNED)
    for table in ("file_contents", "files", "evidence", "data_room_readings"):
        op.execute(
            f"CREATE TRIGGER {table}_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION documents_never_changed()"
        )
    op.execute(
        "CREATE TRIGGER signatory_stays_signed BEFORE UPDATE OR DELETE ON signatories "
        "FOR EACH ROW EXECUTE FUNCTION signatory_stays_signed()"
    )


def _file_contents() -> None:
    op.create_table(
        "file_contents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(length=120), nullable=False),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256_form"),
        sa.CheckConstraint("size >= 0", name="size_not_negative"),
        sa.PrimaryKeyConstraint("id", name="pk_file_contents"),
        sa.UniqueConstraint("sha256", name="uq_file_contents_sha256"),
    )


def _files() -> None:
    op.create_table(
        "files",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("media_type", sa.String(length=120), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.String(length=60), nullable=False),
        sa.Column("owner_organisation_id", sa.Uuid(), nullable=True),
        sa.Column("stored_by", sa.Uuid(), nullable=True),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_organisation_id"], ["organisations.id"], name="fk_files_owner_organisation_id_organisations"
        ),
        sa.ForeignKeyConstraint(["sha256"], ["file_contents.sha256"], name="fk_files_sha256_file_contents"),
        sa.ForeignKeyConstraint(["stored_by"], ["people.id"], name="fk_files_stored_by_people"),
        sa.PrimaryKeyConstraint("id", name="pk_files"),
    )
    op.create_index("ix_files_owner_organisation_id", "files", ["owner_organisation_id"], unique=False)
    op.create_index("ix_files_sha256", "files", ["sha256"], unique=False)


def _envelopes() -> None:
    op.create_table(
        "envelopes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "completed",
                "declined",
                "expired",
                "cancelled",
                name="envelopestatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sealed_file_id", sa.Uuid(), nullable=True),
        sa.Column("certificate_file_id", sa.Uuid(), nullable=True),
        sa.Column("stamped_file_id", sa.Uuid(), sa.ForeignKey("files.id"), nullable=True),
        sa.Column("link", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["certificate_file_id"], ["files.id"], name="fk_envelopes_certificate_file_id_files"),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name="fk_envelopes_file_id_files"),
        sa.ForeignKeyConstraint(["sealed_file_id"], ["files.id"], name="fk_envelopes_sealed_file_id_files"),
        sa.PrimaryKeyConstraint("id", name="pk_envelopes"),
    )
    op.create_index("ix_envelopes_expires_at", "envelopes", ["expires_at"], unique=False)


def _evidence() -> None:
    op.create_table(
        "evidence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("attached_by", sa.Uuid(), nullable=True),
        sa.Column("attached_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["attached_by"], ["people.id"], name="fk_evidence_attached_by_people"),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name="fk_evidence_file_id_files"),
        sa.PrimaryKeyConstraint("id", name="pk_evidence"),
        sa.UniqueConstraint("file_id", "subject_id", "kind", name="uq_evidence_file_id_subject_id_kind"),
    )
    op.create_index("ix_evidence_subject_id", "evidence", ["subject_id"], unique=False)


def _file_grants() -> None:
    op.create_table(
        "file_grants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name="fk_file_grants_file_id_files"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_file_grants_organisation_id_organisations"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_file_grants"),
        sa.UniqueConstraint("file_id", "organisation_id", name="uq_file_grants_file_id_organisation_id"),
    )
    op.create_index("ix_file_grants_organisation_id", "file_grants", ["organisation_id"], unique=False)


def _signatories() -> None:
    op.create_table(
        "signatories",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("envelope_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("declined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=1000), nullable=True),
        sa.Column("address", sa.String(length=80), nullable=True),
        sa.Column("program", sa.String(length=300), nullable=True),
        sa.Column("hash_before", sa.String(length=64), nullable=True),
        sa.Column("hash_after", sa.String(length=64), nullable=True),
        sa.Column("receipt_event_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("(signed_at IS NULL) = (hash_after IS NULL)", name="signed_with_hash"),
        sa.CheckConstraint("signed_at IS NULL OR declined_at IS NULL", name="signed_or_declined"),
        sa.ForeignKeyConstraint(["envelope_id"], ["envelopes.id"], name="fk_signatories_envelope_id_envelopes"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_signatories_organisation_id_organisations"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_signatories_person_id_people"),
        sa.PrimaryKeyConstraint("id", name="pk_signatories"),
        sa.UniqueConstraint("envelope_id", "organisation_id", name="uq_signatories_envelope_id_organisation_id"),
        sa.UniqueConstraint("envelope_id", "position", name="uq_signatories_envelope_id_position"),
    )
    op.create_index("ix_signatories_organisation_id", "signatories", ["organisation_id"], unique=False)


def _own_columns() -> tuple[sa.Column[Any], sa.Column[Any]]:
    made = sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)
    return sa.Column("id", sa.Uuid(), primary_key=True), made


def _reference(name: str, table: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.Uuid(), sa.ForeignKey(f"{table}.id"), **options)


def _moment(name: str, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _word(name: str, kind: str, *words: str) -> sa.Column[Any]:
    kinds = sa.Enum(*words, name=kind, native_enum=False, create_constraint=True, length=40)
    return sa.Column(name, kinds, nullable=False)


def _data_rooms() -> None:
    levels = ("hidden", "view", "download")
    op.create_table(
        "data_rooms",
        *_own_columns(),
        sa.Column("subject_id", sa.Uuid(), nullable=False, unique=True),
        _reference("owner_id", "organisations", nullable=False, index=True),
        sa.Column("title", JSONB(), nullable=False),
        sa.Column("link", sa.String(200), nullable=False),
        _moment("opened_at", nullable=False),
    )
    op.create_table(
        "data_room_documents",
        *_own_columns(),
        _reference("room_id", "data_rooms", nullable=False, index=True),
        _reference("file_id", "files", nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("pages", sa.BigInteger(), nullable=False),
        _word("level", "roomlevel", *levels),
        _moment("added_at", nullable=False),
        _moment("removed_at"),
        sa.CheckConstraint("pages BETWEEN 1 AND 300", name="pages_counted"),
    )
    op.create_index(
        "uq_data_room_documents_file", "data_room_documents", ["room_id", "file_id"], unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )  # fmt: skip
    op.create_table(
        "data_room_permissions",
        *_own_columns(),
        _reference("document_id", "data_room_documents", nullable=False),
        _reference("organisation_id", "organisations", nullable=False, index=True),
        _word("level", "roomlevel", *levels),
        _moment("expires_at"),
        sa.UniqueConstraint("document_id", "organisation_id"),
    )


def _data_room_accesses() -> None:
    op.create_table(
        "data_room_accesses",
        *_own_columns(),
        _reference("room_id", "data_rooms", nullable=False),
        _reference("organisation_id", "organisations", nullable=False, index=True),
        _reference("envelope_id", "envelopes", nullable=False, index=True),
        _moment("asked_at", nullable=False),
        *(_moment(name) for name in ("admitted_at", "expires_at", "revoked_at")),
        sa.UniqueConstraint("room_id", "organisation_id"),
    )
    op.create_table(
        "data_room_readings",
        *_own_columns(),
        _reference("document_id", "data_room_documents", nullable=False, index=True),
        _reference("organisation_id", "organisations", nullable=False),
        _reference("person_id", "people"),
        _word("act", "readingact", "viewed", "downloaded"),
        sa.Column("page", sa.BigInteger()),
        sa.Column("mark", sa.String(400), nullable=False),
        _moment("read_at", nullable=False),
        sa.CheckConstraint("(act = 'viewed') = (page IS NOT NULL)", name="a_view_is_of_a_page"),
    )


def downgrade() -> None:
    """Remove the tables and their guards."""
    for table in TABLES:
        op.drop_table(table)
    op.execute("DROP FUNCTION signatory_stays_signed()")
    op.execute("DROP FUNCTION documents_never_changed()")
