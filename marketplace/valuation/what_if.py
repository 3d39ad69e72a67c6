"""What if: the income formula and the lending limit under assumptions of the reader's own; never kept, never a value."""

import math
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from marketplace.core.actor import Actor
from marketplace.core.money import Money
from marketplace.valuation.income import RoyaltyCase, relief_from_royalty
from marketplace.valuation.lending import LendingTerms, LendingValue, lending_limit
from marketplace.valuation.reconciliation import money_of_log
from marketplace.valuation.reports import Indication, find_indication


@dataclass(frozen=True)
class WhatIf:
    """What the formulas give for the reader's assumptions."""

    indication: Indication
    royalty_value: Money | None
    lending: LendingValue


def imagine(actor: Actor, indication_id: UUID, given: dict[str, Any]) -> WhatIf:
    """Compute under stated assumptions, beside an indication the actor may read."""
    indication = find_indication(actor, indication_id)
    terms = LendingTerms(sale_cost_bps=given["sale_cost_bps"], months_to_sell=given["months_to_sell"])
    lending = lending_limit(indication.id, indication.low, indication.middle, given["policy_cap_bps"], None, terms)
    return WhatIf(indication, _royalty_value(indication, given), lending)


def _royalty_value(indication: Indication, given: dict[str, Any]) -> Money | None:
    if given["revenue"] is None:
        return None
    case = RoyaltyCase(
        revenue=float(given["revenue"]),
        royalty=given["royalty_bps"] / 10_000,
        tax=given["tax_bps"] / 10_000,
        discount=given["discount_bps"] / 10_000,
        years=float(given["years"]),
    )
    value, currency = relief_from_royalty(case), indication.middle.currency
    return money_of_log(math.log(value), currency) if value > 0 else Money.zero(currency)
