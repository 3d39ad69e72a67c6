"""Learning the renewal-stage model: choose by nested validation over time and owners, calibrate out of fold, describe in a card."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression

from marketplace.valuation import renewal_features as features
from marketplace.valuation.renewal_boosting import learn_shapes
from marketplace.valuation.renewal_calibration import Calibration, OutOfFold, calibrate
from marketplace.valuation.renewal_evaluation import area_under_curve, rank_correlation
from marketplace.valuation.renewal_features import Floats
from marketplace.valuation.renewal_model import KNOWN, NEW, AdditiveScore, RenewalModel, TermBlock
from marketplace.valuation.renewal_records import (
    LATER_COLUMNS,
    RenewalOutcome,
    RenewalRecord,
    hash_of,
    labelled,
    read_records,
    stable_number,
)
from marketplace.valuation.renewal_shapes import Shapes, no_shapes

MODEL_VERSION = "renewal-3"
SEED = 20261122
VALIDATION_FOLDS = 5
Rows = NDArray[np.int64]
SIMPLER_WITHIN = 0.0005
"""The first (simplest) candidate this close to the best log loss is taken."""
TAIL = 1.0
"""Inputs outside the 1st to 99th percentile are pulled in, so that one odd number cannot decide."""


@dataclass(frozen=True)
class Choice:
    """One candidate: which blocks take part, and how strongly the weights are held back."""

    name: str
    strength: float
    owner: bool = False
    history: bool = False
    curves: bool = False


CANDIDATES = (
    Choice("numbers", 0.3),
    Choice("numbers, owner, history", 0.1, owner=True, history=True),
    Choice("numbers, owner, history, curves", 0.1, owner=True, history=True, curves=True),
)
"""Words of titles, their letters and their singular vectors were tried and are left out: for owners never seen they
cost 0.005 to 0.01 of AUC and for later grants they add less than 0.001 (see ``docs/valuation.md``)."""

Labelled = tuple[list[RenewalRecord], list[RenewalOutcome]]


def train(path: Path) -> RenewalModel:
    """Learn from a file of patents with outcomes; the same file gives the same model."""
    return learn(labelled(*read_records(path)), hash_of(path))


def learn(data: Labelled, file_hash: str) -> RenewalModel:
    """Learn from patents with outcomes that came from a file with this hash."""
    trials = _trials(data)
    best = min(trial.loss for trial in trials)
    chosen = next(trial for trial in trials if trial.loss <= best + SIMPLER_WITHIN)
    additive, shapes = fit(data, chosen.choice)
    family = _scores_by_fold(data, (chosen.choice,), features.family_of)[0]
    out_of_fold = OutOfFold(*data, family=family, owner=chosen.owner)
    calibration = calibrate(out_of_fold)
    reference = raw_scores(additive, shapes, data[0]) @ calibration.slope[NEW]
    return RenewalModel(
        additive=additive,
        shapes=shapes,
        known_owners=np.unique([stable_number(features.owner_text(record)) for record in data[0]]),
        slope=calibration.slope,
        intercept=calibration.intercept,
        exclusion=calibration.exclusion,
        reference_scores=np.sort(np.round(reference, 6)),
        card=_card(file_hash, data, trials, chosen.choice, calibration, out_of_fold),
    )


@dataclass(frozen=True)
class Trial:
    """How one candidate did on later patents of known owners and on owners it had not seen."""

    choice: Choice
    later: dict[str, float]
    unseen: dict[str, float]
    owner: Floats  # both halves' scores, owner by owner out of fold

    @property
    def loss(self) -> float:
        """Both validations count alike."""
        return (self.later["log_loss"] + self.unseen["log_loss"]) / 2


def _trials(data: Labelled) -> list[Trial]:
    unseen = _scores_by_fold(data, CANDIDATES, features.owner_group)
    later = time_validation(data, CANDIDATES)
    return [
        Trial(choice, time, _judged(owner, data[1]), owner)
        for choice, time, owner in zip(CANDIDATES, later, unseen, strict=True)
    ]


def fit(data: Labelled, choice: Choice) -> tuple[AdditiveScore, Shapes]:
    """Fit both halves of the score on patents with outcomes."""
    raw = np.array([features.numbers_of(record) for record in data[0]])
    return _fit_additive(data, choice, raw), learn_shapes(*data, raw) if choice.curves else no_shapes()


def _fit_additive(data: Labelled, choice: Choice, raw: Floats) -> AdditiveScore:
    records, outcomes = data
    lowest, highest = np.nanpercentile(raw, [TAIL, 100 - TAIL], axis=0)
    inside = np.clip(raw, lowest, highest)
    centre, spread = np.nanmean(inside, axis=0), np.nanstd(inside, axis=0)
    scale = np.where(spread > 1e-9, spread, 1.0)
    numbers = np.nan_to_num((inside - centre) / scale) * features.NUMBER_SCALE
    owner_vectors = features.owner_terms(map(features.owner_text, records)) if choice.owner else None
    history, own = features.learn_history(records, outcomes)
    past = history.of(records, own)
    past_centre, past_scale = past.mean(axis=0), past.std(axis=0) + 1e-9
    parts: list[Any] = [csr_matrix(numbers)]
    if owner_vectors is not None:
        parts.append(features.spread_terms(owner_vectors, [features.owner_text(record) for record in records]))
    if choice.history:
        parts.append(csr_matrix((past - past_centre) / past_scale * features.NUMBER_SCALE))
    weights = _weights(parts, outcomes, choice.strength)
    taken = iter(weights)
    return AdditiveScore(
        centre=centre,
        scale=scale,
        lowest=lowest,
        highest=highest,
        coefficient=next(taken) * features.NUMBER_SCALE,
        owner=_term_block(owner_vectors, next(taken), [features.owner_text(record) for record in records])
        if owner_vectors is not None
        else _no_terms(),
        history=history,
        history_centre=past_centre,
        history_scale=past_scale,
        **_history_weights(past, past_centre, past_scale, next(taken) if choice.history else np.zeros(2)),
    )


def _weights(parts: list[Any], outcomes: Sequence[RenewalOutcome], strength: float) -> list[Floats]:
    """Penalised logistic weights of each part over all fee decisions, with one level per fee."""
    decisions = features.decisions_of(outcomes)
    fee_levels = csr_matrix(np.eye(3)[decisions.fee] * 3)
    matrix = hstack([hstack(parts).tocsr()[decisions.patent], fee_levels]).tocsr()
    model = LogisticRegression(C=strength, max_iter=3000, tol=1e-6, fit_intercept=False)
    weights = model.fit(matrix, decisions.paid).coef_[0]
    ends = np.cumsum([part.shape[1] for part in parts])
    return [np.round(weights[end - part.shape[1] : end], 8) for part, end in zip(parts, ends, strict=True)]


def _term_block(vectors: Any, coefficient: Floats, texts: list[str]) -> TermBlock:
    sums = np.asarray(features.spread_terms(vectors, texts) @ coefficient).ravel()
    bounds = np.array([np.percentile(sums, TAIL), sums.mean(), np.percentile(sums, 100 - TAIL)])
    return TermBlock(tuple(vectors.get_feature_names_out()), np.round(vectors.idf_, 8), coefficient, bounds)


def _no_terms() -> TermBlock:
    return TermBlock((), np.ones(1), np.zeros(1), np.zeros(3))


def _history_weights(past: Floats, centre: Floats, scale: Floats, weight: Floats) -> dict[str, Floats]:
    coefficient = weight * features.NUMBER_SCALE
    sums = (past - centre) / scale @ coefficient
    bounds = np.array([np.percentile(sums, TAIL), sums.mean(), np.percentile(sums, 100 - TAIL)])
    return {"history_coefficient": coefficient, "history_bounds": bounds}


def raw_scores(additive: AdditiveScore, shapes: Shapes, records: Sequence[RenewalRecord]) -> Floats:
    """The uncalibrated scores of both halves: patent x half."""
    raw = np.array([features.numbers_of(record) for record in records])
    halves = additive.blocks(records, raw), shapes.blocks(records, raw)
    return np.column_stack([np.sum([block.value for block in blocks.values()], axis=0) for blocks in halves])


def _scores_of(data: Labelled, choices: Sequence[Choice], inside: Rows, outside: Rows) -> list[Floats]:
    """Scores of the patents outside by each candidate learned inside; what candidates share is learned once."""
    part, judged = _part(data, inside), [data[0][row] for row in outside]
    raw = np.array([features.numbers_of(record) for record in part[0]])
    shapes = learn_shapes(*part, raw) if any(choice.curves for choice in choices) else no_shapes()
    additive: dict[Choice, AdditiveScore] = {}
    for choice in choices:
        plain = replace(choice, name="", curves=False)
        if plain not in additive:
            additive[plain] = _fit_additive(part, choice, raw)
    halves = {plain: raw_scores(score, shapes, judged) for plain, score in additive.items()}
    return [halves[replace(choice, name="", curves=False)] * [1, int(choice.curves)] for choice in choices]


def _scores_by_fold(
    data: Labelled, choices: Sequence[Choice], group_of: Callable[[RenewalRecord], str]
) -> list[Floats]:
    """Scores of each patent, by each candidate, from models that saw none of its group."""
    records = data[0]
    fold = features.folds_by([group_of(record) for record in records], VALIDATION_FOLDS)
    scores = [np.zeros((len(records), 2)) for _choice in choices]
    for left_out in range(VALIDATION_FOLDS):
        inside, outside = np.flatnonzero(fold != left_out), np.flatnonzero(fold == left_out)
        if len(inside) and len(outside):
            for place, found in zip(scores, _scores_of(data, choices, inside, outside), strict=True):
                place[outside] = found
    return scores


def time_validation(data: Labelled, choices: Sequence[Choice]) -> list[dict[str, float]]:
    """Rolling origin: learn from the first half, judge on the third quarter; then from three quarters on the last."""
    quarter = len(data[0]) // 4
    rounds = []
    for end in (2 * quarter, 3 * quarter):
        later = np.arange(end, end + quarter)
        outcomes = [data[1][row] for row in later]
        rounds.append([_judged(scores, outcomes) for scores in _scores_of(data, choices, np.arange(end), later)])
    return [
        {name: round(float(np.mean([one[name] for one in pair])), 6) for name in pair[0]}
        for pair in zip(*rounds, strict=True)
    ]


def _judged(scores: Floats, outcomes: list[RenewalOutcome]) -> dict[str, float]:
    """Log loss of the fee decisions and ranking; weights of the halves and fee levels come from the judged patents."""
    decisions = features.decisions_of(outcomes)
    matrix = np.hstack([scores[decisions.patent], np.eye(3)[decisions.fee]])
    model = LogisticRegression(C=100.0, max_iter=1000, fit_intercept=False).fit(matrix, decisions.paid)
    paid = model.predict_proba(matrix)[:, 1]
    loss = float(-np.mean(np.log(np.where(decisions.paid > 0, paid, 1 - paid))))
    joint = scores @ model.coef_[0][:2]
    return {"log_loss": round(loss, 6)} | _quality(joint, np.array([outcome.stage for outcome in outcomes]))


def _part(data: Labelled, rows: Rows) -> Labelled:
    return [data[0][row] for row in rows], [data[1][row] for row in rows]


def _card(
    file_hash: str,
    data: Labelled,
    trials: list[Trial],
    chosen: Choice,
    calibration: Calibration,
    scores: OutOfFold,
) -> dict[str, Any]:
    """What a reader must know before relying on the model."""
    records, outcomes = data
    stages = np.array([outcome.stage for outcome in outcomes])
    days = [record.granted_on for record in records if record.granted_on]
    return {
        "model": MODEL_VERSION,
        "answers": "probability that a granted patent's owner pays 0, 1, 2 or 3 maintenance fees",
        "trained_on": {
            "file_sha256": file_hash,
            "patents": len(records),
            "granted": [str(min(days)), str(max(days))] if days else [],
            "stages": {str(stage): int(np.sum(stages == stage)) for stage in range(4)},
        },
        "method": "discrete-time hazard: L2-penalised logistic regression over additive blocks, and curves of boosted"
        " one-split trees learned with each patent's own owner left out; conformal 80 % ranges",
        "seed": SEED,
        "chosen": {"blocks": chosen.name, "strength": chosen.strength},
        "weights_of_halves": {
            kind: {"additive": float(calibration.slope[index, 0]), "curves": float(calibration.slope[index, 1])}
            for kind, index in (("known_owners", KNOWN), ("new_owners", NEW))
        },
        "time_validation": [{"blocks": trial.choice.name} | trial.later for trial in trials],
        "owner_validation": [{"blocks": trial.choice.name} | trial.unseen for trial in trials],
        "splits": {
            "family_folds": _quality(scores.family @ calibration.slope[KNOWN], stages),
            "owner_folds": _quality(scores.owner @ calibration.slope[NEW], stages),
        },
        "never_read": sorted(LATER_COLUMNS),
        "limits": [
            "Learned from United States patents of universities granted 2004-2006; other owners, offices and years are"
            " outside its experience, and its use for them is a weak hint only.",
            "A fee paid shows that an owner expected at least that much value, not what the patent would sell for.",
            "Inventor and owner histories use outcomes of other patents in the training file; for an owner never seen"
            " the quality is that of owner_folds.",
            "Where an owner sits is read from its name and matters for fees in the United States only; values indicated"
            " on the platform do not use owner, place, title or inventors' names.",
            "Inventors are held as one-way numbers; the model must not be used to judge persons.",
        ],
    }


def _quality(scores: Floats, stages: NDArray[np.int64]) -> dict[str, float]:
    return {
        "auc_stage_2": round(area_under_curve(scores, stages >= 2), 4),
        "spearman": round(rank_correlation(scores, stages), 4),
    }
