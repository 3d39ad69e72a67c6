"""Premiums: what a guarantor or insurer charges for its part, due when the loan is enrolled, until it has received it."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.clock import market_day
from marketplace.core.db import Model, find, money_columns, session
from marketplace.core.errors import NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.ledger.accounts import Side, open_account
from marketplace.ledger.entries import Posting, capture, hold, post, reverse, void
from marketplace.risk_pool import policy
from marketplace.risk_pool.aid_cases import premiums_for
from marketplace.risk_pool.aid_terms import Payer, Premium
from marketplace.risk_pool.enrolments import Enrolment, find_enrolment, scheme_of
from marketplace.risk_pool.loans_seen import loan_seen
from marketplace.risk_pool.pools import CLEARING, Pool, find_pool


class PremiumReferenceDiffers(Refused):
    """The premium was received under another reference."""

    message = _l("This premium was received under the reference %(reference)s.")


class PremiumStatus(StrEnum):
    """Whether the party has its charge."""

    DUE = "due"
    PAID = "paid"
    CANCELLED = "cancelled"


P = PremiumStatus
PREMIUM_LIFECYCLE = Lifecycle("premium", {P.DUE: {P.PAID, P.CANCELLED}, P.PAID: set(), P.CANCELLED: set()})


class PremiumDue(Model):
    """One party's charge for one enrolled loan."""

    __tablename__ = "risk_pool_premiums"
    __table_args__ = (
        UniqueConstraint("enrolment_id", "nr"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("receiver_id <> payer_id", name="two_sides"),
        CheckConstraint("(status = 'paid') = (paid_reference IS NOT NULL)", name="paid_with_reference"),
    )

    enrolment_id: Mapped[UUID] = mapped_column(ForeignKey("risk_pool_enrolments.id"), index=True)
    nr: Mapped[int]
    party: Mapped[str] = mapped_column(String(40))
    payer: Mapped[Payer]
    receiver_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    payer_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    amount: Mapped[Money] = money_columns("amount")
    months: Mapped[int]
    due_on: Mapped[date]
    status: Mapped[PremiumStatus] = mapped_column(default=P.DUE)
    paid_by: Mapped[UUID | None]
    paid_at: Mapped[datetime | None]
    paid_reference: Mapped[str | None] = mapped_column(String(100))

    @property
    def reference(self) -> str:
        """The ledger reference of the charge."""
        return f"premium:{self.id}"

    @property
    def owed(self) -> str:
        """The account of what the payer still owes in premiums."""
        return f"organisation:{self.payer_id}:premiums_owed"

    @property
    def earned(self) -> str:
        """The account of what the receiver has earned in premiums and not received."""
        return f"organisation:{self.receiver_id}:premiums_outstanding"

    def become(self, status: PremiumStatus) -> None:
        """Move along the lifecycle, or refuse."""
        self.status = PREMIUM_LIFECYCLE.check(self.status, status)


@dataclass(frozen=True)
class PremiumMoved(Fact):
    """A premium fell due, was received, or lapsed."""

    premium_id: UUID
    enrolment_id: UUID
    status: str
    amount_minor: int


def charge_premiums(actor: Actor, enrolment: Enrolment, now: datetime) -> list[PremiumDue]:
    """Let every premium of the scheme fall due with the enrolment; what the pool pays is held in its aid account."""
    terms, pool = scheme_of(enrolment).terms, find_pool(enrolment.pool_id)
    months = loan_seen(enrolment.loan_id, market_day(now)).term_months if terms.premiums else 0
    charged = []
    for nr, (premium, amount) in enumerate(premiums_for(terms, enrolment.principal, enrolment.ip_share, months), 1):
        receiver, payer = _sides(premium, enrolment, pool)
        if not amount or receiver == payer:
            continue
        due = PremiumDue(
            enrolment_id=enrolment.id, nr=nr, party=premium.party, payer=premium.payer, receiver_id=receiver,
            payer_id=payer, amount=amount, months=months, due_on=market_day(now), status=P.DUE,
        )  # fmt: skip
        session.add(due)
        session.flush()
        _book(actor, due, pool, now)
        _tell(actor, due, now)
        charged.append(due)
    return charged


def receive_premium(actor: Actor, premium_id: UUID, bank_reference: str, now: datetime) -> PremiumDue:
    """The party that is owed says that the premium reached it; told again with the same reference nothing changes."""
    found = find(PremiumDue, premium_id)
    find_enrolment(actor, found.enrolment_id, lock=True)
    found = find(PremiumDue, premium_id, lock=True)
    require(actor.organisation_id == found.receiver_id, NotFound())
    require(policy.shares(actor) or actor.may("pool.review") or actor.may("pool.approve"))
    if found.status is P.PAID:
        require(found.paid_reference == bank_reference, PremiumReferenceDiffers(reference=found.paid_reference or ""))
        return found
    found.become(P.PAID)
    found.paid_by, found.paid_at, found.paid_reference = actor.person_id, now, bank_reference
    if found.payer is Payer.POOL:
        capture(actor, found.reference, f"{found.reference}:paid", now)
    else:
        post(
            actor, f"{found.reference}:paid", "premium_received", [Posting(found.earned, found.owed, found.amount)], now
        )
    _tell(actor, found, now)
    return found


def cancel_premiums(actor: Actor, enrolment: Enrolment, now: datetime) -> None:
    """The enrolment ended before the loan ran: what was not received yet is owed no longer."""
    for due in premiums_of(enrolment.id):
        if due.status is not P.DUE:
            continue
        due.become(P.CANCELLED)
        end = void if due.payer is Payer.POOL else reverse
        end(actor, due.reference, f"{due.reference}:cancelled", now)
        _tell(actor, due, now)


def premiums_of(enrolment_id: UUID) -> list[PremiumDue]:
    """What each party charges for an enrolled loan."""
    query = select(PremiumDue).where(PremiumDue.enrolment_id == enrolment_id).order_by(PremiumDue.nr)
    return list(session.execute(query).scalars())


def _sides(premium: Premium, enrolment: Enrolment, pool: Pool) -> tuple[UUID, UUID]:
    """Who receives and who pays."""
    receiver = enrolment.organisation_of(premium.party, scheme_of(enrolment).terms) or pool.administrator_id
    payers = {
        Payer.BORROWER: enrolment.borrower_id, Payer.BANK: enrolment.bank_id, Payer.POOL: pool.administrator_id,
    }  # fmt: skip
    return receiver, payers[premium.payer]


def _book(actor: Actor, due: PremiumDue, pool: Pool, now: datetime) -> None:
    """One side owes, the other has earned; the pool's own charge is set aside where it will be paid from."""
    currency = due.amount.currency
    if due.payer is Payer.POOL:
        open_account(CLEARING, currency, Side.DEBIT, None)
        open_account(pool.account("subsidy"), currency, Side.CREDIT, 0, pool.administrator_id)
        aside = Posting(pool.account("subsidy"), CLEARING, due.amount)
        hold(actor, due.reference, "premium_paid_by_pool", [aside], now)
        return
    open_account(due.owed, currency, Side.DEBIT, None, due.payer_id)
    open_account(due.earned, currency, Side.CREDIT, None, due.receiver_id)
    post(actor, due.reference, "premium_due", [Posting(due.owed, due.earned, due.amount)], now)


def _tell(actor: Actor, due: PremiumDue, now: datetime) -> None:
    session.flush()
    fact = PremiumMoved(due.id, due.enrolment_id, due.status.value, due.amount.amount_minor)
    announce(actor, now, fact)
