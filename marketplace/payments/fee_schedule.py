"""What the marketplace charges, to whom and since when: dated data, shown to everybody, applied when a deal opens."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from marketplace.core.i18n import _l
from marketplace.core.money import Money, percentage


@dataclass(frozen=True)
class Charge:
    """One line of the schedule; amounts contain the tax. No rate and no sum means that nothing is charged."""

    code: str
    payer: str
    since: date
    basis_points: int = 0
    at_most_minor: int | None = None

    @property
    def free(self) -> bool:
        """Whether nothing is charged."""
        return self.basis_points == 0

    def on(self, price: Money) -> Money:
        """The charge on a price, to the minor unit, never more than the cap in the price's currency."""
        charge = percentage(price, self.basis_points)
        return charge if self.at_most_minor is None else min(charge, Money(self.at_most_minor, price.currency))


OPENED = date(2024, 1, 1)
SCHEDULE = (
    Charge("listing", "holder", OPENED),
    Charge("success", "seller", OPENED, 200, 20_000_000),
    Charge("buying", "buyer", OPENED),
    Charge("held_money", "both", OPENED),
    Charge("financing", "borrower", OPENED),
)

CHARGE_NAMES: dict[str, Any] = {
    "listing": _l("Listing an asset, valuation and search"),
    "success": _l("Success fee on a released sale or licence"),
    "buying": _l("Commission of the buyer"),
    "held_money": _l("Holding and paying out money"),
    "financing": _l("Applying to banks and enrolling in a pool"),
}
PAYERS: dict[str, Any] = {
    "holder": _l("Rights holder"),
    "seller": _l("Seller or licensor"),
    "buyer": _l("Buyer or licensee"),
    "both": _l("Both sides"),
    "borrower": _l("Borrower"),
}


def charges_on(day: date) -> list[Charge]:
    """The schedule in force that day, one line for each kind of charge."""
    lines: dict[str, Charge] = {}
    for charge in sorted(SCHEDULE, key=lambda one: one.since):
        if charge.since <= day:
            lines[charge.code] = charge
    return list(lines.values())


def success_fee(price: Money, day: date) -> Money:
    """What the seller pays out of a price agreed that day, tax contained."""
    found = [charge for charge in charges_on(day) if charge.code == "success"]
    return found[0].on(price) if found else Money.zero(price.currency)
