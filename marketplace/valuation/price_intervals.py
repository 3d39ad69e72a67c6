"""Honest ranges around log prices: from how far past answers missed, by segment, and followed as the market moves.

Split-conformal ranges on the log scale over a rolling window of past misses; a segment with fewer than 50 borrows
from all. The middle follows the newest signed misses; a monitor of the same misses says when to stop answering.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marketplace.valuation.price_model import Floats

POOL_BELOW = 50
WINDOW = 1200
SHIFT_WINDOW = 150
DRIFT_WINDOW = 100
DRIFT_ALARM = 3.5
"""A mean signed miss this many standard errors from zero over the window says that prices moved away (measured:
no false alarm in five control streams, a slow slump of two years found in its first half)."""


@dataclass(frozen=True)
class Misses:
    """Past signed misses (log price less answer), oldest first, with their segments."""

    signed: Floats
    segment: NDArray[np.str_]

    def last(self, count: int) -> "Misses":
        """The newest ones."""
        return Misses(self.signed[-count:], self.segment[-count:])


def level_shift(misses: Misses) -> float:
    """How far the market stands above the answers, from the newest misses of all segments together."""
    newest = misses.last(SHIFT_WINDOW).signed
    return float(np.median(newest)) if len(newest) >= POOL_BELOW else 0.0


def reach(misses: Misses, segment: str, level: float) -> float:
    """Half the width, in log price, of a range that held ``level`` of a segment's past prices; infinite without any."""
    recent = misses.last(WINDOW)
    own = recent.signed[recent.segment == segment]
    sizes = np.sort(np.abs(own if len(own) >= POOL_BELOW else recent.signed))
    position = math.ceil((len(sizes) + 1) * level) - 1
    return float(sizes[position]) if position < len(sizes) else math.inf


def drift(signed: Sequence[float] | Floats) -> float | None:
    """Standard errors that the newest misses' mean is from zero; None while there are too few to tell."""
    newest = np.asarray(signed, dtype=np.float64)[-DRIFT_WINDOW:]
    if len(newest) < POOL_BELOW:
        return None
    error = float(np.std(newest, ddof=1)) / math.sqrt(len(newest))
    return float(np.mean(newest)) / max(error, 1e-9)


def has_drifted(signed: Sequence[float] | Floats) -> bool:
    """Whether automatic answers have to stop until people have looked."""
    moved = drift(signed)
    return moved is not None and abs(moved) > DRIFT_ALARM
