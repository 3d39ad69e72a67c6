"""A customer is told of each invoice and credit note."""

from datetime import datetime

from marketplace.core.actor import Actor
from marketplace.core.i18n import _l
from marketplace.notices.inbox import tell
from marketplace.notices.wording import say
from marketplace.payments.invoices import InvoiceCredited, InvoiceIssued

INVOICED, CREDITED = "invoice_issued", "invoice_credited"

say(INVOICED, subject=_l("Invoice %(number)s"), text=_l("The marketplace's charge and the tax in it."))
say(CREDITED, subject=_l("Credit note %(number)s"), text=_l("A charge was corrected; the money comes back to you."))


def tell_invoiced(_actor: Actor, fact: InvoiceIssued | InvoiceCredited, now: datetime) -> None:
    """The customer finds the new document in the inbox."""
    kind = CREDITED if isinstance(fact, InvoiceCredited) else INVOICED
    tell(fact.customer_id, kind, {"number": fact.number}, f"/invoices/{fact.invoice_id}", now)
