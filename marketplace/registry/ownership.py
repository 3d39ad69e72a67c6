"""Ownership: who holds which share of an asset, when, and since when we know it.

Shares are whole parts of WHOLE, which divides by every number up to 16 and by 1/1000 of a percent, so
that thirds and sevenths are exact. PostgreSQL checks that the believed shares make one at every instant.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, or_, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.clock import now as present
from marketplace.core.db import Model, ask_all, find, session
from marketplace.core.errors import Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.identity.organisations import find_organisation
from marketplace.registry.assets import Asset, find_asset
from marketplace.registry.consents import refuse_burdened_transfer
from marketplace.registry.names import normal_name

WHOLE = 720_720_000


class ShareNotExact(Refused):
    """A share that cannot be kept without rounding."""

    message = _l("Write the share as a simple fraction or a percentage with at most two decimals.")


class NotTheOwner(Refused):
    """Somebody disposes of a share they do not hold."""

    message = _l("The transferor does not hold that share of this asset.")


class TransferToSelf(Refused):
    """Nobody transfers a share to themselves."""

    message = _l("Transferor and transferee are the same organisation.")


class SharesNotWhole(Refused):
    """Stated shares that do not make one."""

    message = _l("The shares of all owners must add up to exactly 1; they add up to %(total)s.")


class OwnershipShare(Model):
    """A share held over a period, believed over another; believed rows are closed, never changed."""

    __tablename__ = "ownership_shares"
    __table_args__ = (
        CheckConstraint("units > 0 AND units <= 720720000", name="units_within_whole"),
        CheckConstraint("held_to IS NULL OR held_to > held_from", name="held_period"),
        CheckConstraint("known_to IS NULL OR known_to >= known_from", name="known_period"),
        Index("ix_ownership_shares_believed", "asset_id", postgresql_where=text("known_to IS NULL")),
        Index("ix_ownership_shares_organisation", "organisation_id", postgresql_where=text("known_to IS NULL")),
        Index("ix_ownership_shares_name_key", "name_key", postgresql_where=text("known_to IS NULL")),
    )

    asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"), index=True)
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"))
    name: Mapped[str] = mapped_column(String(500))
    name_key: Mapped[str] = mapped_column(String(500))
    units: Mapped[int]
    share_stated: Mapped[bool] = mapped_column(default=True)
    held_from: Mapped[datetime]
    held_to: Mapped[datetime | None]
    known_from: Mapped[datetime]
    known_to: Mapped[datetime | None]
    reference: Mapped[str] = mapped_column(String(300), default="")


@dataclass(frozen=True)
class Owner:
    """One owner of an asset at one instant; the organisation is known once it has claimed its name."""

    organisation_id: UUID | None
    name: str
    share: Fraction
    share_stated: bool = True


@dataclass(frozen=True)
class OwnershipTransferred(Fact):
    """A share of an asset has passed to a new owner."""

    asset_id: UUID
    from_id: UUID
    to_id: UUID
    units: int
    reference: str


@dataclass(frozen=True)
class OwnershipRegistered(Fact):
    """The owners of an asset were entered in the register."""

    asset_id: UUID
    reference: str


def units_of(share: Fraction) -> int:
    """A share as whole parts; a share that would need rounding is refused."""
    units = share * WHOLE
    require(units.denominator == 1 and 0 < units <= WHOLE, ShareNotExact())
    return int(units)


def equal_units(count: int) -> list[int]:
    """WHOLE split into equal parts; the first owner bears the residue no equal split can place."""
    part, residue = divmod(WHOLE, count)
    return [part + residue, *([part] * (count - 1))]


def believed_shares(asset_id: UUID, known_at: datetime | None = None) -> list[OwnershipShare]:
    """Every period of ownership believed now, or at an earlier moment of knowledge."""
    query = select(OwnershipShare).where(OwnershipShare.asset_id == asset_id)
    if known_at is None:
        query = query.where(OwnershipShare.known_to.is_(None))
    else:
        query = query.where(
            OwnershipShare.known_from <= known_at,
            or_(OwnershipShare.known_to.is_(None), OwnershipShare.known_to > known_at),
        )
    return list(session.execute(query.order_by(OwnershipShare.held_from, OwnershipShare.id)).scalars())


_OWNERS = """
SELECT organisation_id, name, units, share_stated FROM ownership_shares
WHERE asset_id = %(asset_id)s AND held_from <= %(at)s AND (held_to IS NULL OR held_to > %(at)s)
"""
_BELIEVED_NOW = "AND known_to IS NULL"
_BELIEVED_THEN = "AND known_from <= %(known_at)s AND (known_to IS NULL OR known_to > %(known_at)s)"
_IN_ORDER = " ORDER BY held_from, id"


def owners_of(asset_id: UUID, as_of: datetime | None = None, known_at: datetime | None = None) -> list[Owner]:
    """The owners at an instant (now by default), by what is or was known."""
    session.flush()
    statement = _OWNERS + (_BELIEVED_NOW if known_at is None else _BELIEVED_THEN) + _IN_ORDER
    rows = ask_all(statement, asset_id=asset_id, at=as_of or present(), known_at=known_at)
    return [
        Owner(organisation_id, name, Fraction(units, WHOLE), stated) for organisation_id, name, units, stated in rows
    ]


def owns(organisation_id: UUID | None, asset_id: UUID) -> bool:
    """Whether the organisation holds any share now."""
    return organisation_id is not None and any(
        owner.organisation_id == organisation_id for owner in owners_of(asset_id)
    )


def owns_all(organisation_id: UUID | None, asset_id: UUID) -> bool:
    """Whether the organisation is the only owner now."""
    owners = owners_of(asset_id)
    return bool(owners) and all(owner.organisation_id == organisation_id for owner in owners)


def assets_of(organisation_id: UUID) -> list[Asset]:
    """Every asset the organisation holds a share of now, newest change first."""
    held = (
        select(OwnershipShare.asset_id)
        .where(
            OwnershipShare.organisation_id == organisation_id,
            OwnershipShare.known_to.is_(None),
            OwnershipShare.held_to.is_(None),
        )
        .distinct()
    )
    return list(session.execute(select(Asset).where(Asset.id.in_(held)).order_by(Asset.changed_at.desc())).scalars())


def register_ownership(
    actor: Actor,
    asset_id: UUID,
    owners: Iterable[tuple[UUID | None, str, Fraction]],
    reference: str,
    now: datetime,
    held_from: datetime | None = None,
) -> None:
    """Enter all owners of an asset from an instant on, closing what was believed of them before."""
    find_asset(asset_id, lock=True)
    stated = [(organisation_id, name, units_of(share)) for organisation_id, name, share in owners]
    total = sum(units for _, _, units in stated)
    require(total == WHOLE, SharesNotWhole(total=Fraction(total, WHOLE)))
    start = held_from or now
    for row in believed_shares(asset_id):
        if row.held_to is None or row.held_to > start:
            _close(row, now)
            if row.held_from < start:
                session.add(_copy(row, now, held_to=start))
    for organisation_id, name, units in stated:
        session.add(_share(asset_id, organisation_id, name, units, start, now, reference))
    session.flush()
    announce(actor, now, OwnershipRegistered(asset_id, reference))


def transfer_ownership(
    actor: Actor, asset_id: UUID, from_id: UUID, to_id: UUID, share: Fraction, reference: str, now: datetime
) -> None:
    """Pass a share from one owner to another from now on; what was held before stays on record."""
    require(from_id != to_id, TransferToSelf())
    refuse_burdened_transfer(find_asset(asset_id, lock=True), now.date())
    units = units_of(share)
    rows = [row for row in believed_shares(asset_id) if row.held_to is None]
    given = [row for row in rows if row.organisation_id == from_id]
    require(sum(row.units for row in given) >= units, NotTheOwner())
    taken = [row for row in rows if row.organisation_id == to_id]
    kept = sum(row.units for row in given) - units
    before = {str(row.organisation_id or row.name): row.units for row in rows}
    for row in (*given, *taken):
        _close(row, now)
        if row.held_from < now:
            session.add(_copy(row, now, held_to=now))
    if kept:
        session.add(_share(asset_id, from_id, given[0].name, kept, now, now, given[0].reference))
    new_owner = find_organisation(to_id)
    gained = units + sum(row.units for row in taken)
    name = new_owner.name_zh or new_owner.name_en or ""
    session.add(_share(asset_id, to_id, name, gained, now, now, reference))
    session.flush()
    announce(actor, now, OwnershipTransferred(asset_id, from_id, to_id, units, reference), before=before)


def link_owner(share_id: UUID, organisation_id: UUID, reference: str, now: datetime) -> None:
    """Say that the office's owner name is this organisation; the earlier belief stays readable."""
    row = find(OwnershipShare, share_id, lock=True)
    _close(row, now)
    linked = _copy(row, now, held_to=row.held_to)
    linked.organisation_id = organisation_id
    linked.reference = reference or row.reference
    session.add(linked)
    session.flush()


def _close(row: OwnershipShare, now: datetime) -> None:
    row.known_to = max(now, row.known_from)


def _copy(row: OwnershipShare, now: datetime, held_to: datetime | None) -> OwnershipShare:
    return OwnershipShare(
        asset_id=row.asset_id,
        organisation_id=row.organisation_id,
        name=row.name,
        name_key=row.name_key,
        units=row.units,
        share_stated=row.share_stated,
        held_from=row.held_from,
        held_to=held_to,
        known_from=now,
        reference=row.reference,
    )


def _share(
    asset_id: UUID,
    organisation_id: UUID | None,
    name: str,
    units: int,
    held_from: datetime,
    now: datetime,
    reference: str,
) -> OwnershipShare:
    return OwnershipShare(
        asset_id=asset_id,
        organisation_id=organisation_id,
        name=name,
        name_key=normal_name(name),
        units=units,
        share_stated=True,
        held_from=held_from,
        known_from=now,
        reference=reference,
    )
