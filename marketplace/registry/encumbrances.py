"""Encumbrances: pledges, preservation orders, licences and disputes that burden an asset.

A row is written once; lifting it or annulling it only adds when and how, so that the burden of any past
day can be told again. PostgreSQL refuses a second live pledge on a Chinese patent, overlapping
preservation orders, and licences that exclude one another.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, or_, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, session
from marketplace.core.errors import Malformed, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.identity.organisations import find_organisation
from marketplace.registry.assets import Asset, AssetKind, find_asset
from marketplace.registry.rules import refuse_by_law


class EncumbranceKind(StrEnum):
    """What burdens an asset."""

    PLEDGE = "pledge"
    PRESERVATION = "preservation"
    EXCLUSIVE_LICENCE = "exclusive_licence"
    SOLE_LICENCE = "sole_licence"
    NON_EXCLUSIVE_LICENCE = "non_exclusive_licence"
    OPEN_LICENCE = "open_licence"
    OWNERSHIP_DISPUTE = "ownership_dispute"
    INVALIDATION_PROCEEDINGS = "invalidation_proceedings"


K = EncumbranceKind
LICENCE_KINDS = frozenset({K.EXCLUSIVE_LICENCE, K.SOLE_LICENCE, K.NON_EXCLUSIVE_LICENCE, K.OPEN_LICENCE})


class AlreadyLifted(Refused):
    """The encumbrance no longer stands."""

    message = _l("This encumbrance has already been lifted.")


class Encumbrance(Model):
    """One burden on one asset, from the day it took effect."""

    __tablename__ = "encumbrances"
    __table_args__ = (
        CheckConstraint("ends_on IS NULL OR ends_on >= begins_on", name="period"),
        CheckConstraint("kind <> 'preservation' OR ends_on IS NOT NULL", name="preservation_ends"),
        CheckConstraint(
            "kind <> 'preservation' OR ends_on <= begins_on + INTERVAL '1 year'", name="preservation_at_most_a_year"
        ),
        CheckConstraint("(kind = 'pledge') = (rank IS NOT NULL)", name="only_pledges_have_a_rank"),
        CheckConstraint("parent_id IS NULL OR kind = 'non_exclusive_licence'", name="sub_licences_are_non_exclusive"),
        Index(
            "uq_encumbrances_one_live_pledge",
            "asset_id",
            unique=True,
            postgresql_where=text("kind = 'pledge' AND single_pledge AND lifted_at IS NULL AND annulled_at IS NULL"),
        ),
        Index(
            "uq_encumbrances_pledge_rank",
            "asset_id",
            "rank",
            unique=True,
            postgresql_where=text("kind = 'pledge' AND lifted_at IS NULL AND annulled_at IS NULL"),
        ),
        Index("ix_encumbrances_holder_id", "holder_id"),
    )

    asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"), index=True)
    kind: Mapped[EncumbranceKind]
    holder_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"))
    holder_name: Mapped[str] = mapped_column(String(500), default="")
    grantor_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"))
    follows_id: Mapped[UUID | None] = mapped_column(ForeignKey("encumbrances.id"))
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("encumbrances.id"), index=True)
    counterpart_id: Mapped[UUID | None] = mapped_column(ForeignKey("encumbrances.id"))
    begins_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date | None] = mapped_column(Date)
    rank: Mapped[int | None]
    single_pledge: Mapped[bool] = mapped_column(default=False)
    territory: Mapped[list[str]] = mapped_column(default=list)
    fields: Mapped[list[str]] = mapped_column(default=list)
    subject_to_earlier: Mapped[bool] = mapped_column(default=False)
    reference: Mapped[str] = mapped_column(String(300), default="")
    terms: Mapped[dict[str, Any]] = mapped_column(default=dict)
    known_from: Mapped[datetime]
    lifted_on: Mapped[date | None] = mapped_column(Date)
    lifted_at: Mapped[datetime | None]
    lift_reference: Mapped[str] = mapped_column(String(300), default="")
    annulled_at: Mapped[datetime | None]

    @property
    def is_licence(self) -> bool:
        """Whether this burden is a licence of any kind."""
        return self.kind in LICENCE_KINDS

    def stands_on(self, on: date, known_at: datetime | None = None) -> bool:
        """Whether the burden rests on the asset that day; a pledge stands until it is lifted."""
        if self.begins_on > on or (self.annulled_at is not None and (known_at is None or self.annulled_at <= known_at)):
            return False
        lift_known = self.lifted_at is not None and (known_at is None or self.lifted_at <= known_at)
        if lift_known and self.lifted_on is not None and self.lifted_on <= on:
            return False
        return self.kind is K.PLEDGE or self.ends_on is None or self.ends_on >= on


@dataclass(frozen=True)
class EncumbranceEntered(Fact):
    """A burden on an asset was entered in the register."""

    encumbrance_id: UUID
    asset_id: UUID
    kind: str


@dataclass(frozen=True)
class EncumbranceLifted(Fact):
    """A burden on an asset was lifted."""

    encumbrance_id: UUID
    asset_id: UUID
    kind: str


@dataclass(frozen=True)
class EncumbranceAnnulled(Fact):
    """An entry made by mistake was struck."""

    encumbrance_id: UUID
    asset_id: UUID
    kind: str
    reason: str


def encumber(
    actor: Actor,
    asset_id: UUID,
    kind: EncumbranceKind | str,
    holder_id: UUID | None,
    begins_on: date,
    ends_on: date | None,
    reference: str,
    now: datetime,
    **details: Any,
) -> Encumbrance:
    """Burden the asset from this day on; a pledge ranks behind those that already stand."""
    asset = find_asset(asset_id, lock=True)
    burden = Encumbrance(
        asset_id=asset_id,
        kind=EncumbranceKind(kind),
        holder_id=holder_id,
        holder_name=details.pop("holder_name", "") or _name_of(holder_id),
        begins_on=begins_on,
        ends_on=ends_on,
        reference=reference,
        known_from=now,
        **details,
    )
    check_period(asset, burden)
    if burden.kind is K.PLEDGE:
        _take_rank(asset, burden)
    if burden.kind is K.PRESERVATION and _of_kind(asset_id, K.PRESERVATION, begins_on):
        raise refuse_by_law("CN-PLG-10", begins_on, asset.scope)
    session.add(burden)
    session.flush()
    announce(actor, now, EncumbranceEntered(burden.id, asset_id, burden.kind.value))
    return burden


def lift_encumbrance(
    actor: Actor, encumbrance_id: UUID, now: datetime, lifted_on: date | None = None, reference: str = ""
) -> Encumbrance:
    """Take a burden off the asset; that it stood until then stays on record."""
    burden = find(Encumbrance, encumbrance_id, lock=True)
    require(burden.lifted_at is None and burden.annulled_at is None, AlreadyLifted())
    for sub_licence in _sub_licences(burden):
        lift_encumbrance(actor, sub_licence.id, now, lifted_on, reference)
    close_encumbrance(burden, lifted_on or now.date(), reference, now)
    if burden.is_licence:
        _release_cells(burden.id, lifted_on or now.date())
    announce(actor, now, EncumbranceLifted(burden.id, burden.asset_id, burden.kind.value))
    return burden


def annul_encumbrance(actor: Actor, encumbrance_id: UUID, reason: str, now: datetime) -> Encumbrance:
    """Strike an entry made by mistake: it never stood, and that it was believed until now stays readable."""
    burden = find(Encumbrance, encumbrance_id, lock=True)
    require(burden.lifted_at is None and burden.annulled_at is None, AlreadyLifted())
    burden.annulled_at, burden.lift_reference = now, reason
    session.flush()
    if burden.is_licence:
        _release_cells(burden.id, burden.begins_on)
    announce(actor, now, EncumbranceAnnulled(burden.id, burden.asset_id, burden.kind.value, reason))
    return burden


def close_encumbrance(burden: Encumbrance, on: date, reference: str, now: datetime) -> None:
    """The entry ends on a day; it keeps saying that it stood until then."""
    burden.lifted_on, burden.lifted_at, burden.lift_reference = on, now, reference
    session.flush()


def _sub_licences(burden: Encumbrance) -> list[Encumbrance]:
    """What was granted under a licence ends with it."""
    query = select(Encumbrance).where(
        Encumbrance.parent_id == burden.id, Encumbrance.lifted_at.is_(None), Encumbrance.annulled_at.is_(None)
    )
    return list(session.execute(query).scalars())


def open_encumbrances(asset_id: UUID, on: date, known_at: datetime | None = None) -> list[Encumbrance]:
    """The burdens that rest on the asset that day, by what is or was known; pledges by rank first."""
    query = select(Encumbrance).where(Encumbrance.asset_id == asset_id, Encumbrance.begins_on <= on)
    if known_at is not None:
        query = query.where(Encumbrance.known_from <= known_at)
    rows = session.execute(query.order_by(Encumbrance.rank, Encumbrance.begins_on, Encumbrance.id)).scalars()
    return [row for row in rows if row.stands_on(on, known_at)]


def live_encumbrances(asset_id: UUID, from_day: date) -> list[Encumbrance]:
    """Every burden that stands on that day or begins after it."""
    rows = session.execute(
        select(Encumbrance)
        .where(
            Encumbrance.asset_id == asset_id,
            Encumbrance.annulled_at.is_(None),
            Encumbrance.lifted_at.is_(None),
            or_(Encumbrance.ends_on.is_(None), Encumbrance.ends_on >= from_day, Encumbrance.kind == K.PLEDGE),
        )
        .order_by(Encumbrance.begins_on, Encumbrance.id)
    ).scalars()
    return list(rows)


def holds_encumbrance(organisation_id: UUID | None, asset_id: UUID) -> bool:
    """Whether the organisation is or was pledgee or licensee of the asset."""
    if organisation_id is None:
        return False
    query = select(Encumbrance.id).where(Encumbrance.asset_id == asset_id, Encumbrance.holder_id == organisation_id)
    return session.execute(query.limit(1)).first() is not None


def check_period(asset: Asset, burden: Encumbrance) -> None:
    """No licence or secured debt outlives the right; a preservation order of a patent ends within six months."""
    ends, last = burden.ends_on, asset.expires_on
    if ends is not None and ends < burden.begins_on:
        raise Malformed("ends_on", _l("The end must not lie before the beginning."))
    lasting = burden.kind is K.PLEDGE or burden.is_licence
    if lasting and ends is not None and last is not None and ends > last and asset.kind is not AssetKind.TRADEMARK:
        rule = "CN-REF-06" if burden.kind is K.PLEDGE else "CN-LIC-01"
        raise refuse_by_law(rule, burden.begins_on, asset.scope, expires_on=str(last))
    if burden.kind is K.PRESERVATION and asset.is_chinese_patent and ends is not None:
        require((ends - burden.begins_on).days <= 184, refuse_by_law("CN-PLG-10", burden.begins_on, asset.scope))


def _take_rank(asset: Asset, burden: Encumbrance) -> None:
    live = [row for row in live_encumbrances(asset.id, burden.begins_on) if row.kind is K.PLEDGE]
    burden.single_pledge = asset.is_chinese_patent
    if burden.single_pledge and live:
        raise refuse_by_law("CN-REF-09", burden.begins_on, asset.scope, conflict=live[0].reference)
    burden.rank = 1 + max((row.rank or 0 for row in live), default=0)


def _release_cells(encumbrance_id: UUID, last_day: date) -> None:
    """A lifted licence keeps nobody out from that day on."""
    given = {"id": encumbrance_id, "day": last_day}
    session.execute(text("DELETE FROM licence_cells WHERE encumbrance_id = :id AND begins_on >= :day"), given)
    session.execute(
        text(
            "UPDATE licence_cells SET ends_on = CAST(:day AS date) - 1 WHERE encumbrance_id = :id "
            "AND (ends_on IS NULL OR ends_on >= :day)"
        ),
        given,
    )


def _of_kind(asset_id: UUID, kind: EncumbranceKind, on: date) -> list[Encumbrance]:
    return [row for row in open_encumbrances(asset_id, on) if row.kind is kind]


def _name_of(organisation_id: UUID | None) -> str:
    if organisation_id is None:
        return ""
    organisation = find_organisation(organisation_id)
    return organisation.name_zh or organisation.name_en or ""
