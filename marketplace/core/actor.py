"""Who is asking: the person, the organisation they act for, and what they may do."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Actor:
    """One person acting for one organisation through one channel."""

    person_id: UUID | None
    organisation_id: UUID | None
    organisation_kind: str = ""
    permissions: frozenset[str] = frozenset()
    approved: bool = False
    authenticated_at: datetime | None = None
    second_factor: bool = False
    via: str = "web"

    def may(self, permission: str) -> bool:
        """Whether the actor's role in the acting organisation carries this permission."""
        return permission in self.permissions


SYSTEM = Actor(person_id=None, organisation_id=None, permissions=frozenset({"system"}), approved=True, via="job")
