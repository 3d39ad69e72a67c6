"""The edge: who may call a route, exactly-once POSTs, and the end of the transaction."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, TypeVar, cast
from uuid import UUID

from flask import Flask, Response, current_app, g, make_response, request
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.db import new_id, session
from marketplace.core.errors import NotAllowed, NotSignedIn, Problem
from marketplace.core.fields import AmountField, CursorIn, MoneyField, StrictSchema, cursor_page, page_form
from marketplace.core.i18n import _l
from marketplace.core.idempotency import IdempotencyKey

View = TypeVar("View", bound=Callable[..., Any])

csrf = CSRFProtect()


class IdempotencyKeyMissing(Problem):
    """A POST that moves money, rights or status came without its Idempotency-Key."""

    status = 400
    message = _l("Send an Idempotency-Key header: this act must happen exactly once.")


class IdempotencyKeyReused(Problem):
    """The key was used before for another request."""

    status = 422
    message = _l("This Idempotency-Key was used for another request.")


_loaders: list[Callable[[], Actor | None]] = []


def load_actors_with(loader: Callable[[], Actor | None]) -> None:
    """Register the function that finds out who is asking (identity does)."""
    _loaders[:] = [loader]


def optional_actor() -> Actor | None:
    """Who is asking, or nobody."""
    if "actor" not in g:
        g.actor = _loaders[0]() if _loaders else None
    return cast("Actor | None", g.actor)


def current_actor() -> Actor:
    """Who is asking; nobody is 401."""
    actor = optional_actor()
    if actor is None:
        raise NotSignedIn()
    return actor


def public(view: View) -> View:
    """Anyone may call this route."""
    return _guarded(view, "public", lambda: None)


def signed_in(view: View) -> View:
    """Anyone signed in may call this route; the use case decides the rest."""
    return _guarded(view, "signed_in", lambda: current_actor())


def needs(permission: str) -> Callable[[View], View]:
    """Only actors whose role carries this permission may call this route."""

    def check() -> None:
        if not current_actor().may(permission):
            raise NotAllowed()

    return lambda view: _guarded(view, permission, check)


def _guarded(view: View, guard: str, check: Callable[[], Any]) -> View:
    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        check()
        return view(*args, **kwargs)

    guarded.__dict__["guard"] = guard
    return cast(View, guarded)


def idempotent(view: View) -> View:
    """Make a POST happen exactly once per key: a repeat gets the first answer, another body is refused.

    The key is claimed in the request's own transaction, so a concurrent repeat waits and then replays; only
    successes are remembered. Pages carry their key in the form.
    """
    return _once(view, _content)


def idempotent_unread(view: View) -> View:
    """The same where not even a fingerprint of what was sent may be kept: a repeat gets the first answer."""
    return _once(view, lambda: b"")


def _once(view: View, content: Callable[[], bytes]) -> View:
    @wraps(view)
    def once(*args: Any, **kwargs: Any) -> Any:
        key = request.headers.get("Idempotency-Key") or request.form.get("idempotency_key")
        if not key or len(key) > 255:
            if request.path.startswith("/api/"):
                raise IdempotencyKeyMissing()
            return view(*args, **kwargs)
        claimed = _claim(key, content())
        if isinstance(claimed, Response):
            return claimed
        answer = make_response(view(*args, **kwargs))
        _remember(claimed, answer)
        return answer

    once.__dict__["idempotent"] = True
    return cast(View, once)


def _content() -> bytes:
    return request.get_data() or repr(sorted(_form_without_token())).encode()


def _claim(key: str, content: bytes) -> UUID | Response:
    """The claimed key's row, or the answer the key was given before."""
    actor = optional_actor()
    scope = str((actor and (actor.organisation_id or actor.person_id)) or "anonymous")
    digest = hashlib.sha256(request.method.encode() + request.path.encode() + b"\0" + content).hexdigest()
    made: UUID | None = session.execute(
        insert(IdempotencyKey).values(id=new_id(), scope=scope, key=key, request_hash=digest, at=now())
        .on_conflict_do_nothing(index_elements=["scope", "key"]).returning(IdempotencyKey.id)
    ).scalar_one_or_none()  # fmt: skip
    return made if made is not None else _replay(scope, key, digest)


def _replay(scope: str, key: str, digest: str) -> Response:
    row: IdempotencyKey = session.execute(
        select(IdempotencyKey).where(IdempotencyKey.scope == scope, IdempotencyKey.key == key)
    ).scalar_one()
    if row.request_hash != digest:
        raise IdempotencyKeyReused()
    replay = Response(row.body or b"", status=row.status or 200, content_type=row.media_type)
    replay.headers["Idempotent-Replayed"] = "true"
    if row.location:
        replay.headers["Location"] = row.location
    return replay


def _remember(claimed: UUID, answer: Response) -> None:
    session.execute(
        update(IdempotencyKey).where(IdempotencyKey.id == claimed).values(
            status=answer.status_code, media_type=answer.content_type, location=answer.headers.get("Location"),
            body=answer.get_data(),
        ).execution_options(synchronize_session=False)
    )  # fmt: skip


def _form_without_token() -> list[tuple[str, str]]:
    return [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]


def forget_old_keys(at: datetime) -> None:
    """Idempotency keys are kept for 48 hours."""
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.at < at - timedelta(hours=48)))


def end_transactions(app: Flask) -> None:
    """One request is one transaction: commit good answers, roll back refusals."""

    @app.before_request
    def check_csrf() -> None:
        bearer = request.headers.get("Authorization", "").startswith("Bearer ")
        exempt = getattr(app.view_functions.get(request.endpoint or ""), "csrf_exempt", False)
        if app.config["WTF_CSRF_ENABLED"] and not bearer and not exempt:
            csrf.protect()

    @app.after_request
    def commit(response: Response) -> Response:
        if response.status_code < 400:
            session.commit()
        else:
            session.rollback()
        return response

    @app.teardown_appcontext
    def release(_error: BaseException | None) -> None:
        if not current_app.testing:
            session.remove()


@dataclass(frozen=True)
class Waiting:
    """Something on the dashboard that waits for the reader."""

    text: str
    link: str
    due_at: datetime | None = None


WaitingProvider = Callable[[Actor, datetime], list[Waiting]]

waiting_providers: list[WaitingProvider] = []
"""Each room's answer to «what waits for me?»."""


def dashboard_provider(provider: WaitingProvider) -> WaitingProvider:
    """Register a room's waiting items for the dashboard."""
    waiting_providers.append(provider)
    return provider


__all__ = [
    "AmountField", "CursorIn", "MoneyField", "StrictSchema", "Waiting", "csrf", "current_actor", "cursor_page",
    "dashboard_provider", "idempotent", "idempotent_unread", "load_actors_with", "needs", "optional_actor", "page_form", "public",
    "signed_in",
]  # fmt: skip
