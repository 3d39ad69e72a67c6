"""The pages of one's own organisation: registration, verification, members, limits, API keys."""

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, url_for

from marketplace.core.clock import now
from marketplace.core.errors import NotFound
from marketplace.core.http import current_actor, needs, page_form, signed_in
from marketplace.core.i18n import _, choose_language
from marketplace.identity import (
    api_keys,
    credit_flags,
    identifiers,
    invitations,
    organisations,
    people,
    roles,
    sign_up,
    verification,
)
from marketplace.identity.blueprints import pages
from marketplace.identity.schemas import (
    OPEN_KINDS,
    InvitationIn,
    KeyForm,
    LimitForm,
    RegistrationIn,
    RoleIn,
)
from marketplace.identity.sessions import renew_token
from marketplace.identity.visitor import keep_token, require_visit, settings


def _choices() -> dict[str, Any]:
    return {
        "kinds": [(kind.value, roles.KIND_LABELS[kind]) for kind in OPEN_KINDS],
        "identifier_kinds": [(kind.value, label) for kind, label in identifiers.KIND_LABELS.items()],
    }


@pages.get("/organisations/new")
@signed_in
def new_organisation() -> str:
    """Register an organisation."""
    require_visit()
    return render_template("identity/new_organisation.html", **_choices())


@pages.post("/organisations/new")
@signed_in
def register_organisation() -> Any:
    """Put the draft on the register and act for it from now on."""
    visit = require_visit()
    organisation = sign_up.register_organisation(
        current_actor(), visit.person, page_form(RegistrationIn)["registration"], now()
    )
    visit.session.organisation_id = organisation.id
    keep_token(renew_token(visit.session))
    flash(_("The draft is saved. Add the licence and submit it for verification."), "good")
    return redirect(url_for("identity.organisation"), code=303)


@pages.get("/organisation")
@signed_in
def organisation() -> str:
    """The organisation's facts, its verification and its limits."""
    actor = current_actor()
    own = organisations.own_organisation(actor)
    return render_template(
        "identity/organisation.html",
        flags=credit_flags.flags_of(own.id),
        organisation=own,
        status=verification.STATUS_WORDS[own.status],
        kind=roles.KIND_LABELS[own.kind],
        identifier=identifiers.KIND_LABELS[own.identifier_kind],
        documents=verification.licence_documents_of(own.id),
        licence_kinds=[(kind.value, label) for kind, label in verification.LICENCE_LABELS.items()],
        licence_labels=verification.LICENCE_LABELS,
        may_manage=actor.may("org.manage"),
        **_choices(),
    )


@pages.post("/organisation")
@needs("org.manage")
def correct_organisation() -> Any:
    """Correct the registration facts."""
    organisations.correct_organisation(current_actor(), page_form(RegistrationIn)["registration"], now())
    flash(_("Saved."), "good")
    return redirect(url_for("identity.organisation"), code=303)


@pages.post("/organisation/submission")
@needs("org.manage")
def submit_organisation() -> Any:
    """Ask to be verified."""
    verification.submit_organisation(current_actor(), now())
    flash(_("Submitted. The operator will look at it; you are told of the decision."), "good")
    return redirect(url_for("identity.organisation"), code=303)


@pages.post("/organisation/limit")
@needs("org.manage")
def set_limit() -> Any:
    """Decide above which amount a second person must agree."""
    organisations.set_four_eyes_limit(current_actor(), page_form(LimitForm)["limit"], now())
    flash(_("Saved."), "good")
    return redirect(url_for("identity.organisation"), code=303)


@pages.get("/organisation/members")
@signed_in
def members() -> str:
    """Who acts for the organisation."""
    actor = current_actor()
    if actor.organisation_id is None:
        raise NotFound()
    return render_template(
        "identity/members.html",
        members=people.people_in(actor.organisation_id),
        invitations=invitations.open_invitations(actor.organisation_id) if actor.may("org.manage") else [],
        role_labels=roles.ROLE_LABELS,
        role_meanings=roles.ROLE_MEANINGS,
        role_options=[(role.value, label) for role, label in roles.ROLE_LABELS.items()],
        may_manage=actor.may("org.manage"),
        me=actor.person_id,
        now=now(),
    )


@pages.post("/organisation/invitations")
@needs("org.manage")
def invite_member() -> Any:
    """Invite somebody by letter."""
    form = page_form(InvitationIn)
    invitations.invite_member(current_actor(), form["email"], form["role"], choose_language(), now())
    flash(_("The invitation is on its way. It works once and for seven days."), "good")
    return redirect(url_for("identity.members"), code=303)


@pages.post("/organisation/invitations/<uuid:invitation_id>/withdrawal")
@needs("org.manage")
def withdraw_invitation(invitation_id: UUID) -> Any:
    """Take an invitation back."""
    invitations.withdraw_invitation(current_actor(), invitation_id, now())
    return redirect(url_for("identity.members"), code=303)


@pages.post("/organisation/members/<uuid:person_id>/role")
@needs("org.manage")
def change_role(person_id: UUID) -> Any:
    """Give a member another role."""
    people.change_role(current_actor(), person_id, page_form(RoleIn)["role"], now())
    flash(_("Saved."), "good")
    return redirect(url_for("identity.members"), code=303)


@pages.post("/organisation/members/<uuid:person_id>/removal")
@needs("org.manage")
def remove_member(person_id: UUID) -> Any:
    """End a membership at once."""
    people.remove_member(current_actor(), person_id, now())
    flash(_("The member is removed; their sessions and keys for this organisation have ended."), "good")
    return redirect(url_for("identity.members"), code=303)


@pages.get("/organisation/keys")
@needs("org.manage")
def keys() -> str:
    """The organisation's API keys."""
    return _keys_page(None)


def _keys_page(shown_once: str | None) -> str:
    actor = current_actor()
    scopes = [api_keys.READ, *sorted(actor.permissions)]
    return render_template("identity/keys.html", keys=api_keys.keys_of(actor), scopes=scopes, shown_once=shown_once)


@pages.post("/organisation/keys")
@needs("org.manage")
def issue_key() -> Any:
    """Make a key and show it this once."""
    form, secret = page_form(KeyForm), settings().secret_key
    _key, presented = api_keys.issue_key(current_actor(), form["name"], form["scopes"], form["days"], secret, now())
    return _keys_page(presented)


@pages.post("/organisation/keys/<uuid:key_id>/revocation")
@needs("org.manage")
def revoke_key(key_id: UUID) -> Any:
    """Make a key worthless."""
    api_keys.revoke_key(current_actor(), key_id, now())
    flash(_("The key is revoked."), "good")
    return redirect(url_for("identity.keys"), code=303)
