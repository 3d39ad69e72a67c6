"""Versions: the terms of a published listing as they stood at each change."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Model, session
from marketplace.listings.terms import SECRET_FIELDS, plain, shown_term

if TYPE_CHECKING:
    from marketplace.listings.listings import Listing


class ListingVersion(Model):
    """The terms of a published listing as they stood; rows are added, never changed."""

    __tablename__ = "listing_versions"
    __table_args__ = (UniqueConstraint("listing_id", "number"),)

    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listings.id"))
    number: Mapped[int]
    terms: Mapped[dict[str, Any]]
    changes: Mapped[dict[str, Any]]
    changed_by: Mapped[UUID | None]
    changed_at: Mapped[datetime]


def version_of(listing: "Listing", changed_by: UUID | None, changes: dict[str, Any], now: datetime) -> ListingVersion:
    """The present terms as a version; secret terms are left out."""
    shown = {name: shown_term(plain(value)) for name, value in listing.terms.items() if name not in SECRET_FIELDS}
    return ListingVersion(
        listing_id=listing.id,
        number=listing.version,
        terms=shown,
        changes=changes,
        changed_by=changed_by,
        changed_at=now,
    )


def versions_of(listing_id: UUID) -> list[ListingVersion]:
    """The published versions of a listing, newest first."""
    query = select(ListingVersion).where(ListingVersion.listing_id == listing_id)
    return list(session.execute(query.order_by(ListingVersion.number.desc())).scalars())
