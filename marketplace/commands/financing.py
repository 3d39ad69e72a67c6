"""Schedules and day counts."""

from datetime import datetime
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext

from marketplace.commands.output import answer_cases, refuse, say
from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.core.errors import Malformed, Refused
from marketplace.core.i18n import _l
from marketplace.financing import jobs
from marketplace.financing.case_fields import read_day
from marketplace.financing.day_counts import count_days, read_span
from marketplace.financing.due_dates import business_date
from marketplace.financing.schedule_cases import answer_schedule
from marketplace.financing.views import books_by_class

group = AppGroup("financing", help="Schedules and day counts.")

DAY_COUNT_FIELDS = {"convention", "start", "end", "ref_start", "ref_end", "termination"}


class NightNotCome(Refused):
    """Loans age with the calendar; only a demo may run ahead of it."""

    message = _l("Loans age day by day: %(day)s has not come yet. Only a demo may look ahead.")


@group.command("schedule")
def schedule() -> None:
    """Read a loan CASE (or a list of them) from standard input and print its instalments."""
    answer_cases(answer_schedule)


@group.command("daycount")
def daycount() -> None:
    """Read a day count CASE (or a list of them) from standard input and print days and year fraction."""
    answer_cases(answer_day_count)


@group.command("night")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Age loans to this day; beyond today in a demo only.")
@with_appcontext
def night(until: datetime | None) -> None:
    """Do the night's work now: age every loan to today, close what expired, look at every pledged right."""
    today = business_date(now())
    last = until.date() if until else today
    if last > today and not current_app.extensions["settings"].demo:
        refuse(NightNotCome(day=last))
    jobs.expire_offers()
    session.commit()
    jobs.age_loans_until(last)
    jobs.watch_pledges()
    session.commit()
    say({"aged_to": last.isoformat(), "classes": books_by_class()})


def answer_day_count(case: Any) -> dict[str, Any]:
    """Days and year fraction of one case."""
    if not isinstance(case, dict):
        raise Malformed("", _l("A case is a JSON object."))
    unknown = sorted(set(case) - DAY_COUNT_FIELDS)
    if unknown:
        raise Malformed(errors={name: [str(_l("This field is not known."))] for name in unknown})
    convention = case.get("convention")
    if not isinstance(convention, str):
        raise Malformed("convention", _l("This day count convention is not known here."))
    counted = count_days(convention, read_span(case, read_day))
    return {"value": float(counted.fraction), "days": counted.days, "year_fraction": str(counted.fraction)}
