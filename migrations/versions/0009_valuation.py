"""Closed prices and value indications; an indication is written once and never changed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009_valuation"
down_revision = "0008_registry"

PURPOSES = ("transfer", "licence", "pledge", "court_sale")
GUARD = """
    CREATE FUNCTION {table}_stay() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'rows of {table} are written once' USING ERRCODE = 'restrict_violation';
    END $$
"""
TRIGGER = "CREATE TRIGGER {table}_stay BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_stay()"
OUTCOMES = ("sold", "unsold", "set_aside")
WRITTEN_ONCE = (
    *("closed_sales", "published_offers", "offer_ends"),
    *("indications", "appraisals", "indicator_tables"),
)
BASES = ("external_appraisal", "bank_internal", "negotiated")


def _purpose() -> sa.Column[str]:
    kinds = sa.Enum(*PURPOSES, name="purpose", native_enum=False, create_constraint=True, length=40)
    return sa.Column("purpose", kinds, nullable=False)


def _money(name: str) -> list[sa.Column[object]]:
    return [
        sa.Column(f"{name}_minor", sa.BigInteger(), nullable=False),
        sa.Column(f"{name}_currency", sa.CHAR(3), nullable=False),
    ]


def _moment(name: str, **options: object) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, **options)


def upgrade() -> None:
    """Create the tables and their guards."""
    op.create_table(
        "closed_sales",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _moment("created_at", server_default=sa.func.now()),
        sa.Column("asset_id", sa.Uuid(), sa.ForeignKey("assets.id"), nullable=False, index=True),
        _purpose(),
        *_money("price"),
        sa.Column("closed_on", sa.Date(), nullable=False),
        _moment("recorded_at"),
        sa.Column("related_parties", sa.Boolean(), nullable=False),
        sa.Column("reference", sa.String(120), nullable=False, unique=True),
        sa.CheckConstraint("price_minor > 0", name="price_positive"),
    )
    op.create_index(
        "ix_closed_sales_learning",
        "closed_sales",
        ["purpose", "closed_on"],
        postgresql_where=sa.text("NOT related_parties"),
    )
    op.create_table(
        "published_offers",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _moment("created_at", server_default=sa.func.now()),
        sa.Column("asset_id", sa.Uuid(), sa.ForeignKey("assets.id"), nullable=False, index=True),
        _purpose(),
        _moment("published_at"),
        sa.Column("reference", sa.String(120), nullable=False, unique=True),
        sa.CheckConstraint("purpose IN ('transfer', 'licence')", name="offered"),
    )
    op.create_index("ix_published_offers_learning", "published_offers", ["purpose", "published_at"])
    outcomes = sa.Enum(*OUTCOMES, name="outcome", native_enum=False, create_constraint=True, length=40)
    op.create_table(
        "offer_ends",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _moment("created_at", server_default=sa.func.now()),
        sa.Column("offer_id", sa.Uuid(), sa.ForeignKey("published_offers.id"), nullable=False, unique=True),
        sa.Column("outcome", outcomes, nullable=False),
        _moment("ended_at"),
    )
    op.create_table(
        "indications",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _moment("created_at", server_default=sa.func.now()),
        sa.Column("asset_id", sa.Uuid(), sa.ForeignKey("assets.id"), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), sa.ForeignKey("organisations.id"), index=True),
        _purpose(),
        *_money("low"),
        *_money("middle"),
        *_money("high"),
        _moment("as_of"),
        sa.Column("method", sa.String(60), nullable=False),
        sa.Column("model_version", sa.String(120), nullable=False),
        sa.Column("inputs_hash", sa.String(64), nullable=False),
        sa.Column("snapshot", postgresql.JSONB(), nullable=False),
        sa.Column("answer", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("low_currency = middle_currency AND low_currency = high_currency", name="low_one_currency"),
        sa.CheckConstraint(
            "low_minor >= 0 AND low_minor <= middle_minor AND middle_minor <= high_minor", name="ordered"
        ),
    )
    op.create_index("ix_indications_latest", "indications", ["asset_id", "created_at"])
    _create_others()
    _create_reviews()
    _create_freezes()
    _create_indicator_tables()
    for table in WRITTEN_ONCE:
        op.execute(GUARD.format(table=table))
        op.execute(TRIGGER.format(table=table))


def _create_others() -> None:
    """Values from elsewhere, and orders for many values."""
    bases = sa.Enum(*BASES, name="basis", native_enum=False, create_constraint=True, length=40)
    op.create_table(
        "appraisals",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _moment("created_at", server_default=sa.func.now()),
        sa.Column("asset_id", sa.Uuid(), sa.ForeignKey("assets.id"), nullable=False, index=True),
        sa.Column("organisation_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False, index=True),
        sa.Column("basis", bases, nullable=False),
        _purpose(),
        sa.Column("appraiser", sa.String(200), nullable=False),
        *_money("value"),
        sa.Column("valued_on", sa.Date(), nullable=False),
        sa.Column("file_id", sa.Uuid(), sa.ForeignKey("files.id")),
        sa.CheckConstraint("value_minor > 0", name="value_positive"),
        sa.CheckConstraint("basis <> 'external_appraisal' OR file_id IS NOT NULL", name="appraisal_has_report"),
    )
    statuses = sa.Enum("running", "finished", name="batchstatus", native_enum=False, create_constraint=True, length=40)
    op.create_table(
        "valuation_batches",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _moment("created_at", server_default=sa.func.now()),
        sa.Column("organisation_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False, index=True),
        _purpose(),
        _moment("as_of"),
        sa.Column("status", statuses, nullable=False),
        sa.Column("asset_ids", postgresql.JSONB(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.Column("refusals", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("done >= 0 AND refused >= 0 AND refused <= done AND done <= total", name="counts"),
        sa.CheckConstraint("status <> 'finished' OR done = total", name="finished_when_done"),
    )

    op.create_table(
        "valuation_batch_values",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _moment("created_at", server_default=sa.func.now()),
        sa.Column("batch_id", sa.Uuid(), sa.ForeignKey("valuation_batches.id"), nullable=False),
        sa.Column("asset_id", sa.Uuid(), sa.ForeignKey("assets.id"), nullable=False),
        *_money("low"),
        *_money("middle"),
        *_money("high"),
        sa.UniqueConstraint("batch_id", "asset_id"),
        sa.CheckConstraint("low_currency = middle_currency AND low_currency = high_currency", name="low_one_currency"),
        sa.CheckConstraint(
            "low_minor >= 0 AND low_minor <= middle_minor AND middle_minor <= high_minor", name="ordered"
        ),
    )


def _create_reviews() -> None:
    """Requests for a person's look at an indication, and the answers."""
    steps = ("asked", "taken", "answered", "withdrawn", "lapsed")
    statuses = sa.Enum(*steps, name="reviewstatus", native_enum=False, create_constraint=True, length=40)
    figures = [column for name in ("low", "middle", "high") for column in _money(name)]
    for column in figures:
        column.nullable = True
    op.create_table(
        "valuation_reviews",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _moment("created_at", server_default=sa.func.now()),
        sa.Column("indication_id", sa.Uuid(), sa.ForeignKey("indications.id"), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False, index=True),
        sa.Column("question", sa.String(2000), nullable=False),
        sa.Column("status", statuses, nullable=False),
        _moment("due_at"),
        sa.Column("reviewer_organisation_id", sa.Uuid(), sa.ForeignKey("organisations.id"), index=True),
        sa.Column("reviewer_id", sa.Uuid(), sa.ForeignKey("people.id")),
        sa.Column("opinion", sa.String(4000)),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        *figures,
        sa.CheckConstraint("low_currency = middle_currency AND low_currency = high_currency", name="low_one_currency"),
        sa.CheckConstraint(
            "low_minor IS NULL OR (low_minor >= 0 AND low_minor <= middle_minor AND middle_minor <= high_minor)",
            name="ordered",
        ),
        sa.CheckConstraint(
            "(status = 'answered') = (opinion IS NOT NULL) AND (status <> 'answered' OR reviewer_id IS NOT NULL)",
            name="answered_with_opinion",
        ),
    )
    op.create_index(
        "uq_valuation_reviews_open",
        "valuation_reviews",
        ["indication_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('asked', 'taken')"),
    )


def _create_freezes() -> None:
    """Stops of automatic values."""
    op.create_table(
        "valuation_freezes",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _moment("created_at", server_default=sa.func.now()),
        _purpose(),
        _moment("frozen_at"),
        sa.Column("standard_errors", sa.Float(), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True)),
        sa.Column("lifted_by", sa.Uuid(), sa.ForeignKey("people.id")),
        sa.Column("lifted_because", sa.String(1000)),
        sa.CheckConstraint(
            "(lifted_at IS NULL) = (lifted_because IS NULL) AND (lifted_at IS NULL OR lifted_at >= frozen_at)",
            name="lifted_with_reason",
        ),
    )
    op.create_index(
        "uq_valuation_freezes_open",
        "valuation_freezes",
        ["purpose"],
        unique=True,
        postgresql_where=sa.text("lifted_at IS NULL"),
    )


def _create_indicator_tables() -> None:
    """Versions of the indicator table."""
    op.create_table(
        "indicator_tables",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _moment("created_at", server_default=sa.func.now()),
        sa.Column("version", sa.String(60), nullable=False, unique=True),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("reason", sa.String(1000), nullable=False),
        _moment("entered_at"),
        sa.Column("entered_by", sa.Uuid(), sa.ForeignKey("people.id")),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("valuation_freezes")
    op.drop_table("valuation_reviews")
    op.drop_table("valuation_batch_values")
    op.drop_table("valuation_batches")
    for table in reversed(WRITTEN_ONCE):
        op.drop_table(table)
        op.execute(f"DROP FUNCTION {table}_stay()")
