"""Consents: what holders and co-owners agreed to, and the transfers that lack an agreement."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import Model, find, session
from marketplace.core.errors import Malformed, NotAllowed, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.registry.assets import Asset, find_asset
from marketplace.registry.encumbrances import Encumbrance, EncumbranceKind, open_encumbrances
from marketplace.registry.rules import refuse_by_law

K = EncumbranceKind
CONSENT_ACTS = ("transfer", "licence", "open_licence", "pledge")


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
    withdrawn_at: Mapped[datetime | None]


@dataclass(frozen=True)
class ConsentRecorded(Fact):
    """A holder or co-owner agreed to an act on the asset."""

    asset_id: UUID
    consent_kind: str
    act: str


def has_consent(encumbrance: Encumbrance, act: str) -> bool:
    """Whether the holder of this burden agreed to the act and has not withdrawn."""
    return act in consented_acts([encumbrance.id]).get(encumbrance.id, set())


def consented_acts(encumbrance_ids: list[UUID]) -> dict[UUID, set[str]]:
    """The acts each holder agreed to."""
    rows = session.execute(
        select(Consent.encumbrance_id, Consent.act).where(
            Consent.encumbrance_id.in_(encumbrance_ids), Consent.withdrawn_at.is_(None)
        )
    ).all()
    found: dict[UUID, set[str]] = {}
    for encumbrance_id, act in rows:
        if encumbrance_id is not None:
            found.setdefault(encumbrance_id, set()).add(act)
    return found


def record_consent(actor: Actor, encumbrance_id: UUID, act: str, document_id: UUID | None, now: datetime) -> Consent:
    """The pledgee agrees to a transfer, licence or further pledge of the asset."""
    burden = find(Encumbrance, encumbrance_id, lock=True)
    require(actor == SYSTEM or actor.organisation_id == burden.holder_id, NotAllowed())
    return _add_consent(actor, burden.asset_id, "pledgee", act, document_id, now, encumbrance_id=burden.id)


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
        if burden.kind is K.PRESERVATION:
            raise refuse_by_law("CN-PLG-10" if asset.office == "CN" else "CN-PRS-01", on, conflict=burden.reference)
        if burden.kind is K.PLEDGE and not has_consent(burden, "transfer"):
            raise refuse_by_law("CN-PLG-03" if asset.office == "CN" else "ANY-PLG-01", on, conflict=burden.reference)


def _add_consent(
    actor: Actor,
    asset_id: UUID,
    kind: str,
    act: str,
    document_id: UUID | None,
    now: datetime,
    encumbrance_id: UUID | None = None,
) -> Consent:
    if act not in CONSENT_ACTS:
        raise Malformed("act", _l("Choose what is agreed to: transfer, licence, open licence or pledge."))
    consent = Consent(
        asset_id=asset_id,
        encumbrance_id=encumbrance_id,
        kind=kind,
        act=act,
        organisation_id=actor.organisation_id,
        document_id=document_id,
        given_at=now,
    )
    session.add(consent)
    session.flush()
    announce(actor, now, ConsentRecorded(asset_id, kind, act))
    return consent
