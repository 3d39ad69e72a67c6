"""How amounts of a loan are rounded: to the cent, to a coarser grain, an instalment to its agreed multiple."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP
from fractions import Fraction


@dataclass(frozen=True)
class Rounding:
    """To which grain amounts are rounded, and how; the grain is in minor units."""

    mode: str = ROUND_HALF_EVEN
    grain: int = 1
    instalment_multiple: Fraction | None = None
    multiples_round_up: bool = False

    def amount(self, exact: Fraction) -> int:
        """The amount to the grain of the currency."""
        return int(round_fraction(exact / self.grain, self.mode) * self.grain)

    def instalment(self, exact: Fraction) -> int:
        """The instalment, to its agreed multiple where there is one."""
        multiple = self.instalment_multiple
        if multiple is None:
            return self.amount(exact)
        if self.multiples_round_up:
            return self.amount(round_fraction(exact / multiple, ROUND_CEILING) * multiple)
        return self.amount(round_fraction(exact / multiple, self.mode) * multiple)


def round_fraction(exact: Fraction, mode: str) -> int:
    """The whole number next to an exact fraction by a decimal rounding mode."""
    low, rest = divmod(exact.numerator, exact.denominator)
    if rest == 0:
        return low
    twice = 2 * rest - exact.denominator
    if mode == ROUND_HALF_EVEN:
        return low + (twice > 0 or (twice == 0 and low % 2 == 1))
    if mode == ROUND_HALF_UP:
        return low + (twice >= 0)
    return low + (mode == ROUND_CEILING) if exact >= 0 or mode != ROUND_DOWN else low + 1
