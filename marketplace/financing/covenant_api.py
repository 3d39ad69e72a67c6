"""The JSON API of covenants, their test days and the calendar."""

from typing import Any
from uuid import UUID

from marketplace.core.clock import now
from marketplace.core.http import current_actor, idempotent, signed_in
from marketplace.financing import covenant_calendar, covenant_reports, covenant_tests, covenants
from marketplace.financing import covenant_schemas as s
from marketplace.financing.api_blueprint import api
from marketplace.financing.covenant_rules import Promise
from marketplace.financing.due_dates import business_date
from marketplace.financing.schemas import NothingIn, ReasonIn


@api.get("/term-sheets/<uuid:term_sheet_id>/covenants")
@signed_in
@api.output(s.CovenantsOut)
def offered_covenants(term_sheet_id: UUID) -> Any:
    """The covenants of an offer, for its bank and, once it is out, for the borrower."""
    return {"items": covenants.covenants_in(current_actor(), term_sheet_id)}


@api.post("/term-sheets/<uuid:term_sheet_id>/covenants")
@signed_in
@idempotent
@api.input(s.CovenantIn, arg_name="given")
@api.output(s.CovenantOut, status_code=201)
def agree_covenant(term_sheet_id: UUID, given: dict[str, Any]) -> Any:
    """Put a covenant into my bank's offer."""
    return covenants.agree_covenant(current_actor(), term_sheet_id, Promise(**given), now())


@api.post("/offered-covenants/<uuid:covenant_id>/dropping")
@signed_in
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(s.CovenantsOut)
def drop_covenant(covenant_id: UUID, nothing: dict[str, Any]) -> Any:
    """Take a covenant out of my bank's offer; answers what is left."""
    sheet = covenants.drop_covenant(current_actor(), covenant_id, now())
    return {"items": covenants.covenants_of_sheet(sheet.id)}


@api.get("/loans/<uuid:loan_id>/covenants")
@signed_in
@api.output(s.CovenantsOut)
def loan_covenants(loan_id: UUID) -> Any:
    """The covenants of a loan."""
    return {"items": covenants.covenants_for(current_actor(), loan_id)}


@api.get("/loans/<uuid:loan_id>/covenant-tests")
@signed_in
@api.output(s.TestsOut)
def loan_covenant_tests(loan_id: UUID) -> Any:
    """The test days of a loan's covenants."""
    return {"items": covenant_tests.covenant_tests_for(current_actor(), loan_id)}


@api.post("/covenant-tests/<uuid:test_id>/report")
@signed_in
@idempotent
@api.input(s.ReportIn, arg_name="given")
@api.output(s.TestOut)
def report_on_covenant(test_id: UUID, given: dict[str, Any]) -> Any:
    """Report, as the borrower, the figure and the file of a test day."""
    return covenant_reports.report_on_covenant(
        current_actor(), test_id, given["figure"], given["file_id"], given["note"], now()
    )


@api.post("/covenant-tests/<uuid:test_id>/confirmation")
@signed_in
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(s.TestOut)
def confirm_report(test_id: UUID, nothing: dict[str, Any]) -> Any:
    """Take a report as true; the rule says whether the covenant is kept."""
    return covenant_reports.confirm_report(current_actor(), test_id, now())


@api.post("/covenant-tests/<uuid:test_id>/dispute")
@signed_in
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(s.TestOut)
def dispute_report(test_id: UUID, given: dict[str, Any]) -> Any:
    """Not take a report as true."""
    return covenant_reports.dispute_report(current_actor(), test_id, given["reason"], now())


@api.post("/covenant-tests/<uuid:test_id>/waiver")
@signed_in
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(s.TestOut)
def ask_waiver(test_id: UUID, given: dict[str, Any]) -> Any:
    """Ask to waive a covenant for one test day."""
    return covenant_reports.ask_waiver(current_actor(), test_id, given["reason"], now())


@api.post("/covenant-tests/<uuid:test_id>/waiver-approval")
@signed_in
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(s.TestOut)
def approve_waiver(test_id: UUID, nothing: dict[str, Any]) -> Any:
    """Waive as the second person."""
    return covenant_reports.approve_waiver(current_actor(), test_id, now())


@api.get("/calendar")
@signed_in
@api.output(s.EntriesOut)
def my_calendar() -> Any:
    """What falls due on my loans within twelve months: tests, instalments, official fees of pledged rights."""
    return {"items": covenant_calendar.entries_for(current_actor(), business_date(now()))}
