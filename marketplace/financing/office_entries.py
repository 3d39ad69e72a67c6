"""What the register did with a pledge after its registration: amended, extended, cancelled, each with its number and day."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Date, ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.clock import market_day
from marketplace.core.db import Model, session
from marketplace.core.errors import Malformed, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.financing.pledges import PledgeStatus, pledge_for_lender


class EntryNotPossible(Refused):
    """The register amends what stands and cancels what was released."""

    message = _l(
        "This entry does not fit the pledge as it stands: what is registered is amended, what is released is cancelled."
    )


class EntryRecorded(Refused):
    """One entry of the register is one entry here."""

    message = _l("The entry %(number)s is recorded already.")


class EntryKind(StrEnum):
    """What the register entered."""

    AMENDMENT = "amendment"
    EXTENSION = "extension"
    CANCELLATION = "cancellation"

    @property
    def label(self) -> str:
        """The kind in the page's language."""
        return str(_KINDS[self])


_KINDS = {
    EntryKind.AMENDMENT: _l("Amendment entered"),
    EntryKind.EXTENSION: _l("Longer term entered"),
    EntryKind.CANCELLATION: _l("Pledge cancelled in the register"),
}
FITS = {
    EntryKind.AMENDMENT: (PledgeStatus.REGISTERED,),
    EntryKind.EXTENSION: (PledgeStatus.REGISTERED,),
    EntryKind.CANCELLATION: (PledgeStatus.RELEASED, PledgeStatus.ENFORCED),
}


class OfficeEntry(Model):
    """One later entry of the register about one pledge; never changed."""

    __tablename__ = "pledge_entries"
    __table_args__ = (UniqueConstraint("pledge_id", "kind", "number"),)

    pledge_id: Mapped[UUID] = mapped_column(ForeignKey("pledges.id"), index=True)
    kind: Mapped[EntryKind]
    number: Mapped[str] = mapped_column(String(80))
    entered_on: Mapped[date] = mapped_column(Date)
    recorded_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))


@dataclass(frozen=True)
class OfficeEntryRecorded(Fact):
    """The bank recorded what the register entered about a pledge."""

    pledge_id: UUID
    kind: str
    number: str


def record_entry(
    actor: Actor, pledge_id: UUID, kind: EntryKind, number: str, entered_on: date, now: datetime
) -> OfficeEntry:
    """Record what the register entered, with its own number and day."""
    pledge = pledge_for_lender(actor, pledge_id)
    require(pledge.status in FITS[kind], EntryNotPossible())
    if pledge.registered_on is None or not pledge.registered_on <= entered_on <= market_day(now):
        raise Malformed("entered_on", _l("The entry lies between the registration and today."))
    known = any(one.kind is kind and one.number == number for one in entries_of(pledge.id))
    require(not known, EntryRecorded(number=number))
    entry = OfficeEntry(
        pledge_id=pledge.id, kind=kind, number=number, entered_on=entered_on, recorded_by=actor.person_id
    )
    session.add(entry)
    session.flush()
    announce(actor, now, OfficeEntryRecorded(pledge.id, kind.value, number))
    return entry


def entries_of(pledge_id: UUID) -> list[OfficeEntry]:
    """The later entries about a pledge, in order."""
    query = select(OfficeEntry).where(OfficeEntry.pledge_id == pledge_id)
    return list(session.execute(query.order_by(OfficeEntry.entered_on, OfficeEntry.id)).scalars())
