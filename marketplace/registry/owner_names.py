"""Owner names that are probably one party: found, put before a person, decided, and never joined silently.

A decision is believed from one moment until another takes its place, so that what the register held for one party on
a past day can be told again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, new_id, session
from marketplace.core.errors import Malformed, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.registry.name_likeness import neighbours
from marketplace.registry.ownership import OwnershipShare

MOST_NAMES = 500_000
MOST_PAIRS = 5_000
"""So many new pairs one search puts before people, the surest first."""
SHORTEST_REASON = 3


class NameVerdict(StrEnum):
    """What a person decided of two names."""

    SAME = "same"
    DIFFERENT = "different"


class OwnerNamePair(Model):
    """Two spellings under which offices list owners, probably of one party."""

    __tablename__ = "owner_name_pairs"
    __table_args__ = (
        CheckConstraint('name_one < name_two COLLATE "C"', name="in_order"),
        CheckConstraint("score BETWEEN 0 AND 100", name="score"),
        Index("uq_owner_name_pairs_names", "name_one", "name_two", unique=True),
        Index("ix_owner_name_pairs_name_two", "name_two"),
    )

    name_one: Mapped[str] = mapped_column(String(500))
    name_two: Mapped[str] = mapped_column(String(500))
    score: Mapped[int]
    reasons: Mapped[list[str]]
    found_at: Mapped[datetime]


class OwnerNameDecision(Model):
    """A person's word on two names, believed over a period; never changed, only followed."""

    __tablename__ = "owner_name_decisions"
    __table_args__ = (
        CheckConstraint("known_to IS NULL OR known_to >= known_from", name="known_period"),
        CheckConstraint("length(reason) >= 3", name="reason_given"),
        Index("uq_owner_name_decisions_believed", "pair_id", unique=True, postgresql_where=text("known_to IS NULL")),
    )

    pair_id: Mapped[UUID] = mapped_column(ForeignKey("owner_name_pairs.id"), index=True)
    verdict: Mapped[NameVerdict]
    reason: Mapped[str] = mapped_column(String(1000))
    decided_by: Mapped[UUID | None]
    known_from: Mapped[datetime]
    known_to: Mapped[datetime | None]


@dataclass(frozen=True)
class OwnerNamesDecided(Fact):
    """Two owner names were held for one party or for two, or the question was opened again."""

    pair_id: UUID
    verdict: str
    reason: str


@dataclass(frozen=True)
class Reviewed:
    """A pair with what is believed of it, and how many rights stand under each name."""

    pair: OwnerNamePair
    decision: OwnerNameDecision | None
    rights_one: int
    rights_two: int


def find_name_pairs(now: datetime) -> int:
    """Compare the owner names of the register and keep each new probable pair; returns how many are new."""
    names = session.execute(
        select(OwnershipShare.name)
        .where(OwnershipShare.known_to.is_(None), OwnershipShare.held_to.is_(None))
        .group_by(OwnershipShare.name)
        .limit(MOST_NAMES)
    ).scalars()
    pairs = sorted(neighbours(names), key=lambda pair: -pair[2].score)
    known = {(one, two) for one, two in session.execute(select(OwnerNamePair.name_one, OwnerNamePair.name_two))}
    rows = [
        {"id": new_id(), "name_one": one, "name_two": two, "score": found.score, "reasons": list(found.reasons),
         "found_at": now}
        for one, two, found in pairs if (one, two) not in known
    ][:MOST_PAIRS]  # fmt: skip
    if not rows:
        return 0
    added = session.execute(insert(OwnerNamePair).on_conflict_do_nothing().returning(OwnerNamePair.id), rows)
    return len(added.all())


def name_pairs(decided: bool = False, limit: int = 50) -> list[Reviewed]:
    """Pairs that wait, the surest first; or those decided, the latest first."""
    believed = OwnerNameDecision.known_to.is_(None)
    query = select(OwnerNamePair, OwnerNameDecision).outerjoin(
        OwnerNameDecision, (OwnerNameDecision.pair_id == OwnerNamePair.id) & believed
    )
    if decided:
        query = query.where(OwnerNameDecision.id.is_not(None)).order_by(OwnerNameDecision.known_from.desc())
    else:
        query = query.where(OwnerNameDecision.id.is_(None)).order_by(OwnerNamePair.score.desc(), OwnerNamePair.id)
    rows = session.execute(query.limit(limit)).all()
    counted = _rights_under({name for pair, _decision in rows for name in (pair.name_one, pair.name_two)})
    return [
        Reviewed(pair, decision, counted.get(pair.name_one, 0), counted.get(pair.name_two, 0))
        for pair, decision in rows
    ]


def waiting_pairs_count() -> int:
    """How many pairs nobody has decided."""
    decided = select(OwnerNameDecision.pair_id).where(OwnerNameDecision.known_to.is_(None))
    query = select(func.count()).select_from(OwnerNamePair).where(OwnerNamePair.id.not_in(decided))
    return int(session.execute(query).scalar_one())


def decide_names(actor: Actor, pair_id: UUID, verdict: NameVerdict | None, reason: str, now: datetime) -> OwnerNamePair:
    """The operator says whether two names are one party, or opens the question again; each time with a reason."""
    require(actor.may("platform.verify"))
    require(len(reason.strip()) >= SHORTEST_REASON, Malformed("reason", _l("Say why, in a few words.")))
    pair = find(OwnerNamePair, pair_id, lock=True)
    believed = session.execute(
        select(OwnerNameDecision).where(OwnerNameDecision.pair_id == pair_id, OwnerNameDecision.known_to.is_(None))
    ).scalar_one_or_none()
    if believed is not None:
        believed.known_to = now
        session.flush()
    if verdict is not None:
        session.add(
            OwnerNameDecision(
                pair_id=pair_id, verdict=verdict, reason=reason.strip(), decided_by=actor.person_id, known_from=now
            )
        )
        session.flush()
    announce(actor, now, OwnerNamesDecided(pair_id, verdict.value if verdict else "open", reason.strip()))
    return pair


_ONE_PARTY = text("""
WITH RECURSIVE pairs AS (
    SELECT pair.name_one, pair.name_two FROM owner_name_pairs AS pair
    JOIN owner_name_decisions AS decision ON decision.pair_id = pair.id AND decision.verdict = 'same'
    WHERE decision.known_from <= coalesce(:known_at, 'infinity'::timestamptz)
      AND coalesce(decision.known_to, 'infinity'::timestamptz) > coalesce(:known_at, now())
), same (name, other) AS (
    SELECT name_one, name_two FROM pairs UNION ALL SELECT name_two, name_one FROM pairs
), party AS (
    SELECT name AS asked, name FROM unnest(CAST(:names AS text[])) AS name
    UNION
    SELECT party.asked, same.other FROM party JOIN same USING (name)
)
SELECT asked, name FROM party WHERE name <> asked ORDER BY asked, name
""")


def other_names_of(names: Iterable[str], known_at: datetime | None = None) -> dict[str, list[str]]:
    """For each name the other names a person has held for the same party, by what is or was believed."""
    found: dict[str, list[str]] = {}
    rows = session.execute(_ONE_PARTY, {"names": sorted(set(names)), "known_at": known_at}).all()
    for asked, name in rows:
        found.setdefault(asked, []).append(name)
    return found


def rights_of_party(pair_id: UUID) -> list[UUID]:
    """Every right that stands under one of two names, or under a name held for the same party as one of them."""
    pair = find(OwnerNamePair, pair_id)
    both = [pair.name_one, pair.name_two]
    names = {*both, *(name for others in other_names_of(both).values() for name in others)}
    held = OwnershipShare.name.in_(names), OwnershipShare.known_to.is_(None), OwnershipShare.held_to.is_(None)
    return list(session.execute(select(OwnershipShare.asset_id).where(*held).distinct()).scalars())


def _rights_under(names: set[str]) -> dict[str, int]:
    query = (
        select(OwnershipShare.name, func.count(OwnershipShare.asset_id.distinct()))
        .where(OwnershipShare.name.in_(names), OwnershipShare.known_to.is_(None), OwnershipShare.held_to.is_(None))
        .group_by(OwnershipShare.name)
    )
    return {name: int(count) for name, count in session.execute(query)}
