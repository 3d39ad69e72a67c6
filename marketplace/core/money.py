"""Money in integer minor units, and the only place where it is rounded."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l

EXPONENTS = {"CNY": 2, "HKD": 2, "SGD": 2, "USD": 2, "EUR": 2, "GBP": 2, "MYR": 2, "JPY": 0, "KRW": 0}
"""ISO 4217 currencies the marketplace settles in, with their number of decimals."""

_PLAIN = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]+)?", re.ASCII)


class WrongCurrency(ArithmeticError):
    """Two amounts of different currencies were combined."""


@dataclass(frozen=True, order=False)
class Money:
    """An exact amount of one currency."""

    amount_minor: int
    currency: str

    @classmethod
    def parse(cls, text: str, currency: str) -> "Money":
        """Read a plain decimal such as 1234.56; anything else (signs, separators, exponents) is malformed."""
        exponent = EXPONENTS.get(currency)
        if exponent is None:
            raise Malformed("currency", _l("This currency is not settled here."))
        if not isinstance(text, str) or not _PLAIN.fullmatch(text):
            raise Malformed("amount", _l("Enter an amount such as 1234.56, without separators."))
        whole, _dot, decimals = text.partition(".")
        if len(decimals) > exponent:
            raise Malformed("amount", _l("This amount has more decimals than the currency."))
        return cls(int(whole + decimals.ljust(exponent, "0")), currency)

    @classmethod
    def typed(cls, text: str, currency: str, allow_zero: bool = False) -> "Money":
        """Read an amount as a person types it into a form: separators are allowed, nothing below zero is."""
        money = cls.parse(text.strip().replace(",", ""), currency)
        if money.amount_minor < 0 or (money.amount_minor == 0 and not allow_zero):
            raise Malformed("amount", _l("Enter an amount above zero."))
        return money

    @classmethod
    def zero(cls, currency: str) -> "Money":
        """Nothing, in this currency."""
        return cls(0, currency)

    @classmethod
    def rounded(cls, amount: Decimal | Fraction, currency: str, rounding: str = ROUND_HALF_UP) -> "Money":
        """The nearest amount in minor units; ``amount`` is in major units (yuan, not fen)."""
        scaled = amount * 10 ** EXPONENTS[currency]
        if isinstance(scaled, Fraction):
            floor, rest = divmod(scaled.numerator, scaled.denominator)
            twice = 2 * rest
            up = twice > scaled.denominator or (
                twice == scaled.denominator and (rounding == ROUND_HALF_UP or floor % 2 == 1)
            )
            return cls(floor + up, currency)
        return cls(int(scaled.quantize(Decimal(1), rounding=rounding)), currency)

    @property
    def amount(self) -> Decimal:
        """The amount in major units."""
        return Decimal(self.amount_minor).scaleb(-EXPONENTS[self.currency])

    def format(self) -> str:
        """The plain decimal with all its decimals: 1234.50."""
        return f"{self.amount:.{EXPONENTS[self.currency]}f}"

    def times(self, factor: Decimal | Fraction | int, rounding: str = ROUND_HALF_UP) -> "Money":
        """The amount times an exact factor, rounded to the minor unit."""
        exact = Fraction(self.amount_minor, 10 ** EXPONENTS[self.currency]) * Fraction(factor)
        return Money.rounded(exact, self.currency, rounding)

    def __composite_values__(self) -> tuple[int, str]:
        return self.amount_minor, self.currency

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise WrongCurrency(f"{self.currency} and {other.currency}")

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount_minor + other.amount_minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount_minor - other.amount_minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount_minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        self._same(other)
        return self.amount_minor < other.amount_minor

    def __le__(self, other: "Money") -> bool:
        self._same(other)
        return self.amount_minor <= other.amount_minor

    def __gt__(self, other: "Money") -> bool:
        return other < self

    def __ge__(self, other: "Money") -> bool:
        return other <= self

    def __bool__(self) -> bool:
        return self.amount_minor != 0

    def __str__(self) -> str:
        return f"{self.currency} {self.amount:,.{EXPONENTS[self.currency]}f}"


def percentage(of: Money, basis_points: int, rounding: str = ROUND_HALF_UP) -> Money:
    """A rate in basis points applied to an amount (250 = 2.5 %)."""
    return of.times(Fraction(basis_points, 10_000), rounding)


def split_by_shares(whole: Money, shares: dict[str, int], residue_to: str) -> dict[str, Money]:
    """Divide an amount by integer shares, every part rounded down and the residue given to one named bearer.

    The parts sum to the whole exactly. Raises ``ValueError`` for no shares or an unknown bearer.
    """
    total = sum(shares.values())
    if total <= 0 or residue_to not in shares or whole.amount_minor < 0:
        raise ValueError("shares must be positive and the residue bearer one of them")
    parts = {name: Money(whole.amount_minor * share // total, whole.currency) for name, share in shares.items()}
    residue = whole.amount_minor - sum(part.amount_minor for part in parts.values())
    parts[residue_to] += Money(residue, whole.currency)
    return parts


__all__ = ["EXPONENTS", "ROUND_HALF_EVEN", "ROUND_HALF_UP", "Money", "WrongCurrency", "percentage", "split_by_shares"]
