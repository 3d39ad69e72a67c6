"""The second half of the renewal score: step functions of single inputs, and inputs set against their cohort.

The steps come from boosted one-split trees, so that the sum stays readable: one curve for each input. They learn with
owners left out of their own inventors' history, so that they hold for an owner never seen. Plain arrays, no trees.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from marketplace.valuation import renewal_features as features
from marketplace.valuation.renewal_features import Floats, InventorHistory
from marketplace.valuation.renewal_records import NUMBER_COLUMNS, SECTIONS, RenewalRecord

COHORT_LEAST = 50
"""A field and year with fewer patents is pooled with the whole field, then with all fields."""
QUANTILES = 21
COUNTS = tuple(NUMBER_COLUMNS)
SHAPE_NAMES = (
    *features.NUMBER_NAMES,
    *(f"cohort_{name}" for name in COUNTS),
    "inventor_history",
    "inventor_history_weight",
)


@dataclass(frozen=True)
class Block:
    """One additive part of the score: its value and, where unknown, the range it could have had."""

    value: Floats
    low: Floats
    high: Floats
    unknown: NDArray[np.bool_]


@dataclass(frozen=True)
class Cohorts:
    """How the counts of a field's patents of one year are spread, to set a patent against its own cohort."""

    names: tuple[str, ...]  # "G-2005", "G", ""
    grids: Floats  # cohort x count x quantile

    def ranks(self, records: Sequence[RenewalRecord], numbers: Floats) -> Floats:
        """Share of the cohort at or below each count, 0 to 1; NaN where the count, field or year is unknown."""
        answer = np.full((len(records), len(COUNTS)), np.nan)
        members: dict[str, list[int]] = {}
        for row, record in enumerate(records):
            name = cohort_of(record, self.names)
            if name is not None:
                members.setdefault(name, []).append(row)
        for name, rows in members.items():
            grid = self.grids[self.names.index(name)]
            answer[rows] = np.mean(grid <= numbers[rows, : len(COUNTS), None], axis=2)
        return np.where(np.isnan(numbers[:, : len(COUNTS)]), np.nan, answer)


def field_of(record: RenewalRecord) -> str | None:
    """The patent's main CPC section; None when any section is unknown."""
    known = [share for share in record.sections.values() if share is not None]
    if len(known) < len(SECTIONS):
        return None
    return max(SECTIONS, key=lambda section: record.sections[section] or 0.0) if any(known) else ""


def cohort_of(record: RenewalRecord, names: Sequence[str]) -> str | None:
    """The narrowest cohort held for a patent; a year never seen counts as the nearest one seen."""
    field = field_of(record)
    if field is None or record.granted_on is None:
        return None
    years = _years_held(tuple(names), field)
    if years:
        return f"{field}-{min(years, key=lambda year: (abs(year - _year(record)), year))}"
    return field if field in names else ""


@lru_cache(maxsize=64)
def _years_held(names: tuple[str, ...], field: str) -> tuple[int, ...]:
    """The years of a field that have a cohort of their own."""
    return tuple(int(name[2:]) for name in names if name.startswith(f"{field}-") and len(name) > 2)


def _year(record: RenewalRecord) -> int:
    return record.granted_on.year if record.granted_on else 0


def learn_cohorts(records: Sequence[RenewalRecord], numbers: Floats) -> Cohorts:
    """The spread of every count in every field and year with enough patents."""
    members: dict[str, list[int]] = {"": list(range(len(records)))}
    for row, record in enumerate(records):
        field = field_of(record)
        for name in {field, f"{field}-{_year(record)}"} if field and record.granted_on else set():
            members.setdefault(name, []).append(row)
    kept = sorted(name for name, rows in members.items() if len(rows) >= COHORT_LEAST or name == "")
    levels = np.linspace(0, 1, QUANTILES)
    grids = []
    for name in kept:
        inside = numbers[members[name], : len(COUNTS)]
        filled = np.where(np.all(np.isnan(inside), axis=0), 0.0, inside)
        grids.append(np.nanquantile(filled, levels, axis=0).T)
    return Cohorts(tuple(kept), np.round(np.array(grids), 8))


@dataclass(frozen=True)
class Shapes:
    """One step function for each of ``SHAPE_NAMES``: value ``heights[i]`` from ``edges[i - 1]`` on."""

    starts: NDArray[np.int64]  # where each input's heights begin
    edges: Floats
    heights: Floats
    bounds: Floats  # input x (lowest, mean, highest)
    cohorts: Cohorts
    history: InventorHistory

    def blocks(self, records: Sequence[RenewalRecord], numbers: Floats) -> dict[str, Block]:
        """Every curve's part of the score by the name of its input."""
        matrix = shape_inputs(records, numbers, self.cohorts, self.history.of(records))
        return {name: self._block(column, matrix[:, column]) for column, name in enumerate(SHAPE_NAMES)}

    def _block(self, column: int, raw: Floats) -> Block:
        start, end = int(self.starts[column]), int(self.starts[column + 1])
        steps, heights = self.edges[start + 1 : end], self.heights[start:end]
        unknown = np.isnan(raw)
        inside = np.where(unknown, 0.0, raw)
        low, mean, high = self.bounds[column]
        value = np.where(unknown, mean, heights[np.searchsorted(steps, inside, side="right")])
        return Block(value, np.where(unknown, low, value), np.where(unknown, high, value), unknown)


def shape_inputs(records: Sequence[RenewalRecord], numbers: Floats, cohorts: Cohorts, history: Floats) -> Floats:
    """The inputs of the curves in the order of ``SHAPE_NAMES``; unknown is NaN."""
    nameless = np.array([record.inventors is None for record in records], dtype=bool)
    past = np.where(nameless[:, None], np.nan, history)
    return np.hstack([numbers, cohorts.ranks(records, numbers), past])


def no_shapes() -> Shapes:
    """Curves that are flat everywhere, for a model without this half."""
    count = len(SHAPE_NAMES)
    return Shapes(
        np.arange(count + 1),
        np.zeros(count),
        np.zeros(count),
        np.zeros((count, 3)),
        Cohorts(("",), np.zeros((1, len(COUNTS), QUANTILES))),
        InventorHistory(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0)),
    )
