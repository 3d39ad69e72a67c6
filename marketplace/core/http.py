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
from sqlalchemy import delete, select

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.db import ask, commit_each_statement, new_id, session
from marketplace.core.errors import NotAllowed, NotSignedIn, Problem
from marketplace.core.fields import AmountField, CursorIn, MoneyField, StrictSchema, cursor_page, page_form
from marketplace.core.i18n import _l
from marketplace.core.idempotency import Claim, IdempotencyKey, IdempotencyKeyReused, KeptAnswer

View = TypeVar("View", bound=Callable[..., Any])

csrf = CSRFProtect()


class IdempotencyKeyMissing(Problem):
    """A POST that moves money, rights or status came without its Idempotency-Key."""

    status = 400
    message = _l("Send an Idempotency-Key header: this act must happen exactly once.")


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


def idempotent_within(view: View) -> View:
    """The same where the act itself uses up the key and keeps its answer, in one statement that commits by itself."""

    @wraps(view)
    def within(*args: Any, **kwargs: Any) -> Any:
        key = _sent_key()
        if key is None:
            raise IdempotencyKeyMissing()
        g.claim = _claim_of(key, _content())
        return view(*args, **kwargs)

    within.__dict__["idempotent"] = True
    within.__dict__["one_statement"] = True
    return cast(View, within)


def current_claim() -> Claim:
    """The key that the current request must use up."""
    return cast(Claim, g.claim)


def answer_kept(kept: KeptAnswer) -> Response:
    """The answer that an act has kept, as it is given now and to every repeat."""
    response = Response(kept.body, status=kept.status, content_type="application/json")
    if kept.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _sent_key() -> str | None:
    key = request.headers.get("Idempotency-Key") or request.form.get("idempotency_key")
    return key if key and len(key) <= 255 else None


def _once(view: View, content: Callable[[], bytes]) -> View:
    @wraps(view)
    def once(*args: Any, **kwargs: Any) -> Any:
        key = _sent_key()
        if key is None:
            if request.path.startswith("/api/"):
                raise IdempotencyKeyMissing()
            return view(*args, **kwargs)
        claimed = _claim(_claim_of(key, content()))
        if isinstance(claimed, Response):
            return claimed
        answer = make_response(view(*args, **kwargs))
        _remember(claimed, answer)
        return answer

    once.__dict__["idempotent"] = True
    return cast(View, once)


_CLAIM = """
INSERT INTO idempotency_keys (id, scope, key, request_hash, at)
VALUES (%(id)s, %(scope)s, %(key)s, %(request_hash)s, %(at)s) ON CONFLICT (scope, key) DO NOTHING RETURNING id
"""
_REMEMBER = """
UPDATE idempotency_keys SET status = %(status)s, media_type = %(media_type)s, location = %(location)s, body = %(body)s
WHERE id = %(id)s RETURNING id
"""


def _content() -> bytes:
    return request.get_data() or repr(sorted(_form_without_token())).encode()


def _claim_of(key: str, content: bytes) -> Claim:
    actor = optional_actor()
    scope = str((actor and (actor.organisation_id or actor.person_id)) or "anonymous")
    digest = hashlib.sha256(request.method.encode() + request.path.encode() + b"\0" + content).hexdigest()
    return Claim(scope, key, digest)


def _claim(claim: Claim) -> UUID | Response:
    """The claimed key's row, or the answer the key was given before."""
    claimed = new_id()
    made = ask(_CLAIM, id=claimed, scope=claim.scope, key=claim.key, request_hash=claim.request_hash, at=now())
    return claimed if made is not None else _replay(claim)


def _replay(claim: Claim) -> Response:
    row: IdempotencyKey = session.execute(
        select(IdempotencyKey).where(IdempotencyKey.scope == claim.scope, IdempotencyKey.key == claim.key)
    ).scalar_one()
    if row.request_hash != claim.request_hash:
        raise IdempotencyKeyReused()
    replay = Response(row.body or b"", status=row.status or 200, content_type=row.media_type)
    replay.headers["Idempotent-Replayed"] = "true"
    if row.location:
        replay.headers["Location"] = row.location
    return replay


def _remember(claimed: UUID, answer: Response) -> None:
    ask(
        _REMEMBER, id=claimed, status=answer.status_code, media_type=answer.content_type,
        location=answer.headers.get("Location"), body=answer.get_data(),
    )  # fmt: skip


def _form_without_token() -> list[tuple[str, str]]:
    return [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]


def forget_old_keys(at: datetime) -> None:
    """Idempotency keys are kept for 48 hours."""
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.at < at - timedelta(hours=48)))


def end_transactions(app: Flask) -> None:
    """One request is one transaction: commit good answers, roll back refusals."""

    @app.before_request
    def begin() -> None:
        if getattr(app.view_functions.get(request.endpoint or ""), "one_statement", False):
            commit_each_statement()

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
    "AmountField", "CursorIn", "MoneyField", "StrictSchema", "Waiting", "answer_kept", "csrf", "current_actor",
    "current_claim", "cursor_page", "dashboard_provider", "idempotent", "idempotent_unread", "idempotent_within", "load_actors_with", "needs", "optional_actor", "page_form", "public",
    "signed_in",
]  # fmt: skip
