"""Take-over purchase (收储): under a purchase scheme the pool buys a failed loan's pledged right and sells it on.

The pledgor agrees to the price, so that nothing passes by forfeiture (Civil Code art. 428 and 436); the price pays the
debt like any proceeds of the pledge, the right passes with the office's recordal, and what a resale brings is the pool's.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, func, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, money_columns, session
from marketplace.core.errors import Malformed, NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.financing.due_dates import business_date
from marketplace.financing.enforcement import realise_pledge
from marketplace.financing.loans import find_loan
from marketplace.financing.pledges import Pledge, PledgeStatus
from marketplace.financing.repayments import Receipt
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.identity.sign_in import require_fresh
from marketplace.ledger.accounts import Side, open_account
from marketplace.ledger.entries import Posting, post
from marketplace.registry.ownership import transfer_ownership
from marketplace.risk_pool import policy
from marketplace.risk_pool.enrolling import release_commitment
from marketplace.risk_pool.enrolments import Enrolment, EnrolmentStatus, find_enrolment, scheme_of
from marketplace.risk_pool.enrolments import move as move_enrolment
from marketplace.risk_pool.losses import PurchasePriceTooHigh, purchase_limit
from marketplace.risk_pool.pools import CLEARING, Pool, free_balance
from marketplace.risk_pool.terms import SchemeKind


class NoPurchaseScheme(Refused):
    """Only a purchase scheme buys."""

    message = _l("The scheme of this loan shares losses; it does not buy the pledged right.")


class NotForTakeOver(Refused):
    """A right is taken over when its loan has failed."""

    message = _l("A right is taken over only while its loan is in default and its pledge is registered.")


class PoolCannotPay(Refused):
    """The pool holds less than the price."""

    message = _l("The pool holds %(balance)s; the price is %(price)s.")


class TakeOverStatus(StrEnum):
    """How far a take-over has come."""

    OFFERED = "offered"
    CONSENTED = "consented"
    REVIEWED = "reviewed"
    APPROVED = "approved"
    PAID = "paid"
    HELD = "held"
    SOLD = "sold"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


T = TakeOverStatus
TAKE_OVER_LIFECYCLE = Lifecycle(
    "take-over",
    {
        T.OFFERED: {T.CONSENTED, T.REFUSED, T.WITHDRAWN},
        T.CONSENTED: {T.REVIEWED, T.REFUSED, T.WITHDRAWN},
        T.REVIEWED: {T.APPROVED, T.REFUSED, T.WITHDRAWN},
        T.APPROVED: {T.PAID, T.WITHDRAWN},
        T.PAID: {T.HELD},
        T.HELD: {T.SOLD},
        T.SOLD: set(),
        T.REFUSED: set(),
        T.WITHDRAWN: set(),
    },
)


class TakeOver(Model):
    """One pledged right offered to, and bought by, a pool."""

    __tablename__ = "risk_pool_take_overs"
    __table_args__ = (
        CheckConstraint("price_minor > 0", name="price_positive"),
        CheckConstraint("decided_by IS NULL OR decided_by <> reviewed_by", name="second_person"),
        CheckConstraint("status <> 'sold' OR sold_for_minor IS NOT NULL", name="sold_for_money"),
        Index(
            "uq_risk_pool_take_overs_live", "pledge_id", unique=True,
            postgresql_where=text("status NOT IN ('refused', 'withdrawn')"),
        ),
    )  # fmt: skip

    enrolment_id: Mapped[UUID] = mapped_column(ForeignKey("risk_pool_enrolments.id"), index=True)
    pledge_id: Mapped[UUID] = mapped_column(ForeignKey("pledges.id"))
    price: Mapped[Money] = money_columns("price")
    status: Mapped[TakeOverStatus] = mapped_column(default=TakeOverStatus.OFFERED)
    offered_by: Mapped[UUID | None]
    consented_by: Mapped[UUID | None]
    reviewed_by: Mapped[UUID | None]
    decided_by: Mapped[UUID | None]
    paid_reference: Mapped[str | None] = mapped_column(String(80))
    recordal_reference: Mapped[str | None] = mapped_column(String(80))
    sold_for: Mapped[Money | None] = money_columns("sold_for", optional=True)
    reason: Mapped[str] = mapped_column(String(1000), default="")


@dataclass(frozen=True)
class TakeOverMoved(Fact):
    """A take-over took a step of its lifecycle."""

    take_over_id: UUID
    enrolment_id: UUID
    status: str


def offer_for_take_over(actor: Actor, enrolment_id: UUID, pledge_id: UUID, price: Money, now: datetime) -> TakeOver:
    """The bank offers a pledged right of a failed loan to the pool, at a price within the limit of the scheme."""
    enrolment, pool = find_enrolment(actor, enrolment_id, lock=True)
    require(policy.may_enrol(actor, enrolment.bank_id))
    terms, pledge = scheme_of(enrolment).terms, find(Pledge, pledge_id)
    require(terms.kind is SchemeKind.PURCHASE, NoPurchaseScheme())
    require(pledge.loan_id == enrolment.loan_id, NotFound())
    require(_is_for_take_over(enrolment, pledge), NotForTakeOver())
    if price.currency != pool.currency or not price:
        raise Malformed("price", _l("The pool keeps another currency."))
    left = purchase_limit(terms, enrolment.principal) - _bought(enrolment)
    if price > left:
        raise PurchasePriceTooHigh(price=price, limit=left)
    found = TakeOver(enrolment_id=enrolment.id, pledge_id=pledge.id, price=price, offered_by=actor.person_id)
    session.add(found)
    session.flush()
    announce(actor, now, TakeOverMoved(found.id, enrolment.id, found.status.value))
    return found


def consent_to_take_over(actor: Actor, take_over_id: UUID, now: datetime) -> TakeOver:
    """The pledgor agrees that its right passes at this price."""
    found, _enrolment, _pool = find_take_over(actor, take_over_id)
    require(actor.organisation_id == find(Pledge, found.pledge_id).pledgor_id)
    require(actor.may("deal.sign"))
    require_fresh(actor, now)
    found.consented_by = actor.person_id
    return _move(actor, found, T.CONSENTED, now)


def review_take_over(actor: Actor, take_over_id: UUID, reason: str, now: datetime) -> TakeOver:
    """The pool's reviewer proposes to buy, with the reason."""
    found, _enrolment, pool = find_take_over(actor, take_over_id)
    require(policy.may_review(actor, pool))
    found.reviewed_by, found.reason = actor.person_id, reason
    return _move(actor, found, T.REVIEWED, now)


def approve_take_over(actor: Actor, take_over_id: UUID, now: datetime) -> TakeOver:
    """A second person of the pool decides to buy, while the pool can pay."""
    found, _enrolment, pool = find_take_over(actor, take_over_id)
    require(policy.may_decide(actor, pool))
    require(actor.person_id != found.reviewed_by, SecondPersonNeeded())
    require_fresh(actor, now)
    balance = free_balance(find(Pool, pool.id, lock=True))
    require(balance >= found.price, PoolCannotPay(balance=balance, price=found.price))
    found.decided_by = actor.person_id
    return _move(actor, found, T.APPROVED, now)


def refuse_take_over(actor: Actor, take_over_id: UUID, reason: str, now: datetime) -> TakeOver:
    """The pool does not buy, with its reason."""
    found, _enrolment, pool = find_take_over(actor, take_over_id)
    require(policy.may_decide(actor, pool))
    found.reason = reason
    return _move(actor, found, T.REFUSED, now)


def withdraw_take_over(actor: Actor, take_over_id: UUID, now: datetime) -> TakeOver:
    """The bank takes its offer back before it is paid."""
    found, enrolment, _pool = find_take_over(actor, take_over_id)
    require(policy.may_enrol(actor, enrolment.bank_id))
    return _move(actor, found, T.WITHDRAWN, now)


def receive_price(actor: Actor, take_over_id: UUID, bank_reference: str, now: datetime) -> TakeOver:
    """The bank's second person confirms the price: it pays the debt, the pledge ends, the pool's cover with it."""
    found, enrolment, pool = find_take_over(actor, take_over_id)
    TAKE_OVER_LIFECYCLE.check(found.status, T.PAID)
    receipt = Receipt(amount=found.price, received_on=business_date(now), bank_reference=bank_reference)
    realise_pledge(actor, found.pledge_id, receipt, pool.zero, now)
    open_account(CLEARING, pool.currency, Side.DEBIT, None)
    paid = [Posting(pool.account("fund"), CLEARING, found.price)]
    post(actor, f"take_over:{found.id}:price", "take_over_paid", paid, now)
    found.paid_reference = bank_reference
    if enrolment.status is EnrolmentStatus.ABNORMAL:
        release_commitment(actor, enrolment, now)
        move_enrolment(actor, enrolment, EnrolmentStatus.COMPENSATED, now, f"taken over for {found.price}")
    return _move(actor, found, T.PAID, now)


def record_recordal(actor: Actor, take_over_id: UUID, office_reference: str, now: datetime) -> TakeOver:
    """The office recorded the change: the right is the pool administrator's."""
    found, _enrolment, pool = find_take_over(actor, take_over_id)
    require(policy.may_review(actor, pool))
    TAKE_OVER_LIFECYCLE.check(found.status, T.HELD)
    pledge = find(Pledge, found.pledge_id)
    to = pool.administrator_id
    transfer_ownership(actor, pledge.asset_id, pledge.pledgor_id, to, Fraction(1), office_reference, now)
    found.recordal_reference = office_reference
    return _move(actor, found, T.HELD, now)


def record_resale(actor: Actor, take_over_id: UUID, price: Money, bank_reference: str, now: datetime) -> TakeOver:
    """What the right brought when it was sold on returns to the pool."""
    found, _enrolment, pool = find_take_over(actor, take_over_id)
    require(policy.may_decide(actor, pool))
    if price.currency != pool.currency:
        raise Malformed("price", _l("The pool keeps another currency."))
    TAKE_OVER_LIFECYCLE.check(found.status, T.SOLD)
    found.sold_for = price
    if price:
        reference = f"take_over:{found.id}:resale:{bank_reference}"
        post(actor, reference, "take_over_resold", [Posting(CLEARING, pool.account("fund"), price)], now)
    return _move(actor, found, T.SOLD, now)


def find_take_over(actor: Actor, take_over_id: UUID) -> tuple[TakeOver, Enrolment, Pool]:
    """A locked take-over that the actor may see, with its enrolment and pool."""
    found = session.get(TakeOver, take_over_id)
    if found is None:
        raise NotFound()
    enrolment, pool = find_enrolment(actor, found.enrolment_id, lock=True)
    return find(TakeOver, take_over_id, lock=True), enrolment, pool


def take_overs_of(enrolment_id: UUID) -> list[TakeOver]:
    """What was offered for take-over, oldest first."""
    query = select(TakeOver).where(TakeOver.enrolment_id == enrolment_id).order_by(TakeOver.id)
    return list(session.execute(query).scalars())


def rights_to_offer(enrolment: Enrolment) -> list[Pledge]:
    """The pledged rights of a failed loan that could be offered now."""
    if scheme_of(enrolment).terms.kind is not SchemeKind.PURCHASE:
        return []
    live = {one.pledge_id for one in take_overs_of(enrolment.id) if one.status not in (T.REFUSED, T.WITHDRAWN)}
    pledges = session.execute(select(Pledge).where(Pledge.loan_id == enrolment.loan_id)).scalars()
    return [one for one in pledges if one.id not in live and _is_for_take_over(enrolment, one)]


def _is_for_take_over(enrolment: Enrolment, pledge: Pledge) -> bool:
    open_still = enrolment.status in (EnrolmentStatus.ABNORMAL, EnrolmentStatus.COMPENSATED)
    return open_still and pledge.status is PledgeStatus.REGISTERED and find_loan(enrolment.loan_id).failed


def _bought(enrolment: Enrolment) -> Money:
    """What other rights of the same loan were offered for."""
    total = func.coalesce(func.sum(TakeOver.__table__.c.price_minor), 0)
    live = TakeOver.status.not_in((T.REFUSED, T.WITHDRAWN))
    query = select(total).where(TakeOver.enrolment_id == enrolment.id, live)
    return Money(int(session.execute(query).scalar_one()), enrolment.principal.currency)


def _move(actor: Actor, found: TakeOver, status: TakeOverStatus, now: datetime) -> TakeOver:
    found.status = TAKE_OVER_LIFECYCLE.check(found.status, status)
    session.flush()
    announce(actor, now, TakeOverMoved(found.id, found.enrolment_id, status.value))
    return found
