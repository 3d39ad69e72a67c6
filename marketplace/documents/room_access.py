"""Who may enter a data room: only those who signed the confidentiality undertaking, until it is taken back."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import Model, find, session
from marketplace.core.errors import NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.documents.contracts_pdf import render_pdf
from marketplace.documents.data_rooms import DataRoom, RoomDocument, RoomLevel, documents_in, own_room, permission_of
from marketplace.documents.files import store_own_pdf
from marketplace.documents.signatures import Envelope, EnvelopeCompleted, EnvelopeStatus, open_envelope
from marketplace.identity.organisations import Organisation, find_organisation
from marketplace.identity.verification import require_approved
from marketplace.notices.inbox import tell
from marketplace.notices.wording import say

FORUM = {"zh": "披露方住所地有管辖权的人民法院", "en": "the competent people's court at the discloser's domicile"}
ROOM_ENTERED = "data_room_entered"
ROOM_CLOSED = "data_room_closed"

say(
    ROOM_ENTERED,
    subject=_l("%(organisation)s may read your data room"),
    text=_l("%(organisation)s signed the confidentiality undertaking for %(title)s. You see every page it reads."),
)
say(
    ROOM_CLOSED,
    subject=_l("A data room is closed to you"),
    text=_l("The owner took back your access to the data room of %(title)s."),
)


class AccessTakenBack(Refused):
    """The owner took the access back."""

    message = _l("The owner took back your access to this data room.")


class OwnRoom(Refused):
    """The owner needs no access."""

    message = _l("This is your own data room.")


class RoomAccess(Model):
    """One organisation's way into one room."""

    __tablename__ = "data_room_accesses"
    __table_args__ = (UniqueConstraint("room_id", "organisation_id"),)

    room_id: Mapped[UUID] = mapped_column(ForeignKey("data_rooms.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    envelope_id: Mapped[UUID] = mapped_column(ForeignKey("envelopes.id"), index=True)
    asked_at: Mapped[datetime]
    admitted_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    def opens(self, now: datetime) -> bool:
        """Whether the room is open to this organisation."""
        current = self.expires_at is None or now < self.expires_at
        return self.admitted_at is not None and self.revoked_at is None and current


@dataclass(frozen=True)
class RoomAccessAsked(Fact):
    """An organisation was given the undertaking to sign."""

    room_id: UUID
    organisation_id: UUID
    envelope_id: UUID


@dataclass(frozen=True)
class RoomAccessGiven(Fact):
    """The undertaking is signed: the room is open to the organisation."""

    room_id: UUID
    organisation_id: UUID


@dataclass(frozen=True)
class RoomAccessChanged(Fact):
    """The owner limited, took back or gave again an organisation's access."""

    room_id: UUID
    organisation_id: UUID


def ask_for_access(actor: Actor, room_id: UUID, now: datetime) -> RoomAccess:
    """Lay out the confidentiality undertaking for signing; an open or signed one is answered again."""
    room = find(DataRoom, room_id, lock=True)
    require(actor.organisation_id is not None and actor.may("deal.trade"))
    require_approved(actor)
    require(actor.organisation_id != room.owner_id, OwnRoom())
    assert actor.organisation_id is not None
    access = access_of(room.id, actor.organisation_id)
    if access is not None:
        require(access.revoked_at is None, AccessTakenBack())
        if access.admitted_at or find(Envelope, access.envelope_id).status is EnvelopeStatus.OPEN:
            return access
    envelope = _undertaking(room, find_organisation(actor.organisation_id), now)
    if access is None:
        access = RoomAccess(room_id=room.id, organisation_id=actor.organisation_id, envelope_id=envelope.id)
        session.add(access)
    access.envelope_id, access.asked_at = envelope.id, now
    session.flush()
    announce(actor, now, RoomAccessAsked(room.id, actor.organisation_id, envelope.id))
    return access


def admit_signatory(actor: Actor, fact: EnvelopeCompleted, now: datetime) -> None:
    """When the completed envelope is an undertaking, its signatory may enter."""
    access = session.execute(select(RoomAccess).where(RoomAccess.envelope_id == fact.envelope_id)).scalar_one_or_none()
    if access is None or access.admitted_at is not None:
        return
    access.admitted_at = now
    room = find(DataRoom, access.room_id)
    announce(actor, now, RoomAccessGiven(room.id, access.organisation_id))
    organisation = find_organisation(access.organisation_id)
    params = {"organisation": _names(organisation), "title": room.title}
    tell(room.owner_id, ROOM_ENTERED, params, f"/data-rooms/{room.id}", now)


def change_access(
    actor: Actor,
    room_id: UUID,
    organisation_id: UUID,
    now: datetime,
    *,
    open_: bool,
    expires_at: datetime | None = None,
) -> RoomAccess:
    """Take an organisation's access back, give it again, or limit it in time; the next request obeys."""
    room = own_room(actor, room_id, lock=True)
    access = access_of(room.id, organisation_id)
    if access is None:
        raise NotFound()
    closed_before = access.revoked_at is not None
    access.revoked_at, access.expires_at = (None, expires_at) if open_ else (now, access.expires_at)
    session.flush()
    announce(actor, now, RoomAccessChanged(room.id, organisation_id))
    if not open_ and not closed_before:
        tell(organisation_id, ROOM_CLOSED, {"title": room.title}, room.link, now)
    return access


def access_of(room_id: UUID, organisation_id: UUID | None) -> RoomAccess | None:
    """One organisation's way into the room, if it asked."""
    found: RoomAccess | None = session.execute(
        select(RoomAccess).where(RoomAccess.room_id == room_id, RoomAccess.organisation_id == organisation_id)
    ).scalar_one_or_none()
    return found


def accesses_to(room_id: UUID) -> list[RoomAccess]:
    """Everybody who asked, oldest first."""
    query = select(RoomAccess).where(RoomAccess.room_id == room_id).order_by(RoomAccess.id)
    return list(session.execute(query).scalars())


def enter_room(actor: Actor, room_id: UUID, now: datetime) -> DataRoom:
    """The room for its owner or an admitted reader; for everybody else there is none."""
    room = find(DataRoom, room_id)
    if actor.organisation_id == room.owner_id:
        return own_room(actor, room_id)
    access = access_of(room.id, actor.organisation_id)
    require(access is not None and access.opens(now) and actor.approved, NotFound())
    return room


def documents_for(actor: Actor, room: DataRoom, now: datetime) -> list[tuple[RoomDocument, RoomLevel]]:
    """What the reader may see in the room, each with its level."""
    seen = [(document, level_for(actor, room, document, now)) for document in documents_in(room.id)]
    return [(document, level) for document, level in seen if level is not RoomLevel.HIDDEN]


def level_for(actor: Actor, room: DataRoom, document: RoomDocument, now: datetime) -> RoomLevel:
    """What the reader may do with the document: the owner anything, others what was decided for them or for all."""
    if actor.organisation_id == room.owner_id:
        return RoomLevel.DOWNLOAD
    assert actor.organisation_id is not None
    own = permission_of(document.id, actor.organisation_id)
    return own.level_at(now) if own else document.level


def _undertaking(room: DataRoom, reader: Organisation, now: datetime) -> Envelope:
    """The bilingual undertaking of one reader, laid out for its signature."""
    owner = find_organisation(room.owner_id)
    terms = {
        "reference": f"NDA-{room.id.hex[:8]}-{reader.id.hex[:8]}".upper(), "issued_on": now.date(), "forum": FORUM,
        "subject": room.title,
        "parties": [_party({"zh": "承诺方（接收方）", "en": "Recipient"}, reader),
                    _party({"zh": "披露方", "en": "Discloser"}, owner)],
    }  # fmt: skip
    content = render_pdf("confidentiality", terms)
    file = store_own_pdf(content, "confidentiality-undertaking.pdf", "undertaking", now, room.owner_id)
    return open_envelope(SYSTEM, file.id, [reader.id], now, link=room.link)


def _party(role: dict[str, str], organisation: Organisation) -> dict[str, object]:
    return {"role": role, "name": _names(organisation), "code": organisation.credit_code}


def _names(organisation: Organisation) -> dict[str, str]:
    return {"zh": organisation.name_zh or organisation.name, "en": organisation.name_en or organisation.name}
