"""Who gets what when a deal's held money is released or returned: pure arithmetic, to the cent."""

from dataclasses import dataclass
from fractions import Fraction
from uuid import UUID

from marketplace.core.money import Money

EARNEST_MONEY_CAP_BPS = 2_000
"""Earnest money has no effect above twenty per cent of the contract amount (Civil Code, art. 586)."""
INSTITUTION_INVENTOR_BPS = 5_000
"""A public institution owes its inventors at least half of the net income (技术成果转化法 art. 45)."""


@dataclass(frozen=True)
class Payoff:
    """What a pledgee is still owed and gets before everybody else."""

    pledgee_id: UUID
    outstanding: Money
    reference: str


@dataclass(frozen=True)
class Share:
    """One line of a waterfall."""

    step: str
    receiver_id: UUID | None
    amount: Money
    reference: str = ""


@dataclass(frozen=True)
class Waterfall:
    """The lines in the order in which they are paid; they sum to the held amount exactly."""

    lines: tuple[Share, ...]

    def amount_of(self, step: str) -> Money:
        """The sum of the lines of one step."""
        zero = Money.zero(self.lines[0].amount.currency)
        return sum((line.amount for line in self.lines if line.step == step), start=zero)


def earnest_money(price: Money, basis_points: int) -> Money:
    """The deposit asked for, never above what the law gives the effect of earnest money."""
    return Money(price.amount_minor * min(basis_points, EARNEST_MONEY_CAP_BPS) // 10_000, price.currency)


def release_waterfall(
    held: Money,
    payoffs: tuple[Payoff, ...],
    fee: Money,
    inventor_bps: int,
    seller_shares: dict[UUID, Fraction],
) -> Waterfall:
    """Pledgees first, each up to what is owed; then the platform fee; then the inventors' share of what is left
    (held for the seller to distribute, shown by itself); the rest to the sellers by their ownership shares.

    No line is negative, no later line is paid before an earlier one is full, and the lines sum to ``held``. The
    first seller bears the rounding residue.
    """
    lines: list[Share] = []
    left = held
    for payoff in payoffs:
        paid = min(payoff.outstanding, left)
        if paid:
            lines.append(Share("pledgee", payoff.pledgee_id, paid, payoff.reference))
        left -= paid
    charged = min(fee, left)
    if charged:
        lines.append(Share("platform_fee", None, charged))
    left -= charged
    inventors = Money(left.amount_minor * inventor_bps // 10_000, left.currency)
    lines.extend(_by_ownership("inventors", inventors, seller_shares))
    lines.extend(_by_ownership("seller", left - inventors, seller_shares))
    return Waterfall(tuple(lines))


def _by_ownership(step: str, whole: Money, shares: dict[UUID, Fraction]) -> list[Share]:
    if not whole:
        return []
    total = sum(shares.values())
    parts = {owner: int(whole.amount_minor * share / total) for owner, share in shares.items()}
    first = next(iter(parts))
    parts[first] += whole.amount_minor - sum(parts.values())
    return [Share(step, owner, Money(minor, whole.currency)) for owner, minor in parts.items() if minor]


def inventor_share_due(seller_is_institution: bool, agreed_bps: int | None) -> int:
    """The inventors' share of the net income in basis points: what is agreed, at least half for institutions."""
    agreed = agreed_bps or 0
    return max(agreed, INSTITUTION_INVENTOR_BPS) if seller_is_institution else agreed
