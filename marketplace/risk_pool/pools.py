"""Pools: the money a public body sets aside to share the losses of lenders, and what it can carry."""

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from uuid import UUID

from sqlalchemy import CHAR, CheckConstraint, ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, session
from marketplace.core.errors import Malformed, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l, pick
from marketplace.core.money import EXPONENTS, Money
from marketplace.identity.verification import require_approved
from marketplace.ledger.accounts import Side, balance, open_account
from marketplace.risk_pool import policy

CLEARING = "clearing:bank"


class Pool(Model):
    """One risk-compensation pool, run by one administrator in one currency."""

    __tablename__ = "risk_pools"
    __table_args__ = (CheckConstraint("leverage_bps > 0", name="leverage_positive"),)

    administrator_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    name_zh: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    currency: Mapped[str] = mapped_column(CHAR(3))
    leverage_bps: Mapped[int]

    @property
    def name(self) -> str:
        """The name in the page's language."""
        return pick({"zh": self.name_zh, "en": self.name_en})

    @property
    def leverage(self) -> Fraction:
        """How many times its free balance the pool may carry."""
        return Fraction(self.leverage_bps, 10_000)

    def account(self, purpose: str) -> str:
        """The code of one of the pool's ledger accounts: fund, subsidy, commitments, committed, recovery_due."""
        return f"pool:{self.id}:{purpose}"

    @property
    def zero(self) -> Money:
        """Nothing, in the pool's currency."""
        return Money.zero(self.currency)


@dataclass(frozen=True)
class PoolOpened(Fact):
    """An administrator opened a pool."""

    pool_id: UUID


def open_pool(actor: Actor, name: dict[str, str], currency: str, leverage: Fraction, now: datetime) -> Pool:
    """Open a pool with its accounts; its money comes by replenishment."""
    require(policy.may_open_pool(actor))
    require_approved(actor)
    if currency not in EXPONENTS:
        raise Malformed("currency", _l("This currency is not settled here."))
    if not 0 < leverage <= 100:
        raise Malformed("leverage", _l("Enter a multiple between 0 and 100."))
    pool = Pool(
        administrator_id=actor.organisation_id, name_zh=name["zh"], name_en=name["en"], currency=currency,
        leverage_bps=int(leverage * 10_000),
    )  # fmt: skip
    session.add(pool)
    session.flush()
    open_account(pool.account("fund"), currency, Side.CREDIT, 0, pool.administrator_id)
    open_account(pool.account("subsidy"), currency, Side.CREDIT, 0, pool.administrator_id)
    open_account(pool.account("commitments"), currency, Side.DEBIT, None, pool.administrator_id)
    open_account(pool.account("committed"), currency, Side.CREDIT, None, pool.administrator_id)
    open_account(pool.account("recovery_due"), currency, Side.CREDIT, None, pool.administrator_id)
    announce(actor, now, PoolOpened(pool.id))
    return pool


def find_pool(pool_id: UUID) -> Pool:
    """The pool, or 404."""
    return find(Pool, pool_id)


def pools_seen_by(actor: Actor) -> list[Pool]:
    """Every pool: which pools exist and under which rules is public among members."""
    return list(session.execute(select(Pool).order_by(Pool.id)).scalars())


def free_balance(pool: Pool) -> Money:
    """What lies in the pool and is not reserved for a claim under decision."""
    return balance(pool.account("fund"), pool.currency).available


def year_of(day: date) -> tuple[date, date]:
    """The calendar year around a day, for limits that count by the year."""
    return date(day.year, 1, 1), date(day.year, 12, 31)
