"""A released deal's fee is invoiced to its seller in the same transaction."""

from datetime import datetime

from marketplace.core.actor import Actor
from marketplace.core.db import find
from marketplace.deals.deals import Deal, DealReleased
from marketplace.deals.settlement import planned_release
from marketplace.payments.invoices import Charged, issue_invoice


def invoice_fee(actor: Actor, fact: DealReleased, now: datetime) -> None:
    """The marketplace, in whose name the operator released the money, invoices the fee it took."""
    deal = find(Deal, fact.deal_id)
    charged = planned_release(deal).amount_of("platform_fee")
    if charged and actor.organisation_id is not None:
        issue_invoice(actor, actor.organisation_id, Charged(deal.seller_id, deal.id, "success", charged), now)
