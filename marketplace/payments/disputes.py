"""Disputed card payments: the money Stripe withdraws is shown as such, nothing is released on it, the end is booked."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import Model, money_columns, session
from marketplace.core.errors import require
from marketplace.core.events import Fact, announce
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.ledger import accounts, entries
from marketplace.ledger.entries import Posting
from marketplace.payments.collections import CLEARING, Collection, CollectionStatus, Method
from marketplace.payments.refunds import Refund, RefundStatus, mark_sent, refunded
from marketplace.payments.stripe_gateway import DisputeFacts

DISPUTED, LOSSES = "clearing:stripe:disputed", "platform:losses"
"""Where money lies that Stripe withdrew, and what the platform itself bears when a released payment is taken back."""


class DisputeStatus(StrEnum):
    """Whether the card's bank has decided, and for whom."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


DISPUTE_LIFECYCLE = Lifecycle(
    "dispute",
    {
        DisputeStatus.OPEN: {DisputeStatus.WON, DisputeStatus.LOST},
        DisputeStatus.WON: set(),
        DisputeStatus.LOST: set(),
    },
)


class Dispute(Model):
    """A payer asked the card's bank for the money back; one row for one dispute at Stripe."""

    __tablename__ = "disputes"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("(status = 'open') = (ended_at IS NULL)", name="ended_has_time"),
    )

    stripe_id: Mapped[str] = mapped_column(String(200), unique=True)
    collection_id: Mapped[UUID] = mapped_column(ForeignKey("collections.id"), index=True)
    amount: Mapped[Money] = money_columns("amount")
    reason: Mapped[str] = mapped_column(String(100))
    withdrawn: Mapped[bool]
    status: Mapped[DisputeStatus] = mapped_column(default=DisputeStatus.OPEN, index=True)
    opened_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


@dataclass(frozen=True)
class PaymentDisputed(Fact):
    """A card payment is disputed; what was bought with it waits."""

    dispute_id: UUID
    collection_id: UUID
    paid_for_id: UUID

    @property
    def subject_id(self) -> UUID:
        """The thing that had been paid for."""
        return self.paid_for_id


@dataclass(frozen=True)
class DisputeEnded(Fact):
    """The card's bank decided."""

    dispute_id: UUID
    status: str
    paid_for_id: UUID

    @property
    def subject_id(self) -> UUID:
        """The thing that had been paid for."""
        return self.paid_for_id


def apply_dispute(facts: DisputeFacts, now: datetime) -> str | None:
    """Book what is true of a dispute now; answers why nothing happened, or nothing when something did."""
    collection: Collection | None = session.execute(
        select(Collection).where(Collection.stripe_intent_id == facts.intent_id).with_for_update()
    ).scalar_one_or_none()
    if collection is None or collection.status is not CollectionStatus.COLLECTED:
        return "a dispute of somebody else's payment"
    known: Dispute | None = session.execute(
        select(Dispute).where(Dispute.stripe_id == facts.dispute_id).with_for_update()
    ).scalar_one_or_none()
    dispute = known or _open(collection, facts, now)
    if facts.withdrawn and not dispute.withdrawn:
        _withdraw(dispute, now)
    status = DisputeStatus(facts.outcome)
    if status is not dispute.status:
        _end(dispute, collection, status, now)
    elif known is not None:
        return f"dispute is still {facts.status}"
    session.flush()
    return None


def disputed(collection_ids: list[UUID]) -> bool:
    """Whether one of these payments is disputed and undecided."""
    query = select(Dispute.id).where(Dispute.collection_id.in_(collection_ids), Dispute.status == DisputeStatus.OPEN)
    return session.execute(query.limit(1)).first() is not None


def disputes(actor: Actor) -> list[tuple[Dispute, Collection]]:
    """Every dispute with its payment, open ones first, for the operator."""
    require(actor.may("money.confirm"))
    query = select(Dispute, Collection).join(Collection, Collection.id == Dispute.collection_id)
    rows = session.execute(query.order_by(Dispute.ended_at.desc().nulls_first(), Dispute.id.desc()).limit(200))
    return [(dispute, collection) for dispute, collection in rows]


def _open(collection: Collection, facts: DisputeFacts, now: datetime) -> Dispute:
    dispute = Dispute(
        stripe_id=facts.dispute_id, collection_id=collection.id, amount=facts.amount, reason=facts.reason[:100],
        withdrawn=False, status=DisputeStatus.OPEN, opened_at=now,
    )  # fmt: skip
    session.add(dispute)
    session.flush()
    announce(SYSTEM, now, PaymentDisputed(dispute.id, collection.id, collection.subject_id))
    return dispute


def _withdraw(dispute: Dispute, now: datetime) -> None:
    """Stripe took the money off our balance until the decision."""
    accounts.open_account(DISPUTED, dispute.amount.currency, "debit")
    posting = Posting(DISPUTED, CLEARING[Method.CARD], dispute.amount)
    entries.post(SYSTEM, f"dispute:{dispute.id}:withdrawn", "dispute", [posting], now)
    dispute.withdrawn = True


def _end(dispute: Dispute, collection: Collection, status: DisputeStatus, now: datetime) -> None:
    dispute.status, dispute.ended_at = DISPUTE_LIFECYCLE.check(dispute.status, status), now
    if dispute.withdrawn and status is DisputeStatus.WON:
        posting = Posting(CLEARING[Method.CARD], DISPUTED, dispute.amount)
        entries.post(SYSTEM, f"dispute:{dispute.id}:reinstated", "dispute", [posting], now)
    if dispute.withdrawn and status is DisputeStatus.LOST:
        _give_up(dispute, collection, now)
    announce(SYSTEM, now, DisputeEnded(dispute.id, status.value, collection.subject_id))


def _give_up(dispute: Dispute, collection: Collection, now: datetime) -> None:
    """The payer has the money back: out of what is still held of it; what was released is the platform's loss."""
    held = accounts.balance(collection.credit_account, dispute.amount.currency).available
    still = min(dispute.amount, held, collection.amount - refunded(collection))
    rest = dispute.amount - still
    postings = []
    if still:
        reference = f"dispute:{dispute.id}:returned"
        refund = Refund(collection_id=collection.id, amount=still, reference=reference, status=RefundStatus.REQUESTED)
        session.add(refund)
        session.flush()
        mark_sent(SYSTEM, refund, collection, now)
        postings.append(Posting(collection.credit_account, DISPUTED, still))
    if rest:
        accounts.open_account(LOSSES, rest.currency, "debit")
        postings.append(Posting(LOSSES, DISPUTED, rest))
    entries.post(SYSTEM, f"dispute:{dispute.id}:lost", "dispute", postings, now)
