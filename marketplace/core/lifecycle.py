"""Which status may follow which, as a table that raises."""

from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar, Generic, TypeVar

from marketplace.core.errors import Refused
from marketplace.core.i18n import _l

S = TypeVar("S", bound=StrEnum)


class WrongStatus(Refused):
    """The thing is not in a status from which this step can be taken."""

    message = _l("This step is not possible now: the status is “%(current)s”.")


class Lifecycle(Generic[S]):
    """The allowed moves of one kind of thing; a final status maps to the empty set."""

    known: ClassVar[dict[str, "Lifecycle[StrEnum]"]] = {}

    def __init__(self, name: str, moves: Mapping[S, set[S]]) -> None:
        self.name = name
        self.moves = moves
        Lifecycle.known[name] = self  # type: ignore[assignment]  # one registry of all, read by tests and docs

    def allows(self, current: S, following: S) -> bool:
        """Whether the move is in the table."""
        return following in self.moves.get(current, set())

    def check(self, current: S, following: S) -> S:
        """Return the following status, or refuse the move."""
        if not self.allows(current, following):
            raise WrongStatus(current=current.value, wanted=following.value)
        return following
