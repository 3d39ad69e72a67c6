"""Holders who asked for it are told of needs their assets answer: once a need, by day."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ForeignKey, UniqueConstraint, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, new_id, session
from marketplace.core.errors import require
from marketplace.listings.need_matches import Found, matched_among
from marketplace.listings.needs import Need, open_needs
from marketplace.listings.wording import NEED_MATCHES
from marketplace.notices.inbox import tell
from marketplace.registry.ownership import assets_of

DAY_BEGINS, DAY_ENDS = 8, 21
"""Told between these hours in Beijing; what is found at night waits for the morning."""
BEIJING = ZoneInfo("Asia/Shanghai")


class NeedAlert(Model):
    """An organisation that wants to hear of needs its assets answer."""

    __tablename__ = "need_alerts"

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), unique=True)


class NeedTold(Model):
    """A need an organisation has been told of."""

    __tablename__ = "needs_told"
    __table_args__ = (UniqueConstraint("need_id", "organisation_id"),)

    need_id: Mapped[UUID] = mapped_column(ForeignKey("needs.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))


def wants_alerts(actor: Actor | None) -> bool:
    """Whether the actor's organisation is told."""
    if actor is None or actor.organisation_id is None:
        return False
    query = select(NeedAlert.id).where(NeedAlert.organisation_id == actor.organisation_id)
    return session.execute(query).first() is not None


def ask_for_alerts(actor: Actor) -> None:
    """Be told of needs one's assets answer; twice is once."""
    require(actor.may("asset.manage") and actor.organisation_id is not None)
    row = {"id": new_id(), "organisation_id": actor.organisation_id}
    session.execute(insert(NeedAlert).values(row).on_conflict_do_nothing())


def stop_alerts(actor: Actor) -> None:
    """Hear no more of needs."""
    require(actor.may("asset.manage") and actor.organisation_id is not None)
    session.execute(delete(NeedAlert).where(NeedAlert.organisation_id == actor.organisation_id))


def tell_holders(now: datetime) -> int:
    """Tell the holders who asked for it of needs they were not told of; returns how many notices were decided."""
    if not DAY_BEGINS <= now.astimezone(BEIJING).hour < DAY_ENDS:
        return 0
    wanting = set(session.execute(select(NeedAlert.organisation_id)).scalars())
    held = [asset.id for organisation_id in wanting for asset in assets_of(organisation_id)]
    return sum(_tell_of(need, wanting, held, now) for need in (open_needs(now) if held else []))


def _tell_of(need: Need, wanting: set[UUID], held: list[UUID], now: datetime) -> int:
    """Tell of one need everybody whose best asset answers it and who does not know of it."""
    known = set(session.execute(select(NeedTold.organisation_id).where(NeedTold.need_id == need.id)).scalars())
    open_ones = wanting - known - {need.organisation_id}
    best: dict[UUID, Found] = {}
    for found in matched_among(need, held, now) if open_ones else []:
        for organisation_id in open_ones & found.card.owner_ids:
            best.setdefault(organisation_id, found)
    for organisation_id, found in best.items():
        session.add(NeedTold(need_id=need.id, organisation_id=organisation_id))
        words = {"title": need.title, "asset": found.card.asset.title, "score": found.match.score}
        tell(organisation_id, NEED_MATCHES, words, f"/needs/{need.id}", now)
    session.flush()
    return len(best)
