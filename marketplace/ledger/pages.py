"""The pages of the ledger: my organisation's money."""

from typing import Any

from flask import Blueprint, Response, render_template, request
from marshmallow import ValidationError

from marketplace.core.clock import now
from marketplace.core.errors import Malformed
from marketplace.core.fields import flat_errors
from marketplace.core.http import current_actor, signed_in
from marketplace.ledger import statement_paper, statements
from marketplace.ledger.schemas import StatementIn

pages = Blueprint("ledger", __name__, template_folder="templates")


def _asked() -> dict[str, Any]:
    given = {name: value for name, value in request.args.items() if value and name != "lang"}
    try:
        asked: dict[str, Any] = StatementIn().load(given)
    except ValidationError as error:
        raise Malformed(errors=flat_errors(error.messages_dict)) from error
    return asked


@pages.get("/statement")
@signed_in
def my_statement() -> str:
    """My organisation's balances and what moved."""
    asked, actor = _asked(), current_actor()
    page = statements.statement(actor, asked["since"], asked["until"], asked["after"], asked["limit"])
    return render_template("ledger/statement.html", page=page, accounts=statements.my_accounts(actor), asked=asked)


@pages.get("/statement.csv")
@signed_in
def my_statement_file() -> Response:
    """The statement as a spreadsheet file."""
    asked = _asked()
    content = statements.statement_csv(current_actor(), asked["since"], asked["until"])
    headers = {"Content-Disposition": 'attachment; filename="statement.csv"'}
    return Response(content, content_type="text/csv; charset=utf-8", headers=headers)


@pages.get("/statement.pdf")
@signed_in
def my_statement_paper() -> Response:
    """The statement as a bilingual PDF."""
    asked = _asked()
    content = statement_paper.statement_pdf(current_actor(), asked["since"], asked["until"], now())
    headers = {"Content-Disposition": 'attachment; filename="statement.pdf"'}
    return Response(content, content_type="application/pdf", headers=headers)
