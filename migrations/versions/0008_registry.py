"""Assets, their publications, owners, burdens and events; PostgreSQL keeps the register's invariants itself."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008_registry"
down_revision = "0007_payments"

RULES = (
    "CREATE EXTENSION IF NOT EXISTS btree_gist",
    'CREATE TYPE textrange AS RANGE (subtype = text, collation = "C")',
    """
    CREATE FUNCTION ownership_is_whole() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE broken record;
    BEGIN
        SELECT moment.at, coalesce(sum(share.units), 0) AS total INTO broken
        FROM (
            SELECT held_from AS at FROM ownership_shares WHERE asset_id = NEW.asset_id AND known_to IS NULL
            UNION
            SELECT held_to FROM ownership_shares
            WHERE asset_id = NEW.asset_id AND known_to IS NULL AND held_to IS NOT NULL
        ) AS moment
        LEFT JOIN ownership_shares AS share
            ON share.asset_id = NEW.asset_id AND share.known_to IS NULL
            AND share.held_from <= moment.at AND (share.held_to IS NULL OR share.held_to > moment.at)
        GROUP BY moment.at
        HAVING coalesce(sum(share.units), 0) <> 720720000
        LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'ownership shares of asset % add up to % of 720720000 at %',
                NEW.asset_id, broken.total, broken.at USING ERRCODE = 'check_violation',
                CONSTRAINT = 'ownership_is_whole';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER ownership_is_whole AFTER INSERT OR UPDATE ON ownership_shares
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ownership_is_whole()
    """,
    """
    CREATE FUNCTION register_history_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            RAISE EXCEPTION 'rows of % are never deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
        END IF;
        IF to_jsonb(OLD) - TG_ARGV::text[] IS DISTINCT FROM to_jsonb(NEW) - TG_ARGV::text[] THEN
            RAISE EXCEPTION 'rows of % are closed, never changed', TG_TABLE_NAME
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER ownership_history BEFORE UPDATE OR DELETE ON ownership_shares
    FOR EACH ROW EXECUTE FUNCTION register_history_stays('known_to')
    """,
    """
    CREATE TRIGGER publication_history BEFORE UPDATE OR DELETE ON publications
    FOR EACH ROW EXECUTE FUNCTION register_history_stays('known_to')
    """,
    """
    CREATE TRIGGER event_history BEFORE UPDATE OR DELETE ON register_events
    FOR EACH ROW EXECUTE FUNCTION register_history_stays('known_to')
    """,
    """
    CREATE TRIGGER owner_name_history BEFORE UPDATE OR DELETE ON owner_name_decisions
    FOR EACH ROW EXECUTE FUNCTION register_history_stays('known_to')
    """,
    """
    CREATE TRIGGER encumbrance_history BEFORE UPDATE OR DELETE ON encumbrances
    FOR EACH ROW EXECUTE FUNCTION register_history_stays(
        'lifted_on', 'lifted_at', 'lift_reference', 'annulled_at'
    )
    """,
    """
    ALTER TABLE encumbrances ADD CONSTRAINT ex_encumbrances_one_preservation EXCLUDE USING gist (
        asset_id WITH =, daterange(begins_on, ends_on, '[]') WITH &&
    ) WHERE (kind = 'preservation' AND lifted_at IS NULL AND annulled_at IS NULL)
    """,
    """
    ALTER TABLE licence_cells ADD CONSTRAINT ex_licence_cells_no_conflict EXCLUDE USING gist (
        asset_id WITH =,
        country WITH =,
        textrange(field_from::text, field_to::text) WITH &&,
        daterange(begins_on, ends_on, '[]') WITH &&,
        int8range(lane_from, lane_to) WITH &&
    )
    """,
)
UNDO = (
    "DROP FUNCTION ownership_is_whole",
    "DROP FUNCTION register_history_stays",
    "DROP TYPE textrange",
    "DROP SEQUENCE licence_lanes",
)


def upgrade() -> None:
    """Make the tables, then the rules that only PostgreSQL can keep."""
    op.execute("CREATE SEQUENCE IF NOT EXISTS licence_lanes AS bigint")
    _make_assets()
    _make_conveyances()
    _make_conveyed_rights()
    _make_asset_numbers()
    _make_encumbrances()
    _make_import_runs()
    _make_ownership_shares()
    _make_publications()
    _make_register_events()
    _make_consents()
    _make_licence_cells()
    _make_ownership_claims()
    _make_fee_tables()
    _make_owner_names()
    for statement in RULES:
        op.execute(statement)


def downgrade() -> None:
    """Drop everything again."""
    for table in reversed(TABLES):
        op.drop_table(table)
    for statement in UNDO:
        op.execute(statement)


def _make_assets() -> None:
    """The table assets."""
    op.create_table(
        "assets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("office", sa.String(length=2), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "invention",
                "utility_model",
                "design",
                "trademark",
                "copyright",
                "software",
                "layout_design",
                "plant_variety",
                name="assetkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("kind_code", sa.String(length=8), nullable=False),
        sa.Column("application_number", sa.String(length=60), nullable=False),
        sa.Column("application_date", sa.Date(), nullable=True),
        sa.Column("publication_date", sa.Date(), nullable=True),
        sa.Column("grant_date", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "in_force",
                "lapsed",
                "expired",
                "invalidated",
                "refused",
                "withdrawn",
                "unknown",
                name="legalstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("status_on", sa.Date(), nullable=True),
        sa.Column("status_source", sa.String(length=200), nullable=False),
        sa.Column("titles", postgresql.JSONB(), nullable=False),
        sa.Column("abstracts", postgresql.JSONB(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("applicants", postgresql.JSONB(), nullable=False),
        sa.Column("inventors", postgresql.JSONB(), nullable=False),
        sa.Column("ipc", postgresql.JSONB(), nullable=False),
        sa.Column("cpc", postgresql.JSONB(), nullable=False),
        sa.Column("nice_classes", postgresql.JSONB(), nullable=False),
        sa.Column("claims_count", sa.BigInteger(), nullable=True),
        sa.Column("family_id", sa.String(length=60), nullable=False),
        sa.Column("family_size", sa.BigInteger(), nullable=True),
        sa.Column("cited_by_count", sa.BigInteger(), nullable=True),
        sa.Column("mark", sa.String(length=400), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("attribution", sa.String(length=200), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assets")),
    )
    op.create_index(
        "ix_assets_family", "assets", ["family_id"], unique=False, postgresql_where=sa.text("family_id <> ''")
    )
    op.create_index("ix_assets_status", "assets", ["status"], unique=False)


def _make_conveyances() -> None:
    """The table conveyances."""
    op.create_table(
        "conveyances",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("office", sa.String(length=2), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("conveyance_class", sa.String(length=30), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("recorded_on", sa.Date(), nullable=True),
        sa.Column("executed_on", sa.Date(), nullable=True),
        sa.Column("assignors", postgresql.JSONB(), nullable=False),
        sa.Column("assignees", postgresql.JSONB(), nullable=False),
        sa.Column("party_keys", postgresql.JSONB(), nullable=False),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conveyances")),
    )
    op.create_index("ix_conveyances_party_keys", "conveyances", ["party_keys"], unique=False, postgresql_using="gin")
    op.create_index("uq_conveyances_reference", "conveyances", ["office", "reference"], unique=True)


def _make_conveyed_rights() -> None:
    """The table conveyed_rights."""
    op.create_table(
        "conveyed_rights",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("office", sa.String(length=2), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("application_key", sa.String(length=60), nullable=False),
        sa.Column("patent_key", sa.String(length=60), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conveyed_rights")),
    )
    op.create_index("ix_conveyed_rights_application_key", "conveyed_rights", ["application_key"], unique=False)
    op.create_index("ix_conveyed_rights_patent_key", "conveyed_rights", ["patent_key"], unique=False)
    op.create_index(
        "uq_conveyed_rights", "conveyed_rights", ["office", "reference", "application_key", "patent_key"], unique=True
    )


def _make_asset_numbers() -> None:
    """The table asset_numbers."""
    op.create_table(
        "asset_numbers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("use", sa.String(length=12), nullable=False),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.id"], name=op.f("fk_asset_numbers_asset_id_assets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asset_numbers")),
    )
    op.create_index("uq_asset_numbers", "asset_numbers", ["key", "use", "asset_id"], unique=True)


def _make_encumbrances() -> None:
    """The table encumbrances."""
    op.create_table(
        "encumbrances",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "pledge",
                "preservation",
                "exclusive_licence",
                "sole_licence",
                "non_exclusive_licence",
                "open_licence",
                "ownership_dispute",
                "invalidation_proceedings",
                name="encumbrancekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("holder_id", sa.Uuid(), nullable=True),
        sa.Column("holder_name", sa.String(length=500), nullable=False),
        sa.Column("grantor_id", sa.Uuid(), nullable=True),
        sa.Column("follows_id", sa.Uuid(), nullable=True),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("counterpart_id", sa.Uuid(), nullable=True),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("rank", sa.BigInteger(), nullable=True),
        sa.Column("single_pledge", sa.Boolean(), nullable=False),
        sa.Column("territory", postgresql.JSONB(), nullable=False),
        sa.Column("fields", postgresql.JSONB(), nullable=False),
        sa.Column("subject_to_earlier", sa.Boolean(), nullable=False),
        sa.Column("reference", sa.String(length=300), nullable=False),
        sa.Column("terms", postgresql.JSONB(), nullable=False),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_on", sa.Date(), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lift_reference", sa.String(length=300), nullable=False),
        sa.Column("annulled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind = 'pledge') = (rank IS NOT NULL)", name=op.f("ck_encumbrances_only_pledges_have_a_rank")
        ),
        sa.CheckConstraint(
            "kind <> 'preservation' OR ends_on <= begins_on + INTERVAL '1 year'",
            name=op.f("ck_encumbrances_preservation_at_most_a_year"),
        ),
        sa.CheckConstraint(
            "kind <> 'preservation' OR ends_on IS NOT NULL", name=op.f("ck_encumbrances_preservation_ends")
        ),
        sa.CheckConstraint("ends_on IS NULL OR ends_on >= begins_on", name=op.f("ck_encumbrances_period")),
        sa.CheckConstraint(
            "parent_id IS NULL OR kind = 'non_exclusive_licence'",
            name=op.f("ck_encumbrances_sub_licences_are_non_exclusive"),
        ),
        sa.ForeignKeyConstraint(
            ["follows_id"], ["encumbrances.id"], name=op.f("fk_encumbrances_follows_id_encumbrances")
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["encumbrances.id"], name=op.f("fk_encumbrances_parent_id_encumbrances")
        ),
        sa.ForeignKeyConstraint(
            ["counterpart_id"], ["encumbrances.id"], name=op.f("fk_encumbrances_counterpart_id_encumbrances")
        ),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.id"], name=op.f("fk_encumbrances_asset_id_assets")),
        sa.ForeignKeyConstraint(
            ["grantor_id"], ["organisations.id"], name=op.f("fk_encumbrances_grantor_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["organisations.id"], name=op.f("fk_encumbrances_holder_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_encumbrances")),
    )
    op.create_index(op.f("ix_encumbrances_asset_id"), "encumbrances", ["asset_id"], unique=False)
    op.create_index(op.f("ix_encumbrances_parent_id"), "encumbrances", ["parent_id"], unique=False)
    op.create_index("ix_encumbrances_holder_id", "encumbrances", ["holder_id"], unique=False)
    op.create_index(
        "uq_encumbrances_one_live_pledge",
        "encumbrances",
        ["asset_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'pledge' AND single_pledge AND lifted_at IS NULL AND annulled_at IS NULL"),
    )
    op.create_index(
        "uq_encumbrances_pledge_rank",
        "encumbrances",
        ["asset_id", "rank"],
        unique=True,
        postgresql_where=sa.text("kind = 'pledge' AND lifted_at IS NULL AND annulled_at IS NULL"),
    )


def _make_import_runs() -> None:
    """The table import_runs."""
    op.create_table(
        "import_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("wanted_format", sa.String(length=20), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "uploaded",
                "checked",
                "importing",
                "imported",
                "refused",
                name="importstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("rows_read", sa.BigInteger(), nullable=False),
        sa.Column("rows_total", sa.BigInteger(), nullable=False),
        sa.Column("claimed", sa.BigInteger(), nullable=False),
        sa.Column("report", postgresql.JSONB(), nullable=False),
        sa.Column("rejections", postgresql.JSONB(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("progressed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_import_runs_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_runs")),
    )
    op.create_index(op.f("ix_import_runs_organisation_id"), "import_runs", ["organisation_id"], unique=False)


def _make_ownership_shares() -> None:
    """The table ownership_shares."""
    op.create_table(
        "ownership_shares",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("name_key", sa.String(length=500), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("share_stated", sa.Boolean(), nullable=False),
        sa.Column("held_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reference", sa.String(length=300), nullable=False),
        sa.CheckConstraint("held_to IS NULL OR held_to > held_from", name=op.f("ck_ownership_shares_held_period")),
        sa.CheckConstraint("known_to IS NULL OR known_to >= known_from", name=op.f("ck_ownership_shares_known_period")),
        sa.CheckConstraint("units > 0 AND units <= 720720000", name=op.f("ck_ownership_shares_units_within_whole")),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.id"], name=op.f("fk_ownership_shares_asset_id_assets")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_ownership_shares_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ownership_shares")),
    )
    op.create_index(op.f("ix_ownership_shares_asset_id"), "ownership_shares", ["asset_id"], unique=False)
    op.create_index(
        "ix_ownership_shares_believed",
        "ownership_shares",
        ["asset_id"],
        unique=False,
        postgresql_where=sa.text("known_to IS NULL"),
    )
    op.create_index(
        "ix_ownership_shares_name_key",
        "ownership_shares",
        ["name_key"],
        unique=False,
        postgresql_where=sa.text("known_to IS NULL"),
    )
    op.create_index(
        "ix_ownership_shares_organisation",
        "ownership_shares",
        ["organisation_id"],
        unique=False,
        postgresql_where=sa.text("known_to IS NULL"),
    )


def _make_publications() -> None:
    """The table publications."""
    op.create_table(
        "publications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("office", sa.String(length=2), nullable=False),
        sa.Column("document_key", sa.String(length=120), nullable=False),
        sa.Column("kind_code", sa.String(length=8), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("source_format", sa.String(length=20), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("record", postgresql.JSONB(), nullable=False),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("supplied_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.id"], name=op.f("fk_publications_asset_id_assets")),
        sa.ForeignKeyConstraint(
            ["supplied_by"], ["organisations.id"], name=op.f("fk_publications_supplied_by_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publications")),
    )
    op.create_index(op.f("ix_publications_asset_id"), "publications", ["asset_id"], unique=False)
    op.create_index(
        "uq_publications_current",
        "publications",
        ["office", "document_key"],
        unique=True,
        postgresql_where=sa.text("known_to IS NULL"),
    )


def _make_register_events() -> None:
    """The table register_events."""
    op.create_table(
        "register_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column(
            "type",
            sa.Enum(
                "grant",
                "transfer",
                "pledge_or_preservation",
                "licence_recordal",
                "declassification",
                "invalidation",
                "termination",
                "restoration",
                "term_compensation",
                "open_licence",
                "compulsory_licence",
                "owner_details_change",
                "publication",
                "examination",
                "withdrawal_or_refusal",
                "fee",
                "unknown",
                name="registereventtype",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("scheme", sa.String(length=30), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("valid_on", sa.Date(), nullable=True),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("event_key", sa.String(length=64), nullable=False),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known_to", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.id"], name=op.f("fk_register_events_asset_id_assets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_events")),
    )
    op.create_index(op.f("ix_register_events_asset_id"), "register_events", ["asset_id"], unique=False)
    op.create_index(
        "uq_register_events_current",
        "register_events",
        ["asset_id", "event_key"],
        unique=True,
        postgresql_where=sa.text("known_to IS NULL"),
    )


def _make_consents() -> None:
    """The table consents."""
    op.create_table(
        "consents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("encumbrance_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind = 'pledgee') = (encumbrance_id IS NOT NULL)", name=op.f("ck_consents_pledgee_names_the_pledge")
        ),
        sa.CheckConstraint(
            "kind IN ('pledgee', 'co_owner', 'pre_emption_waiver', 'export_certificate')", name=op.f("ck_consents_kind")
        ),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.id"], name=op.f("fk_consents_asset_id_assets")),
        sa.ForeignKeyConstraint(
            ["encumbrance_id"], ["encumbrances.id"], name=op.f("fk_consents_encumbrance_id_encumbrances")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_consents_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index(op.f("ix_consents_asset_id"), "consents", ["asset_id"], unique=False)
    op.create_index(op.f("ix_consents_encumbrance_id"), "consents", ["encumbrance_id"], unique=False)


def _make_licence_cells() -> None:
    """The table licence_cells."""
    op.create_table(
        "licence_cells",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("encumbrance_id", sa.Uuid(), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("field_from", sa.String(length=120), nullable=True),
        sa.Column("field_to", sa.String(length=120), nullable=True),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("lane_from", sa.BigInteger(), nullable=False),
        sa.Column("lane_to", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.id"], name=op.f("fk_licence_cells_asset_id_assets")),
        sa.ForeignKeyConstraint(
            ["encumbrance_id"], ["encumbrances.id"], name=op.f("fk_licence_cells_encumbrance_id_encumbrances")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_licence_cells")),
    )
    op.create_index(op.f("ix_licence_cells_encumbrance_id"), "licence_cells", ["encumbrance_id"], unique=False)


def _make_ownership_claims() -> None:
    """The table ownership_claims."""
    op.create_table(
        "ownership_claims",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("share_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "waiting",
                "accepted",
                "rejected",
                name="claimstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("office_name", sa.String(length=500), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.id"], name=op.f("fk_ownership_claims_asset_id_assets")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_ownership_claims_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["share_id"], ["ownership_shares.id"], name=op.f("fk_ownership_claims_share_id_ownership_shares")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ownership_claims")),
    )
    op.create_index(op.f("ix_ownership_claims_asset_id"), "ownership_claims", ["asset_id"], unique=False)
    op.create_index(op.f("ix_ownership_claims_organisation_id"), "ownership_claims", ["organisation_id"], unique=False)
    op.create_index(op.f("ix_ownership_claims_status"), "ownership_claims", ["status"], unique=False)
    op.create_index(
        "uq_ownership_claims_waiting",
        "ownership_claims",
        ["share_id", "organisation_id"],
        unique=True,
        postgresql_where=sa.text("status = 'waiting'"),
    )


TABLES = (
    "assets",
    "conveyances",
    "conveyed_rights",
    "asset_numbers",
    "encumbrances",
    "import_runs",
    "ownership_shares",
    "publications",
    "register_events",
    "consents",
    "licence_cells",
    "ownership_claims",
    "fee_calendars",
    "fee_reminders",
    "owner_name_pairs",
    "owner_name_decisions",
)


def _make_fee_tables() -> None:
    """The tables fee_calendars and fee_reminders."""
    op.create_table(
        "fee_calendars",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("address_sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_fee_calendars_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fee_calendars")),
    )
    op.create_index("uq_fee_calendars_organisation_id", "fee_calendars", ["organisation_id"], unique=True)
    op.create_index("uq_fee_calendars_address_sha256", "fee_calendars", ["address_sha256"], unique=True)
    op.create_table(
        "fee_reminders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("stage", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.id"], name=op.f("fk_fee_reminders_asset_id_assets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fee_reminders")),
    )
    op.create_index("uq_fee_reminders", "fee_reminders", ["asset_id", "due_on", "stage"], unique=True)


def _make_owner_names() -> None:
    """The tables owner_name_pairs and owner_name_decisions."""
    op.create_table(
        "owner_name_pairs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("name_one", sa.String(length=500), nullable=False),
        sa.Column("name_two", sa.String(length=500), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint('name_one < name_two COLLATE "C"', name=op.f("ck_owner_name_pairs_in_order")),
        sa.CheckConstraint("score BETWEEN 0 AND 100", name=op.f("ck_owner_name_pairs_score")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_owner_name_pairs")),
    )
    op.create_index("uq_owner_name_pairs_names", "owner_name_pairs", ["name_one", "name_two"], unique=True)
    op.create_index("ix_owner_name_pairs_name_two", "owner_name_pairs", ["name_two"], unique=False)
    op.create_table(
        "owner_name_decisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("pair_id", sa.Uuid(), nullable=False),
        sa.Column(
            "verdict",
            sa.Enum("same", "different", name="nameverdict", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "known_to IS NULL OR known_to >= known_from", name=op.f("ck_owner_name_decisions_known_period")
        ),
        sa.CheckConstraint("length(reason) >= 3", name=op.f("ck_owner_name_decisions_reason_given")),
        sa.ForeignKeyConstraint(
            ["pair_id"], ["owner_name_pairs.id"], name=op.f("fk_owner_name_decisions_pair_id_owner_name_pairs")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_owner_name_decisions")),
    )
    op.create_index(op.f("ix_owner_name_decisions_pair_id"), "owner_name_decisions", ["pair_id"], unique=False)
    op.create_index(
        "uq_owner_name_decisions_believed",
        "owner_name_decisions",
        ["pair_id"],
        unique=True,
        postgresql_where=sa.text("known_to IS NULL"),
    )
