"""The JSON API of the ledger: an organisation's own accounts and statement."""

from typing import Any

from apiflask import APIBlueprint

from marketplace.core.http import current_actor, signed_in
from marketplace.ledger import jobs, statements
from marketplace.ledger.schemas import AccountsOut, StatementIn, StatementOut

api = APIBlueprint("ledger_api", __name__, url_prefix="/api/v1", tag="ledger")
JOBS = jobs


@api.get("/ledger/accounts")
@signed_in
@api.output(AccountsOut)
def my_accounts() -> dict[str, Any]:
    """My organisation's accounts and balances."""
    return {"items": statements.my_accounts(current_actor())}


@api.get("/ledger/statement")
@signed_in
@api.input(StatementIn, location="query", arg_name="page")
@api.output(StatementOut)
def my_statement(page: dict[str, Any]) -> dict[str, Any]:
    """What moved on my organisation's accounts, newest first."""
    return statements.statement(current_actor(), page["since"], page["until"], page["after"], page["limit"])
