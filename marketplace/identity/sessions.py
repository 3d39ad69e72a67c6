"""Sessions: each sign-in is a row that can be seen and ended; the browser holds a token, the database only its hash."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, session
from marketplace.core.errors import NotFound
from marketplace.core.events import Fact, announce
from marketplace.identity.organisations import Organisation
from marketplace.identity.people import MemberRemoved, Membership, Person

LASTS = timedelta(hours=12)
IDLE_FOR = timedelta(hours=2)
SEEN_EVERY = timedelta(minutes=5)


class SignInSession(Model):
    """One browser signed in as one person, acting for one organisation at a time."""

    __tablename__ = "sign_in_sessions"
    __table_args__ = (
        CheckConstraint("length(token_hash) = 64", name="token_hashed"),
        Index("ix_sign_in_sessions_live", "person_id", postgresql_where=text("ended_at IS NULL")),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    authenticated_at: Mapped[datetime]
    second_factor: Mapped[bool] = mapped_column(default=False)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    browser: Mapped[str] = mapped_column(String(300), default="")
    address: Mapped[str] = mapped_column(String(60), default="")

    def is_alive(self, now: datetime) -> bool:
        """Whether it can still be used: not ended, not too old, not left alone for too long."""
        return self.ended_at is None and now < self.started_at + LASTS and now < self.seen_at + IDLE_FOR


@dataclass(frozen=True)
class SignedIn(Fact):
    """A person signed in."""

    person_id: UUID
    session_id: UUID
    second_factor: bool


@dataclass(frozen=True)
class SessionEnded(Fact):
    """A session was ended by its person."""

    person_id: UUID
    session_id: UUID


@dataclass(frozen=True)
class ContextSwitched(Fact):
    """A person now acts for another of their organisations."""

    person_id: UUID
    organisation_id: UUID


@dataclass(frozen=True, kw_only=True)
class Browser:
    """Where a request comes from, as its person recognises it in the list of sessions."""

    name: str
    address: str


@dataclass(frozen=True)
class Visit:
    """A live session with the person, and what they are in the organisation they act for."""

    session: SignInSession
    person: Person
    membership: Membership | None
    organisation: Organisation | None


def token_hash(token: str) -> str:
    """What the database keeps of a token."""
    return sha256(token.encode()).hexdigest()


def open_session(
    person: Person, organisation_id: UUID | None, second_factor: bool, browser: Browser, now: datetime
) -> tuple[SignInSession, str]:
    """Begin a session; the token is given to the browser and kept nowhere else."""
    token = token_urlsafe(32)
    opened = SignInSession(
        person_id=person.id,
        organisation_id=organisation_id,
        token_hash=token_hash(token),
        authenticated_at=now,
        second_factor=second_factor,
        started_at=now,
        seen_at=now,
        browser=browser.name[:300],
        address=browser.address[:60],
    )
    session.add(opened)
    session.flush()
    who = Actor(person_id=person.id, organisation_id=organisation_id, authenticated_at=now, second_factor=second_factor)
    announce(who, now, SignedIn(person.id, opened.id, second_factor))
    return opened, token


def visit_with(token: str, person_key: str, now: datetime) -> Visit | None:
    """Who holds this token; nothing when it was ended, is too old, or its person may not sign in any more."""
    query = (
        select(SignInSession, Person, Membership, Organisation)
        .join(Person, Person.id == SignInSession.person_id)
        .outerjoin(
            Membership,
            (Membership.person_id == Person.id)
            & (Membership.organisation_id == SignInSession.organisation_id)
            & Membership.ended_at.is_(None),
        )
        .outerjoin(Organisation, Organisation.id == Membership.organisation_id)
        .where(SignInSession.token_hash == token_hash(token), Person.fs_uniquifier == person_key, Person.active)
    )
    row = session.execute(query).first()
    if row is None or not row[0].is_alive(now):
        return None
    visit = Visit(*row)
    lost = visit.session.organisation_id is not None and visit.membership is None
    return None if lost else visit


def see_again(visit: Visit, now: datetime) -> None:
    """Note, every few minutes, that the session is in use."""
    if now - visit.session.seen_at > SEEN_EVERY:
        visit.session.seen_at = now


def renew_token(opened: SignInSession) -> str:
    """Give the session a new token, so that the one used until now is worth nothing."""
    token = token_urlsafe(32)
    opened.token_hash = token_hash(token)
    session.flush()
    return token


def live_sessions(person_id: UUID, now: datetime) -> Sequence[SignInSession]:
    """The person's sessions that can still be used, newest first."""
    query = select(SignInSession).where(SignInSession.person_id == person_id, SignInSession.ended_at.is_(None))
    return [found for found in session.scalars(query.order_by(SignInSession.id.desc())) if found.is_alive(now)]


def end_session(actor: Actor, session_id: UUID, now: datetime) -> SignInSession:
    """End one of one's own sessions."""
    opened: SignInSession | None = session.scalars(
        select(SignInSession).where(SignInSession.id == session_id, SignInSession.person_id == actor.person_id)
    ).first()
    if opened is None or opened.ended_at is not None:
        raise NotFound()
    opened.ended_at = now
    session.flush()
    announce(actor, now, SessionEnded(opened.person_id, opened.id))
    return opened


def end_other_sessions(person_id: UUID, but_for: UUID | None, now: datetime) -> int:
    """End every session of a person except, if given, the one in use."""
    query = update(SignInSession).where(SignInSession.person_id == person_id, SignInSession.ended_at.is_(None))
    if but_for is not None:
        query = query.where(SignInSession.id != but_for)
    return len(session.execute(query.values(ended_at=now).returning(SignInSession.id)).all())


def end_sessions_of_member(_actor: Actor, fact: MemberRemoved, now: datetime) -> None:
    """End the sessions in which a removed member acts for the organisation."""
    session.execute(
        update(SignInSession)
        .where(
            SignInSession.person_id == fact.person_id,
            SignInSession.organisation_id == fact.organisation_id,
            SignInSession.ended_at.is_(None),
        )
        .values(ended_at=now)
    )
