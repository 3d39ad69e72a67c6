"""An invoice or credit note as a bilingual PDF."""

from uuid import UUID

from marketplace.core.actor import Actor
from marketplace.core.db import find
from marketplace.documents.contracts_pdf import render_pdf
from marketplace.identity.organisations import Organisation, find_organisation
from marketplace.payments.invoices import Invoice, InvoiceKind, find_invoice

CHARGES = {"success": "成交服务费 Success fee"}
"""How each charge is called on paper; every charge that is invoiced has its words here."""


def invoice_pdf(actor: Actor, invoice_id: UUID) -> bytes:
    """The document for its customer and the operator; the same bytes each time."""
    invoice = find_invoice(actor, invoice_id)
    corrects = find(Invoice, invoice.credits_id) if invoice.credits_id else None
    rate = f"{invoice.tax_bps / 100:g}%"
    row = [CHARGES[invoice.charge], str(invoice.net), rate, str(invoice.tax), str(invoice.gross)]
    return render_pdf(
        "invoice",
        {
            "reference": invoice.label, "issued_on": invoice.issued_on,
            "parties": [_party({"zh": "销售方", "en": "Supplier"}, find_organisation(invoice.supplier_id)),
                        _party({"zh": "购买方", "en": "Customer"}, find_organisation(invoice.customer_id))],
            "credits": corrects.label if corrects else None, "reason": invoice.reason,
            "settled": invoice.kind is InvoiceKind.INVOICE, "subject": str(invoice.subject_id),
            "net": invoice.net, "tax": invoice.tax, "gross": invoice.gross, "tax_code": invoice.tax_code,
            "tax_rate": rate, "tax_source": invoice.tax_source,
            "rows_title": {"zh": "明细", "en": "Lines"},
            "rows_head": ["项目 Item", "不含税 Net", "税率 Rate", "税额 Tax", "价税合计 Gross"], "rows": [row],
        },
    )  # fmt: skip


def _party(role: dict[str, str], organisation: Organisation) -> dict[str, object]:
    names = {"zh": organisation.name_zh or organisation.name, "en": organisation.name_en or organisation.name}
    return {"role": role, "name": names, "code": organisation.credit_code}
