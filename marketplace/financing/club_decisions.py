"""The other banks of a loan lent together answer what their agent is about to do."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from uuid import UUID

from marketplace.core.actor import Actor
from marketplace.core.db import session
from marketplace.core.errors import NotFound, Refused, require
from marketplace.core.events import announce
from marketplace.core.i18n import _l
from marketplace.financing import policy
from marketplace.financing.amendments import AmendmentStatus, open_amendment
from marketplace.financing.club_votes import (
    MAJORITY,
    ClubVote,
    ClubVoted,
    Matter,
    agreed_part,
    votes_in,
    votes_on,
)  # fmt: skip
from marketplace.financing.covenant_tests import waivers_asked
from marketplace.financing.lenders import lenders_of, shares_of, shares_of_bank
from marketplace.financing.loans import RUNNING, Loan, LoanStatus, find_loan, loan_for_party
from marketplace.financing.pledges import PledgeStatus, pledges_of_loan
from marketplace.financing.receivables import ReceivableStatus, receivables_of_loan
from marketplace.identity.sign_in import require_fresh


class AgentDecides(Refused):
    """The agent agrees by acting; a loan of one bank has nobody to ask."""

    message = _l("Only the other banks of a loan lent together vote; the agent agrees by acting.")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A bank's answer to one matter of a loan: the change, the pledge or, for a write-off, the loan itself."""

    matter: Matter
    subject_id: UUID
    agrees: bool
    reason: str = ""


def answer_club(actor: Actor, loan_id: UUID, answer: Answer, now: datetime) -> ClubVote:
    """One of the other banks agrees or disagrees, by somebody who may approve loans."""
    loan = find_loan(loan_id, lock=True)
    require(policy.may_see_loan(actor, loan), NotFound())
    require(actor.organisation_id in lenders_of(loan)[1:], AgentDecides())
    require(actor.may("loan.approve"))
    require_fresh(actor, now)
    require(answer.subject_id in subjects_of(loan, answer.matter), NotFound())
    vote = next((one for one in votes_on(answer.subject_id) if one.bank_id == actor.organisation_id), None) or ClubVote(
        loan_id=loan.id, matter=answer.matter, subject_id=answer.subject_id, bank_id=actor.organisation_id
    )
    vote.agrees, vote.reason = answer.agrees, answer.reason
    vote.voted_by, vote.voted_at = actor.person_id, now
    session.add(vote)
    session.flush()
    announce(actor, now, ClubVoted(loan.id, answer.subject_id, answer.matter.value, answer.agrees))
    return vote


def subjects_of(loan: Loan, matter: Matter) -> list[UUID]:
    """What of this kind is open to be decided on."""
    if matter is Matter.AMENDMENT:
        change = open_amendment(loan.id)
        wanted = change is not None and change.status is AmendmentStatus.PROPOSED and change.kind.needs_borrower
        return [change.id] if change is not None and wanted else []
    if matter is Matter.RELEASE:
        asked = [one for one in pledges_of_loan(loan.id) if one.release_asked_by and loan.outstanding]
        fees = [one for one, _deal in receivables_of_loan(loan.id) if one.release_asked_by and loan.outstanding]
        return [one.id for one in asked if one.status is PledgeStatus.REGISTERED] + [
            one.id for one in fees if one.status is ReceivableStatus.REGISTERED
        ]
    if matter is Matter.WAIVER:
        return waivers_asked(loan.id)
    return [loan.id] if loan.status is LoanStatus.DEFAULTED else []


@dataclass(frozen=True)
class OpenMatter:
    """Something the banks of a loan decide on, with the answers so far and the part of the loan that agrees."""

    matter: Matter
    subject_id: UUID
    votes: list[ClubVote]
    agreed: Fraction

    @property
    def carried(self) -> bool:
        """Whether the agent may act."""
        return self.agreed >= MAJORITY


def open_matters(loan: Loan) -> list[OpenMatter]:
    """What the banks of the loan are asked to decide now."""
    shares, found = shares_of(loan), []
    for matter in Matter if shares else ():
        for subject_id in subjects_of(loan, matter):
            votes = votes_on(subject_id)
            found.append(OpenMatter(matter, subject_id, votes, agreed_part(shares, loan.bank_id, votes)))
    return found


def loans_awaiting(bank_id: UUID) -> list[Loan]:
    """The loans whose agent waits for this bank's answer."""
    found = []
    for loan_id in shares_of_bank(bank_id):
        loan = find_loan(loan_id)
        open_ones = open_matters(loan) if loan.bank_id != bank_id and loan.status in RUNNING else []
        if any(all(vote.bank_id != bank_id for vote in one.votes) for one in open_ones):
            found.append(loan)
    return found


def answers_seen_by(actor: Actor, loan_id: UUID) -> list[ClubVote]:
    """Every answer, for the banks of the loan; the borrower does not look into their counsel."""
    loan = loan_for_party(actor, loan_id)
    require(actor.organisation_id in lenders_of(loan) or policy.oversees(actor), NotFound())
    return votes_in(loan)
