"""Backtests of the price model: walking forward in time as in use, and random and owner splits beside it.

Random folds look better than use will be; the gap is itself a figure. Baselines that must be beaten: the segment's
median, a line on the inputs, relief from royalty, and the five nearest earlier sales.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.valuation.price_intervals import Misses, has_drifted, level_shift, reach
from marketplace.valuation.price_model import Choice, Floats, PriceTable, choose, fit

FIRST_SHARE = 0.4
"""The share of prices, oldest first, that is only learned from."""
STEP_DAYS = 30
REFIT_STEPS = 3
NEAREST = 5
FOLDS = 5
COVERAGE = 0.9
SEED = 20261122


@dataclass(frozen=True)
class Forward:
    """Answers given as in use: each from prices closed before its own day only."""

    rows: NDArray[np.int64]
    middle: Floats
    half_width: Floats
    choice: Choice
    frozen_steps: int


def walk_forward(table: PriceTable, coverage: float = COVERAGE) -> Forward:
    """Learn, answer the next days, take in what they really cost, and go on."""
    order = np.argsort(table.day, kind="stable")
    start = int(len(order) * FIRST_SHARE)
    choice = choose(table.take(order[:start]))
    warm = int(start * 0.5)
    model, misses = fit(table.take(order[:warm]), choice.kind), Misses(np.zeros(0), np.zeros(0, dtype="U1"))
    answered, middles, widths, frozen = [], [], [], 0
    for step, rows in enumerate(_steps(table, order[warm:])):
        earlier = order[: int(np.searchsorted(table.day[order], table.day[rows[0]]))]
        if step % REFIT_STEPS == 0 and step:
            model = fit(table.take(earlier), choice.kind)
        now = table.take(rows)
        raw = model.predict(now.inputs, now.segment)
        if len(earlier) >= start:
            shift = level_shift(misses)
            centred = Misses(misses.signed - _recent_level(misses), misses.segment)
            answered.append(rows)
            middles.append(raw + shift)
            widths.append(np.array([reach(centred, segment, coverage) for segment in now.segment]))
            frozen += has_drifted(misses.signed - shift)
        misses = Misses(np.append(misses.signed, now.log_price - raw), np.append(misses.segment, now.segment))
    return Forward(np.concatenate(answered), np.concatenate(middles), np.concatenate(widths), choice, frozen)


def _steps(table: PriceTable, order: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    period = (table.day[order] - table.day[order[0]]) // STEP_DAYS
    return [order[period == one] for one in np.unique(period)]


def _recent_level(misses: Misses) -> Floats:
    """The shift that would have been used at each past miss, so that ranges are judged as they were given."""
    levels = np.zeros(len(misses.signed))
    for end in range(0, len(levels), NEAREST):
        levels[end : end + NEAREST] = level_shift(Misses(misses.signed[:end], misses.segment[:end]))
    return levels


def split_errors(table: PriceTable, kind: str) -> dict[str, float]:
    """Median absolute log error by random folds, by owners, and by time, side by side."""
    random = np.random.default_rng(SEED)
    owners = {owner: number for number, owner in enumerate(sorted(set(table.owner.tolist())))}
    by_owner = random.permutation(len(owners))[[owners[owner] for owner in table.owner]] % FOLDS
    cut = np.quantile(table.day, 1 - 1 / FOLDS)
    folds = {"random": random.integers(0, FOLDS, len(table)), "owner": by_owner}
    errors = {name: _out_of_fold(table, fold, kind) for name, fold in folds.items()}
    earlier, later = table.take(table.day <= cut), table.take(table.day > cut)
    missed = np.abs(later.log_price - fit(earlier, kind).predict(later.inputs, later.segment))
    return {name: round(value, 4) for name, value in (errors | {"time": float(np.median(missed))}).items()}


def _out_of_fold(table: PriceTable, fold: NDArray[np.int64], kind: str) -> float:
    missed = np.zeros(len(table))
    for one in range(FOLDS):
        inside, outside = table.take(fold != one), table.take(fold == one)
        missed[fold == one] = outside.log_price - fit(inside, kind).predict(outside.inputs, outside.segment)
    return float(np.median(np.abs(missed)))


def baselines(table: PriceTable, forward: Forward, royalty_value: Floats | None = None) -> dict[str, float]:
    """Mean absolute log error of each baseline on the same rows, from the same earlier prices."""
    order = np.argsort(table.day, kind="stable")
    errors: dict[str, list[Floats]] = {"segment_median": [], "line": [], "nearest_sales": [], "royalty": []}
    for rows in _steps(table, forward.rows):
        earlier = table.take(order[: int(np.searchsorted(table.day[order], table.day[rows[0]]))])
        now = table.take(rows)
        median = {one: float(np.median(earlier.log_price[earlier.segment == one])) for one in set(earlier.segment)}
        answers = {
            "segment_median": np.array([median.get(one, float(np.median(earlier.log_price))) for one in now.segment]),
            "line": fit(earlier, "line").predict(now.inputs, now.segment),
            "nearest_sales": _nearest(earlier, now),
        }
        if royalty_value is not None:
            answers["royalty"] = np.where(np.isnan(royalty_value[rows]), answers["segment_median"], royalty_value[rows])
        for name, answer in answers.items():
            errors[name].append(np.abs(now.log_price - answer))
    return {name: round(float(np.mean(np.concatenate(parts))), 4) for name, parts in errors.items() if parts}


def _nearest(earlier: PriceTable, now: PriceTable) -> Floats:
    """Mean of the five nearest earlier sales of the segment, by standard inputs."""
    centre, scale = np.nanmean(earlier.inputs, axis=0), np.nanstd(earlier.inputs, axis=0) + 1e-9
    past, present = (np.nan_to_num((one.inputs - centre) / scale) for one in (earlier, now))
    answers = np.zeros(len(now))
    for row in range(len(now)):
        same = np.flatnonzero(earlier.segment == now.segment[row])
        far = np.sum((past[same] - present[row]) ** 2, axis=1)
        answers[row] = np.mean(earlier.log_price[same[np.argsort(far)[:NEAREST]]])
    return answers


def figures(table: PriceTable, forward: Forward) -> dict[str, Any]:
    """What the walk forward was worth, overall and by segment with at least 50 prices."""
    price, segment = table.log_price[forward.rows], table.segment[forward.rows]
    missed = forward.middle - price
    held = np.abs(missed) <= forward.half_width
    groups = {name: segment == name for name in sorted(set(segment.tolist())) if np.sum(segment == name) >= 50}
    return {
        "prices": len(price),
        "model": forward.choice.kind,
        "mean_absolute_error": round(float(np.mean(np.abs(missed))), 4),
        "r_squared": round(1 - float(np.var(missed) / np.var(price)), 4),
        "bias": round(float(np.median(missed)), 4),
        "bias_by_segment": {name: round(float(np.median(missed[rows])), 4) for name, rows in groups.items()},
        "coverage_90": round(float(np.mean(held)), 4),
        "coverage_90_by_segment": {name: round(float(np.mean(held[rows])), 4) for name, rows in groups.items()},
        "median_width": round(2 * float(np.median(forward.half_width)), 4),
        "frozen_steps": forward.frozen_steps,
    }
