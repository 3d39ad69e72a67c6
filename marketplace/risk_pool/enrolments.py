"""Enrolments: one loan taken into a pool under one version of a scheme, from proposal to its end."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, func, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, money_columns, session
from marketplace.core.errors import NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.risk_pool import policy
from marketplace.risk_pool.capacity import Capacity
from marketplace.risk_pool.pools import Pool, free_balance
from marketplace.risk_pool.schemes import Scheme
from marketplace.risk_pool.terms import Terms


class EnrolmentStatus(StrEnum):
    """How far a loan's place in the pool has come."""

    DRAFT = "draft"
    BANK_SUBMITTED = "bank_submitted"
    POOL_REVIEW = "pool_review"
    ENROLLED = "enrolled"
    ACTIVE = "active"
    EXTENDED = "extended"
    ABNORMAL = "abnormal"
    COMPENSATED = "compensated"
    REPAID = "repaid"
    RECOVERED = "recovered"
    WRITTEN_OFF = "written_off"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


E = EnrolmentStatus
ENROLMENT_LIFECYCLE = Lifecycle(
    "enrolment",
    {
        E.DRAFT: {E.BANK_SUBMITTED, E.WITHDRAWN},
        E.BANK_SUBMITTED: {E.POOL_REVIEW, E.WITHDRAWN},
        E.POOL_REVIEW: {E.ENROLLED, E.REJECTED, E.DRAFT},
        E.ENROLLED: {E.ACTIVE, E.WITHDRAWN},
        E.ACTIVE: {E.REPAID, E.EXTENDED, E.ABNORMAL},
        E.EXTENDED: {E.REPAID, E.ABNORMAL},
        E.ABNORMAL: {E.ACTIVE, E.REPAID, E.COMPENSATED},
        E.COMPENSATED: {E.RECOVERED, E.WRITTEN_OFF},
        E.REPAID: set(),
        E.RECOVERED: set(),
        E.WRITTEN_OFF: set(),
        E.REJECTED: set(),
        E.WITHDRAWN: set(),
    },
)
IN_POOL = (E.ENROLLED, E.ACTIVE, E.EXTENDED, E.ABNORMAL)
"""The statuses in which a loan uses the pool's capacity."""
ENDED = (E.REPAID, E.RECOVERED, E.WRITTEN_OFF, E.REJECTED, E.WITHDRAWN)


class CapacityExceeded(Refused):
    """The pool cannot carry another loan of this size."""

    message = _l("The pool can carry %(left)s more; this loan needs %(needed)s.")


class PartiesDisagree(Refused):
    """A party that would share the loss has not agreed."""

    message = _l("%(party)s has not agreed to share the loss of this loan.")


class EnrolmentParty(Model):
    """The organisation that stands for one of the scheme's parties in one enrolment, and its agreement."""

    __tablename__ = "risk_pool_enrolment_parties"
    __table_args__ = (UniqueConstraint("enrolment_id", "party"),)

    enrolment_id: Mapped[UUID] = mapped_column(ForeignKey("risk_pool_enrolments.id"), index=True)
    party: Mapped[str] = mapped_column(String(40))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    agreed_by: Mapped[UUID | None]
    agreed_at: Mapped[datetime | None]


class Enrolment(Model):
    """A loan's place in a pool: the secured principal it counts with and the cover the pool committed."""

    __tablename__ = "risk_pool_enrolments"
    __table_args__ = (
        CheckConstraint("ip_share_bps IS NULL OR ip_share_bps BETWEEN 0 AND 10000", name="ip_share_of_one"),
        CheckConstraint(
            "ip_principal_minor <= principal_minor AND cover_minor <= ip_principal_minor AND "
            "counted_minor <= ip_principal_minor AND cover_minor >= 0 AND counted_minor >= 0",
            name="cover_within_loan",
        ),
        CheckConstraint("decided_by IS NULL OR decided_by <> reviewed_by", name="second_person"),
        Index(
            "uq_risk_pool_enrolments_live_loan",
            "loan_id",
            unique=True,
            postgresql_where=text("status NOT IN ('rejected', 'withdrawn')"),
        ),
    )

    pool_id: Mapped[UUID] = mapped_column(ForeignKey("risk_pools.id"), index=True)
    scheme_id: Mapped[UUID] = mapped_column(ForeignKey("risk_pool_schemes.id"))
    bank_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    borrower_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    loan_id: Mapped[UUID]
    status: Mapped[EnrolmentStatus] = mapped_column(default=EnrolmentStatus.DRAFT)
    principal: Mapped[Money] = money_columns("principal")
    ip_share_bps: Mapped[int | None]
    ip_principal: Mapped[Money] = money_columns("ip_principal")
    counted: Mapped[Money] = money_columns("counted")
    cover: Mapped[Money] = money_columns("cover")
    financed_on: Mapped[date | None]
    submitted_by: Mapped[UUID | None]
    reviewed_by: Mapped[UUID | None]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(String(1000))
    parties: Mapped[list[EnrolmentParty]] = relationship(order_by="EnrolmentParty.party")

    @property
    def ip_share(self) -> Fraction | None:
        """The part of the loan that the pledged rights secure; None when the contract does not state it."""
        return None if self.ip_share_bps is None else Fraction(self.ip_share_bps, 10_000)

    def become(self, status: EnrolmentStatus) -> None:
        """Move along the lifecycle, or refuse."""
        self.status = ENROLMENT_LIFECYCLE.check(self.status, status)

    def organisation_of(self, party: str, terms: Terms) -> UUID | None:
        """The organisation behind a party's name; the pool itself has none here."""
        if party == terms.pool_party:
            return None
        named = {each.party: each.organisation_id for each in self.parties}
        return named.get(party, self.bank_id)

    @property
    def commitment(self) -> str:
        """The ledger reference of the cover held against the pool."""
        return f"enrolment:{self.id}:commitment"


@dataclass(frozen=True)
class EnrolmentMoved(Fact):
    """An enrolment took a step of its lifecycle."""

    enrolment_id: UUID
    loan_id: UUID
    status: str
    reason: str | None = None


def find_enrolment(actor: Actor, enrolment_id: UUID, lock: bool = False) -> tuple[Enrolment, Pool]:
    """An enrolment the actor may see with its pool; anything else does not exist for them."""
    enrolment = find(Enrolment, enrolment_id, lock=lock)
    pool = find(Pool, enrolment.pool_id)
    require(policy.sees(actor, enrolment, pool), NotFound())
    return enrolment, pool


def enrolment_of_loan(loan_id: UUID, lock: bool = False) -> Enrolment | None:
    """The loan's live enrolment, if it has one."""
    query = select(Enrolment).where(Enrolment.loan_id == loan_id, Enrolment.status.not_in([E.REJECTED, E.WITHDRAWN]))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found: Enrolment | None = session.execute(query).scalar_one_or_none()
    return found


def move(actor: Actor, enrolment: Enrolment, status: EnrolmentStatus, now: datetime, reason: str | None = None) -> None:
    """Take one step and say so."""
    before = {"status": enrolment.status.value}
    enrolment.become(status)
    enrolment.reason = reason if reason is not None else enrolment.reason
    session.flush()
    fact = EnrolmentMoved(enrolment.id, enrolment.loan_id, status.value, reason)
    announce(actor, now, fact, before=before, after={"status": status.value})


def capacity_of(pool: Pool) -> Capacity:
    """What the pool can still carry with what it holds."""
    enrolled = session.execute(
        select(func.coalesce(func.sum(Enrolment.__table__.c.ip_principal_minor), 0)).where(
            Enrolment.pool_id == pool.id, Enrolment.status.in_(IN_POOL)
        )
    ).scalar_one()
    return Capacity(
        balance=free_balance(pool), reserved=pool.zero, leverage=pool.leverage,
        enrolled=Money(int(enrolled), pool.currency),
    )  # fmt: skip


def scheme_of(enrolment: Enrolment) -> Scheme:
    """The version of the scheme this loan was enrolled under."""
    return find(Scheme, enrolment.scheme_id)
