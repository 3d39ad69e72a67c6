"""How much lending a pool can carry, and when it stops; pure rules."""

from dataclasses import dataclass
from fractions import Fraction

from marketplace.core.money import Money


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """What a pool can carry with what it holds: leverage × (balance − reserved claims)."""

    balance: Money
    reserved: Money
    leverage: Fraction
    enrolled: Money

    @property
    def limit(self) -> Money:
        """The largest sum of enrolled principal."""
        free = max(Money.zero(self.balance.currency), self.balance - self.reserved)
        return Money(int(free.amount_minor * self.leverage // 1), free.currency)

    @property
    def left(self) -> Money:
        """What may still be enrolled."""
        return max(Money.zero(self.balance.currency), self.limit - self.enrolled)

    @property
    def utilisation_bps(self) -> int | None:
        """Enrolled principal against the limit in basis points; None when the pool can carry nothing."""
        return self.enrolled.amount_minor * 10_000 // self.limit.amount_minor if self.limit else None

    def carries(self, principal: Money) -> bool:
        """Whether another loan fits."""
        return principal <= self.left


def loss_rate(loss: Money, in_pool_principal: Money) -> Fraction:
    """A bank's loss of the year against the principal it enrolled in that year."""
    if not in_pool_principal:
        return Fraction(1 if loss else 0)
    return Fraction(loss.amount_minor, in_pool_principal.amount_minor)


def breaks(loss: Money, in_pool_principal: Money, limit: Fraction | None) -> bool:
    """Whether the circuit breaker stops a bank: its loss rate is above the scheme's limit."""
    return limit is not None and loss_rate(loss, in_pool_principal) > limit
