"""The night of a hundred thousand running loans, against a bare set-based update of the same rows."""

import json
import os
import time
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from bench.lots import SECRET
from bench.server import own_database
from marketplace.core.actor import SYSTEM
from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.core.money import Money
from marketplace.financing import jobs
from marketplace.financing.due_dates import business_date
from marketplace.financing.loans import Loan
from marketplace.financing.monitoring import SIGNS, watch_batch
from marketplace.ledger.entries import Posting, post
from tests.makers.financing import make_parties, make_running_loan

LOANS = int(os.environ.get("BENCH_LOANS", "100000"))

COPIES = """
CREATE TEMP TABLE copied AS
SELECT n, gen_random_uuid() AS loan_id, gen_random_uuid() AS asset_id,
  gen_random_uuid() AS application_id, gen_random_uuid() AS sheet_id,
  CASE WHEN n % 300 = 0 THEN 0 WHEN n % 20 = 1 THEN 30 WHEN n % 50 = 2 THEN 89 + n % 3 ELSE -20 END AS late
FROM generate_series(1, :count) n;
INSERT INTO assets SELECT (jsonb_populate_record(a, jsonb_build_object('id', c.asset_id, 'number', 'BENCH' || c.n))).*
FROM assets a, copied c WHERE a.id = :asset;
INSERT INTO financing_applications SELECT (jsonb_populate_record(a, jsonb_build_object('id', c.application_id))).*
FROM financing_applications a, copied c;
INSERT INTO term_sheets SELECT (jsonb_populate_record(t, jsonb_build_object('id', c.sheet_id, 'application_id',
  c.application_id))).* FROM term_sheets t, copied c;
INSERT INTO loans SELECT (jsonb_populate_record(l, jsonb_build_object('id', c.loan_id, 'application_id',
  c.application_id, 'term_sheet_id', c.sheet_id, 'aged_on', :yesterday, 'days_past_due', greatest(c.late, 0),
  'status', CASE WHEN c.late > 90 THEN 'defaulted' WHEN c.late > 0 THEN 'overdue' ELSE 'performing' END,
  'loan_class', CASE WHEN c.late > 90 THEN 'substandard' WHEN c.late > 0 THEN 'special_mention' ELSE 'normal' END))).*
FROM loans l, copied c WHERE l.id = :loan;
INSERT INTO instalments SELECT (jsonb_populate_record(i, jsonb_build_object('id', gen_random_uuid(),
  'loan_id', c.loan_id, 'begins_on', i.begins_on - shift.days, 'counts_from', i.counts_from - shift.days,
  'due_on', i.due_on - shift.days))).*
FROM copied c CROSS JOIN instalments i
CROSS JOIN LATERAL (SELECT CAST(:first AS date) - CAST(:yesterday AS date) + c.late AS days) shift
WHERE i.loan_id = :loan;
INSERT INTO pledges SELECT (jsonb_populate_record(p, jsonb_build_object('id', gen_random_uuid(), 'loan_id', c.loan_id,
  'asset_id', c.asset_id))).* FROM pledges p, copied c WHERE p.loan_id = :loan;
INSERT INTO loan_checks (id, loan_id, day, debt_minor, debt_currency, required_bps, score, signs)
SELECT gen_random_uuid(), c.loan_id, :yesterday, 1, 'CNY', 1, 0, CAST(:signs AS jsonb) FROM copied c WHERE c.n % 300 > 0;
DELETE FROM pledges WHERE loan_id = :loan;
DELETE FROM instalments WHERE loan_id = :loan;
DELETE FROM loans WHERE id = :loan
"""

BARE = """
UPDATE loans SET aged_on = :today, days_past_due = days_past_due + CASE WHEN days_past_due > 0 THEN 1 ELSE 0 END
WHERE status IN ('performing', 'overdue', 'defaulted') AND aged_on = :yesterday;
INSERT INTO loan_days (loan_id, day, interest_minor, penalty_minor, days_past_due)
SELECT id, :today, 100, 0, days_past_due FROM loans WHERE aged_on = :today;
UPDATE instalments SET penalty_minor = penalty_minor + 1 WHERE settled_on IS NULL AND due_on < :today
"""


def measure() -> dict[str, Any]:
    """Seconds of accrual, ageing and classification, seconds of monitoring, and the ratio of the first to bare SQL."""
    with own_database(SECRET):
        loan = make_running_loan(make_parties())
        session.commit()
        today = business_date(now())
        _fill(loan, today)
        bare = _bare(today)
        begun = time.perf_counter()
        jobs.age_loans_until(today)
        aged = time.perf_counter() - begun
        begun = time.perf_counter()
        while watch_batch(today, now()):
            session.commit()
        watched = time.perf_counter() - begun
        days, missed = session.execute(
            text("SELECT (SELECT count(*) FROM loan_days), (SELECT count(*) FROM loans WHERE days_past_due = 1)")
        ).one()
    return {
        "night_ratio_to_bare_sql": round(aged / bare, 1),
        "night_loans": LOANS,
        "night_ageing_seconds": round(aged, 1),
        "night_monitoring_seconds": round(watched, 1),
        "night_bare_sql_seconds": round(bare, 1),
        "night_loan_days": days,
        "night_newly_missed": missed,
    }


def _fill(loan: Loan, today: date) -> None:
    """One loan by the use cases, the rest as copies of its rows with due dates moved; triggers are not needed here.

    One loan in three hundred misses its instalment today and is new to the watch; the others were looked at yesterday.
    """
    loan_id, bank_id = loan.id, loan.bank_id
    first = session.execute(
        text("SELECT min(due_on) FROM instalments WHERE loan_id = :loan"), {"loan": loan_id}
    ).scalar_one()
    asset = session.execute(text("SELECT asset_id FROM pledges WHERE loan_id = :loan"), {"loan": loan_id}).scalar_one()
    values = {
        "count": LOANS,
        "loan": loan_id,
        "asset": asset,
        "first": first,
        "yesterday": today - timedelta(days=1),
        "signs": json.dumps(list(SIGNS)),
    }
    session.execute(text("SET session_replication_role = replica"))
    _run(COPIES, values)
    session.execute(text("SET session_replication_role = origin"))
    session.commit()
    _balance_books(bank_id)


def _balance_books(bank_id: UUID) -> None:
    """The accounts hold what the copied loans owe, so that quality moves find their money."""
    settlement, plenty = f"bank:{bank_id}:settlement", Money(10**15, "CNY")
    postings = [
        Posting(f"bank:{bank_id}:loans:{name}", settlement, plenty) for name in ("performing", "overdue", "npl")
    ]
    post(SYSTEM, "bench:books", "loan_disbursement", postings, now())
    session.commit()


def _bare(today: date) -> float:
    """The same rows written by plain statements in one transaction, undone afterwards."""
    values = {"today": today, "yesterday": today - timedelta(days=1)}
    begun = time.perf_counter()
    _run(BARE, values)
    seconds = time.perf_counter() - begun
    session.rollback()
    session.connection(execution_options={"isolation_level": "AUTOCOMMIT"}).execute(
        text("VACUUM ANALYZE loans, instalments, loan_days")
    )
    session.commit()
    return seconds


def _run(script: str, values: dict[str, Any]) -> None:
    for statement in script.split(";\n"):
        session.execute(text(statement), {name: value for name, value in values.items() if f":{name}" in statement})
