"""What the worker does for payments: everything that waits for Stripe."""

from uuid import UUID

from marketplace.core.actor import SYSTEM
from marketplace.core.clock import now
from marketplace.core.db import find
from marketplace.core.jobs import every, task
from marketplace.payments import reconciliation, stripe_gateway, stripe_webhooks
from marketplace.payments.collections import Collection, CollectionStatus, Method
from marketplace.payments.refunds import Refund, RefundStatus, mark_sent


@task("payments.open_card_payment")
def open_card_payment(collection_id: str) -> None:
    """Ask Stripe for the page on which the payer enters the card."""
    asked = find(Collection, UUID(collection_id))
    page = stripe_gateway.open_card_page(asked.id, asked.amount, f"{asked.purpose} {asked.reference}")
    collection = find(Collection, UUID(collection_id), lock=True)
    if collection.status is CollectionStatus.REQUESTED and collection.method is Method.CARD:
        collection.stripe_session_id, collection.card_page = page.session_id, page.url
        collection.become(CollectionStatus.AWAITING_CARD)


@task("payments.apply_stripe_event")
def apply_stripe_event(event_id: str) -> None:
    """Apply one stored event of Stripe's."""
    stripe_webhooks.apply_event(UUID(event_id), now())


@task("payments.send_card_refund")
def send_card_refund(refund_id: str) -> None:
    """Give card money back."""
    refund = find(Refund, UUID(refund_id), lock=True)
    if refund.status is RefundStatus.SENT:
        return
    collection = find(Collection, refund.collection_id)
    refund.stripe_refund_id = stripe_gateway.refund_card(refund.id, collection.stripe_intent_id or "", refund.amount)
    mark_sent(SYSTEM, refund, collection, now())


@every("30 17 * * *", "payments.reconcile")
def reconcile_nightly() -> None:
    """Compare the books with the bank and with Stripe, every night at half past one in Beijing."""
    reconciliation.reconcile(SYSTEM, now())
