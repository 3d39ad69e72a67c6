"""The pages of one's own account: profile, password, second factor, sessions, the acting organisation."""

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, session, url_for

from marketplace.core.clock import now
from marketplace.core.http import current_actor, page_form, signed_in
from marketplace.core.i18n import _
from marketplace.identity import passwords, second_factor, sessions
from marketplace.identity.accounts import change_profile
from marketplace.identity.blueprints import pages
from marketplace.identity.people import organisations_of
from marketplace.identity.roles import KIND_LABELS, ROLE_LABELS, needs_second_factor
from marketplace.identity.schemas import AgainForm, ChangePasswordIn, CodeForm, ContextIn, ProfileIn
from marketplace.identity.sign_in import prove_again, switch_organisation
from marketplace.identity.visitor import go_on, keep_token, require_visit, safe_next


@pages.get("/account")
@signed_in
def account() -> str:
    """Who the reader is here, and for whom they can act."""
    visit = require_visit()
    places = [
        {
            "organisation": organisation,
            "kind": KIND_LABELS[organisation.kind],
            "role": ROLE_LABELS[membership.role],
            "acting": organisation.id == visit.session.organisation_id,
        }
        for membership, organisation in organisations_of(visit.person.id)
    ]
    return render_template("identity/account.html", person=visit.person, places=places)


@pages.post("/account")
@signed_in
def save_account() -> Any:
    """Keep the name and the language."""
    form = page_form(ProfileIn)
    change_profile(current_actor(), form["name"], form["language"], now())
    session["language"] = form["language"]
    flash(_("Saved."), "good")
    return redirect(url_for("identity.account"), code=303)


@pages.post("/account/organisation")
@signed_in
def switch() -> Any:
    """Act for another of one's organisations; the session goes on under a new token."""
    visit = require_visit()
    switch_organisation(current_actor(), visit.session, page_form(ContextIn)["organisation_id"], now())
    keep_token(sessions.renew_token(visit.session))
    return redirect("/dashboard", code=303)


@pages.get("/account/security")
@signed_in
def security() -> str:
    """Password, second factor, and where one is signed in."""
    visit = require_visit()
    alive = sessions.live_sessions(visit.person.id, now())
    return render_template("identity/security.html", person=visit.person, sessions=alive, current=visit.session)


@pages.post("/account/password")
@signed_in
def change_password() -> Any:
    """Set another password; other sessions end, keys if wished, and this one goes on under a new token."""
    visit, form = require_visit(), page_form(ChangePasswordIn)
    end_keys = form["end_keys"] == "yes"
    actor, current, following = current_actor(), form["password"], form["new_password"]
    passwords.change_password(actor, current, following, visit.session.id, end_keys, now())
    keep_token(sessions.renew_token(visit.session))
    flash(_("Your password is changed. Your other sessions have ended."), "good")
    return redirect(url_for("identity.security"), code=303)


@pages.post("/account/sessions/<uuid:session_id>/end")
@signed_in
def end_session(session_id: UUID) -> Any:
    """End one session."""
    sessions.end_session(current_actor(), session_id, now())
    return redirect(url_for("identity.security"), code=303)


@pages.post("/account/sessions/end-others")
@signed_in
def end_other_sessions() -> Any:
    """End every session but this one."""
    visit = require_visit()
    sessions.end_other_sessions(visit.person.id, visit.session.id, now())
    flash(_("Your other sessions have ended."), "good")
    return redirect(url_for("identity.security"), code=303)


@pages.get("/account/second-factor", endpoint="second_factor")
@signed_in
def second_factor_page() -> Any:
    """Set up an authenticator app."""
    visit = require_visit()
    following = safe_next(request.args.get("next"))
    if visit.person.has_second_factor:
        return redirect(url_for("identity.confirm", next=following))
    offer = second_factor.offer_second_factor(current_actor())
    required = visit.organisation is not None and needs_second_factor(visit.organisation.kind)
    return render_template("identity/second_factor.html", offer=offer, required=required)


@pages.post("/account/second-factor")
@signed_in
def confirm_second_factor() -> Any:
    """Confirm the app with a code; the recovery codes are shown once, the session goes on under a new token."""
    visit = require_visit()
    codes = second_factor.set_up_second_factor(current_actor(), page_form(CodeForm)["code"], now())
    visit.session.second_factor = True
    keep_token(sessions.renew_token(visit.session))
    return render_template("identity/recovery_codes.html", codes=codes)


@pages.get("/account/confirm")
@signed_in
def confirm() -> str:
    """Prove again who one is, before a sensitive act."""
    return render_template(
        "identity/confirm.html", person=require_visit().person, next=safe_next(request.args.get("next"))
    )


@pages.post("/account/confirm")
@signed_in
def prove_who_again() -> Any:
    """Renew the proof and go back to where the person was."""
    visit, form = require_visit(), page_form(AgainForm)
    prove_again(current_actor(), visit.session, form["password"], form["code"], request.remote_addr or "", now())
    keep_token(sessions.renew_token(visit.session))
    return go_on(form["next"])
