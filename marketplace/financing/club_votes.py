"""What the banks of one loan decide together: changes of its terms, letting security go, giving it up.

The agent acts for all; what takes something from the others needs banks that hold two thirds of what was committed, as
the facility agreement says. The agent agrees by acting.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from uuid import UUID

from sqlalchemy import ForeignKey, String, UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Model, session
from marketplace.core.errors import Refused, require
from marketplace.core.events import Fact
from marketplace.core.i18n import _l
from marketplace.financing.lenders import LoanShare, shares_of
from marketplace.financing.loans import Loan

MAJORITY = Fraction(2, 3)


class ClubDisagrees(Refused):
    """The agent alone may not take something from the other lenders."""

    message = _l("Banks that hold %(agreed)s of this loan agree; two thirds are needed.")


class Matter(StrEnum):
    """What is decided on."""

    AMENDMENT = "amendment"
    RELEASE = "release"
    WRITE_OFF = "write_off"
    WAIVER = "waiver"


class ClubVote(Model):
    """One bank's answer to one act of the agent; a later answer replaces it, and the trail keeps both."""

    __tablename__ = "club_votes"
    __table_args__ = (UniqueConstraint("subject_id", "bank_id"),)

    loan_id: Mapped[UUID] = mapped_column(ForeignKey("loans.id"), index=True)
    matter: Mapped[Matter]
    subject_id: Mapped[UUID]
    bank_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    agrees: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(500), default="")
    voted_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    voted_at: Mapped[datetime]


@dataclass(frozen=True)
class ClubVoted(Fact):
    """A bank of a loan lent together answered an act of the agent."""

    loan_id: UUID
    matter_id: UUID
    matter: str
    agrees: bool


def require_club_agrees(loan: Loan, subject_id: UUID) -> None:
    """Refuse an act of the agent that banks with two thirds of the loan have not agreed to."""
    shares = shares_of(loan)
    if not shares:
        return
    agreed = agreed_part(shares, loan.bank_id, votes_on(subject_id))
    require(agreed >= MAJORITY, ClubDisagrees(agreed=f"{float(agreed):.1%}"))


def agreed_part(shares: Iterable[LoanShare], agent_id: UUID, votes: Iterable[ClubVote]) -> Fraction:
    """The part of the loan, by what was committed, whose banks agree; the agent is one of them."""
    held = {share.bank_id: share.committed.amount_minor for share in shares}
    agreeing = {agent_id, *(vote.bank_id for vote in votes if vote.agrees)}
    return Fraction(sum(minor for bank_id, minor in held.items() if bank_id in agreeing), sum(held.values()))


def votes_on(subject_id: UUID) -> list[ClubVote]:
    """The answers to one matter."""
    query = select(ClubVote).where(ClubVote.subject_id == subject_id).order_by(ClubVote.id)
    return list(session.execute(query).scalars())


def votes_in(loan: Loan) -> list[ClubVote]:
    """Every answer given on the loan, newest first."""
    query = select(ClubVote).where(ClubVote.loan_id == loan.id).order_by(ClubVote.voted_at.desc(), ClubVote.id)
    return list(session.execute(query).scalars())


def forget_votes(subject_id: UUID) -> None:
    """What is asked anew is answered anew; the trail keeps the earlier answers."""
    session.execute(delete(ClubVote).where(ClubVote.subject_id == subject_id))
