"""Telling pool, bank, borrower and the sharing parties where an enrolment, a claim or a recovery stands."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from marketplace.core.actor import Actor
from marketplace.core.db import find, session
from marketplace.core.i18n import _l
from marketplace.financing.monitoring import SecurityWeakened
from marketplace.identity.organisations import find_organisation
from marketplace.notices.inbox import tell
from marketplace.notices.wording import say
from marketplace.risk_pool.claims import Claim, ClaimMoved, ClaimStatus
from marketplace.risk_pool.compensation import ClaimCompensated
from marketplace.risk_pool.enrolments import IN_POOL, Enrolment, EnrolmentMoved, EnrolmentStatus, enrolment_of_loan
from marketplace.risk_pool.halts import PoolReopened, PoolWasHalted
from marketplace.risk_pool.pools import Pool, find_pool
from marketplace.risk_pool.recoveries import Recovery, RecoveryShared
from marketplace.risk_pool.standings import BankWasSuspended, SuspensionLifted

say(
    "pool_share_asked",
    subject=_l("%(bank)s asks you to share the loss of a loan to %(borrower)s"),
    text=_l("Agree on the page of the enrolment; without every party's agreement the pool takes no decision."),
)
say(
    "pool_enrolment_handed_in",
    subject=_l("%(bank)s hands in a loan to %(borrower)s of %(amount)s"),
    text=_l("One person reviews the enrolment, another decides."),
)
say(
    "pool_enrolment_returned",
    subject=_l("The pool returns the enrolment of the loan to %(borrower)s"),
    text=_l("Its reason: %(reason)s Hand it in again when it is complete."),
)
say(
    "pool_enrolled",
    subject=_l("The loan to %(borrower)s is enrolled in %(pool)s"),
    text=_l("A loss is shared by the scheme it was enrolled under, up to the cover of %(cover)s."),
)
say(
    "pool_rejected",
    subject=_l("The pool does not enrol the loan to %(borrower)s"),
    text=_l("Its reason: %(reason)s"),
)
say(
    "pool_abnormal",
    subject=_l("The loan to %(borrower)s in %(pool)s has become abnormal"),
    text=_l("It is overdue or classed below pass. The pool expects the bank's report on what is being done."),
)
say(
    "pool_security_weakened",
    subject=_l("The loan to %(borrower)s in %(pool)s: early warning %(score)s of 100"),
    text=_l("The page of the enrolment shows what was found and the value over the debt."),
)
say(
    "pool_claim_filed",
    subject=_l("%(bank)s claims %(amount)s for the loan to %(borrower)s"),
    text=_l("One person reviews the claim, another decides."),
)
say(
    "pool_claim_returned",
    subject=_l("The claim for the loan to %(borrower)s comes back"),
    text=_l("What is missing: %(reason)s"),
)
say(
    "pool_claim_rejected",
    subject=_l("The claim for the loan to %(borrower)s is refused"),
    text=_l("The reason: %(reason)s"),
)
say(
    "pool_claim_recommended",
    subject=_l("The claim of %(amount)s for the loan to %(borrower)s waits for a second person"),
    text=_l("Its reviewer recommends to compensate."),
)
say(
    "pool_compensated",
    subject=_l("The loss of the loan to %(borrower)s is shared: your part is %(amount)s"),
    text=_l("The page of the claim shows what each party bears. The bank goes on recovering."),
)
say(
    "pool_recovered",
    subject=_l("A recovery of the loan to %(borrower)s brings you %(amount)s"),
    text=_l("The page of the claim shows how it was shared."),
)
say(
    "pool_bank_stopped",
    subject=_l("%(pool)s takes no more loans of %(bank)s: its loss rate of the year is %(rate)s%%"),
    text=_l("Enrolments and claims rest until the pool lifts the stop with a reason."),
)
say(
    "pool_bank_back",
    subject=_l("%(pool)s takes loans of %(bank)s again"),
    text=_l("The reason: %(reason)s"),
)
say(
    "pool_halted_decision",
    subject=_l("%(pool)s takes no new loans for now"),
    text=_l("Its reason: %(reason)s Cover that stands is not touched."),
)
say(
    "pool_halted_exhausted",
    subject=_l("%(pool)s takes no new loans: nothing is left in it"),
    text=_l("Two people of the pool let it go on when it has been replenished. Cover that stands is not touched."),
)
say(
    "pool_halted_loss_rate",
    subject=_l("%(pool)s takes no new loans: its loss rate of the year is above its scheme's limit"),
    text=_l("Two people of the pool let it go on with a reason. Cover that stands is not touched."),
)
say(
    "pool_reopened",
    subject=_l("%(pool)s takes new loans again"),
    text=_l("The reason: %(reason)s"),
)
OF_ENROLMENT = {
    EnrolmentStatus.BANK_SUBMITTED: ("pool_enrolment_handed_in", "pool"),
    EnrolmentStatus.ENROLLED: ("pool_enrolled", "bank borrower parties"),
    EnrolmentStatus.REJECTED: ("pool_rejected", "bank parties"),
    EnrolmentStatus.ABNORMAL: ("pool_abnormal", "pool bank parties"),
}
"""Who is told of a step of an enrolment, and in which words."""
OF_CLAIM = {
    ClaimStatus.FILED: ("pool_claim_filed", "pool parties"),
    ClaimStatus.RETURNED: ("pool_claim_returned", "bank"),
    ClaimStatus.RECOMMENDED: ("pool_claim_recommended", "pool"),
    ClaimStatus.REJECTED: ("pool_claim_rejected", "bank parties"),
}


def tell_enrolment(_actor: Actor, fact: EnrolmentMoved, now: datetime) -> None:
    """The side that must act, or that waited, learns of the step."""
    enrolment = find(Enrolment, fact.enrolment_id)
    status = EnrolmentStatus(fact.status)
    kind, receivers = OF_ENROLMENT.get(status, ("", ""))
    if status is EnrolmentStatus.DRAFT:
        kind, receivers = ("pool_enrolment_returned", "bank") if fact.reason else ("pool_share_asked", "parties")
    if kind and fact.reason != "agreed":
        _tell(enrolment, receivers, kind, fact.reason, f"/risk-pool/enrolments/{enrolment.id}", now)


def tell_weakened(_actor: Actor, fact: SecurityWeakened, now: datetime) -> None:
    """The pool learns that a loan it covers, or its security, became weaker."""
    enrolment = enrolment_of_loan(fact.loan_id)
    if enrolment is not None and enrolment.status in IN_POOL:
        pool = find_pool(enrolment.pool_id)
        params = _params(enrolment, None) | {"pool": _named(pool), "score": fact.score}
        link = f"/risk-pool/enrolments/{enrolment.id}"
        tell(pool.administrator_id, "pool_security_weakened", params, link, now)


def tell_claim(_actor: Actor, fact: ClaimMoved, now: datetime) -> None:
    """The side that must act on a claim, or that waited."""
    claim = find(Claim, fact.claim_id)
    kind, receivers = OF_CLAIM.get(ClaimStatus(fact.status), ("", ""))
    if kind:
        enrolment = find(Enrolment, claim.enrolment_id)
        _tell(enrolment, receivers, kind, fact.reason, f"/risk-pool/claims/{claim.id}", now, claim.loss)


def tell_compensated(_actor: Actor, fact: ClaimCompensated, now: datetime) -> None:
    """Everybody who bears a part of the loss is told which."""
    claim = find(Claim, fact.claim_id)
    enrolment = find(Enrolment, claim.enrolment_id)
    for share in claim.shares:
        if share.amount:
            params = _params(enrolment, None) | {"amount": share.amount}
            tell(share.organisation_id, "pool_compensated", params, f"/risk-pool/claims/{claim.id}", now)


def tell_recovered(_actor: Actor, fact: RecoveryShared, now: datetime) -> None:
    """Everybody who gets a part of a recovery is told how much; the bank shared it and knows."""
    recovery = find(Recovery, fact.recovery_id)
    enrolment = find(Enrolment, find(Claim, fact.claim_id).enrolment_id)
    for share in recovery.shares:
        if share.amount and share.organisation_id != enrolment.bank_id:
            params = _params(enrolment, None) | {"amount": share.amount}
            tell(share.organisation_id, "pool_recovered", params, f"/risk-pool/claims/{fact.claim_id}", now)


def tell_halt(_actor: Actor, fact: PoolWasHalted | PoolReopened, now: datetime) -> None:
    """The pool and every bank with loans in it learn that the whole pool stopped, or goes on."""
    pool = find_pool(fact.pool_id)
    kind = f"pool_halted_{fact.cause}" if isinstance(fact, PoolWasHalted) else "pool_reopened"
    banks = session.execute(select(Enrolment.bank_id).where(Enrolment.pool_id == pool.id).distinct()).scalars()
    for receiver in dict.fromkeys([pool.administrator_id, *banks]):
        tell(receiver, kind, {"pool": _named(pool), "reason": _plain(fact.reason)}, "/risk-pool", now)


def tell_standing(_actor: Actor, fact: BankWasSuspended | SuspensionLifted, now: datetime) -> None:
    """Pool and bank learn that the circuit breaker stopped the bank, or that it was let back in."""
    pool = find_pool(fact.pool_id)
    params: dict[str, object] = {"pool": _named(pool), "bank": _name_of(fact.bank_id)}
    if isinstance(fact, BankWasSuspended):
        kind, params["rate"] = "pool_bank_stopped", _plain(f"{fact.loss_rate_bps / 100:.2f}")
    else:
        kind, params["reason"] = "pool_bank_back", _plain(fact.reason)
    for receiver in (pool.administrator_id, fact.bank_id):
        tell(receiver, kind, params, "/risk-pool", now)


def _tell(
    enrolment: Enrolment, receivers: str, kind: str, reason: str | None, link: str, now: datetime, amount: object = None
) -> None:
    pool = find_pool(enrolment.pool_id)
    known = {
        "pool": [pool.administrator_id],
        "bank": [enrolment.bank_id],
        "borrower": [enrolment.borrower_id],
        "parties": [party.organisation_id for party in enrolment.parties],
    }
    params = _params(enrolment, reason) | {"amount": amount or enrolment.ip_principal, "pool": _named(pool)}
    for receiver in dict.fromkeys(one for name in receivers.split() for one in known[name]):
        tell(receiver, kind, params, link, now)


def _params(enrolment: Enrolment, reason: str | None) -> dict[str, object]:
    return {
        "bank": _name_of(enrolment.bank_id),
        "borrower": _name_of(enrolment.borrower_id),
        "cover": enrolment.cover,
        "reason": _plain(reason or "—"),
    }


def _name_of(organisation_id: UUID) -> dict[str, str | None]:
    organisation = find_organisation(organisation_id)
    return {"zh": organisation.name_zh, "en": organisation.name_en}


def _named(pool: Pool) -> dict[str, str]:
    return {"zh": pool.name_zh, "en": pool.name_en}


def _plain(text: str) -> dict[str, str]:
    return {"zh": text, "en": text}
