"""The memory of POSTs that must happen exactly once."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Model
from marketplace.core.errors import Problem
from marketplace.core.i18n import _l


class IdempotencyKeyReused(Problem):
    """The key was used before for another request."""

    status = 422
    message = _l("This Idempotency-Key was used for another request.")


@dataclass(frozen=True)
class Claim:
    """The key that a request must use up: whose it is, its text, and the fingerprint of what was sent with it."""

    scope: str
    key: str
    request_hash: str


@dataclass(frozen=True)
class KeptAnswer:
    """The JSON answer that an act has kept under its key, and whether it was given before."""

    status: int
    body: str
    replayed: bool


class IdempotencyKey(Model):
    """One key of one organisation, the request it stands for, and the answer that was given."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("scope", "key"),)

    scope: Mapped[str]
    key: Mapped[str]
    request_hash: Mapped[str]
    at: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[int | None]
    media_type: Mapped[str | None]
    location: Mapped[str | None]
    body: Mapped[bytes | None]
