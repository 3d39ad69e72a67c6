"""Applications, offers, pledges, loans, instalments, repayments and the days of each loan."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012_financing"
down_revision = "0011_deals"


def _clauses(table: str) -> list[sa.schema.SchemaItem]:
    """The columns and the bounds of a facility's clauses."""
    references, orders = ("fixed", "lpr_1y", "lpr_5y"), ("charges_first", "interest_first", "principal_first")
    kinds = {"native_enum": False, "create_constraint": True, "length": 40}
    return [
        sa.Column("reference", sa.Enum(*references, name="ratereference", **kinds), nullable=False),
        sa.Column("margin_bps", sa.BigInteger(), nullable=False),
        sa.Column("reset_months", sa.BigInteger(), nullable=False),
        sa.Column("grace_periods", sa.BigInteger(), nullable=False),
        sa.Column("repayment_order", sa.Enum(*orders, name="repaymentorder", **kinds), nullable=False),
        sa.Column("interest_on_interest", sa.Boolean(), nullable=False),
        sa.Column("prepayment_fee_bps", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "reset_months BETWEEN 1 AND 60 AND margin_bps BETWEEN -1000 AND 2400 AND grace_periods BETWEEN 0 AND 59 "
            "AND prepayment_fee_bps BETWEEN 0 AND 500",
            name=op.f(f"ck_{table}_clauses"),
        ),
    ]


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "financing_applications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("borrower_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "accepted",
                "withdrawn",
                "expired",
                name="applicationstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("amount_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("term_months", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.String(length=500), nullable=False),
        sa.Column("filed_by", sa.Uuid(), nullable=True),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_financing_applications_amount_positive")),
        sa.CheckConstraint("term_months BETWEEN 1 AND 60", name=op.f("ck_financing_applications_term")),
        sa.ForeignKeyConstraint(
            ["borrower_id"], ["organisations.id"], name=op.f("fk_financing_applications_borrower_id_organisations")
        ),
        sa.ForeignKeyConstraint(["filed_by"], ["people.id"], name=op.f("fk_financing_applications_filed_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_financing_applications")),
    )
    op.create_index(
        op.f("ix_financing_applications_borrower_id"), "financing_applications", ["borrower_id"], unique=False
    )
    op.create_table(
        "financing_collateral",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("low_minor", sa.BigInteger(), nullable=True),
        sa.Column("low_currency", sa.CHAR(length=3), nullable=True),
        sa.Column("middle_minor", sa.BigInteger(), nullable=True),
        sa.Column("middle_currency", sa.CHAR(length=3), nullable=True),
        sa.Column("high_minor", sa.BigInteger(), nullable=True),
        sa.Column("high_currency", sa.CHAR(length=3), nullable=True),
        sa.Column("indication_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["financing_applications.id"],
            name=op.f("fk_financing_collateral_application_id_financing_applications"),
        ),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.id"], name=op.f("fk_financing_collateral_asset_id_assets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_financing_collateral")),
        sa.UniqueConstraint("application_id", "asset_id", name=op.f("uq_financing_collateral_application_id_asset_id")),
    )
    op.create_index(op.f("ix_financing_collateral_asset_id"), "financing_collateral", ["asset_id"], unique=False)
    op.create_table(
        "financing_invitations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "invited",
                "offered",
                "declined",
                "closed",
                name="invitationstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["financing_applications.id"],
            name=op.f("fk_financing_invitations_application_id_financing_applications"),
        ),
        sa.ForeignKeyConstraint(
            ["bank_id"], ["organisations.id"], name=op.f("fk_financing_invitations_bank_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_financing_invitations")),
        sa.UniqueConstraint("application_id", "bank_id", name=op.f("uq_financing_invitations_application_id_bank_id")),
    )
    op.create_index(op.f("ix_financing_invitations_bank_id"), "financing_invitations", ["bank_id"], unique=False)
    op.create_table(
        "term_sheets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("invitation_id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "prepared",
                "offered",
                "accepted",
                "not_chosen",
                "withdrawn",
                "expired",
                name="termsheetstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("together", sa.Boolean(), nullable=False),
        sa.Column("maximum_pledge", sa.Boolean(), nullable=False),
        sa.Column("file_seen", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("own_part_minor", sa.BigInteger(), nullable=False),
        sa.Column("own_part_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("amount_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("rate_bps", sa.BigInteger(), nullable=False),
        sa.Column("penalty_rate_bps", sa.BigInteger(), nullable=False),
        sa.Column("term_months", sa.BigInteger(), nullable=False),
        sa.Column(
            "method",
            sa.Enum(
                "equal_instalments",
                "equal_principal",
                "bullet",
                "at_maturity",
                name="repaymentmethod",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("every_months", sa.BigInteger(), nullable=False),
        sa.Column("upfront_fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("upfront_fee_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("ip_secured_minor", sa.BigInteger(), nullable=False),
        sa.Column("ip_secured_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("pool_cover_bps", sa.BigInteger(), nullable=False),
        *_clauses("term_sheets"),
        sa.Column("conditions", sa.String(length=1000), nullable=False),
        sa.Column("assessed_value_minor", sa.BigInteger(), nullable=False),
        sa.Column("assessed_value_currency", sa.CHAR(length=3), nullable=False),
        sa.Column(
            "value_basis",
            sa.Enum(
                "external_appraisal",
                "bank_internal",
                "negotiated",
                "platform_model",
                name="valuationbasis",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.String(length=2000), nullable=False),
        sa.Column("effective_cost_bps", sa.BigInteger(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("prepared_by", sa.Uuid(), nullable=True),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "amount_currency = own_part_currency AND amount_currency = upfront_fee_currency AND amount_currency = ip_secured_currency AND amount_currency = assessed_value_currency",
            name=op.f("ck_term_sheets_amount_one_currency"),
        ),
        sa.CheckConstraint(
            "amount_minor > 0 AND ip_secured_minor > 0 AND ip_secured_minor <= amount_minor",
            name=op.f("ck_term_sheets_amounts"),
        ),
        sa.CheckConstraint(
            "own_part_minor > 0 AND own_part_minor <= amount_minor", name=op.f("ck_term_sheets_own_part")
        ),
        sa.CheckConstraint("pool_cover_bps BETWEEN 0 AND 10000", name=op.f("ck_term_sheets_pool_cover")),
        sa.CheckConstraint(
            "rate_bps BETWEEN 0 AND 3600 AND penalty_rate_bps BETWEEN 0 AND 7200", name=op.f("ck_term_sheets_rates")
        ),
        sa.CheckConstraint(
            "upfront_fee_minor >= 0 AND upfront_fee_minor < amount_minor", name=op.f("ck_term_sheets_upfront_fee")
        ),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["financing_applications.id"],
            name=op.f("fk_term_sheets_application_id_financing_applications"),
        ),
        sa.ForeignKeyConstraint(["approved_by"], ["people.id"], name=op.f("fk_term_sheets_approved_by_people")),
        sa.ForeignKeyConstraint(["bank_id"], ["organisations.id"], name=op.f("fk_term_sheets_bank_id_organisations")),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["financing_invitations.id"],
            name=op.f("fk_term_sheets_invitation_id_financing_invitations"),
        ),
        sa.ForeignKeyConstraint(["prepared_by"], ["people.id"], name=op.f("fk_term_sheets_prepared_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_term_sheets")),
    )
    op.create_index(op.f("ix_term_sheets_application_id"), "term_sheets", ["application_id"], unique=False)
    op.create_index(op.f("ix_term_sheets_bank_id"), "term_sheets", ["bank_id"], unique=False)
    op.create_index(
        "uq_term_sheets_one_accepted",
        "term_sheets",
        ["application_id"],
        unique=True,
        postgresql_where=sa.text("status = 'accepted'"),
    )
    op.create_index(
        "uq_term_sheets_one_live_a_bank",
        "term_sheets",
        ["invitation_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('prepared', 'offered')"),
    )
    op.create_table(
        "loans",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("term_sheet_id", sa.Uuid(), nullable=False),
        sa.Column("borrower_id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("is_club", sa.Boolean(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "approved",
                "performing",
                "overdue",
                "defaulted",
                "written_off",
                "paid_off",
                "cancelled",
                name="loanstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("principal_minor", sa.BigInteger(), nullable=False),
        sa.Column("principal_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("undrawn_minor", sa.BigInteger(), nullable=False),
        sa.Column("undrawn_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("outstanding_minor", sa.BigInteger(), nullable=False),
        sa.Column("outstanding_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("upfront_fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("upfront_fee_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("ip_secured_minor", sa.BigInteger(), nullable=False),
        sa.Column("ip_secured_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("rate_bps", sa.BigInteger(), nullable=False),
        sa.Column("penalty_rate_bps", sa.BigInteger(), nullable=False),
        sa.Column("term_months", sa.BigInteger(), nullable=False),
        sa.Column(
            "method",
            sa.Enum(
                "equal_instalments",
                "equal_principal",
                "bullet",
                "at_maturity",
                name="repaymentmethod",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("every_months", sa.BigInteger(), nullable=False),
        sa.Column("pool_cover_bps", sa.BigInteger(), nullable=False),
        *_clauses("loans"),
        sa.Column("reset_on", sa.Date(), nullable=True),
        sa.Column(
            "loan_class",
            sa.Enum(
                "normal",
                "special_mention",
                "substandard",
                "doubtful",
                "loss",
                name="loanclass",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "judged_class",
            sa.Enum(
                "normal",
                "special_mention",
                "substandard",
                "doubtful",
                "loss",
                name="judgedclass",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("days_past_due", sa.BigInteger(), nullable=False),
        sa.Column("agreed_on", sa.Date(), nullable=False),
        sa.Column("disbursed_on", sa.Date(), nullable=True),
        sa.Column("matures_on", sa.Date(), nullable=True),
        sa.Column("aged_on", sa.Date(), nullable=True),
        sa.Column("called_on", sa.Date(), nullable=True),
        sa.Column("prepared_by", sa.Uuid(), nullable=True),
        sa.Column("envelope_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(disbursed_on IS NULL) = (status IN ('approved', 'cancelled'))", name=op.f("ck_loans_disbursed")
        ),
        sa.CheckConstraint(
            "status <> 'paid_off' OR outstanding_minor = 0", name=op.f("ck_loans_paid_off_owes_nothing")
        ),
        sa.CheckConstraint("days_past_due >= 0", name=op.f("ck_loans_days_past_due")),
        sa.CheckConstraint(
            "outstanding_minor >= 0 AND undrawn_minor >= 0 AND outstanding_minor + undrawn_minor <= principal_minor",
            name=op.f("ck_loans_outstanding"),
        ),
        sa.CheckConstraint(
            "principal_currency = undrawn_currency AND principal_currency = outstanding_currency AND principal_currency = upfront_fee_currency AND principal_currency = ip_secured_currency",
            name=op.f("ck_loans_principal_one_currency"),
        ),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["financing_applications.id"],
            name=op.f("fk_loans_application_id_financing_applications"),
        ),
        sa.ForeignKeyConstraint(["bank_id"], ["organisations.id"], name=op.f("fk_loans_bank_id_organisations")),
        sa.ForeignKeyConstraint(["borrower_id"], ["organisations.id"], name=op.f("fk_loans_borrower_id_organisations")),
        sa.ForeignKeyConstraint(["envelope_id"], ["envelopes.id"], name=op.f("fk_loans_envelope_id_envelopes")),
        sa.ForeignKeyConstraint(["prepared_by"], ["people.id"], name=op.f("fk_loans_prepared_by_people")),
        sa.ForeignKeyConstraint(["term_sheet_id"], ["term_sheets.id"], name=op.f("fk_loans_term_sheet_id_term_sheets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loans")),
        sa.UniqueConstraint("application_id", name=op.f("uq_loans_application_id")),
        sa.UniqueConstraint("term_sheet_id", name=op.f("uq_loans_term_sheet_id")),
    )
    op.create_index(
        "ix_loans_aged_on",
        "loans",
        ["aged_on"],
        unique=False,
        postgresql_where=sa.text("status IN ('performing', 'overdue', 'defaulted')"),
    )
    op.create_index(op.f("ix_loans_bank_id"), "loans", ["bank_id"], unique=False)
    op.create_index(op.f("ix_loans_borrower_id"), "loans", ["borrower_id"], unique=False)
    op.create_index(op.f("ix_loans_envelope_id"), "loans", ["envelope_id"], unique=False)
    op.create_table(
        "instalments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("loan_id", sa.Uuid(), nullable=False),
        sa.Column("nr", sa.BigInteger(), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("counts_from", sa.Date(), nullable=False),
        sa.Column("carried_minor", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("principal_minor", sa.BigInteger(), nullable=False),
        sa.Column("interest_minor", sa.BigInteger(), nullable=False),
        sa.Column("fees_minor", sa.BigInteger(), nullable=False),
        sa.Column("penalty_minor", sa.BigInteger(), nullable=False),
        sa.Column("paid_principal_minor", sa.BigInteger(), nullable=False),
        sa.Column("paid_interest_minor", sa.BigInteger(), nullable=False),
        sa.Column("paid_fees_minor", sa.BigInteger(), nullable=False),
        sa.Column("paid_penalty_minor", sa.BigInteger(), nullable=False),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.CheckConstraint("due_on > begins_on", name=op.f("ck_instalments_period")),
        sa.CheckConstraint("counts_from >= begins_on AND carried_minor >= 0", name=op.f("ck_instalments_carried")),
        sa.CheckConstraint(
            "paid_principal_minor BETWEEN 0 AND principal_minor AND paid_interest_minor BETWEEN 0 AND interest_minor AND paid_fees_minor BETWEEN 0 AND fees_minor AND paid_penalty_minor BETWEEN 0 AND penalty_minor",
            name=op.f("ck_instalments_paid_within_due"),
        ),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.id"], name=op.f("fk_instalments_loan_id_loans")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instalments")),
        sa.UniqueConstraint("loan_id", "nr", name=op.f("uq_instalments_loan_id_nr")),
    )
    op.create_index(
        "ix_instalments_open",
        "instalments",
        ["loan_id", "due_on"],
        unique=False,
        postgresql_where=sa.text("settled_on IS NULL"),
    )
    op.create_table(
        "pledges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("loan_id", sa.Uuid(), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("pledgor_id", sa.Uuid(), nullable=False),
        sa.Column("lender_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "agreed",
                "filed",
                "registered",
                "refused",
                "released",
                "enforced",
                "cancelled",
                name="pledgestatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("secured_minor", sa.BigInteger(), nullable=False),
        sa.Column("secured_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("maximum", sa.Boolean(), nullable=False),
        sa.Column("single_pledge", sa.Boolean(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("waived", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("envelope_id", sa.Uuid(), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("filing_number", sa.String(length=80), nullable=True),
        sa.Column("filed_on", sa.Date(), nullable=True),
        sa.Column("registration_number", sa.String(length=80), nullable=True),
        sa.Column("registered_on", sa.Date(), nullable=True),
        sa.Column("refusal_reason", sa.String(length=500), nullable=True),
        sa.Column("encumbrance_id", sa.Uuid(), nullable=True),
        sa.Column("release_asked_by", sa.Uuid(), nullable=True),
        sa.Column("release_reason", sa.String(length=500), nullable=True),
        sa.Column("released_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "status <> 'registered' OR registered_on IS NOT NULL", name=op.f("ck_pledges_registered_has_day")
        ),
        sa.CheckConstraint(
            "(encumbrance_id IS NULL) = (registered_on IS NULL)", name=op.f("ck_pledges_registered_with_burden")
        ),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.id"], name=op.f("fk_pledges_asset_id_assets")),
        sa.ForeignKeyConstraint(
            ["encumbrance_id"], ["encumbrances.id"], name=op.f("fk_pledges_encumbrance_id_encumbrances")
        ),
        sa.ForeignKeyConstraint(["envelope_id"], ["envelopes.id"], name=op.f("fk_pledges_envelope_id_envelopes")),
        sa.ForeignKeyConstraint(["lender_id"], ["organisations.id"], name=op.f("fk_pledges_lender_id_organisations")),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.id"], name=op.f("fk_pledges_loan_id_loans")),
        sa.ForeignKeyConstraint(["pledgor_id"], ["organisations.id"], name=op.f("fk_pledges_pledgor_id_organisations")),
        sa.ForeignKeyConstraint(["release_asked_by"], ["people.id"], name=op.f("fk_pledges_release_asked_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pledges")),
    )
    op.create_index(op.f("ix_pledges_asset_id"), "pledges", ["asset_id"], unique=False)
    op.create_index(op.f("ix_pledges_envelope_id"), "pledges", ["envelope_id"], unique=False)
    op.create_index(op.f("ix_pledges_lender_id"), "pledges", ["lender_id"], unique=False)
    op.create_index("uq_pledges_one_a_loan", "pledges", ["loan_id", "asset_id"], unique=True)
    op.create_index(
        "uq_pledges_one_open",
        "pledges",
        ["asset_id"],
        unique=True,
        postgresql_where=sa.text("single_pledge AND status IN ('agreed', 'filed', 'registered')"),
    )
    op.create_table(
        "repayments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("loan_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("amount_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("bank_reference", sa.String(length=80), nullable=False),
        sa.Column("applied", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("early", sa.Boolean(), nullable=False),
        sa.Column("costs_minor", sa.BigInteger(), nullable=True),
        sa.Column("costs_currency", sa.CHAR(length=3), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_repayments_amount_positive")),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.id"], name=op.f("fk_repayments_loan_id_loans")),
        sa.ForeignKeyConstraint(["recorded_by"], ["people.id"], name=op.f("fk_repayments_recorded_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repayments")),
        sa.UniqueConstraint("loan_id", "bank_reference", name=op.f("uq_repayments_loan_id_bank_reference")),
    )
    op.create_table(
        "loan_days",
        sa.Column("loan_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("interest_minor", sa.BigInteger(), nullable=False),
        sa.Column("penalty_minor", sa.BigInteger(), nullable=False),
        sa.Column("days_past_due", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.id"], name=op.f("fk_loan_days_loan_id_loans")),
        sa.PrimaryKeyConstraint("loan_id", "day", name=op.f("pk_loan_days")),
    )
    op.create_table(
        "pledge_checks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("pledge_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("value_minor", sa.BigInteger(), nullable=True),
        sa.Column("value_currency", sa.CHAR(length=3), nullable=True),
        sa.Column("findings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledges.id"], name=op.f("fk_pledge_checks_pledge_id_pledges")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pledge_checks")),
        sa.UniqueConstraint("pledge_id", "day", name=op.f("uq_pledge_checks_pledge_id_day")),
    )
    op.create_table(
        "realisations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("pledge_id", sa.Uuid(), nullable=False),
        sa.Column("proceeds_minor", sa.BigInteger(), nullable=False),
        sa.Column("proceeds_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("costs_minor", sa.BigInteger(), nullable=False),
        sa.Column("costs_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("applied_minor", sa.BigInteger(), nullable=False),
        sa.Column("applied_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("surplus_minor", sa.BigInteger(), nullable=False),
        sa.Column("surplus_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("bank_reference", sa.String(length=80), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "costs_minor >= 0 AND applied_minor >= 0 AND surplus_minor >= 0", name=op.f("ck_realisations_parts")
        ),
        sa.CheckConstraint(
            "proceeds_currency = costs_currency AND proceeds_currency = applied_currency AND proceeds_currency = surplus_currency",
            name=op.f("ck_realisations_proceeds_one_currency"),
        ),
        sa.CheckConstraint(
            "proceeds_minor = costs_minor + applied_minor + surplus_minor", name=op.f("ck_realisations_sums")
        ),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledges.id"], name=op.f("fk_realisations_pledge_id_pledges")),
        sa.ForeignKeyConstraint(["recorded_by"], ["people.id"], name=op.f("fk_realisations_recorded_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_realisations")),
        sa.UniqueConstraint("pledge_id", "bank_reference", name=op.f("uq_realisations_pledge_id_bank_reference")),
    )
    op.create_table(
        "sale_consents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("pledge_id", sa.Uuid(), nullable=False),
        sa.Column(
            "act",
            sa.Enum(
                "transfer",
                "licence",
                "open_licence",
                name="saleact",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "asked",
                "prepared",
                "given",
                "declined",
                "withdrawn",
                name="consentstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("minimum_minor", sa.BigInteger(), nullable=True),
        sa.Column("minimum_currency", sa.CHAR(length=3), nullable=True),
        sa.Column("conditions", sa.String(length=1000), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        sa.Column("prepared_by", sa.Uuid(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(length=500), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.Column("consent_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(status IN ('given', 'withdrawn')) = (consent_id IS NOT NULL)",
            name=op.f("ck_sale_consents_given_stands_in_register"),
        ),
        sa.CheckConstraint(
            "status IN ('asked', 'declined') OR expires_on IS NOT NULL", name=op.f("ck_sale_consents_given_until_a_day")
        ),
        sa.CheckConstraint(
            "minimum_minor IS NULL OR minimum_minor > 0", name=op.f("ck_sale_consents_minimum_positive")
        ),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledges.id"], name=op.f("fk_sale_consents_pledge_id_pledges")),
        sa.ForeignKeyConstraint(["asked_by"], ["people.id"], name=op.f("fk_sale_consents_asked_by_people")),
        sa.ForeignKeyConstraint(["prepared_by"], ["people.id"], name=op.f("fk_sale_consents_prepared_by_people")),
        sa.ForeignKeyConstraint(["decided_by"], ["people.id"], name=op.f("fk_sale_consents_decided_by_people")),
        sa.ForeignKeyConstraint(["document_id"], ["files.id"], name=op.f("fk_sale_consents_document_id_files")),
        sa.ForeignKeyConstraint(["consent_id"], ["consents.id"], name=op.f("fk_sale_consents_consent_id_consents")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sale_consents")),
    )
    op.create_index(op.f("ix_sale_consents_pledge_id"), "sale_consents", ["pledge_id"], unique=False)
    op.create_index(
        "uq_sale_consents_one_open",
        "sale_consents",
        ["pledge_id", "act"],
        unique=True,
        postgresql_where=sa.text("status IN ('asked', 'prepared')"),
    )
    _make_amendments()
    _make_clubs()
    _make_statements()
    _make_pledge_entries()
    _make_receivables()
    _make_covenants()
    _make_criteria()
    _make_monitoring()


def _make_criteria() -> None:
    statuses = ("prepared", "published", "replaced", "dropped")
    op.create_table(
        "lending_criteria",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(*statuses, name="criteriastatus", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("rules", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("prepared_by", sa.Uuid(), nullable=True),
        sa.Column("published_by", sa.Uuid(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["bank_id"], ["organisations.id"], name=op.f("fk_lending_criteria_bank_id_organisations")
        ),
        sa.ForeignKeyConstraint(["prepared_by"], ["people.id"], name=op.f("fk_lending_criteria_prepared_by_people")),
        sa.ForeignKeyConstraint(["published_by"], ["people.id"], name=op.f("fk_lending_criteria_published_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lending_criteria")),
        sa.UniqueConstraint("bank_id", "version", name=op.f("uq_lending_criteria_bank_id_version")),
    )
    for status in ("prepared", "published"):
        op.create_index(
            f"uq_lending_criteria_{status}",
            "lending_criteria",
            ["bank_id"],
            unique=True,
            postgresql_where=sa.text(f"status = '{status}'"),
        )
    op.create_table(
        "indicative_offers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("criteria_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("amount_currency", sa.CHAR(length=3), nullable=True),
        sa.Column("rate_bps", sa.BigInteger(), nullable=True),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("offered_minor", sa.BigInteger(), nullable=True),
        sa.Column("offered_currency", sa.CHAR(length=3), nullable=True),
        sa.Column("offered_rate_bps", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(amount_minor IS NULL) = (rate_bps IS NULL)", name=op.f("ck_indicative_offers_whole")),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["financing_applications.id"],
            name=op.f("fk_indicative_offers_application_id_financing_applications"),
        ),
        sa.ForeignKeyConstraint(
            ["bank_id"], ["organisations.id"], name=op.f("fk_indicative_offers_bank_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["criteria_id"], ["lending_criteria.id"], name=op.f("fk_indicative_offers_criteria_id_lending_criteria")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_indicative_offers")),
        sa.UniqueConstraint("application_id", "bank_id", name=op.f("uq_indicative_offers_application_id_bank_id")),
    )
    op.create_index(op.f("ix_indicative_offers_bank_id"), "indicative_offers", ["bank_id"], unique=False)


def _make_amendments() -> None:
    kinds = ("draw", "prepayment", "extension", "restructuring", "rate_reset")
    statuses = ("proposed", "offered", "in_force", "refused")
    op.create_table(
        "loan_amendments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("loan_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(*kinds, name="amendmentkind", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(*statuses, name="amendmentstatus", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=True),
        sa.Column("agreed_by", sa.Uuid(), nullable=True),
        sa.Column("accepted_by", sa.Uuid(), nullable=True),
        sa.Column("in_force_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.id"], name=op.f("fk_loan_amendments_loan_id_loans")),
        sa.ForeignKeyConstraint(["proposed_by"], ["people.id"], name=op.f("fk_loan_amendments_proposed_by_people")),
        sa.ForeignKeyConstraint(["agreed_by"], ["people.id"], name=op.f("fk_loan_amendments_agreed_by_people")),
        sa.ForeignKeyConstraint(["accepted_by"], ["people.id"], name=op.f("fk_loan_amendments_accepted_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loan_amendments")),
    )
    op.create_index(op.f("ix_loan_amendments_loan_id"), "loan_amendments", ["loan_id"], unique=False)
    op.create_index(
        "uq_loan_amendments_one_open",
        "loan_amendments",
        ["loan_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('proposed', 'offered')"),
    )


def _make_monitoring() -> None:
    op.create_table(
        "loan_checks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("loan_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("value_minor", sa.BigInteger(), nullable=True),
        sa.Column("value_currency", sa.CHAR(length=3), nullable=True),
        sa.Column("debt_minor", sa.BigInteger(), nullable=False),
        sa.Column("debt_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("coverage_bps", sa.BigInteger(), nullable=True),
        sa.Column("required_bps", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=False),
        sa.Column("signs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("score BETWEEN 0 AND 100", name=op.f("ck_loan_checks_score_of_hundred")),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.id"], name=op.f("fk_loan_checks_loan_id_loans")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loan_checks")),
        sa.UniqueConstraint("loan_id", "day", name=op.f("uq_loan_checks_loan_id_day")),
    )
    op.create_table(
        "margin_calls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("loan_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "issued",
                "answered",
                "overdue",
                "cured",
                "withdrawn",
                "defaulted",
                name="callstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("coverage_bps", sa.BigInteger(), nullable=False),
        sa.Column("required_bps", sa.BigInteger(), nullable=False),
        sa.Column("shortfall_minor", sa.BigInteger(), nullable=False),
        sa.Column("shortfall_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("issued_by", sa.Uuid(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("ended_because", sa.String(length=500), nullable=False),
        sa.CheckConstraint("coverage_bps < required_bps", name=op.f("ck_margin_calls_called_for_a_shortfall")),
        sa.CheckConstraint("shortfall_minor > 0", name=op.f("ck_margin_calls_shortfall_positive")),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (status IN ('issued', 'answered', 'overdue'))",
            name=op.f("ck_margin_calls_ended_has_time"),
        ),
        sa.CheckConstraint(
            "status <> 'defaulted' OR ended_by <> issued_by", name=op.f("ck_margin_calls_default_by_second_person")
        ),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.id"], name=op.f("fk_margin_calls_loan_id_loans")),
        sa.ForeignKeyConstraint(["issued_by"], ["people.id"], name=op.f("fk_margin_calls_issued_by_people")),
        sa.ForeignKeyConstraint(["ended_by"], ["people.id"], name=op.f("fk_margin_calls_ended_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_margin_calls")),
    )
    op.create_index(op.f("ix_margin_calls_loan_id"), "margin_calls", ["loan_id"], unique=False)
    op.create_index(
        "uq_margin_calls_one_open",
        "margin_calls",
        ["loan_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('issued', 'answered', 'overdue')"),
    )
    op.create_table(
        "margin_answers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("pledge_id", sa.Uuid(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "offered",
                "agreed",
                "pledged",
                "declined",
                name="answerstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("offered_by", sa.Uuid(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.CheckConstraint(
            "status NOT IN ('agreed', 'pledged') OR pledge_id IS NOT NULL",
            name=op.f("ck_margin_answers_agreed_has_pledge"),
        ),
        sa.ForeignKeyConstraint(["call_id"], ["margin_calls.id"], name=op.f("fk_margin_answers_call_id_margin_calls")),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.id"], name=op.f("fk_margin_answers_asset_id_assets")),
        sa.ForeignKeyConstraint(["replaces_id"], ["pledges.id"], name=op.f("fk_margin_answers_replaces_id_pledges")),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledges.id"], name=op.f("fk_margin_answers_pledge_id_pledges")),
        sa.ForeignKeyConstraint(["offered_by"], ["people.id"], name=op.f("fk_margin_answers_offered_by_people")),
        sa.ForeignKeyConstraint(["decided_by"], ["people.id"], name=op.f("fk_margin_answers_decided_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_margin_answers")),
    )
    op.create_index(op.f("ix_margin_answers_call_id"), "margin_answers", ["call_id"], unique=False)
    op.create_index(op.f("ix_margin_answers_pledge_id"), "margin_answers", ["pledge_id"], unique=False)
    op.create_index(
        "uq_margin_answers_one_live",
        "margin_answers",
        ["call_id", "asset_id"],
        unique=True,
        postgresql_where=sa.text("status <> 'declined'"),
    )


def _make_clubs() -> None:
    """Loans of several banks: places in an offer, parts of a loan whose sums are the loan's, answers."""
    statuses = ("proposed", "asked", "recommended", "joined", "not_allowed", "declined", "dropped")
    op.create_table(
        "club_places",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("term_sheet_id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(*statuses, name="clubplacestatus", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("was_asked", sa.Boolean(), nullable=False),
        sa.Column("file_seen", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("part_minor", sa.BigInteger(), nullable=False),
        sa.Column("part_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=True),
        sa.Column("recommended_by", sa.Uuid(), nullable=True),
        sa.Column("joined_by", sa.Uuid(), nullable=True),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(length=2000), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.CheckConstraint("part_minor > 0", name=op.f("ck_club_places_part_positive")),
        sa.CheckConstraint("status <> 'joined' OR joined_at IS NOT NULL", name=op.f("ck_club_places_joined_when")),
        sa.ForeignKeyConstraint(
            ["term_sheet_id"], ["term_sheets.id"], name=op.f("fk_club_places_term_sheet_id_term_sheets")
        ),
        sa.ForeignKeyConstraint(["bank_id"], ["organisations.id"], name=op.f("fk_club_places_bank_id_organisations")),
        sa.ForeignKeyConstraint(["proposed_by"], ["people.id"], name=op.f("fk_club_places_proposed_by_people")),
        sa.ForeignKeyConstraint(["recommended_by"], ["people.id"], name=op.f("fk_club_places_recommended_by_people")),
        sa.ForeignKeyConstraint(["joined_by"], ["people.id"], name=op.f("fk_club_places_joined_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_places")),
    )
    op.create_index(op.f("ix_club_places_term_sheet_id"), "club_places", ["term_sheet_id"], unique=False)
    op.create_index(op.f("ix_club_places_bank_id"), "club_places", ["bank_id"], unique=False)
    op.create_index(
        "uq_club_places_one_a_bank",
        "club_places",
        ["term_sheet_id", "bank_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('proposed', 'asked', 'recommended', 'joined')"),
    )
    amounts = ("committed", "undrawn", "outstanding")
    op.create_table(
        "loan_shares",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("loan_id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        *(
            column
            for name in amounts
            for column in (
                sa.Column(f"{name}_minor", sa.BigInteger(), nullable=False),
                sa.Column(f"{name}_currency", sa.CHAR(length=3), nullable=False),
            )
        ),
        sa.CheckConstraint("committed_minor > 0", name=op.f("ck_loan_shares_committed_positive")),
        sa.CheckConstraint(
            "outstanding_minor >= 0 AND undrawn_minor >= 0 AND outstanding_minor + undrawn_minor <= committed_minor",
            name=op.f("ck_loan_shares_outstanding"),
        ),
        sa.CheckConstraint(
            "committed_currency = undrawn_currency AND committed_currency = outstanding_currency",
            name=op.f("ck_loan_shares_committed_one_currency"),
        ),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.id"], name=op.f("fk_loan_shares_loan_id_loans")),
        sa.ForeignKeyConstraint(["bank_id"], ["organisations.id"], name=op.f("fk_loan_shares_bank_id_organisations")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loan_shares")),
        sa.UniqueConstraint("loan_id", "bank_id", name=op.f("uq_loan_shares_loan_id_bank_id")),
    )
    op.create_index(op.f("ix_loan_shares_bank_id"), "loan_shares", ["bank_id"], unique=False)
    matters = ("amendment", "release", "write_off", "waiver")
    op.create_table(
        "club_votes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("loan_id", sa.Uuid(), nullable=False),
        sa.Column(
            "matter",
            sa.Enum(*matters, name="matter", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("agrees", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("voted_by", sa.Uuid(), nullable=True),
        sa.Column("voted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.id"], name=op.f("fk_club_votes_loan_id_loans")),
        sa.ForeignKeyConstraint(["bank_id"], ["organisations.id"], name=op.f("fk_club_votes_bank_id_organisations")),
        sa.ForeignKeyConstraint(["voted_by"], ["people.id"], name=op.f("fk_club_votes_voted_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_votes")),
        sa.UniqueConstraint("subject_id", "bank_id", name=op.f("uq_club_votes_subject_id_bank_id")),
    )
    op.create_index(op.f("ix_club_votes_loan_id"), "club_votes", ["loan_id"], unique=False)
    op.create_index(op.f("ix_club_votes_bank_id"), "club_votes", ["bank_id"], unique=False)
    op.execute(PARTS_SUM)
    op.execute(PARTS_SUM_ON_SHARES)
    op.execute(PARTS_SUM_ON_LOANS)


def _make_pledge_entries() -> None:
    kinds = ("amendment", "extension", "cancellation")
    op.create_table(
        "pledge_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("pledge_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(*kinds, name="entrykind", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("number", sa.String(length=80), nullable=False),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledges.id"], name=op.f("fk_pledge_entries_pledge_id_pledges")),
        sa.ForeignKeyConstraint(["recorded_by"], ["people.id"], name=op.f("fk_pledge_entries_recorded_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pledge_entries")),
        sa.UniqueConstraint("pledge_id", "kind", "number", name=op.f("uq_pledge_entries_pledge_id_kind_number")),
    )
    op.create_index(op.f("ix_pledge_entries_pledge_id"), "pledge_entries", ["pledge_id"], unique=False)


def _make_receivables() -> None:
    statuses = ("offered", "agreed", "registered", "declined", "cancelled", "released")
    op.create_table(
        "receivables",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("loan_id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(*statuses, name="receivablestatus", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("expected_minor", sa.BigInteger(), nullable=False),
        sa.Column("expected_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("basis", sa.String(length=500), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("envelope_id", sa.Uuid(), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("registration_number", sa.String(length=80), nullable=True),
        sa.Column("registered_on", sa.Date(), nullable=True),
        sa.Column("notified_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("release_asked_by", sa.Uuid(), nullable=True),
        sa.Column("released_on", sa.Date(), nullable=True),
        sa.CheckConstraint("expected_minor > 0", name=op.f("ck_receivables_expected_positive")),
        sa.CheckConstraint(
            "(registered_on IS NULL) = (registration_number IS NULL)",
            name=op.f("ck_receivables_registered_with_number"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('registered', 'released') OR registered_on IS NOT NULL",
            name=op.f("ck_receivables_registered_has_day"),
        ),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.id"], name=op.f("fk_receivables_loan_id_loans")),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"], name=op.f("fk_receivables_deal_id_deals")),
        sa.ForeignKeyConstraint(["envelope_id"], ["envelopes.id"], name=op.f("fk_receivables_envelope_id_envelopes")),
        sa.ForeignKeyConstraint(
            ["release_asked_by"], ["people.id"], name=op.f("fk_receivables_release_asked_by_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receivables")),
    )
    op.create_index(op.f("ix_receivables_loan_id"), "receivables", ["loan_id"], unique=False)
    op.create_index(op.f("ix_receivables_envelope_id"), "receivables", ["envelope_id"], unique=False)
    op.create_index(
        "uq_receivables_one_open",
        "receivables",
        ["deal_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('offered', 'agreed', 'registered')"),
    )


def _make_statements() -> None:
    amounts = ("revenue", "net_profit", "total_assets", "total_liabilities")
    op.create_table(
        "borrower_statements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("months", sa.BigInteger(), nullable=False),
        *(
            column
            for name in amounts
            for column in (
                sa.Column(f"{name}_minor", sa.BigInteger(), nullable=False),
                sa.Column(f"{name}_currency", sa.CHAR(length=3), nullable=False),
            )
        ),
        sa.Column("audited", sa.Boolean(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("given_by", sa.Uuid(), nullable=True),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("months IN (3, 6, 12)", name=op.f("ck_borrower_statements_months")),
        sa.CheckConstraint(
            "revenue_minor >= 0 AND total_assets_minor >= 0 AND total_liabilities_minor >= 0",
            name=op.f("ck_borrower_statements_not_negative"),
        ),
        sa.CheckConstraint(
            " AND ".join(f"revenue_currency = {name}_currency" for name in amounts[1:]),
            name=op.f("ck_borrower_statements_revenue_one_currency"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_borrower_statements_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name=op.f("fk_borrower_statements_file_id_files")),
        sa.ForeignKeyConstraint(["given_by"], ["people.id"], name=op.f("fk_borrower_statements_given_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_borrower_statements")),
    )
    op.create_index("ix_borrower_statements_period", "borrower_statements", ["organisation_id", "ends_on"])


PARTS_SUM = """
CREATE FUNCTION loan_parts_sum() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE one record; parts record; loan uuid := (to_jsonb(NEW) ->> TG_ARGV[0])::uuid;
BEGIN
  SELECT * INTO one FROM loans WHERE id = loan;
  SELECT count(*) AS banks, sum(committed_minor) AS committed, sum(undrawn_minor) AS undrawn,
         sum(outstanding_minor) AS outstanding, bool_and(committed_currency = one.principal_currency) AS alike,
         bool_or(bank_id = one.bank_id) AS agent
    INTO parts FROM loan_shares WHERE loan_id = loan;
  IF NOT one.is_club OR parts.banks < 2 OR NOT parts.alike OR NOT parts.agent
     OR parts.committed <> one.principal_minor OR parts.outstanding <> one.outstanding_minor
     OR (one.disbursed_on IS NOT NULL AND parts.undrawn <> one.undrawn_minor) THEN
    RAISE EXCEPTION 'the parts of the lenders are not the loan %', loan USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
"""
PARTS_SUM_ON_SHARES = """
CREATE CONSTRAINT TRIGGER parts_sum AFTER INSERT OR UPDATE ON loan_shares
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION loan_parts_sum('loan_id')
"""
PARTS_SUM_ON_LOANS = """
CREATE CONSTRAINT TRIGGER parts_sum AFTER INSERT OR UPDATE ON loans
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.is_club) EXECUTE FUNCTION loan_parts_sum('id')
"""


def _promise(table: str) -> list[sa.schema.SchemaItem]:
    """The columns and the bounds of a covenant."""
    kinds = ("information", "financial", "upkeep", "negative")
    measures = ("debt_to_assets", "current_ratio", "revenue", "coverage")
    checked = {"native_enum": False, "create_constraint": True, "length": 40}
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("kind", sa.Enum(*kinds, name="covenantkind", **checked), nullable=False),
        sa.Column("measure", sa.Enum(*measures, name="measure", **checked), nullable=True),
        sa.Column("threshold", sa.Numeric(precision=20, scale=4), nullable=True),
        sa.Column("every_months", sa.BigInteger(), nullable=False),
        sa.Column("days_after", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.CheckConstraint(
            "(kind = 'financial') = (measure IS NOT NULL) AND (measure IS NULL) = (threshold IS NULL) "
            "AND (threshold IS NULL OR threshold > 0) AND (kind <> 'information' OR text <> '') "
            "AND every_months BETWEEN 1 AND 60 AND days_after BETWEEN 0 AND 180",
            name=op.f(f"ck_{table}_promise"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def _make_covenants() -> None:
    """Covenants: in an offer while it is alive, in a loan for good, and their test days."""
    op.create_table(
        "offered_covenants",
        *_promise("offered_covenants"),
        sa.Column("term_sheet_id", sa.Uuid(), nullable=False),
        sa.Column("agreed_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["term_sheet_id"], ["term_sheets.id"], name=op.f("fk_offered_covenants_term_sheet_id_term_sheets")
        ),
        sa.ForeignKeyConstraint(["agreed_by"], ["people.id"], name=op.f("fk_offered_covenants_agreed_by_people")),
    )
    op.create_index(op.f("ix_offered_covenants_term_sheet_id"), "offered_covenants", ["term_sheet_id"], unique=False)
    for name, column, where in (
        ("measure", "measure", "measure IS NOT NULL"),
        ("kind", "kind", "kind IN ('upkeep', 'negative')"),
    ):
        op.create_index(
            f"uq_offered_covenants_one_a_{name}",
            "offered_covenants",
            ["term_sheet_id", column],
            unique=True,
            postgresql_where=sa.text(where),
        )
    op.create_table(
        "covenants",
        *_promise("covenants"),
        sa.Column("loan_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.id"], name=op.f("fk_covenants_loan_id_loans")),
    )
    op.create_index(op.f("ix_covenants_loan_id"), "covenants", ["loan_id"], unique=False)
    op.execute(
        "CREATE TRIGGER covenants_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON covenants "
        "FOR EACH STATEMENT EXECUTE FUNCTION documents_never_changed()"
    )
    op.execute(OFFER_SETTLED)
    op.execute(
        "CREATE TRIGGER offered_covenants_settled BEFORE INSERT OR UPDATE OR DELETE ON offered_covenants "
        "FOR EACH ROW EXECUTE FUNCTION offered_covenants_settled()"
    )
    _make_covenant_tests()


def _make_covenant_tests() -> None:
    statuses = ("due", "reported", "overdue", "met", "breached", "cured", "waived", "ended")
    people = ("reported_by", "answered_by", "waiver_asked_by", "waived_by")
    op.create_table(
        "covenant_tests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("covenant_id", sa.Uuid(), nullable=False),
        sa.Column("nr", sa.BigInteger(), nullable=False),
        sa.Column("tested_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(*statuses, name="teststatus", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("figure", sa.Numeric(precision=20, scale=4), nullable=True),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("reported_by", sa.Uuid(), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(length=500), nullable=False),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("breached_on", sa.Date(), nullable=True),
        sa.Column("findings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("waiver_reason", sa.String(length=500), nullable=False),
        sa.Column("waiver_asked_by", sa.Uuid(), nullable=True),
        sa.Column("waived_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("due_on >= tested_on", name=op.f("ck_covenant_tests_period")),
        sa.CheckConstraint("figure IS NULL OR figure >= 0", name=op.f("ck_covenant_tests_figure")),
        sa.CheckConstraint(
            "status <> 'reported' OR reported_at IS NOT NULL", name=op.f("ck_covenant_tests_reported_when")
        ),
        sa.CheckConstraint(
            "status NOT IN ('breached', 'cured') OR breached_on IS NOT NULL",
            name=op.f("ck_covenant_tests_breached_when"),
        ),
        sa.CheckConstraint(
            "(waiver_asked_by IS NULL) = (waiver_reason = '')", name=op.f("ck_covenant_tests_waiver_has_reason")
        ),
        sa.CheckConstraint(
            "status <> 'waived' OR (waived_by IS NOT NULL AND waiver_asked_by IS NOT NULL "
            "AND waived_by <> waiver_asked_by)",
            name=op.f("ck_covenant_tests_waived_by_second_person"),
        ),
        sa.ForeignKeyConstraint(
            ["covenant_id"], ["covenants.id"], name=op.f("fk_covenant_tests_covenant_id_covenants")
        ),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name=op.f("fk_covenant_tests_file_id_files")),
        *(
            sa.ForeignKeyConstraint([name], ["people.id"], name=op.f(f"fk_covenant_tests_{name}_people"))
            for name in people
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_covenant_tests")),
        sa.UniqueConstraint("covenant_id", "nr", name=op.f("uq_covenant_tests_covenant_id_nr")),
    )
    op.create_index(
        "ix_covenant_tests_nightly",
        "covenant_tests",
        ["tested_on"],
        unique=False,
        postgresql_where=sa.text("status IN ('due', 'breached')"),
    )


OFFER_SETTLED = """
CREATE FUNCTION offered_covenants_settled() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE sheet uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.term_sheet_id ELSE NEW.term_sheet_id END;
BEGIN
  IF TG_OP = 'UPDATE'
     OR NOT EXISTS (SELECT 1 FROM term_sheets WHERE id = sheet AND status IN ('prepared', 'offered')) THEN
    RAISE EXCEPTION 'the covenants of the offer % are settled', sheet USING ERRCODE = 'check_violation';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$
"""


def downgrade() -> None:
    """Drop the tables."""
    for table in (
        "receivables",
        "pledge_entries",
        "borrower_statements",
        "covenant_tests",
        "covenants",
        "offered_covenants",
        "club_votes",
        "loan_shares",
        "club_places",
        "margin_answers",
        "margin_calls",
        "loan_checks",
        "loan_amendments",
        "indicative_offers",
        "lending_criteria",
        "sale_consents",
        "realisations",
        "pledge_checks",
        "loan_days",
        "repayments",
        "pledges",
        "instalments",
        "loans",
        "term_sheets",
        "financing_invitations",
        "financing_collateral",
        "financing_applications",
    ):
        op.drop_table(table)
    op.execute("DROP FUNCTION loan_parts_sum()")
    op.execute("DROP FUNCTION offered_covenants_settled()")
