"""The tables of deals: auctions, and what follows an accepted price."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011_deals"
down_revision = "0010_listings"


OFFER_STAYS = """
CREATE FUNCTION offer_stays_as_made() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (NEW.negotiation_id, NEW.version, NEW.by_organisation_id, NEW.price_minor,
        NEW.price_currency, NEW.terms, NEW.made_at, NEW.expires_at) IS DISTINCT FROM (OLD.negotiation_id, OLD.version,
        OLD.by_organisation_id, OLD.price_minor, OLD.price_currency, OLD.terms, OLD.made_at, OLD.expires_at)
        OR (OLD.status <> 'live' AND NEW.status <> OLD.status) THEN
        RAISE EXCEPTION 'an offer is never changed, only superseded' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
"""
DEAL_STAYS = """
CREATE FUNCTION deal_stays_as_agreed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (NEW.asset_id, NEW.seller_id, NEW.buyer_id, NEW.price_minor, NEW.price_currency, NEW.terms)
        IS DISTINCT FROM (OLD.asset_id, OLD.seller_id, OLD.buyer_id, OLD.price_minor, OLD.price_currency, OLD.terms)
        OR (OLD.status IN ('released', 'refunded', 'cancelled') AND NEW.status <> OLD.status) THEN
        RAISE EXCEPTION 'a deal stays as agreed and its end is final' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    """Make the tables of both parts."""
    _deals()
    _auctions()


def _key() -> list[sa.Column]:
    return [
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    ]


def _auctions() -> None:
    """Lots, who may bid on them, and the hash-chained log of what happened."""
    instant, whole = sa.DateTime(timezone=True), sa.BigInteger()
    op.create_table(
        "auctions",
        *_key(),
        sa.Column("listing_id", sa.Uuid(), sa.ForeignKey("listings.id"), nullable=False),
        sa.Column("asset_id", sa.Uuid(), sa.ForeignKey("assets.id"), nullable=False),
        sa.Column("seller_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "sold",
                "unsold",
                "completed",
                "defaulted",
                native_enum=False,
                create_constraint=True,
                length=40,
                name="auctionstatus",
            ),
            nullable=False,
        ),
        sa.Column("terms", sa.dialects.postgresql.JSONB(), nullable=False),
        sa.Column("start_minor", whole, nullable=False),
        sa.Column("start_currency", sa.CHAR(3), nullable=False),
        sa.Column("increment_bounds", sa.ARRAY(whole), nullable=False),
        sa.Column("increment_steps", sa.ARRAY(whole), nullable=False),
        sa.Column("opens_at", instant, nullable=False),
        sa.Column("first_closes_at", instant, nullable=False),
        sa.Column("closes_at", instant, nullable=False),
        sa.Column("window_seconds", whole, nullable=False),
        sa.Column("extension_seconds", whole, nullable=False),
        sa.Column("extend_from", sa.String(5), nullable=False),
        sa.Column("max_extension_seconds", whole),
        sa.Column("deposit_minor", whole, nullable=False),
        sa.Column("deposit_currency", sa.CHAR(3), nullable=False),
        sa.Column("buy_now_minor", whole),
        sa.Column("reserve_minor", whole),
        sa.Column("reserve_salt", sa.String(64)),
        sa.Column("high_minor", whole),
        sa.Column("leader_id", sa.Uuid()),
        sa.Column("leader_code", sa.String(12)),
        sa.Column("bid_count", whole, nullable=False),
        sa.Column("last_sequence", whole, nullable=False),
        sa.Column("told_sequence", whole, nullable=False),
        sa.Column("winner_id", sa.Uuid()),
        sa.Column("winner_code", sa.String(12)),
        sa.Column("price_minor", whole),
        sa.Column("deal_id", sa.Uuid()),
        sa.Column("chance_id", sa.Uuid()),
        sa.Column("chance_until", instant),
        sa.UniqueConstraint("listing_id", name="uq_auctions_listing_id"),
        sa.CheckConstraint("start_minor > 0 AND deposit_minor > 0", name="amounts_positive"),
        sa.CheckConstraint(
            "deposit_minor * 20 + 20 >= start_minor AND deposit_minor * 5 <= start_minor + 5",
            name="deposit_5_to_20_per_cent",
        ),
        sa.CheckConstraint("reserve_minor >= start_minor", name="reserve_not_below_start"),
        sa.CheckConstraint("closes_at >= first_closes_at AND first_closes_at > opens_at", name="times"),
        sa.CheckConstraint(
            "cardinality(increment_bounds) = cardinality(increment_steps) AND cardinality(increment_steps) >= 1",
            name="increments_in_pairs",
        ),
        sa.CheckConstraint("extend_from IN ('bid', 'close')", name="extend_from"),
        sa.CheckConstraint(
            "(high_minor IS NULL) = (bid_count = 0) AND (leader_id IS NULL) = (high_minor IS NULL)",
            name="leader_has_bid",
        ),
        sa.CheckConstraint("leader_id <> seller_id AND winner_id <> seller_id", name="seller_never_bids"),
        sa.CheckConstraint(
            "(status IN ('sold', 'completed')) = (winner_id IS NOT NULL) AND (winner_id IS NULL) = (price_minor IS NULL)",
            name="sold_has_winner",
        ),
    )
    op.create_index("ix_auctions_status_closes_at", "auctions", ["status", "closes_at"])
    op.create_index("ix_auctions_seller_id", "auctions", ["seller_id"])
    op.create_table(
        "auction_bidders",
        *_key(),
        sa.Column("auction_id", sa.Uuid(), sa.ForeignKey("auctions.id"), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(12), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "awaiting_deposit",
                "admitted",
                "returned",
                "applied",
                "forfeited",
                native_enum=False,
                create_constraint=True,
                length=40,
                name="bidderstatus",
            ),
            nullable=False,
        ),
        sa.Column("collection_id", sa.Uuid()),
        sa.UniqueConstraint("auction_id", "organisation_id", name="uq_auction_bidders_auction_id_organisation_id"),
        sa.UniqueConstraint("auction_id", "code", name="uq_auction_bidders_auction_id_code"),
    )
    op.create_index("ix_auction_bidders_organisation_id", "auction_bidders", ["organisation_id"])
    op.create_table(
        "auction_events",
        *_key(),
        sa.Column("auction_id", sa.Uuid(), sa.ForeignKey("auctions.id"), nullable=False),
        sa.Column("sequence", whole, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("occurred_at", instant, nullable=False),
        sa.Column("bidder_id", sa.Uuid()),
        sa.Column("bidder_code", sa.String(12)),
        sa.Column("person_id", sa.Uuid()),
        sa.Column("amount_minor", whole),
        sa.Column("amount_currency", sa.CHAR(3)),
        sa.Column("closes_at", instant, nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("high_minor", whole),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("audit_event_id", sa.Uuid()),
        sa.UniqueConstraint("auction_id", "sequence", name="uq_auction_events_auction_id_sequence"),
        sa.CheckConstraint(
            "kind IN ('opened', 'bid', 'buy_now', 'closed', 'defaulted', 'second_chance')",
            name="kind",
        ),
        sa.CheckConstraint(
            "kind NOT IN ('bid', 'buy_now') OR (bidder_id IS NOT NULL AND bidder_code IS NOT NULL AND amount_minor > 0 "
            "AND amount_currency IS NOT NULL)",
            name="bid_is_whole",
        ),
    )
    op.create_index("ix_auction_events_bidder_id", "auction_events", ["bidder_id"])
    for statement in (AUCTION_LOG, AUCTION_GUARD, PLACE_BID):
        op.execute(statement)


# The log chains itself: number, predecessor and hash are the database's, and what contradicts the rules is refused.
AUCTION_LOG = """
CREATE FUNCTION auction_chain_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last auction_events;
BEGIN
    SELECT * INTO last FROM auction_events WHERE auction_id = NEW.auction_id ORDER BY sequence DESC LIMIT 1;
    NEW.sequence := coalesce(last.sequence, 0) + 1;
    NEW.previous_hash := coalesce(last.hash, repeat('0', 64));
    NEW.high_minor := last.high_minor;
    IF (last.sequence IS NULL) <> (NEW.kind = 'opened') THEN
        RAISE EXCEPTION 'a log begins with its opening' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.occurred_at < last.occurred_at OR NEW.closes_at < last.closes_at THEN
        RAISE EXCEPTION 'time and close never go back' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.kind IN ('bid', 'buy_now') THEN
        IF NEW.amount_minor <= last.high_minor OR NEW.occurred_at >= last.closes_at THEN
            RAISE EXCEPTION 'accepted bids strictly increase until the close' USING ERRCODE = 'check_violation';
        END IF;
        NEW.high_minor := NEW.amount_minor;
    END IF;
    IF NEW.kind IN ('bid', 'buy_now', 'closed') AND EXISTS (
        SELECT 1 FROM auction_events WHERE auction_id = NEW.auction_id AND kind = 'closed'
    ) THEN
        RAISE EXCEPTION 'the lot is closed' USING ERRCODE = 'check_violation';
    END IF;
    NEW.hash := encode(sha256(convert_to(concat_ws(E'\\n',
        NEW.previous_hash, NEW.sequence, NEW.kind,
        to_char(NEW.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        coalesce(NEW.bidder_code, ''), coalesce(NEW.amount_minor::text, ''), coalesce(NEW.amount_currency::text, ''),
        to_char(NEW.closes_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), NEW.detail), 'UTF8')), 'hex');
    RETURN NEW;
END $$;
CREATE TRIGGER auction_events_chain BEFORE INSERT ON auction_events
    FOR EACH ROW EXECUTE FUNCTION auction_chain_event();
CREATE FUNCTION auction_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log of a lot is append only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER auction_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON auction_events
    FOR EACH STATEMENT EXECUTE FUNCTION auction_refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON auction_events FROM PUBLIC;
"""

AUCTION_GUARD = """
CREATE FUNCTION auction_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.closes_at < OLD.closes_at OR NEW.high_minor < OLD.high_minor OR NEW.bid_count < OLD.bid_count
       OR (OLD.high_minor IS NOT NULL AND NEW.high_minor IS NULL) THEN
        RAISE EXCEPTION 'a lot never goes back' USING ERRCODE = 'check_violation';
    END IF;
    IF (NEW.terms, NEW.start_minor, NEW.opens_at, NEW.first_closes_at, NEW.reserve_minor, NEW.reserve_salt,
        NEW.seller_id, NEW.increment_bounds, NEW.increment_steps, NEW.buy_now_minor, NEW.deposit_minor)
       IS DISTINCT FROM (OLD.terms, OLD.start_minor, OLD.opens_at, OLD.first_closes_at, OLD.reserve_minor,
        OLD.reserve_salt, OLD.seller_id, OLD.increment_bounds, OLD.increment_steps, OLD.buy_now_minor,
        OLD.deposit_minor) THEN
        RAISE EXCEPTION 'the announced terms of a lot stand' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER auctions_guard BEFORE UPDATE ON auctions FOR EACH ROW EXECUTE FUNCTION auction_guard();
"""

# One bid in one round trip: lock the lot, read the clock after the lock, check, log, move the lot, record the act.
# It answers an outcome instead of raising. ``p_audit_tail`` is the canonical JSON of the audit event
# behind its time.
PLACE_BID = """
CREATE FUNCTION auction_place_bid(
    p_auction uuid, p_organisation uuid, p_person uuid, p_kind text, p_amount bigint, p_currency text,
    p_bid uuid, p_audit uuid, p_via text, p_audit_tail text
) RETURNS TABLE (
    outcome text, minimum_minor bigint, currency text, sequence bigint, occurred_at timestamptz,
    closes_at timestamptz, bidder_code text, hash text
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    lot auctions;
    bidder auction_bidders;
    made auction_events;
    at timestamptz;
    minimum bigint;
    later timestamptz;
    said text := 'accepted';
BEGIN
    SELECT * INTO lot FROM auctions WHERE id = p_auction FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN QUERY SELECT 'not_found', NULL::bigint, NULL::text, NULL::bigint, NULL::timestamptz, NULL::timestamptz,
            NULL::text, NULL::text;
        RETURN;
    END IF;
    at := clock_timestamp();
    SELECT * INTO bidder FROM auction_bidders WHERE auction_id = p_auction AND organisation_id = p_organisation;
    minimum := lot.start_minor;
    IF lot.high_minor IS NOT NULL THEN
        FOR i IN 1 .. cardinality(lot.increment_steps) LOOP
            minimum := lot.high_minor + lot.increment_steps[i];
            EXIT WHEN lot.high_minor < lot.increment_bounds[i];
        END LOOP;
    END IF;
    IF p_organisation = lot.seller_id THEN said := 'conflict_of_interest';
    ELSIF lot.status <> 'open' OR at >= lot.closes_at THEN said := 'lot_closed';
    ELSIF at < lot.opens_at THEN said := 'lot_not_open';
    ELSIF EXISTS (SELECT 1 FROM listings WHERE id = lot.listing_id AND status = 'suspended') THEN
        said := 'lot_suspended';
    ELSIF bidder.id IS NULL THEN said := 'not_registered';
    ELSIF bidder.status <> 'admitted' THEN said := 'deposit_missing';
    ELSIF p_currency <> lot.start_currency THEN said := 'wrong_currency';
    ELSIF p_kind = 'buy_now' AND (lot.bid_count > 0 OR p_amount IS DISTINCT FROM lot.buy_now_minor) THEN
        said := 'buy_now_over';
    ELSIF p_kind = 'bid' AND p_amount < minimum THEN said := 'bid_too_low';
    END IF;
    IF said <> 'accepted' THEN
        RETURN QUERY SELECT said, minimum, lot.start_currency::text, NULL::bigint, at, lot.closes_at, NULL::text,
            NULL::text;
        RETURN;
    END IF;
    later := lot.closes_at;
    IF p_kind = 'bid' AND at >= lot.closes_at - make_interval(secs => lot.window_seconds) THEN
        later := CASE lot.extend_from WHEN 'bid' THEN at ELSE lot.closes_at END
            + make_interval(secs => lot.extension_seconds);
        IF lot.max_extension_seconds IS NOT NULL THEN
            later := least(later, lot.first_closes_at + make_interval(secs => lot.max_extension_seconds));
        END IF;
        later := greatest(later, lot.closes_at);
    END IF;
    INSERT INTO auction_events (id, auction_id, sequence, kind, occurred_at, bidder_id, bidder_code, person_id,
        amount_minor, amount_currency, closes_at, detail, previous_hash, hash, audit_event_id)
    VALUES (p_bid, p_auction, 0, p_kind, at, p_organisation, bidder.code, p_person, p_amount, p_currency, later, '',
        '', '', p_audit) RETURNING * INTO made;
    UPDATE auctions SET high_minor = p_amount, leader_id = p_organisation, leader_code = bidder.code,
        bid_count = bid_count + 1, last_sequence = made.sequence, closes_at = later WHERE id = p_auction;
    INSERT INTO audit_events (id, subject_id, stream_number, kind, organisation_id, person_id, via, at, body,
        previous_hash, event_hash)
    VALUES (p_audit, p_auction, 0, 'BidPlaced', p_organisation, p_person, p_via, at,
        '{"after":' || 'null,"at":"' || to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || p_audit_tail,
        '', '');
    RETURN QUERY SELECT said, minimum, lot.start_currency::text, made.sequence, at, later, bidder.code::text,
        made.hash::text;
END $$;
"""


def downgrade() -> None:
    """Take everything away again."""
    op.execute("DROP FUNCTION IF EXISTS auction_place_bid")
    for table in ("auction_events", "auction_bidders", "auctions"):
        op.drop_table(table)
    for function in ("guard", "refuse_change", "chain_event"):
        op.execute(f"DROP FUNCTION IF EXISTS auction_{function}")
    for table in (
        "deal_payoffs", "closing_steps", "offers", "negotiation_messages", "deals", "negotiations",
    ):  # fmt: skip
        op.drop_table(table)
    op.execute("DROP FUNCTION offer_stays_as_made()")
    op.execute("DROP FUNCTION deal_stays_as_agreed()")


def _deals() -> None:
    """Negotiations, offers, messages, deals and closings, with what PostgreSQL itself keeps."""
    _negotiations()
    _offers()
    _negotiation_messages()
    _deals_table()
    _closing_steps()
    _deal_payoffs()
    op.execute(OFFER_STAYS)
    op.execute(DEAL_STAYS)
    for table, function in (("offers", "offer_stays_as_made"), ("deals", "deal_stays_as_agreed")):
        op.execute(
            f"CREATE TRIGGER {function} BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()"
        )
    for table in ("negotiation_messages", "deal_payoffs"):
        op.execute(
            f"CREATE TRIGGER {table}_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION documents_never_changed()"
        )


def _negotiations() -> None:
    op.create_table(
        "negotiations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("listing_id", sa.Uuid(), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("seller_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "accepted",
                "rejected",
                "withdrawn",
                "expired",
                name="negotiationstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(length=1000), nullable=False),
        sa.CheckConstraint("seller_id <> buyer_id", name="two_sides"),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.id"], name="fk_negotiations_asset_id_assets"),
        sa.ForeignKeyConstraint(["buyer_id"], ["organisations.id"], name="fk_negotiations_buyer_id_organisations"),
        sa.ForeignKeyConstraint(["listing_id"], ["listings.id"], name="fk_negotiations_listing_id_listings"),
        sa.ForeignKeyConstraint(["seller_id"], ["organisations.id"], name="fk_negotiations_seller_id_organisations"),
        sa.PrimaryKeyConstraint("id", name="pk_negotiations"),
    )
    op.create_index("ix_negotiations_buyer_id", "negotiations", ["buyer_id"], unique=False)
    op.create_index("ix_negotiations_seller_id", "negotiations", ["seller_id"], unique=False)
    op.create_index(
        "uq_negotiations_one_open",
        "negotiations",
        ["listing_id", "buyer_id"],
        unique=True,
        postgresql_where=sa.text("status = 'open'"),
    )


def _deals_table() -> None:
    op.create_table(
        "deals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("listing_id", sa.Uuid(), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("seller_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("transfer", "licence", name="dealkind", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("price_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("deposit_minor", sa.BigInteger(), nullable=False),
        sa.Column("deposit_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("deposit_lodged", sa.Boolean(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("terms", JSONB(), nullable=False),
        sa.Column("origin", sa.String(length=20), nullable=False),
        sa.Column("origin_id", sa.Uuid(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "signing",
                "awaiting_funds",
                "funds_held",
                "recordal_filed",
                "recordal_proven",
                "released",
                "refunding",
                "refunded",
                "cancelled",
                name="dealstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("contract_file_id", sa.Uuid(), nullable=True),
        sa.Column("envelope_id", sa.Uuid(), nullable=True),
        sa.Column("inventor_bps", sa.BigInteger(), nullable=False),
        sa.Column("recordal_number", sa.String(length=120), nullable=False),
        sa.Column("recordal_filed_on", sa.Date(), nullable=True),
        sa.Column("recordal_proven_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("release_proposed_by", sa.Uuid(), nullable=True),
        sa.Column("release_approved_by", sa.Uuid(), nullable=True),
        sa.Column("refund_started_by", sa.Uuid(), nullable=True),
        sa.Column("refund_approved_by", sa.Uuid(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status <> 'released' OR (release_approved_by IS NOT NULL AND recordal_proven_at IS NOT NULL)",
            name="released_after_proof",
        ),
        sa.CheckConstraint("deposit_minor BETWEEN 0 AND price_minor", name="deposit_within_price"),
        sa.CheckConstraint("fee_minor BETWEEN 0 AND price_minor", name="fee_within_price"),
        sa.CheckConstraint("inventor_bps BETWEEN 0 AND 10000", name="inventor_share"),
        sa.CheckConstraint(
            "price_currency = deposit_currency AND price_currency = fee_currency", name="price_one_currency"
        ),
        sa.CheckConstraint("price_minor > 0", name="price_above_zero"),
        sa.CheckConstraint(
            "refund_approved_by IS NULL OR refund_approved_by <> refund_started_by", name="refunded_by_two"
        ),
        sa.CheckConstraint(
            "release_approved_by IS NULL OR release_approved_by <> release_proposed_by", name="released_by_two"
        ),
        sa.CheckConstraint("seller_id <> buyer_id", name="two_sides"),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.id"], name="fk_deals_asset_id_assets"),
        sa.ForeignKeyConstraint(["buyer_id"], ["organisations.id"], name="fk_deals_buyer_id_organisations"),
        sa.ForeignKeyConstraint(["contract_file_id"], ["files.id"], name="fk_deals_contract_file_id_files"),
        sa.ForeignKeyConstraint(["envelope_id"], ["envelopes.id"], name="fk_deals_envelope_id_envelopes"),
        sa.ForeignKeyConstraint(["listing_id"], ["listings.id"], name="fk_deals_listing_id_listings"),
        sa.ForeignKeyConstraint(["refund_approved_by"], ["people.id"], name="fk_deals_refund_approved_by_people"),
        sa.ForeignKeyConstraint(["refund_started_by"], ["people.id"], name="fk_deals_refund_started_by_people"),
        sa.ForeignKeyConstraint(["release_approved_by"], ["people.id"], name="fk_deals_release_approved_by_people"),
        sa.ForeignKeyConstraint(["release_proposed_by"], ["people.id"], name="fk_deals_release_proposed_by_people"),
        sa.ForeignKeyConstraint(["seller_id"], ["organisations.id"], name="fk_deals_seller_id_organisations"),
        sa.PrimaryKeyConstraint("id", name="pk_deals"),
        sa.UniqueConstraint("envelope_id", name="uq_deals_envelope_id"),
    )
    op.create_index("ix_deals_asset_id", "deals", ["asset_id"], unique=False)
    op.create_index("ix_deals_buyer_id", "deals", ["buyer_id"], unique=False)
    op.create_index("ix_deals_due", "deals", ["due_at"], unique=False, postgresql_where=sa.text("due_at IS NOT NULL"))
    op.create_index("ix_deals_listing_id", "deals", ["listing_id"], unique=False)
    op.create_index("ix_deals_seller_id", "deals", ["seller_id"], unique=False)
    op.create_index(
        "uq_deals_one_transfer",
        "deals",
        ["asset_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'transfer' AND status NOT IN ('released', 'refunded', 'cancelled')"),
    )
    op.create_index(
        "uq_deals_origin",
        "deals",
        ["origin", "origin_id"],
        unique=True,
        postgresql_where=sa.text("origin_id IS NOT NULL AND status NOT IN ('refunded', 'cancelled')"),
    )


def _negotiation_messages() -> None:
    op.create_table(
        "negotiation_messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("negotiation_id", sa.Uuid(), nullable=False),
        sa.Column("by_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("by_person_id", sa.Uuid(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("file_ids", JSONB(), nullable=False),
        sa.Column("names_contact", sa.Boolean(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["by_organisation_id"],
            ["organisations.id"],
            name="fk_negotiation_messages_by_organisation_id_organisations",
        ),
        sa.ForeignKeyConstraint(["by_person_id"], ["people.id"], name="fk_negotiation_messages_by_person_id_people"),
        sa.ForeignKeyConstraint(
            ["negotiation_id"], ["negotiations.id"], name="fk_negotiation_messages_negotiation_id_negotiations"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_negotiation_messages"),
    )
    op.create_index("ix_negotiation_messages_negotiation_id", "negotiation_messages", ["negotiation_id"], unique=False)


def _offers() -> None:
    op.create_table(
        "offers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("negotiation_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("by_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("by_person_id", sa.Uuid(), nullable=True),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("price_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("terms", JSONB(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "live",
                "superseded",
                "accepted",
                "rejected",
                "withdrawn",
                "expired",
                name="offerstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("expires_at > made_at", name="stands_for_a_while"),
        sa.CheckConstraint("price_minor > 0", name="price_above_zero"),
        sa.ForeignKeyConstraint(
            ["by_organisation_id"], ["organisations.id"], name="fk_offers_by_organisation_id_organisations"
        ),
        sa.ForeignKeyConstraint(["by_person_id"], ["people.id"], name="fk_offers_by_person_id_people"),
        sa.ForeignKeyConstraint(["negotiation_id"], ["negotiations.id"], name="fk_offers_negotiation_id_negotiations"),
        sa.PrimaryKeyConstraint("id", name="pk_offers"),
        sa.UniqueConstraint("negotiation_id", "version", name="uq_offers_negotiation_id_version"),
    )
    op.create_index(
        "ix_offers_expiring", "offers", ["expires_at"], unique=False, postgresql_where=sa.text("status = 'live'")
    )
    op.create_index(
        "uq_offers_one_live", "offers", ["negotiation_id"], unique=True, postgresql_where=sa.text("status = 'live'")
    )


def _closing_steps() -> None:
    op.create_table(
        "closing_steps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column(
            "code",
            sa.Enum(
                "pledgee_payoff",
                "co_owner_consent",
                "export_certificate",
                "licences_disclosed",
                "fees_paid",
                "title_extract",
                "similar_marks",
                "inventor_reward",
                name="stepcode",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "party",
            sa.Enum(
                "seller", "buyer", "pledgee", name="stepparty", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("responsible_id", sa.Uuid(), nullable=True),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("needs_document", sa.Boolean(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.Uuid(), nullable=True),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"], name="fk_closing_steps_deal_id_deals"),
        sa.ForeignKeyConstraint(["done_by"], ["people.id"], name="fk_closing_steps_done_by_people"),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name="fk_closing_steps_file_id_files"),
        sa.ForeignKeyConstraint(
            ["responsible_id"], ["organisations.id"], name="fk_closing_steps_responsible_id_organisations"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_closing_steps"),
        sa.UniqueConstraint(
            "deal_id",
            "code",
            "subject_id",
            name="uq_closing_steps_deal_id_code_subject_id",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_closing_steps_deal_id", "closing_steps", ["deal_id"], unique=False)
    op.create_index("ix_closing_steps_responsible_id", "closing_steps", ["responsible_id"], unique=False)


def _deal_payoffs() -> None:
    op.create_table(
        "deal_payoffs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("encumbrance_id", sa.Uuid(), nullable=False),
        sa.Column("pledgee_id", sa.Uuid(), nullable=False),
        sa.Column("outstanding_minor", sa.BigInteger(), nullable=False),
        sa.Column("outstanding_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("reference", sa.String(length=200), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"], name="fk_deal_payoffs_deal_id_deals"),
        sa.ForeignKeyConstraint(
            ["encumbrance_id"], ["encumbrances.id"], name="fk_deal_payoffs_encumbrance_id_encumbrances"
        ),
        sa.ForeignKeyConstraint(["pledgee_id"], ["organisations.id"], name="fk_deal_payoffs_pledgee_id_organisations"),
        sa.PrimaryKeyConstraint("id", name="pk_deal_payoffs"),
        sa.UniqueConstraint("deal_id", "encumbrance_id", name="uq_deal_payoffs_deal_id_encumbrance_id"),
    )
