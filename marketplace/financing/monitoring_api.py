"""The JSON API of watching loans and what secures them."""

from typing import Any
from uuid import UUID

from marketplace.core.http import current_actor, signed_in
from marketplace.financing import loans, monitoring
from marketplace.financing import monitoring_schemas as s
from marketplace.financing.api_blueprint import api


@api.get("/loans/<uuid:loan_id>/security")
@signed_in
@api.output(s.SecurityOut)
def show_security(loan_id: UUID) -> Any:
    """The value over the debt and the early warning of every night, newest first."""
    loan = loans.loan_for_party(current_actor(), loan_id)
    return {"loan_id": loan.id, "items": monitoring.checks_of_loan(loan.id)}
