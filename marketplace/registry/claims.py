"""Organisations claim the names under which offices list them; a doubtful name waits for the operator."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import Model, find, session
from marketplace.core.errors import NotAllowed, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.documents.files import find_file, store_file
from marketplace.identity.organisations import Organisation, find_organisation
from marketplace.identity.verification import require_approved
from marketplace.registry.assets import find_asset
from marketplace.registry.names import normal_name
from marketplace.registry.owner_names import other_names_of
from marketplace.registry.ownership import OwnershipShare, believed_shares, link_owner


class ClaimStatus(StrEnum):
    """How far a claim to an office's owner name has come."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


CLAIM_LIFECYCLE = Lifecycle(
    "ownership claim",
    {ClaimStatus.WAITING: {ClaimStatus.ACCEPTED, ClaimStatus.REJECTED}},
)


class NoOwnerToClaim(Refused):
    """Every share of the asset already belongs to an organisation of the marketplace."""

    message = _l("No share of this asset is open to a claim.")


class AlreadyClaimed(Refused):
    """The organisation has already claimed this share."""

    message = _l("Your organisation has already claimed this asset.")


class OwnershipClaim(Model):
    """An organisation's claim to be the owner an office names; only the operator joins doubtful names."""

    __tablename__ = "ownership_claims"
    __table_args__ = (
        Index(
            "uq_ownership_claims_waiting",
            "share_id",
            "organisation_id",
            unique=True,
            postgresql_where=text("status = 'waiting'"),
        ),
    )

    asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"), index=True)
    share_id: Mapped[UUID] = mapped_column(ForeignKey("ownership_shares.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    status: Mapped[ClaimStatus] = mapped_column(default=ClaimStatus.WAITING, index=True)
    office_name: Mapped[str] = mapped_column(String(500))
    reason: Mapped[str] = mapped_column(String(1000), default="")
    document_id: Mapped[UUID | None]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]


@dataclass(frozen=True)
class OwnershipClaimed(Fact):
    """An organisation says that an office's owner name is its own."""

    asset_id: UUID
    organisation_id: UUID
    status: str


@dataclass(frozen=True)
class OwnershipClaimDecided(Fact):
    """The operator accepted or rejected a claim."""

    claim_id: UUID
    asset_id: UUID
    status: str


def claim_ownership(
    actor: Actor, asset_id: UUID, now: datetime, reason: str = "", document_id: UUID | None = None
) -> OwnershipClaim:
    """Claim an asset: an equal verified name is linked at once, any other waits for the operator."""
    require(actor.may("asset.manage"))
    require_approved(actor)
    organisation = _acting(actor)
    if document_id is not None:
        find_file(actor, document_id, now)
    find_asset(asset_id, lock=True)
    open_shares = [row for row in believed_shares(asset_id) if row.organisation_id is None and row.held_to is None]
    require(bool(open_shares), NoOwnerToClaim())
    names = _names(organisation)
    matching = [row for row in open_shares if row.name_key in names]
    share = (matching or open_shares)[0]
    require(not _is_waiting(share.id, organisation.id), AlreadyClaimed())
    claim = OwnershipClaim(
        asset_id=asset_id,
        share_id=share.id,
        organisation_id=organisation.id,
        status=ClaimStatus.WAITING,
        office_name=share.name,
        reason=reason,
        document_id=document_id,
    )
    session.add(claim)
    session.flush()
    if matching:
        _accept(claim, share, now)
    announce(actor, now, OwnershipClaimed(asset_id, organisation.id, claim.status.value))
    return claim


def claim_with_upload(actor: Actor, asset_id: UUID, reason: str, upload: Any, now: datetime) -> OwnershipClaim:
    """The same from a form, with the proof as an uploaded file where there is one."""
    require_approved(actor)
    if upload is None or not upload.filename:
        return claim_ownership(actor, asset_id, now, reason)
    file = store_file(actor, upload.read(), upload.filename, "ownership_claim", now)
    return claim_ownership(actor, asset_id, now, reason, file.id)


def decide_claim(actor: Actor, claim_id: UUID, accept: bool, now: datetime) -> OwnershipClaim:
    """The operator accepts or rejects a waiting claim."""
    require(actor.may("platform.verify"))
    claim = find(OwnershipClaim, claim_id, lock=True)
    if accept:
        _accept(claim, find(OwnershipShare, claim.share_id, lock=True), now)
    else:
        claim.status = CLAIM_LIFECYCLE.check(claim.status, ClaimStatus.REJECTED)
    claim.decided_by, claim.decided_at = actor.person_id, now
    session.flush()
    announce(actor, now, OwnershipClaimDecided(claim.id, claim.asset_id, claim.status.value))
    return claim


def waiting_claims() -> list[OwnershipClaim]:
    """The operator's queue, oldest first."""
    query = select(OwnershipClaim).where(OwnershipClaim.status == ClaimStatus.WAITING).order_by(OwnershipClaim.id)
    return list(session.execute(query).scalars())


def claim_matching_assets(actor: Actor, now: datetime, limit: int = 500) -> int:
    """Claim every asset whose office owner name equals the organisation's verified name; returns how many."""
    require(actor.may("asset.manage"))
    require_approved(actor)
    query = (
        select(OwnershipShare.asset_id)
        .where(
            OwnershipShare.name_key.in_(_names(_acting(actor))),
            OwnershipShare.organisation_id.is_(None),
            OwnershipShare.known_to.is_(None),
            OwnershipShare.held_to.is_(None),
        )
        .order_by(OwnershipShare.asset_id)
        .limit(limit)
    )
    asset_ids = list(dict.fromkeys(session.execute(query).scalars()))
    for asset_id in asset_ids:
        claim_ownership(actor, asset_id, now)
    return len(asset_ids)


def claim_names_of(organisation_id: UUID, now: datetime) -> int:
    """Link every open share whose office owner name equals the organisation's verified name; returns how many."""
    organisation = find_organisation(organisation_id)
    query = select(OwnershipShare).where(
        OwnershipShare.name_key.in_(_names(organisation)),
        OwnershipShare.organisation_id.is_(None),
        OwnershipShare.known_to.is_(None),
        OwnershipShare.held_to.is_(None),
    )
    shares = list(session.execute(query.limit(20_000)).scalars())
    for share in shares:
        link_owner(share.id, organisation_id, "verified name equals the office's owner name", now)
        announce(SYSTEM, now, OwnershipClaimed(share.asset_id, organisation_id, ClaimStatus.ACCEPTED.value))
    return len(shares)


def _accept(claim: OwnershipClaim, share: OwnershipShare, now: datetime) -> None:
    claim.status = CLAIM_LIFECYCLE.check(claim.status, ClaimStatus.ACCEPTED)
    require(share.known_to is None and share.organisation_id is None, NoOwnerToClaim())
    link_owner(share.id, claim.organisation_id, f"claim {claim.id}", now)


def _acting(actor: Actor) -> Organisation:
    if actor.organisation_id is None:
        raise NotAllowed()
    return find_organisation(actor.organisation_id)


def _names(organisation: Organisation) -> set[str]:
    """The keys of the verified names, and of the spellings a person has held for the same party."""
    verified = [name for name in (organisation.name_zh, organisation.name_en) if name]
    others = [name for names in other_names_of(verified).values() for name in names]
    return {normal_name(name) for name in (*verified, *others)}


def _is_waiting(share_id: UUID, organisation_id: UUID) -> bool:
    query = select(OwnershipClaim.id).where(
        OwnershipClaim.share_id == share_id,
        OwnershipClaim.organisation_id == organisation_id,
        OwnershipClaim.status == ClaimStatus.WAITING,
    )
    return session.execute(query).first() is not None
