"""Collections, refunds, payouts and the events Stripe sent."""

import sqlalchemy as sa
from alembic import op

revision = "0007_payments"
down_revision = "0006_ledger"


TABLES = (
    "disputes",
    "reconciliations",
    "bank_lines",
    "bank_statements",
    "stripe_events",
    "payouts",
    "refunds",
    "collections",
)


def _key() -> list[sa.Column]:
    return [
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    ]


def _amount(name: str = "amount") -> list[sa.Column]:
    return [
        sa.Column(f"{name}_minor", sa.BigInteger(), nullable=False),
        sa.Column(f"{name}_currency", sa.CHAR(3), nullable=False),
    ]


def _word(column: str, name: str, *values: str) -> sa.Column:
    kind = sa.Enum(*values, native_enum=False, create_constraint=True, length=40, name=name)
    return sa.Column(column, kind, nullable=False)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "collections",
        *_key(),
        sa.Column("payer_id", sa.Uuid(), nullable=False),
        *_amount(),
        sa.Column("purpose", sa.String(40), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        _word("method", "method", "card", "bank_transfer"),
        sa.Column("credit_account", sa.String(200), nullable=False),
        _word(
            "status",
            "collectionstatus",
            "requested",
            "awaiting_card",
            "awaiting_transfer",
            "collected",
            "cancelled",
        ),
        sa.Column("reference", sa.String(20), nullable=False, unique=True),
        sa.Column("initiated_by", sa.Uuid()),
        sa.Column("confirmed_by", sa.Uuid()),
        sa.Column("bank_reference", sa.String(80), unique=True),
        sa.Column("stripe_session_id", sa.String(200), unique=True),
        sa.Column("stripe_intent_id", sa.String(200), unique=True),
        sa.Column("card_page", sa.Text()),
        sa.Column("failure", sa.String(300)),
        sa.Column("collected_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("amount_minor > 0", name="amount_positive"),
        sa.CheckConstraint("(status = 'collected') = (collected_at IS NOT NULL)", name="collected_has_time"),
        sa.CheckConstraint("confirmed_by IS NULL OR confirmed_by <> initiated_by", name="two_people"),
    )
    op.create_index("ix_collections_payer_id", "collections", ["payer_id"])
    op.create_index("ix_collections_subject_id", "collections", ["subject_id"])
    op.create_table(
        "refunds",
        *_key(),
        sa.Column("collection_id", sa.Uuid(), sa.ForeignKey("collections.id"), nullable=False),
        *_amount(),
        sa.Column("reference", sa.String(200), nullable=False, unique=True),
        _word("status", "refundstatus", "requested", "sent"),
        sa.Column("stripe_refund_id", sa.String(200), unique=True),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("amount_minor > 0", name="amount_positive"),
    )
    op.create_index("ix_refunds_collection_id", "refunds", ["collection_id"])
    op.create_table(
        "disputes",
        *_key(),
        sa.Column("stripe_id", sa.String(200), nullable=False, unique=True),
        sa.Column("collection_id", sa.Uuid(), sa.ForeignKey("collections.id"), nullable=False),
        *_amount(),
        sa.Column("reason", sa.String(100), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        _word("status", "disputestatus", "open", "won", "lost"),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("amount_minor > 0", name="amount_positive"),
        sa.CheckConstraint("(status = 'open') = (ended_at IS NULL)", name="ended_has_time"),
    )
    op.create_index("ix_disputes_collection_id", "disputes", ["collection_id"])
    op.create_index("ix_disputes_status", "disputes", ["status"])
    op.create_table(
        "payouts",
        *_key(),
        sa.Column("payee_id", sa.Uuid(), nullable=False),
        *_amount(),
        sa.Column("from_account", sa.String(200), nullable=False),
        sa.Column("reference", sa.String(200), nullable=False, unique=True),
        sa.Column("subject_id", sa.Uuid()),
        _word("status", "payoutstatus", "requested", "sent", "rejected"),
        sa.Column("organisation_id", sa.Uuid()),
        sa.Column("initiated_by", sa.Uuid()),
        sa.Column("approved_by", sa.Uuid()),
        sa.Column("bank_reference", sa.String(80)),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("amount_minor > 0", name="amount_positive"),
        sa.CheckConstraint("(status = 'sent') = (sent_at IS NOT NULL)", name="sent_has_time"),
    )
    op.create_index("ix_payouts_payee_id", "payouts", ["payee_id"])
    op.create_index("ix_payouts_status", "payouts", ["status"])
    op.create_table(
        "stripe_events",
        *_key(),
        sa.Column("stripe_id", sa.String(200), nullable=False, unique=True),
        sa.Column("kind", sa.String(100), nullable=False),
        sa.Column("payload", sa.dialects.postgresql.JSONB(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        _word("outcome", "eventoutcome", "received", "applied", "ignored"),
        sa.Column("reason", sa.String(200)),
    )
    op.execute(NEVER_MORE_BACK)
    _bank_statements()
    _bank_lines()
    op.create_table(
        "reconciliations",
        *_key(),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("figures", sa.dialects.postgresql.JSONB(), nullable=False),
        sa.Column("differences", sa.dialects.postgresql.JSONB(), nullable=False),
    )


def _bank_statements() -> None:
    op.create_table(
        "bank_statements",
        *_key(),
        sa.Column("account", sa.String(40), nullable=False),
        sa.Column("number", sa.String(80), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        *_amount("opening"),
        *_amount("closing"),
        sa.Column("closed_on", sa.Date(), nullable=False),
        sa.Column("imported_by", sa.Uuid()),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("account", "number"),
    )


def _bank_lines() -> None:
    op.create_table(
        "bank_lines",
        *_key(),
        sa.Column("statement_id", sa.Uuid(), sa.ForeignKey("bank_statements.id"), nullable=False, index=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        *_amount(),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("reference", sa.String(80), nullable=False),
        sa.Column("end_to_end", sa.String(80), nullable=False),
        sa.Column("text", sa.String(500), nullable=False),
        sa.Column("other_party", sa.String(200), nullable=False),
        _word("status", "linestatus", "unmatched", "proposed", "matched", "settled"),
        sa.Column("matched_id", sa.Uuid(), index=True),
        sa.Column("note", sa.String(300)),
        sa.Column("proposal", sa.String(20)),
        sa.Column("proposed_collection_id", sa.Uuid(), sa.ForeignKey("collections.id")),
        sa.Column("proposed_by", sa.Uuid()),
        sa.Column("decided_by", sa.Uuid()),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("statement_id", "position"),
        sa.CheckConstraint("amount_minor <> 0", name="amount_moves"),
        sa.CheckConstraint("decided_by IS NULL OR decided_by <> proposed_by", name="two_people"),
        sa.CheckConstraint("(status IN ('proposed', 'settled')) <= (proposal IS NOT NULL)", name="proposal_there"),
    )
    op.create_index("ix_bank_lines_status", "bank_lines", ["status"])


# Refunds never exceed what was collected, whoever writes them.
NEVER_MORE_BACK = """
CREATE FUNCTION refunds_within_collection() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    asked collections;
BEGIN
    SELECT * INTO asked FROM collections WHERE id = NEW.collection_id FOR NO KEY UPDATE;
    IF asked.status <> 'collected' OR asked.amount_currency <> NEW.amount_currency OR asked.amount_minor <
       (SELECT coalesce(sum(amount_minor), 0) FROM refunds WHERE collection_id = NEW.collection_id AND id <> NEW.id)
       + NEW.amount_minor THEN
        RAISE EXCEPTION 'refunds exceed what was collected' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refunds_never_exceed BEFORE INSERT OR UPDATE OF amount_minor, collection_id ON refunds
    FOR EACH ROW EXECUTE FUNCTION refunds_within_collection();
"""


def downgrade() -> None:
    """Take everything away again."""
    for table in TABLES:
        op.drop_table(table)
    op.execute("DROP FUNCTION IF EXISTS refunds_within_collection")
