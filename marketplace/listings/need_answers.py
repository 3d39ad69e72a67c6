"""Answers to needs: a holder shows a listing, the buyer picks one or goes on to talk."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, session
from marketplace.core.errors import NotAllowed, NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.identity.verification import require_approved
from marketplace.listings import policy
from marketplace.listings.listings import Listing, find_listing
from marketplace.listings.needs import Need, NeedEnded, NeedOver, NeedStatus, end_need, find_need, own_need
from marketplace.listings.wording import NEED_ANSWERED, NEED_ENDED
from marketplace.notices.inbox import tell


class OwnNeed(NotAllowed):
    """Nobody answers what they seek themselves."""

    message = _l("This is your own need.")


class AnsweredAlready(Refused):
    """One listing answers a need once."""

    message = _l("This listing already answers the need.")


class ListingHidden(Refused):
    """An answer shows a listing that everybody may see."""

    message = _l("Publish the listing first; the buyer must be able to see it.")


class NeedAnswer(Model):
    """One listing shown to the buyer by its holder."""

    __tablename__ = "need_answers"
    __table_args__ = (UniqueConstraint("need_id", "listing_id"),)

    need_id: Mapped[UUID] = mapped_column(ForeignKey("needs.id"), index=True)
    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listings.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    text: Mapped[str] = mapped_column(Text)
    answered_at: Mapped[datetime]
    chosen_at: Mapped[datetime | None]


@dataclass(frozen=True)
class NeedAnswered(Fact):
    """A holder showed the buyer a listing."""

    need_id: UUID
    answer_id: UUID
    listing_id: UUID


def answer_need(actor: Actor, need_id: UUID, listing_id: UUID, text: str, now: datetime) -> NeedAnswer:
    """Show the buyer an own published listing; the buyer alone sees the words beside it."""
    need = find_need(need_id, lock=True)
    require(actor.may("asset.manage"))
    require_approved(actor)
    require(not need.is_of(actor), OwnNeed())
    require(need.takes_answers(now), NeedOver(status=need.status.value))
    listing = find_listing(listing_id)
    require(policy.is_own(actor, listing), NotFound())
    require(listing.is_visible, ListingHidden())
    require(not _answered(need.id, listing.id), AnsweredAlready())
    answer = NeedAnswer(
        need_id=need.id, listing_id=listing.id, organisation_id=listing.organisation_id, text=text, answered_at=now
    )
    session.add(answer)
    session.flush()
    announce(actor, now, NeedAnswered(need.id, answer.id, listing.id))
    return answer


def _answered(need_id: UUID, listing_id: UUID) -> bool:
    query = select(NeedAnswer.id).where(NeedAnswer.need_id == need_id, NeedAnswer.listing_id == listing_id)
    return session.execute(query).first() is not None


def answers_seen_by(actor: Actor | None, need: Need) -> list[tuple[NeedAnswer, Listing]]:
    """Every answer for the buyer, one's own for a holder, none for anybody else; oldest first."""
    if actor is None or actor.organisation_id is None:
        return []
    query = select(NeedAnswer, Listing).join(Listing, Listing.id == NeedAnswer.listing_id)
    query = query.where(NeedAnswer.need_id == need.id)
    if not need.is_of(actor):
        query = query.where(NeedAnswer.organisation_id == actor.organisation_id)
    return [(answer, listing) for answer, listing in session.execute(query.order_by(NeedAnswer.id))]


def choose_answer(actor: Actor, need_id: UUID, answer_id: UUID, now: datetime) -> Need:
    """The buyer found what it sought: the need is met and the talks go on at the listing."""
    need = own_need(actor, need_id)
    answer = find(NeedAnswer, answer_id)
    require(answer.need_id == need.id, NotFound())
    end_need(actor, need, NeedStatus.MET, "", now)
    answer.chosen_at = now
    session.flush()
    return need


def tell_buyer(_actor: Actor, fact: NeedAnswered, now: datetime) -> None:
    """The buyer hears of every answer."""
    need = find_need(fact.need_id)
    tell(need.organisation_id, NEED_ANSWERED, {"title": need.title}, f"/needs/{need.id}", now)


def tell_answerers(_actor: Actor, fact: NeedEnded, now: datetime) -> None:
    """Everybody who answered hears once how the need ended."""
    need = find_need(fact.need_id)
    query = select(NeedAnswer.organisation_id).where(NeedAnswer.need_id == need.id).distinct()
    for organisation_id in session.execute(query).scalars():
        tell(organisation_id, NEED_ENDED, {"title": need.title}, f"/needs/{need.id}", now)
