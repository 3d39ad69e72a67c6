"""A bank's published lending rules as data, and what they say about a right: how much, at which rate, or why not. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.financing.caps import HARD_CAP_BPS, lending_cap
from marketplace.registry.assets import Asset, AssetKind
from marketplace.registry.fields_of_use import covers, field_key
from marketplace.valuation.lending import lending_basis
from marketplace.valuation.reports import Indication

REASONS = {
    "kind": _l("The bank lends on this kind of right"),
    "field": _l("The right lies in a field the bank lends on"),
    "region": _l("The owner is in a region the bank serves"),
    "in_force": _l("The right is in force"),
    "life": _l("The right outlives the shortest term"),
    "value": _l("A value in the bank's currency is known"),
    "certainty": _l("The value is certain enough: its lower bound is close enough to its middle"),
    "amount": _l("What can be lent reaches the bank's smallest loan"),
    "price": _l("The bank has a price for this loan over value"),
}


@dataclass(frozen=True, kw_only=True)
class CriteriaRules:
    """What a bank lends on: caps by kind and prices by loan over value in basis points, amounts in minor units of yuan."""

    caps_bps: Mapping[str, int]
    prices: Sequence[tuple[int, int]]
    least_minor: int
    most_minor: int
    least_months: int
    most_months: int
    classes: Sequence[str] = ()
    regions: Sequence[str] = ()
    certainty_bps: int = 0
    borrower_minor: int | None = None
    group_minor: int | None = None
    field_limits: Mapping[str, int] = field(default_factory=dict)

    @property
    def has_limits(self) -> bool:
        """Whether the bank limits what it lends to one borrower, to a group or in a field."""
        return self.borrower_minor is not None or self.group_minor is not None or bool(self.field_limits)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "CriteriaRules":
        """The rules as they are kept."""
        return cls(**{**data, "prices": [(int(up_to), int(rate)) for up_to, rate in data["prices"]]})

    def price_of(self, ltv_bps: int) -> int | None:
        """The rate of the first step of the grid that reaches this loan over value."""
        return next((rate for up_to, rate in sorted(self.prices) if ltv_bps <= up_to), None)

    def names_field(self, asset: Asset) -> bool:
        """Whether one of the right's classes lies in a named field; no named field means every field."""
        held_classes = classes_of(asset)
        return not self.classes or any(covers(field_key(one), held) for one in self.classes for held in held_classes)


def classes_of(asset: Asset) -> frozenset[str]:
    """The classes of a right in their comparable form."""
    return frozenset(field_key(text) for text in (*asset.ipc, *asset.cpc))


@dataclass(frozen=True)
class Indicative:
    """What a bank's rules say: amount and yearly rate when the right fits, and every reason with its answer."""

    amount: Money | None
    rate_bps: int | None
    term_months: int | None
    reasons: tuple[tuple[str, bool], ...]

    @property
    def fits(self) -> bool:
        """Whether nothing speaks against it."""
        return self.amount is not None

    @property
    def words(self) -> list[tuple[str, bool]]:
        """The reasons in the page's language."""
        return [(str(REASONS[name]), met) for name, met in self.reasons]


def weigh_right(
    rules: CriteriaRules, asset: Asset, seen: Indication | None, region: str | None, on: date
) -> Indicative:
    """What a bank would lend on this right by its own published rules, with every reason for or against."""
    cap_bps = rules.caps_bps.get(asset.kind.value, 0)
    months = _months_left(asset, on, rules.most_months)
    known = seen is not None and seen.middle.currency == "CNY" and seen.middle.amount_minor > 0
    met = {
        "kind": cap_bps > 0,
        "field": rules.names_field(asset),
        "region": not rules.regions or region in rules.regions,
        "in_force": asset.is_in_force(on),
        "life": months >= rules.least_months,
        "value": known,
    }
    amount = rate = None
    if known and seen is not None:
        low, middle = lending_basis(seen)
        certainty = low.amount_minor * 10_000 // max(middle.amount_minor, 1)
        met["certainty"] = certainty >= rules.certainty_bps
        cap = lending_cap(asset.kind, seen, min(cap_bps, HARD_CAP_BPS)).amount.amount_minor
        minor = min(cap, rules.most_minor) // 100 * 100
        met["amount"] = minor >= rules.least_minor
        rate = rules.price_of(minor * 10_000 // max(middle.amount_minor, 1))
        met["price"] = rate is not None
        amount = Money(minor, "CNY")
    fits = all(met.values()) and amount is not None
    return Indicative(amount if fits else None, rate if fits else None, months if fits else None, tuple(met.items()))


def _months_left(asset: Asset, on: date, most: int) -> int:
    """Whole months until the right ends, at most the bank's longest term; a right that can be renewed limits nothing."""
    if asset.expires_on is None or asset.kind is AssetKind.TRADEMARK:
        return most
    whole = (asset.expires_on.year - on.year) * 12 + asset.expires_on.month - on.month
    return min(max(whole - (asset.expires_on.day < on.day), 0), most)
