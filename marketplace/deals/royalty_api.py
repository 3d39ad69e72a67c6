"""The JSON API of running royalties."""

from typing import Any
from uuid import UUID

from marketplace.core.clock import now
from marketplace.core.http import current_actor, idempotent, needs, signed_in
from marketplace.deals import royalties, royalty_audits, royalty_schemas
from marketplace.deals.blueprints import api


@api.get("/deals/<uuid:deal_id>/royalties")
@signed_in
@api.output(royalty_schemas.RoyaltiesOut)
def show_royalties(deal_id: UUID) -> Any:
    """The reporting periods and inspections of a licence."""
    actor = current_actor()
    return {"periods": royalties.royalty_periods(actor, deal_id), "audits": royalty_audits.audits_of(actor, deal_id)}


@api.post("/deals/<uuid:deal_id>/royalties/<int:number>/report")
@needs("deal.trade")
@idempotent
@api.input(royalty_schemas.ReportIn, arg_name="given")
@api.output(royalty_schemas.PeriodOut)
def report_royalty(deal_id: UUID, number: int, given: dict[str, Any]) -> Any:
    """Report an ended period; the royalty is computed and asked for."""
    return royalties.report_royalty(
        current_actor(), deal_id, number, given["base"], given["file_id"], given["note"], now()
    )


@api.post("/deals/<uuid:deal_id>/royalty-audits")
@needs("deal.trade")
@idempotent
@api.input(royalty_schemas.BooksIn, arg_name="given")
@api.output(royalty_schemas.AuditOut, status_code=201)
def ask_for_books(deal_id: UUID, given: dict[str, Any]) -> Any:
    """Have the licensee's books inspected by an independent accountant."""
    return royalty_audits.ask_for_books(current_actor(), deal_id, given["accountant"], now())


@api.post("/royalty-audits/<uuid:audit_id>/finding")
@needs("deal.trade")
@idempotent
@api.input(royalty_schemas.FindingIn, arg_name="given")
@api.output(royalty_schemas.AuditOut)
def record_finding(audit_id: UUID, given: dict[str, Any]) -> Any:
    """Record the accountant's report and what was missing."""
    return royalty_audits.record_finding(current_actor(), audit_id, given["shortfall"], given["file_id"], now())


@api.post("/royalty-audits/<uuid:audit_id>/acceptance")
@needs("deal.trade")
@idempotent
@api.output(royalty_schemas.AuditOut)
def accept_finding(audit_id: UUID) -> Any:
    """Accept the finding; the shortfall is asked for."""
    return royalty_audits.accept_finding(current_actor(), audit_id, now())
