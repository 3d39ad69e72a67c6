"""The append-only audit trail, its blocks, and the triggers that chain and protect it."""

import sqlalchemy as sa
from alembic import op

revision = "0003_audit"
down_revision = "0002_identity"

CHAIN = """
CREATE FUNCTION audit_chain_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last RECORD;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(NEW.subject_id::text, 7311));
    SELECT stream_number, event_hash INTO last
        FROM audit_events WHERE subject_id = NEW.subject_id ORDER BY stream_number DESC LIMIT 1;
    NEW.stream_number := coalesce(last.stream_number, 0) + 1;
    NEW.previous_hash := coalesce(last.event_hash, repeat('0', 64));
    NEW.event_hash := encode(sha256(convert_to(
        '{"event":' || NEW.body || ',"number":' || NEW.stream_number || ',"previous":"' || NEW.previous_hash || '"}',
        'UTF8')), 'hex');
    RETURN NEW;
END $$;
CREATE FUNCTION audit_await_seal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_waiting (id, event_id) VALUES (NEW.id, NEW.id);
    RETURN NULL;
END $$;
CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER chain BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION audit_chain_event();
CREATE TRIGGER await_seal AFTER INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION audit_await_seal();
"""

PROTECT = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
"""


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "audit_blocks",
        *_key(),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("event_count", sa.BigInteger(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("block_hash", sa.Text(), nullable=False),
        sa.CheckConstraint("number >= 1 AND event_count >= 1", name="ck_audit_blocks_counts_positive"),
        sa.UniqueConstraint("block_hash", name="uq_audit_blocks_block_hash"),
        sa.UniqueConstraint("number", name="uq_audit_blocks_number"),
    )
    op.create_table(
        "audit_events",
        *_key(),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("stream_number", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid()),
        sa.Column("person_id", sa.Uuid()),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("event_hash", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "length(event_hash) = 64 AND length(previous_hash) = 64", name="ck_audit_events_hash_length"
        ),
        sa.CheckConstraint("stream_number >= 1", name="ck_audit_events_number_positive"),
        sa.UniqueConstraint("event_hash", name="uq_audit_events_event_hash"),
        sa.UniqueConstraint("subject_id", "stream_number", name="uq_audit_events_subject_id_stream_number"),
    )
    op.create_index("ix_audit_events_kind", "audit_events", ["kind", "id"])
    op.create_index("ix_audit_events_organisation", "audit_events", ["organisation_id", "id"])
    op.create_table(
        "audit_leaves",
        *_key(),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["block_number"], ["audit_blocks.number"], name="fk_audit_leaves_block_number_audit_blocks"
        ),
        sa.ForeignKeyConstraint(["event_id"], ["audit_events.id"], name="fk_audit_leaves_event_id_audit_events"),
        sa.UniqueConstraint("block_number", "position", name="uq_audit_leaves_block_number_position"),
        sa.UniqueConstraint("event_id", name="uq_audit_leaves_event_id"),
    )
    op.create_table(
        "audit_waiting",
        *_key(),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["audit_events.id"], name="fk_audit_waiting_event_id_audit_events"),
        sa.UniqueConstraint("event_id", name="uq_audit_waiting_event_id"),
    )
    op.create_table(
        "audit_time_stamps",
        *_key(),
        sa.Column("block_number", sa.BigInteger(), sa.ForeignKey("audit_blocks.number"), nullable=False, unique=True),
        sa.Column("authority", sa.String(300), nullable=False),
        sa.Column("response", sa.LargeBinary(), nullable=False),
        sa.Column("stamped_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.execute(CHAIN)
    for table in ("audit_events", "audit_blocks", "audit_leaves", "audit_time_stamps"):
        op.execute(PROTECT.format(table=table))


def downgrade() -> None:
    """Drop the tables."""
    for table in ("audit_time_stamps", "audit_waiting", "audit_leaves", "audit_events", "audit_blocks"):
        op.drop_table(table)
    for function in ("audit_chain_event", "audit_await_seal", "audit_refuse_change"):
        op.execute(f"DROP FUNCTION {function}()")


def _key() -> tuple[sa.Column[object], sa.Column[object]]:
    return (
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    )
