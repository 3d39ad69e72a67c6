"""How much may be lent against rights: the smallest of several limits, and which of them binds.

Seed caps by kind follow practice (10 to 60 per cent of value; domain notes in the guide). The lower bound of the value
less the cost and the risk of a sale limits every loan besides. An unknown value gives no cap: unknown is not zero.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from marketplace.core.errors import Problem
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.registry.assets import AssetKind
from marketplace.valuation.lending import LendingValue, lending_value
from marketplace.valuation.reports import Indication

POLICY_CAPS_BPS = {
    AssetKind.INVENTION: 3000,
    AssetKind.UTILITY_MODEL: 1500,
    AssetKind.DESIGN: 1000,
    AssetKind.TRADEMARK: 4000,
    AssetKind.COPYRIGHT: 2000,
    AssetKind.SOFTWARE: 2000,
    AssetKind.LAYOUT_DESIGN: 2000,
    AssetKind.PLANT_VARIETY: 2000,
}
"""The part of the value lent by default, by kind of right."""

HARD_CAP_BPS = 6000
"""No loan exceeds this part of the value, whatever a bank's own policy says."""


class OverCap(Problem):
    """More is asked or offered than may be lent against these rights."""

    status = 422
    message = _l("At most %(maximum)s can be lent against these rights; the binding limit is: %(binding_term)s.")


@dataclass(frozen=True)
class Cap:
    """The most that may be lent, and the term that binds."""

    amount: Money
    binding_term: str


def lending_cap(kind: AssetKind, seen: Indication, policy_bps: int | None = None) -> Cap:
    """The cap against one right."""
    policy = min(policy_bps if policy_bps is not None else POLICY_CAPS_BPS[kind], HARD_CAP_BPS)
    value: LendingValue = lending_value(seen.asset_id, policy, indication=seen)
    return Cap(value.amount, value.binding_term)


def joint_cap(caps: Iterable[Cap]) -> Cap | None:
    """The cap against several rights together; the largest single cap names the binding term."""
    known = list(caps)
    if not known:
        return None
    total = known[0].amount
    for cap in known[1:]:
        total += cap.amount
    return Cap(total, max(known, key=lambda cap: cap.amount.amount_minor).binding_term)


def require_within(amount: Money, cap: Cap | None) -> None:
    """Refuse an amount above the cap, naming the limit that binds; an unknown cap refuses nothing."""
    if cap is not None and cap.amount.currency == amount.currency and amount > cap.amount:
        raise OverCap(maximum=cap.amount, binding_term=cap.binding_term)
