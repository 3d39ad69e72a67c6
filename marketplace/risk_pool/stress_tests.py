"""What a fall of values and a wave of defaults would cost a pool, and which banks its breaker would stop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from uuid import UUID

from sqlalchemy import select

from marketplace.core.actor import Actor
from marketplace.core.db import find, session
from marketplace.core.errors import NotFound, require
from marketplace.core.money import Money
from marketplace.financing.loans import Loan
from marketplace.financing.monitoring import LEAST_COVERAGE_BPS
from marketplace.financing.portfolio import Position, divide_book, positions_of
from marketplace.financing.stress import WHOLE, Failure, fail_evenly, fail_weakest_first, outcome_of
from marketplace.financing.stressed_books import Asked, StressedBook
from marketplace.risk_pool import policy
from marketplace.risk_pool.capacity import breaks
from marketplace.risk_pool.enrolments import IN_POOL, Enrolment
from marketplace.risk_pool.losses import Loss, Usage, share_loss
from marketplace.risk_pool.pools import Pool, free_balance
from marketplace.risk_pool.schemes import Scheme
from marketplace.risk_pool.terms import SchemeKind, Terms


@dataclass(frozen=True)
class Covered:
    """One enrolled loan as the stress sees it."""

    terms: Terms
    principal: Money
    ip_share: Fraction | None
    cover: Money


@dataclass(frozen=True)
class PoolOutcome:
    """What a shock would take from a pool."""

    compensation: Money
    balance: Money
    missing: Money
    stopped: tuple[UUID, ...]


@dataclass(frozen=True)
class StressedPool:
    """A pool's book with its parts, and the shock in two readings."""

    book: StressedBook
    evenly: PoolOutcome
    weakest_first: PoolOutcome


def stress_pool(actor: Actor, pool_id: UUID, asked: Asked, on: date) -> StressedPool:
    """The book of an own pool under a stated shock."""
    pool = find(Pool, pool_id)
    require(policy.administers(actor, pool), NotFound())
    require(actor.may("pool.review") or actor.may("pool.approve"))
    covered = _covered(pool)
    positions = positions_of(on, Loan.id.in_(list(covered)))
    readings = [fail(positions, asked.shock) for fail in (fail_evenly, fail_weakest_first)]
    outcomes = [outcome_of(one, asked.shock, LEAST_COVERAGE_BPS, pool.currency) for one in readings]
    book = StressedBook(asked.cut, divide_book(positions, asked.cut, pool.currency), *outcomes)
    balance = free_balance(pool)
    return StressedPool(book, *(cost_to_pool(one, covered, balance) for one in readings))


def cost_to_pool(failures: Sequence[Failure], covered: Mapping[UUID, Covered], balance: Money) -> PoolOutcome:
    """The pool's part of every expected loss by the scheme of its loan, against what it holds; pure."""
    paid = 0
    lost: dict[UUID, int] = {}
    carried: dict[UUID, int] = {}
    limits: dict[UUID, Fraction | None] = {}
    for failure in failures:
        one, bank = covered[failure.position.loan_id], failure.position.bank_id
        paid += -(-_pool_part(one, failure.position, failure.loss).amount_minor * failure.chance_bps // WHOLE)
        lost[bank] = lost.get(bank, 0) + failure.expected.amount_minor
        carried[bank] = carried.get(bank, 0) + one.principal.amount_minor
        known = limits.get(bank)
        rate = one.terms.bank_year_loss_rate
        limits[bank] = rate if known is None else min(known, rate or known)
    currency = balance.currency
    stopped = tuple(
        bank for bank in sorted(lost, key=str)
        if breaks(Money(lost[bank], currency), Money(carried[bank], currency), limits[bank])
    )  # fmt: skip
    wanted = Money(paid, currency)
    return PoolOutcome(wanted, balance, max(Money.zero(currency), wanted - balance), stopped)


def _pool_part(one: Covered, position: Position, loss: Money) -> Money:
    """What the pool would pay of one loss, up to the cover it committed."""
    pool_party = one.terms.pool_party
    if pool_party is None or one.terms.kind is SchemeKind.PURCHASE:
        return Money.zero(loss.currency)
    shared = share_loss(
        one.terms, Loss(principal=min(loss, one.principal), loan=one.principal, ip_share=one.ip_share),
        Usage(cover=one.cover),
    )  # fmt: skip
    return shared.parties[pool_party]


def _covered(pool: Pool) -> dict[UUID, Covered]:
    query = (
        select(Enrolment, Scheme)
        .join(Scheme, Scheme.id == Enrolment.scheme_id)
        .where(Enrolment.pool_id == pool.id, Enrolment.status.in_(IN_POOL))
    )
    known: dict[UUID, Terms] = {}
    found = {}
    for enrolment, scheme in session.execute(query):
        terms = known.setdefault(scheme.id, scheme.terms)
        found[enrolment.loan_id] = Covered(terms, enrolment.principal, enrolment.ip_share, enrolment.cover)
    return found
