"""The renewal-stage model: how long an owner is likely to keep paying for a patent, and how sure that is.

A sum of readable blocks gives one score; a calibrated chain of three fee decisions turns it into probabilities of
the four stages; a conformal rule turns those into an 80 % range of stages. Method: discrete-time hazard with shared
coefficients (censored patents count up to their last due fee): L2-penalised logistic regression over inputs, owner's
name and inventors' history, and step curves (``renewal_shapes``); how much each half counts is learned apart for
owners already known and owners never seen.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.valuation import renewal_features as features
from marketplace.valuation.renewal_features import Floats, InventorHistory
from marketplace.valuation.renewal_records import STAGES, RenewalRecord, stable_number
from marketplace.valuation.renewal_shapes import Block, Shapes

UPPER_SHARE = 0.4
"""Part of the excluded probability that may be cut off above; owners mostly stop early, so ranges are cut below."""
KNOWN, NEW = 0, 1
"""Whether the owner was among the owners learned from; each kind is calibrated by itself."""


@dataclass(frozen=True)
class TermBlock:
    """Words with their weights, and the usual size of their sum."""

    vocabulary: tuple[str, ...]
    idf: Floats
    coefficient: Floats
    bounds: Floats  # lowest, mean, highest contribution seen

    def contributions(self, texts: list[str], make_vectoriser: Callable[..., Any]) -> Floats:
        """What the words of each text add to the score."""
        if not self.vocabulary or not any(texts):
            return np.zeros(len(texts))
        vectoriser = make_vectoriser((), self.vocabulary)
        vectoriser.idf_ = self.idf
        return np.asarray(features.spread_terms(vectoriser, texts) @ self.coefficient).ravel()


@dataclass(frozen=True)
class AdditiveScore:
    """The fitted sum, before calibration."""

    centre: Floats
    scale: Floats
    lowest: Floats
    highest: Floats
    coefficient: Floats
    owner: TermBlock
    history: InventorHistory
    history_centre: Floats
    history_scale: Floats
    history_coefficient: Floats
    history_bounds: Floats

    def blocks(self, records: Sequence[RenewalRecord], raw: Floats) -> dict[str, Block]:
        """Every part of the score by name, for scoring and for reasons."""
        parts = {name: self._number_block(column, raw[:, column]) for column, name in enumerate(features.NUMBER_NAMES)}
        owners = [features.owner_text(record) for record in records]
        owner_sum = self.owner.contributions(owners, features.owner_terms)
        parts["owner_name"] = _bounded(owner_sum, self.owner.bounds, [not text for text in owners])
        standard = (self.history.of(records) - self.history_centre) / self.history_scale
        parts["inventor_history"] = _bounded(
            standard @ self.history_coefficient, self.history_bounds, [record.inventors is None for record in records]
        )
        return parts

    def _number_block(self, column: int, raw: Floats) -> Block:
        unknown = np.isnan(raw)
        inside = np.clip(raw, self.lowest[column], self.highest[column])
        weight = self.coefficient[column] / self.scale[column]
        ends = np.array([self.lowest[column], self.highest[column]]) - self.centre[column]
        value = np.where(unknown, 0.0, (inside - self.centre[column]) * weight)
        return Block(
            value,
            np.where(unknown, np.min(ends * weight), value),
            np.where(unknown, np.max(ends * weight), value),
            unknown,
        )


def _bounded(value: Floats, bounds: Floats, unknown: list[bool]) -> Block:
    missing = np.array(unknown, dtype=bool)
    inside = np.where(missing, bounds[1], np.clip(value, bounds[0], bounds[2]))
    low, high = np.where(missing, bounds[0], inside), np.where(missing, bounds[2], inside)
    return Block(inside, low, high, missing)


@dataclass(frozen=True)
class Prediction:
    """Probabilities of the stages and an 80 % range of stages for each patent."""

    score: Floats
    probabilities: Floats
    low: NDArray[np.int64]
    middle: NDArray[np.int64]
    high: NDArray[np.int64]
    unknown: tuple[tuple[str, ...], ...]
    reasons: tuple[tuple[tuple[str, float], ...], ...]


@dataclass(frozen=True)
class RenewalModel:
    """The calibrated model; immutable, and reproducible from its arrays alone."""

    additive: AdditiveScore
    shapes: Shapes
    known_owners: NDArray[np.int64]
    slope: Floats  # kind x half: how much the additive score and the curves count
    intercept: Floats  # kind x fee
    exclusion: Floats  # kind: probability that may be cut off below
    reference_scores: Floats
    card: dict[str, Any]

    def predict(self, records: Sequence[RenewalRecord]) -> Prediction:
        """Stage probabilities, 80 % ranges, unknown inputs and reasons for patents as known at grant."""
        blocks = self._blocks(records)
        value, low, high = (_sum(blocks, part, len(records)) for part in ("value", "low", "high"))
        kind = self._kinds(records)
        chances = stage_chances(value[kind, np.arange(len(records))], self.intercept[kind])
        cumulative = np.cumsum(chances, axis=1)
        lower, upper = self._range(low, high, kind, blocks["owner_name"].unknown)
        return Prediction(
            score=np.round(chances @ np.arange(STAGES) / (STAGES - 1) * 100, 4),
            probabilities=chances,
            low=lower,
            middle=np.clip(np.sum(cumulative < 0.5, axis=1), lower, upper),
            high=upper,
            unknown=tuple(
                tuple(name for name, block in blocks.items() if block.unknown[row]) for row in range(len(records))
            ),
            reasons=tuple(_reasons(blocks, row, int(kind[row])) for row in range(len(records))),
        )

    def percentile(self, record: RenewalRecord) -> tuple[float, float, float]:
        """Where the patent stands among those learned from (low, middle, high), 0 to 1; unknowns spread it.

        Judged as for an owner never seen, so that who owns a right never moves its rank.
        """
        blocks = self._blocks([record])
        sums = [float(_sum(blocks, part, 1)[NEW, 0]) for part in ("low", "value", "high")]
        ranks = np.searchsorted(self.reference_scores, np.sort(sums)) / len(self.reference_scores)
        return float(ranks[0]), float(ranks[1]), float(ranks[2])

    def middle_percentiles(self, records: Sequence[RenewalRecord]) -> Floats:
        """The middle of ``percentile`` for many patents at once."""
        values = _sum(self._blocks(records), "value", len(records))[NEW]
        return np.asarray(np.searchsorted(self.reference_scores, values) / len(self.reference_scores))

    def _blocks(self, records: Sequence[RenewalRecord]) -> dict[str, Block]:
        """Both halves by input, weighed for each kind of owner: values are kind x patent."""
        raw = np.array([features.numbers_of(record) for record in records]).reshape(len(records), -1)
        halves = self.additive.blocks(records, raw), self.shapes.blocks(records, raw)
        joint: dict[str, Block] = {}
        for half, blocks in enumerate(halves):
            weight = self.slope[:, half, None]
            for name, block in blocks.items():
                part = Block(weight * block.value, weight * block.low, weight * block.high, block.unknown)
                base = name.removeprefix("cohort_").removesuffix("_weight")
                joint[base] = _together(joint[base], part) if base in joint else part
        return joint

    def _kinds(self, records: Sequence[RenewalRecord]) -> NDArray[np.int64]:
        keys = np.array([stable_number(features.owner_text(record)) for record in records], dtype=np.int64)
        return np.where(np.isin(keys, self.known_owners), KNOWN, NEW)

    def _range(
        self, low: Floats, high: Floats, kind: NDArray[np.int64], owner_unknown: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The range of stages; an unknown owner takes the wider of both calibrations."""
        ends = []
        for other in (KNOWN, NEW):
            below, above = (np.cumsum(stage_chances(end[other], self.intercept[other]), axis=1) for end in (low, high))
            excluded = self.exclusion[other]
            ends.append((lower_stage(below, excluded), upper_stage(above, excluded * UPPER_SHARE)))
        (known_low, known_high), (new_low, new_high) = ends
        lower = np.where(kind == KNOWN, known_low, new_low)
        upper = np.where(kind == KNOWN, known_high, new_high)
        lower = np.where(owner_unknown, np.minimum(known_low, new_low), lower)
        upper = np.where(owner_unknown, np.maximum(known_high, new_high), upper)
        return lower, np.maximum(lower, upper)


def _together(first: Block, second: Block) -> Block:
    return Block(
        first.value + second.value, first.low + second.low, first.high + second.high, first.unknown & second.unknown
    )


def _sum(blocks: dict[str, Block], part: str, count: int) -> Floats:
    """Kind x patent sums of one part of every block."""
    return np.asarray(np.sum([getattr(block, part) for block in blocks.values()], axis=0)).reshape(2, count)


def stage_chances(score: Floats, intercept: Floats) -> Floats:
    """P(stage = 0..3): each fee is paid with its own chance, given that the earlier ones were."""
    paid = 1 / (1 + np.exp(-(score[:, None] + intercept)))
    reached = np.cumprod(np.hstack([np.ones((len(score), 1)), paid]), axis=1)
    return np.hstack([reached[:, :-1] * (1 - paid), reached[:, -1:]])


def lower_stage(cumulative: Floats, excluded: float) -> NDArray[np.int64]:
    """The lowest stage kept when at most ``excluded`` probability may be cut off below."""
    return np.asarray(np.argmax(cumulative > excluded, axis=1))


def upper_stage(cumulative: Floats, excluded: float) -> NDArray[np.int64]:
    """The highest stage kept when at most ``excluded`` probability may be cut off above."""
    return np.asarray(np.argmax(cumulative >= min(1 - excluded, 1 - 1e-9), axis=1))


def _reasons(blocks: dict[str, Block], row: int, kind: int) -> tuple[tuple[str, float], ...]:
    shares = [(name, float(block.value[kind, row])) for name, block in blocks.items() if not block.unknown[row]]
    shares.sort(key=lambda share: -abs(share[1]))
    return tuple((name, round(value, 4)) for name, value in shares[:6])
