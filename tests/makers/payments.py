"""Payments for tests."""

from typing import Any
from uuid import UUID, uuid4

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.clock import now
from marketplace.core.money import Money
from marketplace.payments.collections import Collection, confirm_transfer, request_collection


def make_collection(payer: Actor, amount: Money | None = None, **changes: Any) -> Collection:
    """A transfer asked of the payer's organisation by the payer."""
    assert payer.organisation_id is not None
    subject: UUID = changes.get("subject_id") or uuid4()
    return request_collection(
        changes.get("actor", payer),
        payer.organisation_id,
        amount or Money(100_000, "CNY"),
        changes.get("purpose", "price"),
        subject,
        changes.get("method", "bank_transfer"),
        changes.get("credit_account", f"held:deal:{subject}"),
        now(),
    )


def make_collected(payer: Actor, operator: Actor, amount: Money | None = None, **changes: Any) -> Collection:
    """The same, arrived."""
    collection = make_collection(payer, amount, **changes)
    return confirm_transfer(operator, collection.id, f"BANK-{uuid4().hex[:12]}", collection.amount, now())


__all__ = ["SYSTEM", "make_collected", "make_collection"]
