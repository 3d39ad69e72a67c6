"""To what a repayment is applied, in which order, to the cent.

Default order 罚息、费用、利息、本金 (penalty, fees, interest, principal), the oldest instalment first. Civil Code
article 561 (costs of enforcement, then interest, then principal) allows another order by agreement.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l


class Part(StrEnum):
    """What may be owed on an instalment."""

    PENALTY = "penalty"
    FEES = "fees"
    INTEREST = "interest"
    PRINCIPAL = "principal"


DEFAULT_ORDER = (Part.PENALTY, Part.FEES, Part.INTEREST, Part.PRINCIPAL)
"""The order in which a repayment is applied unless the contract says otherwise."""


@dataclass(frozen=True)
class Owed:
    """What is still open on one instalment, in minor units."""

    nr: int
    open: dict[Part, int]


@dataclass(frozen=True)
class Allocation:
    """Where a repayment went; the parts and the rest sum to the amount paid."""

    parts: dict[int, dict[Part, int]] = field(default_factory=dict)
    rest: int = 0

    def total(self, part: Part) -> int:
        """How much went to this part over all instalments."""
        return sum(taken.get(part, 0) for taken in self.parts.values())

    @property
    def applied(self) -> int:
        """How much was applied at all."""
        return sum(sum(taken.values()) for taken in self.parts.values())


def allocate(amount: int, owed: Sequence[Owed], order: Sequence[Part] = DEFAULT_ORDER) -> Allocation:
    """Apply a repayment to what is owed, the oldest instalment first and within it in this order."""
    _require_sound(amount, owed, order)
    return _take(amount, [(one, part) for one in owed for part in order])


def allocate_proceeds(amount: int, owed: Sequence[Owed], order: Sequence[Part] = DEFAULT_ORDER) -> Allocation:
    """Apply what enforcement brought to one debt that fell due as a whole: every charge and all interest over all
    instalments before any principal (Civil Code art. 561)."""
    _require_sound(amount, owed, order)
    return _take(amount, [(one, part) for part in order for one in owed])


def _take(amount: int, wanted: Sequence[tuple[Owed, Part]]) -> Allocation:
    taken: dict[int, dict[Part, int]] = {}
    rest = amount
    for instalment, part in wanted:
        share = min(rest, instalment.open.get(part, 0))
        if share:
            taken.setdefault(instalment.nr, {})[part] = share
            rest -= share
    return Allocation(taken, rest)


def _require_sound(amount: int, owed: Sequence[Owed], order: Sequence[Part]) -> None:
    if amount < 0 or any(value < 0 for instalment in owed for value in instalment.open.values()):
        raise Malformed("amount", _l("Enter an amount above zero."))
    if sorted(order) != sorted(Part):
        raise Malformed("order", _l("The order must name penalty, fees, interest and principal once each."))
