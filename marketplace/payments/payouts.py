"""Payouts: money leaves the platform's accounts only with a second person's agreement above the limit."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, String, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, money_columns, session
from marketplace.core.errors import require
from marketplace.core.events import Fact, announce
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.identity.four_eyes import needs_second_person, require_second_person
from marketplace.ledger import accounts, entries
from marketplace.ledger.entries import Posting

BANK = "clearing:bank"


class PayoutStatus(StrEnum):
    """Whether the money waits for a second person, has left, or stays."""

    REQUESTED = "requested"
    SENT = "sent"
    REJECTED = "rejected"


PAYOUT_LIFECYCLE = Lifecycle(
    "payout",
    {
        PayoutStatus.REQUESTED: {PayoutStatus.SENT, PayoutStatus.REJECTED},
        PayoutStatus.SENT: set(),
        PayoutStatus.REJECTED: set(),
    },
)


class Payout(Model):
    """One amount to one payee; it is set aside in the books from the moment it is asked for."""

    __tablename__ = "payouts"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("(status = 'sent') = (sent_at IS NOT NULL)", name="sent_has_time"),
    )

    payee_id: Mapped[UUID] = mapped_column(index=True)
    amount: Mapped[Money] = money_columns("amount")
    from_account: Mapped[str] = mapped_column(String(200))
    reference: Mapped[str] = mapped_column(String(200), unique=True)
    subject_id: Mapped[UUID | None]
    status: Mapped[PayoutStatus] = mapped_column(default=PayoutStatus.REQUESTED, index=True)
    organisation_id: Mapped[UUID | None]
    initiated_by: Mapped[UUID | None]
    approved_by: Mapped[UUID | None]
    bank_reference: Mapped[str | None] = mapped_column(String(80))
    sent_at: Mapped[datetime | None]


@dataclass(frozen=True)
class PayoutRequested(Fact):
    """Money was set aside for a payee and waits for a second person."""

    payout_id: UUID
    payee_id: UUID


@dataclass(frozen=True)
class PayoutSent(Fact):
    """Money left for its payee."""

    payout_id: UUID
    paid_for_id: UUID | None

    @property
    def subject_id(self) -> UUID:
        """The thing the money was for, or the payout itself."""
        return self.paid_for_id or self.payout_id


@dataclass(frozen=True)
class PayoutRejected(Fact):
    """A second person said no; the money is available again."""

    payout_id: UUID


def request_payout(
    actor: Actor,
    payee_id: UUID,
    amount: Money,
    from_account: str,
    reference: str,
    now: datetime,
    subject_id: UUID | None = None,
) -> Payout:
    """Set money aside for a payee; below the acting organisation's limit it leaves at once, else a second agrees."""
    require(actor.may("system") or actor.may("money.pay") or actor.may("money.confirm") or actor.may("money.approve"))
    known: Payout | None = session.execute(select(Payout).where(Payout.reference == reference)).scalar_one_or_none()
    if known is not None:
        same = (known.payee_id, known.amount, known.from_account) == (payee_id, amount, from_account)
        require(same, entries.ReferenceReused(reference=reference))
        return known
    payout = Payout(
        payee_id=payee_id,
        amount=amount,
        from_account=from_account,
        reference=reference,
        subject_id=subject_id,
        organisation_id=actor.organisation_id,
        initiated_by=actor.person_id,
        status=PayoutStatus.REQUESTED,
    )
    session.add(payout)
    session.flush()
    accounts.open_account(BANK, amount.currency, "debit", floor_minor=None)
    entries.hold(actor, f"payout:{payout.id}:hold", "payout", [Posting(from_account, BANK, amount)], now)
    announce(actor, now, PayoutRequested(payout.id, payee_id))
    if actor.organisation_id is not None and not needs_second_person(actor.organisation_id, amount):
        _send(actor, payout, None, now)
    return payout


def approve_payout(actor: Actor, payout_id: UUID, now: datetime, bank_reference: str | None = None) -> Payout:
    """A second person lets the money go."""
    payout = find(Payout, payout_id, lock=True)
    _require_approver(actor, payout)
    require_second_person(actor, payout.initiated_by, payout.amount)
    _send(actor, payout, bank_reference, now)
    return payout


def _send(actor: Actor, payout: Payout, bank_reference: str | None, now: datetime) -> None:
    payout.status = PAYOUT_LIFECYCLE.check(payout.status, PayoutStatus.SENT)
    payout.approved_by, payout.sent_at, payout.bank_reference = actor.person_id, now, bank_reference
    entries.capture(actor, f"payout:{payout.id}:hold", f"payout:{payout.id}", now)
    announce(actor, now, PayoutSent(payout.id, payout.subject_id))


def reject_payout(actor: Actor, payout_id: UUID, now: datetime) -> Payout:
    """A second person keeps the money where it is."""
    payout = find(Payout, payout_id, lock=True)
    _require_approver(actor, payout)
    payout.status = PAYOUT_LIFECYCLE.check(payout.status, PayoutStatus.REJECTED)
    entries.void(actor, f"payout:{payout.id}:hold", f"payout:{payout.id}:rejected", now)
    announce(actor, now, PayoutRejected(payout.id))
    return payout


def _require_approver(actor: Actor, payout: Payout) -> None:
    """Whoever may agree: the platform's approver, or one of the organisation that asked."""
    of_platform = actor.organisation_kind == "platform_operator"
    own = actor.organisation_id is not None and actor.organisation_id == payout.organisation_id
    require(actor.may("money.approve") and (of_platform or own))


def waiting_for(actor: Actor) -> list[Payout]:
    """What waits for this second person, oldest first."""
    query = select(Payout).where(Payout.status == PayoutStatus.REQUESTED)
    if actor.organisation_kind != "platform_operator":
        query = query.where(Payout.organisation_id == actor.organisation_id)
    return list(session.execute(query.order_by(Payout.id).limit(200)).scalars())
