"""Reading the terms of a scheme from its published form: JSON with percentages and amounts as strings."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l
from marketplace.core.money import EXPONENTS, Money
from marketplace.risk_pool.terms import Caps, RecoveryBasis, SchemeKind, Terms, Tier, TierMode, Uplift

CAPS = (
    "loan_counted", "borrower_year_counted", "loan_compensation", "borrower_year_compensation",
    "bank_year_compensation", "annual_budget",
)  # fmt: skip
KNOWN = {
    "name", "version", "aliases", "title", "kind", "region", "currency", "document", "source", "unknown",
    "effective_from", "effective_to", "pool_party", "residue_to", "excess_to", "other_loss_to", "shares", "pool_parts", "tiers",
    "tier_mode", "uplifts", "default_uplifts", "rate_cap", "caps", "pool_size", "leverage", "minimum_ip_share",
    "requires_stated_ip_share", "recovery_basis", "trigger", "breaker", "conditions", "asset_kinds", "modes",
    "ends_with_balance", "interest_stays",
}  # fmt: skip
POOL_NAMES = ("fund", "pool", "government")


def read_terms(data: Mapping[str, Any], mode: str = "") -> Terms:
    """The terms stated by a scheme document; anything contradictory or not understood is malformed."""
    if not isinstance(data, Mapping):
        raise Malformed("scheme", _l("A scheme is an object of named terms."))
    for name in sorted(set(data) - KNOWN):
        raise Malformed(f"scheme.{name}", _l("A scheme has no such term."))
    data = _in_mode(data, mode)
    currency = data.get("currency", "CNY")
    if currency not in EXPONENTS:
        raise Malformed("scheme.currency", _l("This currency is not settled here."))
    shares = read_shares(data.get("shares"))
    names = tuple(shares or ("fund", "bank"))
    residue_to = data.get("residue_to") or ("bank" if "bank" in names else names[-1])
    pool_party = data["pool_party"] if "pool_party" in data else next((n for n in POOL_NAMES if n in names), None)
    others = [name for name in names if name != pool_party] or list(names)
    excess_to = data.get("excess_to") or ("bank" if "bank" in others else others[-1])
    for field, party in (("residue_to", residue_to), ("pool_party", pool_party), ("excess_to", excess_to)):
        if shares is not None and party is not None and party not in shares:
            raise Malformed(f"scheme.{field}", _l("This is not one of the parties that share."))
    trigger, conditions, breaker = (data.get(name) or {} for name in ("trigger", "conditions", "breaker"))
    return Terms(
        name=str(data.get("name", "inline")),
        version=str(data.get("version", "")),
        title=data.get("title") or {},
        currency=currency,
        kind=_choice(SchemeKind, "kind", data.get("kind", "share")),
        mode=mode,
        shares=shares,
        residue_to=str(residue_to),
        excess_to=str(excess_to),
        pool_party=pool_party,
        other_loss_to=str(data.get("other_loss_to") or excess_to),
        tiers=_tiers(data.get("tiers") or [], currency),
        tier_mode=_choice(TierMode, "tier_mode", data.get("tier_mode", "slab")),
        uplifts=tuple(_uplift(item) for item in data.get("uplifts") or []),
        default_uplifts=frozenset(data.get("default_uplifts") or []),
        rate_cap=_optional_percent("rate_cap", data.get("rate_cap")),
        caps=_caps(data.get("caps") or {}, currency),
        pool_size=_amount("pool_size", data.get("pool_size"), currency),
        leverage=_optional_number("leverage", data.get("leverage")),
        minimum_ip_share=_optional_percent("minimum_ip_share", data.get("minimum_ip_share")) or Fraction(0),
        requires_stated_ip_share=bool(data.get("requires_stated_ip_share", False)),
        recovery_basis=_choice(RecoveryBasis, "recovery_basis", data.get("recovery_basis", "nominal")),
        trigger_overdue_days=trigger.get("overdue_days"),
        trigger_loan_class=trigger.get("loan_class"),
        bank_year_loss_rate=_optional_percent("breaker", breaker.get("bank_year_loss_rate")),
        pool_year_loss_rate=_optional_percent("breaker", breaker.get("pool_year_loss_rate")),
        asset_kinds=tuple(data.get("asset_kinds") or ()),
        loan_at_most=_amount("conditions.loan_at_most", conditions.get("loan_at_most"), currency),
        term_months_at_most=conditions.get("term_months_at_most"),
        effective_from=_day("effective_from", data.get("effective_from")),
        effective_to=_day("effective_to", data.get("effective_to")),
        document=data.get("document"),
        source=str(data.get("source", "")),
        unknown=tuple(data.get("unknown") or ()),
    )


def read_shares(given: Any) -> dict[str, Fraction] | None:
    """The share table as fractions of 1: percentages that sum to 100 (or fractions of 1, or basis points)."""
    if given is None:
        return None
    if isinstance(given, list):
        given = {str(row.get("party")): row.get("percent", row.get("share")) for row in given if isinstance(row, dict)}
    if not isinstance(given, Mapping) or not given:
        raise Malformed("scheme.shares", _l("State each party with its percentage."))
    shares = {str(party): number("scheme.shares", share) for party, share in given.items()}
    whole = sum(shares.values(), Fraction(0))
    if any(share < 0 for share in shares.values()) or whole not in (1, 100, 10_000):
        raise Malformed("scheme.shares", _l("The shares must sum to exactly one hundred per cent."))
    return {party: share / whole for party, share in shares.items()}


def number(field: str, given: Any) -> Fraction:
    """An exact number from text or an integer; binary floats are refused because they are not exact."""
    if isinstance(given, int) and not isinstance(given, bool):
        return Fraction(given)
    if isinstance(given, str | Decimal):
        try:
            exact = Decimal(str(given).strip())
        except InvalidOperation:
            exact = Decimal("NaN")
        if exact.is_finite() and -30 < exact.adjusted() < 30:
            return Fraction(exact)
    raise Malformed(field, _l("Enter a number such as 12.5."))


def percent(field: str, given: Any) -> Fraction:
    """A percentage between 0 and 100 as a fraction of 1."""
    value = number(field, given) / 100
    if not 0 <= value <= 1:
        raise Malformed(field, _l("Enter a percentage between 0 and 100."))
    return value


def amount(field: str, given: Any, currency: str) -> Money:
    """An amount of at least zero from text or an integer."""
    text = str(given) if isinstance(given, int | Decimal) and not isinstance(given, bool) else given
    try:
        money = Money.parse(text, currency)
    except Malformed as problem:
        raise Malformed(field, next(iter(problem.errors.values()))[0]) from problem
    if money.amount_minor < 0:
        raise Malformed(field, _l("An amount cannot be negative here."))
    return money


def _in_mode(data: Mapping[str, Any], mode: str) -> Mapping[str, Any]:
    if not mode:
        return data
    modes = data.get("modes") or {}
    if mode not in modes:
        raise Malformed("mode", _l("The scheme has no such mode."))
    return {**data, **modes[mode]}


def _tiers(given: list[Any], currency: str) -> tuple[Tier, ...]:
    tiers = tuple(
        Tier(amount("scheme.tiers", row.get("up_to"), currency), percent("scheme.tiers", row.get("rate")))
        for row in given
    )
    if any(first.up_to >= second.up_to for first, second in zip(tiers, tiers[1:], strict=False)):
        raise Malformed("scheme.tiers", _l("The tiers must grow."))
    return tiers


def _uplift(row: Mapping[str, Any]) -> Uplift:
    return Uplift(percent("scheme.uplifts", row.get("points")), frozenset(row.get("any_of") or ()))


def _caps(given: Mapping[str, Any], currency: str) -> Caps:
    for name in sorted(set(given) - set(CAPS)):
        raise Malformed(f"scheme.caps.{name}", _l("A scheme has no such term."))
    return Caps(**{name: _amount(f"caps.{name}", given.get(name), currency) for name in CAPS})


def _amount(field: str, given: Any, currency: str) -> Money | None:
    return None if given is None else amount(f"scheme.{field}", given, currency)


def _optional_percent(field: str, given: Any) -> Fraction | None:
    return None if given is None else percent(f"scheme.{field}", given)


def _optional_number(field: str, given: Any) -> Fraction | None:
    return None if given is None else number(f"scheme.{field}", given)


def _choice(kind: type[Any], field: str, given: Any) -> Any:
    try:
        return kind(given)
    except ValueError as error:
        raise Malformed(f"scheme.{field}", _l("This is not one of the known choices.")) from error


def _day(field: str, given: Any) -> date | None:
    try:
        return None if given is None else date.fromisoformat(given)
    except (TypeError, ValueError) as error:
        raise Malformed(f"scheme.{field}", _l("Enter a date as 2026-11-22.")) from error
