"""The income approach: what a right saves or earns its owner, discounted.

Units: money in major units of one currency, rates as fractions a year, times in years from the valuation date.
Floating point lives inside; callers take money in at the door and make money of the result at the door.
Sources: relief from royalty and its tax amortisation benefit as in IVS 210; mid-year convention as usual in appraisal.
"""

import json
import math
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l

TAX_AMORTISATION = {"CN": (10, 0.25), "US": (15, 0.21), "DE": (15, 0.30), "JP": (8, 0.3062), "GB": (None, 0.25)}
"""Years over which a bought right is written off, and the profits tax rate; None: no benefit is computed.
Sources: CN Enterprise Income Tax regulation art. 67; US IRC s. 197; DE and JP usual lives; GB relief excluded for most rights."""


@dataclass(frozen=True)
class RoyaltyCase:
    """The inputs of relief from royalty.

    ``revenue`` is that of the first full year; ``growth`` changes it every year, ``decline`` shrinks the part of it
    that still depends on the right; ``invalidation`` is the yearly chance that the right falls; ``stub`` is the
    first period's length when the valuation date is not at a year's end (1 = a full year).
    """

    revenue: float
    royalty: float
    tax: float
    discount: float
    years: float
    growth: float = 0.0
    decline: float = 0.0
    invalidation: float = 0.0
    stub: float = 1.0
    mid_year: bool = True
    amortise_in: str | None = None


@cache
def royalty_bands() -> dict[str, dict[str, Any]]:
    """Royalty rates by industry with source and date, per cent of net sales."""
    path = Path(__file__).parent / "data" / "royalty_bands.json"
    bands: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["bands"]
    return bands


def royalty_band(industry: str) -> tuple[float, float]:
    """Low and high royalty of an industry as fractions; an industry nobody published is an error, never a default."""
    band = royalty_bands().get(industry)
    if band is None:
        raise Malformed("industry", _l("No royalty rates are held for this industry."))
    return float(band["low"]) / 100, float(band["high"]) / 100


def relief_from_royalty(case: RoyaltyCase) -> float:
    """Present value of the royalties an owner need not pay, after tax, while the right lives."""
    _check(case)
    total = 0.0
    for length, end in _periods(case.years, case.stub):
        start = end - length
        index = math.ceil(round(end - case.stub, 9))  # whole years after the stub
        revenue = case.revenue * length * (1 + case.growth) ** index * (1 - case.decline) ** index
        middle = start + length / 2
        alive = math.exp(-case.invalidation * middle)
        when = middle if case.mid_year else end
        total += revenue * case.royalty * (1 - case.tax) * alive / (1 + case.discount) ** when
    return total * amortisation_factor(case.amortise_in, case.discount, case.mid_year)


def _periods(years: float, stub: float) -> list[tuple[float, float]]:
    """Length and end of each period: the stub, whole years, and what is left."""
    periods, end = [], 0.0
    while end < years - 1e-9:
        length = min(stub if end == 0.0 else 1.0, years - end)
        end += length
        periods.append((length, end))
    return periods


def _check(case: RoyaltyCase) -> None:
    if not (0 < case.stub <= 1 and 0 <= case.years <= 60 and case.discount > -1 and 0 <= case.tax < 1):
        raise Malformed("case", _l("A rate or a time in this case is outside what can be computed."))


def amortisation_factor(jurisdiction: str | None, discount: float, mid_year: bool = True) -> float:
    """One plus the tax amortisation benefit, grossed up: 1 / (1 - tax * PV of 1 a year / years)."""
    if jurisdiction is None or jurisdiction not in TAX_AMORTISATION:
        return 1.0
    years, tax = TAX_AMORTISATION[jurisdiction]
    if years is None:
        return 1.0
    shift = 0.5 if mid_year else 0.0
    factor = math.fsum((1 + discount) ** -(year - shift) for year in range(1, years + 1))
    return 1 / (1 - tax * factor / years)


def profit_share(profits: list[float], share: float, discount: float, mid_year: bool = True) -> float:
    """Present value of a share of the yearly profits (收益分成)."""
    shift = 0.5 if mid_year else 0.0
    return math.fsum(profit * share / (1 + discount) ** (year - shift) for year, profit in enumerate(profits, start=1))


@dataclass(frozen=True)
class Spread:
    """P10, P50 and P90 of simulated values."""

    low: float
    middle: float
    high: float


def simulate_royalty_relief(
    case: RoyaltyCase, royalties: tuple[float, float], seed: int, revenue_log_sd: float = 0.4, draws: int = 2000
) -> Spread:
    """Relief from royalty under doubt: royalty even over its band, revenue log-normal, discount rate within 5 points.

    The priors are stated here and in the report; the same seed gives the same figures.
    """
    import numpy as np  # loaded by whoever draws

    random = np.random.default_rng(seed)
    values = []
    for _draw in range(draws):
        varied = replace(
            case,
            royalty=float(random.uniform(*royalties)),
            revenue=case.revenue * math.exp(float(random.normal(0.0, revenue_log_sd))),
            discount=max(case.discount + float(random.uniform(-0.05, 0.05)), 0.01),
        )
        values.append(relief_from_royalty(varied))
    low, middle, high = np.percentile(values, [10, 50, 90])
    return Spread(float(low), float(middle), float(high))
