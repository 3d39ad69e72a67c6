"""Slowing down guessing and floods: counters in PostgreSQL, shared by every web process, kept when a request is refused.

Wrong passwords and codes are counted per account and address, per account, and per address; each window passes by
itself, so nobody is locked out for ever, and a browser the person used before has its own window.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, cast

from flask import Flask, current_app, request
from flask_limiter import Limiter
from limits import RateLimitItem, parse
from limits.storage import Storage
from sqlalchemy import Engine, Text, text
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug.exceptions import TooManyRequests

from marketplace.core.db import Model
from marketplace.core.http import optional_actor
from marketplace.settings import Settings

View = TypeVar("View", bound=Callable[..., Any])


class ThrottleCount(Model):
    """How often something happened in the current window; lost in a crash, which only forgives."""

    __tablename__ = "throttle_counts"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    key: Mapped[str] = mapped_column(Text, unique=True)
    count: Mapped[int]
    expires_at: Mapped[datetime]


class PostgresStorage(Storage):
    """Counters for the ``limits`` library in our own PostgreSQL, outside the request's transaction."""

    STORAGE_SCHEME = ["marketplace"]

    @property
    def base_exceptions(self) -> type[Exception]:
        """Errors that the library may wrap."""
        return Exception

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count once more; a passed window begins anew."""
        statement = text(
            """
            INSERT INTO throttle_counts AS kept (id, key, count, expires_at)
            VALUES (gen_random_uuid(), :key, :amount, clock_timestamp() + make_interval(secs => :expiry))
            ON CONFLICT (key) DO UPDATE SET
                count = CASE WHEN kept.expires_at <= clock_timestamp() THEN :amount ELSE kept.count + :amount END,
                expires_at = CASE WHEN kept.expires_at <= clock_timestamp()
                             THEN excluded.expires_at ELSE kept.expires_at END
            RETURNING count
            """
        )
        with _engine().begin() as connection:
            return int(connection.execute(statement, {"key": key, "amount": amount, "expiry": expiry}).scalar_one())

    def get(self, key: str) -> int:
        """The count of the current window."""
        return int(self._read("count", key) or 0)

    def get_expiry(self, key: str) -> float:
        """When the current window passes, in seconds since 1970."""
        return float(self._read("extract(epoch FROM expires_at)", key) or time.time())

    def _read(self, what: str, key: str) -> Any:
        statement = text(f"SELECT {what} FROM throttle_counts WHERE key = :key AND expires_at > clock_timestamp()")  # noqa: S608  # our own two column expressions
        with _engine().connect() as connection:
            return connection.execute(statement, {"key": key}).scalar_one_or_none()

    def check(self) -> bool:
        """Whether the storage can be used."""
        return True

    def reset(self) -> int:
        """Forget everything."""
        with _engine().begin() as connection:
            return int(connection.execute(text("DELETE FROM throttle_counts")).rowcount)

    def clear(self, key: str) -> None:
        """Forget one counter."""
        with _engine().begin() as connection:
            connection.execute(text("DELETE FROM throttle_counts WHERE key = :key"), {"key": key})


def _engine() -> Engine:
    return cast(Engine, current_app.extensions["engine"])


def _caller() -> str:
    """Who is counted: the acting organisation, or the address the connection really comes from."""
    actor = optional_actor()
    return str(actor.organisation_id or actor.person_id) if actor else str(request.remote_addr)


limiter = Limiter(key_func=_caller, strategy="fixed-window", storage_uri="marketplace://", headers_enabled=True)


def start_throttling(app: Flask) -> None:
    """Connect the limiter to the application as the settings say."""
    settings: Settings = app.extensions["settings"]
    limiter.init_app(app)
    limiter.enabled = settings.rate_limits


def limited(rate: str) -> Callable[[View], View]:
    """Let one caller use a route only this often, for example ``limited("60 per minute")``; more is 429."""
    return cast(Callable[[View], View], limiter.limit(rate))


@dataclass(frozen=True, kw_only=True)
class Tries:
    """The tries of one secret: what is guessed, for which account, from which address, in a known browser or not."""

    purpose: str
    account: str
    address: str
    known_browser: bool = False

    def windows(self) -> list[tuple[RateLimitItem, tuple[str, ...]]]:
        """The counters that these tries fill."""
        if self.known_browser:
            return [(parse("10 per 5 minutes"), (self.purpose, "browser", self.account))]
        return [
            (parse("10 per 5 minutes"), (self.purpose, "account-address", self.account, self.address)),
            (parse("50 per 15 minutes"), (self.purpose, "account", self.account)),
            (parse("100 per 5 minutes"), (self.purpose, "address", self.address)),
        ]


def refuse_too_many(tries: Tries) -> None:
    """Refuse before looking at the secret when too many were wrong; says when to try again."""
    if not limiter.enabled:
        return
    for window, names in tries.windows():
        if not limiter.limiter.test(window, *names):
            wait = limiter.limiter.get_window_stats(window, *names).reset_time - time.time()
            raise TooManyRequests(retry_after=max(1, int(wait) + 1))


def count_wrong(tries: Tries) -> None:
    """Count one wrong secret."""
    if limiter.enabled:
        for window, names in tries.windows():
            limiter.limiter.hit(window, *names)


def forgive(tries: Tries) -> None:
    """A right secret empties the counter of this account and address; those others fill stay."""
    if limiter.enabled:
        window, names = tries.windows()[0]
        limiter.limiter.clear(window, *names)
