"""Four eyes: above the organisation's limit a second person must agree."""

from uuid import UUID

from marketplace.core.actor import Actor
from marketplace.core.errors import NotAllowed, require
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.identity.organisations import four_eyes_limit


class SecondPersonNeeded(NotAllowed):
    """The same person may not both ask for and approve this."""

    message = _l("A second person of your organisation must approve this.")


def needs_second_person(organisation_id: UUID, amount: Money) -> bool:
    """Whether this amount is above the organisation's own limit (no limit set: always)."""
    limit = four_eyes_limit(organisation_id)
    return limit is None or limit.currency != amount.currency or amount > limit


def require_second_person(actor: Actor, initiator_id: UUID | None, amount: Money) -> None:
    """Refuse when the approver is the initiator and the amount is above the limit."""
    if actor.organisation_id is not None and needs_second_person(actor.organisation_id, amount):
        require_another_person(actor, initiator_id)


def require_another_person(actor: Actor, initiator_id: UUID | None) -> None:
    """Refuse unless the actor is a human being other than the initiator, whatever role or organisation they act in."""
    require(actor.person_id is not None and actor.person_id != initiator_id, SecondPersonNeeded())
