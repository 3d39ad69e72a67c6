"""What each organisation sees of the pools: its enrolments and claims, and a pool's exposure by bank."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select

from marketplace.core.actor import Actor
from marketplace.core.db import session
from marketplace.core.http import cursor_page
from marketplace.core.money import Money
from marketplace.identity.organisations import names_of
from marketplace.risk_pool.claims import Claim, ClaimStatus
from marketplace.risk_pool.enrolments import IN_POOL, Enrolment, EnrolmentParty, EnrolmentStatus
from marketplace.risk_pool.pools import Pool
from marketplace.risk_pool.standings import suspensions_in


@dataclass(frozen=True)
class BankExposure:
    """One bank's place in a pool."""

    bank_id: UUID
    bank: str
    loans: int
    principal: Money
    cover: Money
    suspended: bool


def enrolments_seen_by(actor: Actor, after: str | None, limit: int, status: str | None = None) -> dict[str, Any]:
    """The enrolments the actor may see, in the order of their drafting."""
    query = _visible(actor)
    if status is not None:
        query = query.where(Enrolment.status == EnrolmentStatus(status))
    return cursor_page(query, Enrolment, after, limit)


def claims_seen_by(actor: Actor, after: str | None, limit: int, status: str | None = None) -> dict[str, Any]:
    """The claims for enrolments the actor may see."""
    visible = _visible(actor).with_only_columns(Enrolment.id)
    query = select(Claim).where(Claim.enrolment_id.in_(visible))
    if status is not None:
        query = query.where(Claim.status == ClaimStatus(status))
    return cursor_page(query, Claim, after, limit)


def enrolments_of(claims: list[Claim]) -> dict[UUID, Enrolment]:
    """The enrolments of several claims, by id."""
    wanted = {claim.enrolment_id for claim in claims}
    found = session.execute(select(Enrolment).where(Enrolment.id.in_(wanted))).scalars()
    return {enrolment.id: enrolment for enrolment in found}


def agreements_waiting(actor: Actor) -> list[UUID]:
    """The enrolments whose loss the actor's organisation is asked to share."""
    query = (
        select(EnrolmentParty.enrolment_id)
        .join(Enrolment, Enrolment.id == EnrolmentParty.enrolment_id)
        .where(
            EnrolmentParty.organisation_id == actor.organisation_id,
            EnrolmentParty.agreed_at.is_(None),
            Enrolment.status.in_([EnrolmentStatus.DRAFT, EnrolmentStatus.BANK_SUBMITTED, EnrolmentStatus.POOL_REVIEW]),
        )
        .limit(50)
    )
    return list(session.execute(query).scalars())


def _visible(actor: Actor) -> Select[Any]:
    """The same rule as ``policy.sees``, as a query."""
    query = select(Enrolment)
    if actor.may("audit.read"):
        return query
    mine = actor.organisation_id
    shared = select(EnrolmentParty.enrolment_id).where(EnrolmentParty.organisation_id == mine)
    administered = select(Pool.id).where(Pool.administrator_id == mine)
    return query.where(
        or_(
            Enrolment.bank_id == mine,
            Enrolment.borrower_id == mine,
            Enrolment.pool_id.in_(administered),
            Enrolment.id.in_(shared),
        )
    )


def exposure_by_bank(pool: Pool) -> list[BankExposure]:
    """How much of the pool each bank uses, largest first."""
    columns = Enrolment.__table__.c
    used = func.coalesce(func.sum(columns.ip_principal_minor), 0)
    rows = session.execute(
        select(Enrolment.bank_id, func.count(), used, func.coalesce(func.sum(columns.cover_minor), 0))
        .where(Enrolment.pool_id == pool.id, Enrolment.status.in_(IN_POOL))
        .group_by(Enrolment.bank_id)
        .order_by(used.desc(), Enrolment.bank_id)
    ).all()
    names = names_of(row[0] for row in rows)
    stopped = {suspension.bank_id for suspension in suspensions_in(pool.id)}
    return [
        BankExposure(
            row[0], names.get(row[0], ""), row[1], Money(int(row[2]), pool.currency), Money(int(row[3]), pool.currency),
            row[0] in stopped,
        )
        for row in rows
    ]  # fmt: skip
