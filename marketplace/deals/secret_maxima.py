"""Secret maxima of proxy bidders: read by the database's bidding function and by the bidder alone."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, session
from marketplace.core.money import Money
from marketplace.deals.auctions import Auction


class SecretMaximum(Model):
    """The most one bidder would pay on one lot."""

    __tablename__ = "auction_maxima"
    __table_args__ = (
        UniqueConstraint("auction_id", "organisation_id"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
    )

    auction_id: Mapped[UUID] = mapped_column(ForeignKey("auctions.id"))
    organisation_id: Mapped[UUID]
    amount_minor: Mapped[int]
    set_at: Mapped[datetime]


def own_maximum(actor: Actor | None, auction: Auction) -> Money | None:
    """The reader's own maximum; nobody sees another's, the seller and the operator included."""
    if actor is None or actor.organisation_id is None or not auction.proxy:
        return None
    query = select(SecretMaximum.amount_minor).where(
        SecretMaximum.auction_id == auction.id, SecretMaximum.organisation_id == actor.organisation_id
    )
    minor = session.execute(query).scalar_one_or_none()
    return None if minor is None else Money(minor, auction.start.currency)


def forget_maxima(auction: Auction) -> None:
    """New terms: maxima given under the old ones bind nobody."""
    session.execute(delete(SecretMaximum).where(SecretMaximum.auction_id == auction.id))
