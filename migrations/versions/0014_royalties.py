"""Running royalties of licences: reporting periods and inspections of the books."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014_royalties"
down_revision = "0013_risk_pool"


def _own_columns() -> tuple[sa.Column[Any], sa.Column[Any]]:
    made = sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)
    return sa.Column("id", sa.Uuid(), primary_key=True), made


def _money(name: str) -> tuple[sa.Column[Any], sa.Column[Any]]:
    return sa.Column(f"{name}_minor", sa.BigInteger()), sa.Column(f"{name}_currency", sa.CHAR(3))


def _moment(name: str, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "royalty_periods",
        *_own_columns(),
        sa.Column("deal_id", sa.Uuid(), sa.ForeignKey("deals.id"), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Date(), nullable=False) for name in ("begins_on", "ends_on", "due_on")),
        sa.Column("rate_bps", sa.BigInteger(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "open", "reported", "paid", name="royaltystatus", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        *(column for name in ("base", "royalty", "interest") for column in _money(name)),
        sa.Column("note", sa.String(500), nullable=False),
        sa.Column("file_id", sa.Uuid(), sa.ForeignKey("files.id")),
        sa.Column("reported_by", sa.Uuid(), sa.ForeignKey("people.id")),
        _moment("reported_at"),
        sa.Column("paid_on", sa.Date()),
        _moment("reminded_at"),
        sa.UniqueConstraint("deal_id", "number"),
        sa.CheckConstraint("ends_on >= begins_on AND due_on > ends_on", name="days_in_order"),
        sa.CheckConstraint("base_minor >= 0 AND royalty_minor BETWEEN 0 AND base_minor", name="amounts_sane"),
        sa.CheckConstraint("(status = 'open') = (reported_at IS NULL)", name="reported_has_time"),
    )
    op.create_index("ix_royalty_periods_due_on", "royalty_periods", ["due_on"])
    op.create_table(
        "royalty_audits",
        *_own_columns(),
        sa.Column("deal_id", sa.Uuid(), sa.ForeignKey("deals.id"), nullable=False),
        sa.Column("year", sa.BigInteger(), nullable=False),
        sa.Column("accountant", sa.String(200), nullable=False),
        _moment("asked_at", nullable=False),
        *_money("shortfall"),
        sa.Column("file_id", sa.Uuid(), sa.ForeignKey("files.id")),
        _moment("found_at"),
        _moment("accepted_at"),
        sa.UniqueConstraint("deal_id", "year"),
        sa.CheckConstraint("shortfall_minor >= 0", name="shortfall_not_negative"),
        sa.CheckConstraint("accepted_at IS NULL OR found_at IS NOT NULL", name="accepted_after_found"),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("royalty_audits")
    op.drop_table("royalty_periods")
