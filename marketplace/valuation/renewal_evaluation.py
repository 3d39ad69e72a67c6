"""How good the renewal model is on patents with known outcomes: each figure with a bootstrap interval."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from marketplace.valuation.renewal_features import Floats
from marketplace.valuation.renewal_model import Prediction
from marketplace.valuation.renewal_records import RenewalOutcome

RESAMPLES = 400
SEED = 20261122
BINS = 10
LEAKAGE_ALARM = 0.75

Rows = NDArray[np.int64]


def area_under_curve(scores: Floats, positive: NDArray[np.bool_]) -> float:
    """Chance that a positive case scores higher than a negative one, ties counting half; NaN without both kinds."""
    ones = int(np.sum(positive))
    zeros = len(positive) - ones
    if not ones or not zeros:
        return float("nan")
    ranks = rankdata(scores)
    return float((np.sum(ranks[positive]) - ones * (ones + 1) / 2) / (ones * zeros))


def rank_correlation(scores: Floats, stages: NDArray[np.int64]) -> float:
    """Spearman's rank correlation; NaN when either side never varies."""
    first, second = rankdata(scores), rankdata(stages)
    if np.std(first) == 0 or np.std(second) == 0:
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])


def calibration_error(chances: Floats, happened: NDArray[np.bool_]) -> float:
    """Expected calibration error over ten equal bins of probability."""
    bins = np.minimum((chances * BINS).astype(int), BINS - 1)
    gaps = [
        abs(float(np.mean(chances[bins == index]) - np.mean(happened[bins == index]))) * float(np.mean(bins == index))
        for index in range(BINS)
        if np.any(bins == index)
    ]
    return float(sum(gaps))


class _Cases:
    """Predictions beside outcomes, as arrays."""

    def __init__(self, prediction: Prediction, outcomes: Sequence[RenewalOutcome]) -> None:
        self.score = prediction.score
        self.reaches_2 = prediction.probabilities[:, 2:].sum(axis=1)
        self.low, self.high = prediction.low, prediction.high
        self.stage = np.array([outcome.stage for outcome in outcomes])
        self.observable = np.array([outcome.observable for outcome in outcomes])

    def auc(self, rows: Rows) -> float:
        return area_under_curve(self.score[rows], self.stage[rows] >= 2)

    def spearman(self, rows: Rows) -> float:
        return rank_correlation(self.score[rows], self.stage[rows])

    def ece(self, rows: Rows) -> float:
        return calibration_error(self.reaches_2[rows], self.stage[rows] >= 2)

    def coverage(self, rows: Rows) -> float:
        """Share of true stages inside the range, where stages past the last due fee count as that stage."""
        low, high, stage = self._seen(rows)
        return float(np.mean((low <= stage) & (stage <= high)))

    def size(self, rows: Rows) -> float:
        """Mean number of distinguishable stages in the range."""
        low, high, _stage = self._seen(rows)
        return float(np.mean(high - low + 1))

    def width(self, rows: Rows) -> float:
        """Mean distance p90 - p10, in stages."""
        return float(np.mean(self.high[rows] - self.low[rows]))

    def _seen(self, rows: Rows) -> tuple[Rows, Rows, Rows]:
        most = self.observable[rows]
        return np.minimum(self.low[rows], most), np.minimum(self.high[rows], most), self.stage[rows]

    def fifths(self, rows: Rows) -> tuple[float, float]:
        """Share with every observable fee paid, in the top and in the bottom fifth by score."""
        order = rows[np.argsort(self.score[rows], kind="stable")]
        fifth = max(1, len(order) // 5)
        full = self.stage >= self.observable
        return float(np.mean(full[order[-fifth:]])), float(np.mean(full[order[:fifth]]))

    def fifth_ratio(self, rows: Rows) -> float:
        top, bottom = self.fifths(rows)
        return top / bottom if bottom else float("nan")


def evaluate(prediction: Prediction, outcomes: Sequence[RenewalOutcome]) -> dict[str, Any]:
    """Figures overall and for patents with two or three fees due, each with a 95 % bootstrap interval."""
    cases = _Cases(prediction, outcomes)
    everything = np.arange(len(outcomes))
    groups = {"all": everything} | {
        f"fees_observable_{count}": everything[cases.observable == count] for count in sorted(set(cases.observable))
    }
    report = {name: _figures(cases, rows) for name, rows in groups.items() if len(rows)}
    overall = report.pop("all")
    alarm = overall["auc_stage_2"]["value"]
    return {
        "patents": len(outcomes),
        **overall,
        "groups": report,
        "leakage_alarm": bool(alarm is not None and alarm > LEAKAGE_ALARM),
        "resamples": RESAMPLES,
    }


def _figures(cases: _Cases, rows: Rows) -> dict[str, Any]:
    measures: dict[str, Callable[[Rows], float]] = {
        "auc_stage_2": cases.auc,
        "spearman": cases.spearman,
        "ece": cases.ece,
        "coverage_80": cases.coverage,
        "mean_set_size": cases.size,
        "mean_width": cases.width,
        "full_term_fifth_ratio": cases.fifth_ratio,
    }
    random = np.random.default_rng(SEED)
    draws = [rows[random.integers(0, len(rows), len(rows))] for _draw in range(RESAMPLES)]
    figures: dict[str, Any] = {name: _with_interval(measure, rows, draws) for name, measure in measures.items()}
    top, bottom = cases.fifths(rows)
    return (
        {"patents_in_group": len(rows)}
        | figures
        | {"full_term_top_fifth": _plain(top), "full_term_bottom_fifth": _plain(bottom)}
    )


def _with_interval(measure: Callable[[Rows], float], rows: Rows, draws: list[Rows]) -> dict[str, float | None]:
    values = [value for draw in draws if not np.isnan(value := measure(draw))]
    low, high = np.percentile(values, [2.5, 97.5]) if values else (float("nan"), float("nan"))
    return {"value": _plain(measure(rows)), "low": _plain(float(low)), "high": _plain(float(high))}


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 4)
