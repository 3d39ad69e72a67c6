"""Keeping a renewal model as plain arrays and JSON: nothing in a model folder can run code when it is read."""

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l
from marketplace.valuation.renewal_features import InventorHistory
from marketplace.valuation.renewal_model import AdditiveScore, RenewalModel, TermBlock
from marketplace.valuation.renewal_shapes import Cohorts, Shapes

DEFAULT_FOLDER = Path(__file__).parent / "models" / "renewal"
"""The model shipped with the package: ``flask valuation train --data renewal_train.csv --out <this folder>``."""

_ADDITIVE = (
    *("centre", "scale", "lowest", "highest", "coefficient"),
    *("history_centre", "history_scale", "history_coefficient", "history_bounds"),
)
_SHAPES = ("starts", "edges", "heights", "bounds")
_TERMS = ("idf", "coefficient", "bounds")
_PAST = ("keys", "surplus", "weight")
_MODEL = ("known_owners", "slope", "intercept", "exclusion", "reference_scores")


def save_model(model: RenewalModel, folder: Path) -> None:
    """Write arrays to ``weights.npz`` and words and the card to ``model.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    additive = model.additive
    arrays: dict[str, Any] = {name: getattr(additive, name) for name in _ADDITIVE}
    arrays |= {name: getattr(model, name) for name in _MODEL}
    arrays |= {f"past_{name}": getattr(additive.history, name) for name in _PAST}
    arrays |= {f"shape_{name}": getattr(model.shapes, name) for name in _SHAPES}
    arrays |= {"cohort_grids": model.shapes.cohorts.grids}
    arrays |= {f"owner_{name}": getattr(additive.owner, name) for name in _TERMS}
    np.savez_compressed(folder / "weights.npz", **arrays)
    words = {
        "card": model.card,
        "cohorts": model.shapes.cohorts.names,
        "owner_vocabulary": additive.owner.vocabulary,
    }
    text = json.dumps(words, ensure_ascii=False, indent=1, sort_keys=True)
    (folder / "model.json").write_text(text + "\n", encoding="utf-8")


def load_model(folder: Path) -> RenewalModel:
    """Read a model folder; refuses anything but numbers."""
    try:
        words = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        with np.load(folder / "weights.npz", allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return _assemble(words, arrays)
    except (OSError, KeyError, ValueError) as error:
        raise Malformed("model", _l("This folder does not hold a renewal model.")) from error


@functools.cache
def default_model() -> RenewalModel:
    """The model shipped with the package; read once, never changed."""
    return load_model(DEFAULT_FOLDER)


def _assemble(words: dict[str, Any], arrays: dict[str, Any]) -> RenewalModel:
    additive = AdditiveScore(
        **{name: arrays[name] for name in _ADDITIVE},
        owner=TermBlock(tuple(words["owner_vocabulary"]), **{name: arrays[f"owner_{name}"] for name in _TERMS}),
        history=InventorHistory(**{name: arrays[f"past_{name}"] for name in _PAST}),
    )
    return RenewalModel(
        additive=additive,
        shapes=Shapes(
            **{name: arrays[f"shape_{name}"] for name in _SHAPES},
            cohorts=Cohorts(tuple(words["cohorts"]), arrays["cohort_grids"]),
            history=additive.history,
        ),
        **{name: arrays[name] for name in _MODEL},
        card=words["card"],
    )
