"""The borrower's page of its accounts."""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from marketplace.core.clock import now
from marketplace.core.http import current_actor, idempotent, needs, page_form
from marketplace.core.i18n import _
from marketplace.financing import borrower_statements
from marketplace.financing.pages_blueprint import pages
from marketplace.financing.statement_schemas import StatementForm
from marketplace.identity.organisations import names_of


@pages.get("/financing/statements")
@needs("loan.apply")
def my_statements() -> str:
    """What my organisation stated, who reads it, and the form for another period."""
    organisation_id = current_actor().organisation_id
    assert organisation_id is not None
    readers = borrower_statements.banks_weighing(organisation_id)
    return render_template(
        "financing/statements.html",
        statements=borrower_statements.statements_of(organisation_id),
        readers=sorted(names_of(readers).values()),
    )


@pages.post("/financing/statements")
@needs("loan.apply")
@idempotent
def give_statement() -> Response:
    """State the figures of a period."""
    borrower_statements.upload_statement(current_actor(), page_form(StatementForm), request.files.get("file"), now())
    flash(_("The accounts are given. The banks that weigh a loan to you can read them."), "good")
    return redirect(url_for("financing.my_statements"), 303)
