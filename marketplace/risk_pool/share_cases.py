"""Answering a CASE of loss sharing as JSON: what outside programs send to ``flask risk-pool share``."""

import json
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.risk_pool.capacity import breaks, loss_rate
from marketplace.risk_pool.losses import Loss, LossShares, Usage, share_loss
from marketplace.risk_pool.published_schemes import published_scheme
from marketplace.risk_pool.recovery_shares import RecoveryPosition, RecoveryShares
from marketplace.risk_pool.term_values import amount, number, percent, words
from marketplace.risk_pool.terms import RecoveryBasis, SchemeKind, Terms
from marketplace.risk_pool.terms_reading import read_terms

USED = {
    "borrower_year_so_far": "borrower_year_counted",
    "borrower_year_compensated": "borrower_year_compensated",
    "bank_year_so_far": "bank_year_compensated",
    "year_so_far": "year_compensated",
    "pool_balance": "pool_balance",
    "cover": "cover",
}
OVERRIDES = ("shares", "tier_mode", "recovery_basis", "residue_to", "excess_to", "caps", "currency")
LABELS = {"id", "name", "note", "comment", "borrower", "bank"}
KNOWN = {
    "scheme", "mode", "loss", "loan", "ip_share", "uplifts", "purchase_price", "other_loss", "recovery",
    "recovery_cost", "recoveries", "bank_year_loss", "bank_year_principal", "pool_year_loss", "pool_year_principal", *USED, *OVERRIDES, *LABELS,
}  # fmt: skip


def share(case: Mapping[str, Any]) -> dict[str, Any]:
    """The amounts per party of a compensation and of what was recovered afterwards; amounts are strings."""
    if not isinstance(case, Mapping):
        raise Malformed("", _l("A case is an object of named values."))
    for name in sorted(set(case) - KNOWN):
        raise Malformed(name, _l("A case has no such value."))
    terms = terms_of(case)
    loss = _loss(case, terms)
    shares = share_loss(terms, loss, _usage(case, terms))
    other = amount("other_loss", case.get("other_loss", "0"), terms.currency)
    answer = _compensation(terms, loss, shares, other)
    if case.get("recovery") is not None or case.get("recoveries") is not None:
        answer |= _recovery(case, terms, shares, other)
    if "bank_year_loss" in case:
        answer["breaker"] = _breaker(case, terms)
    return answer


def terms_of(case: Mapping[str, Any]) -> Terms:
    """The terms a case names, states or keeps in a file, with what it states anew."""
    given = case.get("scheme")
    if isinstance(given, str) and given.endswith(".json"):
        given = _from_file(given)
    elif isinstance(given, str | int) and not isinstance(given, bool):
        given = published_scheme(str(given))
    if not isinstance(given, Mapping):
        raise Malformed("scheme", _l("Name a scheme, give its terms, or name a file that holds them."))
    changed = {name: case[name] for name in OVERRIDES if name in case}
    return read_terms({**given, **changed}, str(case.get("mode") or ""))


def _from_file(path: str) -> Any:
    try:
        return json.loads(Path(path).read_text("utf-8"), parse_float=str)
    except (OSError, ValueError) as error:
        raise Malformed("scheme", _l("This file cannot be read as a scheme.")) from error


def _loss(case: Mapping[str, Any], terms: Terms) -> Loss:
    if case.get("loss") is None and case.get("loan") is None:
        raise Malformed("loss", _l("State the principal loss."))
    principal = amount("loss", case.get("loss", case.get("loan")), terms.currency)
    loan = principal if case.get("loan") is None else amount("loan", case["loan"], terms.currency)
    uplifts, price = case.get("uplifts"), case.get("purchase_price")
    return Loss(
        principal=principal,
        loan=loan,
        ip_share=ip_share_of(case.get("ip_share", "1")),
        uplifts=None if uplifts is None else frozenset(words("uplifts", uplifts)),
        purchase_price=None if price is None else amount("purchase_price", price, terms.currency),
    )


def ip_share_of(given: Any) -> Fraction | None:
    """The secured share as 0.6 or 60%; null means that the contract does not state it."""
    if given is None:
        return None
    if isinstance(given, str) and given.strip().endswith("%"):
        return percent("ip_share", given.strip()[:-1])
    value = number("ip_share", given)
    if not 0 <= value <= 1:
        raise Malformed("ip_share", _l("Enter a share between 0 and 1, such as 0.6."))
    return value


def _usage(case: Mapping[str, Any], terms: Terms) -> Usage:
    stated = {
        field: amount(name, case[name], terms.currency) for name, field in USED.items() if case.get(name) is not None
    }
    return Usage(**stated)


def _compensation(terms: Terms, loss: Loss, shares: LossShares, other: Money) -> dict[str, Any]:
    return {
        "scheme": terms.name,
        "version": terms.version,
        "currency": terms.currency,
        "loss": loss.principal.format(),
        "ip_principal": shares.ip_principal.format(),
        "counted": shares.counted.format(),
        "rates": {party: as_percent(rate) for party, rate in shares.rates.items()},
        "limits": list(shares.limits),
        "residue_to": terms.residue_to,
        "compensation": _amounts(shares.parties),
        "other_loss": {terms.other_loss_to: other.format()},
    }


def _recovery(case: Mapping[str, Any], terms: Terms, shares: LossShares, other: Money) -> dict[str, Any]:
    if terms.kind is SchemeKind.PURCHASE:
        raise Malformed("recovery", _l("The buyer owns the collateral: what it earns is not shared back."))
    position = RecoveryPosition.after_loss(shares.parties, recovery_weights(terms, shares), terms.residue_to, other)
    received = _received(case, terms.currency)
    steps: list[RecoveryShares] = []
    for money, cost in received:
        divided, position = position.share(money, cost, last=len(received) == 1)
        steps.append(divided)
    zero = Money.zero(terms.currency)
    return {
        "recovery": _amounts(position.paid),
        "recovery_basis": terms.recovery_basis.value,
        "recovery_net": sum((step.net for step in steps), zero).format(),
        "cost_reimbursed": sum((step.cost_reimbursed for step in steps), zero).format(),
        "cost_open": position.cost_open.format(),
        "other_loss_reimbursed": sum((step.other_loss_reimbursed for step in steps), zero).format(),
        "surplus_to_pledgor": sum((step.surplus for step in steps), zero).format(),
        "net_borne": _amounts(position.still_borne),
        "recovery_steps": [_step(step) for step in steps],
    }


def recovery_weights(terms: Terms, shares: LossShares) -> dict[str, Fraction]:
    """What recoveries follow: the scheme's rates, or what each party really bore."""
    if terms.recovery_basis is RecoveryBasis.NOMINAL:
        return dict(shares.rates)
    return {party: Fraction(borne.amount_minor) for party, borne in shares.parties.items()}


def _received(case: Mapping[str, Any], currency: str) -> list[tuple[Money, Money]]:
    rows = case.get("recoveries")
    if rows is None:
        rows = [{"amount": case["recovery"], "cost": case.get("recovery_cost", "0")}]
    if not isinstance(rows, list):
        raise Malformed("recoveries", _l("List the recoveries, each with its amount and cost."))
    received = []
    for row in rows:
        fields = row if isinstance(row, Mapping) else {"amount": row}
        money = amount("recovery", fields.get("amount", fields.get("recovery")), currency)
        received.append(
            (money, amount("recovery_cost", fields.get("cost", fields.get("recovery_cost", "0")), currency))
        )
    return received


def _step(step: RecoveryShares) -> dict[str, Any]:
    return {
        "parties": _amounts(step.parties),
        "cost_reimbursed": step.cost_reimbursed.format(),
        "other_loss_reimbursed": step.other_loss_reimbursed.format(),
        "surplus_to_pledgor": step.surplus.format(),
    }


def _breaker(case: Mapping[str, Any], terms: Terms) -> dict[str, Any]:
    """Whether the bank, and where the case tells its year the whole pool, is stopped."""
    found = _stop(case, "bank", terms.bank_year_loss_rate, terms.currency)
    if "pool_year_loss" in case:
        found["pool"] = _stop(case, "pool", terms.pool_year_loss_rate, terms.currency)
    return found


def _stop(case: Mapping[str, Any], whose: str, limit: Fraction | None, currency: str) -> dict[str, Any]:
    lost = amount(f"{whose}_year_loss", case[f"{whose}_year_loss"], currency)
    enrolled = amount(f"{whose}_year_principal", case.get(f"{whose}_year_principal"), currency)
    return {
        "rate": as_percent(loss_rate(lost, enrolled)),
        "limit": None if limit is None else as_percent(limit),
        "suspended": breaks(lost, enrolled, limit),
    }


def _amounts(parties: Mapping[str, Money]) -> dict[str, str]:
    return {party: money.format() for party, money in parties.items()}


def as_percent(rate: Fraction) -> str:
    """A rate as a percentage with up to six decimals."""
    millionths = round(rate * 100 * 1_000_000)
    return f"{millionths // 1_000_000}.{millionths % 1_000_000:06d}".rstrip("0").rstrip(".")
