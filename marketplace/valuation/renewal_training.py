"""Learning the renewal-stage model: choose by nested time validation, calibrate out of fold, describe in a card."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression

from marketplace.valuation import renewal_features as features
from marketplace.valuation.renewal_calibration import OutOfFold, calibrate
from marketplace.valuation.renewal_evaluation import area_under_curve, rank_correlation
from marketplace.valuation.renewal_features import Floats
from marketplace.valuation.renewal_model import AdditiveScore, RenewalModel, TermBlock
from marketplace.valuation.renewal_records import (
    LATER_COLUMNS,
    RenewalOutcome,
    RenewalRecord,
    hash_of,
    labelled,
    read_records,
    stable_number,
)

MODEL_VERSION = "renewal-2"
SEED = 20261122
VALIDATION_FOLDS = 5
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
    title: float = 0.0


CANDIDATES = (
    Choice("numbers", 0.3),
    Choice("numbers, owner", 0.3, owner=True),
    Choice("numbers, owner, history", 0.1, owner=True, history=True),
    Choice("numbers, owner, history", 0.3, owner=True, history=True),
    Choice("numbers, owner, history, title", 0.3, owner=True, history=True, title=0.3),
)

Labelled = tuple[list[RenewalRecord], list[RenewalOutcome]]


def train(path: Path) -> RenewalModel:
    """Learn from a file of patents with outcomes; the same file gives the same model."""
    data = labelled(*read_records(path))
    trials = [(choice, time_validation(data, choice)) for choice in CANDIDATES]
    best = min(quality["log_loss"] for _choice, quality in trials)
    chosen = next(choice for choice, quality in trials if quality["log_loss"] <= best + SIMPLER_WITHIN)
    additive = fit(data, chosen)
    out_of_fold = OutOfFold(
        *data, family=_scores_by_fold(data, chosen, _families), owner=_scores_by_fold(data, chosen, _owners)
    )
    calibration = calibrate(out_of_fold)
    return RenewalModel(
        additive=additive,
        known_owners=np.unique([stable_number(features.owner_text(record)) for record in data[0]]),
        slope=calibration.slope,
        intercept=calibration.intercept,
        exclusion=calibration.exclusion,
        reference_scores=np.sort(np.round(raw_scores(additive, data[0]), 6)),
        card=_card(path, data, trials, chosen, out_of_fold),
    )


def fit(data: Labelled, choice: Choice) -> AdditiveScore:
    """Fit the additive score on patents with outcomes."""
    records, outcomes = data
    raw = np.array([features.numbers_of(record) for record in records])
    lowest, highest = np.nanpercentile(raw, [TAIL, 100 - TAIL], axis=0)
    inside = np.clip(raw, lowest, highest)
    centre, spread = np.nanmean(inside, axis=0), np.nanstd(inside, axis=0)
    scale = np.where(spread > 1e-9, spread, 1.0)
    numbers = np.nan_to_num((inside - centre) / scale) * features.NUMBER_SCALE
    owner_vectors = features.owner_terms(map(features.owner_text, records)) if choice.owner else None
    title_vectors = features.title_terms(record.title or "" for record in records) if choice.title else None
    history, own = features.learn_history(records, outcomes)
    past = history.of(records, own)
    past_centre, past_scale = past.mean(axis=0), past.std(axis=0) + 1e-9
    parts: list[Any] = [csr_matrix(numbers)]
    if owner_vectors is not None:
        parts.append(owner_vectors.transform([features.owner_text(record) for record in records]))
    if title_vectors is not None:
        parts.append(title_vectors.transform([record.title or "" for record in records]) * choice.title)
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
        title=_term_block(title_vectors, next(taken) * choice.title, [record.title or "" for record in records])
        if title_vectors is not None
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
    sums = np.asarray(vectors.transform(texts) @ coefficient).ravel()
    bounds = np.array([np.percentile(sums, TAIL), sums.mean(), np.percentile(sums, 100 - TAIL)])
    return TermBlock(tuple(vectors.get_feature_names_out()), np.round(vectors.idf_, 8), coefficient, bounds)


def _no_terms() -> TermBlock:
    return TermBlock((), np.ones(1), np.zeros(1), np.zeros(3))


def _history_weights(past: Floats, centre: Floats, scale: Floats, weight: Floats) -> dict[str, Floats]:
    coefficient = weight * features.NUMBER_SCALE
    sums = (past - centre) / scale @ coefficient
    bounds = np.array([np.percentile(sums, TAIL), sums.mean(), np.percentile(sums, 100 - TAIL)])
    return {"history_coefficient": coefficient, "history_bounds": bounds}


def raw_scores(additive: AdditiveScore, records: Sequence[RenewalRecord]) -> Floats:
    """The uncalibrated score of each patent."""
    return np.asarray(np.sum([block.value for block in additive.blocks(records).values()], axis=0))


def _families(record: RenewalRecord) -> str:
    return features.family_of(record)


def _owners(record: RenewalRecord) -> str:
    return features.owner_text(record) or record.id


def _scores_by_fold(data: Labelled, choice: Choice, group: Any) -> Floats:
    """Scores of each patent by models that saw none of its group."""
    records, outcomes = data
    fold = features.folds_by([group(record) for record in records], VALIDATION_FOLDS)
    scores = np.zeros(len(records))
    for left_out in range(VALIDATION_FOLDS):
        inside, outside = np.flatnonzero(fold != left_out), np.flatnonzero(fold == left_out)
        if len(inside) and len(outside):
            scores[outside] = raw_scores(fit(_part(data, inside), choice), [records[row] for row in outside])
    return scores


def time_validation(data: Labelled, choice: Choice) -> dict[str, float]:
    """Rolling origin: learn from the first half, judge on the third quarter; then from three quarters on the last."""
    records, outcomes = data
    quarter = len(records) // 4
    losses, areas, ranks = [], [], []
    for end in (2 * quarter, 3 * quarter):
        later = np.arange(end, end + quarter)
        scores = raw_scores(fit(_part(data, np.arange(end)), choice), [records[row] for row in later])
        stages = np.array([outcomes[row].stage for row in later])
        losses.append(_log_loss(scores, [outcomes[row] for row in later]))
        areas.append(area_under_curve(scores, stages >= 2))
        ranks.append(rank_correlation(scores, stages))
    return {
        "log_loss": round(float(np.mean(losses)), 6),
        "auc_stage_2": round(float(np.mean(areas)), 4),
        "spearman": round(float(np.mean(ranks)), 4),
    }


def _log_loss(scores: Floats, outcomes: list[RenewalOutcome]) -> float:
    """Mean log loss of the fee decisions, with the level of each fee taken from the judged patents themselves."""
    decisions = features.decisions_of(outcomes)
    matrix = np.hstack([scores[decisions.patent][:, None], np.eye(3)[decisions.fee]])
    model = LogisticRegression(C=100.0, max_iter=1000, fit_intercept=False).fit(matrix, decisions.paid)
    paid = model.predict_proba(matrix)[:, 1]
    return float(-np.mean(np.log(np.where(decisions.paid > 0, paid, 1 - paid))))


def _part(data: Labelled, rows: NDArray[np.int64]) -> Labelled:
    return [data[0][row] for row in rows], [data[1][row] for row in rows]


def _card(
    path: Path, data: Labelled, trials: list[tuple[Choice, dict[str, float]]], chosen: Choice, scores: OutOfFold
) -> dict[str, Any]:
    """What a reader must know before relying on the model."""
    records, outcomes = data
    stages = np.array([outcome.stage for outcome in outcomes])
    days = [record.granted_on for record in records if record.granted_on]
    return {
        "model": MODEL_VERSION,
        "answers": "probability that a granted patent's owner pays 0, 1, 2 or 3 maintenance fees",
        "trained_on": {
            "file_sha256": hash_of(path),
            "patents": len(records),
            "granted": [str(min(days)), str(max(days))] if days else [],
            "stages": {str(stage): int(np.sum(stages == stage)) for stage in range(4)},
        },
        "method": "discrete-time hazard, L2-penalised logistic regression over additive blocks; conformal 80 % ranges",
        "seed": SEED,
        "chosen": {"blocks": chosen.name, "strength": chosen.strength, "title_weight": chosen.title},
        "time_validation": [
            {"blocks": choice.name, "strength": choice.strength} | quality for choice, quality in trials
        ],
        "splits": {
            "family_folds": _quality(scores.family, stages),
            "owner_folds": _quality(scores.owner, stages),
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
