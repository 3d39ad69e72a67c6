"""One's own account: how a person is called and in which language they are told things."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from marketplace.core.actor import Actor
from marketplace.core.db import find, session
from marketplace.core.errors import require
from marketplace.core.events import Fact, announce
from marketplace.identity.people import Person


@dataclass(frozen=True)
class ProfileChanged(Fact):
    """A person changed their name or language."""

    person_id: UUID


def change_profile(actor: Actor, name: str, language: str, now: datetime) -> Person:
    """Keep the person's own name and language."""
    require(actor.person_id is not None)
    assert actor.person_id is not None
    person = find(Person, actor.person_id, lock=True)
    before = {"name": person.name, "language": person.language}
    person.name, person.language = name.strip(), language
    session.flush()
    announce(actor, now, ProfileChanged(person.id), before=before, after={"name": person.name, "language": language})
    return person
