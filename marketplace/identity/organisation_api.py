"""The JSON API of organisations: registration, verification, members, API keys, and the operator's queue."""

from typing import Any
from uuid import UUID

from marketplace.core.clock import now
from marketplace.core.errors import NotFound
from marketplace.core.http import current_actor, idempotent, needs, signed_in
from marketplace.core.i18n import choose_language
from marketplace.identity import api_keys, invitations, organisations, people, sign_up, verification
from marketplace.identity.blueprints import api
from marketplace.identity.schemas import (
    InvitationIn,
    InvitationOut,
    KeyIn,
    KeysOut,
    LimitIn,
    MemberOut,
    MembersOut,
    NewKeyOut,
    OrganisationOut,
    OrganisationsOut,
    QueueIn,
    ReasonIn,
    RegistrationIn,
    RoleIn,
)
from marketplace.identity.sessions import renew_token
from marketplace.identity.visitor import keep_token, require_visit, settings


@api.post("/organisations")
@signed_in
@idempotent
@api.input(RegistrationIn, arg_name="given")
@api.output(OrganisationOut, status_code=201)
def register_organisation(given: dict[str, Any]) -> Any:
    """Register an organisation as a draft; the caller is its administrator and acts for it from now on."""
    visit = require_visit()
    organisation = sign_up.register_organisation(current_actor(), visit.person, given["registration"], now())
    visit.session.organisation_id = organisation.id
    keep_token(renew_token(visit.session))
    return organisation


@api.get("/organisation")
@signed_in
@api.output(OrganisationOut)
def show_organisation() -> Any:
    """The organisation one acts for."""
    return organisations.own_organisation(current_actor())


@api.put("/organisation")
@needs("org.manage")
@api.input(RegistrationIn, arg_name="given")
@api.output(OrganisationOut)
def correct_organisation(given: dict[str, Any]) -> Any:
    """Correct the registration facts while it is a draft or was returned."""
    return organisations.correct_organisation(current_actor(), given["registration"], now())


@api.post("/organisation/submission")
@needs("org.manage")
@idempotent
@api.output(OrganisationOut)
def submit_organisation() -> Any:
    """Ask to be verified."""
    return verification.submit_organisation(current_actor(), now())


@api.put("/organisation/four-eyes-limit")
@needs("org.manage")
@api.input(LimitIn, arg_name="given")
@api.output(OrganisationOut)
def set_limit(given: dict[str, Any]) -> Any:
    """Decide above which amount a second person must agree; null means every amount."""
    return organisations.set_four_eyes_limit(current_actor(), given["limit"], now())


@api.get("/organisation/members")
@signed_in
@api.output(MembersOut)
def list_members() -> dict[str, Any]:
    """Who acts for the organisation, and who is invited."""
    actor = current_actor()
    if actor.organisation_id is None:
        raise NotFound()
    members = [_member(membership, person) for membership, person in people.people_in(actor.organisation_id)]
    invited = invitations.open_invitations(actor.organisation_id) if actor.may("org.manage") else []
    return {"items": members, "invitations": invited}


def _member(membership: people.Membership, person: people.Person) -> dict[str, Any]:
    return {
        "person_id": person.id,
        "name": person.name,
        "email": person.email,
        "role": membership.role,
        "second_factor": person.has_second_factor,
    }


@api.put("/organisation/members/<uuid:person_id>")
@needs("org.manage")
@api.input(RoleIn, arg_name="given")
@api.output(MemberOut)
def change_role(person_id: UUID, given: dict[str, Any]) -> Any:
    """Give a member another role."""
    membership = people.change_role(current_actor(), person_id, given["role"], now())
    return {"person_id": person_id, "role": membership.role}


@api.delete("/organisation/members/<uuid:person_id>")
@needs("org.manage")
@api.output({}, status_code=204)
def remove_member(person_id: UUID) -> str:
    """End a membership; the person's sessions and keys for this organisation end at once."""
    people.remove_member(current_actor(), person_id, now())
    return ""


@api.post("/organisation/invitations")
@needs("org.manage")
@idempotent
@api.input(InvitationIn, arg_name="given")
@api.output(InvitationOut, status_code=201)
def invite_member(given: dict[str, Any]) -> Any:
    """Invite somebody by letter; the link works once and for seven days."""
    return invitations.invite_member(current_actor(), given["email"], given["role"], choose_language(), now())


@api.delete("/organisation/invitations/<uuid:invitation_id>")
@needs("org.manage")
@api.output({}, status_code=204)
def withdraw_invitation(invitation_id: UUID) -> str:
    """Take an invitation back."""
    invitations.withdraw_invitation(current_actor(), invitation_id, now())
    return ""


@api.get("/organisation/keys")
@needs("org.manage")
@api.output(KeysOut)
def list_keys() -> dict[str, Any]:
    """The organisation's API keys, without their secrets."""
    return {"items": api_keys.keys_of(current_actor())}


@api.put("/organisation/keys/<string(maxlength=80):name>")
@needs("org.manage")
@api.input(KeyIn, arg_name="given")
@api.output(NewKeyOut, status_code=201)
def issue_key(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """Make a key under this name; its text is in this one answer. A second PUT is refused (409)."""
    secret = settings().secret_key
    key, presented = api_keys.issue_key(current_actor(), name, given["scopes"], given["days"], secret, now())
    return {**{field: getattr(key, field) for field in NewKeyOut().fields if field != "key"}, "key": presented}


@api.delete("/organisation/keys/<uuid:key_id>")
@needs("org.manage")
@api.output({}, status_code=204)
def revoke_key(key_id: UUID) -> str:
    """Make a key worthless at once."""
    api_keys.revoke_key(current_actor(), key_id, now())
    return ""


@api.get("/verifications")
@needs("platform.verify")
@api.input(QueueIn, location="query", arg_name="asked")
@api.output(OrganisationsOut)
def list_verifications(asked: dict[str, Any]) -> dict[str, Any]:
    """The operator's queue."""
    return {"items": verification.organisations_with_status(current_actor(), asked["status"])}


@api.post("/verifications/<uuid:organisation_id>/approval")
@needs("platform.verify")
@idempotent
@api.output(OrganisationOut)
def approve_organisation(organisation_id: UUID) -> Any:
    """Verify an organisation."""
    return verification.approve_organisation(current_actor(), organisation_id, now())


@api.post("/verifications/<uuid:organisation_id>/return")
@needs("platform.verify")
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(OrganisationOut)
def return_organisation(organisation_id: UUID, given: dict[str, Any]) -> Any:
    """Send a registration back with the reason."""
    return verification.return_organisation(current_actor(), organisation_id, given["reason"], now())


@api.post("/verifications/<uuid:organisation_id>/suspension")
@needs("platform.verify")
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(OrganisationOut)
def suspend_organisation(organisation_id: UUID, given: dict[str, Any]) -> Any:
    """Stop a verified organisation from acting."""
    return verification.suspend_organisation(current_actor(), organisation_id, given["reason"], now())


@api.post("/verifications/<uuid:organisation_id>/reinstatement")
@needs("platform.verify")
@idempotent
@api.output(OrganisationOut)
def reinstate_organisation(organisation_id: UUID) -> Any:
    """Let a suspended organisation act again."""
    return verification.reinstate_organisation(current_actor(), organisation_id, now())
