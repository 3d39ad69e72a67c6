"""Double entry: accounts with floors, journals, entries; every rule enforced by PostgreSQL itself."""

import sqlalchemy as sa
from alembic import op

revision = "0006_ledger"
down_revision = "0005_documents"


def upgrade() -> None:
    """Make the three tables, their guards and the one function that writes to them."""
    _accounts()
    _journals()
    _entries()
    for statement in (APPEND_ONLY, GUARD_ACCOUNT, TAKE_ENTRY, RELEASE_HOLD, CHECK_JOURNAL, POST):
        op.execute(statement)


def _accounts() -> None:
    op.create_table(
        "ledger_accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("normal_side", sa.String(40), nullable=False),
        sa.Column("floor_minor", sa.BigInteger(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        *(
            sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)
            for name in (
                "posted_debit_minor",
                "posted_credit_minor",
                "pending_debit_minor",
                "pending_credit_minor",
                "version",
            )
        ),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_accounts"),
        sa.UniqueConstraint("entity", "code", "currency", name="uq_ledger_accounts_entity_code_currency"),
        sa.UniqueConstraint("id", "entity", "currency", name="uq_ledger_accounts_id_entity_currency"),
        sa.CheckConstraint("normal_side IN ('debit', 'credit')", name="normal_side"),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        sa.CheckConstraint(
            "least(posted_debit_minor, posted_credit_minor, pending_debit_minor, pending_credit_minor) >= 0",
            name="totals_not_negative",
        ),
        sa.CheckConstraint(
            "floor_minor IS NULL OR CASE normal_side "
            "WHEN 'credit' THEN posted_credit_minor - posted_debit_minor - pending_debit_minor "
            "ELSE posted_debit_minor - posted_credit_minor - pending_credit_minor END >= floor_minor",
            name="floor",
        ),
    )
    op.create_index("ix_ledger_accounts_owner_id", "ledger_accounts", ["owner_id"])


def _journals() -> None:
    op.create_table(
        "ledger_journals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.clock_timestamp(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("request_hash", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("phase", sa.String(40), nullable=False),
        sa.Column("pending_id", sa.Uuid(), nullable=True),
        sa.Column("reverses_id", sa.Uuid(), nullable=True),
        sa.Column("line_count", sa.SmallInteger(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_journals"),
        sa.UniqueConstraint("reference", name="uq_ledger_journals_reference"),
        sa.UniqueConstraint("pending_id", name="uq_ledger_journals_pending_id"),
        sa.UniqueConstraint("reverses_id", name="uq_ledger_journals_reverses_id"),
        sa.UniqueConstraint("id", "line_count", name="uq_ledger_journals_id_line_count"),
        sa.ForeignKeyConstraint(
            ["pending_id"], ["ledger_journals.id"], name="fk_ledger_journals_pending_id_ledger_journals"
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["ledger_journals.id"], name="fk_ledger_journals_reverses_id_ledger_journals"
        ),
        sa.CheckConstraint("phase IN ('single', 'pending', 'capture', 'void')", name="phase"),
        sa.CheckConstraint("(phase IN ('capture', 'void')) = (pending_id IS NOT NULL)", name="resolution"),
        sa.CheckConstraint(
            "CASE WHEN phase = 'void' THEN line_count = 0 ELSE line_count >= 2 END",
            name="two_lines",
        ),
        sa.CheckConstraint("expires_at IS NULL OR phase = 'pending'", name="only_holds_expire"),
    )
    op.create_index("ix_ledger_journals_expires_at", "ledger_journals", ["expires_at"])


def _entries() -> None:
    op.create_table(
        "ledger_entries",
        sa.Column("journal_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.SmallInteger(), nullable=False),
        sa.Column("line_count", sa.SmallInteger(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("side", sa.String(6), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("balance_after_minor", sa.BigInteger(), nullable=False),
        sa.Column("account_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("journal_id", "line", name="pk_ledger_entries"),
        sa.UniqueConstraint("account_id", "account_version", name="uq_ledger_entries_account_id_account_version"),
        sa.ForeignKeyConstraint(
            ["journal_id", "line_count"],
            ["ledger_journals.id", "ledger_journals.line_count"],
            name="fk_ledger_entries_journal_id_line_count_ledger_journals",
        ),
        sa.ForeignKeyConstraint(
            ["account_id", "entity", "currency"],
            ["ledger_accounts.id", "ledger_accounts.entity", "ledger_accounts.currency"],
            name="fk_ledger_entries_account_id_entity_currency_ledger_accounts",
        ),
        sa.CheckConstraint("side IN ('debit', 'credit')", name="side"),
        sa.CheckConstraint("amount_minor > 0", name="amount_positive"),
        sa.CheckConstraint("line BETWEEN 1 AND line_count", name="line_within_journal"),
    )


# A journal says how many lines it has, every line is numbered within that count, and at commit all of them exist:
# so no line can ever be added to a journal of an earlier transaction.
APPEND_ONLY = """
CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER ledger_journals_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_journals
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER ledger_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER ledger_accounts_stay BEFORE DELETE OR TRUNCATE ON ledger_accounts
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON ledger_journals, ledger_entries FROM PUBLIC;
REVOKE DELETE, TRUNCATE ON ledger_accounts FROM PUBLIC;
"""

# Totals follow from entries: an account is opened empty and only the triggers below move its totals.
GUARD_ACCOUNT = """
CREATE FUNCTION ledger_guard_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.posted_debit_minor <> 0 OR NEW.posted_credit_minor <> 0 OR NEW.pending_debit_minor <> 0
           OR NEW.pending_credit_minor <> 0 OR NEW.version <> 0 THEN
            RAISE EXCEPTION 'an account is opened empty' USING ERRCODE = 'restrict_violation';
        END IF;
    ELSIF pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION 'an account changes only by its entries' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_accounts_guard BEFORE INSERT OR UPDATE ON ledger_accounts
    FOR EACH ROW EXECUTE FUNCTION ledger_guard_account();
"""

TAKE_ENTRY = """
CREATE FUNCTION ledger_take_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    held boolean;
    account ledger_accounts;
    debit bigint := CASE WHEN NEW.side = 'debit' THEN NEW.amount_minor ELSE 0 END;
    credit bigint := CASE WHEN NEW.side = 'credit' THEN NEW.amount_minor ELSE 0 END;
BEGIN
    SELECT phase = 'pending' INTO held FROM ledger_journals WHERE id = NEW.journal_id;
    IF held THEN
        UPDATE ledger_accounts SET version = version + 1,
            pending_debit_minor = pending_debit_minor + debit, pending_credit_minor = pending_credit_minor + credit
        WHERE id = NEW.account_id RETURNING * INTO account;
    ELSE
        UPDATE ledger_accounts SET version = version + 1,
            posted_debit_minor = posted_debit_minor + debit, posted_credit_minor = posted_credit_minor + credit
        WHERE id = NEW.account_id RETURNING * INTO account;
    END IF;
    NEW.account_version := account.version;
    NEW.balance_after_minor := (account.posted_credit_minor - account.posted_debit_minor)
        * CASE account.normal_side WHEN 'credit' THEN 1 ELSE -1 END;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_entries_taken BEFORE INSERT ON ledger_entries
    FOR EACH ROW EXECUTE FUNCTION ledger_take_entry();
"""

RELEASE_HOLD = """
CREATE FUNCTION ledger_release_hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM ledger_journals WHERE id = NEW.pending_id AND phase = 'pending') THEN
        RAISE EXCEPTION 'journal % holds nothing', NEW.pending_id USING ERRCODE = 'check_violation';
    END IF;
    UPDATE ledger_accounts AS account SET
        pending_debit_minor = account.pending_debit_minor - held.debit,
        pending_credit_minor = account.pending_credit_minor - held.credit
    FROM (
        SELECT account_id,
               coalesce(sum(amount_minor) FILTER (WHERE side = 'debit'), 0)::bigint AS debit,
               coalesce(sum(amount_minor) FILTER (WHERE side = 'credit'), 0)::bigint AS credit
        FROM ledger_entries WHERE journal_id = NEW.pending_id GROUP BY account_id
    ) AS held WHERE account.id = held.account_id;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_journals_release AFTER INSERT ON ledger_journals
    FOR EACH ROW WHEN (NEW.pending_id IS NOT NULL) EXECUTE FUNCTION ledger_release_hold();
"""

CHECK_JOURNAL = """
CREATE FUNCTION ledger_check_journal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lines integer;
BEGIN
    SELECT count(*) INTO lines FROM ledger_entries WHERE journal_id = NEW.id;
    IF lines <> NEW.line_count THEN
        RAISE EXCEPTION 'journal % has % of % lines', NEW.id, lines, NEW.line_count USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (
        SELECT 1 FROM ledger_entries WHERE journal_id = NEW.id GROUP BY entity, currency
        HAVING sum(CASE side WHEN 'debit' THEN amount_minor ELSE -amount_minor END) <> 0
    ) THEN
        RAISE EXCEPTION 'journal % does not balance', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.phase = 'capture' AND EXISTS (
        SELECT account_id, side FROM ledger_entries WHERE journal_id IN (NEW.id, NEW.pending_id)
        GROUP BY account_id, side
        HAVING sum(CASE journal_id WHEN NEW.id THEN amount_minor ELSE -amount_minor END) > 0
    ) THEN
        RAISE EXCEPTION 'journal % captures more than was held', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_journals_balance AFTER INSERT ON ledger_journals
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_check_journal();
"""

# The one way to write: answers an outcome instead of raising, so that a refusal leaves the transaction usable.
# Every account concerned is locked first, in id order; inflows are written before outflows, so that the floor is
# judged on what the whole journal does.
POST = """
CREATE FUNCTION ledger_post(
    p_id uuid, p_reference text, p_hash text, p_kind text, p_phase text, p_pending uuid, p_reverses uuid,
    p_person uuid, p_organisation uuid, p_at timestamptz, p_expires timestamptz,
    p_entities text[], p_codes text[], p_currencies text[], p_sides text[], p_amounts bigint[]
) RETURNS TABLE (journal_id uuid, outcome text, detail text) LANGUAGE plpgsql AS $$
DECLARE
    accounts uuid[];
    known ledger_journals;
    held ledger_journals;
    short text;
BEGIN
    SELECT array_agg(a.id ORDER BY x.line), min(CASE WHEN a.id IS NULL THEN x.code || ' ' || x.currency END)
    INTO accounts, short
    FROM unnest(p_entities, p_codes, p_currencies) WITH ORDINALITY AS x (entity, code, currency, line)
    LEFT JOIN ledger_accounts AS a ON a.entity = x.entity AND a.code = x.code AND a.currency = x.currency;
    IF short IS NOT NULL THEN
        RETURN QUERY SELECT NULL::uuid, 'unknown_account', short; RETURN;
    END IF;
    PERFORM 1 FROM ledger_accounts WHERE id = ANY (accounts)
        OR (p_pending IS NOT NULL
            AND id IN (SELECT e.account_id FROM ledger_entries AS e WHERE e.journal_id = p_pending))
        ORDER BY id FOR NO KEY UPDATE;
    SELECT * INTO known FROM ledger_journals WHERE reference = p_reference;
    IF FOUND THEN
        RETURN QUERY SELECT known.id,
            CASE known.request_hash WHEN p_hash THEN 'replayed' ELSE 'reference_reused' END, p_reference; RETURN;
    END IF;
    IF p_pending IS NOT NULL THEN
        SELECT * INTO held FROM ledger_journals WHERE id = p_pending;
        IF NOT FOUND OR held.phase <> 'pending' THEN
            RETURN QUERY SELECT NULL::uuid, 'not_pending', p_pending::text; RETURN;
        END IF;
        SELECT * INTO known FROM ledger_journals WHERE pending_id = p_pending;
        IF FOUND THEN
            RETURN QUERY SELECT known.id, ('already_' || known.phase)::text, known.reference::text; RETURN;
        END IF;
        IF p_phase = 'capture' AND held.expires_at <= p_at THEN
            RETURN QUERY SELECT NULL::uuid, 'hold_expired', held.reference::text; RETURN;
        END IF;
        IF EXISTS (
            SELECT 1 FROM (
                SELECT e.account_id, e.side, -e.amount_minor AS amount FROM ledger_entries AS e
                WHERE e.journal_id = p_pending
                UNION ALL SELECT * FROM unnest(accounts, p_sides, p_amounts)
            ) AS x GROUP BY x.account_id, x.side HAVING sum(x.amount) > 0
        ) THEN
            RETURN QUERY SELECT NULL::uuid, 'exceeds_hold', held.reference::text; RETURN;
        END IF;
    END IF;
    IF p_reverses IS NOT NULL THEN
        SELECT * INTO known FROM ledger_journals WHERE reverses_id = p_reverses;
        IF FOUND THEN
            RETURN QUERY SELECT known.id, 'already_reversed', known.reference::text; RETURN;
        END IF;
    END IF;
    SELECT min(a.code) INTO short FROM ledger_accounts AS a JOIN (
        SELECT x.account, sum(x.amount) FILTER (WHERE x.side = 'debit') AS debit,
               sum(x.amount) FILTER (WHERE x.side = 'credit') AS credit
        FROM unnest(accounts, p_sides, p_amounts) AS x (account, side, amount) GROUP BY x.account
    ) AS m ON m.account = a.id LEFT JOIN (
        SELECT e.account_id, sum(e.amount_minor) FILTER (WHERE e.side = 'debit') AS debit,
               sum(e.amount_minor) FILTER (WHERE e.side = 'credit') AS credit
        FROM ledger_entries AS e WHERE e.journal_id = p_pending GROUP BY e.account_id
    ) AS r ON r.account_id = a.id
    WHERE a.floor_minor IS NOT NULL AND CASE a.normal_side
        WHEN 'credit' THEN a.posted_credit_minor - a.posted_debit_minor - a.pending_debit_minor
            + coalesce(r.debit, 0) - coalesce(m.debit, 0)
            + CASE p_phase WHEN 'pending' THEN 0 ELSE coalesce(m.credit, 0) END
        ELSE a.posted_debit_minor - a.posted_credit_minor - a.pending_credit_minor
            + coalesce(r.credit, 0) - coalesce(m.credit, 0)
            + CASE p_phase WHEN 'pending' THEN 0 ELSE coalesce(m.debit, 0) END
        END < a.floor_minor;
    IF short IS NOT NULL THEN
        RETURN QUERY SELECT NULL::uuid, 'insufficient_funds', short; RETURN;
    END IF;
    INSERT INTO ledger_journals (id, reference, request_hash, kind, phase, pending_id, reverses_id, line_count,
                                 person_id, organisation_id, at, expires_at)
    VALUES (p_id, p_reference, p_hash, p_kind, p_phase, p_pending, p_reverses, cardinality(p_codes),
            p_person, p_organisation, p_at, p_expires)
    ON CONFLICT (reference) DO NOTHING;
    IF NOT FOUND THEN
        SELECT * INTO known FROM ledger_journals WHERE reference = p_reference;
        RETURN QUERY SELECT known.id,
            CASE known.request_hash WHEN p_hash THEN 'replayed' ELSE 'reference_reused' END, p_reference; RETURN;
    END IF;
    INSERT INTO ledger_entries (journal_id, line, line_count, account_id, entity, currency, side, amount_minor,
                                balance_after_minor, account_version)
    SELECT p_id, x.line, cardinality(p_codes), x.account, x.entity, x.currency, x.side, x.amount, 0, 0
    FROM unnest(accounts, p_entities, p_currencies, p_sides, p_amounts)
        WITH ORDINALITY AS x (account, entity, currency, side, amount, line)
    JOIN ledger_accounts AS a ON a.id = x.account
    ORDER BY (x.side = a.normal_side) DESC, x.line;
    RETURN QUERY SELECT p_id, 'posted', p_reference;
END $$;
"""


def downgrade() -> None:
    """Take everything away again."""
    op.execute("DROP FUNCTION IF EXISTS ledger_post")
    for table in ("ledger_entries", "ledger_journals", "ledger_accounts"):
        op.drop_table(table)
    for function in ("check_journal", "release_hold", "take_entry", "guard_account", "refuse_change"):
        op.execute(f"DROP FUNCTION IF EXISTS ledger_{function}")
