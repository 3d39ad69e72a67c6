"""The JSON API of one's own account: signing in, who am I, sessions, password, the acting organisation."""

from typing import Any
from uuid import UUID

from flask import jsonify, request
from flask_wtf.csrf import generate_csrf

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.errors import NotSignedIn
from marketplace.core.http import current_actor, idempotent, public, signed_in
from marketplace.core.i18n import choose_language
from marketplace.identity import passwords, sessions, sign_up
from marketplace.identity.accounts import change_profile
from marketplace.identity.blueprints import api
from marketplace.identity.people import Person
from marketplace.identity.schemas import (
    ChangePasswordIn,
    ContextIn,
    EmailIn,
    MeOut,
    NewPersonWithLinkIn,
    ProfileIn,
    SessionsOut,
    SignInIn,
)
from marketplace.identity.sign_in import (
    Attempt,
    CodeNeeded,
    first_organisation,
    prove_code,
    prove_password,
    switch_organisation,
)
from marketplace.identity.throttle import limited
from marketplace.identity.visitor import (
    current_visit,
    enter,
    keep_token,
    leave,
    load_actor,
    refresh_visit,
    require_visit,
    settings,
)


def _proven(given: dict[str, Any]) -> tuple[Person, bool]:
    attempt = Attempt(email=given["email"], password=given["password"], address=request.remote_addr or "")
    person = prove_password(attempt)
    if not person.has_second_factor:
        return person, False
    if not given["code"]:
        raise CodeNeeded()
    prove_code(person.id, given["code"], request.remote_addr or "", now())
    return person, True


def _me() -> dict[str, Any]:
    actor = load_actor()
    if actor is None:
        raise NotSignedIn()
    return _seen(actor)


def _me_anew() -> dict[str, Any]:
    """Who is asking after the session changed within this request."""
    refresh_visit()
    return _me()


def _seen(actor: Actor) -> dict[str, Any]:
    token = generate_csrf() if actor.via == "web" else None
    return {**actor.__dict__, "permissions": sorted(actor.permissions), "csrf_token": token}


@api.put("/session")
@public
@api.input(SignInIn, arg_name="given")
@api.output(MeOut)
def sign_in(given: dict[str, Any]) -> dict[str, Any]:
    """Sign in with e-mail, password and, if one is set up, the one-time code; the answer sets the session cookie."""
    person, second_factor = _proven(given)
    enter(person, first_organisation(person), second_factor)
    return _me()


@api.delete("/session")
@signed_in
@api.output({}, status_code=204)
def sign_out() -> str:
    """End the session of this browser."""
    visit = current_visit()
    if visit is not None:
        sessions.end_session(current_actor(), visit.session.id, now())
    leave()
    return ""


@api.get("/me")
@signed_in
@api.output(MeOut)
def show_me() -> dict[str, Any]:
    """Who is asking, and what they may do."""
    return _seen(current_actor())


@api.put("/me")
@signed_in
@api.input(ProfileIn, arg_name="profile")
@api.output(MeOut)
def save_me(profile: dict[str, Any]) -> dict[str, Any]:
    """Keep one's own name and language."""
    change_profile(current_actor(), profile["name"], profile["language"], now())
    return _seen(current_actor())


@api.put("/me/organisation")
@signed_in
@api.input(ContextIn, arg_name="context")
@api.output(MeOut)
def switch(context: dict[str, Any]) -> dict[str, Any]:
    """Act for another of one's organisations; the session cookie changes."""
    visit = require_visit()
    switch_organisation(current_actor(), visit.session, context["organisation_id"], now())
    keep_token(sessions.renew_token(visit.session))
    return _me_anew()


@api.put("/me/password")
@signed_in
@api.input(ChangePasswordIn, arg_name="given")
@api.output({}, status_code=204)
def change_password(given: dict[str, Any]) -> str:
    """Set another password; other sessions end, keys too if ``end_keys`` is ``yes``."""
    visit, end_keys = require_visit(), given["end_keys"] == "yes"
    passwords.change_password(
        current_actor(), given["password"], given["new_password"], visit.session.id, end_keys, now()
    )
    keep_token(sessions.renew_token(visit.session))
    return ""


@api.get("/me/sessions")
@signed_in
@api.output(SessionsOut)
def list_sessions() -> dict[str, Any]:
    """Everywhere the person is signed in."""
    visit = require_visit()
    return {"items": sessions.live_sessions(visit.person.id, now())}


@api.delete("/me/sessions/<uuid:session_id>")
@signed_in
@api.output({}, status_code=204)
def end_session(session_id: UUID) -> str:
    """End one of one's own sessions."""
    sessions.end_session(current_actor(), session_id, now())
    return ""


@api.post("/sign-ups")
@public
@limited("20 per hour")
@idempotent
@api.input(EmailIn, arg_name="given")
def begin_sign_up(given: dict[str, Any]) -> Any:
    """Have the link sent; the answer is the same for every address."""
    sign_up.begin_sign_up(given["email"], choose_language())
    return jsonify({"status": "letter_sent"}), 202


@api.put("/sign-ups")
@public
@api.input(NewPersonWithLinkIn, arg_name="given")
@api.output(MeOut, status_code=201)
def finish_sign_up(given: dict[str, Any]) -> dict[str, Any]:
    """Become a person with the link's token; signs in."""
    language, secret = choose_language(), settings().secret_key
    person = sign_up.finish_sign_up(given["token"], given["name"], given["password"], language, secret, now())
    enter(person, None, second_factor=False)
    return _me()


@api.post("/password-resets")
@public
@limited("20 per hour")
@idempotent
@api.input(EmailIn, arg_name="given")
def ask_new_password(given: dict[str, Any]) -> Any:
    """Have a link for a new password sent; the answer is the same for every address."""
    passwords.ask_password_reset(given["email"], now())
    return jsonify({"status": "letter_sent"}), 202


for _first_call in (sign_in, finish_sign_up):
    _first_call.__dict__["csrf_exempt"] = True  # a PUT cannot be sent from another site, and there is no token yet
