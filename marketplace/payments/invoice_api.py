"""The JSON API of charges and invoices."""

from datetime import date
from typing import Any
from uuid import UUID

from marketplace.core.clock import market_day, now
from marketplace.core.http import CursorIn, current_actor, idempotent, needs, public, signed_in
from marketplace.core.money import Money
from marketplace.payments import invoices, schemas
from marketplace.payments.blueprints import api
from marketplace.payments.fee_schedule import charges_on


@api.get("/fees")
@public
@api.input(schemas.FeesIn, location="query", arg_name="asked")
def show_fees(asked: dict[str, Any]) -> dict[str, Any]:
    """The schedule of charges in force on a day (today when none is named)."""
    day: date = asked["on"] or market_day(now())
    return {
        "on": day.isoformat(),
        "items": [
            {
                "code": charge.code, "payer": charge.payer, "since": charge.since.isoformat(),
                "basis_points": charge.basis_points,
                "at_most": None if charge.at_most_minor is None else Money(charge.at_most_minor, "CNY").format(),
            }
            for charge in charges_on(day)
        ],
    }  # fmt: skip


@api.get("/invoices")
@signed_in
@api.input(CursorIn, location="query", arg_name="page")
@api.output(schemas.InvoicesOut)
def list_invoices(page: dict[str, Any]) -> Any:
    """The invoices my organisation got; the operator sees all."""
    return invoices.invoices_of(current_actor(), page["after"], page["limit"])


@api.get("/invoices/<uuid:invoice_id>")
@signed_in
@api.output(schemas.InvoiceOut)
def show_invoice(invoice_id: UUID) -> Any:
    """One invoice or credit note."""
    return invoices.find_invoice(current_actor(), invoice_id)


@api.post("/invoices/<uuid:invoice_id>/credit-note")
@needs("money.approve")
@idempotent
@api.input(schemas.CreditIn, arg_name="given")
@api.output(schemas.InvoiceOut, status_code=201)
def credit_invoice(invoice_id: UUID, given: dict[str, Any]) -> Any:
    """Correct a charge in full with a credit note; the money goes back to the customer."""
    return invoices.credit_invoice(current_actor(), invoice_id, given["reason"], now())
