"""Turning a patent as known at grant into blocks of numbers for the renewal model.

The model is a sum of blocks. A block that is unknown for a patent counts with its mean, and its whole range is
carried into the interval, so that missing data can widen an answer but never sharpen it.
"""

import json
import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.valuation.renewal_records import SECTIONS, RenewalOutcome, RenewalRecord, owner_words, stable_number

Floats = NDArray[np.float64]

OWNER_TERMS = 6000
NUMBER_SCALE = 0.3
HISTORY_PRIOR = 3.0
FOLDS = 10

_OWNER_SIGNS = {
    "owners": None,
    "owner_company": r"\b(inc|corp|corporation|ltd|limited|company|co|gmbh|llc|kk|industries|pharmaceuticals)\b",
    "owner_foundation": r"foundation",
    "owner_institute": r"hospital|medical|institute",
    "owner_government": r"united states|government|secretary|department",
}
_REGIONS: dict[str, list[str]] = json.loads(
    (Path(__file__).parent / "data" / "owner_regions.json").read_text(encoding="utf-8")
)["regions"]
_TITLE_SIGNS = ("title_letters", "title_words", "title_method", "title_and")
NUMBER_NAMES = (
    *("applications", "patent_citations", "other_citations", "claims", "inventors", "pendency_days"),
    *("priority_lag_days", *(f"section_{section}" for section in SECTIONS), *_OWNER_SIGNS),
    *("earlier_publication", *_TITLE_SIGNS, *(f"owner_in_{region}" for region in _REGIONS)),
)


def numbers_of(record: RenewalRecord) -> list[float]:
    """The plain numbers of a patent in the order of ``NUMBER_NAMES``; unknown is NaN."""
    counts = [_log(value) for value in record.numbers.values()]
    sections = [math.nan if value is None else value for value in record.sections.values()]
    earlier = math.nan if record.earlier_publication is None else record.earlier_publication
    return [
        *counts,
        *sections,
        *_owner_signs(record.owner),
        earlier,
        *_title_signs(record.title),
        *_regions(record.owner),
    ]


def _log(value: float | None) -> float:
    return math.nan if value is None else math.log1p(max(value, 0.0))


def _owner_signs(owner: str | None) -> list[float]:
    if owner is None:
        return [math.nan] * len(_OWNER_SIGNS)
    text = owner.lower()
    return [
        float(text.count(",") + 1) if pattern is None else float(bool(re.search(pattern, text)))
        for pattern in _OWNER_SIGNS.values()
    ]


def _regions(owner: str | None) -> list[float]:
    if owner is None:
        return [math.nan] * len(_REGIONS)
    words = set(re.findall(r"[a-z]+", owner.lower()))
    return [float(not words.isdisjoint(telling)) for telling in _REGIONS.values()]


def _title_signs(title: str | None) -> list[float]:
    if title is None:
        return [math.nan] * len(_TITLE_SIGNS)
    text = title.lower()
    starts = float(bool(re.match("(method|process)", text)))
    return [len(title) / 100, len(title.split()) / 10, starts, float(" and " in text)]


def owner_text(record: RenewalRecord) -> str:
    """The owner's name as the model reads it; empty when unknown."""
    return owner_words(record.owner) if record.owner else ""


def owner_terms(texts: Iterable[str], vocabulary: Sequence[str] | None = None) -> Any:
    """Pieces of 3 to 5 letters that several owners' names share, so that an owner never seen still resembles others."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # loads only when a name is scored

    choices: dict[str, Any] = {"sublinear_tf": True, "analyzer": "char_wb", "ngram_range": (3, 5)}
    if vocabulary is None:
        return TfidfVectorizer(min_df=5, max_features=OWNER_TERMS, **choices).fit(sorted(set(texts)))
    return TfidfVectorizer(vocabulary=list(vocabulary), **choices)


def spread_terms(vectoriser: Any, texts: Sequence[str]) -> Any:
    """The pieces of each text, text x piece; many patents share an owner, whose name is read once."""
    distinct, place = np.unique(texts, return_inverse=True)
    return vectoriser.transform(distinct)[place]


@dataclass(frozen=True)
class Decisions:
    """Every fee decision that was due: which patent, which of the three fees, paid or not."""

    patent: NDArray[np.int64]
    fee: NDArray[np.int64]
    paid: Floats


def decisions_of(outcomes: Sequence[RenewalOutcome]) -> Decisions:
    """Unfold outcomes into single decisions; a decision not yet due is absent, so censoring needs no guess."""
    rows = [
        (index, fee, float(fee < outcome.stage))
        for index, outcome in enumerate(outcomes)
        for fee in range(min(outcome.stage + 1, outcome.observable))
    ]
    patent, fee, paid = zip(*rows, strict=True)
    return Decisions(np.array(patent), np.array(fee), np.array(paid))


@dataclass(frozen=True)
class InventorHistory:
    """How the owners of each inventor's patents behaved: surplus of paid fees over the average, and its weight.

    Inventors are kept as numbers made from their names by a one-way hash. Nothing here judges a person: teams whose
    earlier patents were kept alive have later patents kept alive more often.
    """

    keys: NDArray[np.int64]
    surplus: Floats
    weight: Floats

    def of(self, records: Sequence[RenewalRecord], own: "Contributions | None" = None) -> Floats:
        """Shrunken surplus and log weight for each patent; ``own`` leaves out the folds a patent belongs to."""
        answer = np.zeros((len(records), 2))
        for row, record in enumerate(records):
            surplus = weight = 0.0
            for name in record.inventors or ():
                key = stable_number(name)
                index = int(np.searchsorted(self.keys, key))
                if index < len(self.keys) and self.keys[index] == key:
                    left_surplus, left_weight = own.of(key, row) if own else (0.0, 0.0)
                    surplus += self.surplus[index] - left_surplus
                    weight += self.weight[index] - left_weight
            answer[row] = surplus / (weight + HISTORY_PRIOR), math.log1p(max(weight, 0.0) * 4)
        return answer


@dataclass(frozen=True)
class Contributions:
    """What the patents of one fold put into each inventor's history, to be taken out again for that fold."""

    fold: NDArray[np.int64]
    parts: dict[tuple[int, int], tuple[float, float]]

    def of(self, key: int, row: int) -> tuple[float, float]:
        """Surplus and weight that the row's own fold contributed."""
        return self.parts.get((key, int(self.fold[row])), (0.0, 0.0))


def folds_by(keys: Sequence[str], folds: int = FOLDS) -> NDArray[np.int64]:
    """A fold for each patent from a hash of its group, so that groups never straddle folds and runs agree."""
    return np.array([stable_number("fold:" + key) % folds for key in keys])


def family_of(record: RenewalRecord) -> str:
    """Patents of the same inventors with the same priority date belong together."""
    return f"{'|'.join(record.inventors or (record.id,))}@{record.priority_on}"


def owner_group(record: RenewalRecord) -> str:
    """Patents of one owner belong together; without a known owner a patent stands alone."""
    return owner_text(record) or record.id


def learn_history(
    records: Sequence[RenewalRecord],
    outcomes: Sequence[RenewalOutcome],
    group_of: Callable[[RenewalRecord], str] = family_of,
    folds: int = FOLDS,
) -> tuple[InventorHistory, Contributions]:
    """Inventor histories from labelled patents, and the parts that keep each patent's own group out of its own."""
    surplus, weight = _surpluses(outcomes)
    fold = folds_by([group_of(record) for record in records], folds)
    total: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0])
    parts: dict[tuple[int, int], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for row, record in enumerate(records):
        for name in record.inventors or ():
            key = stable_number(name)
            for store in (total[key], parts[key, int(fold[row])]):
                store[0] += surplus[row]
                store[1] += weight[row]
    keys = np.array(sorted(total), dtype=np.int64)
    history = InventorHistory(
        keys, np.array([total[int(key)][0] for key in keys]), np.array([total[int(key)][1] for key in keys])
    )
    return history, Contributions(fold, {key: (value[0], value[1]) for key, value in parts.items()})


def _surpluses(outcomes: Sequence[RenewalOutcome]) -> tuple[Floats, Floats]:
    decisions = decisions_of(outcomes)
    rates = np.array(
        [np.mean(decisions.paid[decisions.fee == fee]) if fee in decisions.fee else 0.5 for fee in range(3)]
    )
    expected = rates[decisions.fee]
    surplus, weight = np.zeros(len(outcomes)), np.zeros(len(outcomes))
    np.add.at(surplus, decisions.patent, decisions.paid - expected)
    np.add.at(weight, decisions.patent, expected * (1 - expected))
    return surplus, weight
