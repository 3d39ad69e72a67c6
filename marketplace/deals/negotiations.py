"""Negotiations: the talks about one listing, with exactly one live offer at a time."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, or_, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, money_columns, session
from marketplace.core.errors import NotFound, Refused, require
from marketplace.core.events import Fact
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.deals import policy


class OfferSuperseded(Refused):
    """Another version is on the table now."""

    message = _l("There is a newer offer (version %(current_version)s). Read it before you decide.")


class NotYourOffer(Refused):
    """Only the side that made the offer may take it back, only the other may decide on it."""

    message = _l("The other side must decide on this offer.")


class NegotiationOver(Refused):
    """Nothing more can be offered here."""

    message = _l("This negotiation is over.")


class NegotiationStatus(StrEnum):
    """How the talks stand."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class OfferStatus(StrEnum):
    """What became of one offer."""

    LIVE = "live"
    SUPERSEDED = "superseded"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


N = NegotiationStatus
F = OfferStatus
NEGOTIATION_LIFECYCLE = Lifecycle(
    "negotiation",
    {
        N.OPEN: {N.ACCEPTED, N.REJECTED, N.WITHDRAWN, N.EXPIRED},
        N.ACCEPTED: set(),
        N.REJECTED: set(),
        N.WITHDRAWN: set(),
        N.EXPIRED: set(),
    },
)
OFFER_LIFECYCLE = Lifecycle(
    "offer",
    {
        F.LIVE: {F.SUPERSEDED, F.ACCEPTED, F.REJECTED, F.WITHDRAWN, F.EXPIRED},
        F.SUPERSEDED: set(),
        F.ACCEPTED: set(),
        F.REJECTED: set(),
        F.WITHDRAWN: set(),
        F.EXPIRED: set(),
    },
)


class Offer(Model):
    """One version of what one side proposes; only its status ever changes."""

    __tablename__ = "offers"
    __table_args__ = (
        UniqueConstraint("negotiation_id", "version"),
        CheckConstraint("price_minor > 0", name="price_above_zero"),
        CheckConstraint("expires_at > made_at", name="stands_for_a_while"),
        Index("uq_offers_one_live", "negotiation_id", unique=True, postgresql_where=text("status = 'live'")),
        Index("ix_offers_expiring", "expires_at", postgresql_where=text("status = 'live'")),
    )

    negotiation_id: Mapped[UUID] = mapped_column(ForeignKey("negotiations.id"))
    version: Mapped[int]
    by_organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    by_person_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    price: Mapped[Money] = money_columns("price")
    terms: Mapped[dict[str, Any]]
    status: Mapped[OfferStatus] = mapped_column(default=OfferStatus.LIVE)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(Text, default="")

    def end(self, status: OfferStatus, now: datetime, reason: str = "") -> None:
        """The offer no longer stands."""
        self.status = OFFER_LIFECYCLE.check(self.status, status)
        self.ended_at, self.reason = now, reason


class Negotiation(Model):
    """The talks of one interested organisation with the holder about one listing."""

    __tablename__ = "negotiations"
    __table_args__ = (
        CheckConstraint("seller_id <> buyer_id", name="two_sides"),
        Index(
            "uq_negotiations_one_open", "listing_id", "buyer_id", unique=True,
            postgresql_where=text("status = 'open'"),
        ),
    )  # fmt: skip

    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listings.id"))
    asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"))
    seller_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    status: Mapped[NegotiationStatus] = mapped_column(default=NegotiationStatus.OPEN)
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str] = mapped_column(String(1000), default="")
    offers: Mapped[list[Offer]] = relationship(order_by=Offer.version, lazy="selectin")

    @property
    def live_offer(self) -> Offer | None:
        """The one offer on the table."""
        return next((offer for offer in self.offers if offer.status is OfferStatus.LIVE), None)

    def require_live(self, version: int | None, now: datetime) -> Offer:
        """The live offer, if it still stands and is the version the actor saw."""
        offer = self.live_offer
        require(self.status is NegotiationStatus.OPEN and offer is not None, NegotiationOver())
        assert offer is not None
        require(version is None or offer.version == version, OfferSuperseded(current_version=offer.version))
        require(now < offer.expires_at, NegotiationOver())
        return offer

    def offer_to_decide(self, organisation_id: UUID | None, version: int, now: datetime) -> Offer:
        """The live offer as the side that did not make it saw it: it may be accepted or rejected."""
        offer = self.require_live(version, now)
        require(offer.by_organisation_id != organisation_id, NotYourOffer())
        return offer

    def offer_to_take_back(self, organisation_id: UUID | None, version: int, now: datetime) -> Offer:
        """The live offer as the side that made it saw it: it may be withdrawn."""
        offer = self.require_live(version, now)
        require(offer.by_organisation_id == organisation_id, NotYourOffer())
        return offer

    def clear_table(self, now: datetime) -> None:
        """The offer on the table gives way to the next one."""
        if self.live_offer is not None:
            self.live_offer.end(OfferStatus.SUPERSEDED, now)

    def put(self, offer: Offer) -> None:
        """Put the next version on the cleared table."""
        offer.version = len(self.offers) + 1
        self.offers.append(offer)

    def end(self, of_offer: OfferStatus, status: NegotiationStatus, now: datetime, reason: str = "") -> None:
        """The offer on the table ends, and nothing more can be offered."""
        if self.live_offer is not None:
            self.live_offer.end(of_offer, now, reason)
        self.status = NEGOTIATION_LIFECYCLE.check(self.status, status)
        self.ended_at, self.end_reason = now, reason

    def other_side(self, organisation_id: UUID | None) -> UUID:
        """Whom one side negotiates with."""
        return self.buyer_id if organisation_id == self.seller_id else self.seller_id


@dataclass(frozen=True)
class OfferMade(Fact):
    """An offer lies on the table."""

    negotiation_id: UUID
    offer_id: UUID
    version: int
    to_organisation_id: UUID


@dataclass(frozen=True)
class OfferAccepted(Fact):
    """The parties agree; a deal is open."""

    deal_id: UUID
    negotiation_id: UUID
    version: int


@dataclass(frozen=True)
class NegotiationEnded(Fact):
    """The talks ended without a deal."""

    negotiation_id: UUID
    status: str
    told_organisation_id: UUID


def find_negotiation(actor: Actor, negotiation_id: UUID, lock: bool = False) -> Negotiation:
    """The talks, for their two sides and the operator; for others they do not exist."""
    negotiation = find(Negotiation, negotiation_id, lock=lock)
    require(policy.may_see_sides(actor, negotiation.seller_id, negotiation.buyer_id), NotFound())
    return negotiation


def negotiations_of(organisation_id: UUID | None) -> list[Negotiation]:
    """The talks of an organisation on either side, newest first."""
    query = select(Negotiation).where(
        or_(Negotiation.seller_id == organisation_id, Negotiation.buyer_id == organisation_id)
    )
    return list(session.execute(query.order_by(Negotiation.id.desc()).limit(200)).scalars())
