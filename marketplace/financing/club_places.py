"""The places of other banks in an offer: who was asked to lend a part, whether the borrower allows it, who has joined.

A bank may lend together with others (银团). The lead bank names each with its part while the offer is prepared; the
borrower allows that this bank reads its application; the bank's own people recommend and join, or decline. The offer
goes out when every place is taken. Source: Measures for the administration of syndicated loans (银团贷款业务管理办法, in
force since 2024-11-01): a lead bank keeps at least 15 % and places at least 30 % of the loan with others.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Model, money_columns, session
from marketplace.core.errors import Refused, require
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money, percentage

LEAST_OF_LEAD_BPS = 1500
MOST_OF_LEAD_BPS = 7000
MOST_PLACES = 9


class ClubIncomplete(Refused):
    """An offer of several banks goes out when all of them have joined."""

    message = _l("Not every bank has joined yet: %(waiting)s of %(places)s places are open.")


class LeadPartOutOfBounds(Refused):
    """The lead bank keeps a fair part and no more."""

    message = _l(
        "The lead bank keeps between 15 and 70 per cent of a loan of several banks: between %(least)s and %(most)s "
        "here, not %(own)s (Measures for syndicated loans, 2024)."
    )


class ClubPlaceStatus(StrEnum):
    """How far one bank's place has come."""

    PROPOSED = "proposed"
    ASKED = "asked"
    RECOMMENDED = "recommended"
    JOINED = "joined"
    NOT_ALLOWED = "not_allowed"
    DECLINED = "declined"
    DROPPED = "dropped"


C = ClubPlaceStatus
CLUB_PLACE_LIFECYCLE = Lifecycle(
    "club_place",
    {
        C.PROPOSED: {C.ASKED, C.NOT_ALLOWED, C.DROPPED},
        C.ASKED: {C.RECOMMENDED, C.JOINED, C.DECLINED, C.DROPPED},
        C.RECOMMENDED: {C.JOINED, C.DECLINED, C.DROPPED},
        C.JOINED: {C.DROPPED},
        C.NOT_ALLOWED: set(),
        C.DECLINED: set(),
        C.DROPPED: set(),
    },
)
FILLED = (C.PROPOSED, C.ASKED, C.RECOMMENDED, C.JOINED)
"""Places that count as a part of the loan."""
BINDING = (C.RECOMMENDED, C.JOINED)
"""Places that count against the bank's own limits."""


class ClubPlace(Model):
    """One other bank's part of one offer."""

    __tablename__ = "club_places"
    __table_args__ = (
        CheckConstraint("part_minor > 0", name="part_positive"),
        CheckConstraint("status <> 'joined' OR joined_at IS NOT NULL", name="joined_when"),
        Index(
            "uq_club_places_one_a_bank",
            "term_sheet_id",
            "bank_id",
            unique=True,
            postgresql_where=text("status IN ('proposed', 'asked', 'recommended', 'joined')"),
        ),
    )

    term_sheet_id: Mapped[UUID] = mapped_column(ForeignKey("term_sheets.id"), index=True)
    bank_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    status: Mapped[ClubPlaceStatus] = mapped_column(default=ClubPlaceStatus.PROPOSED)
    was_asked: Mapped[bool] = mapped_column(default=False)
    part: Mapped[Money] = money_columns("part")
    proposed_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    recommended_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    joined_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    joined_at: Mapped[datetime | None]
    file_seen: Mapped[dict[str, Any]] = mapped_column(default=dict)
    note: Mapped[str] = mapped_column(String(2000), default="")
    reason: Mapped[str | None] = mapped_column(String(500))

    @property
    def is_filled(self) -> bool:
        """Whether the place counts as a part of the loan."""
        return self.status in FILLED

    def become(self, status: ClubPlaceStatus) -> None:
        """Move to the next status of the table."""
        self.status = CLUB_PLACE_LIFECYCLE.check(self.status, status)
        self.was_asked = self.was_asked or status is ClubPlaceStatus.ASKED


def places_of(term_sheet_id: UUID) -> list[ClubPlace]:
    """Every place of the offer, in the order they were proposed."""
    query = select(ClubPlace).where(ClubPlace.term_sheet_id == term_sheet_id).order_by(ClubPlace.id)
    return list(session.execute(query).scalars())


def filled_places(term_sheet_id: UUID) -> list[ClubPlace]:
    """The places that count as parts of the loan."""
    return [place for place in places_of(term_sheet_id) if place.is_filled]


def require_complete(amount: Money, own: Money, places: Sequence[ClubPlace]) -> None:
    """Refuse an offer of several banks while a place is open, or when the lead's part is out of bounds."""
    if not places:
        return
    waiting = sum(place.status is not ClubPlaceStatus.JOINED for place in places)
    require(not waiting, ClubIncomplete(waiting=waiting, places=len(places)))
    least, most = percentage(amount, LEAST_OF_LEAD_BPS), percentage(amount, MOST_OF_LEAD_BPS)
    require(least <= own <= most, LeadPartOutOfBounds(least=least, most=most, own=own))
