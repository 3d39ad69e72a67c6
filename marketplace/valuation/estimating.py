"""From a snapshot of what was known to a value with its range: a pure function, so the same snapshot gives the same cents.

A snapshot is plain JSON: the asset's facts, comparable sales, and what the asker said about revenue and cost.
"""

import hashlib
import json
import math
from datetime import date
from typing import Any

from marketplace.core.money import Money
from marketplace.valuation.benchmarks import NORMAL_P90, benchmark_data, price_level
from marketplace.valuation.comparables import MarketValue, Sold, Subject, compare
from marketplace.valuation.cost import COST_LOG_SD, replacement_cost
from marketplace.valuation.income import RoyaltyCase, royalty_band, simulate_royalty_relief
from marketplace.valuation.indicators import score_indicators
from marketplace.valuation.price_factors import Factor, KnownFacts, price_factors, remaining_years
from marketplace.valuation.price_learning import Learned, learn_from_sales
from marketplace.valuation.reconciliation import Approach, money_of_log, reconcile
from marketplace.valuation.sale_chance import chance_of_sale
from marketplace.valuation.sensitivity import factor_swings, fan, income_swings, tornado

METHOD_VERSION = "indication-3"
SEED = 20261122
FEW_SALES = 50
STATED_LOG_SD = 1.0
"""Doubt added where the value rests on figures the asker stated and nobody checked."""


def canonical(snapshot: dict[str, Any]) -> str:
    """The one way a snapshot is written."""
    return json.dumps(snapshot, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def hash_of_snapshot(snapshot: dict[str, Any]) -> str:
    """SHA-256 of the snapshot as written."""
    return hashlib.sha256(canonical(snapshot).encode()).hexdigest()


def facts_from(given: dict[str, Any]) -> KnownFacts:
    """The facts of a snapshot."""
    expires_on = date.fromisoformat(given["expires_on"]) if given["expires_on"] else None
    return KnownFacts(**(given | {"expires_on": expires_on}))


def estimate(snapshot: dict[str, Any]) -> dict[str, Any]:
    """Value a right from a snapshot; the answer is plain JSON, money as exact minor units."""
    on = date.fromisoformat(snapshot["as_of"][:10])
    facts = facts_from(snapshot["facts"])
    level = price_level(snapshot["asset"]["office"], snapshot["asset"]["kind"], snapshot["purpose"])
    learned = learn_from_sales(level, snapshot["sales"], snapshot.get("pooled_doubt"))
    factors = learned.scaled(price_factors(facts, on))
    market = _market(snapshot["asset"], snapshot["sales"], facts, on)
    approaches = unstated_approaches(learned, factors, market)
    details: dict[str, Any] = {
        "statistical": {
            "sources": list(learned.level.sources),
            "sales": len(snapshot["sales"]),
            "multipliers": learned.multipliers,
        }
    }
    if market is not None:
        details["market"] = {"comparables": _comparables(market, snapshot["sales"])}
    case = _royalty_case(snapshot, facts, on)
    for name, approach, detail in (_income(snapshot, case), _cost(snapshot, facts, on)):
        if approach is not None:
            approaches.append(approach)
            details[name] = detail
    joint = reconcile(approaches)
    low, middle, high = (money_of_log(value, level.currency) for value in joint.log_ends)
    swings = factor_swings(factors, learned.multipliers, joint.weights["statistical"])
    if case is not None:
        swings += income_swings(case, royalty_band(snapshot["inputs"]["industry"]), joint.weights["income"])
    return {
        "low_minor": low.amount_minor,
        "middle_minor": middle.amount_minor,
        "high_minor": high.amount_minor,
        "currency": level.currency,
        "approaches": [_approach(one, joint.weights[one.name], level.currency, details) for one in approaches],
        "not_applied": [name for name in ("market", "income", "cost") if name not in joint.weights],
        "spread": round(joint.spread, 2),
        "needs_review": joint.needs_review,
        "factors": [_factor(one) for one in factors],
        "indicators": _indicators(snapshot, facts, on),
        "limits": _limits(snapshot, factors),
        "tornado": tornado(swings, joint.log_ends[1], level.currency),
        "fan": fan(joint, facts, on, learned.multipliers.get("remaining_life", 1.0), level.currency),
    } | _sale(snapshot)


def _sale(snapshot: dict[str, Any]) -> dict[str, Any]:
    """The chance of a sale; snapshots from before it was told have none."""
    outcomes = snapshot.get("outcomes")
    return {"sale": chance_of_sale(snapshot["asset"]["kind"], outcomes)} if outcomes else {}


def unstated_approaches(learned: Learned, factors: tuple[Factor, ...], market: MarketValue | None) -> list[Approach]:
    """The approaches that need nothing stated by the asker."""
    approaches = [_statistical(learned.level.log_mean, learned.level.log_sd, factors)]
    if market is not None:
        approaches.append(Approach("market", market.log_mean, math.hypot(market.log_sd, learned.borrowed_doubt)))
    return approaches


def quick_range(
    asset: dict[str, Any], sales: list[dict[str, Any]], learned: Learned, facts: KnownFacts, on: date
) -> tuple[Money, Money, Money]:
    """Only the range that ``estimate`` gives with nothing stated, to the same cent."""
    factors = learned.scaled(price_factors(facts, on))
    joint = reconcile(unstated_approaches(learned, factors, _market(asset, sales, facts, on)))
    low, middle, high = (money_of_log(value, learned.level.currency) for value in joint.log_ends)
    return low, middle, high


def _statistical(log_mean: float, log_sd: float, factors: tuple[Factor, ...]) -> Approach:
    return Approach(
        "statistical",
        log_mean + math.fsum(factor.value for factor in factors),
        log_sd,
        unknown_low=math.fsum(factor.value - factor.low for factor in factors),
        unknown_high=math.fsum(factor.high - factor.value for factor in factors),
    )


def _market(asset: dict[str, Any], sales: list[dict[str, Any]], facts: KnownFacts, on: date) -> MarketValue | None:
    return compare(subject_of(asset, facts, on), sold_in(sales)) if sales else None


def subject_of(asset: dict[str, Any], facts: KnownFacts, on: date) -> Subject:
    """The right as comparable sales are set beside it."""
    years = remaining_years(facts.expires_on, on)
    return Subject(asset["words"], tuple(asset["fields"]), 1, years, on.toordinal())


def sold_in(sales: list[dict[str, Any]]) -> list[Sold]:
    """The closed sales of a snapshot as comparables."""
    return [
        Sold(
            sale["reference"],
            sale["words"],
            tuple(sale["fields"]),
            1,
            sale["log_price"],
            sale["years_left"],
            sale["day"],
        )
        for sale in sales
    ]


def _royalty_case(snapshot: dict[str, Any], facts: KnownFacts, on: date) -> RoyaltyCase | None:
    """Relief from royalty where the asker stated yearly revenue and industry, and the life is known."""
    given = snapshot["inputs"]
    years = remaining_years(facts.expires_on, on)
    if not float(given.get("revenue", 0)) or "industry" not in given or not years:
        return None
    return RoyaltyCase(
        revenue=float(given["revenue"]),
        royalty=0.0,
        tax=0.25 if snapshot["asset"]["office"] == "CN" else 0.21,
        discount=float(given.get("discount_bps", 2000)) / 10_000,
        years=min(years, float(given.get("economic_life_years", 10))),
        decline=0.05,
        invalidation=0.02,
    )


def _income(snapshot: dict[str, Any], case: RoyaltyCase | None) -> tuple[str, Approach | None, dict[str, Any]]:
    if case is None:
        return "income", None, {}
    given = snapshot["inputs"]
    band = royalty_band(given["industry"])
    spread = simulate_royalty_relief(case, band, SEED)
    middle = max(spread.middle, 0.01)
    reach = math.log(max(spread.high, middle) / max(spread.low, 0.01)) / (2 * NORMAL_P90)
    detail = {
        "industry": given["industry"],
        "royalty_percent": [round(100 * rate, 2) for rate in band],
        "discount_percent": round(100 * case.discount, 2),
        "years": round(case.years, 2),
        "revenue": given["revenue"],
        "seed": SEED,
    }
    return "income", Approach("income", math.log(middle), math.hypot(reach, STATED_LOG_SD)), detail


def _cost(snapshot: dict[str, Any], facts: KnownFacts, on: date) -> tuple[str, Approach | None, dict[str, Any]]:
    """Replacement cost less what the right has lost, where the asker stated what was spent."""
    given = snapshot["inputs"]
    left, granted = remaining_years(facts.expires_on, on), snapshot["asset"]["application_date"]
    if "development_cost" not in given or not left or not granted:
        return "cost", None, {}
    used = max((on - date.fromisoformat(granted)).days / 365.25, 0.0)
    value = replacement_cost(float(given["development_cost"]), float(given.get("protection_cost", 0)), used, left)
    detail = {"years_used": round(used, 2), "years_left": round(left, 2)}
    return "cost", Approach("cost", math.log(max(value, 0.01)), math.hypot(COST_LOG_SD, STATED_LOG_SD)), detail


def _approach(one: Approach, weight: float, currency: str, details: dict[str, Any]) -> dict[str, Any]:
    low, middle, high = (money_of_log(value, currency).amount_minor for value in one.ends)
    return {
        "name": one.name,
        "weight": round(weight, 4),
        "low_minor": low,
        "middle_minor": middle,
        "high_minor": high,
        "detail": details.get(one.name, {}),
    }


def _comparables(market: MarketValue, sales: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The nearest sales with every adjustment."""
    sold = {sale["reference"]: sale for sale in sales}
    return [
        {
            "reference": one.reference,
            "fields": sold[one.reference]["fields"],
            "day": sold[one.reference]["day"],
            "similarity": round(one.similarity, 3),
            "log_price": round(one.log_price, 6),
            "adjusted": round(one.adjusted, 6),
            "adjustments": {name: round(value, 4) for name, value in one.adjustments},
        }
        for one in market.used
    ]


def _factor(factor: Factor) -> dict[str, Any]:
    return {
        "name": factor.name,
        "known": factor.known,
        "fact": factor.fact,
        "effect": round(math.exp(factor.value), 3),
        "least": round(math.exp(factor.low), 3),
        "most": round(math.exp(factor.high), 3),
        "grade": factor.grade,
        "source": factor.source,
    }


def _indicators(snapshot: dict[str, Any], facts: KnownFacts, on: date) -> dict[str, Any]:
    granted = snapshot["asset"]["grant_date"]
    result = score_indicators(
        {
            "status": facts.status,
            "claims": facts.claims,
            "citations": facts.citations,
            "fields": len(snapshot["asset"]["fields"]) or None,
            "age": (on - date.fromisoformat(granted)).days / 365.25 if granted else None,
            "renewal": facts.renewal_percentile,
            "remaining_life": remaining_years(facts.expires_on, on),
            "family": facts.family_size,
            "traded_before": facts.traded_before,
        },
        snapshot["purpose"],
        snapshot.get("indicator_table"),
    )
    return {
        "low": result.low,
        "known": result.known,
        "high": result.high,
        "unknown_share": result.unknown_share,
        "grade": result.grade,
        "version": result.version,
        "rows": [[row.group, row.part, row.key, row.score, round(row.weight, 4)] for row in result.rows],
    }


def _limits(snapshot: dict[str, Any], factors: tuple[Factor, ...]) -> list[str]:
    limits = ["not_an_appraisal", "weak_prices", "renewal_transfer"]
    if len(snapshot["sales"]) < FEW_SALES:
        limits.append("few_sales" if snapshot.get("pooled_doubt") is None else "pooled_range")
    limits += ["unknown_facts"] if any(not factor.known for factor in factors) else []
    limits += ["burdened"] if snapshot["asset"]["burdens"] else []
    limits += ["stated_inputs"] if snapshot["inputs"] else []
    no_prices = snapshot["asset"]["kind"] in benchmark_data()["kinds"]
    return [*limits, *(["no_published_prices"] if no_prices else [])]


def money_in(answer: dict[str, Any], name: str) -> Money:
    """One of the three amounts of an answer."""
    return Money(int(answer[f"{name}_minor"]), str(answer["currency"]))
