"""Refunds: money collected goes back the way it came, never more than came."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, func, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, money_columns, session
from marketplace.core.errors import Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.jobs import enqueue
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.ledger import entries
from marketplace.ledger.entries import Posting
from marketplace.payments.collections import CLEARING, Collection, CollectionStatus, Method


class RefundTooLarge(Refused):
    """More would go back than came, counting earlier refunds."""

    message = _l("At most %(remaining)s can still be refunded.")


class NotCollected(Refused):
    """Nothing has arrived that could go back."""

    message = _l("This payment has not arrived, so there is nothing to refund.")


class RefundStatus(StrEnum):
    """Whether the money is on its way or gone."""

    REQUESTED = "requested"
    SENT = "sent"


REFUND_LIFECYCLE = Lifecycle("refund", {RefundStatus.REQUESTED: {RefundStatus.SENT}, RefundStatus.SENT: set()})


class Refund(Model):
    """One amount returned to the payer of one collection."""

    __tablename__ = "refunds"
    __table_args__ = (CheckConstraint("amount_minor > 0", name="amount_positive"),)

    collection_id: Mapped[UUID] = mapped_column(ForeignKey("collections.id"), index=True)
    amount: Mapped[Money] = money_columns("amount")
    reference: Mapped[str] = mapped_column(String(200), unique=True)
    status: Mapped[RefundStatus] = mapped_column(default=RefundStatus.REQUESTED)
    stripe_refund_id: Mapped[str | None] = mapped_column(String(200), unique=True)
    sent_at: Mapped[datetime | None]


@dataclass(frozen=True)
class RefundSent(Fact):
    """Money went back to the payer."""

    refund_id: UUID
    collection_id: UUID
    paid_for_id: UUID

    @property
    def subject_id(self) -> UUID:
        """The thing that had been paid for."""
        return self.paid_for_id


def request_refund(
    actor: Actor, collection_id: UUID, amount: Money, from_account: str, reference: str, now: datetime
) -> Refund:
    """Return collected money from the account it lies in; the same reference refunds once."""
    require(actor.may("system") or actor.may("platform.operate"))
    collection = find(Collection, collection_id, lock=True)
    known: Refund | None = session.execute(select(Refund).where(Refund.reference == reference)).scalar_one_or_none()
    if known is not None:
        require(
            (known.collection_id, known.amount) == (collection_id, amount), entries.ReferenceReused(reference=reference)
        )
        return known
    require(collection.status is CollectionStatus.COLLECTED, NotCollected())
    remaining = collection.amount - refunded(collection)
    require(
        amount.currency == remaining.currency and 0 < amount.amount_minor <= remaining.amount_minor,
        RefundTooLarge(remaining=remaining),
    )
    refund = Refund(collection_id=collection.id, amount=amount, reference=reference, status=RefundStatus.REQUESTED)
    session.add(refund)
    session.flush()
    clearing = CLEARING[collection.method]
    entries.post(actor, f"refund:{refund.id}", "refund", [Posting(from_account, clearing, amount)], now)
    if collection.method is Method.CARD:
        enqueue("payments.send_card_refund", refund_id=str(refund.id))
    else:
        mark_sent(actor, refund, collection, now)
    return refund


def refunded(collection: Collection) -> Money:
    """What already went back."""
    total = session.execute(
        select(func.coalesce(func.sum(Refund.__table__.c.amount_minor), 0)).where(Refund.collection_id == collection.id)
    ).scalar_one()
    return Money(int(total), collection.amount.currency)


def mark_sent(actor: Actor, refund: Refund, collection: Collection, now: datetime) -> None:
    """The money has left; told once."""
    refund.status = REFUND_LIFECYCLE.check(refund.status, RefundStatus.SENT)
    refund.sent_at = now
    announce(actor, now, RefundSent(refund.id, collection.id, collection.subject_id))
