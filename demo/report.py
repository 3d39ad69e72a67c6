"""What the journey prints: words without figures, and figures only as they were read back from the marketplace."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

WIDTH = 72
AMOUNT = re.compile(r"-?\d+\.\d{2}")
WORDS = re.compile(r"[a-z]+(_[a-z]+)+")


class StepFailed(Exception):
    """A step of the journey was not answered as it should be."""


class Difference(StepFailed):
    """A figure that was read back is not the one that was announced."""


def readable(value: Any) -> str:
    """A value as people read it: amounts with separators, yes or no, words apart."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal) or AMOUNT.fullmatch(str(value)):
        return f"{Decimal(value):,.2f}"
    return str(value).replace("_", " ") if WORDS.fullmatch(str(value)) else str(value)


def percent(bps: Any) -> str:
    """Basis points as a percentage."""
    return f"{Decimal(bps) / 100:.2f} %"


@dataclass(frozen=True)
class Figure:
    """What an act announced, and how the same is read back from the marketplace."""

    announced: Any
    read: Callable[[], Any]
    shown: Callable[[Any], Any] = readable

    def shortened(self, shown: Callable[[Any], Any]) -> "Figure":
        """The same, compared whole and printed in short."""
        return replace(self, shown=shown)


def show(step: str, **figures: Figure) -> None:
    """Print one step; each figure is read back first, and any difference ends the journey."""
    if any(character.isdigit() for character in step):
        raise StepFailed(f"a figure stands in the words of a step, where nobody reads it back: {step}")
    seen = {name: figure.read() for name, figure in figures.items()}
    for name, figure in figures.items():
        if seen[name] != figure.announced:
            raise Difference(f"{step}: {name} reads {seen[name]!r}, announced was {figure.announced!r}")
    print(f"  {step:<{WIDTH}}" + _line(figures, seen), flush=True)


def _line(figures: dict[str, Figure], seen: dict[str, Any]) -> str:
    return "  ".join(f"{name.replace('_', ' ')} {figure.shown(seen[name])}" for name, figure in figures.items())


def chapter(title: str) -> None:
    """The heading of a group of steps."""
    print(f"\n{title}", flush=True)


def until(read: Callable[[], Any], arrived: Callable[[Any], bool], what: str, seconds: float = 30) -> Any:
    """Read until the worker has done its part; what was read then."""
    deadline = time.monotonic() + seconds
    while not arrived(seen := read()):
        if time.monotonic() > deadline:
            raise StepFailed(f"{what} did not come within {seconds:.0f} seconds; last seen: {seen!r}")
        time.sleep(0.1)
    return seen
