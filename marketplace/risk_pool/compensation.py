"""Deciding a claim: the loss is shared by the scheme's terms and posted in one balanced journal."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from marketplace.core.actor import Actor
from marketplace.core.db import find, session
from marketplace.core.errors import Malformed, NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.identity.sign_in import require_fresh
from marketplace.ledger.accounts import Side, lock_accounts, open_account
from marketplace.ledger.entries import Posting, post
from marketplace.risk_pool import policy
from marketplace.risk_pool.capacity import breaks, loss_rate
from marketplace.risk_pool.claims import Claim, ClaimShare, ClaimStatus, find_claim, move, require_still_owed
from marketplace.risk_pool.enrolling import release_commitment
from marketplace.risk_pool.enrolments import Enrolment, EnrolmentStatus, scheme_of
from marketplace.risk_pool.enrolments import move as move_enrolment
from marketplace.risk_pool.halts import trip_pool
from marketplace.risk_pool.losses import Loss, LossShares, Usage, share_loss
from marketplace.risk_pool.pools import CLEARING, Pool, free_balance, year_of
from marketplace.risk_pool.schemes import Scheme
from marketplace.risk_pool.standings import require_standing, suspend_bank


class ShareAlreadyReceived(Refused):
    """A share is paid once."""

    message = _l("This share was already received.")


@dataclass(frozen=True)
class ClaimCompensated(Fact):
    """A second person approved a claim; the loss was shared."""

    claim_id: UUID
    enrolment_id: UUID
    loan_id: UUID
    scheme: str
    shares: dict[str, str]


@dataclass(frozen=True)
class ClaimShareReceived(Fact):
    """The bank has one party's share."""

    claim_id: UUID
    party: str
    reference: str


def preview_claim(claim: Claim, enrolment: Enrolment, pool: Pool, now: datetime) -> LossShares:
    """How the claimed loss would be shared today."""
    terms = scheme_of(enrolment).terms
    loss = Loss(principal=claim.loss, loan=enrolment.principal, ip_share=enrolment.ip_share)
    return share_loss(terms, loss, _usage(enrolment, pool, scheme_of(enrolment), now))


def compensate_claim(actor: Actor, claim_id: UUID, now: datetime) -> Claim:
    """Approve a recommended claim as the second person: share the loss, post it, end the commitment."""
    claim, enrolment, pool = find_claim(actor, claim_id, lock=True)
    require(policy.may_decide(actor, pool))
    require(actor.person_id != claim.reviewed_by, SecondPersonNeeded())
    require_fresh(actor, now)
    pool = find(Pool, pool.id, lock=True)
    require_standing(pool.id, enrolment.bank_id)
    require_still_owed(enrolment, claim.loss, now)
    scheme = scheme_of(enrolment)
    shares = preview_claim(claim, enrolment, pool, now)
    move(actor, claim, ClaimStatus.COMPENSATED, now)
    claim.decided_by, claim.decided_at = actor.person_id, now
    _write_shares(claim, enrolment, pool, scheme, shares)
    _post_compensation(actor, claim, enrolment, pool, scheme, now)
    release_commitment(actor, enrolment, now)
    move_enrolment(actor, enrolment, EnrolmentStatus.COMPENSATED, now)
    amounts = {party: money.format() for party, money in shares.parties.items()}
    announce(
        actor,
        now,
        ClaimCompensated(claim.id, enrolment.id, enrolment.loan_id, f"{scheme.name} {scheme.version}", amounts),
    )
    _trip_breaker(actor, pool, enrolment, scheme, now)
    return claim


def reject_claim(actor: Actor, claim_id: UUID, reason: str, now: datetime) -> Claim:
    """Refuse a claim with a reason, as the second person."""
    claim, _enrolment, pool = find_claim(actor, claim_id, lock=True)
    require(policy.may_decide(actor, pool))
    require(actor.person_id != claim.reviewed_by, SecondPersonNeeded())
    require_fresh(actor, now)
    move(actor, claim, ClaimStatus.REJECTED, now, reason)
    claim.decided_by, claim.decided_at = actor.person_id, now
    return claim


def receive_claim_share(actor: Actor, claim_id: UUID, party: str, bank_reference: str, now: datetime) -> Claim:
    """The bank confirms, as a second person of its own, that a party's share reached it."""
    claim, enrolment, pool = find_claim(actor, claim_id, lock=True)
    require(actor.organisation_id == enrolment.bank_id, NotFound())
    require(actor.may("loan.approve"))
    require(actor.person_id != claim.filed_by, SecondPersonNeeded())
    require_fresh(actor, now)
    share = next((each for each in claim.shares if each.party == party), None)
    if share is None or party == scheme_of(enrolment).terms.excess_to:
        raise Malformed("party", _l("This is not one of the parties that share."))
    if share.received_at is not None:
        raise ShareAlreadyReceived()
    share.received_at, share.received_reference = now, bank_reference
    if share.amount:
        paid_from = CLEARING if share.organisation_id == pool.administrator_id else due_from(share.organisation_id)
        open_account(CLEARING, pool.currency, Side.DEBIT, None)
        lines = [Posting(claim.account(), paid_from, share.amount)]
        post(actor, f"claim:{claim.id}:received:{party}", "claim_share_received", lines, now)
    announce(actor, now, ClaimShareReceived(claim.id, party, bank_reference))
    return claim


def due_from(organisation_id: UUID) -> str:
    """The account of what an organisation owes under risk sharing."""
    return f"organisation:{organisation_id}:risk_due"


def borne_by(bank_id: UUID) -> str:
    """The account of what a bank bears itself under risk sharing."""
    return f"bank:{bank_id}:loss_borne"


def carried_by(bank_id: UUID) -> str:
    """The counter account of what a bank bears itself."""
    return f"bank:{bank_id}:loss_carried"


def _write_shares(claim: Claim, enrolment: Enrolment, pool: Pool, scheme: Scheme, shares: LossShares) -> None:
    for party, amount in shares.parties.items():
        organisation = enrolment.organisation_of(party, scheme.terms) or pool.administrator_id
        session.add(ClaimShare(claim_id=claim.id, party=party, organisation_id=organisation, amount=amount))
        session.flush()
    session.refresh(claim, ["shares"])


def _post_compensation(
    actor: Actor, claim: Claim, enrolment: Enrolment, pool: Pool, scheme: Scheme, now: datetime
) -> None:
    """One journal for the whole loss: what others owe the bank, and what the bank bears itself."""
    currency = pool.currency
    open_account(claim.account(), currency, Side.CREDIT, 0, enrolment.bank_id)
    open_account(borne_by(enrolment.bank_id), currency, Side.DEBIT, None, enrolment.bank_id)
    open_account(carried_by(enrolment.bank_id), currency, Side.CREDIT, None, enrolment.bank_id)
    lines = []
    for share in claim.shares:
        if not share.amount:
            continue
        if share.party == scheme.terms.pool_party:
            lines.append(Posting(pool.account("fund"), claim.account(), share.amount))
        elif share.organisation_id == enrolment.bank_id:
            lines.append(Posting(borne_by(enrolment.bank_id), carried_by(enrolment.bank_id), share.amount))
        else:
            open_account(due_from(share.organisation_id), currency, Side.DEBIT, None, share.organisation_id)
            lines.append(Posting(due_from(share.organisation_id), claim.account(), share.amount))
    codes = {code for line in lines for code in (line.debit_code, line.credit_code)}
    lock_accounts(*((code, currency) for code in sorted(codes)))
    post(actor, f"claim:{claim.id}:compensation:{scheme.id}", "claim_compensated", lines, now)


def _usage(enrolment: Enrolment, pool: Pool, scheme: Scheme, now: datetime) -> Usage:
    """What earlier loans and claims used of this scheme's limits, and what the pool holds."""
    caps = scheme.terms.caps
    year_cap = caps.borrower_year_counted
    first, last = year_of(now.date())
    paid = (
        select(func.coalesce(func.sum(ClaimShare.__table__.c.amount_minor), 0))
        .join(Claim, Claim.id == ClaimShare.claim_id)
        .join(Enrolment, Enrolment.id == Claim.enrolment_id)
        .where(
            Enrolment.scheme_id == scheme.id, ClaimShare.party == (scheme.terms.pool_party or ""),
            func.date(Claim.decided_at).between(first, last),
        )
    )  # fmt: skip

    def total(*conditions: Any) -> Money:
        return Money(int(session.execute(paid.where(*conditions)).scalar_one()), pool.currency)

    return Usage(
        borrower_year_counted=None if year_cap is None else year_cap - min(year_cap, enrolment.counted),
        borrower_year_compensated=total(Enrolment.borrower_id == enrolment.borrower_id),
        bank_year_compensated=total(Enrolment.bank_id == enrolment.bank_id),
        year_compensated=total(),
        pool_balance=free_balance(pool),
        cover=enrolment.cover,
    )


def year_so_far(pool: Pool, now: datetime, bank_id: UUID | None = None) -> tuple[Money, Money]:
    """A bank's (or the whole pool's) principal loss compensated this year, and the principal financed in it this year."""
    first, last = year_of(now.date())
    mine = [Enrolment.pool_id == pool.id, *([Enrolment.bank_id == bank_id] if bank_id else [])]
    lost = (
        select(func.coalesce(func.sum(Claim.__table__.c.loss_minor), 0))
        .join(Enrolment, Enrolment.id == Claim.enrolment_id)
        .where(
            *mine, Claim.status == ClaimStatus.COMPENSATED, func.date(Claim.decided_at).between(first, last)
        )
    )  # fmt: skip
    financed = select(func.coalesce(func.sum(Enrolment.__table__.c.principal_minor), 0)).where(
        *mine, Enrolment.financed_on.between(first, last)
    )
    figures = (int(session.execute(query).scalar_one()) for query in (lost, financed))
    loss, principal = (Money(figure, pool.currency) for figure in figures)
    return loss, principal


def _trip_breaker(actor: Actor, pool: Pool, enrolment: Enrolment, scheme: Scheme, now: datetime) -> None:
    """Stop the bank, or the whole pool, when this claim brought its loss rate of the year above the scheme's limit."""
    lost, financed = year_so_far(pool, now, enrolment.bank_id)
    if breaks(lost, financed, scheme.terms.bank_year_loss_rate):
        rate = loss_rate(lost, financed)
        suspend_bank(actor, pool, enrolment.bank_id, int(rate * 10_000), now)
    trip_pool(actor, pool, breaks(*year_so_far(pool, now), scheme.terms.pool_year_loss_rate), now)
