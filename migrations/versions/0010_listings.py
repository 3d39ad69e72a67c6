"""Listings with their versions, watch lists, saved searches, needs, and the ordered table of changes for search."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010_listings"
down_revision = "0009_valuation"

WATCHED = {"assets": "id", "ownership_shares": "asset_id", "encumbrances": "asset_id", "listings": "asset_id"}
"""Tables whose rows search shows, and their column that names the asset."""

LIVE = "status IN ('paused', 'published', 'reserved', 'review', 'suspended', 'under_offer')"
SALE = "mode IN ('auction', 'fixed_price')"


def upgrade() -> None:
    """Create them."""
    _listings()
    _versions_and_watches()
    _saved_searches()
    _needs()
    _search_changes()


def downgrade() -> None:
    """Drop them."""
    for table in WATCHED:
        for event in ("insert", "update", "delete"):
            op.execute(f"DROP TRIGGER note_search_{event} ON {table}")
    op.execute("DROP FUNCTION note_search_changes()")
    for table in ("needs_told", "need_alerts", "need_answers", "needs"):
        op.drop_table(table)
    for table in ("search_changes", "search_matches", "saved_searches", "watches", "listing_versions", "listings"):
        op.drop_table(table)


def _identity() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    ]


def _listings() -> None:
    op.create_table(
        "listings",
        *_identity(),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column(
            "mode",
            sa.Enum(
                "fixed_price",
                "auction",
                "licence",
                "open_licence",
                name="listingmode",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "review",
                "published",
                "paused",
                "under_offer",
                "reserved",
                "suspended",
                "closed",
                "withdrawn",
                name="listingstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=True),
        sa.Column("price_currency", sa.CHAR(length=3), nullable=True),
        sa.Column("reserve_minor", sa.BigInteger(), nullable=True),
        sa.Column("reserve_currency", sa.CHAR(length=3), nullable=True),
        sa.Column("deposit_minor", sa.BigInteger(), nullable=True),
        sa.Column("deposit_currency", sa.CHAR(length=3), nullable=True),
        sa.Column("lot_rules", JSONB(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "exclusivity",
            sa.Enum(
                "exclusive",
                "sole",
                "non_exclusive",
                name="exclusivity",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("territory", JSONB(), nullable=False),
        sa.Column("fields_of_use", JSONB(), nullable=False),
        sa.Column("term_months", sa.BigInteger(), nullable=True),
        sa.Column(
            "fee_scheme",
            sa.Enum(
                "lump_sum",
                "royalty",
                "entry_and_royalty",
                name="feescheme",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("royalty_bps", sa.BigInteger(), nullable=True),
        sa.Column(
            "royalty_base",
            sa.Enum("net_sales", "profit", name="royaltybase", native_enum=False, create_constraint=True, length=40),
            nullable=True,
        ),
        sa.Column("ceiling_reason", sa.String(length=1000), nullable=False),
        sa.Column("financing_welcome", sa.Boolean(), nullable=False),
        sa.Column("due_diligence", JSONB(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status_reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "mode <> 'auction' OR (opens_at IS NOT NULL AND closes_at IS NOT NULL)", name="ck_listings_auction_times"
        ),
        sa.CheckConstraint(
            "mode <> 'open_licence' OR exclusivity = 'non_exclusive'", name="ck_listings_open_is_not_exclusive"
        ),
        sa.CheckConstraint(
            "mode NOT IN ('auction', 'fixed_price') OR price_minor IS NOT NULL", name="ck_listings_sale_has_a_price"
        ),
        sa.CheckConstraint(
            "mode NOT IN ('licence', 'open_licence') OR (fee_scheme IS NOT NULL AND exclusivity IS NOT NULL)",
            name="ck_listings_licence_has_a_fee",
        ),
        sa.CheckConstraint("closes_at > opens_at", name="ck_listings_closes_after_it_opens"),
        sa.CheckConstraint(
            "deposit_minor > 0 AND deposit_minor * 5 <= price_minor", name="ck_listings_deposit_at_most_a_fifth"
        ),
        sa.CheckConstraint("price_minor > 0", name="ck_listings_price_above_zero"),
        sa.CheckConstraint(
            "reserve_currency = price_currency AND deposit_currency = price_currency", name="ck_listings_one_currency"
        ),
        sa.CheckConstraint("reserve_minor >= price_minor", name="ck_listings_reserve_not_below_start"),
        sa.CheckConstraint("royalty_bps BETWEEN 1 AND 10000", name="ck_listings_royalty_is_a_share"),
        sa.CheckConstraint("term_months BETWEEN 1 AND 600", name="ck_listings_term_in_reason"),
        sa.CheckConstraint("version >= 1", name="ck_listings_version_counts_from_one"),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.id"], name="fk_listings_asset_id_assets"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_listings_organisation_id_organisations"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_listings"),
    )
    op.create_index("ix_listings_asset", "listings", ["asset_id"], unique=False)
    op.create_index("ix_listings_organisation", "listings", ["organisation_id", "status"], unique=False)
    op.create_index(
        "uq_listings_one_licence",
        "listings",
        ["asset_id", "mode", "exclusivity"],
        unique=True,
        postgresql_where=sa.text(f"{LIVE} AND NOT ({SALE})"),
    )
    op.create_index(
        "uq_listings_one_sale", "listings", ["asset_id"], unique=True, postgresql_where=sa.text(f"{LIVE} AND {SALE}")
    )


def _versions_and_watches() -> None:
    op.create_table(
        "listing_versions",
        *_identity(),
        sa.Column("listing_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("terms", JSONB(), nullable=False),
        sa.Column("changes", JSONB(), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["listing_id"], ["listings.id"], name="fk_listing_versions_listing_id_listings"),
        sa.PrimaryKeyConstraint("id", name="pk_listing_versions"),
        sa.UniqueConstraint("listing_id", "number", name="uq_listing_versions_listing_id_number"),
    )
    op.create_table(
        "watches",
        *_identity(),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.id"], name="fk_watches_asset_id_assets"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_watches_organisation_id_organisations"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_watches"),
        sa.UniqueConstraint("organisation_id", "asset_id", name="uq_watches_organisation_id_asset_id"),
    )
    op.create_index("ix_watches_asset_id", "watches", ["asset_id"], unique=False)


def _saved_searches() -> None:
    op.create_table(
        "saved_searches",
        *_identity(),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("query", sa.String(length=2000), nullable=False),
        sa.Column("filters", JSONB(), nullable=False),
        sa.Column(
            "cadence",
            sa.Enum("instant", "daily", "weekly", name="cadence", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_saved_searches_organisation_id_organisations"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_saved_searches_person_id_people"),
        sa.PrimaryKeyConstraint("id", name="pk_saved_searches"),
        sa.UniqueConstraint("token", name="uq_saved_searches_token"),
    )
    op.create_index("ix_saved_searches_due", "saved_searches", ["due_at"], unique=False)
    op.create_index("ix_saved_searches_person", "saved_searches", ["person_id"], unique=False)
    op.create_table(
        "search_matches",
        *_identity(),
        sa.Column("saved_search_id", sa.Uuid(), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["saved_search_id"],
            ["saved_searches.id"],
            name="fk_search_matches_saved_search_id_saved_searches",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_search_matches"),
    )
    op.create_index("uq_search_matches", "search_matches", ["saved_search_id", "asset_id"], unique=True)


def _needs() -> None:
    op.create_table(
        "needs",
        *_identity(),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("classes", JSONB(), nullable=False),
        sa.Column("territory", JSONB(), nullable=False),
        sa.Column(
            "wanted_right",
            sa.Enum(
                "transfer",
                "exclusive",
                "sole",
                "non_exclusive",
                name="wantedright",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("budget_low_minor", sa.BigInteger(), nullable=True),
        sa.Column("budget_low_currency", sa.CHAR(length=3), nullable=True),
        sa.Column("budget_high_minor", sa.BigInteger(), nullable=True),
        sa.Column("budget_high_currency", sa.CHAR(length=3), nullable=True),
        sa.Column("budget_shown", sa.Boolean(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "met",
                "withdrawn",
                "expired",
                name="needstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(length=1000), nullable=False),
        sa.CheckConstraint("(status = 'open') = (ended_at IS NULL)", name="ck_needs_ended_when_over"),
        sa.CheckConstraint("budget_low_currency = budget_high_currency", name="ck_needs_budget_low_one_currency"),
        sa.CheckConstraint("budget_low_minor <= budget_high_minor", name="ck_needs_budget_from_low_to_high"),
        sa.CheckConstraint("budget_low_minor > 0 AND budget_high_minor > 0", name="ck_needs_budget_above_zero"),
        sa.CheckConstraint("closes_at > published_at", name="ck_needs_closes_after_it_opens"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_needs_organisation_id_organisations"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_needs_person_id_people"),
        sa.PrimaryKeyConstraint("id", name="pk_needs"),
    )
    op.create_index("ix_needs_open", "needs", ["status", "closes_at"], unique=False)
    op.create_index("ix_needs_organisation", "needs", ["organisation_id"], unique=False)
    op.create_table(
        "need_answers",
        *_identity(),
        sa.Column("need_id", sa.Uuid(), nullable=False),
        sa.Column("listing_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["listing_id"], ["listings.id"], name="fk_need_answers_listing_id_listings"),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name="fk_need_answers_need_id_needs"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_need_answers_organisation_id_organisations"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_need_answers"),
        sa.UniqueConstraint("need_id", "listing_id", name="uq_need_answers_need_id_listing_id"),
    )
    op.create_index(op.f("ix_need_answers_need_id"), "need_answers", ["need_id"], unique=False)
    op.create_index(op.f("ix_need_answers_organisation_id"), "need_answers", ["organisation_id"], unique=False)
    op.create_table(
        "need_alerts",
        *_identity(),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_need_alerts_organisation_id_organisations"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_need_alerts"),
        sa.UniqueConstraint("organisation_id", name="uq_need_alerts_organisation_id"),
    )
    op.create_table(
        "needs_told",
        *_identity(),
        sa.Column("need_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name="fk_needs_told_need_id_needs"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_needs_told_organisation_id_organisations"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_needs_told"),
        sa.UniqueConstraint("need_id", "organisation_id", name="uq_needs_told_need_id_organisation_id"),
    )


def _search_changes() -> None:
    op.create_table(
        "search_changes",
        sa.Column("position", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("asset_id", sa.Uuid, nullable=False),
        sa.Column(
            "transaction", sa.BigInteger, server_default=sa.text("(pg_current_xact_id()::text)::bigint"), nullable=False
        ),
        sa.Column("noted_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    )
    op.create_index("ix_search_changes_transaction", "search_changes", ["transaction"])
    op.execute("""
        CREATE FUNCTION note_search_changes() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            EXECUTE format('INSERT INTO search_changes (asset_id) SELECT DISTINCT %I FROM changed_rows', TG_ARGV[0]);
            RETURN NULL;
        END $$
    """)
    for table, column in WATCHED.items():
        for event, rows in (("insert", "NEW"), ("update", "NEW"), ("delete", "OLD")):
            op.execute(
                f"CREATE TRIGGER note_search_{event} AFTER {event.upper()} ON {table} "
                f"REFERENCING {rows} TABLE AS changed_rows FOR EACH STATEMENT "
                f"EXECUTE FUNCTION note_search_changes('{column}')"
            )
