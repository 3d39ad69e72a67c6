"""How much may be lent on a right: from the lower bound of its value, with the term that binds named."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from uuid import UUID

from marketplace.core.errors import Refused
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.registry.assets import find_asset
from marketplace.valuation.reports import Indication, latest_indication

SALE_COST_BPS = 1000
MONTHS_TO_SELL = 9
YEARLY_HAZARD_BPS = 1500
"""Loss of value while a seller waits for a buyer, per year; a proposal, to be set by each lender."""


class NoIndicationYet(Refused):
    """A lending value needs an indication first."""

    message = _l("Ask for a value indication of this right first.")


@dataclass(frozen=True)
class LendingTerms:
    """What a lender assumes about selling collateral."""

    sale_cost_bps: int = SALE_COST_BPS
    months_to_sell: int = MONTHS_TO_SELL
    yearly_hazard_bps: int = YEARLY_HAZARD_BPS


@dataclass(frozen=True)
class LendingValue:
    """The most that may be lent, which term binds, and every term beside it."""

    amount: Money
    binding_term: str  # "policy_cap" | "lower_bound" | "repayment_limit"
    terms: dict[str, Money]
    indication_id: UUID


def lending_value(
    asset_id: UUID,
    policy_cap_bps: int,
    repayment_limit: Money | None = None,
    terms: LendingTerms | None = None,
    indication: Indication | None = None,
) -> LendingValue:
    """min(policy cap, P10 x (1 - cost of sale) x discount for the time to sell, repayment limit)."""
    found = indication or latest_indication(asset_id, purpose="pledge") or latest_indication(asset_id)
    if found is None:
        raise NoIndicationYet()
    low, middle = lending_basis(found)
    return lending_limit(found.id, low, middle, policy_cap_bps, repayment_limit, terms or LendingTerms())


def lending_basis(indication: Indication) -> tuple[Money, Money]:
    """The lower bound and middle a loan may rest on: what a borrower stated may lower them and never raise them."""
    if not indication.snapshot["inputs"]:
        return indication.low, indication.middle
    blind = next(one for one in indication.answer["approaches"] if one["name"] == "statistical")
    currency = indication.middle.currency
    unstated = Money(int(blind["low_minor"]), currency), Money(int(blind["middle_minor"]), currency)
    return min(indication.low, unstated[0]), min(indication.middle, unstated[1])


def lending_limit(
    indication_id: UUID,
    low: Money,
    middle: Money,
    policy_cap_bps: int,
    repayment_limit: Money | None,
    terms: LendingTerms,
) -> LendingValue:
    """The rule itself, on the two amounts it needs."""
    waiting = math.exp(-terms.yearly_hazard_bps / 10_000 * terms.months_to_sell / 12)
    kept = Fraction(10_000 - terms.sale_cost_bps, 10_000) * Fraction(str(round(waiting, 12)))
    limits = {"policy_cap": middle.times(Fraction(policy_cap_bps, 10_000)), "lower_bound": low.times(kept)}
    if repayment_limit is not None and repayment_limit.currency == middle.currency:
        limits["repayment_limit"] = repayment_limit
    binding = min(limits, key=lambda name: (limits[name].amount_minor, name))
    return LendingValue(limits[binding], binding, limits, indication_id)


def portfolio_lending_value(
    asset_ids: Sequence[UUID],
    policy_cap_bps: int,
    repayment_limit: Money | None = None,
    terms: LendingTerms | None = None,
) -> LendingValue:
    """The limit of several rights together: of each family only its strongest member counts, and all fall together."""
    strongest: dict[str, Indication] = {}
    for asset_id in sorted(set(asset_ids)):
        found = latest_indication(asset_id, purpose="pledge") or latest_indication(asset_id)
        if found is None:
            raise NoIndicationYet()
        family = find_asset(asset_id).family_id or str(asset_id)
        if family not in strongest or lending_basis(strongest[family]) < lending_basis(found):
            strongest[family] = found
    if not strongest:
        raise NoIndicationYet()
    members = list(strongest.values())
    low, middle = lending_basis(members[0])
    for member in members[1:]:
        more_low, more_middle = lending_basis(member)
        low, middle = low + more_low, middle + more_middle
    return lending_limit(members[0].id, low, middle, policy_cap_bps, repayment_limit, terms or LendingTerms())
