"""A price model on log prices: chosen between linear and boosted by time, never falling in life, family or claims.

Missing inputs stay missing: each has its own known-or-not input, and the mean takes its place. Log prices are natural
logarithms of constant money; asking prices, appraisals and loans are never inputs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SEED = 20261122
STRENGTH = 3.0
"""Ridge penalty, in observations."""
BOOSTED_FROM = 1000
"""Fewer prices than this are never boosted: with little data a line is better (measured, `docs/valuation.md`)."""
LINEAR_WITHIN = 0.005
"""The line is kept unless boosting is better by more than this on later prices."""


@dataclass(frozen=True)
class PriceTable:
    """Closed prices as columns: inputs known on the day of sale, log price, segment, day, owner."""

    names: tuple[str, ...]
    rising: frozenset[str]
    inputs: Floats  # NaN is unknown
    log_price: Floats
    segment: NDArray[np.str_]
    day: NDArray[np.int64]
    owner: NDArray[np.str_]

    def take(self, rows: Any) -> "PriceTable":
        """Some of the rows."""
        parts = (self.inputs, self.log_price, self.segment, self.day, self.owner)
        return PriceTable(self.names, self.rising, *(part[rows] for part in parts))

    def __len__(self) -> int:
        return len(self.log_price)


class Regressor(Protocol):
    """Anything that turns inputs into log prices."""

    def predict(self, inputs: Floats, segment: NDArray[np.str_]) -> Floats:
        """Middle log price of each row."""


@dataclass(frozen=True)
class Design:
    """Inputs made comparable: centred, scaled, with known-or-not columns and a level for each segment."""

    centre: Floats
    scale: Floats
    gaps: NDArray[np.bool_]
    segments: tuple[str, ...]

    def matrix(self, inputs: Floats, segment: NDArray[np.str_]) -> Floats:
        """Standard inputs, gaps, segment levels and one; segment levels are shrunk by the common penalty."""
        unknown = np.isnan(inputs)
        standard = np.where(unknown, 0.0, (inputs - self.centre) / self.scale)
        levels = (segment[:, None] == np.array(self.segments)[None, :]).astype(float)
        return np.hstack([standard, unknown[:, self.gaps], levels, np.ones((len(inputs), 1))])


def design_of(table: PriceTable) -> Design:
    """The design that a table's own spread asks for."""
    unknown = np.isnan(table.inputs)
    filled = np.where(unknown & np.all(unknown, axis=0), 0.0, table.inputs)
    spread = np.nanstd(filled, axis=0)
    segments = tuple(sorted(set(table.segment.tolist())))
    return Design(
        np.nanmean(filled, axis=0), np.where(spread > 1e-9, spread, 1.0), np.asarray(unknown.any(axis=0)), segments
    )


@dataclass(frozen=True)
class Line:
    """Penalised least squares; weights of rising inputs are never negative."""

    design: Design
    weights: Floats

    def predict(self, inputs: Floats, segment: NDArray[np.str_]) -> Floats:
        """Middle log price of each row."""
        return np.asarray(self.design.matrix(inputs, segment) @ self.weights)


def fit_line(table: PriceTable) -> Line:
    """The line through a table of prices."""
    design = design_of(table)
    matrix = design.matrix(table.inputs, table.segment)
    count = matrix.shape[1]
    penalty = np.sqrt(STRENGTH) * np.eye(count)[:-1]  # the common level is free
    least = np.full(count, -np.inf)
    least[[index for index, name in enumerate(table.names) if name in table.rising]] = 0.0
    stacked = np.vstack([matrix, penalty]), np.append(table.log_price, np.zeros(count - 1))
    from scipy.optimize import lsq_linear  # loads only where prices are learned

    solved = lsq_linear(*stacked, bounds=(least, np.inf), tol=1e-10)
    return Line(design, np.round(solved.x, 10))


@dataclass(frozen=True)
class Boosted:
    """Boosted trees over the same inputs, added to the line's answer."""

    line: Line
    trees: Any

    def predict(self, inputs: Floats, segment: NDArray[np.str_]) -> Floats:
        """Middle log price of each row."""
        return np.asarray(self.line.predict(inputs, segment) + self.trees.predict(inputs))


def fit_boosted(table: PriceTable) -> Boosted:
    """Trees on what the line leaves unexplained; monotone in the same inputs, so the sum is too."""
    from sklearn.ensemble import HistGradientBoostingRegressor  # loads only where prices are learned

    line = fit_line(table)
    trees = HistGradientBoostingRegressor(
        max_iter=80,
        learning_rate=0.05,
        max_leaf_nodes=6,
        min_samples_leaf=40,
        l2_regularization=5.0,
        monotonic_cst=[int(name in table.rising) for name in table.names],
        early_stopping=False,
        random_state=SEED,
    )
    return Boosted(line, trees.fit(table.inputs, table.log_price - line.predict(table.inputs, table.segment)))


@dataclass(frozen=True)
class Choice:
    """Which kind of model was chosen, and what each missed on later prices."""

    kind: str
    later_error: dict[str, float] = field(default_factory=dict)


def choose(table: PriceTable) -> Choice:
    """Choose by nested time validation: learn from the earlier three quarters, judge on the last."""
    if len(table) < BOOSTED_FROM:
        return Choice("line")
    order = np.argsort(table.day, kind="stable")
    cut = len(order) * 3 // 4
    earlier, later = table.take(order[:cut]), table.take(order[cut:])
    errors = {}
    for kind in ("line", "boosted"):
        missed = later.log_price - fit(earlier, kind).predict(later.inputs, later.segment)
        errors[kind] = round(float(np.mean(np.abs(missed - np.median(missed)))), 6)
    return Choice("boosted" if errors["boosted"] < errors["line"] - LINEAR_WITHIN else "line", errors)


def fit(table: PriceTable, kind: str) -> Regressor:
    """A model of the chosen kind."""
    return fit_boosted(table) if kind == "boosted" else fit_line(table)


@dataclass(frozen=True)
class SaleChance:
    """Chance that a listed right sells, from its inputs."""

    design: Design
    weights: Floats

    def predict(self, inputs: Floats, segment: NDArray[np.str_]) -> Floats:
        """P(sold) of each row."""
        return np.asarray(1 / (1 + np.exp(-self.design.matrix(inputs, segment) @ self.weights)))


def fit_sale_chance(table: PriceTable, sold: Sequence[bool] | NDArray[np.bool_]) -> SaleChance:
    """Penalised logistic regression of sold or not."""
    from sklearn.linear_model import LogisticRegression

    design = design_of(table)
    matrix = design.matrix(table.inputs, table.segment)
    model = LogisticRegression(C=1.0, max_iter=1000, fit_intercept=False).fit(matrix, np.asarray(sold))
    return SaleChance(design, np.round(model.coef_[0], 10))
