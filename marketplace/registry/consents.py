"""Consents: what pledgees and co-owners agreed to on an asset, until when, and whether they took it back."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, String, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import Model, find, session
from marketplace.core.errors import Malformed, NotAllowed, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.registry.assets import Asset, find_asset
from marketplace.registry.encumbrances import Encumbrance, EncumbranceKind, open_encumbrances
from marketplace.registry.rules import refuse_by_law

CONSENT_ACTS = ("transfer", "licence", "open_licence", "pledge")


class ConsentEnded(Refused):
    """An agreement is taken back once."""

    message = _l("This consent no longer stands.")


class Consent(Model):
    """A holder's or co-owner's recorded agreement to one kind of act on an asset."""

    __tablename__ = "consents"
    __table_args__ = (
        CheckConstraint("kind IN ('pledgee', 'co_owner', 'pre_emption_waiver', 'export_certificate')", name="kind"),
        CheckConstraint("(kind = 'pledgee') = (encumbrance_id IS NOT NULL)", name="pledgee_names_the_pledge"),
    )

    asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"), index=True)
    encumbrance_id: Mapped[UUID | None] = mapped_column(ForeignKey("encumbrances.id"), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    act: Mapped[str] = mapped_column(String(40))
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"))
    document_id: Mapped[UUID | None]
    given_at: Mapped[datetime]
    expires_on: Mapped[date | None] = mapped_column(Date)
    withdrawn_at: Mapped[datetime | None]


@dataclass(frozen=True)
class ConsentRecorded(Fact):
    """A holder or co-owner agreed to an act on the asset."""

    asset_id: UUID
    consent_kind: str
    act: str
    encumbrance_id: UUID | None = None


@dataclass(frozen=True)
class ConsentWithdrawn(Fact):
    """A pledgee took its agreement to an act back."""

    asset_id: UUID
    encumbrance_id: UUID
    act: str


def has_consent(encumbrance: Encumbrance, act: str, on: date) -> bool:
    """Whether the holder of this burden agreed to the act and the agreement still stands that day."""
    return act in consented_acts([encumbrance.id], on).get(encumbrance.id, set())


def consented_acts(encumbrance_ids: list[UUID], on: date) -> dict[UUID, set[str]]:
    """The acts each holder agreed to, as far as the agreement stands that day."""
    rows = session.execute(
        select(Consent.encumbrance_id, Consent.act).where(
            Consent.encumbrance_id.in_(encumbrance_ids),
            Consent.withdrawn_at.is_(None),
            or_(Consent.expires_on.is_(None), Consent.expires_on >= on),
        )
    ).all()
    found: dict[UUID, set[str]] = {}
    for encumbrance_id, act in rows:
        if encumbrance_id is not None:
            found.setdefault(encumbrance_id, set()).add(act)
    return found


def record_consent(
    actor: Actor,
    encumbrance_id: UUID,
    act: str,
    document_id: UUID | None,
    now: datetime,
    expires_on: date | None = None,
) -> Consent:
    """The pledgee agrees to a transfer, licence or further pledge of the asset, for good or until a day."""
    burden = find(Encumbrance, encumbrance_id, lock=True)
    require(actor == SYSTEM or actor.organisation_id == burden.holder_id, NotAllowed())
    given = {"encumbrance_id": burden.id, "expires_on": expires_on}
    return _add_consent(actor, burden.asset_id, "pledgee", act, document_id, now, **given)


def withdraw_consent(actor: Actor, consent_id: UUID, now: datetime) -> Consent:
    """The pledgee takes its agreement back; that it stood until then stays on record."""
    consent = find(Consent, consent_id, lock=True)
    require(actor == SYSTEM or actor.organisation_id == consent.organisation_id, NotAllowed())
    require(consent.withdrawn_at is None and consent.encumbrance_id is not None, ConsentEnded())
    consent.withdrawn_at = now
    session.flush()
    if consent.encumbrance_id is not None:
        announce(actor, now, ConsentWithdrawn(consent.asset_id, consent.encumbrance_id, consent.act))
    return consent


def record_asset_consent(
    actor: Actor, asset_id: UUID, kind: str, act: str, document_id: UUID | None, now: datetime
) -> Consent:
    """A co-owner agrees, a pre-emption holder waives, or an export certificate is shown."""
    find_asset(asset_id, lock=True)
    return _add_consent(actor, asset_id, kind, act, document_id, now)


def co_owner_consents(asset_id: UUID, act: str) -> set[UUID]:
    """The organisations that agreed as co-owners to the act."""
    rows = session.execute(
        select(Consent.organisation_id).where(
            Consent.asset_id == asset_id,
            Consent.kind == "co_owner",
            Consent.act == act,
            Consent.withdrawn_at.is_(None),
        )
    ).scalars()
    return {row for row in rows if row is not None}


def refuse_burdened_transfer(asset: Asset, on: date) -> None:
    """No transfer of a preserved right, none of a pledged one without the pledgee's recorded consent."""
    for burden in open_encumbrances(asset.id, on):
        if burden.kind is EncumbranceKind.PRESERVATION:
            raise refuse_by_law("CN-PLG-10", on, asset.scope, conflict=burden.reference)
        if burden.kind is EncumbranceKind.PLEDGE and not has_consent(burden, "transfer", on):
            raise refuse_by_law("CN-PLG-03", on, asset.scope, conflict=burden.reference)


def _add_consent(
    actor: Actor,
    asset_id: UUID,
    kind: str,
    act: str,
    document_id: UUID | None,
    now: datetime,
    **particulars: Any,
) -> Consent:
    if act not in CONSENT_ACTS:
        raise Malformed("act", _l("Choose what is agreed to: transfer, licence, open licence or pledge."))
    consent = Consent(
        asset_id=asset_id,
        kind=kind,
        act=act,
        organisation_id=actor.organisation_id,
        document_id=document_id,
        given_at=now,
        **particulars,
    )
    session.add(consent)
    session.flush()
    announce(actor, now, ConsentRecorded(asset_id, kind, act, consent.encumbrance_id))
    return consent
