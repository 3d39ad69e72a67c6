"""Who is asking: the holder of an API key, or the person of a live session; and what a session must prove first."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask import Flask, Response, current_app, flash, g, make_response, redirect, request, session, url_for
from flask_security import current_user, login_user, logout_user
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.exc import OperationalError

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.errors import NotSignedIn, Problem
from marketplace.core.http import load_actors_with, optional_actor
from marketplace.core.i18n import _
from marketplace.core.problems import answer_problem
from marketplace.identity.api_keys import KeyHolder, ScopeTooNarrow, holder_of
from marketplace.identity.organisations import names_of
from marketplace.identity.people import Person, actor_of
from marketplace.identity.roles import needs_second_factor, permissions_of
from marketplace.identity.second_factor import SecondFactorRequired
from marketplace.identity.security import start_security
from marketplace.identity.sessions import Browser, Visit, open_session, see_again, visit_with
from marketplace.identity.sign_in import ReauthenticationRequired
from marketplace.identity.throttle import start_throttling
from marketplace.settings import Settings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
KNOWN_BROWSER_COOKIE = "known-browser"
KNOWN_BROWSER_LASTS = 180 * 24 * 3600
OPEN_WITHOUT_SECOND_FACTOR = frozenset(
    {
        "identity.second_factor",
        "identity.confirm_second_factor",
        "identity.switch",
        "identity.sign_out",
        "identity.sign_in",
        "identity.account",
        "web.help_page",
        "web.healthz",
    }
)
"""What a member without the required second factor can still reach: setting it up, or leaving."""


def start_identity(app: Flask) -> None:
    """Connect sign-in to the application."""
    security = start_security(app)
    security.login_manager.user_loader(_load_person)
    security.login_manager.request_loader(lambda _request: None)
    start_throttling(app)
    load_actors_with(load_actor)
    app.before_request(_ask_for_second_factor)
    app.jinja_env.globals["acting_name"] = acting_name
    app.register_error_handler(SecondFactorRequired, _lead_to("identity.second_factor"))
    app.register_error_handler(ReauthenticationRequired, _lead_to("identity.confirm"))


def settings() -> Settings:
    """The settings of the running application."""
    found: Settings = current_app.extensions["settings"]
    return found


def load_actor() -> Actor | None:
    """Who is asking: a key in the Authorization header stands alone, otherwise the browser's session counts."""
    given = request.headers.get("Authorization")
    if given is not None:
        return _actor_of_key(given)
    visit = current_visit()
    return None if visit is None else _actor_of_visit(visit)


def _actor_of_key(given: str) -> Actor:
    scheme, _space, presented = given.partition(" ")
    holder = holder_of(presented.strip(), settings().secret_key, now()) if scheme == "Bearer" else None
    if holder is None:
        raise NotSignedIn()
    if needs_second_factor(holder.kind) and not holder.second_factor:
        raise SecondFactorRequired()
    return _within_scopes(holder)


def _within_scopes(holder: KeyHolder) -> Actor:
    """Reading uses the member's permissions; anything else only those the key was made for."""
    permissions = permissions_of(holder.kind, holder.role)
    if request.method not in SAFE_METHODS:
        if not holder.may_write():
            raise ScopeTooNarrow()
        permissions &= holder.scopes
    return Actor(
        person_id=holder.person_id,
        organisation_id=holder.organisation_id,
        organisation_kind=holder.kind.value,
        permissions=permissions,
        approved=holder.approved,
        authenticated_at=holder.issued_at,
        second_factor=holder.second_factor,
        via="api",
    )


def _actor_of_visit(visit: Visit) -> Actor:
    proof = {"authenticated_at": visit.session.authenticated_at, "second_factor": visit.session.second_factor}
    if visit.membership is None or visit.organisation is None:
        return Actor(person_id=visit.person.id, organisation_id=None, **proof)  # type: ignore[arg-type]  # both typed above
    actor = actor_of(visit.membership, visit.organisation, **proof)  # type: ignore[arg-type]  # both typed above
    return replace(actor, permissions=frozenset(), approved=False) if lacks_second_factor(visit) else actor


def acting_name() -> str:
    """The name of the organisation the reader acts for, shown on every page."""
    actor = optional_actor()
    if actor is None or actor.organisation_id is None:
        return ""
    if "acting_name" not in g:
        g.acting_name = names_of([actor.organisation_id]).get(actor.organisation_id, "")
    return str(g.acting_name)


def lacks_second_factor(visit: Visit) -> bool:
    """Whether the acting organisation asks for a code that this session has not seen."""
    return (
        visit.organisation is not None
        and needs_second_factor(visit.organisation.kind)
        and not visit.session.second_factor
    )


def current_visit() -> Visit | None:
    """The live session of this browser."""
    if "sid" not in session or not current_user.is_authenticated:
        return None
    visit: Visit | None = g.get("visit")
    return visit


def require_visit() -> Visit:
    """The live session of this browser; API keys and strangers have none."""
    visit = current_visit()
    if visit is None or request.headers.get("Authorization") is not None:
        raise NotSignedIn()
    return visit


def _load_person(person_key: str) -> Person | None:
    """Flask-Login asks who the session's person is; the session's row must be alive."""
    if (request.endpoint or "").endswith("static") or "sid" not in session or "database_lost" in g:
        return None
    instant = now()
    try:
        visit = visit_with(str(session["sid"]), person_key, instant)
    except OperationalError:
        g.database_lost = True  # the page that says so is then shown as to a stranger
        raise
    g.visit = visit
    if visit is None:
        return None
    see_again(visit, instant)
    return visit.person


def _ask_for_second_factor() -> None:
    endpoint = request.endpoint or ""
    if (
        not endpoint
        or endpoint in OPEN_WITHOUT_SECOND_FACTOR
        or endpoint.endswith("static")
        or "Authorization" in request.headers
    ):
        return
    visit = current_visit()
    if visit is not None and lacks_second_factor(visit):
        raise SecondFactorRequired()


def _lead_to(endpoint: str) -> Any:
    """People are led to the page where the missing proof is given, and back; programs get the problem."""

    def answer(problem: Problem) -> Any:
        if request.path.startswith("/api/") or current_visit() is None:
            return answer_problem(problem)
        came_from = urlsplit(request.referrer or "")
        here = request.full_path.rstrip("?") if request.method == "GET" else came_from.path
        back = here if request.method == "GET" or came_from.netloc == request.host else ""
        if request.method != "GET":
            flash(_("Then press the button again."), "info")
        answer_problem(problem)
        return redirect(url_for(endpoint, next=safe_next(back)), code=303)

    return answer


def enter(person: Person, organisation_id: UUID | None, second_factor: bool) -> None:
    """Begin a session in this browser: whatever was in it before is gone, and its token is new."""
    instant = now()
    _opened, token = open_session(person, organisation_id, second_factor, this_browser(), instant)
    language = session.get("language")
    session.clear()
    login_user(person)
    session["sid"] = token
    session["language"] = language or person.language
    g.visit = visit_with(token, person.fs_uniquifier, instant)
    g.pop("actor", None)


def leave() -> None:
    """Forget the session in this browser."""
    logout_user()
    language = session.get("language")
    session.clear()
    if language:
        session["language"] = language
    g.pop("actor", None)


def keep_token(token: str) -> None:
    """The session goes on under a new token."""
    session["sid"] = token
    g.pop("actor", None)


def refresh_visit() -> None:
    """Read the session's row and membership again after they changed within this request."""
    visit = require_visit()
    g.visit = visit_with(str(session["sid"]), visit.person.fs_uniquifier, now())
    g.pop("actor", None)


def this_browser() -> Browser:
    """Where the request comes from."""
    return Browser(name=request.headers.get("User-Agent", ""), address=request.remote_addr or "")


def knows_browser(email: str) -> bool:
    """Whether this person signed in successfully in this browser before."""
    cookie = request.cookies.get(KNOWN_BROWSER_COOKIE, "")
    try:
        known: Any = _browser_signer().loads(cookie)
    except BadSignature:
        return False
    return bool(known == email)


def remember_browser(response: Response, email: str) -> Response:
    """Let this browser keep its own window of tries for this person."""
    response.set_cookie(
        KNOWN_BROWSER_COOKIE,
        str(_browser_signer().dumps(email)),
        max_age=KNOWN_BROWSER_LASTS,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
        path="/sign-in",
    )
    return response


def _browser_signer() -> URLSafeSerializer:
    return URLSafeSerializer(settings().secret_key, salt=KNOWN_BROWSER_COOKIE)


def safe_next(text: str | None, default: str = "/dashboard") -> str:
    """Where to go on: a path of this site, never another host, scheme or a second header."""
    if not text or len(text) > 2000 or not text.isascii() or not text.isprintable():
        return default
    if not text.startswith("/") or text.startswith("//") or "\\" in text or "%0" in text.lower():
        return default
    parts = urlsplit(text)
    return default if parts.scheme or parts.netloc else text


def go_on(text: str | None, default: str = "/dashboard") -> Response:
    """Go where the person was, after a POST."""
    return make_response(redirect(safe_next(text, default), code=303))
