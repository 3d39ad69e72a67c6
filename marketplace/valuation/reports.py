"""Indications: what a right may be worth for a purpose on a day, with the range and the reasons.

An indication is never an appraisal. It is kept with the snapshot it came from, so that anybody who may read it can
compute it again to the cent; PostgreSQL refuses to change or delete one.
"""

import math
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.audit.trail import AuditEvent, events_of
from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, money_columns, same_currency, session
from marketplace.core.errors import Malformed, NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.identity.verification import require_approved
from marketplace.registry.assets import Asset, LegalStatus, find_asset
from marketplace.registry.encumbrances import open_encumbrances
from marketplace.valuation import policy
from marketplace.valuation.benchmarks import benchmark_data, factor_data
from marketplace.valuation.estimating import METHOD_VERSION, estimate, hash_of_snapshot, money_in
from marketplace.valuation.freezes import ValuesFrozen, open_freeze
from marketplace.valuation.income import royalty_band
from marketplace.valuation.indicator_tables import entered_table
from marketplace.valuation.indicators import indicator_table
from marketplace.valuation.known_facts import known_facts
from marketplace.valuation.lessons import fields_of, lessons_for, words_of
from marketplace.valuation.pooled_misses import pooled_doubt
from marketplace.valuation.published_offers import outcomes_known_at
from marketplace.valuation.renewal_files import default_model
from marketplace.valuation.sale_chance import sale_chance_data
from marketplace.valuation.sales import Purpose

DEAD = frozenset(
    {LegalStatus.LAPSED, LegalStatus.EXPIRED, LegalStatus.INVALIDATED, LegalStatus.REFUSED, LegalStatus.WITHDRAWN}
)
INPUTS = frozenset(
    {"revenue", "industry", "discount_bps", "economic_life_years", "development_cost", "protection_cost"}
)


class RightNotAlive(Refused):
    """A right that has ended is not indicated a value."""

    message = _l("This right has ended; there is nothing left to value.")


class DateInTheFuture(Refused):
    """A value is asked for a day that has not come."""

    message = _l("A value can be indicated for today or an earlier day only.")


class Indication(Model):
    """One value with its range, the snapshot behind it and its full answer; written once."""

    __tablename__ = "indications"
    __table_args__ = (
        same_currency("low", "middle", "high"),
        CheckConstraint("low_minor >= 0 AND low_minor <= middle_minor AND middle_minor <= high_minor", name="ordered"),
        Index("ix_indications_latest", "asset_id", "created_at"),
    )

    asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"))
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    purpose: Mapped[Purpose]
    low: Mapped[Money] = money_columns("low")
    middle: Mapped[Money] = money_columns("middle")
    high: Mapped[Money] = money_columns("high")
    as_of: Mapped[datetime]
    method: Mapped[str] = mapped_column(String(60))
    model_version: Mapped[str] = mapped_column(String(120))
    inputs_hash: Mapped[str] = mapped_column(String(64))
    snapshot: Mapped[dict[str, Any]]
    answer: Mapped[dict[str, Any]]

    @property
    def reasons(self) -> list[dict[str, Any]]:
        """What moved the value, strongest first; unknown facts are not reasons."""
        moved = [factor for factor in self.answer["factors"] if factor["known"] and abs(factor["effect"] - 1) > 0.005]
        return sorted(moved, key=lambda factor: -abs(math.log(factor["effect"])))

    @property
    def unknowns(self) -> list[str]:
        """The facts nobody knew on that day."""
        return [factor["name"] for factor in self.answer["factors"] if not factor["known"]]


@dataclass(frozen=True)
class ValueIndicated(Fact):
    """A value was indicated for an asset."""

    indication_id: UUID
    asset_id: UUID


def indicate_value(
    actor: Actor,
    asset_id: UUID,
    purpose: str,
    now: datetime,
    inputs: dict[str, Any] | None = None,
    as_of: datetime | None = None,
) -> Indication:
    """Indicate P10, P50 and P90 of what a right may be worth for a purpose, by what was known on the day."""
    require_approved(actor)
    as_of = as_of or now
    require(as_of <= now, DateInTheFuture())
    asset, wanted = find_asset(asset_id), _purpose(purpose)
    frozen = open_freeze(wanted)
    require(frozen is None or as_of < frozen.frozen_at, ValuesFrozen())
    snapshot = snapshot_of(asset, wanted, as_of, _inputs(inputs or {}))
    require(snapshot["facts"]["status"] not in DEAD, RightNotAlive())
    answer = estimate(snapshot)
    indication = Indication(
        asset_id=asset.id,
        organisation_id=actor.organisation_id,
        purpose=wanted,
        low=money_in(answer, "low"),
        middle=money_in(answer, "middle"),
        high=money_in(answer, "high"),
        as_of=as_of,
        method=METHOD_VERSION,
        model_version=snapshot["versions"]["model"],
        inputs_hash=hash_of_snapshot(snapshot),
        snapshot=snapshot,
        answer=answer,
    )
    session.add(indication)
    session.flush()
    announce(
        actor,
        now,
        ValueIndicated(indication.id, asset.id),
        after={"inputs_hash": indication.inputs_hash, "middle": str(indication.middle), "purpose": purpose},
    )
    return indication


def _purpose(purpose: str) -> Purpose:
    try:
        return Purpose(purpose)
    except ValueError:
        raise Malformed("purpose", _l("Choose transfer, licence, pledge or court sale.")) from None


def _inputs(given: dict[str, Any]) -> dict[str, Any]:
    """What the asker stated, as text of exact numbers; empty entries are unknown, not zero."""
    kept = {name: str(value) for name, value in given.items() if value not in (None, "")}
    if unknown := set(kept) - INPUTS:
        raise Malformed(sorted(unknown)[0], _l("This input is not used."))
    if "industry" in kept:
        royalty_band(kept["industry"])
    return kept


def snapshot_of(asset: Asset, purpose: Purpose, as_of: datetime, inputs: dict[str, Any]) -> dict[str, Any]:
    """Everything the estimate may use, as plain JSON: nothing learned after ``as_of``."""
    facts = asdict(known_facts(asset, as_of))
    facts["expires_on"] = asset.expires_on.isoformat() if asset.expires_on else None
    burdens = open_encumbrances(asset.id, as_of.date(), known_at=as_of)
    entered = entered_table(as_of)
    return {
        "asset": {
            "id": str(asset.id),
            "label": asset.label,
            "office": asset.office,
            "kind": asset.kind.value,
            "words": words_of(asset),
            "fields": fields_of(asset),
            "application_date": asset.application_date.isoformat() if asset.application_date else None,
            "grant_date": _granted(asset, as_of),
            "burdens": sorted(burden.kind.value for burden in burdens),
        },
        "purpose": purpose.value,
        "as_of": as_of.isoformat(),
        "facts": facts,
        "sales": lessons_for(asset, purpose, as_of),
        "inputs": inputs,
        "pooled_doubt": pooled_doubt(purpose, as_of),
        "outcomes": outcomes_known_at(asset.office, asset.kind.value, purpose, as_of),
        "versions": {
            "method": METHOD_VERSION,
            "model": f"{default_model().card['model']} {default_model().card['trained_on']['file_sha256'][:12]}",
            "benchmarks": benchmark_data()["version"],
            "factors": factor_data()["version"],
            "sale_chances": sale_chance_data()["version"],
            "indicators": (entered or indicator_table())["version"],
        },
    } | ({"indicator_table": entered} if entered else {})


def _granted(asset: Asset, as_of: datetime) -> str | None:
    known = asset.grant_date is not None and asset.grant_date <= as_of.date()
    return asset.grant_date.isoformat() if known and asset.grant_date else None


def find_indication(actor: Actor, indication_id: UUID) -> Indication:
    """An indication the actor may read; another organisation's does not exist for them."""
    indication = find(Indication, indication_id)
    require(policy.may_read(actor, indication), NotFound())
    return indication


def latest_indication(asset_id: UUID, actor: Actor | None = None, purpose: str | None = None) -> Indication | None:
    """The newest indication of an asset: any, or only what the actor may read."""
    query = select(Indication).where(Indication.asset_id == asset_id)
    if actor is not None:
        own = Indication.organisation_id == actor.organisation_id
        query = query.where(or_(Indication.organisation_id.is_(None), own))
    if purpose is not None:
        query = query.where(Indication.purpose == Purpose(purpose))
    newest = query.order_by(Indication.created_at.desc(), Indication.id.desc()).limit(1)
    found: Indication | None = session.execute(newest).scalar_one_or_none()
    return found


def indications_of(actor: Actor, asset_id: UUID, limit: int = 20) -> list[Indication]:
    """The indications of an asset the actor may read, newest first."""
    own = Indication.organisation_id == actor.organisation_id
    query = (
        select(Indication)
        .where(Indication.asset_id == asset_id, or_(Indication.organisation_id.is_(None), own))
        .order_by(Indication.id.desc())
        .limit(limit)
    )
    return list(session.execute(query).scalars())


def proof_of(actor: Actor, indication: Indication) -> AuditEvent | None:
    """The recorded event that the actor may have a receipt of."""
    mine = indication.organisation_id is not None and indication.organisation_id == actor.organisation_id
    return next(iter(events_of(indication.id)), None) if mine else None


def reproduces(indication: Indication) -> bool:
    """Whether the stored snapshot still gives the stored answer, to the cent."""
    same_inputs = hash_of_snapshot(indication.snapshot) == indication.inputs_hash
    return same_inputs and estimate(indication.snapshot) == indication.answer
