"""Choosing a demo persona with one click; these pages exist only where the settings say DEMO."""

from typing import Any
from uuid import UUID

from flask import render_template, request
from sqlalchemy import select

from marketplace.core.clock import now
from marketplace.core.db import find, session
from marketplace.core.errors import NotFound, require
from marketplace.core.http import public, signed_in
from marketplace.core.i18n import _l
from marketplace.identity.blueprints import pages
from marketplace.identity.organisations import Organisation, OrganisationKind
from marketplace.identity.people import Membership, Person
from marketplace.identity.roles import KIND_LABELS, ROLE_LABELS
from marketplace.identity.sessions import renew_token
from marketplace.identity.sign_in import first_organisation
from marketplace.identity.visitor import enter, go_on, keep_token, require_visit, settings

ORGANISATIONS_SHOWN = 2
TO_TRY = {
    OrganisationKind.COMPANY: _l(
        "Import and value assets, list them, answer offers; search, bid and buy; apply for a loan."
    ),
    OrganisationKind.BANK: _l("Open applications, offer terms, register the pledge, pay out, enter repayments, claim."),
    OrganisationKind.POOL_ADMINISTRATOR: _l("Confirm enrolments, decide claims, see capacity and recoveries."),
    OrganisationKind.GUARANTOR: _l("See your share of each loss and recovery."),
    OrganisationKind.INSURER: _l("See your share of each loss and recovery."),
    OrganisationKind.APPRAISER: _l("See your share of each loss and recovery."),
    OrganisationKind.PLATFORM_OPERATOR: _l("Verify organisations, confirm bank transfers and recordals."),
    OrganisationKind.AUDITOR: _l("Read the audit trail and check receipts; change nothing."),
    OrganisationKind.SERVICE_PROVIDER: _l("Look around as an agency."),
}
"""What each kind of persona is good for, in the order of the journey."""


def _personas() -> list[dict[str, Any]]:
    query = (
        select(Person, Membership, Organisation)
        .join(Membership, Membership.person_id == Person.id)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(Person.demo, Person.active, Organisation.demo, Membership.ended_at.is_(None))
        .order_by(Organisation.kind, Organisation.id, Person.id)
        .limit(300)
    )
    return [
        {
            "person": person,
            "organisation": organisation,
            "kind": KIND_LABELS[organisation.kind],
            "role": ROLE_LABELS[membership.role],
            "try": TO_TRY[organisation.kind],
        }
        for person, membership, organisation in session.execute(query)
    ]


def _leading(personas: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The people of the first two organisations of each kind, in the order of the journey."""
    seen: dict[OrganisationKind, list[UUID]] = {kind: [] for kind in TO_TRY}
    for persona in personas:
        organisation = persona["organisation"]
        if organisation.id not in seen[organisation.kind] and len(seen[organisation.kind]) < ORGANISATIONS_SHOWN:
            seen[organisation.kind].append(organisation.id)
    order = [identity for kind in TO_TRY for identity in seen[kind]]
    shown = [persona for persona in personas if persona["organisation"].id in order]
    return sorted(shown, key=lambda persona: order.index(persona["organisation"].id))


@pages.get("/demo")
@public
def demo_personas() -> str:
    """The fictional people anybody may act as in a demo."""
    require(settings().demo, NotFound())
    personas = _personas()
    leading = _leading(personas)
    return render_template(
        "identity/demo.html", personas=leading, others=[persona for persona in personas if persona not in leading]
    )


@pages.post("/demo/<uuid:person_id>")
@public
def be_demo_persona(person_id: UUID) -> Any:
    """Sign in as a demo persona; real people can never be entered this way."""
    require(settings().demo, NotFound())
    person = find(Person, person_id)
    require(person.is_persona and person.active, NotFound())
    enter(person, first_organisation(person), second_factor=True)
    return go_on(None)


@pages.post("/demo/confirmation")
@signed_in
def confirm_as_persona() -> Any:
    """A persona has no password: in a demo one click proves again who it is."""
    visit = require_visit()
    require(settings().demo and visit.person.is_persona, NotFound())
    visit.session.authenticated_at = now()
    keep_token(renew_token(visit.session))
    return go_on(request.form.get("next"))
