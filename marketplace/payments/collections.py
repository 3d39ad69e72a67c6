"""Collections: money asked of an organisation, by card or bank transfer, until it lies in the books."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, String, Text, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, money_columns, session
from marketplace.core.errors import NotAllowed, NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.fields import cursor_page
from marketplace.core.i18n import _l
from marketplace.core.jobs import enqueue
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.ledger import accounts, entries
from marketplace.ledger.entries import Posting
from marketplace.payments import stripe_gateway

CLEARING = {"card": "clearing:stripe", "bank_transfer": "clearing:bank"}


class WrongAmount(Refused):
    """The money that arrived is not what was asked."""

    message = _l("The amount must be exactly %(expected)s.")


class BankReferenceUsed(Refused):
    """One line of the bank statement pays one collection."""

    message = _l("This bank reference already confirmed another payment.")


class Method(StrEnum):
    """How the payer pays."""

    CARD = "card"
    BANK_TRANSFER = "bank_transfer"


class CollectionStatus(StrEnum):
    """How far the money has come."""

    REQUESTED = "requested"
    AWAITING_CARD = "awaiting_card"
    AWAITING_TRANSFER = "awaiting_transfer"
    COLLECTED = "collected"
    CANCELLED = "cancelled"


S = CollectionStatus
COLLECTION_LIFECYCLE = Lifecycle(
    "collection",
    {
        S.REQUESTED: {S.AWAITING_CARD, S.AWAITING_TRANSFER, S.COLLECTED, S.CANCELLED},
        S.AWAITING_CARD: {S.COLLECTED, S.CANCELLED, S.AWAITING_TRANSFER},
        S.AWAITING_TRANSFER: {S.REQUESTED, S.COLLECTED, S.CANCELLED},
        S.COLLECTED: set(),
        S.CANCELLED: {S.COLLECTED},
    },
)


class Collection(Model):
    """One amount asked of one payer for one purpose, credited to one account when it arrives."""

    __tablename__ = "collections"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("(status = 'collected') = (collected_at IS NOT NULL)", name="collected_has_time"),
        CheckConstraint("confirmed_by IS NULL OR confirmed_by <> initiated_by", name="two_people"),
    )

    payer_id: Mapped[UUID] = mapped_column(index=True)
    amount: Mapped[Money] = money_columns("amount")
    purpose: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[UUID] = mapped_column(index=True)
    method: Mapped[Method]
    credit_account: Mapped[str] = mapped_column(String(200))
    status: Mapped[CollectionStatus] = mapped_column(default=CollectionStatus.REQUESTED)
    reference: Mapped[str] = mapped_column(String(20), unique=True)
    initiated_by: Mapped[UUID | None]
    confirmed_by: Mapped[UUID | None]
    bank_reference: Mapped[str | None] = mapped_column(String(80), unique=True)
    stripe_session_id: Mapped[str | None] = mapped_column(String(200), unique=True)
    stripe_intent_id: Mapped[str | None] = mapped_column(String(200), unique=True)
    card_page: Mapped[str | None] = mapped_column(Text)
    failure: Mapped[str | None] = mapped_column(String(300))
    collected_at: Mapped[datetime | None]

    def become(self, status: CollectionStatus) -> None:
        """Move along the lifecycle, or refuse."""
        self.status = COLLECTION_LIFECYCLE.check(self.status, status)


@dataclass(frozen=True)
class PaymentRequested(Fact):
    """An organisation was asked to pay."""

    collection_id: UUID
    payer_id: UUID
    purpose: str


@dataclass(frozen=True)
class PaymentMethodChosen(Fact):
    """The payer chose how to pay."""

    collection_id: UUID
    method: str


@dataclass(frozen=True)
class PaymentCollected(Fact):
    """The money asked for lies in the books."""

    collection_id: UUID
    purpose: str
    paid_for_id: UUID

    @property
    def subject_id(self) -> UUID:
        """The thing that was paid for: the arrival belongs to its history."""
        return self.paid_for_id


@dataclass(frozen=True)
class PaymentCancelled(Fact):
    """The money is no longer asked for."""

    collection_id: UUID


def request_collection(
    actor: Actor,
    payer_id: UUID,
    amount: Money,
    purpose: str,
    subject_id: UUID,
    method: Method | str,
    credit_account: str,
    now: datetime,
) -> Collection:
    """Ask an organisation for money; card payment is prepared by a job, never inside the request."""
    _require_payment_role(actor, payer_id)
    require(amount.amount_minor > 0, WrongAmount(expected=_l("above zero")))
    collection = Collection(
        payer_id=payer_id,
        amount=amount,
        purpose=purpose,
        subject_id=subject_id,
        method=Method(method),
        credit_account=credit_account,
        reference="P" + secrets.token_hex(5).upper(),
        initiated_by=actor.person_id,
        status=CollectionStatus.REQUESTED,
    )
    session.add(collection)
    session.flush()
    _prepare(collection)
    announce(actor, now, PaymentRequested(collection.id, payer_id, purpose))
    return collection


def choose_method(actor: Actor, collection_id: UUID, method: Method | str, now: datetime) -> Collection:
    """The payer decides how to pay; possible until the money has arrived."""
    collection = find_collection(actor, collection_id, lock=True)
    require(actor.organisation_id == collection.payer_id and actor.may("money.pay"))
    if collection.method is not Method(method) or collection.status is CollectionStatus.REQUESTED:
        if collection.status is CollectionStatus.AWAITING_TRANSFER:
            collection.become(CollectionStatus.REQUESTED)
        collection.method = Method(method)
        _prepare(collection)
        announce(actor, now, PaymentMethodChosen(collection.id, collection.method.value))
    return collection


def _prepare(collection: Collection) -> None:
    if collection.method is Method.CARD:
        stripe_gateway.require_cards()
        enqueue("payments.open_card_payment", collection_id=str(collection.id))
    else:
        collection.become(CollectionStatus.AWAITING_TRANSFER)


def confirm_transfer(
    actor: Actor, collection_id: UUID, bank_reference: str, amount: Money, now: datetime
) -> Collection:
    """A second person found the transfer on the bank statement; the amount must be exactly what was asked."""
    require(actor.may("money.confirm"))
    collection = find(Collection, collection_id, lock=True)
    require(actor.person_id is not None and actor.person_id != collection.initiated_by, SecondPersonNeeded())
    require(actor.organisation_id != collection.payer_id)
    COLLECTION_LIFECYCLE.check(collection.status, CollectionStatus.COLLECTED)
    require(collection.method is Method.BANK_TRANSFER, NotAllowed())
    require(amount == collection.amount, WrongAmount(expected=collection.amount))
    taken = session.execute(select(Collection.id).where(Collection.bank_reference == bank_reference)).first()
    require(taken is None, BankReferenceUsed())
    collection.bank_reference, collection.confirmed_by = bank_reference, actor.person_id
    return collect(actor, collection, now)


def confirm_typed_transfer(
    actor: Actor, collection_id: UUID, bank_reference: str, typed: str, now: datetime
) -> Collection:
    """The same from a form: the amount as typed is read in the collection's currency."""
    currency = find_collection(actor, collection_id).amount.currency
    amount = Money.typed(typed, currency)
    return confirm_transfer(actor, collection_id, bank_reference, amount, now)


def collect(actor: Actor, collection: Collection, now: datetime) -> Collection:
    """Book the arrived money and tell who waits for it."""
    collection.become(CollectionStatus.COLLECTED)
    collection.collected_at, collection.failure = now, None
    currency, clearing = collection.amount.currency, CLEARING[collection.method]
    accounts.open_account(clearing, currency, "debit", floor_minor=None)
    open_liability(collection.credit_account, currency)
    entries.post(
        actor,
        f"collection:{collection.id}",
        f"collection:{collection.purpose}",
        [Posting(clearing, collection.credit_account, collection.amount)],
        now,
    )
    announce(actor, now, PaymentCollected(collection.id, collection.purpose, collection.subject_id))
    return collection


def open_liability(code: str, currency: str) -> accounts.Account:
    """The account named, opened without debt when it is new."""
    try:
        return accounts.find_account(code, currency)
    except accounts.AccountUnknown:
        return accounts.open_account(code, currency, "credit")


def cancel_collection(actor: Actor, collection_id: UUID, now: datetime) -> Collection:
    """Stop asking; money that still arrives by card is booked and refunded by hand."""
    collection = find_collection(actor, collection_id, lock=True)
    _require_payment_role(actor, collection.payer_id)
    collection.become(CollectionStatus.CANCELLED)
    announce(actor, now, PaymentCancelled(collection.id))
    return collection


def find_collection(actor: Actor, collection_id: UUID, lock: bool = False) -> Collection:
    """The collection, for its payer and for those who confirm payments; for others it does not exist."""
    collection = find(Collection, collection_id, lock=lock)
    seen = actor.organisation_id == collection.payer_id or actor.may("money.confirm") or actor.may("system")
    require(seen, NotFound())
    return collection


def collections_for(subject_id: UUID, purpose: str) -> list[Collection]:
    """What was asked for one thing and purpose, oldest first."""
    query = select(Collection).where(Collection.subject_id == subject_id, Collection.purpose == purpose)
    return list(session.execute(query.order_by(Collection.id)).scalars())


def collections_of(actor: Actor, after: str | None, limit: int) -> dict[str, Any]:
    """A page of what the actor's organisation was asked to pay."""
    return cursor_page(select(Collection).where(Collection.payer_id == actor.organisation_id), Collection, after, limit)


def open_collections(actor: Actor) -> list[Collection]:
    """What the actor's organisation still has to pay."""
    query = select(Collection).where(
        Collection.payer_id == actor.organisation_id,
        Collection.status.in_([S.REQUESTED, S.AWAITING_CARD, S.AWAITING_TRANSFER]),
    )
    return list(session.execute(query.order_by(Collection.id).limit(20)).scalars()) if actor.may("money.pay") else []


def awaiting_transfers() -> list[Collection]:
    """Transfers that somebody must find on the bank statement, oldest first."""
    query = select(Collection).where(Collection.status == CollectionStatus.AWAITING_TRANSFER)
    return list(session.execute(query.order_by(Collection.id).limit(200)).scalars())


def _require_payment_role(actor: Actor, payer_id: UUID) -> None:
    trusted = actor.may("system") or actor.organisation_id == payer_id or actor.may("platform.operate")
    require(trusted or actor.approved)
