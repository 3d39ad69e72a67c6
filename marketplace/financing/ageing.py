"""The night: interest runs up, penalties are charged, loans age; exactly once for each loan and day.

Every batch is one transaction. A loan carries the last day it was aged to, and loan_days holds one row for each loan and
day, so that a job killed anywhere is simply started again.
"""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Date, ForeignKey, PrimaryKeyConstraint, func, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import SYSTEM
from marketplace.core.db import Model, session
from marketplace.core.events import announce
from marketplace.financing.loan_quality import restate
from marketplace.financing.loans import RUNNING, Instalment, InstalmentMissed, Loan, find_loan

BATCH = 2000


class LoanDay(Model):
    """What one day added to one loan, in minor units of its currency."""

    __tablename__ = "loan_days"
    __table_args__ = (PrimaryKeyConstraint("loan_id", "day"),)

    id = None  # type: ignore[assignment]  # the loan and the day are the key
    created_at = None  # type: ignore[assignment]  # the day says when
    loan_id: Mapped[UUID] = mapped_column(ForeignKey("loans.id"))
    day: Mapped[date] = mapped_column(Date)
    interest_minor: Mapped[int]
    penalty_minor: Mapped[int]
    days_past_due: Mapped[int]


AGE = text("""
WITH batch AS (
    SELECT id, days_past_due, loan_class, penalty_rate_bps, interest_on_interest FROM loans
    WHERE status IN ('performing', 'overdue', 'defaulted') AND aged_on = :yesterday
    ORDER BY id LIMIT :size FOR UPDATE SKIP LOCKED
), penalties AS (
    SELECT i.id, i.loan_id,
        round((i.principal_minor - i.paid_principal_minor
               + CASE WHEN b.interest_on_interest THEN i.interest_minor - i.paid_interest_minor ELSE 0 END)
              * b.penalty_rate_bps / 3600000.0)::bigint AS added
    FROM instalments i JOIN batch b ON b.id = i.loan_id
    WHERE i.settled_on IS NULL AND i.due_on < :day
        AND (i.principal_minor > i.paid_principal_minor
             OR (b.interest_on_interest AND i.interest_minor > i.paid_interest_minor))
), charged AS (
    UPDATE instalments i SET penalty_minor = i.penalty_minor + p.added FROM penalties p WHERE p.id = i.id
), fresh AS (
    SELECT b.id, b.days_past_due AS before, b.loan_class,
        COALESCE((SELECT :day - min(i.due_on) FROM instalments i
                  WHERE i.loan_id = b.id AND i.settled_on IS NULL AND i.due_on < :day), 0) AS past_due,
        COALESCE((SELECT sum(
                      (i.interest_minor - i.carried_minor) * (:day - i.counts_from) / (i.due_on - i.counts_from)
                      - (i.interest_minor - i.carried_minor) * (:day - i.counts_from - 1) / (i.due_on - i.counts_from))
                  FROM instalments i
                  WHERE i.loan_id = b.id AND i.counts_from < :day AND i.due_on >= :day), 0)::bigint AS interest,
        COALESCE((SELECT sum(p.added) FROM penalties p WHERE p.loan_id = b.id), 0)::bigint AS penalty
    FROM batch b
), kept AS (
    INSERT INTO loan_days (loan_id, day, interest_minor, penalty_minor, days_past_due)
    SELECT id, :day, interest, penalty, past_due FROM fresh
), aged AS (
    UPDATE loans l SET aged_on = :day,
        days_past_due = CASE WHEN l.days_past_due > 0 AND f.past_due > 0 THEN f.past_due ELSE l.days_past_due END
    FROM fresh f WHERE f.id = l.id
)
SELECT id, (before = 0) <> (past_due = 0)
    OR (past_due > 360) <> (before > 360) OR (past_due > 270) <> (before > 270) OR (past_due > 90) <> (before > 90)
    AS changed
FROM fresh
""")


def age_batch(day: date, now: datetime, size: int = BATCH) -> int:
    """Age the next loans by one day; answers how many, none when all have reached the day."""
    rows = session.execute(AGE, {"day": day, "yesterday": day - timedelta(days=1), "size": size}).all()
    changed = [row.id for row in rows if row.changed]
    for loan_id in changed:
        restate(SYSTEM, find_loan(loan_id, lock=True), day, f"aged:{day.isoformat()}", now)
    _announce_missed([row.id for row in rows], day, now)
    return len(rows)


def first_day_to_age() -> date | None:
    """The day after the one the most backward running loan has reached."""
    reached: date | None = session.execute(select(func.min(Loan.aged_on)).where(Loan.status.in_(RUNNING))).scalar_one()
    return reached + timedelta(days=1) if reached else None


def age_to(day: date, now: datetime) -> int:
    """Bring every running loan up to the day, within one transaction; answers how many loan days were written."""
    written, current = 0, first_day_to_age()
    while current is not None and current <= day:
        while aged := age_batch(current, now):
            written += aged
        current += timedelta(days=1)
    return written


def _announce_missed(loan_ids: list[UUID], day: date, now: datetime) -> None:
    """An instalment is missed on the day after it was due."""
    query = select(Instalment.loan_id, Instalment.nr).where(
        Instalment.loan_id.in_(loan_ids),
        Instalment.due_on == day - timedelta(days=1),
        Instalment.settled_on.is_(None),
    )
    for loan_id, nr in session.execute(query).all():
        announce(SYSTEM, now, InstalmentMissed(loan_id, nr))
