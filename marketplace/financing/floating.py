"""Floating loans at their reset day: the new rate by the published reference, the rest laid out anew, exactly once."""

from datetime import date, datetime

from sqlalchemy import select

from marketplace.core.actor import SYSTEM
from marketplace.core.db import session
from marketplace.core.events import announce
from marketplace.financing.amendment_effects import AmendmentKind, row_of, snapshot
from marketplace.financing.amendments import Amendment, AmendmentMoved, AmendmentStatus
from marketplace.financing.day_counts import add_months
from marketplace.financing.loan_changes import reset_rate
from marketplace.financing.loans import RUNNING, Loan, instalments_of
from marketplace.financing.reference_rates import rate_on, rate_table, reference_on


def reset_rates(today: date, now: datetime, size: int = 200) -> int:
    """Reset every floating loan whose day has come; answers how many, none when all are done."""
    query = select(Loan).where(Loan.reset_on <= today, Loan.status.in_(RUNNING)).order_by(Loan.id).limit(size)
    due = list(session.execute(query.with_for_update(skip_locked=True)).scalars())
    for loan in due:
        _reset(loan, now)
    session.flush()
    return len(due)


def _reset(loan: Loan, now: datetime) -> None:
    assert loan.reset_on is not None
    on, was = loan.reset_on, loan.rate_bps
    fresh = rate_on(loan.clauses, was, on)
    loan.reset_on = add_months(on, loan.clauses.reset_months)
    if fresh == was:
        return
    published = reference_on(loan.clauses.reference, on)
    rows = instalments_of(loan.id)
    before = snapshot(rows)
    reset_rate(loan, rows, fresh, on, row_of(loan))
    terms = {
        "rate_bps": fresh, "was_bps": was, "reference_bps": published.bps, "table": rate_table().version,
        "published_on": published.published_on.isoformat(), "assumed": published.assumed,
    }  # fmt: skip
    amendment = Amendment(
        loan_id=loan.id, kind=AmendmentKind.RATE_RESET, status=AmendmentStatus.IN_FORCE, terms=terms,
        reason="", before=before, after=snapshot(rows), in_force_on=on,
    )  # fmt: skip
    session.add(amendment)
    session.flush()
    announce(SYSTEM, now, AmendmentMoved(amendment.id, loan.id, amendment.status.value))
