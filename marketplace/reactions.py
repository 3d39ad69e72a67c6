"""When a fact is announced, these functions answer, in the same transaction. The whole choreography is on this page."""

from collections.abc import Sequence
from datetime import datetime

from marketplace.core.actor import Actor
from marketplace.core.events import Fact, Reaction

REACTIONS: dict[type[Fact], Sequence[Reaction]] = {}


def RECORDER(actor: Actor, now: datetime, fact: Fact, before: object, after: object) -> None:
    """Facts are written down by the audit room."""
