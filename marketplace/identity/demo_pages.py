"""Choosing a demo persona with one click; these pages exist only where the settings say DEMO."""

from typing import Any
from uuid import UUID

from flask import render_template
from sqlalchemy import select

from marketplace.core.db import find, session
from marketplace.core.errors import NotFound, require
from marketplace.core.http import public
from marketplace.identity.blueprints import pages
from marketplace.identity.organisations import Organisation
from marketplace.identity.people import Membership, Person
from marketplace.identity.roles import KIND_LABELS, ROLE_LABELS
from marketplace.identity.sign_in import first_organisation
from marketplace.identity.visitor import enter, go_on, settings


def _personas() -> list[dict[str, Any]]:
    query = (
        select(Person, Membership, Organisation)
        .join(Membership, Membership.person_id == Person.id)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(Person.demo, Person.active, Organisation.demo, Membership.ended_at.is_(None))
        .order_by(Organisation.kind, Organisation.id, Person.id)
        .limit(60)
    )
    return [
        {
            "person": person,
            "organisation": organisation,
            "kind": KIND_LABELS[organisation.kind],
            "role": ROLE_LABELS[membership.role],
        }
        for person, membership, organisation in session.execute(query)
    ]


@pages.get("/demo")
@public
def demo_personas() -> str:
    """The fictional people anybody may act as in a demo."""
    require(settings().demo, NotFound())
    return render_template("identity/demo.html", personas=_personas())


@pages.post("/demo/<uuid:person_id>")
@public
def be_demo_persona(person_id: UUID) -> Any:
    """Sign in as a demo persona; real people can never be entered this way."""
    require(settings().demo, NotFound())
    person = find(Person, person_id)
    require(person.demo and person.active, NotFound())
    enter(person, first_organisation(person), second_factor=True)
    return go_on(None)
