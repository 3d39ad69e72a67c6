"""The same learning judged three ways: on later grants, on owners never seen, and on random patents.

Random splits look better than use will be; the gap between the three is itself a figure.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.valuation import renewal_features as features
from marketplace.valuation.renewal_evaluation import evaluate
from marketplace.valuation.renewal_records import hash_of, labelled, read_records
from marketplace.valuation.renewal_training import Labelled, learn

KEPT_ASIDE = 4
"""One part in so many is kept aside: the newest grants, a fourth of the owners, a fourth of the patents."""


def compare_splits(path: Path) -> dict[str, Any]:
    """Learn three times without the part kept aside and judge on it; every figure with a bootstrap interval."""
    data, file_hash = labelled(*read_records(path)), hash_of(path)
    return {name: _judge(data, aside, file_hash) for name, aside in _parts(data).items()}


def _parts(data: Labelled) -> dict[str, NDArray[np.bool_]]:
    """Which patents each split keeps aside; labelled patents come in order of grant."""
    records = data[0]
    newest = np.arange(len(records)) >= len(records) * (KEPT_ASIDE - 1) // KEPT_ASIDE
    owners = features.folds_by([features.owner_group(record) for record in records], KEPT_ASIDE) == 0
    chance = features.folds_by([record.id for record in records], KEPT_ASIDE) == 0
    return {"time": newest, "owner": owners, "random": chance}


def _judge(data: Labelled, aside: NDArray[np.bool_], file_hash: str) -> dict[str, Any]:
    inside, outside = (_take(data, rows) for rows in (~aside, aside))
    model = learn(inside, file_hash)
    return {"learned_from": len(inside[0])} | evaluate(model.predict(outside[0]), outside[1])


def _take(data: Labelled, rows: NDArray[np.bool_]) -> Labelled:
    taken = np.flatnonzero(rows)
    return [data[0][row] for row in taken], [data[1][row] for row in taken]
