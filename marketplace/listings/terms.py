"""What a listing offers: the mode, the price or fee, the scope of a licence; and the rules these must keep."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from marketplace.core.errors import Malformed, Refused, require
from marketplace.core.i18n import _l
from marketplace.core.money import Money

OPEN_LICENCE_CEILING = Money(20_000_000_00, "CNY")
"""A fixed fee is generally not above CNY 20 million (CNIPA guidance on open-licence fees, 2024)."""
NET_SALES_CEILING_BPS = 2_000
PROFIT_CEILING_BPS = 4_000
DEPOSIT_CEILING_BPS = 2_000
"""A deposit is at most 20 % of the start price (court auction rules of 2016, article 17)."""


class ListingMode(StrEnum):
    """How the right is offered."""

    FIXED_PRICE = "fixed_price"
    AUCTION = "auction"
    LICENCE = "licence"
    OPEN_LICENCE = "open_licence"


LOT_FORMATS = ("english", "sealed_first_price", "vickrey", "dutch", "hybrid_dutch")
"""How an auction may find its price; the deals room knows the rules of each."""


class Exclusivity(StrEnum):
    """Who else may use the right beside the licensee; unsaid means non-exclusive."""

    EXCLUSIVE = "exclusive"
    SOLE = "sole"
    NON_EXCLUSIVE = "non_exclusive"


class FeeScheme(StrEnum):
    """How a licence is paid for."""

    LUMP_SUM = "lump_sum"
    ROYALTY = "royalty"
    ENTRY_AND_ROYALTY = "entry_and_royalty"


class RoyaltyBase(StrEnum):
    """What the running royalty is a share of."""

    NET_SALES = "net_sales"
    PROFIT = "profit"


SALE_MODES = frozenset({ListingMode.FIXED_PRICE, ListingMode.AUCTION})
LICENCE_MODES = frozenset({ListingMode.LICENCE, ListingMode.OPEN_LICENCE})

TERM_FIELDS = (
    "mode", "summary", "price", "reserve", "deposit", "lot_rules", "opens_at", "closes_at", "exclusivity", "territory",
    "fields_of_use", "term_months", "fee_scheme", "royalty_bps", "royalty_base", "ceiling_reason", "financing_welcome",
)  # fmt: skip
"""Everything the holder decides; a change of any of them is a new version."""

SECRET_FIELDS = frozenset({"reserve"})
"""Terms nobody but the holder ever sees."""


class FeeAboveGuidance(Refused):
    """An open-licence fee above the office's guidance needs a reason."""

    message = _l(
        "This fee is above the guidance for open licences (generally at most CNY 20 million, 20 %% of net sales or "
        "40 %% of profit). State a reason to go on."
    )


def above_guidance(price: Money | None, royalty_bps: int | None, base: RoyaltyBase | None) -> bool:
    """Whether an open-licence fee exceeds the guidance of the Chinese office (2024)."""
    if price is not None and price.currency == "CNY" and price > OPEN_LICENCE_CEILING:
        return True
    limit = PROFIT_CEILING_BPS if base is RoyaltyBase.PROFIT else NET_SALES_CEILING_BPS
    return royalty_bps is not None and royalty_bps > limit


def check_terms(terms: Mapping[str, Any]) -> None:
    """Refuse terms that contradict themselves; every fault names its field."""
    errors = _sale_faults(terms) if terms["mode"] in SALE_MODES else _licence_faults(terms)
    if errors:
        raise Malformed(errors={name: [str(text)] for name, text in errors.items()})
    fee = (terms["price"], terms["royalty_bps"], terms["royalty_base"])
    if terms["mode"] is ListingMode.OPEN_LICENCE and above_guidance(*fee):
        require(bool((terms["ceiling_reason"] or "").strip()), FeeAboveGuidance())


def _sale_faults(terms: Mapping[str, Any]) -> dict[str, Any]:
    errors: dict[str, Any] = {}
    price: Money | None = terms["price"]
    if price is None:
        return {"price": _l("State the price, or the start price of the auction.")}
    if terms["mode"] is ListingMode.FIXED_PRICE:
        return errors
    opens_at: datetime | None = terms["opens_at"]
    closes_at: datetime | None = terms["closes_at"]
    if opens_at is None or closes_at is None:
        errors["closes_at"] = _l("An auction needs an opening and a closing time.")
    elif closes_at <= opens_at:
        errors["closes_at"] = _l("The auction must close after it opens.")
    for name in ("reserve", "deposit"):
        amount: Money | None = terms[name]
        if amount is not None and amount.currency != price.currency:
            errors[name] = _l("Use the currency of the price.")
    if errors:
        return errors
    if terms["reserve"] is not None and terms["reserve"] < price:
        errors["reserve"] = _l("The reserve cannot be below the start price.")
    if terms["deposit"] is not None and terms["deposit"].amount_minor * 10_000 > (
        price.amount_minor * DEPOSIT_CEILING_BPS
    ):
        errors["deposit"] = _l("A deposit is at most 20 % of the start price.")
    return errors


def _licence_faults(terms: Mapping[str, Any]) -> dict[str, Any]:
    errors: dict[str, Any] = {}
    scheme: FeeScheme | None = terms["fee_scheme"]
    if scheme is None:
        return {"fee_scheme": _l("Choose how the licence is paid for.")}
    if scheme is not FeeScheme.ROYALTY and terms["price"] is None:
        errors["price"] = _l("State the lump sum or the entry fee.")
    if scheme is not FeeScheme.LUMP_SUM and not terms["royalty_bps"]:
        errors["royalty_bps"] = _l("State the royalty rate.")
    if terms["mode"] is ListingMode.OPEN_LICENCE and terms["exclusivity"] is not Exclusivity.NON_EXCLUSIVE:
        errors["exclusivity"] = _l("An open licence is always non-exclusive.")
    return errors


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What changed between two sets of terms, in plain values: {field: {from, to}}; secret terms show only that."""
    changes: dict[str, dict[str, Any]] = {}
    for name in TERM_FIELDS:
        old, new = plain(before[name]), plain(after[name])
        if old != new:
            changes[name] = {} if name in SECRET_FIELDS else {"from": shown_term(old), "to": shown_term(new)}
    return changes


def shown_term(value: Any) -> Any:
    """A term as everybody may read it: holders of a priority right by their rank, never by name."""
    if not isinstance(value, Mapping) or not value.get("priority_holders"):
        return value
    return {**value, "priority_holders": [{"rank": holder["rank"]} for holder in value["priority_holders"]]}


def plain(value: Any) -> Any:
    """A term as it is written into a version."""
    if isinstance(value, Money):
        return {"amount": value.format(), "currency": value.currency}
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, StrEnum) else value


def lot_rules_of_form(typed: dict[str, Any]) -> dict[str, Any]:
    """Take the rules of an auction out of a typed form, as they are stored."""
    given = {name: typed.pop(name, None) for name in ("format", "reserve_public", "proxy")}
    rules: dict[str, Any] = {name: value for name, value in given.items() if value}
    for name in ("buy_now", "floor"):
        amount: Money | None = typed.pop(name, None)
        if amount is not None:
            rules[name] = amount.format()
    step: Money | None = typed.pop("bid_step", None)
    if step is not None:
        rules["increments"] = [{"below": None, "step": step.format()}]
    percent, minutes = typed.pop("fall_percent", None), typed.pop("fall_minutes", None)
    if percent is not None:
        rules["step_bps"] = int(percent * 100)
    if minutes is not None:
        rules["step_seconds"] = minutes * 60
    return rules
