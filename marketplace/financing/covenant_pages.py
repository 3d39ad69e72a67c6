"""Covenants in the browser: in an offer, on the page of a loan, and the calendar of what falls due."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response as Download
from flask import flash, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.db import find
from marketplace.core.errors import NotFound
from marketplace.core.http import Waiting, current_actor, dashboard_provider, idempotent, needs, page_form, signed_in
from marketplace.core.i18n import _, pick
from marketplace.documents.files import store_file
from marketplace.financing import covenant_calendar, covenant_reports, covenant_tests, covenants, policy
from marketplace.financing.covenant_rules import Promise
from marketplace.financing.covenant_schemas import CovenantIn, ReportForm
from marketplace.financing.covenant_tests import TestStatus
from marketplace.financing.due_dates import business_date
from marketplace.financing.pages_blueprint import pages
from marketplace.financing.panels import loan_panels
from marketplace.financing.schemas import NothingIn, ReasonIn
from marketplace.financing.term_sheets import TermSheet
from marketplace.registry.fee_calendar import calendar_of_days

Step = Callable[[Actor, UUID, dict[str, Any], datetime], Any]
STEPS: dict[str, tuple[type[Any], Step]] = {
    "report": (ReportForm, lambda actor, it, given, at: _report(actor, it, given, at)),
    "confirmation": (NothingIn, lambda actor, it, _given, at: covenant_reports.confirm_report(actor, it, at)),
    "dispute": (
        ReasonIn, lambda actor, it, given, at: covenant_reports.dispute_report(actor, it, given["reason"], at),
    ),
    "waiver": (ReasonIn, lambda actor, it, given, at: covenant_reports.ask_waiver(actor, it, given["reason"], at)),
    "waiver-approval": (NothingIn, lambda actor, it, _given, at: covenant_reports.approve_waiver(actor, it, at)),
}  # fmt: skip
"""What borrower and bank do on a test day, as its form sends it."""


@loan_panels.add(order=20)
def covenants_panel(actor: Actor | None, loan: Any) -> Markup | None:
    """On the page of a loan: its covenants and their test days."""
    promised = covenants.covenants_of_loan(loan.id) if actor is not None else []
    if actor is None or not promised:
        return None
    tests = covenant_tests.covenant_tests_of(loan.id)
    return Markup(
        render_template(
            "financing/_covenants.html",
            loan=loan,
            promised={one.id: one for one in promised},
            tests=[one for one in tests if one.status is not TestStatus.ENDED],
            lender=policy.is_lender(actor, loan.bank_id),
            mine=actor.organisation_id == loan.borrower_id,
            today=business_date(now()),
        )
    )


@pages.post("/financing/term-sheets/<uuid:term_sheet_id>/covenants")
@needs("loan.underwrite")
@idempotent
def agree_covenant(term_sheet_id: UUID) -> Response:
    """Put a covenant into the bank's offer."""
    covenant = covenants.agree_covenant(current_actor(), term_sheet_id, Promise(**page_form(CovenantIn)), now())
    flash(_("The covenant stands in the offer."), "good")
    return _to_offer(find(TermSheet, covenant.term_sheet_id))


@pages.post("/financing/offered-covenants/<uuid:covenant_id>/dropping")
@signed_in
@idempotent
def drop_covenant(covenant_id: UUID) -> Response:
    """Take a covenant out of the bank's offer."""
    page_form(NothingIn)
    sheet = covenants.drop_covenant(current_actor(), covenant_id, now())
    flash(_("The covenant is no longer in the offer."), "good")
    return _to_offer(sheet)


@pages.post("/financing/covenant-tests/<uuid:test_id>/<step>")
@signed_in
@idempotent
def act_on_covenant_test(test_id: UUID, step: str) -> Response:
    """One act of the borrower or the bank on a test day."""
    if step not in STEPS:
        raise NotFound()
    shape, act = STEPS[step]
    act(current_actor(), test_id, page_form(shape), now())
    flash(_("Done. The loan shows what changed."), "good")
    _test, _covenant, loan = covenant_tests.covenant_test_for(current_actor(), test_id)
    return redirect(url_for("financing.show_loan", loan_id=loan.id, _anchor="covenants"), 303)


@pages.get("/financing/calendar")
@signed_in
def covenant_calendar_page() -> str:
    """What falls due on my organisation's loans within twelve months."""
    actor = current_actor()
    entries = covenant_calendar.entries_for(actor, business_date(now()))
    return render_template(
        "financing/calendar.html", entries=entries, names=covenant_calendar.other_sides(actor, entries)
    )


@pages.get("/financing/calendar.ics")
@signed_in
def covenant_calendar_file() -> Download:
    """The same as a calendar file."""
    entries = covenant_calendar.entries_for(current_actor(), business_date(now()))
    content = calendar_of_days([(entry.uid, entry.day, entry.text) for entry in entries], now())
    headers = {"Cache-Control": "private", "Content-Disposition": "attachment; filename=loans.ics"}
    return Download(content, content_type="text/calendar; charset=utf-8", headers=headers)


@dashboard_provider
def covenants_waiting(actor: Actor, at: datetime) -> list[Waiting]:
    """Reports the borrower can give, and what waits for the bank: reports and waivers."""
    if actor.organisation_id is None:
        return []
    found = []
    for test, covenant, loan in covenant_tests.waiting_tests(actor.organisation_id, business_date(at)):
        link = url_for("financing.show_loan", loan_id=loan.id, _anchor="covenants")
        promise = pick(covenant.words)
        if test.waiver_asked_by is not None and loan.bank_id == actor.organisation_id:
            if actor.may("loan.approve") and test.waiver_asked_by != actor.person_id:
                found.append(Waiting(_("Decide on the waiver of a covenant: %(promise)s", promise=promise), link))
        elif test.status is TestStatus.REPORTED and loan.bank_id == actor.organisation_id:
            found.append(Waiting(_("Confirm a report on a covenant: %(promise)s", promise=promise), link))
        elif test.status is not TestStatus.REPORTED and loan.borrower_id == actor.organisation_id:
            due = datetime.combine(test.due_on, datetime.min.time(), at.tzinfo)
            found.append(Waiting(_("Report on a covenant: %(promise)s", promise=promise), link, due))
    return found


def _report(actor: Actor, test_id: UUID, given: dict[str, Any], at: datetime) -> Any:
    covenant_tests.covenant_test_for(actor, test_id)
    sent = request.files.get("file")
    file_id = store_file(actor, sent.read(), sent.filename, "covenant", at).id if sent and sent.filename else None
    return covenant_reports.report_on_covenant(actor, test_id, given["figure"], file_id, given["note"], at)


def _to_offer(sheet: TermSheet) -> Response:
    return redirect(url_for("financing.show_invitation", invitation_id=sheet.invitation_id), 303)
