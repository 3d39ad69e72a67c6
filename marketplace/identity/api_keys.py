"""API keys: a program acts for a member of an organisation, within scopes; the key is shown once and kept as a hash."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_hex, token_urlsafe
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, ask, session
from marketplace.core.errors import Malformed, NotAllowed, NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.identity.organisations import OrganisationKind, OrganisationStatus
from marketplace.identity.people import MemberRemoved
from marketplace.identity.roles import Role, all_permissions

READ = "read"
LASTS_AT_MOST = timedelta(days=365)
USED_EVERY = timedelta(minutes=1)


class ScopeTooNarrow(NotAllowed):
    """The key was made for less than this."""

    message = _l("This API key may read only. Use a key whose scopes carry this act.")


class KeyNameTaken(Refused):
    """Two live keys of one organisation never share a name."""

    message = _l("A key with this name exists. Revoke it first or choose another name.")


class ApiKey(Model):
    """A program's way in: who it acts for, what it may do, until when."""

    __tablename__ = "api_keys"
    __table_args__ = (
        CheckConstraint("length(key_hash) = 64", name="key_hashed"),
        Index(
            "uq_api_keys_live_name", "organisation_id", "name", unique=True, postgresql_where=text("revoked_at IS NULL")
        ),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    name: Mapped[str] = mapped_column(String(80))
    prefix: Mapped[str] = mapped_column(String(16), unique=True)
    key_hash: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[list[str]]
    second_factor: Mapped[bool] = mapped_column(default=False)
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


@dataclass(frozen=True)
class ApiKeyIssued(Fact):
    """A program was given a key."""

    organisation_id: UUID
    key_id: UUID
    name: str
    scopes: list[str]


@dataclass(frozen=True)
class ApiKeyRevoked(Fact):
    """A key was made worthless."""

    organisation_id: UUID
    key_id: UUID


@dataclass(frozen=True)
class KeyHolder:
    """Whom a live key stands for, what it may do, and how its person proved who they are when it was made."""

    person_id: UUID
    organisation_id: UUID
    kind: OrganisationKind
    role: Role
    approved: bool
    scopes: frozenset[str]
    second_factor: bool
    issued_at: datetime

    def may_write(self) -> bool:
        """Whether the key carries any act at all."""
        return bool(self.scopes - {READ})


def key_hash(secret_key: str, presented: str) -> str:
    """The keyed hash under which a key is stored: the database alone cannot make or test keys."""
    return hmac.new(b"api-key:" + secret_key.encode(), presented.encode(), sha256).hexdigest()


def issue_key(
    actor: Actor, name: str, scopes: list[str], days: int, secret_key: str, now: datetime
) -> tuple[ApiKey, str]:
    """Make a key for a program that acts as oneself; returns the key's text, which is never shown again."""
    require(actor.may("org.manage"))
    require(actor.via == "web")
    chosen = sorted(set(scopes))
    unknown = [scope for scope in chosen if scope != READ and scope not in all_permissions()]
    require(bool(chosen) and not unknown, Malformed("scopes", _l("Choose at least one of the scopes shown.")))
    require(all(scope == READ or actor.may(scope) for scope in chosen), NotAllowed())
    taken = select(ApiKey.id).where(
        ApiKey.organisation_id == actor.organisation_id, ApiKey.name == name, ApiKey.revoked_at.is_(None)
    )
    require(session.scalars(taken).first() is None, KeyNameTaken())
    prefix = token_hex(6)
    presented = f"ipm_{prefix}_{token_urlsafe(32)}"
    assert actor.organisation_id is not None and actor.person_id is not None
    key = ApiKey(
        organisation_id=actor.organisation_id,
        person_id=actor.person_id,
        name=name,
        prefix=prefix,
        key_hash=key_hash(secret_key, presented),
        scopes=chosen,
        second_factor=actor.second_factor,
        issued_at=now,
        expires_at=now + min(timedelta(days=days), LASTS_AT_MOST),
    )
    session.add(key)
    session.flush()
    announce(actor, now, ApiKeyIssued(key.organisation_id, key.id, name, chosen))
    return key, presented


_HOLDER = """
SELECT k.id, k.key_hash, k.revoked_at, k.expires_at, k.used_at, k.person_id, k.organisation_id, k.scopes, k.second_factor,
  k.issued_at, m.role, o.kind, o.status
FROM api_keys k JOIN people p ON p.id = k.person_id JOIN organisations o ON o.id = k.organisation_id
JOIN memberships m ON m.person_id = k.person_id AND m.organisation_id = k.organisation_id AND m.ended_at IS NULL
WHERE k.prefix = %(prefix)s AND p.active
"""


def holder_of(presented: str, secret_key: str, now: datetime) -> KeyHolder | None:
    """Who a presented key stands for; nothing when it is unknown, revoked, expired, or its person has left."""
    parts = presented.split("_", 2)
    if len(parts) != 3 or parts[0] != "ipm":
        return None
    row = ask(_HOLDER, prefix=parts[1])
    if row is None or not hmac.compare_digest(row.key_hash, key_hash(secret_key, presented)):
        return None
    if row.revoked_at is not None or now >= row.expires_at:
        return None
    if row.used_at is None or now - row.used_at > USED_EVERY:
        session.execute(update(ApiKey).where(ApiKey.id == row.id).values(used_at=now))
    return KeyHolder(
        row.person_id, row.organisation_id, OrganisationKind(row.kind), Role(row.role),
        OrganisationStatus(row.status) is OrganisationStatus.APPROVED, frozenset(row.scopes), row.second_factor,
        row.issued_at,
    )  # fmt: skip


def keys_of(actor: Actor) -> Sequence[ApiKey]:
    """The organisation's keys that still open something, newest first."""
    require(actor.may("org.manage"))
    query = select(ApiKey).where(ApiKey.organisation_id == actor.organisation_id, ApiKey.revoked_at.is_(None))
    found: Sequence[ApiKey] = session.scalars(query.order_by(ApiKey.id.desc())).all()
    return found


def revoke_key(actor: Actor, key_id: UUID, now: datetime) -> ApiKey:
    """Make a key of one's own organisation worthless at once."""
    require(actor.may("org.manage"))
    key: ApiKey | None = session.scalars(
        select(ApiKey).where(ApiKey.id == key_id, ApiKey.organisation_id == actor.organisation_id).with_for_update()
    ).first()
    if key is None or key.revoked_at is not None:
        raise NotFound()
    key.revoked_at = now
    session.flush()
    announce(actor, now, ApiKeyRevoked(key.organisation_id, key.id))
    return key


def revoke_keys_of_member(_actor: Actor, fact: MemberRemoved, now: datetime) -> None:
    """Revoke the keys with which programs of a removed member act for the organisation."""
    revoke_keys_for(fact.person_id, fact.organisation_id, now)


def revoke_keys_for(person_id: UUID, organisation_id: UUID | None, now: datetime) -> None:
    """Revoke a person's keys, for one organisation or for all of them."""
    query = update(ApiKey).where(ApiKey.person_id == person_id, ApiKey.revoked_at.is_(None))
    if organisation_id is not None:
        query = query.where(ApiKey.organisation_id == organisation_id)
    session.execute(query.values(revoked_at=now))
