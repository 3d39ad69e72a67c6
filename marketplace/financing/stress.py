"""What a fall of values and a wave of defaults would cost a book: stated assumptions, exact arithmetic; pure rules.

Two readings: every sound loan fails with the same chance, or the loans with the loudest warnings fail first until their
part of the book has failed. A right of unknown value brings nothing. Loans in default fail in every reading.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from marketplace.core.money import Money
from marketplace.financing.portfolio import Position

WHOLE = 10_000


@dataclass(frozen=True, kw_only=True)
class Shock:
    """By how much values fall, which part of the book fails, what a sale costs; all in basis points."""

    value_fall_bps: int
    default_rate_bps: int
    sale_cost_bps: int = 2000


@dataclass(frozen=True)
class Failure:
    """One loan in the shock: the chance with which it fails, and what is lost if it does."""

    position: Position
    chance_bps: int
    loss: Money

    @property
    def expected(self) -> Money:
        """The loss times its chance, rounded up."""
        return Money(-(-self.loss.amount_minor * self.chance_bps // WHOLE), self.loss.currency)


@dataclass(frozen=True)
class Outcome:
    """What the shock does to a book."""

    exposure: Money
    failing: Money
    loss: Money
    short_loans: int
    missing_value: Money
    failures: tuple[Failure, ...]

    @property
    def loss_rate_bps(self) -> int:
        """The loss over the whole book."""
        return self.loss.amount_minor * WHOLE // self.exposure.amount_minor if self.exposure else 0


def loss_if_failed(position: Position, shock: Shock) -> Money:
    """What a failed loan loses after its rights are sold at the fallen value less the cost of the sale."""
    worth = 0 if position.value is None else position.value.amount_minor
    brings = worth * (WHOLE - shock.value_fall_bps) * (WHOLE - shock.sale_cost_bps) // (WHOLE * WHOLE)
    return Money(max(0, position.outstanding.amount_minor - brings), position.outstanding.currency)


def fail_evenly(positions: Sequence[Position], shock: Shock) -> list[Failure]:
    """Every sound loan fails with the same chance."""
    return [
        Failure(
            position, WHOLE if position.loan_class.is_non_performing else shock.default_rate_bps,
            loss_if_failed(position, shock),
        )
        for position in positions
    ]  # fmt: skip


def fail_weakest_first(positions: Sequence[Position], shock: Shock) -> list[Failure]:
    """The loudest warnings fail first, until the stated part of the sound book has failed."""
    sound = [position for position in positions if not position.loan_class.is_non_performing]
    to_fail = sum(position.outstanding.amount_minor for position in sound) * shock.default_rate_bps // WHOLE
    order = sorted(sound, key=lambda one: (-one.score, one.coverage_bps or 0, str(one.loan_id)))
    chances, failed = {}, 0
    for position in order:
        owed = position.outstanding.amount_minor
        part = min(owed, max(0, to_fail - failed))
        chances[position.loan_id] = part * WHOLE // owed if owed else 0
        failed += part
    return [
        Failure(position, chances.get(position.loan_id, WHOLE), loss_if_failed(position, shock))
        for position in positions
    ]


def outcome_of(failures: Sequence[Failure], shock: Shock, required_bps: int, currency: str = "CNY") -> Outcome:
    """The failures of a book together, and how much value the loans that go on would then miss."""
    mine = [one for one in failures if one.position.outstanding.currency == currency]
    missing = [_missing(one.position, shock, required_bps) for one in mine]
    return Outcome(
        exposure=Money(sum(one.position.outstanding.amount_minor for one in mine), currency),
        failing=Money(
            sum(-(-one.position.outstanding.amount_minor * one.chance_bps // WHOLE) for one in mine), currency
        ),
        loss=Money(sum(one.expected.amount_minor for one in mine), currency),
        short_loans=sum(amount > 0 for amount in missing),
        missing_value=Money(sum(missing), currency),
        failures=tuple(mine),
    )


def _missing(position: Position, shock: Shock, required_bps: int) -> int:
    """By how much the fallen value misses what it must reach; unknown values are not guessed."""
    if position.value is None:
        return 0
    fallen = position.value.amount_minor * (WHOLE - shock.value_fall_bps) // WHOLE
    return max(0, -(-position.outstanding.amount_minor * required_bps // WHOLE) - fallen)
