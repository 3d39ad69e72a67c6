"""The JSON API of bank statements and reconciliation."""

from typing import Any
from uuid import UUID

from marketplace.core.clock import now
from marketplace.core.http import current_actor, idempotent, needs
from marketplace.payments import bank_statements, reconciliation, schemas, unmatched_lines
from marketplace.payments.bank_statements import LineStatus
from marketplace.payments.blueprints import api
from marketplace.payments.unmatched_lines import Proposal


@api.post("/bank-statements")
@needs("money.confirm")
@idempotent
@api.input(schemas.StatementFileIn, location="files", arg_name="given")
@api.output(schemas.StatementsOut, status_code=201)
def import_statements(given: dict[str, Any]) -> Any:
    """Import a camt.053 file: matched lines are booked, the rest waits for two people."""
    return {"items": bank_statements.import_statements(current_actor(), given["file"].read(), now())}


@api.get("/bank-lines")
@needs("money.confirm")
@api.output(schemas.BankLinesOut)
def waiting_lines() -> Any:
    """Movements nobody has matched or agreed yet."""
    return {"items": [line for status in _WAITING for line in bank_statements.lines_with(status)]}


_WAITING = (LineStatus.UNMATCHED, LineStatus.PROPOSED)


@api.post("/bank-lines/<uuid:line_id>/proposal")
@needs("money.confirm")
@idempotent
@api.input(schemas.ProposalIn, arg_name="given")
@api.output(schemas.BankLineOut)
def propose(line_id: UUID, given: dict[str, Any]) -> Any:
    """Say what an unmatched movement was."""
    proposal = Proposal(given["proposal"])
    return unmatched_lines.propose(current_actor(), line_id, proposal, given["payment_reference"], given["note"], now())


@api.post("/bank-lines/<uuid:line_id>/agreement")
@needs("money.confirm")
@idempotent
@api.output(schemas.BankLineOut)
def agree(line_id: UUID) -> Any:
    """Agree as the second person; the money moves out of suspense."""
    return unmatched_lines.agree(current_actor(), line_id, now())


@api.post("/bank-lines/<uuid:line_id>/disagreement")
@needs("money.confirm")
@idempotent
@api.input(schemas.DisagreementIn, arg_name="given")
@api.output(schemas.BankLineOut)
def disagree(line_id: UUID, given: dict[str, Any]) -> Any:
    """Disagree as the second person; the movement waits again."""
    return unmatched_lines.disagree(current_actor(), line_id, given["reason"], now())


@api.post("/reconciliations")
@needs("money.confirm")
@idempotent
@api.output(schemas.ReconciliationOut, status_code=201)
def reconcile() -> Any:
    """Compare the books with the bank and with Stripe now."""
    return reconciliation.reconcile(current_actor(), now())
