"""Schemes: the versions of published terms that a pool has adopted; an adopted version never changes."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, session
from marketplace.core.errors import Malformed, NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l, pick
from marketplace.risk_pool import policy
from marketplace.risk_pool.pools import Pool
from marketplace.risk_pool.share_cases import share
from marketplace.risk_pool.terms import Terms
from marketplace.risk_pool.terms_reading import read_terms


class SchemeAlreadyAdopted(Refused):
    """The pool has this version already; a change is a new version."""

    message = _l("The pool already has version %(version)s of %(scheme)s. Give a changed scheme a new version.")


class Scheme(Model):
    """One version of a scheme as a pool adopted it, with the days on which loans may be enrolled under it."""

    __tablename__ = "risk_pool_schemes"
    __table_args__ = (UniqueConstraint("pool_id", "name", "version", "mode"),)

    pool_id: Mapped[UUID] = mapped_column(ForeignKey("risk_pools.id"))
    name: Mapped[str] = mapped_column(String(80))
    version: Mapped[str] = mapped_column(String(40))
    mode: Mapped[str] = mapped_column(String(40), default="")
    document: Mapped[dict[str, Any]]
    effective_from: Mapped[date]
    effective_to: Mapped[date | None]
    adopted_by: Mapped[UUID | None]

    @property
    def terms(self) -> Terms:
        """The terms as rules."""
        return read_terms(self.document, self.mode)

    @property
    def title(self) -> str:
        """The published name in the page's language."""
        return pick(self.document.get("title")) or self.name

    def in_force(self, on: date) -> bool:
        """Whether loans may be enrolled under it on this day."""
        return self.effective_from <= on and (self.effective_to is None or on <= self.effective_to)


@dataclass(frozen=True)
class SchemeAdopted(Fact):
    """A pool adopted a version of a scheme."""

    scheme_id: UUID
    pool_id: UUID
    name: str
    version: str


def adopt_scheme(
    actor: Actor,
    pool_id: UUID,
    document: dict[str, Any],
    effective: tuple[date, date | None],
    now: datetime,
    mode: str = "",
) -> Scheme:
    """Make a version of a scheme the pool's rule for loans enrolled between these days."""
    pool = find(Pool, pool_id, lock=True)
    require(policy.administers(actor, pool), NotFound())
    require(policy.may_decide(actor, pool))
    terms = read_terms(document, mode)
    terms.known_shares()
    if terms.currency != pool.currency:
        raise Malformed("currency", _l("The pool keeps another currency."))
    if effective[1] is not None and effective[1] < effective[0]:
        raise Malformed("effective_to", _l("The last day lies before the first."))
    if _adopted(pool.id, terms):
        raise SchemeAlreadyAdopted(scheme=terms.name, version=terms.version)
    scheme = Scheme(
        pool_id=pool.id, name=terms.name, version=terms.version, mode=mode, document=document,
        effective_from=effective[0], effective_to=effective[1], adopted_by=actor.person_id,
    )  # fmt: skip
    session.add(scheme)
    session.flush()
    announce(actor, now, SchemeAdopted(scheme.id, pool.id, scheme.name, scheme.version), after=document)
    return scheme


def schemes_of(pool_id: UUID) -> list[Scheme]:
    """Every version the pool has adopted, newest first."""
    query = select(Scheme).where(Scheme.pool_id == pool_id).order_by(Scheme.id.desc())
    return list(session.execute(query).scalars())


def open_schemes(on: date) -> list[Scheme]:
    """Every version under which a loan may be enrolled on this day."""
    query = select(Scheme).where(Scheme.effective_from <= on).order_by(Scheme.id)
    return [scheme for scheme in session.execute(query).scalars() if scheme.in_force(on)]


def _adopted(pool_id: UUID, terms: Terms) -> bool:
    query = select(Scheme.id).where(
        Scheme.pool_id == pool_id, Scheme.name == terms.name, Scheme.version == terms.version, Scheme.mode == terms.mode
    )
    return session.execute(query).first() is not None


__all__ = ["Scheme", "SchemeAdopted", "SchemeAlreadyAdopted", "adopt_scheme", "open_schemes", "schemes_of", "share"]
