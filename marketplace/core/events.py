"""Announced facts: each becomes one audit event, then the functions that answer it run in the same transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar, Protocol
from uuid import UUID

from marketplace.core.actor import Actor


@dataclass(frozen=True)
class Fact:
    """Something that happened, in the past tense; its first field is the thing it happened to."""

    answered: ClassVar[bool] = True
    """Whether somebody may answer it; a fact that is only written down loads no other room."""

    @property
    def subject_id(self) -> UUID:
        """The thing whose history this fact belongs to."""
        identity: UUID = getattr(self, fields(self)[0].name)
        return identity

    def payload(self) -> dict[str, Any]:
        """The fact's fields by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


class Recorder(Protocol):
    """Writes one fact into the audit trail."""

    def __call__(
        self, actor: Actor, now: datetime, fact: Fact, before: dict[str, Any] | None, after: dict[str, Any] | None
    ) -> Any: ...


Reaction = Callable[[Actor, Any, datetime], None]
Answers = Callable[[type[Fact]], Sequence[Reaction]]

_listeners: list[tuple[Recorder, Answers]] = []


def listen(recorder: Recorder, answers: Answers) -> None:
    """Say who writes facts down and who answers each kind of fact; called once when the application is made."""
    _listeners[:] = [(recorder, answers)]


def announce(
    actor: Actor,
    now: datetime,
    fact: Fact,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> Any:
    """Record the fact and let everyone concerned answer it; returns the audit event."""
    event = None
    for recorder, answers in _listeners:
        event = recorder(actor, now, fact, before, after)
        for reaction in answers(type(fact)) if fact.answered else ():
            reaction(actor, fact, now)
    return event
