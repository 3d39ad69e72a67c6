"""Invoices of the marketplace's charges, numbered by series."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015_invoices"
down_revision = "0014_royalties"

NEVER_CHANGED = """
CREATE FUNCTION invoices_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an invoice is never changed; credit it';
END $$;
CREATE TRIGGER invoices_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON invoices
    FOR EACH STATEMENT EXECUTE FUNCTION invoices_refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON invoices FROM PUBLIC;
"""


def _own_columns() -> tuple[sa.Column[Any], sa.Column[Any]]:
    made = sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)
    return sa.Column("id", sa.Uuid(), primary_key=True), made


def _money(name: str) -> tuple[sa.Column[Any], sa.Column[Any]]:
    minor = sa.Column(f"{name}_minor", sa.BigInteger(), nullable=False)
    return minor, sa.Column(f"{name}_currency", sa.CHAR(3), nullable=False)


def _organisation(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False)


def upgrade() -> None:
    """Make the tables; an invoice can be added, never changed."""
    op.create_table(
        "invoice_series",
        *_own_columns(),
        _organisation("supplier_id"),
        sa.Column("year", sa.BigInteger(), nullable=False),
        sa.Column("last_number", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("supplier_id", "year"),
    )
    kinds = sa.Enum("invoice", "credit_note", name="invoicekind", native_enum=False, create_constraint=True, length=40)
    op.create_table(
        "invoices",
        *_own_columns(),
        _organisation("supplier_id"),
        _organisation("customer_id"),
        sa.Column("kind", kinds, nullable=False),
        sa.Column("year", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("charge", sa.String(40), nullable=False),
        *(column for name in ("net", "tax", "gross") for column in _money(name)),
        sa.Column("tax_code", sa.String(10), nullable=False),
        sa.Column("tax_bps", sa.BigInteger(), nullable=False),
        sa.Column("tax_source", sa.String(200), nullable=False),
        sa.Column("credits_id", sa.Uuid(), sa.ForeignKey("invoices.id"), unique=True),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("issued_by", sa.Uuid(), sa.ForeignKey("people.id")),
        sa.UniqueConstraint("supplier_id", "year", "number"),
        sa.UniqueConstraint("subject_id", "charge", "kind"),
        sa.CheckConstraint("gross_minor = net_minor + tax_minor AND gross_minor > 0", name="adds_up"),
        sa.CheckConstraint("gross_currency = net_currency AND gross_currency = tax_currency", name="one_currency"),
        sa.CheckConstraint("(kind = 'credit_note') = (credits_id IS NOT NULL)", name="credit_names_invoice"),
    )
    op.create_index("ix_invoices_customer_id", "invoices", ["customer_id"])
    op.execute(NEVER_CHANGED)


def downgrade() -> None:
    """Drop the tables and their guard."""
    op.drop_table("invoices")
    op.drop_table("invoice_series")
    op.execute("DROP FUNCTION invoices_refuse_change")
