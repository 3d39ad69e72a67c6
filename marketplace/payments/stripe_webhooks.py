"""Stripe's webhooks: verified on the raw body, stored once, applied by a job; everything else has no effect."""

import json
import logging
import time
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import String
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import SYSTEM
from marketplace.core.db import Model, find, new_id, session
from marketplace.core.errors import Problem
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.jobs import enqueue
from marketplace.payments import stripe_gateway
from marketplace.payments.collections import Collection, CollectionStatus, Method, collect
from marketplace.payments.disputes import apply_dispute

log = logging.getLogger(__name__)


class WebhookForged(Problem):
    """The signature, its time or the body is not Stripe's."""

    status = 401
    message = _l("This message is not signed by Stripe.")


class EventOutcome(StrEnum):
    """What became of a stored event."""

    RECEIVED = "received"
    APPLIED = "applied"
    IGNORED = "ignored"


class StripeEvent(Model):
    """One event as Stripe sent it, stored once."""

    __tablename__ = "stripe_events"

    stripe_id: Mapped[str] = mapped_column(String(200), unique=True)
    kind: Mapped[str] = mapped_column(String(100))
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    outcome: Mapped[EventOutcome] = mapped_column(default=EventOutcome.RECEIVED)
    reason: Mapped[str | None] = mapped_column(String(200))


@dataclass(frozen=True)
class StripeEventIgnored(Fact):
    """A signed event had no effect, and why: the operator's alarm."""

    event_id: UUID
    stripe_id: str
    reason: str


def receive_event(body: bytes, signature: str | None, now: datetime) -> bool:
    """Verify and store one event and ask a job to apply it; answers whether it was new."""
    event = _verified(body, signature)
    made = session.execute(
        insert(StripeEvent)
        .values(
            id=new_id(), stripe_id=str(event["id"])[:200], kind=str(event.get("type"))[:100], payload=event,
            received_at=now, outcome=EventOutcome.RECEIVED,
        )
        .on_conflict_do_nothing(index_elements=["stripe_id"])
        .returning(StripeEvent.id)
    ).scalar_one_or_none()  # fmt: skip
    if made is None:
        log.info("stripe event received again", extra={"stripe_id": event["id"]})
        return False
    enqueue("payments.apply_stripe_event", event_id=str(made))
    return True


def _verified(body: bytes, signature: str | None) -> dict[str, Any]:
    import stripe  # loads only where Stripe speaks

    secret = stripe_gateway.webhook_secret()
    try:
        stripe.WebhookSignature.verify_header(body, signature or "", secret, tolerance=stripe_gateway.TOLERANCE_SECONDS)
        sent_at = int(dict(part.split("=", 1) for part in (signature or "").split(","))["t"])
        if sent_at > time.time() + stripe_gateway.TOLERANCE_SECONDS:
            raise ValueError("signed in the future")
        event = json.loads(body)
        if not isinstance(event, dict) or not isinstance(event.get("id"), str):
            raise ValueError("no event")
    except (stripe.SignatureVerificationError, ValueError, KeyError) as fault:
        log.warning("stripe webhook refused: %s", fault)
        raise WebhookForged() from fault
    return event


def apply_event(event_id: UUID, now: datetime) -> StripeEvent:
    """Apply a stored event: ask Stripe what is true now, then book it once."""
    event = find(StripeEvent, event_id, lock=True)
    if event.outcome is not EventOutcome.RECEIVED:
        return event
    reason = _apply(event, now)
    if reason is None:
        event.outcome = EventOutcome.APPLIED
    else:
        event.outcome, event.reason = EventOutcome.IGNORED, reason
        log.warning("stripe event %s had no effect: %s", event.stripe_id, reason)
        announce(SYSTEM, now, StripeEventIgnored(event.id, event.stripe_id, reason))
    return event


def _apply(event: StripeEvent, now: datetime) -> str | None:
    thing = (event.payload.get("data") or {}).get("object") or {}
    if thing.get("object") == "dispute" and isinstance(thing.get("id"), str):
        facts = stripe_gateway.dispute_facts(thing["id"])
        _apply_intent(facts.intent_id, now)
        return apply_dispute(facts, now)
    intent_id = _intent_of(event)
    return "no payment concerned" if intent_id is None else _apply_intent(intent_id, now)


def _intent_of(event: StripeEvent) -> str | None:
    thing = (event.payload.get("data") or {}).get("object") or {}
    intent = thing.get("id") if thing.get("object") == "payment_intent" else thing.get("payment_intent")
    return intent if isinstance(intent, str) else None


def _apply_intent(intent_id: str, now: datetime) -> str | None:
    """Book the payment if Stripe holds it; otherwise answer why nothing happens."""
    facts = stripe_gateway.intent_facts(intent_id)
    collection = _collection_named(facts.collection_id)
    if collection is None:
        return "a payment of somebody else"
    if collection.status is CollectionStatus.COLLECTED:
        return "already collected"
    if facts.status != "succeeded":
        collection.failure = facts.failure and facts.failure[:300]
        return None if facts.failure else f"payment is {facts.status}"
    if facts.received != collection.amount:
        return f"wrong amount: {facts.received} for {collection.amount}"
    collection.stripe_intent_id, collection.method = facts.intent_id, Method.CARD
    collect(SYSTEM, collection, now)
    return None


def _collection_named(identity: str | None) -> Collection | None:
    try:
        named = UUID(identity or "")
    except ValueError:
        return None
    found: Collection | None = session.get(Collection, named, with_for_update=True, populate_existing=True)
    return found
