"""Reading the terms of a scheme from its published form: JSON with percentages and amounts as strings."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l
from marketplace.core.money import EXPONENTS, Money
from marketplace.risk_pool.aid_reading import read_premiums, read_subsidies
from marketplace.risk_pool.term_values import (
    amount,
    choice,
    day,
    flag,
    named,
    number,
    percent,
    positive,
    rows,
    stated,
    stated_amount,
    whole,
    words,
)
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
    "ends_with_balance", "interest_stays", "premium", "subsidies",
}  # fmt: skip
POOL_NAMES = ("fund", "pool", "government")
BREAKER = ("bank_year_loss_rate", "pool_year_loss_rate", "guarantor_claim_rate")
TRIGGER_CLASSES = ("substandard", "doubtful", "loss")
CONDITIONS: dict[str, Callable[[str, Any], Any]] = {
    "term_months_at_most": whole, "first_review_working_days": whole, "rate_over_lpr_bp_at_most": whole,
    "guaranteed_loans_excluded": flag, "loan_to_ip_value_at_most": percent, "insurance_premium_rate": percent,
    "guarantee_fee_rate": percent, "guarantee_fee_at_most": percent, "interest_subsidy": percent,
    "interest_subsidy_rate": percent, "interest_rebate": percent,
}  # fmt: skip
"""The conditions a scheme may publish, and how each is written; the amounts follow."""
CONDITION_AMOUNTS = ("loan_at_most", "borrower_loans_at_most", "borrower_bank_loans_at_most")


def read_terms(data: Mapping[str, Any], mode: str = "") -> Terms:
    """The terms stated by a scheme document; anything contradictory or not understood is malformed."""
    if not isinstance(data, Mapping):
        raise Malformed("scheme", _l("A scheme is an object of named terms."))
    named("scheme", data, KNOWN)
    data = _in_mode(data, mode)
    currency = data.get("currency", "CNY")
    if not isinstance(currency, str) or currency not in EXPONENTS:
        raise Malformed("scheme.currency", _l("This currency is not settled here."))
    shares = read_shares(data.get("shares"))
    trigger = named("scheme.trigger", data.get("trigger"), ("overdue_days", "loan_class"))
    breaker = _breaker(data.get("breaker"))
    conditions = _conditions(data.get("conditions"), currency)
    _check_notes(data)
    parties = _parties(data, shares)
    return Terms(
        name=str(data.get("name", "inline")),
        version=str(data.get("version", "")),
        title=data.get("title") or {},
        currency=currency,
        kind=choice(SchemeKind, "scheme.kind", data.get("kind", "share")),
        mode=mode,
        shares=shares,
        **parties,
        tiers=_tiers(data.get("tiers"), currency),
        tier_mode=choice(TierMode, "scheme.tier_mode", data.get("tier_mode", "slab")),
        uplifts=_uplifts(data.get("uplifts")),
        default_uplifts=frozenset(words("scheme.default_uplifts", data.get("default_uplifts") or [])),
        rate_cap=stated(percent, "scheme.rate_cap", data.get("rate_cap")),
        caps=_caps(data.get("caps"), currency),
        pool_size=stated_amount("scheme.pool_size", data.get("pool_size"), currency),
        leverage=stated(positive, "scheme.leverage", data.get("leverage")),
        minimum_ip_share=stated(percent, "scheme.minimum_ip_share", data.get("minimum_ip_share")) or Fraction(0),
        requires_stated_ip_share=flag("scheme.requires_stated_ip_share", data.get("requires_stated_ip_share", False)),
        recovery_basis=choice(RecoveryBasis, "scheme.recovery_basis", data.get("recovery_basis", "nominal")),
        trigger_overdue_days=stated(whole, "scheme.trigger.overdue_days", trigger.get("overdue_days")),
        trigger_loan_class=_trigger_class(trigger.get("loan_class")),
        bank_year_loss_rate=breaker["bank_year_loss_rate"],
        pool_year_loss_rate=breaker["pool_year_loss_rate"],
        asset_kinds=words("scheme.asset_kinds", data.get("asset_kinds") or []),
        loan_at_most=conditions["loan_at_most"],
        term_months_at_most=conditions["term_months_at_most"],
        effective_from=stated(day, "scheme.effective_from", data.get("effective_from")),
        effective_to=stated(day, "scheme.effective_to", data.get("effective_to")),
        document=data.get("document"),
        source=str(data.get("source", "")),
        unknown=words("scheme.unknown", data.get("unknown") or []),
        premiums=read_premiums(data.get("premium"), shares, parties["pool_party"]),
        subsidies=read_subsidies(data.get("subsidies"), currency),
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
    total = sum(shares.values(), Fraction(0))
    if any(share < 0 for share in shares.values()) or total not in (1, 100, 10_000):
        raise Malformed("scheme.shares", _l("The shares must sum to exactly one hundred per cent."))
    return {party: share / total for party, share in shares.items()}


def _parties(data: Mapping[str, Any], shares: Mapping[str, Fraction] | None) -> dict[str, Any]:
    """Who stands for the pool, and who bears the last cent, what exceeds the caps, and what is not principal."""
    names = tuple(shares or ("fund", "bank"))
    residue_to = data.get("residue_to") or ("bank" if "bank" in names else names[-1])
    pool_party = data["pool_party"] if "pool_party" in data else next((n for n in POOL_NAMES if n in names), None)
    others = [name for name in names if name != pool_party] or list(names)
    excess_to = data.get("excess_to") or ("bank" if "bank" in others else others[-1])
    for field, party in (("residue_to", residue_to), ("pool_party", pool_party), ("excess_to", excess_to)):
        if party is not None and (not isinstance(party, str) or (shares is not None and party not in shares)):
            raise Malformed(f"scheme.{field}", _l("This is not one of the parties that share."))
    return {
        "residue_to": str(residue_to), "excess_to": str(excess_to), "pool_party": pool_party,
        "other_loss_to": str(data.get("other_loss_to") or excess_to),
    }  # fmt: skip


def _in_mode(data: Mapping[str, Any], mode: str) -> Mapping[str, Any]:
    modes = data.get("modes")
    if modes is not None and not isinstance(modes, Mapping):
        raise Malformed("scheme.modes", _l("Write an object of named terms."))
    for name, changed in (modes or {}).items():
        named(f"scheme.modes.{name}", changed, KNOWN - {"modes"})
    if not mode:
        return data
    if mode not in (modes or {}):
        raise Malformed("mode", _l("The scheme has no such mode."))
    return {**data, **((modes or {})[mode] or {})}


def _check_notes(data: Mapping[str, Any]) -> None:
    """Terms that are published and shown, but by which nothing is computed."""
    named("scheme.title", data.get("title"), ("zh", "en"))
    words("scheme.aliases", data.get("aliases") or [])
    for name in ("ends_with_balance", "interest_stays"):
        stated(flag, f"scheme.{name}", data.get(name))
    parts = data.get("pool_parts")
    for name, part in named("scheme.pool_parts", parts, parts if isinstance(parts, Mapping) else ()).items():
        percent(f"scheme.pool_parts.{name}", part)


def _breaker(given: Any) -> dict[str, Fraction | None]:
    told = named("scheme.breaker", given, BREAKER)
    return {name: stated(percent, f"scheme.breaker.{name}", told.get(name)) for name in BREAKER}


def _conditions(given: Any, currency: str) -> dict[str, Any]:
    told = named("scheme.conditions", given, (*CONDITIONS, *CONDITION_AMOUNTS))
    read = {name: stated(how, f"scheme.conditions.{name}", told.get(name)) for name, how in CONDITIONS.items()}
    amounts = {name: stated_amount(f"scheme.conditions.{name}", told.get(name), currency) for name in CONDITION_AMOUNTS}
    return {**read, **amounts}


def _trigger_class(given: Any) -> str | None:
    if given is not None and given not in TRIGGER_CLASSES:
        raise Malformed("scheme.trigger.loan_class", _l("This is not one of the known choices."))
    return None if given is None else str(given)


def _tiers(given: Any, currency: str) -> tuple[Tier, ...]:
    tiers = tuple(
        Tier(amount(f"{path}.up_to", row["up_to"], currency), percent(f"{path}.rate", row["rate"]))
        for path, row in rows("scheme.tiers", given, ("up_to", "rate"), ("up_to", "rate"))
    )
    if any(first.up_to >= second.up_to for first, second in zip(tiers, tiers[1:], strict=False)):
        raise Malformed("scheme.tiers", _l("The tiers must grow."))
    return tiers


def _uplifts(given: Any) -> tuple[Uplift, ...]:
    return tuple(
        Uplift(percent(f"{path}.points", row["points"]), frozenset(words(f"{path}.any_of", row["any_of"])))
        for path, row in rows("scheme.uplifts", given, ("points", "any_of"), ("points", "any_of"))
    )


def _caps(given: Any, currency: str) -> Caps:
    told = named("scheme.caps", given, CAPS)
    read: dict[str, Money | None] = {
        name: stated_amount(f"scheme.caps.{name}", told.get(name), currency) for name in CAPS
    }
    return Caps(**read)
