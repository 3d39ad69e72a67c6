"""The pages of charges: the published schedule, my invoices, one invoice, its correction."""

from io import BytesIO
from uuid import UUID

from flask import Response, flash, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response as Answer

from marketplace.core.clock import market_day, now
from marketplace.core.http import current_actor, idempotent, needs, page_form, public, signed_in
from marketplace.core.i18n import _
from marketplace.identity.organisations import names_of
from marketplace.payments import fee_schedule, invoices
from marketplace.payments.blueprints import pages
from marketplace.payments.invoice_pdf import invoice_pdf
from marketplace.payments.schemas import CreditIn


@pages.get("/fees")
@public
def fees() -> str:
    """What the marketplace charges, and what it does not."""
    today = market_day(now())
    return render_template(
        "payments/fees.html", charges=fee_schedule.charges_on(today), today=today,
        names=fee_schedule.CHARGE_NAMES, payers=fee_schedule.PAYERS,
    )  # fmt: skip


@pages.get("/invoices")
@signed_in
def my_invoices() -> str:
    """The invoices my organisation got; the operator sees all."""
    page = invoices.invoices_of(current_actor(), request.args.get("after"), 50)
    names = names_of(one.customer_id for one in page["items"])
    return render_template("payments/invoices.html", page=page, charges=fee_schedule.CHARGE_NAMES, names=names)


@pages.get("/invoices/<uuid:invoice_id>")
@signed_in
def show_invoice(invoice_id: UUID) -> str:
    """One invoice with its tax line."""
    actor = current_actor()
    invoice = invoices.find_invoice(actor, invoice_id)
    corrected = invoices.credited(invoice)
    may_credit = actor.organisation_kind == "platform_operator" and actor.may("money.approve")
    return render_template(
        "payments/invoice.html", invoice=invoice, corrected=corrected, charges=fee_schedule.CHARGE_NAMES,
        names=names_of([invoice.supplier_id, invoice.customer_id]),
        creditable=may_credit and not corrected and invoice.kind is invoices.InvoiceKind.INVOICE,
    )  # fmt: skip


@pages.get("/invoices/<uuid:invoice_id>.pdf")
@signed_in
def invoice_file(invoice_id: UUID) -> Response:
    """The invoice as a bilingual PDF."""
    actor = current_actor()
    name = f"{invoices.find_invoice(actor, invoice_id).label}.pdf"
    content = BytesIO(invoice_pdf(actor, invoice_id))
    return send_file(content, mimetype="application/pdf", as_attachment=True, download_name=name)


@pages.post("/invoices/<uuid:invoice_id>/credit-note")
@needs("money.approve")
@idempotent
def credit_invoice(invoice_id: UUID) -> Answer:
    """Correct a charge in full."""
    note = invoices.credit_invoice(current_actor(), invoice_id, page_form(CreditIn)["reason"], now())
    flash(_("The charge is corrected; the money is on its way back."), "good")
    return redirect(url_for("payments.show_invoice", invoice_id=note.id), 303)
