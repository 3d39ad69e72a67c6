"""The tables of deals: auctions, and what follows an accepted price."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint

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
    _enforcement_sales()
    _cross_licences()


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
                "opening",
                "last_word",
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
        sa.Column(
            "format",
            sa.Enum(
                "english",
                "sealed_first_price",
                "vickrey",
                "dutch",
                "hybrid_dutch",
                "portfolio",
                native_enum=False,
                create_constraint=True,
                length=40,
                name="auctionformat",
            ),
            nullable=False,
        ),
        sa.Column("proxy", sa.Boolean(), nullable=False),
        sa.Column("terms", JSONB(), nullable=False),
        sa.Column("terms_version", whole, nullable=False),
        sa.Column("earlier_terms", JSONB(), nullable=False),
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
        sa.Column("opening_key", sa.String(64)),
        sa.Column("opening_until", instant),
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
            "(high_minor IS NULL) = (bid_count = 0) AND (leader_id IS NULL) = (high_minor IS NULL OR format = 'portfolio')",
            name="leader_has_bid",
        ),
        sa.CheckConstraint("leader_id <> seller_id AND winner_id <> seller_id", name="seller_never_bids"),
        sa.CheckConstraint(
            "(status = 'opening') <= (opening_until IS NOT NULL)",
            name="openings_end",
        ),
        sa.CheckConstraint(
            "(opening_key IS NOT NULL) = (format IN ('sealed_first_price', 'vickrey', 'hybrid_dutch'))",
            name="envelopes_have_a_key",
        ),
        sa.CheckConstraint(
            "(status IN ('sold', 'completed')) = (price_minor IS NOT NULL) AND (winner_id IS NULL) = (price_minor IS NULL OR "
            "format = 'portfolio')",
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
        sa.Column("rank", whole),
        sa.Column(
            "status",
            sa.Enum(
                "expected",
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
            "kind IN ('opened', 'bid', 'automatic', 'buy_now', 'sealed', 'withdrawn', 'revealed', 'void', 'accepted', "
            "'best', 'package', 'awarded', 'terms_changed', 'confirmed', 'closed', 'defaulted', 'second_chance')",
            name="kind",
        ),
        sa.CheckConstraint(
            "kind NOT IN ('bid', 'automatic', 'buy_now', 'accepted', 'best', 'confirmed', 'revealed', 'package', 'awarded') "
            "OR (bidder_id IS NOT NULL AND bidder_code IS NOT NULL AND amount_minor > 0 AND amount_currency IS NOT NULL)",
            name="bid_is_whole",
        ),
        sa.CheckConstraint(
            "kind NOT IN ('sealed', 'withdrawn', 'void') OR (amount_minor IS NULL AND bidder_id IS NOT NULL)",
            name="sealed_shows_no_amount",
        ),
    )
    op.create_index("ix_auction_events_bidder_id", "auction_events", ["bidder_id"])
    op.create_index(
        "uq_auction_events_one_close", "auction_events", ["auction_id"], unique=True,
        postgresql_where=sa.text("kind = 'closed'"),
    )  # fmt: skip
    _sealed_bids()
    _auction_defaults()
    _lot_assets()
    for statement in (AUCTION_LOG, AUCTION_GUARD, SHARE_GUARD, PLACE_BID, BID_ONCE):
        op.execute(statement)


def _sealed_bids() -> None:
    """Secret maxima, envelopes, opening officers and the shares of the lots' keys."""
    instant, whole = sa.DateTime(timezone=True), sa.BigInteger()
    op.create_table(
        "auction_maxima",
        *_key(),
        sa.Column("auction_id", sa.Uuid(), sa.ForeignKey("auctions.id"), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", whole, nullable=False),
        sa.Column("set_at", instant, nullable=False),
        sa.UniqueConstraint("auction_id", "organisation_id", name="uq_auction_maxima_auction_id_organisation_id"),
        sa.CheckConstraint("amount_minor > 0", name="amount_positive"),
    )
    op.create_table(
        "auction_envelopes",
        *_key(),
        sa.Column("auction_id", sa.Uuid(), sa.ForeignKey("auctions.id"), nullable=False),
        sa.Column("bidder_id", sa.Uuid(), sa.ForeignKey("auction_bidders.id"), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("commitment", sa.String(64), nullable=False),
        sa.Column("lodged_at", instant, nullable=False),
        sa.Column("standing", sa.Boolean(), nullable=False),
        sa.Column("amount_minor", whole),
        sa.Column("opened_at", instant),
        sa.CheckConstraint("(amount_minor IS NULL) = (opened_at IS NULL)", name="read_when_opened"),
    )
    op.create_index(
        "uq_auction_envelopes_one_standing", "auction_envelopes", ["auction_id", "bidder_id"], unique=True,
        postgresql_where=sa.text("standing"),
    )  # fmt: skip
    op.create_table(
        "opening_officers",
        *_key(),
        sa.Column("person_id", sa.Uuid(), sa.ForeignKey("people.id"), nullable=False),
        sa.Column("public_key", sa.String(64), nullable=False),
        sa.Column("named_at", instant, nullable=False),
        sa.Column("retired_at", instant),
    )
    op.create_index(
        "uq_opening_officers_one_key", "opening_officers", ["person_id"], unique=True,
        postgresql_where=sa.text("retired_at IS NULL"),
    )  # fmt: skip
    op.create_table(
        "opening_shares",
        *_key(),
        sa.Column("auction_id", sa.Uuid(), sa.ForeignKey("auctions.id"), nullable=False),
        sa.Column("officer_id", sa.Uuid(), sa.ForeignKey("opening_officers.id"), nullable=False),
        sa.Column("number", whole, nullable=False),
        sa.Column("sealed_share", sa.LargeBinary(), nullable=False),
        sa.Column("share", sa.LargeBinary()),
        sa.Column("given_at", instant),
        sa.UniqueConstraint("auction_id", "number", name="uq_opening_shares_auction_id_number"),
        sa.UniqueConstraint("auction_id", "officer_id", name="uq_opening_shares_auction_id_officer_id"),
        sa.CheckConstraint("(share IS NULL) = (given_at IS NULL)", name="given_whole"),
    )


def _lot_assets() -> None:
    """The assets of portfolio lots; a part never goes to two buyers."""
    whole = sa.BigInteger()
    op.create_table(
        "auction_lot_assets",
        *_key(),
        sa.Column("auction_id", sa.Uuid(), sa.ForeignKey("auctions.id"), nullable=False),
        sa.Column("part", whole, nullable=False),
        sa.Column("listing_id", sa.Uuid(), sa.ForeignKey("listings.id"), nullable=False),
        sa.Column("asset_id", sa.Uuid(), sa.ForeignKey("assets.id"), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "offered", "sold", "unsold", "completed", "defaulted", native_enum=False, create_constraint=True,
                length=40, name="lotassetstatus",
            ),
            nullable=False,
        ),
        sa.Column("start_minor", whole, nullable=False),
        sa.Column("start_currency", sa.CHAR(3), nullable=False),
        sa.Column("winner_id", sa.Uuid()),
        sa.Column("winner_code", sa.String(12)),
        sa.Column("price_minor", whole),
        sa.Column("deposit_minor", whole),
        sa.Column("deal_id", sa.Uuid()),
        sa.UniqueConstraint("listing_id", name="uq_auction_lot_assets_listing_id"),
        sa.UniqueConstraint("auction_id", "asset_id", name="uq_auction_lot_assets_auction_id_asset_id"),
        sa.CheckConstraint("part BETWEEN 1 AND 10", name="part_in_reason"),
        sa.CheckConstraint("start_minor > 0", name="start_above_zero"),
        sa.CheckConstraint(
            "(status IN ('offered', 'unsold', 'defaulted')) = (winner_id IS NULL) AND (winner_id IS NULL) = (price_minor IS NULL) "
            "AND (winner_id IS NULL) = (deposit_minor IS NULL)",
            name="sold_whole",
        ),
        sa.CheckConstraint("price_minor >= start_minor", name="price_not_below_start"),
        sa.CheckConstraint("deposit_minor BETWEEN 0 AND price_minor", name="deposit_within_price"),
        ExcludeConstraint(
            ("auction_id", "="), ("part", "="), ("winner_id", "<>"), name="ex_auction_lot_assets_part_stays_whole"
        ),
    )  # fmt: skip
    op.create_index("ix_auction_lot_assets_auction_id", "auction_lot_assets", ["auction_id"])


def _auction_defaults() -> None:
    """Buyers who did not pay, and what they still owe."""
    instant, whole = sa.DateTime(timezone=True), sa.BigInteger()
    op.create_table(
        "auction_defaults",
        *_key(),
        sa.Column("auction_id", sa.Uuid(), sa.ForeignKey("auctions.id"), nullable=False),
        sa.Column("asset_id", sa.Uuid(), sa.ForeignKey("assets.id"), nullable=False),
        sa.Column("seller_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("price_minor", whole, nullable=False),
        sa.Column("price_currency", sa.CHAR(3), nullable=False),
        sa.Column("forfeited_minor", whole, nullable=False),
        sa.Column("forfeited_currency", sa.CHAR(3), nullable=False),
        sa.Column("resold_at", instant),
        sa.Column("gap_minor", whole),
        sa.Column("collection_id", sa.Uuid()),
        sa.UniqueConstraint(
            "auction_id", "asset_id", "buyer_id", name="uq_auction_defaults_auction_id_asset_id_buyer_id"
        ),
        sa.CheckConstraint("price_minor > 0 AND forfeited_minor >= 0", name="amounts"),
        sa.CheckConstraint("(gap_minor IS NULL) = (resold_at IS NULL)", name="gap_known_when_resold"),
    )
    op.create_index("ix_auction_defaults_asset_id", "auction_defaults", ["asset_id"])
    op.create_index("ix_auction_defaults_buyer_id", "auction_defaults", ["buyer_id"])


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
    IF NEW.kind IN ('bid', 'automatic', 'buy_now', 'sealed', 'withdrawn', 'accepted', 'confirmed', 'package')
       AND NEW.occurred_at >= last.closes_at THEN
        RAISE EXCEPTION 'nothing is taken after the close' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.kind = 'package' AND EXISTS (
        SELECT 1 FROM auction_events WHERE auction_id = NEW.auction_id AND kind = 'package' AND detail = NEW.detail
            AND amount_minor >= NEW.amount_minor
    ) THEN
        RAISE EXCEPTION 'bids for the same parts strictly increase' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.kind IN ('revealed', 'void') AND NEW.occurred_at < last.closes_at THEN
        RAISE EXCEPTION 'envelopes stay closed until the close' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.kind IN ('bid', 'buy_now', 'accepted', 'best') THEN
        IF NEW.amount_minor < last.high_minor OR (NEW.amount_minor = last.high_minor AND NEW.detail <> 'priority') THEN
            RAISE EXCEPTION 'accepted bids strictly increase until the close' USING ERRCODE = 'check_violation';
        END IF;
        NEW.high_minor := NEW.amount_minor;
    ELSIF NEW.kind = 'automatic' THEN
        IF NEW.amount_minor < last.high_minor THEN
            RAISE EXCEPTION 'an automatic bid never lowers the price' USING ERRCODE = 'check_violation';
        END IF;
        NEW.high_minor := NEW.amount_minor;
    ELSIF NEW.kind = 'confirmed' THEN
        NEW.high_minor := greatest(last.high_minor, NEW.amount_minor);
    ELSIF NEW.kind = 'terms_changed' THEN
        NEW.high_minor := NULL;
    END IF;
    IF NEW.kind NOT IN ('defaulted', 'second_chance') AND EXISTS (
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
    IF NEW.closes_at < OLD.closes_at OR NEW.terms_version < OLD.terms_version THEN
        RAISE EXCEPTION 'a lot never goes back' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.seller_id <> OLD.seller_id OR NEW.format <> OLD.format
       OR NEW.deposit_minor <> OLD.deposit_minor OR NEW.opening_key IS DISTINCT FROM OLD.opening_key THEN
        RAISE EXCEPTION 'seller, format, deposit and key of a lot stand' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.terms_version > OLD.terms_version AND OLD.status = 'open' THEN
        RETURN NEW;
    END IF;
    IF NEW.high_minor < OLD.high_minor OR NEW.bid_count < OLD.bid_count
       OR (OLD.high_minor IS NOT NULL AND NEW.high_minor IS NULL) THEN
        RAISE EXCEPTION 'a lot never goes back' USING ERRCODE = 'check_violation';
    END IF;
    IF (NEW.terms, NEW.start_minor, NEW.opens_at, NEW.reserve_minor, NEW.reserve_salt, NEW.increment_bounds,
        NEW.increment_steps, NEW.buy_now_minor, NEW.earlier_terms, NEW.first_closes_at)
       IS DISTINCT FROM (OLD.terms, OLD.start_minor, OLD.opens_at, OLD.reserve_minor, OLD.reserve_salt,
        OLD.increment_bounds, OLD.increment_steps, OLD.buy_now_minor, OLD.earlier_terms, OLD.first_closes_at) THEN
        RAISE EXCEPTION 'the announced terms of a lot stand until they are changed as a whole'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER auctions_guard BEFORE UPDATE ON auctions FOR EACH ROW EXECUTE FUNCTION auction_guard();
"""

# A share of a lot's key is given only after the close, once; envelopes are never changed, only set aside or read.
SHARE_GUARD = """
CREATE FUNCTION auction_share_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.sealed_share <> OLD.sealed_share OR OLD.share IS NOT NULL
       OR NOT EXISTS (SELECT 1 FROM auctions WHERE id = NEW.auction_id AND status = 'opening'
                      AND closes_at <= clock_timestamp()) THEN
        RAISE EXCEPTION 'a share is given once, after the close' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER opening_shares_guard BEFORE UPDATE OR DELETE ON opening_shares
    FOR EACH ROW EXECUTE FUNCTION auction_share_guard();
CREATE FUNCTION auction_envelope_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (NEW.content, NEW.commitment, NEW.lodged_at, NEW.bidder_id) IS DISTINCT FROM
        (OLD.content, OLD.commitment, OLD.lodged_at, OLD.bidder_id) OR (NEW.standing AND NOT OLD.standing)
        OR OLD.amount_minor IS NOT NULL THEN
        RAISE EXCEPTION 'an envelope stays as lodged' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER auction_envelopes_guard BEFORE UPDATE OR DELETE ON auction_envelopes
    FOR EACH ROW EXECUTE FUNCTION auction_envelope_guard();
"""

# One bid in one round trip: lock the lot, read the clock after the lock, check, log, move the lot, record the act.
# It answers an outcome instead of raising.
# The audit event that it writes is the same canonical JSON that the trail writes for every other act.
PLACE_BID = """
CREATE FUNCTION auction_step(p_bounds bigint[], p_steps bigint[], p_price bigint) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    FOR i IN 1 .. cardinality(p_steps) LOOP
        IF p_price < p_bounds[i] THEN RETURN p_steps[i]; END IF;
    END LOOP;
    RETURN p_steps[cardinality(p_steps)];
END $$;
CREATE FUNCTION auction_place_bid(
    p_auction uuid, p_organisation uuid, p_person uuid, p_kind text, p_amount bigint, p_currency text,
    p_bid uuid, p_audit uuid, p_via text
) RETURNS TABLE (
    outcome text, minimum_minor bigint, currency text, sequence bigint, occurred_at timestamptz,
    closes_at timestamptz, bidder_code text, hash text, leads boolean, amount_minor bigint
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    lot auctions;
    bidder auction_bidders;
    made auction_events;
    last auction_events;
    at timestamptz;
    minimum bigint;
    standing bigint;
    shown bigint := p_amount;
    later timestamptz;
    by_priority boolean := false;
    raises_own boolean := false;
    said text := 'accepted';
BEGIN
    SELECT * INTO lot FROM auctions WHERE id = p_auction FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN QUERY SELECT 'not_found', NULL::bigint, NULL::text, NULL::bigint, NULL::timestamptz, NULL::timestamptz,
            NULL::text, NULL::text, NULL::boolean, NULL::bigint;
        RETURN;
    END IF;
    at := clock_timestamp();
    SELECT * INTO bidder FROM auction_bidders WHERE auction_id = p_auction AND organisation_id = p_organisation;
    minimum := CASE WHEN lot.high_minor IS NULL THEN lot.start_minor
        ELSE lot.high_minor + auction_step(lot.increment_bounds, lot.increment_steps, lot.high_minor) END;
    IF lot.proxy AND lot.high_minor IS NOT NULL THEN
        SELECT greatest(amount_minor, lot.high_minor) INTO standing FROM auction_maxima
        WHERE auction_id = p_auction AND organisation_id = lot.leader_id;
        standing := coalesce(standing, lot.high_minor);
        raises_own := p_kind = 'maximum' AND lot.leader_id = p_organisation;
        IF raises_own THEN minimum := standing + auction_step(lot.increment_bounds, lot.increment_steps, standing); END IF;
    END IF;
    IF bidder.rank IS NOT NULL AND lot.high_minor = p_amount AND lot.leader_id <> p_organisation THEN
        by_priority := NOT EXISTS (SELECT 1 FROM auction_bidders WHERE auction_id = p_auction
            AND organisation_id = lot.leader_id AND rank <= bidder.rank);
    END IF;
    IF p_organisation = lot.seller_id THEN said := 'conflict_of_interest';
    ELSIF lot.status <> 'open' OR at >= lot.closes_at THEN said := 'lot_closed';
    ELSIF at < lot.opens_at THEN said := 'lot_not_open';
    ELSIF lot.format <> 'english' THEN said := 'no_open_bids';
    ELSIF EXISTS (SELECT 1 FROM listings WHERE id = lot.listing_id AND status = 'suspended') THEN
        said := 'lot_suspended';
    ELSIF bidder.id IS NULL OR bidder.status = 'expected' THEN said := 'not_registered';
    ELSIF bidder.status <> 'admitted' THEN said := 'deposit_missing';
    ELSIF p_currency <> lot.start_currency THEN said := 'wrong_currency';
    ELSIF p_kind = 'buy_now' AND (lot.bid_count > 0 OR p_amount IS DISTINCT FROM lot.buy_now_minor) THEN
        said := 'buy_now_over';
    ELSIF p_kind = 'maximum' AND NOT lot.proxy THEN said := 'no_proxy';
    ELSIF p_kind IN ('bid', 'maximum') AND p_amount < minimum AND NOT by_priority THEN said := 'bid_too_low';
    END IF;
    IF said <> 'accepted' THEN
        RETURN QUERY SELECT said, minimum, lot.start_currency::text, NULL::bigint, at, lot.closes_at, NULL::text,
            NULL::text, NULL::boolean, NULL::bigint;
        RETURN;
    END IF;
    later := lot.closes_at;
    IF p_kind <> 'buy_now' AND NOT raises_own
       AND at >= lot.closes_at - make_interval(secs => lot.window_seconds) THEN
        later := CASE lot.extend_from WHEN 'bid' THEN at ELSE lot.closes_at END
            + make_interval(secs => lot.extension_seconds);
        IF lot.max_extension_seconds IS NOT NULL THEN
            later := least(later, lot.first_closes_at + make_interval(secs => lot.max_extension_seconds));
        END IF;
        later := greatest(later, lot.closes_at);
    END IF;
    IF raises_own THEN
        SELECT * INTO made FROM auction_events WHERE auction_id = p_auction AND sequence = lot.last_sequence;
        last := made;
    ELSE
        IF lot.proxy AND lot.leader_id <> p_organisation AND standing < p_amount AND standing > lot.high_minor THEN
            INSERT INTO auction_events (id, auction_id, sequence, kind, occurred_at, bidder_id, bidder_code,
                amount_minor, amount_currency, closes_at, detail, previous_hash, hash)
            VALUES (gen_random_uuid(), p_auction, 0, 'automatic', at, lot.leader_id, lot.leader_code, standing,
                p_currency, later, '', '', '');
        END IF;
        IF p_kind = 'maximum' THEN
            IF lot.high_minor IS NULL THEN shown := minimum;
            ELSIF standing < p_amount THEN
                shown := least(p_amount, greatest(minimum,
                    standing + auction_step(lot.increment_bounds, lot.increment_steps, standing)));
            END IF;
        END IF;
        INSERT INTO auction_events (id, auction_id, sequence, kind, occurred_at, bidder_id, bidder_code, person_id,
            amount_minor, amount_currency, closes_at, detail, previous_hash, hash, audit_event_id)
        VALUES (p_bid, p_auction, 0, CASE p_kind WHEN 'maximum' THEN 'bid' ELSE p_kind END, at, p_organisation,
            bidder.code, p_person, shown, p_currency, later, CASE WHEN by_priority THEN 'priority' ELSE '' END,
            '', '', p_audit) RETURNING * INTO made;
        last := made;
        IF lot.proxy AND lot.leader_id <> p_organisation AND standing >= p_amount THEN
            INSERT INTO auction_events (id, auction_id, sequence, kind, occurred_at, bidder_id, bidder_code,
                amount_minor, amount_currency, closes_at, detail, previous_hash, hash)
            VALUES (gen_random_uuid(), p_auction, 0, 'automatic', at, lot.leader_id, lot.leader_code,
                least(standing, p_amount + auction_step(lot.increment_bounds, lot.increment_steps, p_amount)),
                p_currency, later, '', '', '') RETURNING * INTO last;
        END IF;
    END IF;
    IF lot.proxy THEN
        INSERT INTO auction_maxima (id, auction_id, organisation_id, amount_minor, set_at)
        VALUES (gen_random_uuid(), p_auction, p_organisation, p_amount, at)
        ON CONFLICT (auction_id, organisation_id) DO UPDATE SET set_at = at,
            amount_minor = greatest(auction_maxima.amount_minor, excluded.amount_minor);
    END IF;
    UPDATE auctions SET high_minor = last.amount_minor, leader_id = last.bidder_id, leader_code = last.bidder_code,
        bid_count = bid_count + CASE WHEN raises_own THEN 0 ELSE 1 END, last_sequence = last.sequence,
        closes_at = later WHERE id = p_auction;
    INSERT INTO audit_events (id, subject_id, stream_number, kind, organisation_id, person_id, via, at, body,
        previous_hash, event_hash)
    VALUES (p_audit, p_auction, 0, 'BidPlaced', p_organisation, p_person, p_via, at,
        format('{"after"\\:null,"at":"%s","before"\\:null,"id":"%s","kind":"BidPlaced","organisation":"%s",'
            '"payload":{"auction_id":"%s","bid_id":"%s"},"person":%s,"subject":"%s","via":"%s"}',
            to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), p_audit, p_organisation, p_auction, p_bid,
            coalesce(to_json(p_person)::text, 'null'), p_auction, p_via), '', '');
    RETURN QUERY SELECT said, minimum, lot.start_currency::text, made.sequence, at, later, bidder.code::text,
        made.hash::text, last.bidder_id = p_organisation, made.amount_minor;
END $$;
"""

# A bid by the API uses up its Idempotency-Key and keeps its answer in its one round trip: the lot's lock makes equal
# requests wait for each other, so a repeat finds the answer; a key of another request breaks the key's uniqueness.
BID_ONCE = """
CREATE FUNCTION auction_bid_once(
    p_scope text, p_key text, p_request_hash text, p_shown text, p_auction uuid, p_organisation uuid, p_person uuid,
    p_kind text, p_amount bigint, p_currency text, p_bid uuid, p_audit uuid, p_via text
) RETURNS TABLE (outcome text, minimum_minor bigint, currency text, body text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    kept idempotency_keys;
    bid record;
    said text;
BEGIN
    PERFORM 1 FROM auctions WHERE id = p_auction FOR NO KEY UPDATE;
    SELECT * INTO kept FROM idempotency_keys WHERE scope = p_scope AND key = p_key;
    IF FOUND THEN
        RETURN QUERY SELECT CASE WHEN kept.request_hash = p_request_hash AND kept.status = 201 THEN 'replayed'
            ELSE 'reused' END, NULL::bigint, NULL::text, convert_from(kept.body, 'UTF8');
        RETURN;
    END IF;
    SELECT * INTO bid FROM auction_place_bid(p_auction, p_organisation, p_person, p_kind, p_amount, p_currency, p_bid,
        p_audit, p_via);
    IF bid.outcome = 'accepted' THEN
        said := format('{"amount":{"amount":%s,"currency":%s},"auction_id":"%s","bidder_code":%s,"closes_at":"%s",'
            '"hash":"%s","id":"%s","leads":%s,"placed_at":"%s","receipt_id":"%s","sequence":%s}' || E'\\n',
            to_json(p_shown), to_json(p_currency), p_auction, to_json(bid.bidder_code),
            to_char(bid.closes_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'), bid.hash, p_bid, to_json(bid.leads),
            to_char(bid.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'), p_audit, bid.sequence);
        INSERT INTO idempotency_keys (id, scope, key, request_hash, at, status, media_type, body)
        VALUES (gen_random_uuid(), p_scope, p_key, p_request_hash, bid.occurred_at, 201, 'application/json',
            convert_to(said, 'UTF8'));
    END IF;
    RETURN QUERY SELECT bid.outcome, bid.minimum_minor, bid.currency, said;
END $$;
"""


def downgrade() -> None:
    """Take everything away again."""
    op.drop_table("cross_licences")
    op.drop_table("enforcement_sales")
    for function in ("bid_once", "place_bid"):
        op.execute(f"DROP FUNCTION IF EXISTS auction_{function}")
    for table in (
        "auction_lot_assets", "auction_defaults", "opening_shares", "opening_officers", "auction_envelopes", "auction_maxima",
        "auction_events", "auction_bidders", "auctions",
    ):  # fmt: skip
        op.drop_table(table)
    for function in ("guard", "share_guard", "envelope_guard", "refuse_change", "chain_event", "step"):
        op.execute(f"DROP FUNCTION IF EXISTS auction_{function}")
    for table in (
        "quotes", "quotation_seats", "quotation_requests", "deal_payoffs", "closing_steps", "offers", "negotiation_messages", "deals", "negotiations",
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
    _quotations()
    op.execute(OFFER_STAYS)
    op.execute(DEAL_STAYS)
    for table, function in (("offers", "offer_stays_as_made"), ("deals", "deal_stays_as_agreed")):
        op.execute(
            f"CREATE TRIGGER {function} BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()"
        )
    for table in ("negotiation_messages", "deal_payoffs", "quotes"):
        op.execute(
            f"CREATE TRIGGER {table}_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION documents_never_changed()"
        )


def _status(name: str, *values: str) -> sa.Column:
    kind = sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)
    return sa.Column("status", kind, nullable=False)


def _quotations() -> None:
    """Requests for quotation, the holders asked, and their quotes."""
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "quotation_requests",
        *_key(),
        sa.Column("asker_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        _status("requeststatus", "open", "best_and_final", "deciding", "awarded", "cancelled", "expired"),
        sa.Column("asked_at", instant, nullable=False),
        sa.Column("ends_at", instant, nullable=False),
        sa.Column("end_reason", sa.String(1000), nullable=False),
        sa.Column("deal_id", sa.Uuid()),
        sa.CheckConstraint("ends_at > asked_at", name="rounds_take_time"),
    )
    op.create_index("ix_quotation_requests_asker_id", "quotation_requests", ["asker_id"])
    op.create_index("ix_quotation_requests_status_ends_at", "quotation_requests", ["status", "ends_at"])
    op.create_table(
        "quotation_seats",
        *_key(),
        sa.Column("request_id", sa.Uuid(), sa.ForeignKey("quotation_requests.id"), nullable=False),
        sa.Column("listing_id", sa.Uuid(), sa.ForeignKey("listings.id"), nullable=False),
        sa.Column("asset_id", sa.Uuid(), sa.ForeignKey("assets.id"), nullable=False),
        sa.Column("seller_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        _status("seatstatus", "invited", "quoted", "declined", "withdrawn", "chosen", "not_chosen"),
        sa.Column("reason", sa.String(1000), nullable=False),
        sa.UniqueConstraint(
            "request_id", "listing_id", "buyer_id", name="uq_quotation_seats_request_id_listing_id_buyer_id"
        ),
        sa.CheckConstraint("seller_id <> buyer_id", name="two_sides"),
    )
    op.create_index("ix_quotation_seats_seller_id", "quotation_seats", ["seller_id"])
    op.create_index("ix_quotation_seats_buyer_id", "quotation_seats", ["buyer_id"])
    op.create_index(
        "uq_quotation_seats_one_chosen", "quotation_seats", ["request_id"], unique=True,
        postgresql_where=sa.text("status = 'chosen'"),
    )  # fmt: skip
    op.create_table(
        "quotes",
        *_key(),
        sa.Column("seat_id", sa.Uuid(), sa.ForeignKey("quotation_seats.id"), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("price_currency", sa.CHAR(3), nullable=False),
        sa.Column("special_terms", sa.Text(), nullable=False),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.Column("made_at", instant, nullable=False),
        sa.Column("valid_until", instant, nullable=False),
        sa.UniqueConstraint("seat_id", "version", name="uq_quotes_seat_id_version"),
        sa.CheckConstraint("price_minor > 0", name="price_above_zero"),
        sa.CheckConstraint("valid_until > made_at", name="stands_for_a_while"),
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
        ["origin", "origin_id", "asset_id"],
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
                "price_publicity",
                "inventor_preemption",
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


def _cross_licences() -> None:
    """Two licences given for each other."""
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "cross_licences",
        *_key(),
        sa.Column("proposer_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("other_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("first_asset_id", sa.Uuid(), sa.ForeignKey("assets.id"), nullable=False),
        sa.Column("second_asset_id", sa.Uuid(), sa.ForeignKey("assets.id"), nullable=False),
        sa.Column("terms", JSONB(), nullable=False),
        _status("crosslicencestatus", "proposed", "signing", "in_force", "recorded", "declined", "withdrawn", "lapsed"),
        sa.Column("proposed_at", instant, nullable=False),
        sa.Column("due_at", instant),
        sa.Column("contract_file_id", sa.Uuid(), sa.ForeignKey("files.id")),
        sa.Column("envelope_id", sa.Uuid(), sa.ForeignKey("envelopes.id")),
        sa.Column("first_licence_id", sa.Uuid(), sa.ForeignKey("encumbrances.id")),
        sa.Column("second_licence_id", sa.Uuid(), sa.ForeignKey("encumbrances.id")),
        sa.Column("record_by", sa.Date()),
        sa.Column("first_recorded_at", instant),
        sa.Column("second_recorded_at", instant),
        sa.Column("end_reason", sa.Text(), nullable=False),
        sa.UniqueConstraint("envelope_id", name="uq_cross_licences_envelope_id"),
        sa.CheckConstraint("proposer_id <> other_id AND first_asset_id <> second_asset_id", name="two_sides"),
        sa.CheckConstraint(
            "(status IN ('in_force', 'recorded')) = (first_licence_id IS NOT NULL AND second_licence_id IS NOT NULL)",
            name="both_or_none",
        ),
        sa.CheckConstraint(
            "(status = 'recorded') <= (first_recorded_at IS NOT NULL AND second_recorded_at IS NOT NULL)",
            name="recorded_by_both",
        ),
    )
    op.create_index("ix_cross_licences_proposer_id", "cross_licences", ["proposer_id"])
    op.create_index("ix_cross_licences_other_id", "cross_licences", ["other_id"])
    op.create_index(
        "ix_cross_licences_due", "cross_licences", ["due_at"], postgresql_where=sa.text("due_at IS NOT NULL")
    )
    op.create_index(
        "uq_cross_licences_live", "cross_licences",
        [sa.text("least(first_asset_id, second_asset_id)"), sa.text("greatest(first_asset_id, second_asset_id)")],
        unique=True, postgresql_where=sa.text("status IN ('proposed', 'signing', 'in_force', 'recorded')"),
    )  # fmt: skip


def _enforcement_sales() -> None:
    op.create_table(
        "enforcement_sales",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("listing_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("previous_id", sa.Uuid(), nullable=True),
        sa.Column(
            "round",
            sa.Enum(
                "first", "second", "private", name="saleround", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "planned",
                "noticed",
                "sold",
                "unsold",
                "cancelled",
                name="salestatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("appraisal_minor", sa.BigInteger(), nullable=False),
        sa.Column("appraisal_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("appraised_on", sa.Date(), nullable=False),
        sa.Column("appraiser", sa.String(length=200), nullable=False),
        sa.Column("basis", sa.String(length=1000), nullable=False),
        sa.Column("taxes", sa.Text(), nullable=False),
        sa.Column("priority_told", JSONB(), nullable=False),
        sa.Column("priority_told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(round = 'first') = (previous_id IS NULL)", name="ck_enforcement_sales_later_rounds_follow"
        ),
        sa.CheckConstraint(
            "status = 'planned' OR status = 'cancelled' OR noticed_at IS NOT NULL", name="ck_enforcement_sales_noticed"
        ),
        sa.CheckConstraint("appraisal_minor > 0", name="ck_enforcement_sales_appraisal_above_zero"),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.id"], name="fk_enforcement_sales_asset_id_assets"),
        sa.ForeignKeyConstraint(["listing_id"], ["listings.id"], name="fk_enforcement_sales_listing_id_listings"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_enforcement_sales_organisation_id_organisations"
        ),
        sa.ForeignKeyConstraint(
            ["previous_id"], ["enforcement_sales.id"], name="fk_enforcement_sales_previous_id_enforcement_sales"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_enforcement_sales"),
    )
    for name in ("listing", "previous"):
        op.create_index(
            f"uq_enforcement_sales_{name}", "enforcement_sales", [f"{name}_id"], unique=True,
            postgresql_where=sa.text("status <> 'cancelled'"),
        )  # fmt: skip
    op.create_index("ix_enforcement_sales_asset_id", "enforcement_sales", ["asset_id"], unique=False)
    op.create_index("ix_enforcement_sales_organisation_id", "enforcement_sales", ["organisation_id"], unique=False)
    op.create_index("ix_enforcement_sales_status", "enforcement_sales", ["status"], unique=False)
