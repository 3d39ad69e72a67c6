"""The pages of signing in and out, signing up, and setting a forgotten password anew."""

from typing import Any
from uuid import UUID

from flask import flash, make_response, redirect, render_template, request, session, url_for

from marketplace.core.clock import now
from marketplace.core.db import find
from marketplace.core.errors import NotSignedIn
from marketplace.core.http import optional_actor, page_form, public
from marketplace.core.i18n import _, choose_language
from marketplace.identity import invitations, passwords, sign_up
from marketplace.identity.blueprints import pages
from marketplace.identity.organisations import find_organisation
from marketplace.identity.people import Person, canonical_email, person_with_email
from marketplace.identity.roles import ROLE_LABELS
from marketplace.identity.schemas import CodeForm, EmailIn, NewPasswordForm, NewPersonIn, SignInForm
from marketplace.identity.sessions import end_session
from marketplace.identity.sign_in import Attempt, first_organisation, prove_code, prove_password
from marketplace.identity.throttle import limited
from marketplace.identity.visitor import (
    current_visit,
    enter,
    go_on,
    knows_browser,
    leave,
    remember_browser,
    require_visit,
    safe_next,
    settings,
)

CODE_WAITS_SECONDS = 600


@pages.get("/sign-in")
@public
def sign_in() -> Any:
    """Where a person signs in."""
    following = safe_next(request.args.get("next"))
    if current_visit() is not None:
        return redirect(following)
    return render_template("identity/sign_in.html", next=following)


@pages.post("/sign-in")
@public
def prove_who() -> Any:
    """Check the password; a person with an authenticator app is asked for the code next."""
    form = page_form(SignInForm)
    email = canonical_email(form["email"])
    person = prove_password(
        Attempt(
            email=email,
            password=form["password"],
            address=request.remote_addr or "",
            known_browser=knows_browser(email),
        )
    )
    if person.has_second_factor:
        leave()
        session["half"] = {"person": str(person.id), "at": int(now().timestamp()), "next": safe_next(form["next"])}
        return redirect(url_for("identity.code"), code=303)
    return _welcome(person, second_factor=False, following=form["next"])


def _welcome(person: Person, second_factor: bool, following: str) -> Any:
    enter(person, first_organisation(person), second_factor)
    start = "/dashboard" if first_organisation(person) else url_for("identity.new_organisation")
    return remember_browser(go_on(following if first_organisation(person) else "", start), person.email)


def _half_signed_in() -> dict[str, Any]:
    half: dict[str, Any] = session.get("half") or {}
    if not half or now().timestamp() - half["at"] > CODE_WAITS_SECONDS:
        raise NotSignedIn()
    return half


@pages.get("/sign-in/code")
@public
def code() -> str:
    """Where the one-time code is entered."""
    _half_signed_in()
    return render_template("identity/code.html")


@pages.post("/sign-in/code")
@public
def prove_code_too() -> Any:
    """Check the one-time code and begin the session."""
    half = _half_signed_in()
    person_id = UUID(half["person"])
    prove_code(person_id, page_form(CodeForm)["code"], request.remote_addr or "", now())
    person = _active_person(person_id)
    return _welcome(person, second_factor=True, following=half["next"])


def _active_person(person_id: UUID) -> Person:
    person = find(Person, person_id)
    if not person.active:
        raise NotSignedIn()
    return person


@pages.post("/sign-out")
@public
def sign_out() -> Any:
    """End the session here."""
    actor = optional_actor()
    if current_visit() is not None and actor is not None:
        end_session(actor, require_visit().session.id, now())
    leave()
    return redirect("/", code=303)


@pages.get("/sign-up")
@public
def begin_sign_up() -> str:
    """Where somebody new begins, with nothing but their address."""
    return render_template("identity/sign_up.html")


@pages.post("/sign-up")
@public
@limited("20 per hour")
def ask_sign_up() -> Any:
    """Send the letter; the answer is the same for every address."""
    sign_up.begin_sign_up(page_form(EmailIn)["email"], choose_language())
    return redirect(url_for("identity.letter_sent"), code=303)


@pages.get("/letter-sent")
@public
def letter_sent() -> str:
    """What to do now: read the letter."""
    folder = str(settings().home / "mail") if settings().mail_backend == "file" and not settings().production else ""
    return render_template("identity/letter_sent.html", folder=folder)


@pages.get("/sign-up/<token>")
@public
def sign_up_link(token: str) -> str:
    """The link of the letter: name and password."""
    email = sign_up.email_of(token, settings().secret_key)
    return render_template("identity/new_person.html", email=email, token=token)


@pages.post("/sign-up/<token>")
@public
def finish_sign_up(token: str) -> Any:
    """Become a person of the marketplace and register an organisation next."""
    form = page_form(NewPersonIn)
    language, secret = choose_language(), settings().secret_key
    person = sign_up.finish_sign_up(token, form["name"], form["password"], language, secret, now())
    enter(person, None, second_factor=False)
    return redirect(url_for("identity.new_organisation"), code=303)


@pages.get("/password/forgotten")
@public
def forgotten_password() -> str:
    """Where a link for a new password is asked for."""
    return render_template("identity/forgotten_password.html")


@pages.post("/password/forgotten")
@public
@limited("20 per hour")
def ask_new_password() -> Any:
    """Send the letter; the answer is the same for every address."""
    passwords.ask_password_reset(page_form(EmailIn)["email"], now())
    return redirect(url_for("identity.letter_sent"), code=303)


@pages.get("/password/new/<token>")
@public
def new_password_link(token: str) -> str:
    """The link of the letter: a new password."""
    person = passwords.person_resetting(token)
    return render_template("identity/new_password.html", email=person.email, token=token)


@pages.post("/password/new/<token>")
@public
def set_new_password(token: str) -> Any:
    """Set the new password; then the person signs in with it, code included."""
    passwords.reset_password(token, page_form(NewPasswordForm)["password"], now())
    leave()
    flash(_("Your new password is set. Sign in with it."), "good")
    return redirect(url_for("identity.sign_in"), code=303)


@pages.get("/invitations/<token>")
@public
def invitation(token: str) -> Any:
    """The link of an invitation: join with the account there is, or make one."""
    found = invitations.invitation_with(token, settings().secret_key, now())
    visit, known = current_visit(), person_with_email(found.email) is not None
    if visit is None and known:
        return redirect(url_for("identity.sign_in", next=request.path))
    return render_template(
        "identity/invitation.html",
        invitation=found,
        organisation=find_organisation(found.organisation_id),
        role=ROLE_LABELS[found.role],
        token=token,
        visit=visit,
    )


@pages.post("/invitations/<token>")
@public
def accept_invitation(token: str) -> Any:
    """Join the organisation; somebody new gives a name and a password first."""
    secret, instant = settings().secret_key, now()
    visit = current_visit()
    person = visit.person if visit is not None else _person_invited(token, secret)
    membership = invitations.accept_invitation(person, token, secret, instant)
    proven = visit is not None and visit.session.second_factor
    enter(person, membership.organisation_id, second_factor=proven)
    flash(_("Welcome."), "good")
    return make_response(redirect("/dashboard", code=303))


def _person_invited(token: str, secret: str) -> Person:
    found = invitations.invitation_with(token, secret, now(), lock=True)
    if person_with_email(found.email) is not None:
        raise NotSignedIn()
    form = page_form(NewPersonIn)
    return sign_up.add_person(found.email, form["name"], form["password"], choose_language(), now())
