"""Messages in a negotiation, with attachments; contact details are pointed out until a deal is agreed."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Text, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, session
from marketplace.core.errors import Malformed, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.deals import policy
from marketplace.deals.contact_details import names_contact_details
from marketplace.deals.negotiations import Negotiation, NegotiationStatus, find_negotiation
from marketplace.documents.files import find_file, show_file

MOST_ATTACHMENTS = 10


class NegotiationMessage(Model):
    """One message of one side; never changed."""

    __tablename__ = "negotiation_messages"

    negotiation_id: Mapped[UUID] = mapped_column(ForeignKey("negotiations.id"), index=True)
    by_organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    by_person_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    text: Mapped[str] = mapped_column(Text)
    file_ids: Mapped[list[str]]
    names_contact: Mapped[bool]
    sent_at: Mapped[datetime]


@dataclass(frozen=True)
class MessageSent(Fact):
    """One side wrote to the other."""

    negotiation_id: UUID
    message_id: UUID
    to_organisation_id: UUID


def send_message(
    actor: Actor, negotiation_id: UUID, text: str, file_ids: list[UUID], now: datetime
) -> NegotiationMessage:
    """Write to the other side; attachments are shown to it."""
    negotiation = find_negotiation(actor, negotiation_id, lock=True)
    policy.require_trader(actor)
    require(actor.organisation_id in (negotiation.seller_id, negotiation.buyer_id))
    if len(file_ids) > MOST_ATTACHMENTS:
        raise Malformed("file_ids", _l("Attach at most ten files."))
    other = negotiation.other_side(actor.organisation_id)
    for file_id in file_ids:
        find_file(actor, file_id, now)
        show_file(actor, file_id, other, now)
    assert actor.organisation_id is not None
    agreed = negotiation.status is NegotiationStatus.ACCEPTED
    message = NegotiationMessage(
        negotiation_id=negotiation.id, by_organisation_id=actor.organisation_id, by_person_id=actor.person_id,
        text=text, file_ids=[str(file_id) for file_id in file_ids], names_contact=not agreed and names_contact_details(text),
        sent_at=now,
    )  # fmt: skip
    session.add(message)
    session.flush()
    announce(actor, now, MessageSent(negotiation.id, message.id, other))
    return message


def messages_of(negotiation: Negotiation) -> list[NegotiationMessage]:
    """The messages of the talks, oldest first."""
    query = select(NegotiationMessage).where(NegotiationMessage.negotiation_id == negotiation.id)
    return list(session.execute(query.order_by(NegotiationMessage.id)).scalars())
