"""The tables of the risk pools: pools, schemes, enrolments, claims, recoveries; their sums guarded by PostgreSQL."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013_risk_pool"
down_revision = "0012_financing"

KEPT = """
CREATE FUNCTION risk_pool_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$
"""
CLAIM_SUM = """
CREATE FUNCTION risk_pool_claim_sum() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT sum(amount_minor) FROM risk_pool_claim_shares WHERE claim_id = NEW.claim_id)
       IS DISTINCT FROM (SELECT loss_minor FROM risk_pool_claims WHERE id = NEW.claim_id) THEN
        RAISE EXCEPTION 'the shares of claim % do not sum to its loss', NEW.claim_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$
"""
RECOVERY_SUM = """
CREATE FUNCTION risk_pool_recovery_sum() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT sum(amount_minor) FROM risk_pool_recovery_shares WHERE recovery_id = NEW.recovery_id)
       IS DISTINCT FROM (SELECT received_minor FROM risk_pool_recoveries WHERE id = NEW.recovery_id) THEN
        RAISE EXCEPTION 'the shares of recovery % do not sum to it', NEW.recovery_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$
"""
NEVER_CHANGED = ("risk_pool_schemes", "risk_pool_recoveries")
SUMS = {"risk_pool_claim_shares": "risk_pool_claim_sum", "risk_pool_recovery_shares": "risk_pool_recovery_sum"}


def upgrade() -> None:
    """Make the tables and their guards."""
    _risk_pools()
    _risk_pool_schemes()
    _risk_pool_suspensions()
    _risk_pool_halts()
    _risk_pool_enrolments()
    _risk_pool_claims()
    _risk_pool_enrolment_parties()
    _risk_pool_claim_documents()
    _risk_pool_claim_shares()
    _risk_pool_recoveries()
    _risk_pool_recovery_shares()
    _risk_pool_take_overs()
    _risk_pool_replenishments()
    _risk_pool_premiums()
    _risk_pool_subsidies()
    for statement in (KEPT, CLAIM_SUM, RECOVERY_SUM):
        op.execute(statement)
    for table in NEVER_CHANGED:
        op.execute(
            f"CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION risk_pool_kept()"
        )
    for table, function in SUMS.items():
        op.execute(
            f"CREATE CONSTRAINT TRIGGER sums AFTER INSERT OR UPDATE ON {table} "
            f"DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {function}()"
        )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("risk_pool_subsidies")
    op.drop_table("risk_pool_premiums")
    op.drop_table("risk_pool_replenishments")
    op.drop_table("risk_pool_take_overs")
    op.drop_table("risk_pool_recovery_shares")
    op.drop_table("risk_pool_recoveries")
    op.drop_table("risk_pool_claim_shares")
    op.drop_table("risk_pool_claim_documents")
    op.drop_table("risk_pool_enrolment_parties")
    op.drop_table("risk_pool_claims")
    op.drop_table("risk_pool_enrolments")
    op.drop_table("risk_pool_halts")
    op.drop_table("risk_pool_suspensions")
    op.drop_table("risk_pool_schemes")
    op.drop_table("risk_pools")
    for function in ("risk_pool_kept", *SUMS.values()):
        op.execute(f"DROP FUNCTION {function}()")


def _risk_pools() -> None:
    op.create_table(
        "risk_pools",
        *_key(),
        sa.Column("administrator_id", sa.Uuid(), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("leverage_bps", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("leverage_bps > 0", name="ck_risk_pools_leverage_positive"),
        sa.ForeignKeyConstraint(
            ["administrator_id"], ["organisations.id"], name="fk_risk_pools_administrator_id_organisations"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_risk_pools"),
    )
    op.create_index("ix_risk_pools_administrator_id", "risk_pools", ["administrator_id"], unique=False)


def _risk_pool_schemes() -> None:
    op.create_table(
        "risk_pool_schemes",
        *_key(),
        sa.Column("pool_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("mode", sa.String(length=40), nullable=False),
        sa.Column("document", postgresql.JSONB(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("effective_to", sa.Date(), nullable=True),
        sa.Column("adopted_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["pool_id"], ["risk_pools.id"], name="fk_risk_pool_schemes_pool_id_risk_pools"),
        sa.PrimaryKeyConstraint("id", name="pk_risk_pool_schemes"),
        sa.UniqueConstraint(
            "pool_id", "name", "version", "mode", name="uq_risk_pool_schemes_pool_id_name_version_mode"
        ),
    )


def _risk_pool_halts() -> None:
    op.create_table(
        "risk_pool_halts",
        *_key(),
        sa.Column("pool_id", sa.Uuid(), nullable=False),
        sa.Column(
            "cause",
            sa.Enum(
                "decision",
                "exhausted",
                "loss_rate",
                name="haltcause",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("halted_by", sa.Uuid(), nullable=True),
        sa.Column("halted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        sa.Column("asked_because", sa.String(length=1000), nullable=True),
        sa.Column("reopened_by", sa.Uuid(), nullable=True),
        sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "reopened_at IS NULL OR (reopened_by IS NOT NULL AND asked_by IS NOT NULL AND reopened_by <> asked_by)",
            name="ck_risk_pool_halts_reopened_by_two",
        ),
        sa.ForeignKeyConstraint(["pool_id"], ["risk_pools.id"], name="fk_risk_pool_halts_pool_id_risk_pools"),
        sa.PrimaryKeyConstraint("id", name="pk_risk_pool_halts"),
    )
    op.create_index("ix_risk_pool_halts_pool_id", "risk_pool_halts", ["pool_id"], unique=False)
    op.create_index(
        "uq_risk_pool_halts_open", "risk_pool_halts", ["pool_id"], unique=True,
        postgresql_where=sa.text("reopened_at IS NULL"),
    )  # fmt: skip


def _risk_pool_suspensions() -> None:
    op.create_table(
        "risk_pool_suspensions",
        *_key(),
        sa.Column("pool_id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("loss_rate_bps", sa.BigInteger(), nullable=False),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by", sa.Uuid(), nullable=True),
        sa.Column("lifted_because", sa.String(length=1000), nullable=True),
        sa.ForeignKeyConstraint(
            ["bank_id"], ["organisations.id"], name="fk_risk_pool_suspensions_bank_id_organisations"
        ),
        sa.ForeignKeyConstraint(["pool_id"], ["risk_pools.id"], name="fk_risk_pool_suspensions_pool_id_risk_pools"),
        sa.PrimaryKeyConstraint("id", name="pk_risk_pool_suspensions"),
    )
    op.create_index("ix_risk_pool_suspensions_bank_id", "risk_pool_suspensions", ["bank_id"], unique=False)
    op.create_index(
        "uq_risk_pool_suspensions_open",
        "risk_pool_suspensions",
        ["pool_id", "bank_id"],
        unique=True,
        postgresql_where=sa.text("lifted_at IS NULL"),
    )


def _risk_pool_enrolments() -> None:
    op.create_table(
        "risk_pool_enrolments",
        *_key(),
        sa.Column("pool_id", sa.Uuid(), nullable=False),
        sa.Column("scheme_id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("borrower_id", sa.Uuid(), nullable=False),
        sa.Column("loan_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "bank_submitted",
                "pool_review",
                "enrolled",
                "active",
                "extended",
                "abnormal",
                "compensated",
                "repaid",
                "recovered",
                "written_off",
                "rejected",
                "withdrawn",
                name="enrolmentstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        *_money("principal"),
        sa.Column("ip_share_bps", sa.BigInteger(), nullable=True),
        *_money("ip_principal"),
        *_money("counted"),
        *_money("cover"),
        sa.Column("financed_on", sa.Date(), nullable=True),
        sa.Column("submitted_by", sa.Uuid(), nullable=True),
        sa.Column("reviewed_by", sa.Uuid(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=1000), nullable=True),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> reviewed_by", name="ck_risk_pool_enrolments_second_person"
        ),
        sa.CheckConstraint(
            "ip_principal_minor <= principal_minor AND cover_minor <= ip_principal_minor AND counted_minor <= ip_principal_minor AND cover_minor >= 0 AND counted_minor >= 0",
            name="ck_risk_pool_enrolments_cover_within_loan",
        ),
        sa.CheckConstraint(
            "ip_share_bps IS NULL OR ip_share_bps BETWEEN 0 AND 10000", name="ck_risk_pool_enrolments_ip_share_of_one"
        ),
        sa.ForeignKeyConstraint(
            ["bank_id"], ["organisations.id"], name="fk_risk_pool_enrolments_bank_id_organisations"
        ),
        sa.ForeignKeyConstraint(
            ["borrower_id"], ["organisations.id"], name="fk_risk_pool_enrolments_borrower_id_organisations"
        ),
        sa.ForeignKeyConstraint(["pool_id"], ["risk_pools.id"], name="fk_risk_pool_enrolments_pool_id_risk_pools"),
        sa.ForeignKeyConstraint(
            ["scheme_id"], ["risk_pool_schemes.id"], name="fk_risk_pool_enrolments_scheme_id_risk_pool_schemes"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_risk_pool_enrolments"),
    )
    op.create_index("ix_risk_pool_enrolments_bank_id", "risk_pool_enrolments", ["bank_id"], unique=False)
    op.create_index("ix_risk_pool_enrolments_borrower_id", "risk_pool_enrolments", ["borrower_id"], unique=False)
    op.create_index("ix_risk_pool_enrolments_pool_id", "risk_pool_enrolments", ["pool_id"], unique=False)
    op.create_index(
        "uq_risk_pool_enrolments_live_loan",
        "risk_pool_enrolments",
        ["loan_id"],
        unique=True,
        postgresql_where=sa.text("status NOT IN ('rejected', 'withdrawn')"),
    )


def _risk_pool_claims() -> None:
    op.create_table(
        "risk_pool_claims",
        *_key(),
        sa.Column("enrolment_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "filed",
                "in_review",
                "recommended",
                "returned",
                "rejected",
                "withdrawn",
                "compensated",
                name="claimstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        *_money("loss"),
        *_money("other_loss"),
        sa.Column("filed_by", sa.Uuid(), nullable=True),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewed_by", sa.Uuid(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=1000), nullable=True),
        sa.CheckConstraint("decided_by IS NULL OR decided_by <> reviewed_by", name="ck_risk_pool_claims_second_person"),
        sa.CheckConstraint("loss_minor > 0", name="ck_risk_pool_claims_loss_positive"),
        sa.ForeignKeyConstraint(
            ["enrolment_id"], ["risk_pool_enrolments.id"], name="fk_risk_pool_claims_enrolment_id_risk_pool_enrolments"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_risk_pool_claims"),
    )
    op.create_index("ix_risk_pool_claims_enrolment_id", "risk_pool_claims", ["enrolment_id"], unique=False)
    op.create_index(
        "uq_risk_pool_claims_live",
        "risk_pool_claims",
        ["enrolment_id"],
        unique=True,
        postgresql_where=sa.text("status NOT IN ('rejected', 'withdrawn')"),
    )


def _risk_pool_enrolment_parties() -> None:
    op.create_table(
        "risk_pool_enrolment_parties",
        *_key(),
        sa.Column("enrolment_id", sa.Uuid(), nullable=False),
        sa.Column("party", sa.String(length=40), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("agreed_by", sa.Uuid(), nullable=True),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["enrolment_id"], ["risk_pool_enrolments.id"]),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name="fk_risk_pool_enrolment_parties_organisation_id_organisations",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_risk_pool_enrolment_parties"),
        sa.UniqueConstraint("enrolment_id", "party", name="uq_risk_pool_enrolment_parties_enrolment_id_party"),
    )
    op.create_index(
        "ix_risk_pool_enrolment_parties_enrolment_id", "risk_pool_enrolment_parties", ["enrolment_id"], unique=False
    )
    op.create_index(
        "ix_risk_pool_enrolment_parties_organisation_id",
        "risk_pool_enrolment_parties",
        ["organisation_id"],
        unique=False,
    )


def _risk_pool_claim_documents() -> None:
    op.create_table(
        "risk_pool_claim_documents",
        *_key(),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "loan_contract",
                "disbursement_proof",
                "pledge_registration",
                "dunning_record",
                "classification_proof",
                "recovery_undertaking",
                name="claimdocumentkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["claim_id"], ["risk_pool_claims.id"], name="fk_risk_pool_claim_documents_claim_id_risk_pool_claims"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_risk_pool_claim_documents"),
        sa.UniqueConstraint("claim_id", "kind", "file_id", name="uq_risk_pool_claim_documents_claim_id_kind_file_id"),
    )
    op.create_index("ix_risk_pool_claim_documents_claim_id", "risk_pool_claim_documents", ["claim_id"], unique=False)


def _risk_pool_claim_shares() -> None:
    op.create_table(
        "risk_pool_claim_shares",
        *_key(),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("party", sa.String(length=40), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        *_money("amount"),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_reference", sa.String(length=100), nullable=True),
        sa.CheckConstraint("amount_minor >= 0", name="ck_risk_pool_claim_shares_amount_not_negative"),
        sa.ForeignKeyConstraint(
            ["claim_id"], ["risk_pool_claims.id"], name="fk_risk_pool_claim_shares_claim_id_risk_pool_claims"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_risk_pool_claim_shares_organisation_id_organisations"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_risk_pool_claim_shares"),
        sa.UniqueConstraint("claim_id", "party", name="uq_risk_pool_claim_shares_claim_id_party"),
    )
    op.create_index("ix_risk_pool_claim_shares_claim_id", "risk_pool_claim_shares", ["claim_id"], unique=False)
    op.create_index(
        "ix_risk_pool_claim_shares_organisation_id", "risk_pool_claim_shares", ["organisation_id"], unique=False
    )


def _risk_pool_recoveries() -> None:
    op.create_table(
        "risk_pool_recoveries",
        *_key(),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        *_money("received"),
        *_money("cost"),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("bank_reference", sa.String(length=100), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "received_minor >= 0 AND cost_minor >= 0", name="ck_risk_pool_recoveries_amounts_not_negative"
        ),
        sa.ForeignKeyConstraint(
            ["claim_id"], ["risk_pool_claims.id"], name="fk_risk_pool_recoveries_claim_id_risk_pool_claims"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_risk_pool_recoveries"),
        sa.UniqueConstraint("claim_id", "bank_reference", name="uq_risk_pool_recoveries_claim_id_bank_reference"),
    )
    op.create_index("ix_risk_pool_recoveries_claim_id", "risk_pool_recoveries", ["claim_id"], unique=False)


def _risk_pool_recovery_shares() -> None:
    op.create_table(
        "risk_pool_recovery_shares",
        *_key(),
        sa.Column("recovery_id", sa.Uuid(), nullable=False),
        sa.Column("party", sa.String(length=40), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        *_money("amount"),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_reference", sa.String(length=100), nullable=True),
        sa.CheckConstraint("amount_minor >= 0", name="ck_risk_pool_recovery_shares_amount_not_negative"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_risk_pool_recovery_shares_organisation_id_organisations"
        ),
        sa.ForeignKeyConstraint(
            ["recovery_id"],
            ["risk_pool_recoveries.id"],
            name="fk_risk_pool_recovery_shares_recovery_id_risk_pool_recoveries",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_risk_pool_recovery_shares"),
        sa.UniqueConstraint("recovery_id", "party", name="uq_risk_pool_recovery_shares_recovery_id_party"),
    )
    op.create_index(
        "ix_risk_pool_recovery_shares_organisation_id", "risk_pool_recovery_shares", ["organisation_id"], unique=False
    )
    op.create_index(
        "ix_risk_pool_recovery_shares_recovery_id", "risk_pool_recovery_shares", ["recovery_id"], unique=False
    )


def _risk_pool_take_overs() -> None:
    op.create_table(
        "risk_pool_take_overs",
        *_key(),
        sa.Column("enrolment_id", sa.Uuid(), nullable=False),
        sa.Column("pledge_id", sa.Uuid(), nullable=False),
        *_money("price"),
        sa.Column(
            "status",
            sa.Enum(
                "offered",
                "consented",
                "reviewed",
                "approved",
                "paid",
                "held",
                "sold",
                "refused",
                "withdrawn",
                name="takeoverstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("offered_by", sa.Uuid(), nullable=True),
        sa.Column("consented_by", sa.Uuid(), nullable=True),
        sa.Column("reviewed_by", sa.Uuid(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("paid_reference", sa.String(length=80), nullable=True),
        sa.Column("recordal_reference", sa.String(length=80), nullable=True),
        sa.Column("sold_for_minor", sa.BigInteger(), nullable=True),
        sa.Column("sold_for_currency", sa.CHAR(3), nullable=True),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.CheckConstraint("price_minor > 0", name="ck_risk_pool_take_overs_price_positive"),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> reviewed_by", name="ck_risk_pool_take_overs_second_person"
        ),
        sa.CheckConstraint(
            "status <> 'sold' OR sold_for_minor IS NOT NULL", name="ck_risk_pool_take_overs_sold_for_money"
        ),
        sa.ForeignKeyConstraint(
            ["enrolment_id"],
            ["risk_pool_enrolments.id"],
            name="fk_risk_pool_take_overs_enrolment_id_risk_pool_enrolments",
        ),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledges.id"], name="fk_risk_pool_take_overs_pledge_id_pledges"),
        sa.PrimaryKeyConstraint("id", name="pk_risk_pool_take_overs"),
    )
    op.create_index("ix_risk_pool_take_overs_enrolment_id", "risk_pool_take_overs", ["enrolment_id"], unique=False)
    op.create_index(
        "uq_risk_pool_take_overs_live",
        "risk_pool_take_overs",
        ["pledge_id"],
        unique=True,
        postgresql_where=sa.text("status NOT IN ('refused', 'withdrawn')"),
    )


def _risk_pool_replenishments() -> None:
    op.create_table(
        "risk_pool_replenishments",
        *_key(),
        sa.Column("pool_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", _one_of("purpose", "fund", "subsidy"), nullable=False),
        sa.Column(
            "sponsor_kind",
            _one_of(
                "sponsorkind", "organisation", "central_budget", "provincial_budget", "city_budget", "district_budget",
                "account_interest", "other_body",
            ),
            nullable=False,
        ),
        sa.Column("sponsor_id", sa.Uuid(), nullable=True),
        sa.Column("sponsor_name", sa.String(length=200), nullable=False),
        sa.Column(
            "reason",
            _one_of(
                "reason", "yearly_budget", "added_budget", "interest", "donation", "returned_money", "contribution"
            ),
            nullable=False,
        ),
        sa.Column("note", sa.String(length=1000), nullable=False),
        *_money("amount"),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("bank_reference", sa.String(length=100), nullable=False),
        sa.Column("status", _one_of("replenishmentstatus", "recorded", "confirmed", "refused"), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused_by", sa.Uuid(), nullable=True),
        sa.Column("refused_because", sa.String(length=1000), nullable=True),
        *_checks(
            amount_positive="amount_minor > 0",
            second_person="confirmed_by IS NULL OR confirmed_by <> recorded_by",
            confirmed_by_somebody="(status = 'confirmed') = (confirmed_by IS NOT NULL)",
            refused_by_somebody="(status = 'refused') = (refused_by IS NOT NULL)",
            sponsor_known="(sponsor_kind = 'organisation') = (sponsor_id IS NOT NULL)",
            sponsor_named="sponsor_kind <> 'other_body' OR sponsor_name <> ''",
            interest_of_the_account="(sponsor_kind = 'account_interest') = (reason = 'interest')",
        ),
        sa.ForeignKeyConstraint(["pool_id"], ["risk_pools.id"], name="fk_risk_pool_replenishments_pool_id_risk_pools"),
        sa.ForeignKeyConstraint(
            ["sponsor_id"], ["organisations.id"], name="fk_risk_pool_replenishments_sponsor_id_organisations"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_risk_pool_replenishments"),
    )  # fmt: skip
    op.create_index("ix_risk_pool_replenishments_pool_id", "risk_pool_replenishments", ["pool_id"], unique=False)
    op.create_index(
        "uq_risk_pool_replenishments_reference", "risk_pool_replenishments", ["pool_id", "bank_reference"],
        unique=True, postgresql_where=sa.text("status <> 'refused'"),
    )  # fmt: skip


def _risk_pool_premiums() -> None:
    op.create_table(
        "risk_pool_premiums",
        *_key(),
        _of_enrolment(),
        sa.Column("nr", sa.BigInteger(), nullable=False),
        sa.Column("party", sa.String(length=40), nullable=False),
        sa.Column("payer", _one_of("payer", "borrower", "bank", "pool"), nullable=False),
        sa.Column("receiver_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("payer_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        *_money("amount"),
        sa.Column("months", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("status", _one_of("premiumstatus", "due", "paid", "cancelled"), nullable=False),
        sa.Column("paid_by", sa.Uuid(), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_reference", sa.String(length=100), nullable=True),
        *_checks(
            amount_positive="amount_minor > 0",
            two_sides="receiver_id <> payer_id",
            paid_with_reference="(status = 'paid') = (paid_reference IS NOT NULL)",
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("enrolment_id", "nr"),
    )
    for column in ("enrolment_id", "receiver_id", "payer_id"):
        op.create_index(f"ix_risk_pool_premiums_{column}", "risk_pool_premiums", [column], unique=False)


def _risk_pool_subsidies() -> None:
    op.create_table(
        "risk_pool_subsidies",
        *_key(),
        _of_enrolment(),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column(
            "status",
            _one_of("subsidystatus", "asked", "reviewed", "granted", "refused", "withdrawn"),
            nullable=False,
        ),
        *_money("fee_paid"),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("benchmark_bps", sa.BigInteger(), nullable=True),
        sa.Column("reviewed_by", sa.Uuid(), nullable=True),
        sa.Column("review_reason", sa.String(length=1000), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("amount_currency", sa.CHAR(3), nullable=True),
        sa.Column("limits", postgresql.JSONB(), nullable=False),
        *_checks(
            second_person="decided_by IS NULL OR decided_by <> reviewed_by",
            granted_amount="(status = 'granted') = (amount_minor IS NOT NULL) "
            "AND (amount_minor IS NULL OR amount_minor > 0)",
            granted_by_two="status <> 'granted' OR (reviewed_by IS NOT NULL AND decided_by IS NOT NULL)",
            benchmark="benchmark_bps IS NULL OR benchmark_bps BETWEEN 0 AND 10000",
            fee_paid="fee_paid_minor >= 0",
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_risk_pool_subsidies_enrolment_id", "risk_pool_subsidies", ["enrolment_id"], unique=False)
    op.create_index(
        "uq_risk_pool_subsidies_live", "risk_pool_subsidies", ["enrolment_id", "name"], unique=True,
        postgresql_where=sa.text("status NOT IN ('refused', 'withdrawn')"),
    )  # fmt: skip


def _of_enrolment() -> sa.Column[object]:
    return sa.Column("enrolment_id", sa.Uuid(), sa.ForeignKey("risk_pool_enrolments.id"), nullable=False)


def _one_of(name: str, *values: str) -> sa.Enum:
    """A closed list as checked text."""
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)


def _checks(**conditions: str) -> list[sa.CheckConstraint]:
    """Conditions by name; the naming convention puts the table before it."""
    return [sa.CheckConstraint(condition, name=name) for name, condition in conditions.items()]


def _key() -> tuple[sa.Column[object], sa.Column[object]]:
    return (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    )


def _money(name: str) -> tuple[sa.Column[object], sa.Column[object]]:
    return (
        sa.Column(f"{name}_minor", sa.BigInteger(), nullable=False),
        sa.Column(f"{name}_currency", sa.CHAR(3), nullable=False),
    )
