"""The JSON API of borrower statements and of the underwriting file."""

from typing import Any
from uuid import UUID

from marketplace.core.clock import now
from marketplace.core.http import current_actor, idempotent, needs
from marketplace.financing import borrower_statements, underwriting_files
from marketplace.financing import statement_schemas as s
from marketplace.financing.api_blueprint import api


@api.get("/statements")
@needs("loan.apply")
@api.output(s.StatementsOut)
def my_statements() -> Any:
    """What my organisation stated, the latest period first."""
    organisation_id = current_actor().organisation_id
    return {"items": borrower_statements.statements_of(organisation_id) if organisation_id else []}


@api.post("/statements")
@needs("loan.apply")
@idempotent
@api.input(s.StatementIn, arg_name="given")
@api.output(s.StatementOut, status_code=201)
def give_statement(given: dict[str, Any]) -> Any:
    """State the figures of a period; the banks that weigh a loan to my organisation may read them."""
    return borrower_statements.give_statement(current_actor(), borrower_statements.Stated(**given), now())


@api.get("/invitations/<uuid:invitation_id>/file")
@needs("loan.underwrite")
@api.output(s.FileOut)
def show_file(invitation_id: UUID) -> Any:
    """The underwriting file of an application my bank was invited to, as of today."""
    return underwriting_files.file_for_bank(current_actor(), invitation_id, now())
