"""Learning the curves of ``renewal_shapes`` with boosted one-split trees, then keeping only the curves."""

from collections.abc import Sequence

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from marketplace.valuation import renewal_features as features
from marketplace.valuation.renewal_features import Floats, InventorHistory
from marketplace.valuation.renewal_records import RenewalOutcome, RenewalRecord
from marketplace.valuation.renewal_shapes import SHAPE_NAMES, Cohorts, Shapes, learn_cohorts, shape_inputs

MOST_ROUNDS = 400
PATENTS_A_ROUND = 10
LEARNING_RATE = 0.08
LEAF_LEAST = 100
SHARE_OF_INPUTS = 0.2
RISING = frozenset({"claims", "cohort_claims"})
"""More claims never lower the score, the rest being equal."""
SEED = 20261122
EACH_ALONE = 1 << 60
"""So many folds that every owner has its own."""


def learn_shapes(records: Sequence[RenewalRecord], outcomes: Sequence[RenewalOutcome], numbers: Floats) -> Shapes:
    """Fit the curves over all fee decisions; each patent's own owner is left out of its inventors' history."""
    cohorts = learn_cohorts(records, numbers)
    history, own = features.learn_history(records, outcomes, features.owner_group, folds=EACH_ALONE)
    matrix = shape_inputs(records, numbers, cohorts, history.of(records, own))
    decisions = features.decisions_of(outcomes)
    model = HistGradientBoostingClassifier(
        max_iter=max(10, min(MOST_ROUNDS, len(records) // PATENTS_A_ROUND)),
        learning_rate=LEARNING_RATE,
        max_leaf_nodes=2,
        min_samples_leaf=min(LEAF_LEAST, max(len(records) // 20, 1)),
        max_features=SHARE_OF_INPUTS,
        monotonic_cst=[int(name in RISING) for name in SHAPE_NAMES] + [0],
        early_stopping=False,
        random_state=SEED,
    )
    model.fit(np.column_stack([matrix[decisions.patent], decisions.fee]), decisions.paid)
    return _curves(model, matrix, cohorts, history)


def _curves(
    model: HistGradientBoostingClassifier, matrix: Floats, cohorts: Cohorts, history: InventorHistory
) -> Shapes:
    """Read each input's curve off the model at every value it was shown: the trees add up, so curves say it all."""
    base = np.append(np.nan_to_num(np.nanmedian(matrix, axis=0)), 1.0)
    origin = float(model.decision_function(base[None])[0])
    starts, edges, heights, bounds = [0], [], [], []
    for column in range(matrix.shape[1]):
        known = matrix[~np.isnan(matrix[:, column]), column]
        seen, count = np.unique(known, return_counts=True) if len(known) else (np.zeros(1), np.ones(1))
        cases = np.tile(base, (len(seen), 1))
        cases[:, column] = seen
        curve = np.round(model.decision_function(cases) - origin, 8)
        turns = np.flatnonzero(np.diff(curve, prepend=np.nan))  # the first value always begins a step
        edges.append(np.append(-np.inf, (seen[turns[1:]] + seen[turns[1:] - 1]) / 2))
        heights.append(curve[turns])
        bounds.append([curve.min(), float(np.average(curve, weights=count)), curve.max()])
        starts.append(starts[-1] + len(turns))
    return Shapes(
        np.array(starts),
        np.concatenate(edges),
        np.concatenate(heights).astype(np.float64),
        np.asarray(bounds, dtype=np.float64).round(8),
        cohorts,
        history,
    )
