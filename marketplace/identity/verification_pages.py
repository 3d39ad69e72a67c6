"""The operator's pages: the queue of organisations to verify, and the decision about one."""

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for

from marketplace.core.clock import now
from marketplace.core.errors import NotFound
from marketplace.core.http import current_actor, needs, page_form
from marketplace.core.i18n import _
from marketplace.identity import identifiers, people, roles, verification
from marketplace.identity.blueprints import pages
from marketplace.identity.organisations import Organisation, OrganisationStatus, find_organisation
from marketplace.identity.schemas import ReasonIn


def _decided(organisation: Organisation) -> Any:
    flash(_("Decided: %(name)s.", name=organisation.name), "good")
    return redirect(url_for("identity.verification_queue"), code=303)


@pages.get("/verifications")
@needs("platform.verify")
def verification_queue() -> str:
    """Who waits for verification, and who was decided about."""
    asked = request.args.get("status", OrganisationStatus.SUBMITTED.value)
    if asked not in list(OrganisationStatus):
        raise NotFound()
    status = OrganisationStatus(asked)
    found = verification.organisations_with_status(current_actor(), status)
    return render_template(
        "identity/verification_queue.html",
        organisations=found,
        status=status,
        words=verification.STATUS_WORDS,
        kinds=roles.KIND_LABELS,
    )


@pages.get("/verifications/<uuid:organisation_id>")
@needs("platform.verify")
def verification_case(organisation_id: UUID) -> str:
    """One organisation with everything the decision needs."""
    organisation = find_organisation(organisation_id)
    return render_template(
        "identity/verification_case.html",
        organisation=organisation,
        status=verification.STATUS_WORDS[organisation.status],
        kind=roles.KIND_LABELS[organisation.kind],
        identifier=identifiers.KIND_LABELS[organisation.identifier_kind],
        documents=verification.licence_documents_of(organisation.id),
        licence_labels=verification.LICENCE_LABELS,
        namesakes=verification.verified_namesakes(organisation),
        members=people.people_in(organisation.id),
        role_labels=roles.ROLE_LABELS,
        own=current_actor().organisation_id == organisation.id,
    )


@pages.post("/verifications/<uuid:organisation_id>/approval")
@needs("platform.verify")
def approve_organisation(organisation_id: UUID) -> Any:
    """Verify the organisation."""
    return _decided(verification.approve_organisation(current_actor(), organisation_id, now()))


@pages.post("/verifications/<uuid:organisation_id>/return")
@needs("platform.verify")
def return_organisation(organisation_id: UUID) -> Any:
    """Send the registration back."""
    reason = page_form(ReasonIn)["reason"]
    return _decided(verification.return_organisation(current_actor(), organisation_id, reason, now()))


@pages.post("/verifications/<uuid:organisation_id>/suspension")
@needs("platform.verify")
def suspend_organisation(organisation_id: UUID) -> Any:
    """Stop the organisation."""
    reason = page_form(ReasonIn)["reason"]
    return _decided(verification.suspend_organisation(current_actor(), organisation_id, reason, now()))


@pages.post("/verifications/<uuid:organisation_id>/reinstatement")
@needs("platform.verify")
def reinstate_organisation(organisation_id: UUID) -> Any:
    """Let the organisation act again."""
    return _decided(verification.reinstate_organisation(current_actor(), organisation_id, now()))
