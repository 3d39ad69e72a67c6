"""The platform's closed deals as a table of prices, and the backtest over them or over the invented market."""

import math
from datetime import datetime
from typing import Any

import numpy as np

from marketplace.core.errors import Refused, require
from marketplace.core.i18n import _l
from marketplace.registry.ownership import owners_of
from marketplace.valuation.known_facts import known_facts_of
from marketplace.valuation.price_backtest import baselines, figures, split_errors, walk_forward
from marketplace.valuation.price_demo import demo_market
from marketplace.valuation.price_factors import price_factors
from marketplace.valuation.price_model import PriceTable, fit_sale_chance
from marketplace.valuation.sales import every_sale_known_at

ENOUGH = 100
RISING = frozenset({"remaining_life", "family"})


class TooFewPrices(Refused):
    """A backtest needs prices to walk over."""

    message = _l("Only %(count)s prices have closed; a backtest needs %(least)s.")


def price_table(purpose: str, as_of: datetime) -> PriceTable:
    """Closed prices between unrelated parties with the facts known on each day of sale; unknown facts are NaN."""
    rows = []
    sales = every_sale_known_at(purpose, as_of)
    known = known_facts_of([(asset, min(sale.recorded_at, as_of)) for sale, asset in sales])
    for (sale, asset), facts in zip(sales, known, strict=True):
        factors = price_factors(facts, sale.closed_on)
        holders = owners_of(asset.id)
        rows.append(
            (
                [factor.value if factor.known else math.nan for factor in factors],
                math.log(float(sale.price.amount)),
                f"{asset.office}:{asset.kind.value}:{sale.price.currency}",
                sale.closed_on.toordinal(),
                holders[0].name if holders else str(asset.id),
            )
        )
    require(len(rows) >= ENOUGH, TooFewPrices(count=len(rows), least=ENOUGH))
    names = tuple(factor.name for factor in factors)
    inputs, prices, segments, days, owners = zip(*rows, strict=True)
    return PriceTable(
        names, RISING, np.array(inputs), np.array(prices), np.array(segments), np.array(days), np.array(owners)
    )


def backtest(purpose: str, as_of: datetime) -> dict[str, Any]:
    """The backtest of one purpose over everything closed so far."""
    table = price_table(purpose, as_of)
    return {"prices_of": "closed deals on this platform", "purpose": purpose} | _report(table)


def demo_backtest() -> dict[str, Any]:
    """The backtest over the invented market, beside what an oracle would reach."""
    market = demo_market()
    table = market.listings.take(market.rows)
    forward = walk_forward(table)
    price, truth = table.log_price[forward.rows], market.truth[market.rows][forward.rows]
    chance = fit_sale_chance(market.listings, market.sold).predict(market.listings.inputs, market.listings.segment)
    oracle = {
        "r_squared": round(1 - float(np.var(price - truth) / np.var(price)), 4),
        "mean_absolute_error": round(float(np.mean(np.abs(price - truth))), 4),
        "median_width": round(2 * 1.6448536 * float(np.median(market.noise[market.rows][forward.rows])), 4),
    }
    return {
        "prices_of": "an invented market, not real data",
        **_report(table, market.royalty_value[market.rows]),
        "oracle": oracle,
        "brier_of_sale": round(float(np.mean((chance - market.sold) ** 2)), 4),
    }


def _report(table: PriceTable, royalty_value: Any = None) -> dict[str, Any]:
    forward = walk_forward(table)
    return {
        **figures(table, forward),
        "baselines_mean_absolute_error": baselines(table, forward, royalty_value),
        "median_absolute_error_by_split": split_errors(table, forward.choice.kind),
    }
