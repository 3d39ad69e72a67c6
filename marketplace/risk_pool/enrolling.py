"""The steps of an enrolment: the bank proposes and hands in, the pool reviews and decides, the loan runs."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import find, session
from marketplace.core.errors import Malformed, NotFound, Refused, require
from marketplace.core.events import announce
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.identity.organisations import Organisation, OrganisationKind, OrganisationStatus, find_organisation
from marketplace.identity.sign_in import require_fresh
from marketplace.identity.verification import require_approved
from marketplace.ledger.entries import Posting, hold, void
from marketplace.risk_pool import policy
from marketplace.risk_pool.enrolments import (
    CapacityExceeded,
    Enrolment,
    EnrolmentMoved,
    EnrolmentParty,
    EnrolmentStatus,
    PartiesDisagree,
    capacity_of,
    enrolment_of_loan,
    find_enrolment,
    move,
    scheme_of,
)
from marketplace.risk_pool.halts import require_open
from marketplace.risk_pool.loans_seen import LoanSeen, loan_seen
from marketplace.risk_pool.losses import Loss, Usage, purchase_limit, share_loss
from marketplace.risk_pool.pools import Pool, year_of
from marketplace.risk_pool.premiums import cancel_premiums, charge_premiums
from marketplace.risk_pool.schemes import Scheme
from marketplace.risk_pool.standings import require_standing
from marketplace.risk_pool.terms import SchemeKind, Terms

E = EnrolmentStatus
STOOD_FOR = {
    "insurer_or_guarantor": ("insurer", "guarantor"),
    "insurer": ("insurer",),
    "guarantor": ("guarantor",),
    "appraiser": ("appraiser",),
}
"""Which kinds of organisation may stand for a party of a scheme."""


class LoanNotEligible(Refused):
    """The loan does not meet a published condition of the scheme."""

    message = _l("The loan does not meet the scheme's published condition “%(condition)s”.")


class EnrolledTooLate(Refused):
    """The loan was already overdue."""

    message = _l("A loan that is already overdue cannot be enrolled.")


class ClubLoanNotTaken(Refused):
    """The published schemes share the loss of one bank."""

    message = _l("A loan of several banks cannot be enrolled: the published schemes share the loss of one bank.")


class AlreadyEnrolled(Refused):
    """The loan has a place in a pool."""

    message = _l("This loan is already enrolled, or its enrolment is under way.")


def propose_enrolment(
    actor: Actor, scheme_id: UUID, loan_id: UUID, parties: Mapping[str, UUID], now: datetime
) -> Enrolment:
    """Draft the enrolment of an own loan under a scheme, naming who stands for each sharing party."""
    loan = loan_seen(loan_id, now.date())
    require(actor.organisation_id == loan.bank_id, NotFound())
    require(policy.may_enrol(actor, loan.bank_id))
    require_approved(actor)
    scheme = find(Scheme, scheme_id)
    _require_taken(scheme.pool_id, loan.bank_id)
    _require_eligible(scheme, loan, now)
    if enrolment_of_loan(loan_id) is not None:
        raise AlreadyEnrolled()
    _require_parties(scheme.terms, parties)
    enrolment = _drafted(scheme, loan)
    enrolment.parties = [EnrolmentParty(party=name, organisation_id=parties[name]) for name in sorted(parties)]
    session.add(enrolment)
    session.flush()
    announce(actor, now, EnrolmentMoved(enrolment.id, loan_id, enrolment.status.value))
    return enrolment


def agree_to_share(actor: Actor, enrolment_id: UUID, now: datetime) -> Enrolment:
    """A guarantor, insurer or appraiser agrees to bear its share of this loan's loss."""
    enrolment, _pool = find_enrolment(actor, enrolment_id, lock=True)
    require(policy.shares(actor))
    for party in enrolment.parties:
        if party.organisation_id == actor.organisation_id and party.agreed_at is None:
            party.agreed_by, party.agreed_at = actor.person_id, now
    session.flush()
    announce(actor, now, EnrolmentMoved(enrolment.id, enrolment.loan_id, enrolment.status.value, "agreed"))
    return enrolment


def _require_taken(pool_id: UUID, bank_id: UUID) -> None:
    """Go on only while the pool takes new loans, and takes them from this bank."""
    require_open(pool_id)
    require_standing(pool_id, bank_id)


def submit_enrolment(actor: Actor, enrolment_id: UUID, now: datetime) -> Enrolment:
    """Hand the enrolment in; the loan is looked at again as it stands now."""
    enrolment, _pool = _own(actor, enrolment_id)
    _require_taken(enrolment.pool_id, enrolment.bank_id)
    _require_eligible(scheme_of(enrolment), loan_seen(enrolment.loan_id, now.date()), now)
    move(actor, enrolment, E.BANK_SUBMITTED, now)
    enrolment.submitted_by = actor.person_id
    return enrolment


def withdraw_enrolment(actor: Actor, enrolment_id: UUID, now: datetime) -> Enrolment:
    """Take an enrolment back before the loan runs; the pool's commitment ends."""
    enrolment, _pool = _own(actor, enrolment_id)
    committed = enrolment.status is E.ENROLLED
    move(actor, enrolment, E.WITHDRAWN, now)
    if committed:
        release_commitment(actor, enrolment, now)
        cancel_premiums(actor, enrolment, now)
    return enrolment


def review_enrolment(actor: Actor, enrolment_id: UUID, now: datetime) -> Enrolment:
    """Take an enrolment up for review: the reviewer may not be the one who decides."""
    enrolment, pool = find_enrolment(actor, enrolment_id, lock=True)
    require(policy.may_review(actor, pool))
    move(actor, enrolment, E.POOL_REVIEW, now)
    enrolment.reviewed_by = actor.person_id
    return enrolment


def return_enrolment(actor: Actor, enrolment_id: UUID, reason: str, now: datetime) -> Enrolment:
    """Give the enrolment back to the bank with what is missing."""
    enrolment, pool = find_enrolment(actor, enrolment_id, lock=True)
    require(policy.may_review(actor, pool))
    move(actor, enrolment, E.DRAFT, now, reason)
    enrolment.reviewed_by = None
    return enrolment


def reject_enrolment(actor: Actor, enrolment_id: UUID, reason: str, now: datetime) -> Enrolment:
    """Refuse the enrolment with a reason, as the second person."""
    enrolment, _pool = _deciding(actor, enrolment_id, now)
    move(actor, enrolment, E.REJECTED, now, reason)
    enrolment.decided_by, enrolment.decided_at = actor.person_id, now
    return enrolment


def enrol(actor: Actor, enrolment_id: UUID, now: datetime) -> Enrolment:
    """Take the loan into the pool: capacity is checked under lock and the cover is held in the ledger."""
    enrolment, pool = _deciding(actor, enrolment_id, now)
    pool = find(Pool, pool.id, lock=True)
    _require_taken(pool.id, enrolment.bank_id)
    if loan_seen(enrolment.loan_id, now.date()).is_overdue:
        raise EnrolledTooLate()
    for party in enrolment.parties:
        if party.agreed_at is None:
            raise PartiesDisagree(party=find_organisation(party.organisation_id).name)
    capacity = capacity_of(pool)
    if not capacity.carries(enrolment.ip_principal):
        raise CapacityExceeded(left=capacity.left, needed=enrolment.ip_principal)
    move(actor, enrolment, E.ENROLLED, now)
    enrolment.decided_by, enrolment.decided_at = actor.person_id, now
    if enrolment.cover:
        lines = [Posting(pool.account("commitments"), pool.account("committed"), enrolment.cover)]
        hold(actor, enrolment.commitment, "pool_commitment", lines, now)
    charge_premiums(actor, enrolment, now)
    activate_enrolment(enrolment.loan_id, now)
    return enrolment


def activate_enrolment(loan_id: UUID, now: datetime) -> None:
    """The enrolled loan was paid out: from here it runs, with its place in the borrower's year."""
    enrolment = enrolment_of_loan(loan_id, lock=True)
    if enrolment is None or enrolment.status is not E.ENROLLED:
        return
    disbursed_on = loan_seen(loan_id, now.date()).disbursed_on
    if disbursed_on is None:
        return
    enrolment.financed_on = disbursed_on
    enrolment.counted = _counted(scheme_of(enrolment).terms, enrolment)
    move(SYSTEM, enrolment, E.ACTIVE, now)


def extend_enrolment(actor: Actor, enrolment_id: UUID, reason: str, now: datetime) -> Enrolment:
    """Keep covering a loan whose term the bank extended."""
    enrolment, _pool = _deciding(actor, enrolment_id, now, may_be_reviewer=True)
    move(actor, enrolment, E.EXTENDED, now, reason)
    return enrolment


def release_commitment(actor: Actor, enrolment: Enrolment, now: datetime) -> None:
    """End the pool's commitment for this loan."""
    if enrolment.cover:
        void(actor, enrolment.commitment, f"{enrolment.commitment}:released", now)


def possible_parties() -> dict[str, list[Organisation]]:
    """The approved organisations that may stand for each party of a scheme."""
    kinds = sorted({kind for stood in STOOD_FOR.values() for kind in stood})
    query = select(Organisation).where(
        Organisation.kind.in_([OrganisationKind(kind) for kind in kinds]),
        Organisation.status == OrganisationStatus.APPROVED,
    )
    found = list(session.execute(query.order_by(Organisation.id).limit(300)).scalars())
    return {name: [each for each in found if each.kind.value in stood] for name, stood in STOOD_FOR.items()}


def _own(actor: Actor, enrolment_id: UUID) -> tuple[Enrolment, Pool]:
    enrolment, pool = find_enrolment(actor, enrolment_id, lock=True)
    require(policy.may_enrol(actor, enrolment.bank_id))
    return enrolment, pool


def _deciding(actor: Actor, enrolment_id: UUID, now: datetime, may_be_reviewer: bool = False) -> tuple[Enrolment, Pool]:
    enrolment, pool = find_enrolment(actor, enrolment_id, lock=True)
    require(policy.may_decide(actor, pool))
    require(may_be_reviewer or actor.person_id != enrolment.reviewed_by, SecondPersonNeeded())
    require_fresh(actor, now)
    return enrolment, pool


def _require_eligible(scheme: Scheme, loan: LoanSeen, now: datetime) -> None:
    """Every published condition that can be read from the loan."""
    terms = scheme.terms
    if loan.is_overdue:
        raise EnrolledTooLate()
    require(not loan.is_club, ClubLoanNotTaken())
    share = loan.ip_share
    for condition, met in (
        ("scheme in force", scheme.in_force(now.date())),
        ("currency", loan.principal.currency == terms.currency),
        ("pledge registered", loan.pledge_registered),
        ("asset kinds", not terms.asset_kinds or loan.asset_kinds <= set(terms.asset_kinds)),
        ("secured part stated", share is not None or not terms.requires_stated_ip_share),
        ("secured part", (share or 0) >= terms.minimum_ip_share),
        ("loan amount", terms.loan_at_most is None or loan.principal <= terms.loan_at_most),
        ("term", terms.term_months_at_most is None or loan.term_months <= terms.term_months_at_most),
    ):
        if not met:
            raise LoanNotEligible(condition=condition)


def _drafted(scheme: Scheme, loan: LoanSeen) -> Enrolment:
    """The enrolment with the cover that a total loss would cost the pool."""
    terms = scheme.terms
    bought = purchase_limit(terms, loan.principal) if terms.kind is SchemeKind.PURCHASE else None
    loss = Loss(principal=loan.principal, loan=loan.principal, ip_share=loan.ip_share, purchase_price=bought)
    shares = share_loss(terms, loss, Usage())
    nothing = Money.zero(loan.principal.currency)
    cover = shares.parties[terms.pool_party] if terms.pool_party else nothing
    return Enrolment(
        pool_id=scheme.pool_id, scheme_id=scheme.id, bank_id=loan.bank_id, borrower_id=loan.borrower_id,
        loan_id=loan.loan_id, status=E.DRAFT, principal=loan.principal,
        ip_share_bps=None if loan.ip_share is None else int(loan.ip_share * 10_000),
        ip_principal=shares.ip_principal, counted=shares.counted, cover=cover,
    )  # fmt: skip


def _require_parties(terms: Terms, parties: Mapping[str, UUID]) -> None:
    """Every sharing party but the pool and the bank is an approved organisation of the right kind."""
    wanted = set(terms.known_shares()) - {terms.pool_party, "bank"}
    for name in sorted(wanted ^ set(parties)):
        raise Malformed(f"parties.{name}", _l("Name exactly the organisations that share under this scheme."))
    for name, organisation_id in parties.items():
        organisation = find_organisation(organisation_id)
        if organisation.kind.value not in STOOD_FOR.get(name, (name,)):
            raise Malformed(f"parties.{name}", _l("This organisation cannot stand for that party."))


def _counted(terms: Terms, enrolment: Enrolment) -> Money:
    """What this loan may count of the borrower's year, in the order of financing."""
    counted = enrolment.counted
    cap = terms.caps.borrower_year_counted
    if cap is None or enrolment.financed_on is None:
        return counted
    first, last = year_of(enrolment.financed_on)
    used = session.execute(
        select(func.coalesce(func.sum(Enrolment.__table__.c.counted_minor), 0)).where(
            Enrolment.pool_id == enrolment.pool_id, Enrolment.borrower_id == enrolment.borrower_id,
            Enrolment.id != enrolment.id, Enrolment.financed_on.between(first, last),
        )
    ).scalar_one()  # fmt: skip
    left = max(Money.zero(cap.currency), cap - Money(int(used), cap.currency))
    return min(counted, left)
