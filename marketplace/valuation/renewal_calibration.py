"""Making the renewal model's probabilities and ranges honest, from scores of patents it had not seen.

Owners already known and owners never seen are calibrated apart: the first from folds by family, the second from
folds by owner. Recent grants count more (weight halves each year back), so that a drifting level is followed.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
from sklearn.linear_model import LogisticRegression

from marketplace.valuation import renewal_features as features
from marketplace.valuation.renewal_features import Floats
from marketplace.valuation.renewal_model import UPPER_SHARE, stage_chances
from marketplace.valuation.renewal_records import RenewalOutcome, RenewalRecord

COVERAGE = 0.775
"""Aim of the 80 % ranges: a little under the nominal figure, because whole stages always include somewhat more."""
HALF_LIFE_DAYS = 365.0


@dataclass(frozen=True)
class OutOfFold:
    """Patents, outcomes and both halves' scores by models that had not seen their family, or their owner."""

    records: list[RenewalRecord]
    outcomes: list[RenewalOutcome]
    family: Floats
    owner: Floats


@dataclass(frozen=True)
class Calibration:
    """Slope and levels of the fee chances; how much probability a range may leave out; by kind of owner."""

    slope: Floats
    intercept: Floats
    exclusion: Floats


def calibrate(scores: OutOfFold) -> Calibration:
    """Calibrate both kinds of owner."""
    recency = _recency(scores.records)
    kinds = (scores.family, scores.owner)
    levels = [_levels(values, scores.outcomes, recency) for values in kinds]
    slope, intercept = np.array([level[:2] for level in levels]), np.array([level[2:] for level in levels])
    exclusion = []
    for kind, values in enumerate(kinds):
        cumulative = np.cumsum(stage_chances(values @ slope[kind], intercept[kind]), axis=1)
        tolerated = _tolerated(cumulative, scores.outcomes)
        exclusion.append(_weighted_quantile(tolerated, recency, 1 - COVERAGE))
    return Calibration(slope, intercept, np.array(exclusion))


def _recency(records: list[RenewalRecord]) -> Floats:
    days = [record.granted_on.toordinal() if record.granted_on else date.min.toordinal() for record in records]
    back = (max(days) - np.array(days)) / HALF_LIFE_DAYS
    return np.asarray(np.maximum(0.5**back, 0.01))


def _levels(values: Floats, outcomes: list[RenewalOutcome], recency: Floats) -> Floats:
    """How much each half counts, and the level of each fee; a half that would count against itself counts nothing."""
    decisions = features.decisions_of(outcomes)
    weights = recency[decisions.patent]
    useful = np.ones(values.shape[1], dtype=bool)
    while True:
        matrix = np.hstack([(values * useful)[decisions.patent], np.eye(3)[decisions.fee]])
        model = LogisticRegression(C=100.0, max_iter=2000, fit_intercept=False, tol=1e-8)
        levels = np.round(model.fit(matrix, decisions.paid, sample_weight=weights).coef_[0], 8)
        against = levels[: len(useful)] < 0
        if not np.any(against):
            return np.asarray(levels)
        useful &= ~against
        values = values * useful


def _tolerated(cumulative: Floats, outcomes: list[RenewalOutcome]) -> Floats:
    """The largest exclusion at which each patent's true stage would still be inside its range."""
    rows = np.arange(len(outcomes))
    stage = np.array([outcome.stage for outcome in outcomes])
    below = np.where(stage > 0, cumulative[rows, stage - 1], 0.0)
    return np.asarray(np.minimum(cumulative[rows, stage], (1 - below) / UPPER_SHARE))


def _weighted_quantile(values: Floats, weights: Floats, level: float) -> float:
    order = np.argsort(values, kind="stable")
    running = np.cumsum(weights[order])
    position = int(np.searchsorted(running, level * running[-1]))
    return float(round(values[order][min(position, len(values) - 1)] - 1e-9, 10))
