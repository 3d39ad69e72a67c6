"""Recoveries: what a bank gets back after compensation, net of its cost, shared back to those who bore the loss."""

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.actor import Actor
from marketplace.core.clock import market_day
from marketplace.core.db import Model, money_columns, session
from marketplace.core.errors import Malformed, NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.identity.sign_in import require_fresh
from marketplace.ledger.accounts import Side, lock_accounts, open_account
from marketplace.ledger.entries import Posting, post
from marketplace.risk_pool import policy
from marketplace.risk_pool.claims import Claim, ClaimStatus, find_claim
from marketplace.risk_pool.compensation import borne_by, carried_by, due_from
from marketplace.risk_pool.enrolments import Enrolment, EnrolmentStatus, scheme_of
from marketplace.risk_pool.enrolments import move as move_enrolment
from marketplace.risk_pool.losses import Loss, Usage, share_loss
from marketplace.risk_pool.pools import CLEARING, Pool
from marketplace.risk_pool.recovery_shares import RecoveryPosition, RecoveryShares
from marketplace.risk_pool.share_cases import recovery_weights
from marketplace.risk_pool.terms import RecoveryBasis, Terms

PLEDGOR = "pledgor"
COST = "enforcement_cost"
OTHER_LOSS = "other_loss"


class NotCompensated(Refused):
    """Nothing was compensated, so nothing is shared back."""

    message = _l("Recoveries are shared only after the claim was compensated and until it is closed.")


class RecoveryShareSettled(Refused):
    """A share is handed over once."""

    message = _l("This share of the recovery was already handed over.")


class RecoveryRecorded(Refused):
    """The same receipt of the bank statement was shared before."""

    message = _l("The receipt %(bank_reference)s was shared already.")


class Recovery(Model):
    """One amount the bank recovered, and what it cost."""

    __tablename__ = "risk_pool_recoveries"
    __table_args__ = (
        UniqueConstraint("claim_id", "bank_reference"),
        CheckConstraint("received_minor >= 0 AND cost_minor >= 0", name="amounts_not_negative"),
    )

    claim_id: Mapped[UUID] = mapped_column(ForeignKey("risk_pool_claims.id"), index=True)
    received: Mapped[Money] = money_columns("received")
    cost: Mapped[Money] = money_columns("cost")
    received_on: Mapped[date] = mapped_column(Date)
    source: Mapped[str] = mapped_column(String(40))
    bank_reference: Mapped[str] = mapped_column(String(100))
    recorded_by: Mapped[UUID | None]
    shares: Mapped[list["RecoveryShare"]] = relationship(order_by="RecoveryShare.id")


class RecoveryShare(Model):
    """What one party gets of one recovery, and whether it has it."""

    __tablename__ = "risk_pool_recovery_shares"
    __table_args__ = (
        UniqueConstraint("recovery_id", "party"),
        CheckConstraint("amount_minor >= 0", name="amount_not_negative"),
    )

    recovery_id: Mapped[UUID] = mapped_column(ForeignKey("risk_pool_recoveries.id"), index=True)
    party: Mapped[str] = mapped_column(String(40))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    amount: Mapped[Money] = money_columns("amount")
    settled_at: Mapped[datetime | None]
    settled_reference: Mapped[str | None] = mapped_column(String(100))


@dataclass(frozen=True)
class RecoveryShared(Fact):
    """A recovery was divided among those who bore the loss."""

    claim_id: UUID
    recovery_id: UUID
    shares: dict[str, str]


@dataclass(frozen=True)
class RecoveryShareSettledFact(Fact):
    """A party has its share of a recovery."""

    recovery_id: UUID
    party: str


@dataclass(frozen=True, kw_only=True)
class Recovered:
    """What came in after compensation, what it cost to get, and where it came from."""

    received: Money
    cost: Money
    day: date
    source: str
    bank_reference: str


def record_recovery(
    actor: Actor, claim_id: UUID, received: Money, cost: Money, details: tuple[date, str, str], now: datetime
) -> Recovery:
    """Record what the bank recovered with its cost (details: day, source, bank reference) and share it back."""
    claim, enrolment, pool = find_claim(actor, claim_id, lock=True)
    require(policy.may_enrol(actor, enrolment.bank_id))
    if claim.status is not ClaimStatus.COMPENSATED or enrolment.status is not EnrolmentStatus.COMPENSATED:
        raise NotCompensated()
    if {received.currency, cost.currency} != {pool.currency}:
        raise Malformed("received", _l("The pool keeps another currency."))
    day, source, bank_reference = details
    if day > market_day(now):
        raise Malformed("received_on", _l("This day has not come yet."))
    require(not is_recorded(claim, bank_reference), RecoveryRecorded(bank_reference=bank_reference))
    return share_recovered(
        actor, (claim, enrolment, pool),
        Recovered(received=received, cost=cost, day=day, source=source, bank_reference=bank_reference), now,
    )  # fmt: skip


def is_recorded(claim: Claim, bank_reference: str) -> bool:
    """Whether this receipt was shared before."""
    query = select(Recovery.id).where(Recovery.claim_id == claim.id, Recovery.bank_reference == bank_reference)
    return session.execute(query).first() is not None


def share_recovered(actor: Actor, place: tuple[Claim, Enrolment, Pool], came: Recovered, now: datetime) -> Recovery:
    """Divide a recovery of a locked claim, post it and say so."""
    claim, enrolment, pool = place
    divided, _after = position_of(claim, enrolment).share(came.received, came.cost)
    recovery = Recovery(
        claim_id=claim.id, received=came.received, cost=came.cost, received_on=came.day, source=came.source,
        bank_reference=came.bank_reference, recorded_by=actor.person_id,
    )  # fmt: skip
    session.add(recovery)
    session.flush()
    _write_shares(recovery, claim, enrolment, divided)
    _post_recovery(actor, recovery, enrolment, pool, scheme_of(enrolment).terms, now)
    amounts = {share.party: share.amount.format() for share in recovery.shares}
    announce(actor, now, RecoveryShared(claim.id, recovery.id, amounts))
    return recovery


def position_of(claim: Claim, enrolment: Enrolment) -> RecoveryPosition:
    """What the parties bore and have had back so far, rebuilt from the recorded shares."""
    terms = scheme_of(enrolment).terms
    borne = {share.party: share.amount for share in claim.shares}
    position = RecoveryPosition.after_loss(borne, _weights(terms, claim, enrolment), terms.residue_to, claim.other_loss)
    for recovery in recoveries_of(claim.id):
        _divided, position = position.share(recovery.received, recovery.cost)
    return position


def recoveries_of(claim_id: UUID) -> list[Recovery]:
    """The recoveries of a claim in the order in which they were recorded."""
    query = select(Recovery).where(Recovery.claim_id == claim_id).order_by(Recovery.id)
    return list(session.execute(query).scalars())


def settle_recovery_share(actor: Actor, recovery_id: UUID, party: str, reference: str, now: datetime) -> Recovery:
    """The party itself confirms that its share of a recovery reached it."""
    share = session.execute(
        select(RecoveryShare)
        .where(RecoveryShare.recovery_id == recovery_id, RecoveryShare.party == party)
        .with_for_update()
    ).scalar_one_or_none()
    if share is None or share.organisation_id != actor.organisation_id:
        raise NotFound()
    recovery: Recovery = session.execute(select(Recovery).where(Recovery.id == recovery_id)).scalar_one()
    _claim, enrolment, pool = find_claim(actor, recovery.claim_id, lock=True)
    require(policy.may_decide(actor, pool) or policy.shares(actor) or actor.may("money.pay"))
    require(actor.person_id != recovery.recorded_by, SecondPersonNeeded())
    require_fresh(actor, now)
    if share.settled_at is not None:
        raise RecoveryShareSettled()
    share.settled_at, share.settled_reference = now, reference
    if share.amount:
        _post_settlement(actor, recovery, share, enrolment, pool, now)
    announce(actor, now, RecoveryShareSettledFact(recovery.id, party))
    return recovery


def close_recovery(actor: Actor, claim_id: UUID, reason: str, now: datetime) -> Claim:
    """End the recovery as the pool's second person: recovered when everybody is whole, otherwise written off."""
    claim, enrolment, pool = find_claim(actor, claim_id, lock=True)
    require(policy.may_decide(actor, pool))
    require(actor.person_id != claim.decided_by, SecondPersonNeeded())
    require_fresh(actor, now)
    whole = not any(position_of(claim, enrolment).still_borne.values())
    ending = EnrolmentStatus.RECOVERED if whole else EnrolmentStatus.WRITTEN_OFF
    move_enrolment(actor, enrolment, ending, now, reason)
    return claim


def _weights(terms: Terms, claim: Claim, enrolment: Enrolment) -> dict[str, Fraction]:
    if terms.recovery_basis is RecoveryBasis.BORNE:
        return {share.party: Fraction(share.amount.amount_minor) for share in claim.shares}
    loss = Loss(principal=claim.loss, loan=enrolment.principal, ip_share=enrolment.ip_share)
    return recovery_weights(terms, share_loss(terms, loss, Usage()))


def _write_shares(recovery: Recovery, claim: Claim, enrolment: Enrolment, divided: RecoveryShares) -> None:
    organisations = {share.party: share.organisation_id for share in claim.shares}
    rows = [(party, organisations[party], amount) for party, amount in divided.parties.items()]
    rows += [
        (COST, enrolment.bank_id, divided.cost_reimbursed),
        (OTHER_LOSS, enrolment.bank_id, divided.other_loss_reimbursed),
        (PLEDGOR, enrolment.borrower_id, divided.surplus),
    ]
    for party, organisation_id, amount in rows:
        session.add(RecoveryShare(recovery_id=recovery.id, party=party, organisation_id=organisation_id, amount=amount))
        session.flush()
    session.refresh(recovery, ["shares"])


def _post_recovery(
    actor: Actor, recovery: Recovery, enrolment: Enrolment, pool: Pool, terms: Terms, now: datetime
) -> None:
    """One journal for the whole recovery: what the bank now owes the others, and what stays with it."""
    currency, bank = pool.currency, enrolment.bank_id
    in_hand = f"bank:{bank}:recovered"
    open_account(in_hand, currency, Side.DEBIT, None, bank)
    open_account(due_from(bank), currency, Side.DEBIT, None, bank)
    lines = []
    for share in recovery.shares:
        if not share.amount:
            continue
        if share.party in (COST, OTHER_LOSS):
            kept = f"bank:{bank}:{share.party}"
            open_account(kept, currency, Side.CREDIT, None, bank)
            lines.append(Posting(in_hand, kept, share.amount))
        elif share.organisation_id == bank:
            lines.append(Posting(carried_by(bank), borne_by(bank), share.amount))
        elif share.party == terms.pool_party:
            lines.append(Posting(due_from(bank), pool.account("recovery_due"), share.amount))
        else:
            owed = owed_to(share.organisation_id)
            open_account(owed, currency, Side.CREDIT, None, share.organisation_id)
            lines.append(Posting(due_from(bank), owed, share.amount))
    if lines:
        codes = {code for line in lines for code in (line.debit_code, line.credit_code)}
        lock_accounts(*((code, currency) for code in sorted(codes)))
        post(actor, f"recovery:{recovery.id}:shared", "recovery_shared", lines, now)


def owed_to(organisation_id: UUID) -> str:
    """The account of what recoveries owe an organisation."""
    return f"organisation:{organisation_id}:recovery_due"


def _post_settlement(
    actor: Actor, recovery: Recovery, share: RecoveryShare, enrolment: Enrolment, pool: Pool, now: datetime
) -> None:
    """The pool's share returns to its fund; any other party was paid by the bank directly."""
    debtor = due_from(enrolment.bank_id)
    if share.organisation_id == pool.administrator_id:
        open_account(CLEARING, pool.currency, Side.DEBIT, None)
        lines = [
            Posting(CLEARING, debtor, share.amount),
            Posting(pool.account("recovery_due"), pool.account("fund"), share.amount),
        ]
    else:
        lines = [Posting(owed_to(share.organisation_id), debtor, share.amount)]
    post(actor, f"recovery:{recovery.id}:settled:{share.party}", "recovery_settled", lines, now)


__all__ = [
    "NotCompensated", "Recovery", "RecoveryShare", "RecoveryShareSettled", "RecoveryShared", "close_recovery",
    "position_of", "record_recovery", "recoveries_of", "settle_recovery_share",
]  # fmt: skip
