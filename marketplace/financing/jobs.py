"""What financing does at night."""

from datetime import date, timedelta

from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.core.jobs import every
from marketplace.financing.ageing import age_batch, first_day_to_age
from marketplace.financing.applications import expire_applications
from marketplace.financing.covenant_checks import judge_batch
from marketplace.financing.due_dates import business_date
from marketplace.financing.floating import reset_rates
from marketplace.financing.margin_calls import miss_deadlines
from marketplace.financing.monitoring import watch_batch
from marketplace.financing.revaluation import A_NIGHT, rights_to_value, value_anew
from marketplace.financing.term_sheets import expire_term_sheets


@every("10 16 * * *", "financing.age_loans")
def age_loans() -> None:
    """Age every running loan to today."""
    age_loans_until(business_date(now()))


def age_loans_until(last: date) -> None:
    """Age every running loan day by day, one batch a transaction, so that a killed job loses and repeats nothing."""
    day = first_day_to_age()
    while day is not None and day <= last:
        while age_batch(day, now()):
            session.commit()
        day += timedelta(days=1)


@every("8 16 * * *", "financing.reset_rates")
def reset_floating_rates() -> None:
    """Reset the rate of every floating loan whose day has come, some hundreds a transaction."""
    while reset_rates(business_date(now()), now()):
        session.commit()


@every("5 16 * * *", "financing.expire_offers")
def expire_offers() -> None:
    """Close offers and applications whose time is over."""
    expire_term_sheets(business_date(now()), now())
    expire_applications(now())


@every("40 16 * * *", "financing.watch_pledges")
def watch_pledges() -> None:
    """Value pledged rights anew, judge what was promised, then look at every running loan and its security.

    Each batch is one transaction.
    """
    value_rights_anew()
    today = business_date(now())
    judge_promises(today)
    while watch_batch(today, now()):
        session.commit()
    miss_deadlines(today, now())


def judge_promises(on: date) -> None:
    """Judge the covenants whose day has come, one batch a transaction; a second time changes nothing."""
    after = judge_batch(on, now())
    while after is not None:
        session.commit()
        after = judge_batch(on, now(), after)


def value_rights_anew() -> None:
    """Value the rights whose value is older than a week, as many as one night takes."""
    after, valued = None, 0
    while valued < A_NIGHT and (waiting := rights_to_value(now(), after)):
        for asset_id in waiting:
            value_anew(asset_id, now())
        session.commit()
        after, valued = waiting[-1], valued + len(waiting)
