"""Many rights beside the same closed sales: ``comparables.compare`` for all of them at once, by the same arithmetic.

What describes the sold rights is made ready once. Of the others, pieces of text are whole numbers in one column for all
texts together: a piece is three letters of 16 bits, with the number of its text before them.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from marketplace.valuation.comparables import (
    AGE_LIMIT,
    AGE_SLOPE,
    FIELD_WORTH,
    NEAREST,
    SIZE_ELASTICITY,
    SMALLEST_SPREAD,
    Floats,
    Sold,
    Subject,
)

Numbers = NDArray[np.int64]

TEXTS_AT_ONCE = 8_192
"""Thirteen bits beside the forty-eight of a piece."""
_PIECE_BITS = 48
_PIECE = (1 << _PIECE_BITS) - 1
_KEPT = np.zeros(1 << 16, dtype=bool)
_KEPT[np.r_[ord("0") : ord("9") + 1, ord("a") : ord("z") + 1, 0x4E00:0xA000]] = True
_KEPT[0] = True  # the end of a text


def pieces_of(texts: Sequence[str]) -> tuple[Numbers, Numbers]:
    """The distinct pieces of each text, as columns: the place of the text, and the piece."""
    joined = "\0".join(text.replace("\0", " ") for text in texts).lower() + "\0"
    letters = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    letters = letters[letters < len(_KEPT)]
    letters = letters[_KEPT[letters]].astype(np.int64)
    whole = (letters[:-2] > 0) & (letters[1:-1] > 0) & (letters[2:] > 0)
    text = np.cumsum(letters == 0)[:-2][whole]
    piece = ((letters[:-2] << 32) | (letters[1:-1] << 16) | letters[2:])[whole]
    keys = np.sort((text << _PIECE_BITS) | piece)
    keys = keys[np.diff(keys, prepend=-1) > 0]
    return keys >> _PIECE_BITS, keys & _PIECE


class Beside:
    """Closed sales made ready to have many rights of one day set beside them."""

    def __init__(self, sold: Sequence[Sold]) -> None:
        from scipy.sparse import csr_array  # loads only where prices have closed

        self._sold = sorted(sold, key=lambda one: one.reference)
        count = len(self._sold)
        text, piece = _in_parts([one.words for one in self._sold])
        self._known = np.unique(piece)
        place = np.searchsorted(self._known, piece)
        self._pieces = csr_array((np.ones(len(text)), (place, text)), shape=(len(self._known), count))
        self._sizes = np.bincount(text, minlength=count)
        self._fields: dict[tuple[int, str], Floats] = {}
        self._worth_places: dict[tuple[str, ...], int] = {}
        self._worths = np.zeros((64, count))
        for at, one in enumerate(self._sold):
            for length, worth in FIELD_WORTH:
                for part in {code[:length] for code in one.fields}:
                    self._fields.setdefault((length, part), np.zeros(count))[at] = worth
        self._years = _years(self._sold)
        self._logs = np.log([max(one.count, 1) for one in self._sold])
        self._prices = np.array([one.log_price for one in self._sold])

    def values(self, subjects: Sequence[Subject]) -> tuple[Floats, Floats]:
        """``log_mean`` and ``log_sd`` of ``compare`` for each right."""
        likeness = self._likeness(subjects)
        nearest = _largest(likeness)
        weights = np.take_along_axis(likeness, nearest, axis=1)
        apart = np.clip(_years(subjects)[:, None] - self._years[nearest], -AGE_LIMIT, AGE_LIMIT)
        sizes = np.log([max(one.count, 1) for one in subjects])
        prices = self._prices[nearest] + np.nan_to_num(AGE_SLOPE * apart)
        prices -= SIZE_ELASTICITY * (sizes[:, None] - self._logs[nearest])
        total = weights.sum(axis=1)
        mean = (weights * prices).sum(axis=1) / total
        variance = (weights * (prices - mean[:, None]) ** 2).sum(axis=1) / total
        more = 1 + 1 / nearest.shape[1]
        return mean, np.sqrt(np.maximum(variance * more, SMALLEST_SPREAD**2)) * math.sqrt(more)

    def _likeness(self, subjects: Sequence[Subject]) -> Floats:
        """``similarity`` of every right to every sold one."""
        shared, size = self._shared([one.words for one in subjects])
        union = size[:, None] + self._sizes - shared
        overlap = np.divide(shared, union, out=np.zeros(shared.shape), where=union > 0)
        near = np.array([math.exp(-abs(subjects[0].day - one.day) / 365.25 / 3) for one in self._sold])
        return np.asarray(0.1 + 0.4 * overlap + 0.35 * self._field_overlaps(subjects) + 0.15 * near)

    def _shared(self, texts: Sequence[str]) -> tuple[Floats, Numbers]:
        """How many pieces each text shares with each sold right's, and how many it has."""
        from scipy.sparse import csr_array

        text, piece = _in_parts(texts)
        place = np.minimum(np.searchsorted(self._known, piece), max(len(self._known) - 1, 0))
        found = self._known[place] == piece if len(self._known) else np.zeros(len(piece), dtype=bool)
        starts = np.concatenate([[0], np.cumsum(np.bincount(text[found], minlength=len(texts)))])
        own = csr_array((np.ones(int(starts[-1])), place[found], starts), shape=(len(texts), len(self._known)))
        return np.asarray((own @ self._pieces).toarray()), np.bincount(text, minlength=len(texts))

    def _field_overlaps(self, subjects: Sequence[Subject]) -> Floats:
        """The worth of the longest leading part of a code that each right shares with each sold one."""
        places = [self._worth_at(one.fields) for one in subjects]
        return self._worths[places]

    def _worth_at(self, fields: tuple[str, ...]) -> int:
        """Where the worths of these fields stand, found once for all rights that have them."""
        place = self._worth_places.get(fields)
        if place is None:
            place = self._worth_places[fields] = len(self._worth_places)
            if place == len(self._worths):
                self._worths = np.concatenate([self._worths, np.zeros_like(self._worths)])
            keys = {(length, code[:length]) for length, _worth in FIELD_WORTH for code in fields}
            shared = [self._fields[key] for key in keys if key in self._fields]
            self._worths[place] = np.maximum.reduce([np.zeros(len(self._sold)), *shared])
        return place


def _in_parts(texts: Sequence[str]) -> tuple[Numbers, Numbers]:
    """``pieces_of`` for any number of texts."""
    parts = [(first, pieces_of(texts[first : first + TEXTS_AT_ONCE])) for first in range(0, len(texts), TEXTS_AT_ONCE)]
    return np.concatenate([text + first for first, (text, _piece) in parts]), np.concatenate(
        [piece for _first, (_text, piece) in parts]
    )


def _years(rights: Sequence[Subject] | Sequence[Sold]) -> Floats:
    return np.array([one.years_left for one in rights], dtype=float)


def _largest(likeness: Floats) -> Numbers:
    """The places of the nearest sold rights, nearest first; of equals the earlier reference first."""
    if likeness.shape[1] <= 2 * NEAREST:
        return np.argsort(-likeness, axis=1, kind="stable")[:, :NEAREST]
    least = -np.partition(-likeness, NEAREST - 1, axis=1)[:, NEAREST - 1 : NEAREST]
    row, place = np.nonzero(likeness >= least)  # at least eight a row, more where equals share the last place
    order = np.lexsort((place, -likeness[row, place], row))
    first = np.searchsorted(row, np.arange(len(likeness)))
    return np.asarray(place[order[first[:, None] + np.arange(NEAREST)]])
