"""Organisations, people and actors for tests."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

from marketplace.core.actor import Actor
from marketplace.core.db import session
from marketplace.identity.organisations import Organisation, OrganisationKind, OrganisationStatus
from marketplace.identity.people import Membership, Person, actor_for
from marketplace.identity.roles import Role

_numbers = count(1)


def make_organisation(kind: str = "company", **changes: Any) -> Organisation:
    """An approved organisation with a plainly fictional name."""
    number = next(_numbers)
    fields: dict[str, Any] = {
        "kind": OrganisationKind(kind),
        "status": OrganisationStatus.APPROVED,
        "name_zh": f"虚构{number}号有限公司",
        "name_en": f"Fictional {number} Ltd",
        "credit_code": f"TEST{number:014d}",
    }
    organisation = Organisation(**(fields | changes))
    session.add(organisation)
    session.flush()
    return organisation


def make_person(**changes: Any) -> Person:
    """A person with an unused e-mail address."""
    number = next(_numbers)
    person = Person(**({"email": f"person{number}@fictional.example", "name": f"Person {number}"} | changes))
    session.add(person)
    session.flush()
    return person


def make_actor(
    organisation: Organisation | None = None, role: Role = Role.ADMINISTRATOR, kind: str = "company", **changes: Any
) -> Actor:
    """Somebody freshly signed in who acts for an (approved, unless given) organisation."""
    organisation = organisation or make_organisation(kind)
    person = make_person()
    session.add(Membership(person_id=person.id, organisation_id=organisation.id, role=role))
    session.flush()
    options: dict[str, Any] = {"authenticated_at": datetime.now(UTC), "second_factor": True}
    return actor_for(person.id, organisation.id, **(options | changes))
