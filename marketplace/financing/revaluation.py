"""Valuing pledged rights anew: the marketplace's own value, from public facts alone, never older than a week."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, select

from marketplace.core.actor import SYSTEM
from marketplace.core.db import session
from marketplace.core.errors import Refused
from marketplace.financing.loans import RUNNING, Loan
from marketplace.financing.pledges import Pledge, PledgeStatus
from marketplace.valuation.reports import Indication, indicate_value
from marketplace.valuation.sales import Purpose

REVALUED_AFTER_DAYS = 7
"""A pledged right is valued anew when the marketplace's own value for pledging is older."""
A_NIGHT = 3000
"""At most so many rights a night, so that a large book is spread over the week."""
BATCH = 100


def rights_to_value(now: datetime, after: UUID | None = None, limit: int = BATCH) -> list[UUID]:
    """The pledged rights of running loans whose own value is older than a week, in a fixed order."""
    fresh = exists().where(
        Indication.asset_id == Pledge.asset_id,
        Indication.organisation_id.is_(None),
        Indication.purpose == Purpose.PLEDGE,
        Indication.as_of > now - timedelta(days=REVALUED_AFTER_DAYS),
    )
    query = (
        select(Pledge.asset_id)
        .join(Loan, Loan.id == Pledge.loan_id)
        .where(Pledge.status == PledgeStatus.REGISTERED, Loan.status.in_(RUNNING), ~fresh)
        .distinct()
        .order_by(Pledge.asset_id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(Pledge.asset_id > after)
    return list(session.execute(query).scalars())


def value_anew(asset_id: UUID, now: datetime) -> Indication | None:
    """The value of one right today; what cannot be valued any more keeps its last value and its warning signs."""
    try:
        with session.begin_nested():
            return indicate_value(SYSTEM, asset_id, Purpose.PLEDGE.value, now)
    except Refused:
        return None
