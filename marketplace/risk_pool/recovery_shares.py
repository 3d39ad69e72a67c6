"""Sharing what is recovered after compensation back to those who bore the loss; pure rules.

Source of the rounding rule: over several recoveries each minor unit goes to the party with the largest deficit
against its exact cumulative share, so no party's increment is ever negative and the sum is exact.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from marketplace.core.money import Money

Amounts = Mapping[str, int]


def exact_shares(total: int, weights: Mapping[str, Fraction], limits: Amounts) -> dict[str, Fraction]:
    """Divide a total by weight, nobody above its limit; what one party cannot take goes to the others by weight.

    Units: minor units. A party without weight takes only after all others are whole. The total must not exceed
    the sum of the limits.
    """
    shares = {party: Fraction(0) for party in limits}
    left = Fraction(total)
    for group in (
        {party for party, limit in limits.items() if limit and weights.get(party, Fraction(0)) > 0},
        {party for party, limit in limits.items() if limit and not weights.get(party, Fraction(0)) > 0},
    ):
        given = _pour(left, {party: weights.get(party) or Fraction(1) for party in group}, limits)
        shares.update(given)
        left -= sum(given.values(), Fraction(0))
    return shares


def _pour(total: Fraction, weights: Mapping[str, Fraction], limits: Amounts) -> dict[str, Fraction]:
    given: dict[str, Fraction] = {}
    left, weight = total, sum(weights.values(), Fraction(0))
    for party in sorted(weights, key=lambda name: (limits[name] / weights[name], name)):
        share = min(Fraction(limits[party]), left * weights[party] / weight)
        given[party] = share
        left -= share
        weight -= weights[party]
    return given


def increments(
    amount: int, weights: Mapping[str, Fraction], limits: Amounts, paid: Amounts, residue_to: str
) -> dict[str, int]:
    """Give each minor unit of a further recovery to the party with the largest deficit against its exact share.

    Whole units that every order of giving would give are given at once, so the work does not grow with the amount.
    """
    target = exact_shares(amount + sum(paid.values()), weights, limits)
    deficit = {party: target[party] - paid.get(party, 0) for party in limits}
    given = {party: max(0, int(deficit[party] // 1) - len(limits)) for party in limits}
    order = sorted(limits, key=lambda party: (party != residue_to, list(limits).index(party)))
    for _unit in range(amount - sum(given.values())):
        neediest = max(order, key=lambda party: deficit[party] - given[party])
        given[neediest] += 1
    return given


def one_off(amount: int, weights: Mapping[str, Fraction], limits: Amounts, residue_to: str) -> dict[str, int]:
    """Divide a single recovery: every exact share rounded down, the residue to the named bearer while it may take."""
    target = exact_shares(amount, weights, limits)
    given = {party: int(share // 1) for party, share in target.items()}
    residue = amount - sum(given.values())
    for party in sorted(limits, key=lambda name: (name != residue_to, given[name] - target[name])):
        taken = min(residue, limits[party] - given[party])
        given[party] += taken
        residue -= taken
    return given


@dataclass(frozen=True)
class RecoveryShares:
    """How one recovery was divided; cost, parties, the bearer's own other loss and the surplus sum to it."""

    parties: Mapping[str, Money]
    cost_reimbursed: Money
    other_loss_reimbursed: Money
    surplus: Money

    @property
    def net(self) -> Money:
        """What was shared back among the parties."""
        first, *others = self.parties.values()
        return sum(others, first)


@dataclass(frozen=True, kw_only=True)
class RecoveryPosition:
    """What the parties of a compensated loan bore and have had back so far."""

    borne: Mapping[str, Money]
    weights: Mapping[str, Fraction]
    residue_to: str
    paid: Mapping[str, Money]
    cost_open: Money
    other_loss_open: Money
    steps: int = 0

    @classmethod
    def after_loss(
        cls, borne: Mapping[str, Money], weights: Mapping[str, Fraction], residue_to: str, other_loss: Money
    ) -> "RecoveryPosition":
        """The position on the day of compensation, before anything was recovered."""
        zero = Money.zero(other_loss.currency)
        return cls(
            borne=borne, weights=weights, residue_to=residue_to, paid=dict.fromkeys(borne, zero), cost_open=zero,
            other_loss_open=other_loss,
        )  # fmt: skip

    @property
    def still_borne(self) -> dict[str, Money]:
        """What each party has not had back."""
        return {party: amount - self.paid[party] for party, amount in self.borne.items()}

    def room_for(self, received: Money, cost: Money) -> Money:
        """How much of an amount is shared at all: cost, what the parties still bear, and the stated other loss."""
        zero = Money.zero(received.currency)
        still = sum(self.still_borne.values(), zero)
        return min(received, self.cost_open + cost + still + self.other_loss_open, key=lambda one: one.amount_minor)

    def share(self, received: Money, cost: Money, last: bool = False) -> tuple[RecoveryShares, "RecoveryPosition"]:
        """Divide one recovery: cost first, then the parties until whole, then other loss, then the pledgor.

        A single and final recovery (``last``) is divided as a one-off, with the residue to the named bearer.
        """
        zero = Money.zero(received.currency)
        cost_open = self.cost_open + cost
        reimbursed = min(received, cost_open)
        left = received - reimbursed
        shared = min(left, sum(self.still_borne.values(), zero))
        parties = self._divide(shared.amount_minor, last and self.steps == 0)
        other = min(left - shared, self.other_loss_open)
        shares = RecoveryShares(
            {party: Money(amount, received.currency) for party, amount in parties.items()},
            reimbursed, other, left - shared - other,
        )  # fmt: skip
        following = replace(
            self,
            paid={party: amount + shares.parties[party] for party, amount in self.paid.items()},
            cost_open=cost_open - reimbursed,
            other_loss_open=self.other_loss_open - other,
            steps=self.steps + 1,
        )
        return shares, following

    def _divide(self, amount: int, single: bool) -> dict[str, int]:
        limits = {party: bore.amount_minor for party, bore in self.borne.items()}
        if single:
            return one_off(amount, self.weights, limits, self.residue_to)
        paid = {party: money.amount_minor for party, money in self.paid.items()}
        return increments(amount, self.weights, limits, paid, self.residue_to)
