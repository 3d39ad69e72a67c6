"""The inbox: what each member of an organisation is told, in the page and by e-mail if they want it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, func, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, session
from marketplace.core.errors import NotFound, require
from marketplace.core.jobs import enqueue
from marketplace.identity.people import members_of
from marketplace.notices.wording import Words, keep, require_words, words_of


class Notice(Model):
    """One thing one person is told on behalf of one organisation."""

    __tablename__ = "notices"
    __table_args__ = (
        CheckConstraint("link LIKE '/%' AND link NOT LIKE '//%'", name="link_stays_here"),
        Index("ix_notices_person", "person_id", "organisation_id", "id"),
        Index("ix_notices_unread", "person_id", "organisation_id", postgresql_where=text("read_at IS NULL")),
    )

    person_id: Mapped[UUID]
    organisation_id: Mapped[UUID | None]
    kind: Mapped[str] = mapped_column(Text)
    params: Mapped[dict[str, Any]]
    link: Mapped[str] = mapped_column(Text)
    told_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    mailed_at: Mapped[datetime | None]

    @property
    def words(self) -> Words:
        """What the notice says in the language of the moment."""
        return words_of(self.kind, self.params)


class MailPreference(Model):
    """Whether a person wants notices by e-mail as well; without a row they do."""

    __tablename__ = "mail_preferences"

    person_id: Mapped[UUID] = mapped_column(unique=True)
    wants_mail: Mapped[bool]


def tell(organisation_id: UUID, kind: str, params: Mapping[str, Any], link: str, now: datetime) -> list[Notice]:
    """Tell every member of the organisation; the words of the kind come from ``notices.wording``."""
    require_words(kind)
    people = members_of(organisation_id)
    return [_put(person.id, organisation_id, kind, params, link, now) for person in people]


def tell_person(
    person_id: UUID, organisation_id: UUID | None, kind: str, params: Mapping[str, Any], link: str, now: datetime
) -> Notice:
    """Tell one person something that concerns them alone."""
    require_words(kind)
    return _put(person_id, organisation_id, kind, params, link, now)


def _put(
    person_id: UUID, organisation_id: UUID | None, kind: str, params: Mapping[str, Any], link: str, now: datetime
) -> Notice:
    notice = Notice(
        person_id=person_id,
        organisation_id=organisation_id,
        kind=kind,
        params={name: keep(value) for name, value in params.items()},
        link=link,
        told_at=now,
    )
    session.add(notice)
    session.flush()
    if wants_mail(person_id):
        enqueue("notices.mail_notice", notice_id=str(notice.id))
    return notice


def _mine(actor: Actor) -> Any:
    """Notices to this person, for the acting organisation or for the person alone."""
    organisation = (Notice.organisation_id == actor.organisation_id) | Notice.organisation_id.is_(None)
    return (Notice.person_id == actor.person_id) & organisation


def unread_count(actor: Actor) -> int:
    """How many notices the actor has not read."""
    if actor.person_id is None:
        return 0
    query = select(func.count()).select_from(Notice).where(_mine(actor), Notice.read_at.is_(None))
    return int(session.scalar(query) or 0)


def notices_of(actor: Actor, limit: int = 50, after: UUID | None = None) -> Sequence[Notice]:
    """The actor's notices, newest first; ``after`` continues below that one."""
    query = select(Notice).where(_mine(actor)).order_by(Notice.id.desc()).limit(limit)
    if after is not None:
        query = query.where(Notice.id < after)
    found: Sequence[Notice] = session.scalars(query).all()
    return found


def inbox_page(actor: Actor, limit: int, after: UUID | None) -> dict[str, Any]:
    """One page of the inbox with the number of unread notices and where the next page begins."""
    found = list(notices_of(actor, limit + 1, after))
    following = found[limit - 1].id if len(found) > limit else None
    return {"items": found[:limit], "unread": unread_count(actor), "next": following}


def read_notice(actor: Actor, notice_id: UUID, now: datetime) -> Notice:
    """Open one notice, which marks it read."""
    notice: Notice | None = session.scalars(select(Notice).where(_mine(actor), Notice.id == notice_id)).first()
    if notice is None:
        raise NotFound()
    notice.read_at = notice.read_at or now
    return notice


def read_everything(actor: Actor, now: datetime) -> int:
    """Mark every notice of the actor read; returns how many were not."""
    query = update(Notice).where(_mine(actor), Notice.read_at.is_(None)).values(read_at=now).returning(Notice.id)
    return len(session.execute(query).all())


def wants_mail(person_id: UUID) -> bool:
    """Whether the person wants notices by e-mail."""
    wish = session.scalar(select(MailPreference.wants_mail).where(MailPreference.person_id == person_id))
    return True if wish is None else bool(wish)


def choose_mail(actor: Actor, wants: bool) -> MailPreference:
    """Turn notices by e-mail on or off for oneself."""
    require(actor.person_id is not None)
    found: MailPreference | None = session.scalars(
        select(MailPreference).where(MailPreference.person_id == actor.person_id)
    ).first()
    preference = found or MailPreference(person_id=actor.person_id)
    preference.wants_mail = wants
    session.add(preference)
    session.flush()
    return preference
